//! The result of a tool call: what the model reads and how the call ended.

use std::time::Duration;

use massgen_sandbox::{Content, Denial, Outcome, Report};
use serde::{Deserialize, Serialize};

/// How a tool call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ToolStatus {
    /// The tool did what was asked.
    Ok,
    /// The tool ran and reported an error, or its name or arguments were wrong.
    ToolError,
    /// A rule refused an operation that the tool needed.
    Denied {
        /// The rule's name, e.g. `outside-grants`.
        rule: String,
    },
    /// A limit ended the call.
    Limit {
        /// Which one, e.g. `memory`.
        limit: String,
    },
    /// The call ran out of time.
    Timeout,
    /// The guest crashed.
    Trap,
    /// The run no longer wanted the call.
    Cancelled,
    /// The host failed; the guest is not to blame.
    HostError,
}

/// The result of a tool call: what the model reads, and how the call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolOutcome {
    /// The text that goes back to the model. On failure it says what was refused or went wrong, and what to do.
    pub content: String,
    /// How the call ended.
    pub status: ToolStatus,
    /// Wall time of the call.
    pub elapsed: Duration,
    /// The native lane in which it ran; none in the sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
}

impl ToolOutcome {
    /// The outcome of a call that reached no plugin.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            content: message.into(),
            status: ToolStatus::ToolError,
            elapsed: Duration::ZERO,
            lane: None,
        }
    }

    /// The outcome of a tool plugin's call, its text cut to `limit` bytes.
    pub(crate) fn of_tool(report: Report, limit: u64) -> Self {
        let elapsed = report.elapsed;
        let status = status(&report.outcome);
        let content = match report.outcome {
            Outcome::Ok { content } => cut(
                content.iter().map(piece).collect::<Vec<_>>().join("\n"),
                limit,
            ),
            Outcome::ToolError { message } => cut(message, limit),
            Outcome::Denied { message, denial } => {
                format!("{}\n{}", cut(message, limit), refusal(&denial))
            }
            other => failure(&other, &report.denials),
        };
        Self {
            content,
            status,
            elapsed,
            lane: None,
        }
    }
}

/// How a call ended, without what it said.
pub(crate) fn status(outcome: &Outcome) -> ToolStatus {
    match outcome {
        Outcome::Ok { .. } | Outcome::Exited { .. } => ToolStatus::Ok,
        Outcome::ToolError { .. } => ToolStatus::ToolError,
        Outcome::Denied { denial, .. } => ToolStatus::Denied {
            rule: denial.rule.name().to_owned(),
        },
        Outcome::Limit { limit, .. } => ToolStatus::Limit {
            limit: limit.name().to_owned(),
        },
        Outcome::Timeout { .. } => ToolStatus::Timeout,
        Outcome::Trap { .. } => ToolStatus::Trap,
        Outcome::Cancelled => ToolStatus::Cancelled,
        Outcome::HostError { .. } => ToolStatus::HostError,
    }
}

/// How a command ended. One that failed is an answer, not an error of the tool; where a rule refused it something, the rule
/// is named.
pub(crate) fn status_of_command(report: &Report) -> ToolStatus {
    match (&report.outcome, report.denials.last()) {
        (Outcome::Exited { code: 1.. }, Some(denial)) => ToolStatus::Denied {
            rule: denial.rule.name().to_owned(),
        },
        (outcome, _) => status(outcome),
    }
}

/// A sentence about a command that did not end by itself.
pub(crate) fn failure_of_command(report: &Report) -> Option<String> {
    match &report.outcome {
        Outcome::Exited { .. } => None,
        other => Some(failure(other, &[])),
    }
}

/// What was refused to a command that did not succeed; what it got over is not worth a word.
pub(crate) fn refused_to_command(report: &Report) -> Vec<String> {
    match report.outcome {
        Outcome::Exited { code: 0 } => Vec::new(),
        _ => report.denials.iter().map(refusal).collect(),
    }
}

/// The text of a tool's answer.
pub(crate) fn as_json(answer: &impl Serialize) -> String {
    serde_json::to_string(answer)
        .unwrap_or_else(|error| format!("the result cannot be written as JSON: {error}"))
}

/// A refusal as the model reads it.
pub(crate) fn refusal(denial: &Denial) -> String {
    format!(
        "Refused by the rule `{}`: {}",
        denial.rule.name(),
        denial.reason
    )
}

/// A sentence about an outcome that gave no result.
pub(crate) fn failure(outcome: &Outcome, denials: &[Denial]) -> String {
    let sentence = match outcome {
        Outcome::Limit { message, .. } => {
            format!("Stopped at a limit: {message}. Do the work in smaller steps.")
        }
        Outcome::Timeout { after } => {
            format!(
                "Stopped: the call ran longer than its {} seconds. Do the work in smaller steps.",
                after.as_secs_f64()
            )
        }
        Outcome::Trap { message } => {
            format!("The tool crashed ({message}). Try again with other arguments.")
        }
        Outcome::Cancelled => "The call was cancelled.".to_owned(),
        Outcome::HostError { message } => {
            format!(
                "The tool could not be run: {message}. This is a fault of the host, not of the arguments."
            )
        }
        Outcome::Ok { .. }
        | Outcome::Exited { .. }
        | Outcome::ToolError { .. }
        | Outcome::Denied { .. } => String::new(),
    };
    denials.last().map_or(sentence.clone(), |denial| {
        format!("{sentence}\n{}", refusal(denial))
    })
}

/// `text` cut to `limit` bytes at a character, with a mark.
fn cut(mut text: String, limit: u64) -> String {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if text.len() > limit {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(limit));
        text.push_str(&format!(
            "\n... (truncated, {whole} bytes exceed the limit of {limit})"
        ));
    }
    text
}

fn piece(content: &Content) -> String {
    match content {
        Content::Text { text } => text.clone(),
        Content::Json { value } => value.to_string(),
        Content::Image { mime_type, data } => format!("[image {mime_type}, {} bytes]", data.len()),
        Content::Audio { mime_type, data } => format!("[audio {mime_type}, {} bytes]", data.len()),
        Content::ResourceLink { uri, name, .. } => format!("[{name}: {uri}]"),
    }
}
