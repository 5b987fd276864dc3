//! Running other programs: every command line is shown before it runs, and a failure names it.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// Why a chore stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program could not be started.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// The command line.
        command: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program ran and reported a failure.
    #[error("`{command}` failed ({status})")]
    Status {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Something the machine lacks; the text ends with the command that installs it.
    #[error("{0}")]
    Missing(String),
    /// A file of the repository is not as it must be.
    #[error("{0}")]
    Invalid(String),
    /// A named step failed.
    #[error("step `{step}` failed: {cause}")]
    Step {
        /// The step's name.
        step: String,
        /// Why.
        cause: Box<Failure>,
    },
}

impl Failure {
    /// For `map_err` on a file operation.
    pub(crate) fn file(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

/// A command line under construction.
pub(crate) struct Invocation(Command);

/// A program, by name or path, to run in `directory`.
pub(crate) fn program(name: impl AsRef<OsStr>, directory: &Path) -> Invocation {
    let mut command = Command::new(name);
    command.current_dir(directory);
    Invocation(command)
}

/// The cargo that runs this program.
pub(crate) fn cargo(directory: &Path) -> Invocation {
    program(
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        directory,
    )
}

impl Invocation {
    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs the program with this program's standard streams.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let command = self.show();
        let status = self.0.status();
        checked(command, status).map(drop)
    }

    /// Runs the program and returns its standard output; its standard error is shown.
    pub(crate) fn output(mut self) -> Result<Vec<u8>, Failure> {
        let command = self.show();
        let output = self.0.stderr(Stdio::inherit()).output();
        let (status, text) = match output {
            Ok(output) => (Ok(output.status), output.stdout),
            Err(error) => (Err(error), Vec::new()),
        };
        checked(command, status).map(|()| text)
    }

    /// True if the program runs and succeeds; its output is not shown.
    pub(crate) fn succeeds(mut self) -> bool {
        self.0
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn show(&self) -> String {
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        let line = words
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ");
        println!("$ {line}");
        line
    }
}

fn checked(
    command: String,
    status: std::io::Result<std::process::ExitStatus>,
) -> Result<(), Failure> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Status { command, status }),
        Err(source) => Err(Failure::Start { command, source }),
    }
}
