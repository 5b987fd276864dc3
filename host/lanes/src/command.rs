//! What a lane is asked to run, and what it answers.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use massgen_config::Limits;
use massgen_sandbox::{Capture, Outcome, Report};

/// How long output may still come when everything that wrote it has ended.
pub(crate) const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// Processes and threads for each of `sandbox.commands`: a command in the sandbox is one thread, and programs of this
/// machine have some.
const THREADS_PER_COMMAND: u32 = 8;

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

impl NativeCommand {
    /// One that does nothing, to see whether a lane works.
    pub(crate) fn nothing() -> Self {
        Self {
            line: ":".to_owned(),
            working_directory: "/".into(),
            limits: Limits::default(),
        }
    }

    /// How many processes and threads it may have at one time.
    pub(crate) const fn most_processes(&self) -> u32 {
        self.limits.commands.saturating_mul(THREADS_PER_COMMAND)
    }

    /// Runs it by `run`, which is given room for standard output and standard error, and reports on it.
    pub(crate) async fn reported(&self, run: impl AsyncFnOnce(&[Capture; 2]) -> Outcome) -> Report {
        let started = Instant::now();
        let output = [(); 2].map(|()| Capture::new(self.limits.output_bytes));
        let outcome = run(&output).await;
        let [stdout, stderr] = output;
        Report {
            stdout: stdout.take(),
            stderr: stderr.take(),
            elapsed: started.elapsed(),
            ..Report::of(outcome)
        }
    }
}
