//! What the shell needs of the world around it: pipes, files, children, and waiting for them. In the sandbox that is
//! the host's `massgen:plugin/process`; natively, for comparison with bash, the operating system. Both modules have the
//! same items, so nothing above this folder knows which one it runs on.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod wasi;

#[cfg(not(target_family = "wasm"))]
pub use native::*;
#[cfg(target_family = "wasm")]
pub use wasi::*;

/// What opening a file for writing does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Makes it, or empties it.
    Truncate,
    /// Makes it, or writes to its end.
    Append,
    /// Makes it; an existing file is an error.
    Create,
    /// Makes it, or writes from its start.
    Keep,
}

/// A program to be started.
pub struct Start<'a> {
    /// The registered command's name, or natively a path.
    pub program: &'a str,
    /// The arguments, the first of which is the name it was called by.
    pub arguments: &'a [String],
    /// The whole environment.
    pub environment: &'a [(String, String)],
    /// Absolute path of the working directory.
    pub directory: &'a str,
    /// Standard input.
    pub input: Reader,
    /// Standard output.
    pub output: Writer,
    /// Standard error.
    pub error: Writer,
}

/// Why a program was not started.
pub enum NotStarted {
    /// There is none of this name.
    NotFound,
    /// For this reason.
    Because(String),
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal, or by the host.
    Killed(i32),
    /// At a limit or by a fault, which the text names.
    Failed(String),
}

/// Why a command line of a session is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The user wants it.
    ByUser,
    /// It has reached a limit, which the text names.
    #[cfg_attr(
        not(target_family = "wasm"),
        expect(dead_code, reason = "the limits are the sandbox's")
    )]
    Limit(String),
}

/// How a path is made absolute: against this directory, without touching `..`.
pub fn absolute(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else if directory.ends_with('/') {
        format!("{directory}{path}")
    } else {
        format!("{directory}/{path}")
    }
}
