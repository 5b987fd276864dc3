//! Starting other commands: on WASI as children through `massgen:plugin/process`, elsewhere as processes. What a tool
//! wrote so far must be flushed before.

/// A command to be run to its end, with the standard output and error of this one.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program's name, and what it is called as.
    pub program: String,
    /// What follows the name.
    pub arguments: Vec<String>,
    /// The whole environment; none means that of this command.
    pub environment: Option<Vec<(String, String)>>,
    /// The directory that the command starts in; none means that of this command.
    pub directory: Option<std::path::PathBuf>,
    /// What the command reads.
    pub input: Input,
}

/// Where a command reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The standard input of this command.
    Inherited,
    /// Nothing.
    Nothing,
}

/// Why a command was not started, or has no status.
#[derive(Debug)]
pub enum SpawnError {
    /// There is no such command.
    NotFound,
    /// Anything else, in words.
    Other(String),
}

impl SpawnError {
    /// The words, and the status that a shell gives.
    pub fn explain(&self, program: &str) -> (String, i32) {
        match self {
            Self::NotFound => (format!("{program}: No such file or directory"), 127),
            Self::Other(reason) => (format!("{program}: {reason}"), 126),
        }
    }
}

impl Command {
    /// A command with this one's environment, directory and standard input.
    pub fn new(program: impl Into<String>, arguments: Vec<String>) -> Self {
        Self {
            program: program.into(),
            arguments,
            environment: None,
            directory: None,
            input: Input::Inherited,
        }
    }

    /// Runs the command and gives its exit status; 128 and more for an end that was not its own.
    pub fn run(self) -> Result<i32, SpawnError> {
        platform::run(self)
    }
}

/// The names of all commands: natively only those of this program.
pub fn programs() -> Vec<String> {
    platform::programs()
}

#[cfg(target_os = "wasi")]
mod platform {
    use super::{Command, Input, SpawnError};

    #[allow(missing_docs, clippy::all)]
    mod bindings {
        wit_bindgen::generate!({
            path: "../../wit",
            world: "massgen:plugin/shell",
            generate_all,
        });
    }

    use bindings::massgen::plugin::process;

    pub fn programs() -> Vec<String> {
        process::programs()
    }

    pub fn run(command: Command) -> Result<i32, SpawnError> {
        let environment = command
            .environment
            .unwrap_or_else(|| std::env::vars().collect());
        let directory = match command.directory {
            Some(directory) => directory,
            None => {
                std::env::current_dir().map_err(|error| SpawnError::Other(error.to_string()))?
            }
        };
        let mut arguments = vec![command.program.clone()];
        arguments.extend(command.arguments);
        // A path such as /usr/bin/sort means the registered command of that name.
        let program = command.program.rsplit('/').next().unwrap_or_default();
        let child = process::spawn(process::Command {
            program: program.to_owned(),
            arguments,
            environment,
            working_directory: directory.to_string_lossy().into_owned(),
            files: process::Files::Same,
            input: match command.input {
                Input::Inherited => process::standard_input(),
                Input::Nothing => process::nothing(),
            },
            output: process::standard_output(),
            error: process::standard_error(),
        })
        .map_err(|error| match error {
            process::SpawnError::NotFound => SpawnError::NotFound,
            process::SpawnError::Limit(reason) | process::SpawnError::Failed(reason) => {
                SpawnError::Other(reason)
            }
        })?;
        child.ended().block();
        match child.exit() {
            Some(process::Exit::Exited(status)) => Ok(i32::from(status)),
            Some(process::Exit::Killed) | None => Ok(137),
            Some(process::Exit::Limit(reason) | process::Exit::Failed(reason)) => {
                Err(SpawnError::Other(reason))
            }
        }
    }
}

#[cfg(not(target_os = "wasi"))]
mod platform {
    use std::io::ErrorKind;
    use std::process::Stdio;

    use super::{Command, Input, SpawnError};

    pub fn programs() -> Vec<String> {
        crate::table::names().map(str::to_owned).collect()
    }

    pub fn run(command: Command) -> Result<i32, SpawnError> {
        let mut process = std::process::Command::new(&command.program);
        process.args(&command.arguments);
        if let Some(environment) = command.environment {
            process.env_clear().envs(environment);
        }
        if let Some(directory) = command.directory {
            process.current_dir(directory);
        }
        if command.input == Input::Nothing {
            process.stdin(Stdio::null());
        }
        match process.status() {
            Ok(status) => Ok(status.code().unwrap_or(137)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(SpawnError::NotFound),
            Err(error) => Err(SpawnError::Other(crate::outcome::reason(&error))),
        }
    }
}
