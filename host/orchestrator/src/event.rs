//! The one public stream of a run: every step is an [`Event`], and displays, JSON output, logs, the journal and the
//! tracker files all read this stream and nothing else. Events of a run are numbered without gaps and in the order in
//! which they took effect; a reader that has them all can tell the whole story of the run again.

use std::path::PathBuf;

use jiff::Timestamp;
use massgen_backends::{Stage, Usage};
use massgen_config::{AgentId, Usd};
use massgen_tools::ToolStatus;
use serde::{Deserialize, Serialize};

use crate::answer::AnswerLabel;
use crate::spending::Spending;
use crate::workspace::Delivery;

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the stream, from 0, without gaps.
    pub seq: u64,
    /// When it happened; RFC 3339 in JSON.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Receives each event once, in order. It is called on the run's own task, so it must not block: a display that may
/// have to wait for its reader sends a copy through a channel.
pub type EventSink = Box<dyn FnMut(&Event) + Send>;

/// What happened. In JSON the field `type` holds the variant's name in snake case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The run began. Always the first event.
    RunStarted {
        /// The user's question.
        question: String,
        /// The agents in the order of the configuration.
        agents: Vec<AgentInfo>,
    },
    /// An agent was asked: a fresh conversation over the answers that it sees.
    AgentStarted {
        /// Who was asked.
        agent: AgentId,
        /// How often this agent was restarted because of a newer answer, from 0.
        round: u32,
        /// The answers shown to it, in the order of the agents.
        sees: Vec<AnswerLabel>,
    },
    /// Visible text of an agent during coordination, in pieces as they arrive.
    Content {
        /// Who speaks.
        agent: AgentId,
        /// The next piece.
        text: String,
    },
    /// An agent's reasoning in either stage, where its provider shows it.
    Reasoning {
        /// Who thinks.
        agent: AgentId,
        /// The next piece.
        text: String,
    },
    /// An agent's provider ran a tool of its own, in either stage.
    ProviderTool {
        /// Whose.
        agent: AgentId,
        /// The tool, as the provider calls it.
        tool: String,
        /// The query or the code, shortened to about 200 characters; may be empty.
        detail: String,
    },
    /// An agent's provider names a source of what was said, in either stage.
    Citation {
        /// Who spoke.
        agent: AgentId,
        /// Where the source is.
        url: String,
        /// Its title; may be empty.
        title: String,
    },
    /// A tool call is about to run. Calls of `new_answer` and `vote` show as their consequences instead.
    ToolCallStarted {
        /// Who called.
        agent: AgentId,
        /// The call's id, unique within one attempt of the agent.
        call_id: String,
        /// The tool's name.
        tool: String,
        /// The arguments on one line, shortened to about 200 characters.
        arguments: String,
    },
    /// A tool call ended.
    ToolCallFinished {
        /// Who called.
        agent: AgentId,
        /// The call's id, as in [`EventKind::ToolCallStarted`].
        call_id: String,
        /// The tool's name.
        tool: String,
        /// How it ended; a refusal names its rule, a limit its name.
        #[serde(flatten)]
        status: ToolStatus,
        /// The first line of what the model reads, shortened to about 200 characters.
        summary: String,
        /// Wall time of the call in milliseconds.
        elapsed_ms: u64,
        /// The native lane in which it ran, which holds it less closely than the sandbox; none in the sandbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
    },
    /// An agent ended its turn without a usable `new_answer` or `vote` and was told so.
    Enforced {
        /// Who was told.
        agent: AgentId,
        /// Which try of the attempt failed, from 1.
        attempt: u32,
        /// What was wrong.
        reason: String,
    },
    /// A new answer stands; all votes so far are void and every living agent is asked again.
    AnswerAccepted {
        /// Who answered.
        agent: AgentId,
        /// The answer's name from now on.
        label: AnswerLabel,
        /// The answer.
        content: String,
        /// Its folder in the run's log folder; none without a log.
        log_entry: Option<String>,
    },
    /// An answer was refused because it equals one that stands.
    DuplicateRejected {
        /// Who answered.
        agent: AgentId,
        /// The answer that it repeats.
        duplicate_of: AnswerLabel,
    },
    /// A vote counts.
    VoteCast {
        /// Who votes.
        agent: AgentId,
        /// Whom the vote names.
        target: AgentId,
        /// The very answer that the voter saw and voted for.
        label: AnswerLabel,
        /// The voter's reason.
        reason: String,
        /// Its folder in the run's log folder; none without a log.
        log_entry: Option<String>,
    },
    /// A vote does not count: a newer answer came in after the voter had been asked. The voter is asked again.
    VoteIgnored {
        /// Who voted.
        agent: AgentId,
        /// Whose answer the vote named.
        target: AgentId,
        /// The answer that the voter had not seen.
        because: AnswerLabel,
    },
    /// A newer answer exists than the agent sees: it restarts at its next turn boundary.
    RestartRequested {
        /// Who restarts.
        agent: AgentId,
        /// The answer that caused it.
        because: AnswerLabel,
    },
    /// The agent gave up its superseded attempt; [`EventKind::AgentStarted`] follows.
    RestartCompleted {
        /// Who restarts.
        agent: AgentId,
    },
    /// An attempt of an agent failed.
    AgentFailed {
        /// Whose attempt.
        agent: AgentId,
        /// What went wrong and what to do.
        error: String,
        /// Failures of this agent in a row, this one included.
        failures: u32,
    },
    /// The agent will be asked again after a failure.
    RetryScheduled {
        /// Who will be asked.
        agent: AgentId,
        /// Wait in milliseconds.
        after_ms: u64,
    },
    /// The agent takes no further part in coordination. Its answer, if it has one, still stands.
    AgentKilled {
        /// Who leaves.
        agent: AgentId,
        /// The last error.
        error: String,
    },
    /// Coordination ran out of time; what stands is decided with the votes so far.
    TimedOut {
        /// The limit in milliseconds.
        limit_ms: u64,
        /// Living agents that had not voted.
        waiting_for: Vec<AgentId>,
    },
    /// Coordination is over and one agent presents.
    WinnerSelected {
        /// Who presents.
        agent: AgentId,
        /// The winning answer; none when coordination was skipped.
        label: Option<AnswerLabel>,
        /// How the winner was found.
        basis: SelectionBasis,
        /// Votes for each agent with an answer, in the order of the configuration.
        votes: Vec<VoteCount>,
    },
    /// The winner was asked to present.
    PresentationStarted {
        /// Who presents.
        agent: AgentId,
    },
    /// Text of the final presentation, in pieces as they arrive.
    PresentationContent {
        /// Who presents.
        agent: AgentId,
        /// The next piece.
        text: String,
    },
    /// The final text is known.
    PresentationFinished {
        /// Whose it is.
        agent: AgentId,
        /// The whole final text.
        text: String,
        /// Where it comes from.
        source: FinalTextSource,
    },
    /// What the winner leaves behind in files.
    Delivered {
        /// Who presented.
        agent: AgentId,
        /// The copy of its workspace; none if it has no workspace, or without a log.
        workspace: Option<Delivered>,
        /// Files in context paths that were made, changed, moved or removed during the presentation; at most
        /// a thousand are named.
        context_paths: Vec<PathBuf>,
    },
    /// Tokens of one completed model turn, as the provider counted them.
    Usage {
        /// Who asked.
        agent: AgentId,
        /// In which stage.
        stage: Stage,
        /// The counts.
        #[serde(flatten)]
        usage: Usage,
    },
    /// Something that the user should know and that does not end the run.
    Warning {
        /// Whom it concerns, where it concerns one agent.
        agent: Option<AgentId>,
        /// What happened and what to do.
        message: String,
    },
    /// What all completed model turns used and cost; comes shortly before the end, unless there was none. Of turns that
    /// failed or were cut off providers tell no counts.
    Spent {
        /// By agent, in the order of the configuration.
        agents: Vec<Spending>,
        /// The sum in US dollars; none where a part of it is not known.
        cost_usd: Option<Usd>,
        /// The day of the list prices, `YYYY-MM-DD`.
        prices_as_of: String,
    },
    /// The run is over. Always the last event.
    RunFinished {
        /// How it ended.
        #[serde(flatten)]
        outcome: Outcome,
        /// Wall time of the run in milliseconds.
        elapsed_ms: u64,
    },
}

/// The winner's workspace as it was delivered, and how it differs from the files of the answer that won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Where the copy is.
    pub folder: PathBuf,
    /// Files and links in it.
    pub files: u64,
    /// Their length in bytes.
    pub bytes: u64,
    /// Made since the answer.
    pub added: Vec<PathBuf>,
    /// Changed since the answer.
    pub modified: Vec<PathBuf>,
    /// Removed since the answer.
    pub removed: Vec<PathBuf>,
}

impl From<Delivery> for Delivered {
    fn from(delivery: Delivery) -> Self {
        Self {
            folder: delivery.path,
            files: delivery.tally.files,
            bytes: delivery.tally.bytes,
            added: delivery.changes.added,
            modified: delivery.changes.modified,
            removed: delivery.changes.removed,
        }
    }
}

/// An agent as the stream introduces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentInfo {
    /// Its id in the configuration.
    pub id: AgentId,
    /// The name under which the other agents know it, `agent1`…`agentN`.
    pub anonymous: String,
    /// Its provider's display name.
    pub provider: String,
    /// Its model, where one is set.
    pub model: Option<String>,
}

/// How a winner was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectionBasis {
    /// Most votes.
    Votes,
    /// Most votes shared with others; the first of them in the order of the configuration.
    Tie,
    /// Nobody had voted: the first agent with an answer.
    FirstAnswer,
    /// The configuration skips coordination: the first agent.
    CoordinationSkipped,
}

/// Votes for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteCount {
    /// Whose answer.
    pub agent: AgentId,
    /// How many votes count for it.
    pub votes: u32,
}

/// Where the final text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalTextSource {
    /// The winner presented it.
    Presentation,
    /// The presentation gave no text: the winner's answer stands in (`spec/01` §10.12).
    StoredAnswer,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The winner's final text is there.
    Finished {
        /// Who won.
        winner: AgentId,
        /// The final text.
        final_text: String,
    },
    /// Coordination ran out of time. What stood then was presented, if anything did.
    TimedOut {
        /// Who won with the votes so far; none without an answer.
        winner: Option<AgentId>,
        /// The final text.
        final_text: Option<String>,
    },
    /// No final text could be made.
    Failed {
        /// Why, and what to do.
        error: String,
    },
    /// The user stopped the run; everything up to then is saved.
    Interrupted,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;
    use crate::answer::AgentIndex;

    fn agent() -> AgentId {
        AgentId::new("alpha").unwrap()
    }

    fn event(kind: EventKind) -> Event {
        Event {
            seq: 7,
            at: "2026-11-23T01:02:03Z".parse().unwrap(),
            kind,
        }
    }

    #[test]
    fn an_event_is_one_flat_object_with_its_type_and_labels_as_text() {
        let label = AnswerLabel {
            agent: AgentIndex(1),
            number: 1,
        };
        let started = EventKind::AgentStarted {
            agent: agent(),
            round: 0,
            sees: vec![label],
        };
        let expected = json!({
            "seq": 7, "at": "2026-11-23T01:02:03Z", "type": "agent_started", "agent": "alpha", "round": 0,
            "sees": ["agent2.1"],
        });
        assert_eq!(serde_json::to_value(event(started)).unwrap(), expected);
    }

    #[test]
    fn a_refused_tool_call_names_the_rule() {
        let finished = EventKind::ToolCallFinished {
            agent: agent(),
            call_id: "call1".into(),
            tool: "write_file".into(),
            status: ToolStatus::Denied {
                rule: "outside-grants".into(),
            },
            summary: "cannot write".into(),
            elapsed_ms: 3,
            lane: None,
        };
        let value = serde_json::to_value(event(finished)).unwrap();
        assert_eq!(
            (&value["status"], &value["rule"]),
            (&json!("denied"), &json!("outside-grants"))
        );
    }

    #[test]
    fn events_with_parts_of_their_own_read_back_as_they_were_written() {
        let usage = Usage {
            input_tokens: Some(1),
            ..Usage::default()
        };
        let limit = ToolStatus::Limit {
            limit: "memory".into(),
        };
        for kind in [
            EventKind::Usage {
                agent: agent(),
                stage: Stage::Presentation,
                usage,
            },
            EventKind::ToolCallFinished {
                agent: agent(),
                call_id: "call1".into(),
                tool: "run_python".into(),
                status: limit,
                summary: String::new(),
                elapsed_ms: u64::MAX,
                lane: Some("local".into()),
            },
            EventKind::Spent {
                agents: vec![Spending {
                    agent: agent(),
                    turns: 1,
                    input_tokens: Some(1),
                    output_tokens: None,
                    cost_usd: None,
                }],
                cost_usd: None,
                prices_as_of: "2025-11-30".into(),
            },
            EventKind::Warning {
                agent: None,
                message: "a\nb".into(),
            },
            EventKind::RunFinished {
                outcome: Outcome::Interrupted,
                elapsed_ms: 1,
            },
            EventKind::RunFinished {
                outcome: Outcome::TimedOut {
                    winner: Some(agent()),
                    final_text: Some("42".into()),
                },
                elapsed_ms: 1,
            },
        ] {
            let event = event(kind);
            let line = serde_json::to_string(&event).unwrap();
            assert_eq!(
                serde_json::from_str::<Event>(&line).unwrap(),
                event,
                "{line}"
            );
        }
    }
}
