//! What an agent's task tells the driver. Everything goes through one bounded channel, in order: an agent that speaks
//! faster than the driver listens waits.

use tokio::sync::{mpsc, oneshot};

use crate::answer::AgentIndex;
use crate::coordinator::{Rejection, Severity};
use crate::event::EventKind;

/// Reports that may wait for the driver. A streamed turn has some hundred pieces; this holds a moment of each agent.
pub(crate) const REPORTS_IN_FLIGHT: usize = 256;

/// One report.
#[derive(Debug)]
pub(crate) enum Report {
    /// Something for the event stream.
    Event(EventKind),
    /// The agent wants an answer or a vote to stand, and waits. `shown` is what it was asked.
    Proposed {
        agent: AgentIndex,
        proposal: Proposal,
        shown: String,
        verdict: oneshot::Sender<Verdict>,
    },
    /// The agent's attempt is over.
    AttemptEnded { agent: AgentIndex, end: AttemptEnd },
    /// The wait after a failure is over.
    RetryDue { agent: AgentIndex },
    /// The presentation is over; holds its text unless it failed. `shown` is what the winner was asked.
    PresentationEnded { text: Option<String>, shown: String },
}

/// What an agent wants to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proposal {
    Answer(String),
    Vote { target: AgentIndex, reason: String },
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The attempt is over, one way or the other; the coordinator knows.
    Settled,
    /// The agent goes on.
    Rejected(Rejection),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    /// By an answer or a vote.
    Settled,
    /// By a newer answer.
    Superseded,
    /// Without a result.
    Failed { error: String, severity: Severity },
}

/// An agent's end of the channel.
#[derive(Debug, Clone)]
pub(crate) struct Reporter(pub(crate) mpsc::Sender<Report>);

impl Reporter {
    /// Sends a report. A driver that is gone wants no more of them.
    pub(crate) async fn send(&self, report: Report) {
        let _ = self.0.send(report).await;
    }

    pub(crate) async fn event(&self, kind: EventKind) {
        self.send(Report::Event(kind)).await;
    }

    /// Asks for the verdict on a proposal. A driver that gives none has ended the attempt.
    pub(crate) async fn propose(
        &self,
        agent: AgentIndex,
        proposal: Proposal,
        shown: String,
    ) -> Verdict {
        let (verdict, answer) = oneshot::channel();
        self.send(Report::Proposed {
            agent,
            proposal,
            shown,
            verdict,
        })
        .await;
        answer.await.unwrap_or(Verdict::Settled)
    }
}
