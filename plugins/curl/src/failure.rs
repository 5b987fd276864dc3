//! How the commands end: curl's exit codes with a sentence each.

use std::fmt;
use std::io;

/// Exit codes, as curl's manual lists them.
pub mod status {
    /// A protocol that is not there.
    pub const PROTOCOL: i32 = 1;
    /// The command line is wrong.
    pub const USAGE: i32 = 2;
    /// The URL is malformed.
    pub const URL: i32 = 3;
    /// The name is not known.
    pub const NAME: i32 = 6;
    /// No connection.
    pub const NO_CONNECTION: i32 = 7;
    /// The status is 400 or more, and `--fail` was said.
    pub const HTTP: i32 = 22;
    /// The output cannot be written.
    pub const WRITE: i32 = 23;
    /// A local file cannot be read.
    pub const READ: i32 = 26;
    /// Out of time.
    pub const TIMEOUT: i32 = 28;
    /// Too many redirects.
    pub const REDIRECTS: i32 = 47;
    /// The connection broke while bytes were expected.
    pub const RECEIVE: i32 = 56;
    /// What came cannot be decoded.
    pub const ENCODING: i32 = 61;
}

/// A command that cannot go on: its exit code, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub status: i32,
    /// What happened.
    pub message: String,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(status: i32, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// A local file that cannot be read or written.
    pub fn file(status: i32, doing: &str, path: &str, error: &io::Error) -> Self {
        Self::new(status, format!("cannot {doing} '{path}': {error}"))
    }

    /// A body that broke off.
    pub fn receiving(error: &io::Error) -> Self {
        #[cfg(target_os = "wasi")]
        if let Some(failure) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<outgoing::Failure>())
        {
            return failure.clone().into();
        }
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::new(
                status::ENCODING,
                format!("the body cannot be unpacked: {error}"),
            ),
            _ => Self::new(status::RECEIVE, format!("the answer broke off: {error}")),
        }
    }

    /// True where another try may help (`--retry`).
    pub fn is_transient(&self) -> bool {
        matches!(self.status, status::NAME | status::TIMEOUT)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

#[cfg(target_os = "wasi")]
impl From<outgoing::Failure> for Failure {
    fn from(failure: outgoing::Failure) -> Self {
        use outgoing::FailureKind;
        let status = match failure.kind {
            FailureKind::Refused | FailureKind::ConnectionRefused | FailureKind::Other => {
                status::NO_CONNECTION
            }
            FailureKind::Reset => status::RECEIVE,
            FailureKind::Timeout => status::TIMEOUT,
            FailureKind::UnknownName => status::NAME,
            FailureKind::Invalid => status::URL,
        };
        Self::new(status, failure.message)
    }
}
