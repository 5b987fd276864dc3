//! Content blocks: the pieces of a message, while they grow and when they are whole.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::conversation::arguments_object;
use crate::turn::{Chunk, ToolCall};

/// A block of an answer.
#[derive(Debug)]
pub(super) enum Block {
    Text(String),
    Thinking {
        thinking: String,
        signature: String,
    },
    ToolUse {
        id: String,
        name: String,
        arguments: String,
    },
    /// Of a kind that goes back as it came: redacted thinking, what the provider's own tools did.
    Other(Value),
}

/// The kinds of blocks that are read; every other one is kept whole.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Known {
    Text {
        #[serde(default)]
        text: String,
    },
    Thinking {
        #[serde(default)]
        thinking: String,
        #[serde(default)]
        signature: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
}

/// A piece of a block. Kinds that are not known are nothing that is shown.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(other)]
    Other,
}

impl Block {
    /// A block as its start, or a whole answer, has it, and what of it can be shown already.
    pub(super) fn new(value: Value) -> (Self, Option<Chunk>) {
        match Known::deserialize(&value) {
            Ok(Known::Text { text }) => (Self::Text(text.clone()), content(text)),
            Ok(Known::Thinking {
                thinking,
                signature,
            }) => {
                let shown = reasoning(thinking.clone());
                let block = Self::Thinking {
                    thinking,
                    signature,
                };
                (block, shown)
            }
            Ok(Known::ToolUse { id, name, input }) => {
                // A streamed block begins with an empty input, whose pieces follow.
                let is_empty = input.as_object().is_none_or(serde_json::Map::is_empty);
                let arguments = if is_empty {
                    String::new()
                } else {
                    input.to_string()
                };
                let block = Self::ToolUse {
                    id,
                    name,
                    arguments,
                };
                (block, None)
            }
            Err(_) => (Self::Other(value), None),
        }
    }

    /// Takes a piece; gives what of it can be shown. A piece of another kind than the block's is not the block's.
    pub(super) fn extend(&mut self, delta: Delta) -> Option<Chunk> {
        match (self, delta) {
            (Self::Text(text), Delta::Text { text: piece }) => {
                text.push_str(&piece);
                content(piece)
            }
            (Self::Thinking { thinking, .. }, Delta::Thinking { thinking: piece }) => {
                thinking.push_str(&piece);
                reasoning(piece)
            }
            (Self::Thinking { signature, .. }, Delta::Signature { signature: piece }) => {
                signature.push_str(&piece);
                None
            }
            (Self::ToolUse { arguments, .. }, Delta::InputJson { partial_json }) => {
                arguments.push_str(&partial_json);
                None
            }
            _ => None,
        }
    }

    /// The tool call that it is.
    pub(super) fn tool_call(&self) -> Option<ToolCall> {
        let Self::ToolUse {
            id,
            name,
            arguments,
        } = self
        else {
            return None;
        };
        let arguments = match arguments.is_empty() {
            true => "{}".to_owned(),
            false => arguments.clone(),
        };
        Some(ToolCall {
            id: id.clone(),
            name: name.clone(),
            arguments,
        })
    }

    /// The block as it goes back to the provider; none for an empty text, which the API refuses.
    pub(super) fn native(self) -> Option<Value> {
        match self {
            Self::Text(text) if text.is_empty() => None,
            Self::Text(text) => Some(json!({ "type": "text", "text": text })),
            Self::Thinking {
                thinking,
                signature,
            } => Some(json!({ "type": "thinking", "thinking": thinking, "signature": signature })),
            Self::ToolUse {
                id,
                name,
                arguments,
            } => Some(
                json!({ "type": "tool_use", "id": id, "name": name, "input": arguments_object(&arguments) }),
            ),
            Self::Other(value) => Some(value),
        }
    }
}

fn content(text: String) -> Option<Chunk> {
    (!text.is_empty()).then_some(Chunk::Content { text })
}

fn reasoning(text: String) -> Option<Chunk> {
    (!text.is_empty()).then_some(Chunk::Reasoning { text })
}
