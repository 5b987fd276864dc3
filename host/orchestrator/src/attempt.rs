//! One attempt of an agent: a fresh conversation over the answers that it sees, until it proposes an answer or a vote
//! that stands, is superseded, or fails (`spec/01` §7). An attempt is bounded: at most [`MAX_TOOL_TURNS`] turns that
//! only call tools, and [`TRIES`] turns that end without a usable result.

use massgen_backends::{BackendError, ErrorKind, FinishReason, Message, ToolCall};

use crate::answer::AgentIndex;
use crate::conversation::{Conversation, Turn};
use crate::coordinator::Severity;
use crate::event::EventKind;
use crate::report::{AttemptEnd, Proposal, Verdict};
use crate::workflow::{Ballot, Correction, Decision, is_workflow_tool};

/// Turns that may end without a usable `new_answer` or `vote` (`spec/01` §7.6).
pub(crate) const TRIES: u32 = 3;

/// Turns of one attempt that may call other tools. Long coding work takes some tens of turns; whoever needs more is
/// most likely going in circles, and every turn costs the whole conversation again.
pub(crate) const MAX_TOOL_TURNS: u32 = 50;

/// An attempt that is about to run.
pub(crate) struct Attempt {
    pub(crate) agent: AgentIndex,
    pub(crate) conversation: Conversation,
    pub(crate) ballot: Ballot,
}

/// What a turn leads to.
enum Step {
    Continue,
    Retry(String),
    End(AttemptEnd),
}

impl Attempt {
    /// Runs the attempt to its end.
    pub(crate) async fn run(mut self) -> AttemptEnd {
        let mut tool_turns = 0;
        let mut tries = 0;
        let mut last_step_was_tools = true;
        loop {
            // Only between tries (`spec/01` §7): an agent at work finishes its own answer first, or the quickest agent
            // would keep all others from ever giving one of their own.
            if !last_step_was_tools && self.is_superseded() {
                return AttemptEnd::Superseded;
            }
            let mut tools = self.ballot.tools();
            if tool_turns < MAX_TOOL_TURNS {
                tools.splice(0..0, self.conversation.toolbox.definitions());
            }
            let turn = match self.conversation.turn(tools).await {
                Ok(turn) => turn,
                Err(error) => return failure(&error),
            };
            match self.take(&turn, tool_turns < MAX_TOOL_TURNS).await {
                Step::Continue => {
                    tool_turns += 1;
                    last_step_was_tools = true;
                }
                Step::End(end) => return end,
                Step::Retry(reason) => {
                    tries += 1;
                    last_step_was_tools = false;
                    let agent = self.conversation.agent.clone();
                    let enforced = EventKind::Enforced {
                        agent,
                        attempt: tries,
                        reason: reason.clone(),
                    };
                    self.conversation.reporter.event(enforced).await;
                    if tries == TRIES {
                        let error = format!(
                            "the agent gave no usable result in {TRIES} tries; at last: {reason}"
                        );
                        return AttemptEnd::Failed {
                            error,
                            severity: Severity::Transient,
                        };
                    }
                }
            }
        }
    }

    /// True once the answers that stand are no longer those that the agent was shown.
    fn is_superseded(&self) -> bool {
        *self.conversation.context.answers.borrow() != self.conversation.context.sees
    }

    async fn take(&mut self, turn: &Turn, may_run_tools: bool) -> Step {
        let (workflow, other): (Vec<_>, Vec<_>) = turn
            .calls
            .iter()
            .partition(|call| is_workflow_tool(&call.name));
        if may_run_tools {
            self.conversation.run(&other).await;
        } else {
            let refusal = self.ballot.out_of_tool_turns();
            self.conversation.refuse(&other, &refusal, &refusal);
        }
        match self.ballot.decide(&workflow, &turn.text) {
            Decision::Propose(proposal) => self.propose(proposal, &workflow).await,
            Decision::Nothing if !other.is_empty() && may_run_tools => Step::Continue,
            // A turn that proposes nothing is no failure of an agent that is to restart anyway.
            _ if self.is_superseded() => Step::End(AttemptEnd::Superseded),
            Decision::Correct(correction) => self.correct(correction, &workflow),
            Decision::Nothing if other.is_empty() => self.remind(turn.finish_reason),
            Decision::Nothing => Step::Retry(self.ballot.out_of_tool_turns()),
        }
    }

    async fn propose(&mut self, proposal: Proposal, calls: &[&ToolCall]) -> Step {
        if matches!(proposal, Proposal::Answer(_)) {
            // Nothing may change the workspace while it is kept as what this answer left.
            self.conversation.toolbox.end_background().await;
        }
        let shown = self.conversation.shown();
        match self
            .conversation
            .reporter
            .propose(self.agent, proposal, shown)
            .await
        {
            Verdict::Settled => Step::End(AttemptEnd::Settled),
            Verdict::Rejected(rejection) => self.correct(self.ballot.correction(rejection), calls),
        }
    }

    fn correct(&mut self, correction: Correction, calls: &[&ToolCall]) -> Step {
        self.conversation
            .refuse(calls, &correction.reason, Correction::FURTHER_CALL);
        Step::Retry(correction.reason)
    }

    fn remind(&mut self, finish_reason: FinishReason) -> Step {
        let mut content = self.ballot.reminder();
        match finish_reason {
            FinishReason::Length => {
                content.push_str(" Your last turn was cut off by the token limit: be shorter.")
            }
            FinishReason::ContentFilter => {
                content.push_str(" The provider withheld your last turn.")
            }
            FinishReason::Stop | FinishReason::ToolCalls => {}
        }
        self.conversation.messages.push(Message::User {
            content: content.clone(),
        });
        Step::Retry(content)
    }
}

/// What a failed turn means for its agent: where the provider says that the same request can never succeed, the agent
/// is given up.
fn failure(error: &BackendError) -> AttemptEnd {
    let severity = match error.kind {
        ErrorKind::Authentication | ErrorKind::Rejected | ErrorKind::Cassette => Severity::Fatal,
        ErrorKind::RateLimited | ErrorKind::Provider | ErrorKind::Network | ErrorKind::Protocol => {
            Severity::Transient
        }
    };
    AttemptEnd::Failed {
        error: error.to_string(),
        severity,
    }
}
