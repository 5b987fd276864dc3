//! `execute_command` in a native lane: the agent's files as mounts, one command line at a time, and its trace in the
//! audit.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use massgen_lanes::{Bind, NativeCommand, NativeLane, Shown, View};
use massgen_permissions::audit::{Call, Phase, Record};
use massgen_permissions::{Operation, Policy};
use massgen_sandbox::{Audit, Cancel, GuestFilesystem, Outcome, Report};
use tokio::sync::Mutex;

use crate::execute_command;

/// The native lane of one agent.
#[derive(Debug)]
pub(crate) struct NativeShell {
    lane: NativeLane,
    /// Held while files are looked through, mounted and used: nothing of the agent's moves meanwhile.
    turn: Mutex<()>,
}

impl NativeShell {
    pub(crate) fn new(lane: NativeLane) -> Self {
        Self {
            lane,
            turn: Mutex::default(),
        }
    }

    /// The lane's name.
    pub(crate) const fn name(&self) -> &'static str {
        self.lane.name()
    }

    /// What the model is told about `execute_command`.
    pub(crate) fn description(&self) -> String {
        format!(
            "Runs a command line in a shell {}. The working directory is the workspace unless `work_dir` says \
             otherwise. Every call is a fresh shell; what it leaves running ends with it, and only files last. Returns \
             exit_code, stdout and stderr.",
            self.lane.description()
        )
    }

    /// Runs a command line with what the policy allows at this moment.
    pub(crate) async fn run(
        &self,
        filesystem: &GuestFilesystem,
        command: NativeCommand,
        call_id: &str,
        cancel: &Cancel,
    ) -> Report {
        let _turn = self.turn.lock().await;
        let policy = filesystem.policy();
        let directory = &command.working_directory;
        if !policy.decide(directory, Operation::List).is_allowed() || !directory.is_dir() {
            return Report::of(Outcome::ToolError {
                message: format!(
                    "There is no directory {} that you may use. Leave `work_dir` out for the workspace, or name a \
                     directory that you were granted.",
                    directory.display()
                ),
            });
        }
        let view = tokio::task::spawn_blocking({
            let policy = Arc::clone(&policy);
            move || View::of(&policy)
        });
        let view = match view.await {
            Ok(Ok(view)) => view,
            Ok(Err(error)) => return host_error(error.to_string()),
            Err(panic) => return host_error(panic.to_string()),
        };
        if let Some(audit) = filesystem.audit() {
            self.record(audit, &policy, &view, call_id);
        }
        self.lane.run(&command, &view, cancel).await
    }

    /// Records what the command line is let do: one decision for each mount, as nobody is asked again behind it.
    fn record(&self, audit: &Audit, policy: &Policy, view: &View, call_id: &str) {
        let call = Arc::new(Call {
            run: audit.run.clone(),
            agent: audit.agent.clone(),
            tool: execute_command::NAME.to_owned(),
            call: call_id.to_owned(),
            lane: Some(self.name().to_owned()),
            ..Call::default()
        });
        for Bind { path, shown } in &view.binds {
            let operation = match shown {
                Shown::Writable => Operation::Write,
                Shown::ReadOnly | Shown::EmptyDirectory | Shown::EmptyFile => Operation::Read,
            };
            let decision = policy.decide(path, operation);
            audit.log.record(Record {
                at: milliseconds_since_1970(),
                call: Arc::clone(&call),
                phase: match policy.final_presentation {
                    true => Phase::FinalPresentation,
                    false => Phase::Coordination,
                },
                operation,
                path: path.to_string_lossy().into_owned(),
                verdict: decision.verdict,
                rule: decision.rule,
                times: 1,
                bytes: None,
            });
        }
    }
}

fn milliseconds_since_1970() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn host_error(message: String) -> Report {
    Report::of(Outcome::HostError { message })
}
