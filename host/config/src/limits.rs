//! The one table of limits: what a call into the sandbox may use unless the configuration says otherwise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one call may use. Set for all agents by the top-level key `sandbox`, for one agent by its own.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            call_time: Duration::from_secs(60),
            output_bytes: 1 << 20,
            open_files: 256,
        }
    }
}
