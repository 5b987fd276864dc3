//! What happened, as the files of `spec/01` §16 tell it: `coordination_events.json`, `snapshot_mappings.json`,
//! `coordination_table.txt` and the shape of `vote.json`. Built from the event stream alone.
//!
//! An *iteration* is the time between two accepted answers, from 1; a *round* counts an agent's restarts, from 0.
//! Every event that the stream knows has a place here, ignored votes included (`spec/01` O2).

mod table;
mod vote;

use std::collections::BTreeMap;

use jiff::Timestamp;
use massgen_config::AgentId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::AnswerLabel;
use crate::event::{AgentInfo, Event, EventKind, Outcome};

pub use vote::VoteRecord;

/// Follows one run.
#[derive(Debug, Default)]
pub struct Tracker {
    question: String,
    agents: Vec<AgentInfo>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    winner: Option<AgentId>,
    outcome: Option<Outcome>,
    iteration: u32,
    followed: BTreeMap<AgentId, Followed>,
    events: Vec<Tracked>,
    mappings: BTreeMap<String, Value>,
    rows: Vec<table::Row>,
}

/// What is known of one agent at this moment.
#[derive(Debug, Default, Clone)]
struct Followed {
    round: u32,
    sees: Vec<AnswerLabel>,
    answers: u32,
    votes: u32,
    state: Option<State>,
}

/// An agent's state as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Streaming,
    Answered(AnswerLabel),
    Voted(AnswerLabel),
    Waiting,
    Killed,
    TimedOut,
    Completed,
}

/// One record of `coordination_events.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Tracked {
    /// Seconds since the epoch.
    timestamp: f64,
    event_type: &'static str,
    agent_id: Option<AgentId>,
    details: String,
    context: Value,
}

impl Tracker {
    /// Takes the next event of the stream.
    pub fn record(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { question, agents } => self.run_started(event, question, agents),
            EventKind::AgentStarted { agent, sees, round } => {
                self.agent_started(event, agent, sees, *round)
            }
            EventKind::AnswerAccepted {
                agent,
                label,
                content,
                log_entry,
            } => {
                self.answer_accepted(event, agent, *label, content, log_entry.as_deref());
            }
            EventKind::VoteCast {
                agent,
                target,
                label,
                reason,
                log_entry,
            } => {
                self.vote_cast(event, agent, target, *label, reason, log_entry.as_deref());
            }
            EventKind::VoteIgnored {
                agent,
                target,
                because,
            } => {
                let details = format!(
                    "vote for {target} ignored: answer {because} is newer than what the voter saw"
                );
                self.track(
                    event,
                    "vote_ignored",
                    Some(agent),
                    details,
                    json!({ "voted_for": target, "because": because }),
                );
            }
            EventKind::RestartCompleted { agent } => {
                let details = "restart completed".to_owned();
                self.track(event, "restart_completed", Some(agent), details, json!({}));
                self.row(agent, "✅ RESTART COMPLETED");
            }
            EventKind::AgentFailed {
                agent,
                error,
                failures,
            } => {
                self.state(agent, State::Waiting);
                self.track(
                    event,
                    "agent_error",
                    Some(agent),
                    error.clone(),
                    json!({ "failures": failures }),
                );
                self.row(agent, &format!("❌ FAILED {error}"));
            }
            EventKind::AgentKilled { agent, error } => {
                self.state(agent, State::Killed);
                let details = format!("given up: {error}");
                self.track(
                    event,
                    "agent_error",
                    Some(agent),
                    details,
                    json!({ "killed": true }),
                );
                self.row(agent, "❌ GIVEN UP");
            }
            EventKind::TimedOut {
                limit_ms,
                waiting_for,
            } => self.timed_out(event, *limit_ms, waiting_for),
            EventKind::WinnerSelected { agent, label, .. } => {
                self.winner = Some(agent.clone());
                let details = format!("{agent} presents");
                self.track(
                    event,
                    "final_agent_selected",
                    Some(agent),
                    details,
                    json!({ "label": label }),
                );
                self.row(agent, "🏆 WINNER SELECTED");
            }
            EventKind::PresentationStarted { agent } => self.presentation_started(event, agent),
            EventKind::PresentationFinished { agent, source, .. } => {
                self.presentation_finished(event, agent, json!(source))
            }
            EventKind::RunFinished { outcome, .. } => self.run_finished(event, outcome),
            EventKind::Content { .. }
            | EventKind::Reasoning { .. }
            | EventKind::ProviderTool { .. }
            | EventKind::Citation { .. }
            | EventKind::ToolCallStarted { .. }
            | EventKind::ToolCallFinished { .. }
            | EventKind::Enforced { .. }
            | EventKind::DuplicateRejected { .. }
            | EventKind::RestartRequested { .. }
            | EventKind::RetryScheduled { .. }
            | EventKind::PresentationContent { .. }
            | EventKind::Delivered { .. }
            | EventKind::Usage { .. }
            | EventKind::Spent { .. }
            | EventKind::Warning { .. } => {}
        }
    }

    /// The content of `coordination_events.json`.
    pub fn coordination_events(&self) -> Value {
        let ids: Vec<_> = self.agents.iter().map(|agent| &agent.id).collect();
        json!({
            "session_metadata": {
                "user_prompt": self.question,
                "agent_ids": ids,
                "start_time": self.started.map(seconds),
                "end_time": self.ended.map(seconds),
                "final_winner": self.winner,
            },
            "events": self.events,
        })
    }

    /// The content of `snapshot_mappings.json`.
    pub fn snapshot_mappings(&self) -> Value {
        json!(self.mappings)
    }

    /// The content of `system_status.txt`.
    pub fn status(&self) -> String {
        let outcome = match &self.outcome {
            Some(Outcome::Finished { winner, .. }) => format!("finished; {winner} presented"),
            Some(Outcome::TimedOut {
                winner: Some(winner),
                ..
            }) => format!("timed out; {winner} presented"),
            Some(Outcome::TimedOut { winner: None, .. }) => {
                "timed out without an answer".to_owned()
            }
            Some(Outcome::Failed { error }) => format!("failed: {error}"),
            Some(Outcome::Interrupted) => "interrupted".to_owned(),
            None => "running".to_owned(),
        };
        let counts = self.agents.iter().map(|agent| {
            let Followed { answers, votes, .. } =
                self.followed.get(&agent.id).cloned().unwrap_or_default();
            format!(
                "{} ({}): {answers} answer(s), {votes} vote(s)\n",
                agent.id, agent.anonymous
            )
        });
        format!("{outcome}\n{}", counts.collect::<String>())
    }

    fn run_started(&mut self, event: &Event, question: &str, agents: &[AgentInfo]) {
        self.question = question.to_owned();
        self.agents = agents.to_vec();
        self.started = Some(event.at);
        self.iteration = 1;
        self.followed = agents
            .iter()
            .map(|agent| (agent.id.clone(), Followed::default()))
            .collect();
        self.track(
            event,
            "session_start",
            None,
            "the run began".to_owned(),
            json!({}),
        );
        self.track(
            event,
            "iteration_start",
            None,
            "iteration 1".to_owned(),
            json!({}),
        );
    }

    fn agent_started(&mut self, event: &Event, agent: &AgentId, sees: &[AnswerLabel], round: u32) {
        let followed = self.followed.entry(agent.clone()).or_default();
        followed.round = round;
        followed.sees = sees.to_vec();
        self.state(agent, State::Streaming);
        let details = format!("sees {}", listed(sees));
        self.track(
            event,
            "context_received",
            Some(agent),
            details,
            json!({ "available_answers": sees }),
        );
        self.track(
            event,
            "status_change",
            Some(agent),
            "streaming".to_owned(),
            json!({ "status": "streaming" }),
        );
        self.row(agent, "💭 started streaming");
    }

    fn answer_accepted(
        &mut self,
        event: &Event,
        agent: &AgentId,
        label: AnswerLabel,
        content: &str,
        log: Option<&str>,
    ) {
        self.followed.entry(agent.clone()).or_default().answers = label.number;
        self.state(agent, State::Answered(label));
        self.track(
            event,
            "new_answer",
            Some(agent),
            format!("answer {label}"),
            json!({ "label": label }),
        );
        let mapping = json!({ "type": "answer", "label": label, "path": log.map(|log| format!("{log}/answer.txt")) });
        self.map(event, label.to_string(), agent, mapping);
        self.row(agent, &format!("✨ NEW ANSWER {label}"));
        self.row(
            agent,
            &format!("👁️ {}", content.trim().lines().next().unwrap_or_default()),
        );

        self.track(
            event,
            "restart_triggered",
            Some(agent),
            format!("answer {label} restarts all agents"),
            json!({ "label": label }),
        );
        self.row(agent, "🔁 RESTART TRIGGERED");
        self.track(
            event,
            "iteration_end",
            None,
            format!("iteration {}", self.iteration),
            json!({}),
        );
        self.iteration += 1;
        self.track(
            event,
            "iteration_start",
            None,
            format!("iteration {}", self.iteration),
            json!({}),
        );
    }

    fn vote_cast(
        &mut self,
        event: &Event,
        agent: &AgentId,
        target: &AgentId,
        label: AnswerLabel,
        reason: &str,
        log: Option<&str>,
    ) {
        let followed = self.followed.entry(agent.clone()).or_default();
        followed.votes += 1;
        let (vote, sees) = (followed.votes, followed.sees.clone());
        self.state(agent, State::Voted(label));
        let name = format!("{}.vote{vote}", self.anonymous(agent));
        let context = json!({
            "label": name, "voted_for": target, "voted_for_label": label, "reason": reason, "available_answers": sees,
        });
        self.track(
            event,
            "vote_cast",
            Some(agent),
            format!("vote for {label}"),
            context,
        );
        let mapping = json!({
            "type": "vote", "label": name, "voted_for": target, "voted_for_label": label, "reason": reason,
            "path": log.map(|log| format!("{log}/vote.json")),
        });
        self.map(event, name, agent, mapping);
        self.row(agent, &format!("🗳️ VOTE {label}"));
        self.row(
            agent,
            &format!("💭 {}", reason.trim().lines().next().unwrap_or_default()),
        );
    }

    fn timed_out(&mut self, event: &Event, limit_ms: u64, waiting_for: &[AgentId]) {
        let elapsed = self
            .started
            .map_or(0.0, |started| seconds(event.at) - seconds(started));
        let limit = std::time::Duration::from_millis(limit_ms).as_secs_f64();
        for agent in waiting_for {
            self.state(agent, State::TimedOut);
            let details = format!("Time limit exceeded ({elapsed:.1}s/{limit:.1}s)");
            self.track(event, "agent_timeout", Some(agent), details, json!({}));
            self.row(agent, "⏰ TIMEOUT");
        }
    }

    fn presentation_started(&mut self, event: &Event, agent: &AgentId) {
        for other in self
            .agents
            .iter()
            .map(|other| other.id.clone())
            .filter(|other| other != agent)
            .collect::<Vec<_>>()
        {
            let killed = self
                .followed
                .get(&other)
                .is_some_and(|followed| followed.state == Some(State::Killed));
            if !killed {
                self.state(&other, State::Completed);
            }
        }
        let last = self
            .followed
            .values()
            .map(|followed| followed.round)
            .max()
            .unwrap_or_default();
        self.followed.entry(agent.clone()).or_default().round = last + 1;
        self.state(agent, State::Streaming);
        self.track(
            event,
            "final_round_start",
            Some(agent),
            "final presentation".to_owned(),
            json!({}),
        );
    }

    fn presentation_finished(&mut self, event: &Event, agent: &AgentId, origin: Value) {
        self.state(agent, State::Completed);
        let label = format!("{}.final", self.anonymous(agent));
        self.track(
            event,
            "final_answer",
            Some(agent),
            label.clone(),
            json!({ "label": label, "source": origin }),
        );
        let mapping = json!({ "type": "final_answer", "label": label, "path": format!("final/{agent}/answer.txt") });
        self.map(event, label.clone(), agent, mapping);
        self.row(agent, &format!("🎯 FINAL ANSWER {label}"));
    }

    fn run_finished(&mut self, event: &Event, outcome: &Outcome) {
        self.ended = Some(event.at);
        self.outcome = Some(outcome.clone());
        if *outcome == Outcome::Interrupted {
            for agent in self
                .agents
                .iter()
                .map(|agent| agent.id.clone())
                .collect::<Vec<_>>()
            {
                if self
                    .followed
                    .get(&agent)
                    .is_some_and(|followed| followed.state == Some(State::Streaming))
                {
                    self.track(
                        event,
                        "agent_cancelled",
                        Some(&agent),
                        "interrupted".to_owned(),
                        json!({}),
                    );
                }
            }
        }
        self.track(
            event,
            "session_end",
            None,
            "the run ended".to_owned(),
            json!({}),
        );
    }

    fn track(
        &mut self,
        event: &Event,
        event_type: &'static str,
        agent: Option<&AgentId>,
        details: String,
        mut context: Value,
    ) {
        context["iteration"] = json!(self.iteration);
        if let Some(followed) = agent.and_then(|agent| self.followed.get(agent)) {
            context["round"] = json!(followed.round);
        }
        self.events.push(Tracked {
            timestamp: seconds(event.at),
            event_type,
            agent_id: agent.cloned(),
            details,
            context,
        });
    }

    fn map(&mut self, event: &Event, label: String, agent: &AgentId, mut mapping: Value) {
        mapping["agent_id"] = json!(agent);
        mapping["timestamp"] = json!(seconds(event.at));
        mapping["iteration"] = json!(self.iteration);
        mapping["round"] = json!(self.followed.get(agent).map(|followed| followed.round));
        self.mappings.insert(label, mapping);
    }

    fn state(&mut self, agent: &AgentId, state: State) {
        self.followed.entry(agent.clone()).or_default().state = Some(state);
    }

    fn anonymous(&self, agent: &AgentId) -> String {
        let info = self.agents.iter().find(|info| info.id == *agent);
        info.map_or_else(|| agent.to_string(), |info| info.anonymous.clone())
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn listed(labels: &[AnswerLabel]) -> String {
    match labels {
        [] => "no answers".to_owned(),
        labels => labels
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests;
