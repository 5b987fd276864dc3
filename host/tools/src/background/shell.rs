//! One background command: what it is, what it wrote so far, and how it ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use massgen_sandbox::{Cancel, Capture, Captured, Invocation, Outcome, Report, Stdio};
use tokio::sync::watch;

use super::Ground;

/// A command line that was started, and may have ended.
#[derive(Debug)]
pub(super) struct Shell {
    id: String,
    pub(super) command: String,
    pub(super) work_dir: PathBuf,
    started: Instant,
    stdout: Capture,
    stderr: Capture,
    cancel: Cancel,
    /// How it ended, once it has. What it wrote is in the captures alone.
    report: watch::Receiver<Option<Arc<Report>>>,
}

impl Shell {
    pub(super) fn start(
        ground: &Ground<'_>,
        id: String,
        command: String,
        invocation: Invocation,
    ) -> Self {
        let [stdout, stderr] = [(); 2].map(|()| Capture::new(invocation.limits.output_bytes));
        let stdio = Stdio {
            output: Some(Arc::new(stdout.clone())),
            error: Some(Arc::new(stderr.clone())),
            ..Stdio::default()
        };
        let cancel = Cancel::default();
        let (ended, report) = watch::channel(None);
        let work_dir = invocation.working_directory.clone().unwrap_or_default();
        let run = {
            let (sandbox, plugin) = (ground.sandbox.clone(), ground.plugin.clone());
            let (filesystem, cancel) = (Arc::clone(ground.filesystem), cancel.clone());
            async move {
                let report = sandbox
                    .call_connected(&plugin, &filesystem, invocation, stdio, &cancel)
                    .await;
                ended.send_replace(Some(Arc::new(report)));
            }
        };
        tokio::spawn(run);
        Self {
            id,
            command,
            work_dir,
            started: Instant::now(),
            stdout,
            stderr,
            cancel,
            report,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_running(&self) -> bool {
        self.report().is_none() && self.report.has_changed().is_ok()
    }

    /// How it ended, once it has.
    pub(super) fn report(&self) -> Option<Arc<Report>> {
        self.report.borrow().clone()
    }

    /// How long it has run, or ran.
    pub(super) fn elapsed(&self) -> Duration {
        self.report()
            .map_or_else(|| self.started.elapsed(), |report| report.elapsed)
    }

    /// Standard output and standard error so far.
    pub(super) fn output(&self) -> [Captured; 2] {
        [self.stdout.snapshot(), self.stderr.snapshot()]
    }

    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) {
        // An error means that the runtime has dropped the task, and with it the call.
        let _ = self.report.clone().wait_for(Option::is_some).await;
    }

    /// One word for how it stands.
    pub(super) fn status(&self) -> &'static str {
        match self.report().as_deref().map(|report| &report.outcome) {
            None if self.is_running() => "running",
            None | Some(Outcome::Cancelled) => "killed",
            Some(Outcome::Exited { .. }) => "exited",
            Some(Outcome::Timeout { .. }) => "timed_out",
            Some(Outcome::Limit { .. }) => "limit",
            Some(
                Outcome::Ok { .. }
                | Outcome::ToolError { .. }
                | Outcome::Denied { .. }
                | Outcome::Trap { .. }
                | Outcome::HostError { .. },
            ) => "failed",
        }
    }
}
