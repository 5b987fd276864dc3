//! The local lane: a command line as processes of this machine, confined by bubblewrap (`spec/04` E6 to E10, mended).
//!
//! Namespaces show a process its [`View`], the machine's programs, an empty `/tmp`, itself and no network; it has no
//! capabilities and no variables of ours. Its tree lives in a process namespace of its own, which ends with the command,
//! with its time, and with this program.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};

use massgen_sandbox::{Cancel, Capture, Captured, Outcome, Report};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::command::LAST_OUTPUT;
use crate::confinement::{Confinement, PROGRAMS};
use crate::process_limit::ProcessLimit;
use crate::{NativeCommand, View};

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
    #[error(
        "cannot make a temporary directory for the local lane: {0}. See that TMPDIR names one that may be written."
    )]
    Temporary(#[source] std::io::Error),
}

/// The local lane of one agent.
#[derive(Debug)]
pub struct Local {
    confinement: Confinement,
    processes: ProcessLimit,
}

impl Local {
    /// Looks for what the lane needs, and tries it.
    ///
    /// # Errors
    /// A sentence with what is missing.
    pub async fn find() -> Result<Self, LocalError> {
        let lane = Self {
            confinement: Confinement::find().await?,
            processes: ProcessLimit::find().map_err(LocalError::Root)?,
        };
        let report = lane
            .run(
                &NativeCommand::nothing(),
                &View::default(),
                &Cancel::default(),
            )
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
        command
            .reported(async |output| self.outcome(command, view, cancel, output).await)
            .await
    }

    async fn outcome(
        &self,
        command: &NativeCommand,
        view: &View,
        cancel: &Cancel,
        output: &[Capture; 2],
    ) -> Outcome {
        let host_error = |doing: &str, error: std::io::Error| Outcome::HostError {
            message: format!("cannot {doing}: {error}"),
        };
        let group = match self.processes.group(command.most_processes()) {
            Ok(group) => group,
            Err(error) => return host_error("limit the command's processes", error),
        };
        let mut arguments = group.prefix();
        arguments.extend(self.confinement.arguments(command, view));
        let mut child = match start(&arguments) {
            Ok(child) => child,
            Err(error) => return host_error("start bwrap", error),
        };
        let readers = [
            child.stdout.take().map(|pipe| keep(pipe, &output[0])),
            child.stderr.take().map(|pipe| keep(pipe, &output[1])),
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
}

enum Ended {
    Itself(std::io::Result<ExitStatus>),
    OutOfTime,
    Cancelled,
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
