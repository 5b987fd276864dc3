//! From a command's name to a program: registered commands, scripts, and words for what is neither.

use super::{Origin, enclosed, program, redirect};
use crate::executor;
use crate::expand::Boxed;
use crate::shell::{Flow, Shell};
use crate::system::{self, Disposition, Ended, NotStarted, Reader, Start, Writer};
use crate::text;

/// Directories whose programs are the registered commands.
pub const PROGRAM_DIRECTORIES: &[&str] = &["/bin", "/usr/bin", "/usr/local/bin"];

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A registered command.
    Command(String),
    /// A file, by its absolute path.
    File(String),
    /// A directory.
    Directory,
    /// A file that may not be run.
    Forbidden,
    /// Nothing.
    Missing,
}

/// Looks a name up.
pub fn find(shell: &Shell, name: &str) -> Found {
    if name.is_empty() {
        return Found::Missing;
    }
    if let Some((directory, base)) = name.rsplit_once('/') {
        let registered = PROGRAM_DIRECTORIES
            .contains(&directory)
            .then(|| system::program(base))
            .flatten();
        return registered.map_or_else(|| file(&shell.path(name)), Found::Command);
    }
    let path = shell.variables.text("PATH").unwrap_or_default();
    let mut forbidden = false;
    for directory in path.split(':') {
        let directory = if directory.is_empty() { "." } else { directory };
        if PROGRAM_DIRECTORIES.contains(&directory) && !system::RUNS_FILES {
            match system::program(name) {
                Some(program) => return Found::Command(program),
                None => continue,
            }
        }
        match file(&system::absolute(&shell.path(directory), name)) {
            found @ Found::File(_) => return found,
            Found::Forbidden => forbidden = true,
            _ => {}
        }
    }
    if forbidden {
        Found::Forbidden
    } else {
        Found::Missing
    }
}

fn file(path: &str) -> Found {
    match std::fs::metadata(text::path(path)) {
        Err(_) => Found::Missing,
        Ok(data) if data.is_dir() => Found::Directory,
        Ok(data) if !is_executable(&data) => Found::Forbidden,
        Ok(_) => Found::File(path.to_owned()),
    }
}

/// Whether a file says that it may be run.
#[cfg(unix)]
pub fn is_executable(data: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&data.permissions()) & 0o111 != 0
}

/// Whether a file says that it may be run: the sandbox's files have no such mark, so each may.
#[cfg(not(unix))]
pub fn is_executable(_data: &std::fs::Metadata) -> bool {
    true
}

/// Runs a program and waits for it.
pub async fn run(shell: &mut Shell, name: &str, words: &[String]) -> Flow {
    match find(shell, name) {
        Found::Command(program) => start(shell, &program, name, words).await,
        Found::File(path) => run_file(shell, path, name, words).await,
        Found::Directory => refuse(shell, name, "Is a directory", 126).await,
        Found::Forbidden => refuse(shell, name, "Permission denied", 126).await,
        Found::Missing if name.contains('/') => {
            refuse(shell, name, "No such file or directory", 127).await
        }
        Found::Missing => {
            refuse(shell, name, "command not found", 127).await?;
            if let Some(hint) = hint(name).filter(|_| !system::RUNS_FILES) {
                shell.remark(&format!("{hint}\n")).await;
            }
            Ok(())
        }
    }
}

/// One more line where the plain truth leaves an agent trying: what the sandbox has not got at all.
fn hint(name: &str) -> Option<&'static str> {
    match name {
        "apt" | "apt-get" | "yum" | "dnf" | "apk" | "brew" | "pip" | "pip3" | "npm" | "yarn"
        | "cargo" => Some("(this sandbox has no package manager)"),
        "ssh" | "scp" | "ping" | "nc" | "telnet" => {
            Some("(this sandbox lets only HTTP out: curl, where its user allows a host)")
        }
        "gcc" | "g++" | "cc" | "clang" | "make" | "docker" => {
            Some("(this sandbox runs no native programs)")
        }
        _ => None,
    }
}

async fn refuse(shell: &mut Shell, name: &str, words: &str, status: i32) -> Flow {
    shell.complain(&format!("{name}: {words}")).await;
    shell.status = status;
    Ok(())
}

fn run_file<'a>(
    shell: &'a mut Shell,
    path: String,
    name: &'a str,
    words: &'a [String],
) -> Boxed<'a, Flow> {
    Box::pin(async move {
        let head = match Reader::open(&path) {
            Ok(reader) => reader.read(512).await.unwrap_or_default(),
            Err(error) if !system::RUNS_FILES => {
                return refuse(shell, name, &system::reason(&error), 126).await;
            }
            Err(_) => b"#!".to_vec(),
        };
        let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_binary = head.starts_with(b"\x7fELF") || first_line.contains(&0);
        if system::RUNS_FILES && (is_binary || head.starts_with(b"#!")) {
            let own = if name.contains('/') { name } else { &path };
            return start(shell, own, name, words).await;
        }
        if is_binary {
            return refuse(
                shell,
                name,
                "cannot execute binary file: native programs do not run in this sandbox",
                126,
            )
            .await;
        }
        let Some(line) = first_line.strip_prefix(b"#!") else {
            return script(shell, &path, words).await;
        };
        let line = text::from_bytes(line);
        let mut parts: Vec<&str> = line.split_whitespace().collect();
        if parts.first().is_some_and(|part| part.ends_with("/env")) {
            parts.remove(0);
            parts.retain(|part| *part != "-S");
        }
        let Some(interpreter) = parts
            .first()
            .map(|part| part.rsplit('/').next().unwrap_or(part).to_owned())
        else {
            return script(shell, &path, words).await;
        };
        let Some(program) = system::program(&interpreter) else {
            if matches!(interpreter.as_str(), "sh" | "bash" | "dash" | "ash") {
                return script(shell, &path, words).await;
            }
            let reason = format!(
                "{}: bad interpreter: No such file or directory",
                parts.first().unwrap_or(&"")
            );
            return refuse(shell, name, &reason, 127).await;
        };
        let mut arguments = vec![interpreter.clone()];
        arguments.extend(parts.iter().skip(1).map(|part| (*part).to_owned()));
        arguments.push(if name.contains('/') {
            name.to_owned()
        } else {
            path.clone()
        });
        arguments.extend(words.iter().skip(1).cloned());
        start(shell, &program, name, &arguments).await
    })
}

/// Runs a file as a shell script in a subshell that has only the environment of this shell.
async fn script(shell: &mut Shell, path: &str, words: &[String]) -> Flow {
    super::enter(shell, path).await?;
    let content = match std::fs::read(text::path(path)) {
        Ok(bytes) => text::from_bytes(&bytes),
        Err(error) => {
            shell.nesting -= 1;
            return refuse(shell, path, &system::reason(&error), 126).await;
        }
    };
    let name = words.first().cloned().unwrap_or_default();
    let mut inner = Shell::new(&name, shell.variables.environment());
    inner.directory = shell.directory.clone();
    inner.files = shell.files.clone();
    inner.background = shell.background.clone();
    inner.nesting = shell.nesting;
    inner.arguments = words.get(1..).unwrap_or_default().to_vec().into();
    let task = executor::start(enclosed(inner, async move |shell| {
        program(shell, &content, Origin::Main).await
    }));
    shell.status = task.join().await.unwrap_or(1);
    shell.nesting -= 1;
    Ok(())
}

/// Files that stand in for the ends of `<(…)` and `>(…)`, which a child cannot open by their names.
struct StandIns {
    files: Vec<String>,
    outputs: Vec<(String, Writer)>,
}

impl StandIns {
    async fn new(shell: &Shell, words: &mut [String]) -> std::io::Result<Self> {
        let mut own = Self {
            files: Vec::new(),
            outputs: Vec::new(),
        };
        for word in words.iter_mut().skip(1) {
            let number = word
                .strip_prefix("/dev/fd/")
                .and_then(|number| number.parse::<u32>().ok());
            let Some(number) = number.filter(|number| *number >= redirect::FIRST_FREE) else {
                continue;
            };
            let path = own.path(shell, number);
            if let Some(reader) = shell.reader(number) {
                let writer = Writer::open(&path, Disposition::Create)?;
                own.files.push(path.clone());
                redirect::copy(reader, &writer).await?;
            } else if let Some(writer) = shell.writer(number) {
                drop(Writer::open(&path, Disposition::Create)?);
                own.files.push(path.clone());
                own.outputs.push((path.clone(), writer.clone()));
            } else {
                continue;
            }
            *word = path;
        }
        Ok(own)
    }

    fn path(&self, shell: &Shell, number: u32) -> String {
        let usual = shell
            .variables
            .text("TMPDIR")
            .unwrap_or_else(|| "/tmp".to_owned());
        let has = std::fs::metadata(&usual).is_ok_and(|data| data.is_dir());
        let directory = if has {
            usual
        } else {
            shell.directory.to_string()
        };
        let stamp = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let name = format!(".sh-fd-{number}-{}-{}", system::id(), stamp.as_nanos());
        system::absolute(&directory, &name)
    }

    async fn hand_over(&self) -> std::io::Result<()> {
        for (path, writer) in &self.outputs {
            redirect::copy(&Reader::open(path)?, writer).await?;
        }
        Ok(())
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        for file in &self.files {
            // One that is gone already is as good as removed.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// The environment of children.
pub fn environment(shell: &Shell) -> Vec<(String, String)> {
    let mut environment = shell.variables.environment();
    environment.push(("_".to_owned(), shell.last_argument.clone()));
    environment
}

async fn start(shell: &mut Shell, program: &str, name: &str, words: &[String]) -> Flow {
    let mut words = words.to_vec();
    let stand_ins = match StandIns::new(shell, &mut words).await {
        Ok(stand_ins) => stand_ins,
        Err(error) => {
            let reason = format!(
                "cannot make a temporary file for a process substitution: {}",
                system::reason(&error)
            );
            return refuse(shell, name, &reason, 1).await;
        }
    };
    let environment = environment(shell);
    let started = system::start(Start {
        program,
        arguments: &words,
        environment: &environment,
        directory: &shell.directory,
        input: shell.reader(0).cloned().unwrap_or_else(Reader::nothing),
        output: shell.writer(1).cloned().unwrap_or_else(unread),
        error: shell.writer(2).cloned().unwrap_or_else(Writer::void),
    });
    let child = match started {
        Ok(child) => child,
        Err(NotStarted::NotFound) => return refuse(shell, name, "command not found", 127).await,
        Err(NotStarted::Because(words)) => return refuse(shell, name, &words, 126).await,
    };
    match child.wait().await {
        Ended::Exited(status) => shell.status = status & 0xFF,
        Ended::Killed(signal) => shell.status = 128 + signal,
        Ended::Failed(words) => {
            shell.complain(&format!("{name}: {words}")).await;
            shell.status = 137;
        }
    }
    if let Err(error) = stand_ins.hand_over().await {
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            shell
                .complain(&format!("process substitution: {}", system::reason(&error)))
                .await;
        }
    }
    Ok(())
}

/// Standard output where the shell has closed its own. A program that writes to it fails: by `EBADF` in bash, by a broken
/// pipe here, for a component is always given a stream.
fn unread() -> Writer {
    system::pipe().map_or_else(|_| Writer::void(), |(_, writer)| writer)
}
