//! The local lane: a command line as processes of this machine, confined by bubblewrap (`spec/04` E6 to E10, mended).
//!
//! Namespaces show a process its [`View`], the machine's programs, an empty `/tmp`, itself and no network; it has no
//! capabilities and no variables of ours. Its tree lives in a process namespace of its own, which ends with the command,
//! with its time, and with this program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use massgen_config::Limits;
use massgen_sandbox::{Cancel, Capture, Captured, Outcome, Report};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::process_limit::ProcessLimit;
use crate::{Bind, NativeCommand, Shown, View};

/// How long output may still come when everything that wrote it has ended.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// Processes and threads for each of `sandbox.commands`: a command in the sandbox is one thread, and programs of this
/// machine have some.
const THREADS_PER_COMMAND: u32 = 8;

/// The search path.
const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// Directories of programs and libraries; a link among them stays a link.
const SYSTEM: [&str; 7] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
];

/// What programs need of `/etc`: nothing that tells of users or of this machine's services.
const SETTINGS: [&str; 8] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/ssl/certs",
];

/// Why this machine cannot run the local lane.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Something of what confines the commands is missing.
    #[error(
        "the local lane needs `{program}`, which is not on this machine: {source}. Install the package `{package}`, or \
         remove `command_line_execution_mode: local`."
    )]
    Missing {
        /// The program.
        program: &'static str,
        /// The package that has it in most distributions.
        package: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is there and does not work.
    #[error(
        "bubblewrap cannot confine commands here: {0}. Let this user make user namespaces, or remove \
         `command_line_execution_mode: local`."
    )]
    Unusable(String),
    /// For root the kernel limits processes by control groups alone.
    #[error(
        "the local lane cannot limit the processes of root here: {0}. Run massgen as an ordinary user, or remove \
         `command_line_execution_mode: local`."
    )]
    Root(std::io::Error),
    /// A place for what covers hidden files.
    #[error("cannot make a temporary directory for the local lane: {0}")]
    Temporary(#[source] std::io::Error),
}

/// The local lane of one agent.
#[derive(Debug)]
pub struct Local {
    /// Holds the empty file that covers hidden ones.
    covers: TempDir,
    shell: &'static str,
    /// Absolute, as the shell is: the search path begins in the workspace.
    prlimit: &'static str,
    /// Options that not every bubblewrap has.
    further: &'static [&'static str],
    processes: ProcessLimit,
}

impl Local {
    /// Looks for what the lane needs, and tries it.
    ///
    /// # Errors
    /// A sentence with what is missing.
    pub async fn find() -> Result<Self, LocalError> {
        let help = help_of_bubblewrap().await?;
        let covers = tempfile::tempdir().map_err(LocalError::Temporary)?;
        std::fs::write(covers.path().join("empty"), "").map_err(LocalError::Temporary)?;
        let lane = Self {
            covers,
            shell: shell(),
            prlimit: prlimit()?,
            further: match help.contains("--disable-userns") {
                true => &["--disable-userns"],
                false => &[],
            },
            processes: ProcessLimit::find().map_err(LocalError::Root)?,
        };
        let nothing = NativeCommand {
            line: ":".to_owned(),
            working_directory: "/".into(),
            limits: Limits::default(),
        };
        let report = lane
            .run(&nothing, &View::default(), &Cancel::default())
            .await;
        match report.outcome {
            Outcome::Exited { code: 0 } => Ok(lane),
            Outcome::HostError { message } => Err(LocalError::Unusable(message)),
            _ => Err(LocalError::Unusable(report.stderr.to_text())),
        }
    }

    /// Runs a command line until it has ended, its time is over or `cancel` says so; what it wrote by then is kept. All
    /// that it started has ended then too.
    pub async fn run(&self, command: &NativeCommand, view: &View, cancel: &Cancel) -> Report {
        let started = Instant::now();
        let limit = command.limits.output_bytes;
        let (stdout, stderr) = (Capture::new(limit), Capture::new(limit));
        let outcome = self
            .outcome(command, view, cancel, [&stdout, &stderr])
            .await;
        Report {
            outcome,
            stdout: stdout.take(),
            stderr: stderr.take(),
            log: Vec::new(),
            limit: None,
            denials: Vec::new(),
            elapsed: started.elapsed(),
            peak_memory: 0,
        }
    }

    async fn outcome(
        &self,
        command: &NativeCommand,
        view: &View,
        cancel: &Cancel,
        output: [&Capture; 2],
    ) -> Outcome {
        let host_error = |doing: &str, error: std::io::Error| Outcome::HostError {
            message: format!("cannot {doing}: {error}"),
        };
        let group = match self.processes.group(process_limit(&command.limits)) {
            Ok(group) => group,
            Err(error) => return host_error("limit the command's processes", error),
        };
        let mut arguments = group.prefix();
        arguments.extend(self.arguments(command, view));
        let mut child = match start(&arguments) {
            Ok(child) => child,
            Err(error) => return host_error("start bwrap", error),
        };
        let readers = [
            child.stdout.take().map(|pipe| keep(pipe, output[0])),
            child.stderr.take().map(|pipe| keep(pipe, output[1])),
        ];
        let ended = tokio::select! {
            status = child.wait() => Ended::Itself(status),
            () = tokio::time::sleep(command.limits.call_time) => Ended::OutOfTime,
            () = cancel.cancelled() => Ended::Cancelled,
        };
        if !matches!(ended, Ended::Itself(_)) {
            // The process namespace goes with the process that watches it.
            let _ = child.kill().await;
        }
        for reader in readers.into_iter().flatten() {
            let _ = tokio::time::timeout(LAST_OUTPUT, reader).await;
        }
        match ended {
            Ended::Itself(Ok(status)) => exited(status, &output[1].snapshot()),
            Ended::Itself(Err(error)) => host_error("wait for the command", error),
            Ended::OutOfTime => Outcome::Timeout {
                after: command.limits.call_time,
            },
            Ended::Cancelled => Outcome::Cancelled,
        }
    }

    /// The command as arguments of bubblewrap, itself first.
    fn arguments(&self, command: &NativeCommand, view: &View) -> Vec<OsString> {
        let mut arguments = Arguments(vec!["bwrap".into()]);
        for option in [
            "--unshare-user",
            "--unshare-ipc",
            "--unshare-pid",
            "--unshare-net",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
        ] {
            arguments.add([option]);
        }
        arguments.add(self.further.iter().copied());
        arguments.add(["--cap-drop", "ALL"]);
        arguments.system();
        let memory = command.limits.memory_bytes.to_string();
        arguments.add(["--size", &memory, "--tmpfs", "/tmp"]);
        for bind in &view.binds {
            arguments.bind(bind, &self.covers.path().join("empty"));
        }
        let covered = view
            .binds
            .iter()
            .filter(|bind| bind.shown == Shown::EmptyDirectory);
        for bind in covered {
            arguments.add([OsString::from("--remount-ro"), bind.path.clone().into()]);
        }
        arguments.add(["--remount-ro", "/"]);
        for (name, value) in environment(&command.working_directory) {
            arguments.add([OsString::from("--setenv"), name.into(), value]);
        }
        arguments.add([
            OsString::from("--chdir"),
            command.working_directory.clone().into(),
        ]);
        arguments.add(["--", self.prlimit]);
        for limit in rlimits(&command.limits) {
            arguments.add([limit]);
        }
        arguments.add(["--", self.shell, "-c", &command.line]);
        arguments.0
    }
}

enum Ended {
    Itself(std::io::Result<ExitStatus>),
    OutOfTime,
    Cancelled,
}

/// Arguments of bubblewrap in the order in which it follows them.
struct Arguments(Vec<OsString>);

impl Arguments {
    fn add(&mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) {
        self.0.extend(arguments.into_iter().map(Into::into));
    }

    /// Programs, libraries and devices of the machine.
    fn system(&mut self) {
        for path in SYSTEM {
            match std::fs::read_link(path) {
                Ok(target) => self.add([OsString::from("--symlink"), target.into(), path.into()]),
                Err(_) => self.add(["--ro-bind-try", path, path]),
            }
        }
        for path in SETTINGS {
            self.add(["--ro-bind-try", path, path]);
        }
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        // Root may set the kernel there, with or without capabilities.
        for path in ["/proc/sys", "/proc/sysrq-trigger"] {
            self.add(["--ro-bind-try", path, path]);
        }
    }

    fn bind(&mut self, bind: &Bind, empty_file: &Path) {
        let path = bind.path.as_os_str();
        match bind.shown {
            Shown::Writable => self.add([OsString::from("--bind"), path.into(), path.into()]),
            Shown::ReadOnly => self.add([OsString::from("--ro-bind"), path.into(), path.into()]),
            Shown::EmptyFile => {
                self.add([OsString::from("--ro-bind"), empty_file.into(), path.into()])
            }
            Shown::EmptyDirectory => {
                self.add(["--perms", "0755"]);
                self.add([OsString::from("--tmpfs"), path.into()]);
            }
        }
    }
}

/// What of the limits one process can be held to. Memory is what it may write to: interpreters reserve addresses by the
/// gigabyte that they never touch.
fn rlimits(limits: &Limits) -> [String; 5] {
    [
        format!("--data={}", limits.memory_bytes),
        format!("--fsize={}", limits.largest_file),
        format!("--nofile={}", limits.open_files),
        format!("--nproc={}", process_limit(limits)),
        "--core=0".to_owned(),
    ]
}

const fn process_limit(limits: &Limits) -> u32 {
    limits.commands.saturating_mul(THREADS_PER_COMMAND)
}

/// The whole environment: nothing of ours is in it. The programs of a virtual environment in the working directory come
/// first (`spec/04` E9).
fn environment(working_directory: &Path) -> Vec<(&'static str, OsString)> {
    let mut path = OsString::from(PROGRAMS);
    let mut variables = vec![
        ("HOME", "/tmp".into()),
        ("LANG", "C.UTF-8".into()),
        ("LOGNAME", "agent".into()),
        ("TERM", "dumb".into()),
        ("USER", "agent".into()),
    ];
    let venv: PathBuf = working_directory.join(".venv");
    if venv.join("bin").is_dir() {
        let mut with_venv = venv.join("bin").into_os_string();
        with_venv.push(":");
        with_venv.push(path);
        path = with_venv;
        variables.push(("VIRTUAL_ENV", venv.into()));
    }
    variables.push(("PATH", path));
    variables
}

/// The machine's shell: bash, as in the sandbox, where there is one.
fn shell() -> &'static str {
    match Path::new("/bin/bash").exists() {
        true => "/bin/bash",
        false => "/bin/sh",
    }
}

/// Where the machine has `prlimit`.
fn prlimit() -> Result<&'static str, LocalError> {
    let places = ["/usr/bin/prlimit", "/bin/prlimit"];
    let mut found = places.into_iter().filter(|path| Path::new(path).exists());
    found.next().ok_or_else(|| LocalError::Missing {
        program: places[0],
        package: "util-linux",
        source: std::io::ErrorKind::NotFound.into(),
    })
}

async fn help_of_bubblewrap() -> Result<String, LocalError> {
    let output = Command::new("bwrap").arg("--help").output().await;
    let output = output.map_err(|source| LocalError::Missing {
        program: "bwrap",
        package: "bubblewrap",
        source,
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn start(arguments: &[OsString]) -> std::io::Result<Child> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| PROGRAMS.into());
    Command::new(&arguments[0])
        .args(&arguments[1..])
        .env_clear()
        .env("PATH", path)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Reads until the end beside the command, keeping as much as the capture does.
fn keep(
    mut stream: impl AsyncRead + Unpin + Send + 'static,
    capture: &Capture,
) -> tokio::task::JoinHandle<()> {
    let capture = capture.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            capture.keep(&buffer[..length]);
        }
    })
}

/// How the command ended. Bubblewrap speaks up in its own name when it could not even start it.
fn exited(status: ExitStatus, stderr: &Captured) -> Outcome {
    use std::os::unix::process::ExitStatusExt;
    let text = String::from_utf8_lossy(&stderr.bytes);
    match (status.code(), status.signal()) {
        (Some(1), _) if text.starts_with("bwrap: ") => Outcome::HostError {
            message: format!(
                "bubblewrap could not start the command: {}",
                text.trim_end()
            ),
        },
        (Some(code), _) => Outcome::Exited {
            code: u8::try_from(code).unwrap_or(u8::MAX),
        },
        (None, signal) => Outcome::Trap {
            message: format!("it was ended by signal {}", signal.unwrap_or_default()),
        },
    }
}
