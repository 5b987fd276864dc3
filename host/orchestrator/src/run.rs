//! Runs one question from start to end: carries out what the [`Coordinator`] asks for. Agents are tasks that report
//! through one bounded channel; the driver alone owns the deadline, the event stream and the coordinator, so nothing
//! that a display or an agent does can keep a limit from taking effect (`spec/01` O11).

mod places;
mod work;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use massgen_backends::Backend;
use massgen_config::{AgentId, ContextPath};
use massgen_tools::Toolbox;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::places::{folders, place};
use crate::answer::{AgentIndex, Answer, AnswerLabel};
use crate::coordinator::{
    Backoff, Coordination, Coordinator, DEFAULT_MAX_ANSWERS, DEFAULT_MAX_FAILURES, Effect, Ending,
    Input, Rejection, Rules, Selection, Severity,
};
use crate::copies::CopyAudit;
use crate::desks::{Desks, Saved};
use crate::event::{AgentInfo, Delivered, EventKind, EventSink, Outcome, VoteCount};
use crate::layout::{LogError, LogLayout};
use crate::log::Publisher;
use crate::prompt::Desk;
use crate::report::{AttemptEnd, Proposal, REPORTS_IN_FLIGHT, Report, Reporter, Verdict};
use crate::tracker::VoteRecord;
use crate::workflow::is_workflow_tool;
use crate::workspace::Workspaces;

/// How long a presentation may last beyond the run's time limit (`spec/01` O9). Long enough for one long answer and the
/// delivery of its files, whatever coordination left of the limit.
pub const PRESENTATION_GRACE: Duration = Duration::from_secs(300);

/// No run has a longer time limit; keeps instants in the range of every system's clock.
const LONGEST_TIME_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long the end of a run waits for cancelled work to let go.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// An agent, ready to work.
pub struct Member {
    /// Its id in the configuration.
    pub id: AgentId,
    /// Its own instructions.
    pub system_message: Option<String>,
    /// Its model.
    pub backend: Arc<dyn Backend>,
    /// Its tools, bound to its files.
    pub toolbox: Toolbox,
    /// The user's paths that its tools may touch, for the prompt; the toolbox holds the grants themselves.
    pub context_paths: Vec<ContextPath>,
}

/// What a run needs.
pub struct RunOptions {
    /// The user's question.
    pub question: String,
    /// The agents in the order of the configuration.
    pub members: Vec<Member>,
    /// Whether the agents coordinate.
    pub coordination: Coordination,
    /// Answers after which an agent may only vote; none for [`DEFAULT_MAX_ANSWERS`].
    pub max_answers_per_agent: Option<NonZeroU32>,
    /// Waits between an agent's failures.
    pub backoff: Backoff,
    /// Time for coordination (`orchestrator_timeout_seconds`). A presentation may last [`PRESENTATION_GRACE`] longer.
    pub time_limit: Duration,
    /// The agents' directories, prepared for this run.
    pub workspaces: Arc<Workspaces>,
    /// Where the run is logged; none for no log.
    pub log: Option<LogLayout>,
    /// Records the copies that the host makes of the agents' files; none for no audit.
    pub audit: Option<CopyAudit>,
    /// Who receives the events.
    pub sinks: Vec<EventSink>,
    /// Ends the run as interrupted when cancelled.
    pub cancel: CancellationToken,
}

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A tool bears the name of a workflow tool.
    #[error(
        "agent `{agent}` has a tool named `{tool}`, which is the name of a tool for coordination; \
         rename that tool or exclude it"
    )]
    ReservedToolName {
        /// Whose tool.
        agent: AgentId,
        /// Its name.
        tool: String,
    },
    /// The journal cannot be written.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// The outcome, as the last event tells it.
    pub outcome: Outcome,
    /// Wall time.
    pub elapsed: Duration,
}

/// A run that is about to begin.
pub struct Run {
    driver: Driver,
    reports: mpsc::Receiver<Report>,
}

impl Run {
    /// Checks the options and opens the log.
    ///
    /// # Errors
    /// A tool bears a reserved name, or the log cannot be opened.
    pub fn new(options: RunOptions) -> Result<Self, RunError> {
        for member in &options.members {
            let definitions = member.toolbox.definitions();
            if let Some(tool) = definitions
                .into_iter()
                .find(|tool| is_workflow_tool(&tool.name))
            {
                return Err(RunError::ReservedToolName {
                    agent: member.id.clone(),
                    tool: tool.name,
                });
            }
        }
        let (sender, reports) = mpsc::channel(REPORTS_IN_FLIGHT);
        Ok(Self {
            driver: Driver::new(options, Reporter(sender))?,
            reports,
        })
    }

    /// Runs to the end. Never fails: whatever happens becomes an outcome.
    pub async fn execute(self) -> RunResult {
        self.driver.drive(self.reports).await
    }
}

struct Driver {
    question: String,
    members: Vec<Member>,
    /// The members' directories, as their prompts name them.
    places: Vec<Desk>,
    desks: Desks,
    publisher: Publisher,
    coordinator: Coordinator,
    /// The labels of the answers that stand, sorted; agents compare them with what they were shown.
    answers: watch::Sender<Vec<String>>,
    reporter: Reporter,
    tasks: JoinSet<AgentIndex>,
    working: HashMap<AgentIndex, AbortHandle>,
    verdicts: HashMap<AgentIndex, oneshot::Sender<Verdict>>,
    /// What each agent was asked last, and in which round.
    asked: HashMap<AgentIndex, Asked>,
    presentation: Option<Presentation>,
    cancel: CancellationToken,
    time_limit: Duration,
    begun: Instant,
}

#[derive(Default)]
struct Asked {
    shown: String,
    round: u32,
}

struct Presentation {
    winner: AgentIndex,
    label: Option<AnswerLabel>,
    shown: String,
}

/// What ends the wait for the next thing to happen.
enum Wakeup {
    Report(Report),
    Panicked(AgentIndex, String),
    Input(Input),
}

impl Driver {
    fn new(options: RunOptions, reporter: Reporter) -> Result<Self, RunError> {
        let places: Vec<Desk> = options
            .members
            .iter()
            .map(|member| place(member, &options.workspaces))
            .collect();
        let rules = Rules {
            coordination: options.coordination,
            max_answers_per_agent: options.max_answers_per_agent.unwrap_or(DEFAULT_MAX_ANSWERS),
            max_failures: DEFAULT_MAX_FAILURES,
            backoff: options.backoff,
            folders: folders(&places),
        };
        let ids = options.members.iter().map(|member| member.id.clone());
        Ok(Self {
            desks: Desks::new(options.workspaces, options.log.clone(), options.audit, ids),
            coordinator: Coordinator::new(options.members.len(), rules),
            question: options.question,
            members: options.members,
            places,
            publisher: Publisher::new(options.log, options.sinks)?,
            answers: watch::Sender::new(Vec::new()),
            reporter,
            tasks: JoinSet::new(),
            working: HashMap::new(),
            verdicts: HashMap::new(),
            asked: HashMap::new(),
            presentation: None,
            cancel: options.cancel,
            time_limit: options.time_limit.min(LONGEST_TIME_LIMIT),
            begun: Instant::now(),
        })
    }

    async fn drive(mut self, mut reports: mpsc::Receiver<Report>) -> RunResult {
        self.begun = Instant::now();
        self.publisher.publish(EventKind::RunStarted {
            question: self.question.clone(),
            agents: self.introductions(),
        });
        let mut ending = self.apply(Input::Begun).await;
        while ending.is_none() {
            ending = match self.wait(&mut reports).await {
                Wakeup::Report(report) => self.take(report).await,
                Wakeup::Panicked(agent, panic) => self.take_panic(agent, panic).await,
                Wakeup::Input(input) => self.apply(input).await,
            };
        }
        self.finish(ending.unwrap_or(Ending::Interrupted)).await
    }

    /// Limits come first, so that agents who report without pause cannot outrun them.
    async fn wait(&mut self, reports: &mut mpsc::Receiver<Report>) -> Wakeup {
        let presenting = self.presentation.is_some();
        let deadline = self.begun
            + self.time_limit
            + if presenting {
                PRESENTATION_GRACE
            } else {
                Duration::ZERO
            };
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Wakeup::Input(Input::Interrupted),
                () = sleep_until(deadline) => return self.time_is_up(presenting),
                Some(report) = reports.recv() => return Wakeup::Report(report),
                Some(joined) = self.tasks.join_next_with_id() => {
                    if let Some(panicked) = self.panicked(joined) {
                        return panicked;
                    }
                }
            }
        }
    }

    fn time_is_up(&mut self, presenting: bool) -> Wakeup {
        if !presenting {
            return Wakeup::Input(Input::DeadlineReached);
        }
        let winner = self
            .presentation
            .as_ref()
            .map(|presentation| presentation.winner);
        if let Some(winner) = winner {
            self.stop(winner);
            let message = "the final presentation ran out of time and was cut off".to_owned();
            self.publisher.warn(Some(self.id(winner)), message);
        }
        Wakeup::Input(Input::PresentationEnded { text: None })
    }

    fn panicked(&self, joined: Result<(tokio::task::Id, AgentIndex), JoinError>) -> Option<Wakeup> {
        let error = joined.err().filter(JoinError::is_panic)?;
        let agent = self
            .working
            .iter()
            .find(|(_, task)| task.id() == error.id())
            .map(|(agent, _)| *agent)?;
        let panic = error.into_panic();
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Some(Wakeup::Panicked(
            agent,
            text.unwrap_or_else(|| "no message".to_owned()),
        ))
    }

    async fn take_panic(&mut self, agent: AgentIndex, panic: String) -> Option<Ending> {
        let error =
            format!("a defect in MassGen broke the agent's work off ({panic}); please report it");
        if self.presentation.is_some() {
            self.publisher.warn(Some(self.id(agent)), error);
            return self.apply(Input::PresentationEnded { text: None }).await;
        }
        self.apply(Input::AttemptFailed {
            agent,
            error,
            severity: Severity::Transient,
        })
        .await
    }

    async fn take(&mut self, report: Report) -> Option<Ending> {
        let input = match report {
            Report::Event(kind) => {
                self.publisher.publish(kind);
                return None;
            }
            Report::RetryDue { agent } => Input::RetryDue { agent },
            Report::Proposed {
                agent,
                proposal,
                shown,
                verdict,
            } => {
                self.verdicts.insert(agent, verdict);
                self.asked.entry(agent).or_default().shown = shown;
                let ending = self.apply(proposed(agent, proposal)).await;
                // A proposal that came too late gets no verdict: dropping the channel tells its agent so.
                self.verdicts.remove(&agent);
                return ending;
            }
            Report::AttemptEnded { agent, end } => match end {
                AttemptEnd::Settled => return None,
                AttemptEnd::Superseded => Input::AttemptAbandoned { agent },
                AttemptEnd::Failed { error, severity } => Input::AttemptFailed {
                    agent,
                    error,
                    severity,
                },
            },
            Report::PresentationEnded { text, shown } => {
                if let Some(presentation) = &mut self.presentation {
                    presentation.shown = shown;
                }
                Input::PresentationEnded { text }
            }
        };
        self.apply(input).await
    }

    /// Lets the coordinator take a step and carries out its effects. Gives the ending once there is one.
    async fn apply(&mut self, input: Input) -> Option<Ending> {
        for effect in self.coordinator.apply(input) {
            if let Effect::Finish(ending) = effect {
                return Some(ending);
            }
            self.carry_out(effect).await;
        }
        None
    }

    async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::StartAgent {
                agent,
                round,
                sees,
                choices,
            } => self.start(agent, round, sees, choices),
            Effect::RequestRestart { agent, because } => {
                self.publisher.publish(EventKind::RestartRequested {
                    agent: self.id(agent),
                    because,
                });
            }
            Effect::CompleteRestart { agent } => {
                self.settle(agent, Verdict::Settled);
                self.publisher.publish(EventKind::RestartCompleted {
                    agent: self.id(agent),
                });
            }
            Effect::AcceptAnswer(answer) => self.accept_answer(answer).await,
            Effect::AcceptVote {
                voter,
                label,
                reason,
            } => self.accept_vote(voter, label, reason).await,
            Effect::RejectProposal { agent, rejection } => self.reject(agent, rejection),
            Effect::IgnoreVote {
                voter,
                target,
                because,
            } => {
                let (agent, target) = (self.id(voter), self.id(target));
                self.publisher.publish(EventKind::VoteIgnored {
                    agent,
                    target,
                    because,
                });
            }
            Effect::RecordFailure {
                agent,
                error,
                failures,
            } => {
                self.publisher.publish(EventKind::AgentFailed {
                    agent: self.id(agent),
                    error,
                    failures,
                });
            }
            Effect::ScheduleRetry { agent, after } => self.schedule_retry(agent, after),
            Effect::KillAgent { agent, error } => {
                self.publisher.publish(EventKind::AgentKilled {
                    agent: self.id(agent),
                    error,
                });
            }
            Effect::StopAgent { agent } => self.stop(agent),
            Effect::DeclareTimeout { waiting_for } => {
                let limit_ms = milliseconds(self.time_limit);
                let waiting_for = waiting_for
                    .into_iter()
                    .map(|agent| self.id(agent))
                    .collect();
                self.publisher.publish(EventKind::TimedOut {
                    limit_ms,
                    waiting_for,
                });
            }
            Effect::Present(selection) => self.present(selection),
            Effect::Conclude {
                winner,
                text,
                source,
            } => {
                self.save_final(winner, text.clone()).await;
                self.publisher.publish(EventKind::PresentationFinished {
                    agent: self.id(winner),
                    text,
                    source,
                });
            }
            Effect::Finish(_) => {}
        }
    }

    /// An answer's files are saved before anybody hears of it.
    async fn accept_answer(&mut self, answer: Answer) {
        let Answer { label, content } = answer;
        let agent = self.id(label.agent);
        let shown = self.shown(label.agent);
        let saved = self
            .desks
            .save_answer(agent.clone(), label, content.clone(), shown)
            .await;
        let log_entry = self.tell(&agent, saved);
        self.publisher.publish(EventKind::AnswerAccepted {
            agent,
            label,
            content,
            log_entry,
        });
        self.answers.send_replace(sorted_labels(&self.labels()));
        self.settle(label.agent, Verdict::Settled);
    }

    async fn accept_vote(&mut self, voter: AgentIndex, label: AnswerLabel, reason: String) {
        let (agent, target) = (self.id(voter), self.id(label.agent));
        let record = self.vote_record(voter, label, reason.clone());
        let shown = self.shown(voter);
        let saved = self.desks.save_vote(agent.clone(), record, shown).await;
        let log_entry = self.tell(&agent, saved);
        self.publisher.publish(EventKind::VoteCast {
            agent,
            target,
            label,
            reason,
            log_entry,
        });
        self.settle(voter, Verdict::Settled);
    }

    fn reject(&mut self, agent: AgentIndex, rejection: Rejection) {
        if let Rejection::Duplicate(duplicate_of) = rejection {
            self.publisher.publish(EventKind::DuplicateRejected {
                agent: self.id(agent),
                duplicate_of,
            });
        }
        self.settle(agent, Verdict::Rejected(rejection));
    }

    /// Answers a waiting proposal, if there is one.
    fn settle(&mut self, agent: AgentIndex, verdict: Verdict) {
        if let Some(waiting) = self.verdicts.remove(&agent) {
            // An agent that was stopped meanwhile no longer waits.
            let _ = waiting.send(verdict);
        }
    }

    async fn save_final(&mut self, winner: AgentIndex, text: String) {
        let (label, shown) = match &self.presentation {
            Some(presentation) => (presentation.label, presentation.shown.clone()),
            None => (None, String::new()),
        };
        let agent = self.id(winner);
        let mut saved = self
            .desks
            .save_final(agent.clone(), label, text, shown)
            .await;
        let delivery = saved.delivery.take();
        self.tell(&agent, saved);
        let in_context = self.members[winner.0].toolbox.changed_context_paths();
        if delivery.is_some() || !in_context.is_empty() {
            self.publisher.publish(EventKind::Delivered {
                agent,
                workspace: delivery.map(Delivered::from),
                context_paths: in_context,
            });
        }
    }

    async fn finish(mut self, ending: Ending) -> RunResult {
        // A task whose work does not let go in time is left to the end of the process.
        let _ = tokio::time::timeout(SHUTDOWN, self.tasks.shutdown()).await;
        for warning in self.desks.clear_away().await.warnings {
            self.publisher.warn(None, warning);
        }
        let outcome = match ending {
            Ending::Finished { winner, text } => Outcome::Finished {
                winner: self.id(winner),
                final_text: text,
            },
            Ending::TimedOut { result } => {
                let (winner, final_text) =
                    result.map(|(winner, text)| (self.id(winner), text)).unzip();
                Outcome::TimedOut { winner, final_text }
            }
            Ending::Failed { error } => Outcome::Failed { error },
            Ending::Interrupted => Outcome::Interrupted,
        };
        self.publisher.publish_spending();
        let elapsed = self.begun.elapsed();
        let elapsed_ms = milliseconds(elapsed);
        self.publisher.publish(EventKind::RunFinished {
            outcome: outcome.clone(),
            elapsed_ms,
        });
        RunResult { outcome, elapsed }
    }

    fn introductions(&self) -> Vec<AgentInfo> {
        let introduce = |(position, member): (usize, &Member)| {
            let backend = member.backend.info();
            let anonymous = AgentIndex(position).anonymous();
            AgentInfo {
                id: member.id.clone(),
                anonymous,
                provider: backend.provider,
                model: backend.model,
            }
        };
        self.members.iter().enumerate().map(introduce).collect()
    }

    fn vote_counts(&self, selection: &Selection) -> Vec<VoteCount> {
        let count = |answer: &Answer| {
            let agent = answer.label.agent;
            VoteCount {
                agent: self.id(agent),
                votes: u32::try_from(selection.votes_for(agent)).unwrap_or(u32::MAX),
            }
        };
        selection.answers.iter().map(count).collect()
    }

    fn vote_record(&self, voter: AgentIndex, label: AnswerLabel, reason: String) -> VoteRecord {
        let ids: Vec<AgentId> = self
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect();
        let round = self.asked.get(&voter).map_or(0, |asked| asked.round);
        VoteRecord::new(
            &ids,
            voter,
            label,
            reason,
            &self.labels(),
            round,
            &self.question,
        )
    }

    /// Passes warnings on and gives the entry in the log.
    fn tell(&mut self, agent: &AgentId, saved: Saved) -> Option<String> {
        for warning in saved.warnings {
            self.publisher.warn(Some(agent.clone()), warning);
        }
        saved.entry
    }

    fn labels(&self) -> Vec<AnswerLabel> {
        self.coordinator
            .answers()
            .iter()
            .map(|answer| answer.label)
            .collect()
    }

    fn shown(&self, agent: AgentIndex) -> String {
        self.asked
            .get(&agent)
            .map(|asked| asked.shown.clone())
            .unwrap_or_default()
    }

    fn instructions(&self, agent: AgentIndex) -> Option<&str> {
        self.members[agent.0].system_message.as_deref()
    }

    fn id(&self, agent: AgentIndex) -> AgentId {
        self.members[agent.0].id.clone()
    }
}

fn proposed(agent: AgentIndex, proposal: Proposal) -> Input {
    match proposal {
        Proposal::Answer(content) => Input::AnswerProposed { agent, content },
        Proposal::Vote { target, reason } => Input::VoteProposed {
            agent,
            target,
            reason,
        },
    }
}

/// Labels as a [`TurnContext`] holds them.
fn sorted_labels(labels: &[AnswerLabel]) -> Vec<String> {
    let mut labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
    labels.sort();
    labels
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
