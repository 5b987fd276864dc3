//! What a lane is asked to run.

use std::path::PathBuf;

use massgen_config::Limits;

/// One command line for a POSIX shell.
#[derive(Debug, Clone)]
pub struct NativeCommand {
    /// The line, as after `sh -c`.
    pub line: String,
    /// Absolute path of the directory in which it starts; the same inside and outside.
    pub working_directory: PathBuf,
    /// Of these a lane enforces the wall time, the output, and memory and number of processes as far as it can.
    pub limits: Limits,
}
