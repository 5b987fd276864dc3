//! One question, from start to final answer: several agents work in parallel, see each other's answers, vote, and the
//! winner presents.
//!
//! The [`coordinator`] decides, as a pure state machine. [`Run`] carries its decisions out and stamps every step as an
//! [`Event`] of one stream, which displays, JSON output, the journal and the [`tracker`]'s files read.

mod attempt;
mod conversation;
mod copies;
mod desks;
mod log;
mod presentation;
mod prompt;
mod report;
mod run;
mod spending;
mod workflow;

pub mod answer;
pub mod coordinator;
pub mod event;
pub mod layout;
pub mod tracker;
pub mod workspace;

pub use answer::{AgentIndex, Answer, AnswerLabel};
pub use coordinator::{Backoff, Coordination};
pub use copies::CopyAudit;
pub use event::{
    AgentInfo, Delivered, Event, EventKind, EventSink, FinalTextSource, Outcome, SelectionBasis,
    VoteCount,
};
pub use run::{Member, PRESENTATION_GRACE, Run, RunError, RunOptions, RunResult};
pub use spending::Spending;
