//! Why a tool gave no result, in words that a model can act on.

use std::fmt;
use std::io;
use std::path::Path;

/// A tool's error: one or more sentences for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// An error in these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The words for a file operation that failed: `doing` is a verb (`read`), `path` what it was done to. A path that
    /// is hidden or not granted looks like one that is missing, and the words say so.
    pub fn at(doing: &str, path: impl AsRef<Path>, error: &io::Error) -> Self {
        let path = path.as_ref().display();
        Self(match error.kind() {
            io::ErrorKind::NotFound => {
                format!("Cannot {doing} {path}: it does not exist or was not granted.")
            }
            io::ErrorKind::PermissionDenied => {
                format!("Cannot {doing} {path}: that is not permitted here.")
            }
            io::ErrorKind::AlreadyExists => format!("Cannot {doing} {path}: it exists already."),
            io::ErrorKind::IsADirectory => format!("Cannot {doing} {path}: it is a directory."),
            io::ErrorKind::NotADirectory => {
                format!("Cannot {doing} {path}: a part of the path is not a directory.")
            }
            io::ErrorKind::DirectoryNotEmpty => {
                format!("Cannot {doing} {path}: the directory is not empty.")
            }
            io::ErrorKind::InvalidData => format!("Cannot {doing} {path}: it is not UTF-8 text."),
            _ => format!("Cannot {doing} {path}: {error}."),
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
