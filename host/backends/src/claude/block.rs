//! Content blocks: the pieces of a message, while they grow and when they are whole.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::conversation::arguments_object;
use crate::turn::{Chunk, ToolCall};

/// A block of an answer.
#[derive(Debug)]
pub(super) enum Block {
    Text {
        text: String,
        /// Its sources, as they came.
        citations: Vec<Value>,
    },
    Thinking {
        thinking: String,
        signature: String,
    },
    ToolUse {
        id: String,
        name: String,
        arguments: String,
    },
    /// A call of one of the provider's own tools, with its result in another block.
    ServerToolUse {
        id: String,
        name: String,
        arguments: String,
    },
    /// Of a kind that goes back as it came: redacted thinking, results of the provider's own tools.
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
    ServerToolUse {
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
    #[serde(rename = "citations_delta")]
    Citation { citation: Value },
    #[serde(other)]
    Other,
}

impl Block {
    /// A block as its start, or a whole answer, has it, and what of it can be shown already.
    pub(super) fn new(value: Value) -> (Self, Option<Chunk>) {
        match Known::deserialize(&value) {
            Ok(Known::Text { text }) => {
                let shown = content(text.clone());
                let citations = Vec::new();
                (Self::Text { text, citations }, shown)
            }
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
                let arguments = begun(&input);
                let block = Self::ToolUse {
                    id,
                    name,
                    arguments,
                };
                (block, None)
            }
            Ok(Known::ServerToolUse { id, name, input }) => {
                let arguments = begun(&input);
                let block = Self::ServerToolUse {
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
            (Self::Text { text, .. }, Delta::Text { text: piece }) => {
                text.push_str(&piece);
                content(piece)
            }
            (Self::Text { citations, .. }, Delta::Citation { citation }) => {
                let shown = source(&citation);
                citations.push(citation);
                shown
            }
            (Self::Thinking { thinking, .. }, Delta::Thinking { thinking: piece }) => {
                thinking.push_str(&piece);
                reasoning(piece)
            }
            (Self::Thinking { signature, .. }, Delta::Signature { signature: piece }) => {
                signature.push_str(&piece);
                None
            }
            (
                Self::ToolUse { arguments, .. } | Self::ServerToolUse { arguments, .. },
                Delta::InputJson { partial_json },
            ) => {
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

    /// What the provider's own tool was used for, where this block is its result and `call` the block of its call.
    pub(super) fn answers(&self, call: &Self) -> Option<Chunk> {
        let (
            Self::Other(result),
            Self::ServerToolUse {
                id,
                name,
                arguments,
            },
        ) = (self, call)
        else {
            return None;
        };
        if result["tool_use_id"] != *id {
            return None;
        }
        let input = arguments_object(arguments);
        let detail = input["query"].as_str().or(input["code"].as_str());
        Some(Chunk::ProviderTool {
            tool: name.clone(),
            detail: detail.unwrap_or_default().to_owned(),
        })
    }

    /// The block as it goes back to the provider; none for an empty text, which the API refuses.
    pub(super) fn native(self) -> Option<Value> {
        match self {
            Self::Text { text, .. } if text.is_empty() => None,
            Self::Text { text, citations } if citations.is_empty() => {
                Some(json!({ "type": "text", "text": text }))
            }
            Self::Text { text, citations } => {
                Some(json!({ "type": "text", "text": text, "citations": citations }))
            }
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
            Self::ServerToolUse {
                id,
                name,
                arguments,
            } => Some(
                json!({ "type": "server_tool_use", "id": id, "name": name, "input": arguments_object(&arguments) }),
            ),
            Self::Other(value) => Some(value),
        }
    }
}

/// The arguments of a call as its block begins: a streamed one with an empty input, whose pieces follow.
fn begun(input: &Value) -> String {
    match input.as_object().is_none_or(serde_json::Map::is_empty) {
        true => String::new(),
        false => input.to_string(),
    }
}

/// The source that a citation names, where it is one of the web.
fn source(citation: &Value) -> Option<Chunk> {
    Some(Chunk::Citation {
        url: citation["url"].as_str()?.to_owned(),
        title: citation["title"].as_str().unwrap_or_default().to_owned(),
    })
}

fn content(text: String) -> Option<Chunk> {
    (!text.is_empty()).then_some(Chunk::Content { text })
}

fn reasoning(text: String) -> Option<Chunk> {
    (!text.is_empty()).then_some(Chunk::Reasoning { text })
}
