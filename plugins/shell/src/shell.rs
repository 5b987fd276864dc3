//! The state of a shell. A subshell is a clone of it, cheap because the large parts are shared until they change.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use crate::executor::Task;
use crate::options::Options;
use crate::syntax::tree::Function;
use crate::system::{self, Reader, Writer};
use crate::text;
use crate::variables::{Value, Variables};

/// What an open descriptor leads to.
#[derive(Clone)]
pub enum End {
    /// For reading.
    Reader(Reader),
    /// For writing.
    Writer(Writer),
    /// For both, each with a position of its own.
    Both(Reader, Writer),
}

/// Why the evaluation of a command goes no further. The status is the shell's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwind {
    /// `break`, out of so many loops.
    Break(u32),
    /// `continue`, with the loop that is so many further out.
    Continue(u32),
    /// `return`
    Return,
    /// `exit`, or an error that ends the shell.
    Exit,
    /// An error that ends the current line.
    Discard,
}

/// What evaluating gives: the status is in the shell.
pub type Flow = Result<(), Unwind>;

/// A job in the background.
pub struct Job {
    /// Its number, from 1.
    pub number: u32,
    /// What `$!` said.
    pub id: u32,
    /// Its source.
    pub text: String,
    /// The task, which gives the status; none once it was killed.
    pub task: RefCell<Option<Rc<Task<i32>>>>,
    /// The status, once known.
    pub status: RefCell<Option<i32>>,
}

/// A call of a function or a sourced file.
#[derive(Clone)]
pub struct Call {
    /// The function, or `source`.
    pub name: Rc<str>,
    /// The line of the call.
    pub line: u32,
    /// The file that the body is in.
    pub source: Rc<str>,
}

/// The state of `getopts` within a word.
#[derive(Clone, Default)]
pub struct OptionPlace {
    /// The value of OPTIND that the offset belongs to.
    pub index: usize,
    /// Offset of the next letter.
    pub offset: usize,
}

/// A shell.
#[derive(Clone)]
pub struct Shell {
    /// Variables.
    pub variables: Variables,
    /// Functions.
    pub functions: Rc<BTreeMap<String, Rc<Function>>>,
    /// Aliases, kept for `alias` to show.
    pub aliases: Rc<BTreeMap<String, String>>,
    /// `$0`
    pub name: Rc<str>,
    /// `$1` …
    pub arguments: Rc<Vec<String>>,
    /// Open descriptors.
    pub files: Rc<BTreeMap<u32, End>>,
    /// The working directory, absolute.
    pub directory: Rc<str>,
    /// The directories below the current one on the stack of `pushd`.
    pub directories: Vec<Rc<str>>,
    /// Options.
    pub options: Options,
    /// More letters of `$-`: `c` or `s`.
    pub origin: &'static str,
    /// `$?`
    pub status: i32,
    /// `PIPESTATUS`
    pub statuses: Vec<i32>,
    /// `$!`
    pub last_job: Option<u32>,
    /// Jobs of this shell.
    pub jobs: Vec<Rc<Job>>,
    /// The jobs of the shells that this one is a part of. It waits for none of them.
    pub shown_jobs: Vec<Rc<Job>>,
    /// Every task that was started in the background, by any subshell.
    pub background: Rc<RefCell<Vec<Rc<Task<i32>>>>>,
    /// `LINENO`
    pub line: u32,
    /// Commands of `trap`, by signal.
    pub traps: BTreeMap<String, String>,
    /// Calls of functions and sourced files, the innermost last.
    pub calls: Vec<Call>,
    /// Loops around the current command, within the function.
    pub loops: u32,
    /// Contexts around the current command in which `set -e` does not count.
    pub tested: u32,
    /// How deep in subshells.
    pub depth: u32,
    /// How deep in evaluations.
    pub nesting: u32,
    /// When `SECONDS` was 0.
    pub started: Instant,
    /// The state of `RANDOM`.
    pub random: u32,
    /// `getopts`
    pub option_place: OptionPlace,
    /// `umask`
    pub umask: u32,
    /// `$_`
    pub last_argument: String,
    /// The next command is the only one of its subshell: its redirections need not be undone.
    pub unhooked: bool,
    /// `exec` has said that the redirections of its command stay.
    pub keeps_files: bool,
    /// It ends because it was told to, by `exit`, `exec`, `kill` or `set -e`, and not for an error.
    pub leaves: bool,
    /// Subshells that `set -x` does not count.
    pub untraced: u32,
    /// The status of the last command substitution, which an assignment alone takes over.
    pub substituted: Option<i32>,
}

impl Shell {
    /// A shell with this environment.
    pub fn new(name: &str, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let files = BTreeMap::from([
            (0, End::Reader(Reader::standard())),
            (1, End::Writer(Writer::standard_output())),
            (2, End::Writer(Writer::standard_error())),
        ]);
        let mut shell = Self {
            variables: Variables::default(),
            functions: Rc::default(),
            aliases: Rc::default(),
            name: name.into(),
            arguments: Rc::default(),
            files: Rc::new(files),
            directory: "/".into(),
            directories: Vec::new(),
            options: Options::default(),
            origin: "",
            status: 0,
            statuses: vec![0],
            last_job: None,
            jobs: Vec::new(),
            shown_jobs: Vec::new(),
            background: Rc::default(),
            line: 1,
            traps: BTreeMap::new(),
            calls: Vec::new(),
            loops: 0,
            tested: 0,
            depth: 0,
            nesting: 0,
            started: Instant::now(),
            random: system::id().wrapping_mul(2_654_435_761),
            option_place: OptionPlace::default(),
            umask: 0o022,
            last_argument: String::new(),
            unhooked: false,
            keeps_files: false,
            leaves: false,
            untraced: 0,
            substituted: None,
        };
        shell.take_environment(environment);
        shell
    }

    fn take_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in environment {
            let is_name =
                crate::syntax::parameter::name_length(&name) == name.len() && !name.is_empty();
            if is_name && name != "SHELLOPTS" && name != "BASHOPTS" {
                self.export(&name, value);
            }
        }
        let directory = system::initial_directory().or_else(|| self.variables.text("PWD"));
        if let Some(directory) = directory.filter(|path| path.starts_with('/')) {
            self.directory = directory.as_str().into();
        }
        let level = self
            .variables
            .text("SHLVL")
            .and_then(|text| text.parse::<i64>().ok());
        self.export("SHLVL", (level.unwrap_or(0) + 1).to_string());
        self.export("PWD", self.directory.to_string());
        self.default("OLDPWD", None);
        self.default("PATH", Some("/usr/local/bin:/usr/bin:/bin"));
        for (name, value) in [
            ("IFS", " \t\n"),
            ("OPTIND", "1"),
            ("PS4", "+ "),
            ("BASH", "/bin/bash"),
            ("BASH_VERSION", "5.2.0(1)-massgen"),
            ("HOSTTYPE", "wasm32"),
            ("OSTYPE", "wasi"),
            ("MACHTYPE", "wasm32-massgen-wasi"),
        ] {
            // Nothing is read-only yet.
            let _ = self.variables.set(name, value);
        }
        for name in ["IFS", "OPTIND", "PS4"] {
            if let Ok(variable) = self.variables.change(name) {
                variable.flags.exported = false;
            }
        }
        self.default("HOSTNAME", Some("sandbox"));
        let version = ["5", "2", "0", "1", "massgen", "wasm32-massgen-wasi"].map(str::to_owned);
        let _ = self.variables.set_array("BASH_VERSINFO", version.to_vec());
        for name in ["UID", "EUID"] {
            if let Ok(variable) = self.variables.change(name) {
                variable.value = Value::Scalar("1000".to_owned());
                variable.flags.integer = true;
                variable.flags.read_only = true;
            }
        }
    }

    fn default(&mut self, name: &str, value: Option<&str>) {
        if self.variables.get(name).is_some() {
            return;
        }
        if let (Ok(variable), Some(value)) = (self.variables.change(name), value) {
            variable.value = Value::Scalar(value.to_owned());
        }
    }

    fn export(&mut self, name: &str, value: String) {
        if let Ok(variable) = self.variables.change(name) {
            variable.value = Value::Scalar(value);
            variable.flags.exported = true;
        }
    }

    /// A subshell of this one.
    pub fn subshell(&self) -> Self {
        let mut shell = self.clone();
        shell.depth += 1;
        shell.jobs.clear();
        shell.shown_jobs.clear();
        shell.loops = 0;
        shell.unhooked = false;
        shell.untraced += 1;
        shell.traps.retain(|_, command| command.is_empty());
        shell.random = shell.random.wrapping_add(shell.depth.wrapping_mul(7919));
        shell
    }

    /// A subshell that is a command substitution or a part of a pipeline: it sees the jobs of this one.
    pub fn onlooker(&self) -> Self {
        let mut shell = self.subshell();
        shell.shown_jobs = self.known_jobs();
        shell
    }

    /// The jobs that this shell can tell of and end, its own last.
    pub fn known_jobs(&self) -> Vec<Rc<Job>> {
        self.shown_jobs.iter().chain(&self.jobs).cloned().collect()
    }

    /// An option of `set` or `shopt`.
    pub fn has(&self, option: &str) -> bool {
        self.options.has(option)
    }

    /// The writing end of a descriptor.
    pub fn writer(&self, descriptor: u32) -> Option<&Writer> {
        match self.files.get(&descriptor)? {
            End::Writer(writer) | End::Both(_, writer) => Some(writer),
            End::Reader(_) => None,
        }
    }

    /// The reading end of a descriptor.
    pub fn reader(&self, descriptor: u32) -> Option<&Reader> {
        match self.files.get(&descriptor)? {
            End::Reader(reader) | End::Both(reader, _) => Some(reader),
            End::Writer(_) => None,
        }
    }

    /// Opens or closes a descriptor.
    pub fn attach(&mut self, descriptor: u32, end: Option<End>) {
        let files = Rc::make_mut(&mut self.files);
        match end {
            Some(end) => drop(files.insert(descriptor, end)),
            None => drop(files.remove(&descriptor)),
        }
    }

    /// Writes to standard output. A reader that is gone ends the shell as a signal would.
    ///
    /// # Errors
    /// [`Unwind::Exit`] when nobody reads any more.
    pub async fn print(&mut self, command: &str, bytes: &[u8]) -> Flow {
        let Some(writer) = self.writer(1).cloned() else {
            self.complain(&format!("{command}: write error: Bad file descriptor"))
                .await;
            self.status = 1;
            return Ok(());
        };
        match writer.write(bytes).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.status = 141;
                Err(Unwind::Exit)
            }
            Err(error) => {
                let reason = system::reason(&error);
                self.complain(&format!("{command}: write error: {reason}"))
                    .await;
                self.status = 1;
                Ok(())
            }
        }
    }

    /// Writes text as it is to standard error.
    pub async fn remark(&self, words: &str) {
        if let Some(writer) = self.writer(2).cloned() {
            // Nobody is left to be told that standard error is gone.
            let _ = writer.write(&text::to_bytes(words)).await;
        }
    }

    /// Says what is wrong, with the shell's name and the line.
    pub async fn complain(&self, words: &str) {
        let source = self.calls.last().map_or(&self.name, |call| &call.source);
        self.remark(&format!("{source}: line {}: {words}\n", self.line))
            .await;
    }

    /// The separator that `$*` and `${a[*]}` put between values.
    pub fn separator(&self) -> String {
        match self.variables.text("IFS") {
            Some(text) => text.chars().take(1).collect(),
            None => " ".to_owned(),
        }
    }

    /// The next value of `RANDOM`.
    pub fn draw(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(1_103_515_245).wrapping_add(12345);
        self.random >> 16 & 0x7FFF
    }

    /// A path made absolute against the working directory.
    pub fn path(&self, path: &str) -> String {
        system::absolute(&self.directory, path)
    }
}
