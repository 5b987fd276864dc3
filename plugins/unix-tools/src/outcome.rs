//! How a tool of ours ends: with a status, or with a failure that is one sentence on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Why a tool stopped.
#[derive(Debug)]
pub enum Failure {
    /// Reading or writing failed. A broken pipe ends the tool without a word.
    Io(io::Error),
    /// Said as it is, after the tool's name.
    Message {
        /// The sentence.
        text: String,
        /// The exit status.
        status: i32,
    },
}

/// An exit status, or why there is none.
pub type Outcome = Result<i32, Failure>;

impl Failure {
    /// A failure with a sentence and an exit status.
    pub fn new(status: i32, text: impl Into<String>) -> Self {
        Self::Message {
            text: text.into(),
            status,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Ends the tool `name`: says a failure and gives the exit status, `trouble` for failures of input and output.
pub fn finish(name: &str, outcome: Outcome, trouble: i32) -> i32 {
    match outcome {
        Ok(status) => status,
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => crate::BROKEN_PIPE,
        Err(Failure::Io(error)) => {
            complain(format_args!("{name}: {}", reason(&error)));
            trouble
        }
        Err(Failure::Message { text, status }) => {
            complain(format_args!("{name}: {text}"));
            status
        }
    }
}

/// Writes a line to standard error. If nobody reads that either, there is nobody left to tell.
pub fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The words of an error as Unix tools say them, without the number that Rust adds.
pub fn reason(error: &io::Error) -> String {
    uucore::error::strip_errno(error)
}

/// Ends this command. WASI's plain `exit` knows success and failure alone, so that the status goes by `exit-with-code`.
pub fn end(status: i32) -> ! {
    let status = match io::stdout().flush() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => crate::BROKEN_PIPE,
        _ => status,
    };
    #[cfg(target_os = "wasi")]
    wasip2::cli::exit::exit_with_code(u8::try_from(status & 0xff).unwrap_or(u8::MAX));
    std::process::exit(status)
}
