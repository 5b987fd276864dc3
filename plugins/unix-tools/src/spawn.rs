//! Starting other commands: on WASI as children through `massgen:plugin/process`, elsewhere as processes. What a tool
//! wrote so far must be flushed before.

use std::io::{Read, Write};

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
        self.start()?.wait()
    }

    /// Starts the command, which runs beside this one.
    pub fn start(self) -> Result<Running, SpawnError> {
        platform::start(self).map(Running)
    }

    /// Starts the command with an input that is written here; its end is that of the writer.
    pub fn start_written_to(self) -> Result<(Box<dyn Write>, Running), SpawnError> {
        let (writer, running) = platform::start_written_to(self)?;
        Ok((writer, Running(running)))
    }

    /// Starts the command with an output that is read here.
    pub fn start_read_from(self) -> Result<(Box<dyn Read>, Running), SpawnError> {
        let (reader, running) = platform::start_read_from(self)?;
        Ok((reader, Running(running)))
    }
}

/// A command that was started.
pub struct Running(platform::Running);

impl Running {
    /// Waits for the end and gives the exit status; 128 and more for an end that was not its own.
    pub fn wait(self) -> Result<i32, SpawnError> {
        self.0.wait()
    }
}

/// Has this command ended by a write that nobody reads any more, as most Unix tools are.
pub fn end_on_broken_pipe() {
    platform::end_on_broken_pipe();
}

/// The names of all commands: natively only those of this program.
pub fn programs() -> Vec<String> {
    platform::programs()
}

#[cfg(target_os = "wasi")]
mod platform {
    use std::io::{self, Read, Write};

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
    use bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

    /// Bytes that one blocking write takes (`wasi:io/streams`).
    const STEP: usize = 4096;

    pub struct Running(process::Child);

    /// What a command reads, for as long as it is not dropped.
    struct Feed {
        // The stream goes before the end on which it stands.
        stream: OutputStream,
        _end: process::Writer,
    }

    /// What a command writes.
    struct Drain {
        stream: InputStream,
        _end: process::Reader,
    }

    impl Write for Feed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let bytes = &bytes[..bytes.len().min(STEP)];
            match self.stream.blocking_write_and_flush(bytes) {
                Ok(()) => Ok(bytes.len()),
                Err(StreamError::Closed) => Err(io::ErrorKind::BrokenPipe.into()),
                Err(StreamError::LastOperationFailed(error)) => {
                    Err(io::Error::other(error.to_debug_string()))
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Drain {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.stream.blocking_read(into.len() as u64) {
                Ok(bytes) => {
                    into[..bytes.len()].copy_from_slice(&bytes);
                    Ok(bytes.len())
                }
                Err(StreamError::Closed) => Ok(0),
                Err(StreamError::LastOperationFailed(error)) => {
                    Err(io::Error::other(error.to_debug_string()))
                }
            }
        }
    }

    pub fn end_on_broken_pipe() {
        process::end_on_broken_pipe();
    }

    pub fn start(command: Command) -> Result<Running, SpawnError> {
        let input = match command.input {
            Input::Inherited => process::standard_input(),
            Input::Nothing => process::nothing(),
        };
        connected(command, input, process::standard_output())
    }

    pub fn start_written_to(command: Command) -> Result<(Box<dyn Write>, Running), SpawnError> {
        let (reader, writer) = process::pipe().map_err(SpawnError::Other)?;
        let running = connected(command, reader, process::standard_output())?;
        let feed = Feed {
            stream: writer.stream(),
            _end: writer,
        };
        Ok((Box::new(feed), running))
    }

    pub fn start_read_from(command: Command) -> Result<(Box<dyn Read>, Running), SpawnError> {
        let (reader, writer) = process::pipe().map_err(SpawnError::Other)?;
        let running = connected(command, process::standard_input(), writer)?;
        let drain = Drain {
            stream: reader.stream(),
            _end: reader,
        };
        Ok((Box::new(drain), running))
    }

    pub fn programs() -> Vec<String> {
        process::programs()
    }

    fn connected(
        command: Command,
        input: process::Reader,
        output: process::Writer,
    ) -> Result<Running, SpawnError> {
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
            input,
            output,
            error: process::standard_error(),
        })
        .map_err(|error| match error {
            process::SpawnError::NotFound => SpawnError::NotFound,
            process::SpawnError::Limit(reason) | process::SpawnError::Failed(reason) => {
                SpawnError::Other(reason)
            }
        })?;
        Ok(Running(child))
    }

    impl Running {
        pub fn wait(self) -> Result<i32, SpawnError> {
            self.0.ended().block();
            match self.0.exit() {
                Some(process::Exit::Exited(status)) => Ok(i32::from(status)),
                Some(process::Exit::Killed) | None => Ok(137),
                Some(process::Exit::Limit(reason) | process::Exit::Failed(reason)) => {
                    Err(SpawnError::Other(reason))
                }
            }
        }
    }
}

#[cfg(not(target_os = "wasi"))]
mod platform {
    use std::io::{ErrorKind, Read, Write};
    use std::process::{Child, Stdio};

    use super::{Command, Input, SpawnError};

    pub fn programs() -> Vec<String> {
        crate::table::names().map(str::to_owned).collect()
    }

    pub struct Running(Child);

    pub fn end_on_broken_pipe() {}

    pub fn start(command: Command) -> Result<Running, SpawnError> {
        started(prepared(command))
    }

    pub fn start_written_to(command: Command) -> Result<(Box<dyn Write>, Running), SpawnError> {
        let mut process = prepared(command);
        process.stdin(Stdio::piped());
        let mut running = started(process)?;
        let end = running.0.stdin.take();
        let end = end.ok_or_else(|| SpawnError::Other("its input is not there".to_owned()))?;
        Ok((Box::new(end), running))
    }

    pub fn start_read_from(command: Command) -> Result<(Box<dyn Read>, Running), SpawnError> {
        let mut process = prepared(command);
        process.stdout(Stdio::piped());
        let mut running = started(process)?;
        let end = running.0.stdout.take();
        let end = end.ok_or_else(|| SpawnError::Other("its output is not there".to_owned()))?;
        Ok((Box::new(end), running))
    }

    fn prepared(command: Command) -> std::process::Command {
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
        process
    }

    fn started(mut process: std::process::Command) -> Result<Running, SpawnError> {
        process
            .spawn()
            .map(Running)
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => SpawnError::NotFound,
                _ => SpawnError::Other(crate::outcome::reason(&error)),
            })
    }

    impl Running {
        pub fn wait(mut self) -> Result<i32, SpawnError> {
            match self.0.wait() {
                Ok(status) => Ok(status.code().unwrap_or(137)),
                Err(error) => Err(SpawnError::Other(crate::outcome::reason(&error))),
            }
        }
    }
}
