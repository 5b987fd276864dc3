//! The answer side of the Messages API: events of the stream in, [`Chunk`]s out, without I/O.
//!
//! Kinds of events that are not known are passed over, as the API's rules for versions ask.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::Messages;
use super::block::{Block, Delta};
use crate::transport::{Failure, Progress, TurnDecoder, WireApi};
use crate::turn::{Chunk, FinishReason, NativeTurn, Usage};

/// An event of a stream, or a whole answer.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: u64,
        content_block: Value,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    MessageDelta {
        delta: Stop,
        usage: Option<WireUsage>,
    },
    MessageStop,
    /// An answer in one piece.
    Message {
        content: Vec<Value>,
        stop_reason: Option<String>,
        usage: Option<WireUsage>,
    },
    Error {
        error: WireError,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Start {
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Stop {
    stop_reason: Option<String>,
}

/// Counts so far. The request's tokens are told in three parts: those of no cache, read from one, and written to one.
#[derive(Deserialize, Default)]
struct WireUsage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
}

/// Decodes the events of one turn.
#[derive(Default)]
pub(crate) struct MessageDecoder {
    blocks: BTreeMap<u64, Block>,
    usage: Usage,
    stop_reason: Option<String>,
}

impl TurnDecoder for MessageDecoder {
    fn has_finished(&self) -> bool {
        self.stop_reason.is_some()
    }

    fn payload(&mut self, text: &str, chunks: &mut Vec<Chunk>) -> Result<Progress, Failure> {
        let event: Event = serde_json::from_str(text).map_err(Failure::garbage(text))?;
        match event {
            Event::MessageStart { message } => self.count(message.usage),
            Event::ContentBlockStart {
                index,
                content_block,
            } => self.begin(index, content_block, chunks),
            Event::ContentBlockDelta { index, delta } => {
                let block = self.blocks.get_mut(&index).ok_or_else(|| {
                    Failure::Violation(
                        "sent a piece of a content block before the block itself".to_owned(),
                    )
                })?;
                chunks.extend(block.extend(delta));
            }
            Event::MessageDelta { delta, usage } => {
                self.count(usage);
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
            }
            Event::MessageStop => return Ok(Progress::Done),
            Event::Message {
                content,
                stop_reason,
                usage,
            } => {
                self.count(usage);
                for (index, block) in (0..).zip(content) {
                    self.begin(index, block, chunks);
                }
                self.stop_reason = stop_reason;
                return Ok(Progress::Done);
            }
            Event::Error { error } => {
                return Err(Failure::Reported {
                    status: status(&error.kind),
                    message: error.message,
                });
            }
            Event::Other => {}
        }
        Ok(Progress::Open)
    }

    fn finish(self) -> Result<Vec<Chunk>, Failure> {
        let reason = self.stop_reason.ok_or(Failure::Cut)?;
        let calls = self.blocks.values().filter_map(Block::tool_call);
        let mut chunks: Vec<Chunk> = calls.map(Chunk::ToolCall).collect();
        let finish_reason = finish_reason(&reason, !chunks.is_empty());
        let items: Vec<Value> = self
            .blocks
            .into_values()
            .filter_map(Block::native)
            .collect();
        if !items.is_empty() {
            chunks.push(Chunk::Native(NativeTurn {
                api: Messages::NAME.to_owned(),
                items: items.into(),
            }));
        }
        if self.usage != Usage::default() {
            chunks.push(Chunk::Usage(self.usage));
        }
        chunks.push(Chunk::Done { finish_reason });
        Ok(chunks)
    }
}

impl MessageDecoder {
    fn begin(&mut self, index: u64, block: Value, chunks: &mut Vec<Chunk>) {
        let (block, shown) = Block::new(block);
        chunks.extend(self.blocks.values().find_map(|call| block.answers(call)));
        self.blocks.insert(index, block);
        chunks.extend(shown);
    }

    /// Later counts replace earlier ones: they are of the whole turn.
    fn count(&mut self, usage: Option<WireUsage>) {
        let usage = usage.unwrap_or_default();
        if let Some(plain) = usage.input_tokens {
            let (read, written) = (
                usage.cache_read_input_tokens,
                usage.cache_creation_input_tokens,
            );
            let cached: u64 = [read, written].into_iter().flatten().sum();
            self.usage.input_tokens = Some(plain + cached);
            self.usage.cached_input_tokens = read;
            self.usage.cache_write_tokens = written;
        }
        self.usage.output_tokens = usage.output_tokens.or(self.usage.output_tokens);
    }
}

fn finish_reason(reason: &str, has_calls: bool) -> FinishReason {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "refusal" => FinishReason::ContentFilter,
        _ if has_calls => FinishReason::ToolCalls,
        "end_turn" | "stop_sequence" | "tool_use" | "pause_turn" => FinishReason::Stop,
        other => {
            tracing::warn!(
                reason = other,
                "the model stopped for a reason that is not known"
            );
            FinishReason::Stop
        }
    }
}

/// The HTTP status that goes with a kind of error, for one that comes in the middle of a stream.
fn status(kind: &str) -> Option<StatusCode> {
    let code = match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "api_error" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    };
    StatusCode::from_u16(code).ok()
}
