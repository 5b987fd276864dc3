//! The agents' directories as the run uses them: brought in order before an agent works, saved when it answered, voted
//! or presented. All of it blocks on the disk and happens on blocking threads; what goes wrong is told and does not
//! end the run, for an answer without its files is worth more than no answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Zoned;
use massgen_config::AgentId;

use massgen_permissions::audit::Phase;

use crate::answer::AnswerLabel;
use crate::copies::{Copy, CopyAudit};
use crate::layout::{LogEntry, LogLayout};
use crate::tracker::VoteRecord;
use crate::workspace::{Delivery, Shared, Snapshot, Tally, WorkspaceError, Workspaces};

/// The directories of all agents of a run, and the folder of its log.
#[derive(Clone)]
pub(crate) struct Desks {
    workspaces: Arc<Workspaces>,
    log: Option<LogLayout>,
    audit: Option<CopyAudit>,
    /// A cancelled task's file work runs to its end on its thread; the next work on the same desk waits for it here.
    busy: Arc<BTreeMap<AgentId, Mutex<()>>>,
}

/// How an agent's workspace is to look before it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// As it was prepared for the run.
    Prepared,
    /// Empty (`spec/04` F12): what was there belongs to an earlier attempt.
    Empty,
    /// As it was when the agent gave this answer.
    AsAnswered(AnswerLabel),
}

/// What was saved, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// The entry's folder below the log folder.
    pub(crate) entry: Option<String>,
    /// Sentences for the user.
    pub(crate) warnings: Vec<String>,
    /// What was delivered, where something was.
    pub(crate) delivery: Option<Delivery>,
}

impl Desks {
    pub(crate) fn new(
        workspaces: Arc<Workspaces>,
        log: Option<LogLayout>,
        audit: Option<CopyAudit>,
        agents: impl IntoIterator<Item = AgentId>,
    ) -> Self {
        let busy = agents
            .into_iter()
            .map(|agent| (agent, Mutex::default()))
            .collect();
        Self {
            workspaces,
            log,
            audit,
            busy: Arc::new(busy),
        }
    }

    /// Brings an agent's workspace in order and shares the files of the answers that it sees. Gives the shared folders,
    /// and what was left out of them.
    ///
    /// # Errors
    /// The sentence says which directory cannot be used.
    pub(crate) async fn lay_out(
        &self,
        agent: AgentId,
        start: Start,
        sees: Vec<AnswerLabel>,
    ) -> Result<(Vec<PathBuf>, Vec<String>), String> {
        self.on_disk(Some(agent.clone()), move |desks| {
            let lay_out = || -> Result<_, WorkspaceError> {
                let left_out = match start {
                    Start::Prepared => Vec::new(),
                    Start::Empty => desks.workspaces.clear(&agent).map(|()| Vec::new())?,
                    Start::AsAnswered(label) => {
                        let restored = desks.workspaces.restore(&agent, label)?;
                        desks.audit_restored(&agent, label, &restored);
                        restored.warnings
                    }
                };
                let shared = desks.workspaces.share(&agent, &sees)?;
                desks.audit_shared(&agent, &sees, &shared);
                Ok((shared.folders, [left_out, shared.tally.warnings].concat()))
            };
            let (folders, warnings) = lay_out().map_err(|error| error.to_string())?;
            Ok((folders, warnings.iter().map(ToString::to_string).collect()))
        })
        .await
        .unwrap_or_else(Err)
    }

    /// Saves an answer: the snapshot that the others will see, and its entry in the log.
    pub(crate) async fn save_answer(
        &self,
        agent: AgentId,
        label: AnswerLabel,
        content: String,
        shown: String,
    ) -> Saved {
        self.saving(Some(agent.clone()), move |desks, saved| {
            let snapshot = desks.workspaces.snapshot(&agent, label);
            let entry = desks.open_entry(&agent, saved);
            let copy = entry.as_ref().map(LogEntry::workspace);
            match snapshot {
                Ok(snapshot) => {
                    if let Some(taken) = &snapshot {
                        desks.audit_snapshot(taken);
                    }
                    saved.note_all(snapshot.iter().flat_map(|taken| &taken.tally.warnings));
                    saved.check(copy.map(|copy| desks.workspaces.archive_answer(label, &copy)));
                }
                Err(error) => {
                    saved.note(format!(
                        "the files of answer {label} are not shared: {error}"
                    ));
                    saved.check(copy.map(|copy| desks.workspaces.archive(&agent, &copy)));
                }
            }
            saved.check(entry.as_ref().map(|entry| entry.write_context(&shown)));
            saved.check(entry.map(|entry| entry.write_answer(&content)));
        })
        .await
    }

    /// Saves a vote, and what the voter had on its desk.
    pub(crate) async fn save_vote(&self, agent: AgentId, vote: VoteRecord, shown: String) -> Saved {
        self.saving(Some(agent.clone()), move |desks, saved| {
            let entry = desks.open_entry(&agent, saved);
            saved.check(entry.as_ref().map(|entry| entry.write_context(&shown)));
            saved.check(
                entry
                    .as_ref()
                    .map(|entry| desks.workspaces.archive(&agent, &entry.workspace())),
            );
            let name = entry
                .as_ref()
                .map(|entry| entry.name().to_string_lossy().into_owned());
            let vote = VoteRecord {
                timestamp: name,
                ..vote
            };
            saved.check(entry.map(|entry| entry.write_vote(&vote)));
        })
        .await
    }

    /// Saves the final presentation: text, workspace and what was shown.
    pub(crate) async fn save_final(
        &self,
        agent: AgentId,
        label: Option<AnswerLabel>,
        text: String,
        shown: String,
    ) -> Saved {
        self.saving(Some(agent.clone()), move |desks, saved| {
            let Some(log) = &desks.log else { return };
            let Some(entry) = saved.check(Some(log.final_entry(&agent))) else {
                return;
            };
            saved.check(Some(entry.write_answer(&text)));
            saved.check(Some(entry.write_context(&shown)));
            let delivered = desks
                .workspaces
                .deliver_final(&agent, label, &entry.workspace());
            if let Some(Some(delivery)) = saved.check(Some(delivered)) {
                desks.audit_delivery(&agent, &delivery);
                saved.note_all(&delivery.tally.warnings);
                saved.delivery = Some(delivery);
            }
        })
        .await
    }

    /// Ends the work on the agents' files, when what still goes on has ended: removes the temporary workspaces, and
    /// makes directories of the snapshots and of the log's copies.
    pub(crate) async fn clear_away(&self) -> Saved {
        self.saving(None, |desks, saved| {
            let _nobody_works: Vec<_> = desks.busy.values().map(turn).collect();
            saved.check(Some(desks.workspaces.cleanup()));
            let log = desks.log.as_ref().map(LogLayout::root);
            for failure in desks.workspaces.unfold(log) {
                saved.note(format!(
                    "{failure}; its manifest and the stored contents are kept until the next run starts"
                ));
            }
        })
        .await
    }

    fn audit_snapshot(&self, taken: &Snapshot) {
        let Some(workspace) = self.workspaces.workspace(&taken.agent) else {
            return;
        };
        self.record(&Copy {
            agent: taken.agent.as_str(),
            purpose: "snapshot",
            answer: taken.label.to_string(),
            phase: Phase::Coordination,
            from: workspace,
            to: &taken.path,
            tally: &taken.tally,
        });
    }

    fn audit_restored(&self, agent: &AgentId, label: AnswerLabel, restored: &Tally) {
        let places = self.workspaces.workspace(agent);
        let Some((workspace, from)) = places.zip(self.workspaces.snapshot_path(label)) else {
            return;
        };
        self.record(&Copy {
            agent: agent.as_str(),
            purpose: "restore",
            answer: label.to_string(),
            phase: Phase::FinalPresentation,
            from: &from,
            to: workspace,
            tally: restored,
        });
    }

    fn audit_shared(&self, agent: &AgentId, sees: &[AnswerLabel], shared: &Shared) {
        let places = self.workspaces.snapshots();
        let Some((from, to)) = places.zip(self.workspaces.temporary(agent)) else {
            return;
        };
        if shared.folders.is_empty() {
            return;
        }
        let answers: Vec<_> = sees.iter().map(ToString::to_string).collect();
        self.record(&Copy {
            agent: agent.as_str(),
            purpose: "share",
            answer: answers.join(" "),
            phase: Phase::Coordination,
            from,
            to: &to,
            tally: &shared.tally,
        });
    }

    fn audit_delivery(&self, agent: &AgentId, delivery: &Delivery) {
        let Some(workspace) = self.workspaces.workspace(agent) else {
            return;
        };
        self.record(&Copy {
            agent: agent.as_str(),
            purpose: "deliver",
            answer: String::new(),
            phase: Phase::FinalPresentation,
            from: workspace,
            to: &delivery.path,
            tally: &delivery.tally,
        });
    }

    fn record(&self, copy: &Copy<'_>) {
        if let Some(audit) = &self.audit {
            audit.record(copy);
        }
    }

    fn open_entry(&self, agent: &AgentId, saved: &mut Saved) -> Option<LogEntry> {
        let log = self.log.as_ref()?;
        let entry = saved.check(Some(log.entry(agent, &Zoned::now())))?;
        saved.entry = Some(format!("{agent}/{}", entry.name().to_string_lossy()));
        Some(entry)
    }

    async fn saving(
        &self,
        desk: Option<AgentId>,
        work: impl FnOnce(&Self, &mut Saved) + Send + 'static,
    ) -> Saved {
        let saved = self.on_disk(desk, |desks| {
            let mut saved = Saved::default();
            work(desks, &mut saved);
            saved
        });
        saved.await.unwrap_or_else(|warning| Saved {
            warnings: vec![warning],
            ..Saved::default()
        })
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        desk: Option<AgentId>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, String> {
        let desks = self.clone();
        let working = tokio::task::spawn_blocking(move || {
            let busy = desk.and_then(|agent| desks.busy.get(&agent));
            let _turn = busy.map(turn);
            work(&desks)
        });
        working
            .await
            .map_err(|error| format!("work on the agents' files broke off: {error}"))
    }
}

fn turn(busy: &Mutex<()>) -> MutexGuard<'_, ()> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Saved {
    fn note(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    fn note_all<W: ToString>(&mut self, warnings: impl IntoIterator<Item = W>) {
        self.warnings
            .extend(warnings.into_iter().map(|warning| warning.to_string()));
    }

    /// Keeps what worked and notes what did not.
    fn check<T, E: ToString>(&mut self, result: Option<Result<T, E>>) -> Option<T> {
        result?.map_err(|error| self.note(error.to_string())).ok()
    }
}
