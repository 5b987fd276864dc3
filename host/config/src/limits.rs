//! The one table of limits: what a call into the sandbox may use unless the configuration says otherwise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one call may use, and what an agent may use in all. Set for all agents by the top-level key `sandbox`, for one agent by its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Linear memory of the guest, in bytes; `sandbox.memory`. Default 512 MiB: CPython starts with 44 MB and data of
    /// some hundred megabytes is ordinary work; two cores' worth of agents at this limit fit into a laptop.
    pub memory_bytes: u64,
    /// Wall time; `sandbox.call_time`. Default 60 s, the original's command timeout (`spec/04` §11).
    pub call_time: Duration,
    /// Bytes kept of standard output, of standard error and of a tool's text, each; `sandbox.output`. Default 1 MiB, the
    /// original's `--max-output-size`; more does not fit into a model's context.
    pub output_bytes: u64,
    /// Open files, directories and streams at one time; `sandbox.open_files`. Default 256, as macOS gives a process.
    pub open_files: u32,
    /// Commands that one call may run at one time beside its first; `sandbox.commands`. Default 32: a pipeline has a
    /// handful, and a fork bomb stays small.
    pub commands: u32,
    /// HTTP requests that one call may have open at one time; `sandbox.requests`. Default 16: a program that fetches in
    /// parallel has a handful. What a call may reach at all is not said here.
    pub requests: u32,
    /// Wall time of a background command, which runs beside other calls and ends with its agent's turn at the latest;
    /// `sandbox.background_time`. Default 600 s: builds and tests of some minutes, and nothing that was forgotten.
    pub background_time: Duration,
    /// Background commands of one agent at one time; `sandbox.background_commands`. Default 4: each may have a call's
    /// memory.
    pub background_commands: u32,
    /// Bytes that one call may write to files; `sandbox.written`. Default 1 GiB: some hundred times what an answer holds,
    /// and a program that runs away fills no disk.
    pub written_bytes: u64,
    /// Bytes that all calls of one agent may write to files in a run; `sandbox.written_per_agent`. Default 16 GiB.
    pub written_bytes_per_agent: u64,
    /// Files, directories and links that one call may make; `sandbox.new_files`. Default 20,000, enough to unpack a
    /// large project.
    pub new_files: u64,
    /// Files, directories and links that all calls of one agent may make in a run; `sandbox.new_files_per_agent`.
    /// Default 200,000.
    pub new_files_per_agent: u64,
    /// Length to which one file may grow, in bytes; `sandbox.largest_file`. Default 1 GiB.
    pub largest_file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            call_time: Duration::from_secs(60),
            output_bytes: 1 << 20,
            open_files: 256,
            commands: 32,
            requests: 16,
            background_time: Duration::from_secs(600),
            background_commands: 4,
            written_bytes: 1 << 30,
            written_bytes_per_agent: 16 << 30,
            new_files: 20_000,
            new_files_per_agent: 200_000,
            largest_file: 1 << 30,
        }
    }
}
