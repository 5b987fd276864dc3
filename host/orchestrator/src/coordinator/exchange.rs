//! What a coordinator is told and what it asks for. Both are plain data: the driver turns what happens into an
//! [`Input`], applies it, and carries out the [`Effect`]s in their order.

use std::time::Duration;

use crate::answer::{AgentIndex, Answer, AnswerLabel};
use crate::event::{FinalTextSource, SelectionBasis};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The run begins.
    Begun,
    /// A working agent offers an answer and waits for the verdict.
    AnswerProposed {
        /// Who.
        agent: AgentIndex,
        /// The answer.
        content: String,
    },
    /// A working agent offers a vote and waits for the verdict.
    VoteProposed {
        /// Who.
        agent: AgentIndex,
        /// Whose answer it names.
        target: AgentIndex,
        /// Why.
        reason: String,
    },
    /// A working agent noticed that it is to restart and gave up its attempt.
    AttemptAbandoned {
        /// Who.
        agent: AgentIndex,
    },
    /// A working agent's attempt failed.
    AttemptFailed {
        /// Who.
        agent: AgentIndex,
        /// What went wrong and what to do.
        error: String,
        /// Whether another attempt can help.
        severity: Severity,
    },
    /// The wait that [`Effect::ScheduleRetry`] asked for is over.
    RetryDue {
        /// Whose.
        agent: AgentIndex,
    },
    /// Coordination has no more time.
    DeadlineReached,
    /// The user wants no more.
    Interrupted,
    /// The winner's presentation is over.
    PresentationEnded {
        /// The whole text; none when it failed, ran out of time or gave nothing.
        text: Option<String>,
    },
}

/// Whether another attempt can help after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It can: asked again after a wait.
    Transient,
    /// It cannot: given up at once.
    Fatal,
}

/// What an agent may do with its turn besides looking around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choices {
    /// Nothing stands yet: only an answer.
    Answer,
    /// An answer, or a vote for one that it sees.
    AnswerOrVote,
    /// It has used up its answers: only a vote.
    Vote,
}

/// Why a proposal does not stand although the agent may go on in the same attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The answer equals one that stands.
    Duplicate(AnswerLabel),
    /// The agent has used up its answers; holds the bound.
    AnswerLimit(u32),
    /// The answer is empty.
    EmptyAnswer,
    /// The vote names nobody whose answer the agent sees.
    UnseenTarget,
}

/// Something to do. The driver carries effects out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask an agent: a fresh attempt over these answers.
    StartAgent {
        /// Who.
        agent: AgentIndex,
        /// How often it was restarted because of a newer answer, from 0.
        round: u32,
        /// The latest answer of every agent that has one, in the order of the agents.
        sees: Vec<Answer>,
        /// What it may do.
        choices: Choices,
    },
    /// Tell a working agent to give up its attempt at the next turn boundary.
    RequestRestart {
        /// Who.
        agent: AgentIndex,
        /// The answer that caused it.
        because: AnswerLabel,
    },
    /// The agent's superseded attempt is over; [`Effect::StartAgent`] follows.
    CompleteRestart {
        /// Who.
        agent: AgentIndex,
    },
    /// The proposed answer stands. Its files are to be saved before any later effect is carried out.
    AcceptAnswer(Answer),
    /// The proposed vote counts.
    AcceptVote {
        /// Who votes.
        voter: AgentIndex,
        /// For which answer.
        label: AnswerLabel,
        /// Why.
        reason: String,
    },
    /// The proposal does not stand; the agent goes on in the same attempt.
    RejectProposal {
        /// Whose.
        agent: AgentIndex,
        /// Why.
        rejection: Rejection,
    },
    /// The vote does not count, since a newer answer exists than the voter saw, and the attempt is over.
    IgnoreVote {
        /// Who voted.
        voter: AgentIndex,
        /// For whom.
        target: AgentIndex,
        /// The newer answer that it had not seen.
        because: AnswerLabel,
    },
    /// An attempt failed.
    RecordFailure {
        /// Whose.
        agent: AgentIndex,
        /// What went wrong.
        error: String,
        /// Failures in a row, this one included.
        failures: u32,
    },
    /// Send [`Input::RetryDue`] after the wait.
    ScheduleRetry {
        /// For whom.
        agent: AgentIndex,
        /// How long.
        after: Duration,
    },
    /// The agent is given up.
    KillAgent {
        /// Who.
        agent: AgentIndex,
        /// The last error.
        error: String,
    },
    /// Cut the agent's attempt off; nothing that it still says matters.
    StopAgent {
        /// Who.
        agent: AgentIndex,
    },
    /// Coordination ran out of time.
    DeclareTimeout {
        /// Living agents that had not voted.
        waiting_for: Vec<AgentIndex>,
    },
    /// A winner is found and presents; [`Input::PresentationEnded`] is expected once.
    Present(Selection),
    /// The final text is known.
    Conclude {
        /// Who presented.
        winner: AgentIndex,
        /// The text.
        text: String,
        /// Where it comes from.
        source: FinalTextSource,
    },
    /// The run is over. Always the last effect of a coordination.
    Finish(Ending),
}

/// The winner, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Who presents.
    pub winner: AgentIndex,
    /// The winning answer; none when coordination was skipped.
    pub label: Option<AnswerLabel>,
    /// How the winner was found.
    pub basis: SelectionBasis,
    /// The answers that stand, in the order of the agents.
    pub answers: Vec<Answer>,
    /// The votes that count, in the order of the voters.
    pub votes: Vec<Vote>,
}

impl Selection {
    /// How many votes count for `agent`.
    pub fn votes_for(&self, agent: AgentIndex) -> usize {
        self.votes
            .iter()
            .filter(|vote| vote.label.agent == agent)
            .count()
    }
}

/// A vote that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Who votes.
    pub voter: AgentIndex,
    /// The very answer that the voter saw.
    pub label: AnswerLabel,
    /// Why.
    pub reason: String,
}

/// How a coordination ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With a final text.
    Finished {
        /// Who won.
        winner: AgentIndex,
        /// The final text.
        text: String,
    },
    /// Out of time, with the final text of what stood then.
    TimedOut {
        /// Winner and text; none without an answer.
        result: Option<(AgentIndex, String)>,
    },
    /// Without a final text.
    Failed {
        /// Why, and what to do.
        error: String,
    },
    /// By the user.
    Interrupted,
}
