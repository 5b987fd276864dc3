//! What the audit keeps of a decision. One record is one line of JSON; nothing is left out of it that is needed to ask
//! later who did what to which file, and why it was let through or refused.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Operation, Rule, Verdict};

/// The call in which decisions were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The run, by the name of its log folder.
    pub run: String,
    /// The agent's id in the configuration.
    pub agent: String,
    /// The plugin's name.
    pub plugin: String,
    /// BLAKE3 of the plugin's component, in hexadecimal.
    pub digest: String,
    /// The tool, or the command's name.
    pub tool: String,
    /// The model's id of the tool call.
    pub call: String,
    /// The native lane in which it ran; none in the sandbox. What follows from a lane is its mounts: behind them nobody is
    /// asked about single files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
}

/// The part of a run in which a decision was made; grants differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Agents answer and vote.
    Coordination,
    /// The winner presents, with write access to context paths.
    FinalPresentation,
}

/// Decisions of one kind about one path within one call.
///
/// The first decision is recorded when it is made. Repetitions are counted and follow in one record when the call
/// ends, together with the bytes that were moved; the sum of `times` is the number of decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// In which call.
    #[serde(flatten)]
    pub call: Arc<Call>,
    /// In which part of the run.
    pub phase: Phase,
    /// What was to be done.
    pub operation: Operation,
    /// The real location; bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    /// What was decided.
    pub verdict: Verdict,
    /// By which rule.
    pub rule: Rule,
    /// How many decisions the record stands for.
    pub times: u64,
    /// Bytes read or written under these decisions; known when the call ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}
