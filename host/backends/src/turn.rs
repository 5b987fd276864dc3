//! The data that crosses the line between the agent loop and a provider.

use std::pin::Pin;

use futures::Stream;
use massgen_config::{Price, Tokens, Usd};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// Which part of a run a model turn belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Answering, judging and voting.
    Coordination,
    /// The winner presents the final answer.
    Presentation,
}

/// One message of a conversation, in no provider's format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Instructions that stand above the conversation.
    System {
        /// The text.
        content: String,
    },
    /// What the user, or the orchestrator on the user's behalf, says.
    User {
        /// The text.
        content: String,
    },
    /// What the model said and which tools it called.
    Assistant {
        /// The text; empty when the turn held only tool calls.
        content: String,
        /// The calls, in the order the model made them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
        /// The same turn as its provider wrote it, where the provider wants it back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        native: Option<NativeTurn>,
    },
    /// The result of one tool call. Every call of an assistant message is answered by exactly one of these.
    Tool {
        /// [`ToolCall::id`] of the call this answers.
        call_id: String,
        /// The result as the model reads it.
        content: String,
    },
}

/// A model's turn in its provider's own format, with what has no place in [`Message`]: signed reasoning, for example.
/// Only the codec that made it reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeTurn {
    /// The wire API that wrote it.
    pub api: String,
    /// The items of the turn, in order.
    pub items: Value,
}

/// A tool call as the model made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call; unique within the conversation.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text, exactly as the model wrote them; may be invalid JSON.
    pub arguments: String,
}

/// A tool as it is announced to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// The name by which the model calls it; `[A-Za-z0-9_-]{1,64}`.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub parameters: Value,
}

/// Text that differs from run to run and the name that stands for it in a cassette: `("${workspace}", "/abs/path")`.
/// Ordered so that a longer value is replaced before a value that is its prefix.
pub type Placeholders = Vec<(String, String)>;

/// Where a turn stands in its run. Providers do not see it; recording and replay do.
#[derive(Debug, Clone)]
pub struct TurnContext {
    /// The agent that asks.
    pub agent: String,
    /// The stage of the run.
    pub stage: Stage,
    /// Labels (`agent1.1`) of the answers shown to the agent when this attempt began, sorted.
    pub sees: Vec<String>,
    /// Labels of the answers that exist now, sorted; changes as agents answer.
    pub answers: watch::Receiver<Vec<String>>,
    /// Names for paths of this run.
    pub placeholders: Placeholders,
}

/// One model turn: everything a provider needs to produce the next assistant message.
#[derive(Debug, Clone)]
pub struct TurnRequest {
    /// Where the turn stands in the run.
    pub context: TurnContext,
    /// The whole conversation so far.
    pub messages: Vec<Message>,
    /// The tools the model may call; may be empty.
    pub tools: Vec<ToolDefinition>,
}

/// Tokens as the provider counted them. `None` means that the provider did not say; it never means zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request, whether or not the provider had them in a cache.
    pub input_tokens: Option<u64>,
    /// Those of them that the provider read from its cache, which are cheaper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// Those of them that it wrote to its cache at an extra charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: Option<u64>,
}

impl Usage {
    /// What the turn costs at this price; none where a count is missing or the price does not tell.
    pub fn cost(&self, price: &Price) -> Option<Usd> {
        // The charge depends on how long the cache lasts, which the counts do not tell.
        if self.cache_write_tokens.is_some_and(|tokens| tokens > 0) {
            return None;
        }
        price.cost(Tokens {
            input: self.input_tokens?,
            // Providers with a cache say so.
            cached_input: self.cached_input_tokens.unwrap_or(0),
            output: self.output_tokens?,
        })
    }
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The model wants its tool calls answered.
    ToolCalls,
    /// The token limit cut the answer.
    Length,
    /// The provider withheld content.
    ContentFilter,
}

/// One piece of a model's turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Chunk {
    /// Visible text.
    Content {
        /// The next piece of it.
        text: String,
    },
    /// The model's reasoning, where the provider shows it.
    Reasoning {
        /// The next piece of it.
        text: String,
    },
    /// The provider ran a tool of its own.
    ProviderTool {
        /// The tool, as the provider calls it: `web_search`.
        tool: String,
        /// What for: the query, the code. May be empty.
        detail: String,
    },
    /// A source of what was said.
    Citation {
        /// Where it is.
        url: String,
        /// Its title; may be empty.
        title: String,
    },
    /// One complete tool call; split arguments have been joined.
    ToolCall(ToolCall),
    /// The whole turn as the provider wrote it; at most once, at its end. Not recorded: a replay has no provider.
    Native(NativeTurn),
    /// Token counts; at most once a turn.
    Usage(Usage),
    /// The turn is complete. Always the last chunk of a stream that did not fail.
    Done {
        /// Why it ended.
        finish_reason: FinishReason,
    },
}

/// What kind of failure a turn met; decides what the agent loop does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The provider refused the credentials (401, 403): trying again cannot help.
    Authentication,
    /// The provider refused the request itself (400, 404, 422): trying again cannot help.
    Rejected,
    /// Too many requests (429), after the codec's own retries.
    RateLimited,
    /// The provider failed (5xx, 408, 409), after the codec's own retries.
    Provider,
    /// No connection, or it broke before the first byte, after the codec's own retries.
    Network,
    /// The answer was not what the wire format promises, or ended before it was complete.
    Protocol,
    /// A cassette has no turn for this request.
    Cassette,
}

/// A turn that failed: a sentence for the user, and its kind.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// What happened, to which provider and model, and what to do. Never holds a key.
    pub message: String,
}

/// Name and model of a backend, for displays and logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendInfo {
    /// The provider's display name.
    pub provider: String,
    /// The model, where one is set.
    pub model: Option<String>,
}

/// The chunks of one turn. Dropping it cancels the request and closes its connection.
pub type ChunkStream = Pin<Box<dyn Stream<Item = Result<Chunk, BackendError>> + Send>>;

/// A model provider.
pub trait Backend: Send + Sync {
    /// Name and model.
    fn info(&self) -> BackendInfo;

    /// Starts one model turn. Work begins when the stream is first polled. A stream ends with [`Chunk::Done`] or with
    /// one error.
    fn stream(&self, request: TurnRequest) -> ChunkStream;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use massgen_config::{catalogue, cost_text};

    use super::*;

    /// What the turn costs with a model of 3 dollars in, 0.30 from the cache and 15 out.
    fn cost(usage: Usage) -> String {
        let price = catalogue().price("Claude", "claude-sonnet-4-5").unwrap();
        cost_text(usage.cost(price))
    }

    const COUNTED: Usage = Usage {
        input_tokens: Some(100_000),
        cached_input_tokens: None,
        cache_write_tokens: None,
        output_tokens: Some(10_000),
    };

    #[test]
    fn a_turn_costs_its_counts_at_the_models_price() {
        assert_eq!(cost(COUNTED), "$0.450");
        assert_eq!(
            cost(Usage {
                cached_input_tokens: Some(100_000),
                cache_write_tokens: Some(0),
                ..COUNTED
            }),
            "$0.180"
        );
    }

    #[test]
    fn a_turn_without_a_count_or_with_a_charge_that_is_not_known_costs_an_unknown_amount() {
        for usage in [
            Usage::default(),
            Usage {
                input_tokens: None,
                ..COUNTED
            },
            Usage {
                output_tokens: None,
                ..COUNTED
            },
            Usage {
                cache_write_tokens: Some(1),
                ..COUNTED
            },
        ] {
            assert_eq!(cost(usage), "unknown", "{usage:?}");
        }
    }

    #[test]
    fn usage_that_was_recorded_before_there_were_counts_of_caches_is_read() {
        let usage: Usage =
            serde_json::from_str(r#"{"input_tokens":1,"output_tokens":null}"#).unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(1), None));
        assert_eq!(usage.cached_input_tokens, None);
    }
}
