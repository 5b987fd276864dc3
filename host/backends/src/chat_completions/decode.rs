//! The answer side of Chat Completions: payloads of the stream in, [`Chunk`]s out, without I/O.
//!
//! A streamed answer is many payloads with a `delta` each, an answer in one piece is one payload with a `message`;
//! both go through [`ChatDecoder::payload`]. Tool calls and usage are held back until the turn is complete.

use serde::Deserialize;
use serde_json::Value;

use crate::transport::{Failure, Progress, TurnDecoder};
use crate::turn::{Chunk, FinishReason, ToolCall, Usage};

/// The payload that ends a stream.
const DONE: &str = "[DONE]";

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: Option<Delta>,
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize, Default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        // xAI leaves reasoning out of the completion and bills it; the total has it.
        let beyond_prompt = wire
            .total_tokens
            .zip(wire.prompt_tokens)
            .and_then(|(total, prompt)| total.checked_sub(prompt));
        let details = wire.prompt_tokens_details.unwrap_or_default();
        Self {
            input_tokens: wire.prompt_tokens,
            cached_input_tokens: details.cached_tokens,
            cache_write_tokens: details.cache_write_tokens,
            output_tokens: wire
                .completion_tokens
                .map(|written| written.max(beyond_prompt.unwrap_or(0))),
        }
    }
}

/// A tool call whose pieces are still arriving.
#[derive(Debug)]
struct OpenCall {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

/// Decodes the payloads of one turn.
#[derive(Debug, Default)]
pub(super) struct ChatDecoder {
    calls: Vec<OpenCall>,
    /// How many calls the conversation held before this turn: generated ids count on from here.
    earlier_calls: usize,
    usage: Option<Usage>,
    finish_reason: Option<FinishReason>,
}

impl TurnDecoder for ChatDecoder {
    fn has_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    fn payload(&mut self, text: &str, chunks: &mut Vec<Chunk>) -> Result<Progress, Failure> {
        if text.trim() == DONE {
            return Ok(Progress::Done);
        }
        let payload: Payload = serde_json::from_str(text).map_err(Failure::garbage(text))?;
        if let Some(error) = payload.error.filter(|error| !error.is_null()) {
            return Err(Failure::from_error_object(&error));
        }
        if let Some(usage) = payload.usage {
            self.usage = Some(usage.into());
        }
        // Only one choice is ever asked for; a provider that sends more is read by its first.
        for choice in payload
            .choices
            .into_iter()
            .flatten()
            .filter(|choice| choice.index == 0)
        {
            self.choice(choice, chunks)?;
        }
        Ok(Progress::Open)
    }

    fn finish(self) -> Result<Vec<Chunk>, Failure> {
        let reported = self.finish_reason.ok_or(Failure::Cut)?;
        let mut chunks = Vec::with_capacity(self.calls.len() + 2);
        for (position, call) in self.calls.into_iter().enumerate() {
            if call.name.is_empty() {
                return Err(Failure::Violation(
                    "sent a tool call without a name".to_owned(),
                ));
            }
            let id = if call.id.is_empty() {
                format!("call_{}", self.earlier_calls + position)
            } else {
                call.id
            };
            chunks.push(Chunk::ToolCall(ToolCall {
                id,
                name: call.name,
                arguments: call.arguments,
            }));
        }
        // Many local servers report `stop` for a turn that holds tool calls.
        let finish_reason = match reported {
            FinishReason::Stop if !chunks.is_empty() => FinishReason::ToolCalls,
            FinishReason::ToolCalls if chunks.is_empty() => FinishReason::Stop,
            other => other,
        };
        chunks.extend(self.usage.map(Chunk::Usage));
        chunks.push(Chunk::Done { finish_reason });
        Ok(chunks)
    }
}

impl ChatDecoder {
    /// A decoder for a turn of a conversation that already holds `earlier_calls` tool calls.
    pub(super) fn new(earlier_calls: usize) -> Self {
        Self {
            earlier_calls,
            ..Self::default()
        }
    }

    fn choice(&mut self, choice: Choice, chunks: &mut Vec<Chunk>) -> Result<(), Failure> {
        if let Some(delta) = choice.delta.or(choice.message) {
            // vLLM and OpenRouter name the field `reasoning`, DeepSeek `reasoning_content`; some send both, equal.
            if let Some(text) = non_empty(delta.reasoning_content.or(delta.reasoning)) {
                chunks.push(Chunk::Reasoning { text });
            }
            for text in [delta.content, delta.refusal]
                .into_iter()
                .filter_map(non_empty)
            {
                chunks.push(Chunk::Content { text });
            }
            for call in delta.tool_calls.into_iter().flatten() {
                self.call(call)?;
            }
        }
        // Some servers send an empty reason with every piece.
        if let Some(reason) = non_empty(choice.finish_reason) {
            self.finish_reason = Some(finish_reason(&reason)?);
        }
        Ok(())
    }

    fn call(&mut self, delta: CallDelta) -> Result<(), Failure> {
        let id = non_empty(delta.id);
        let (name, arguments) = delta.function.map_or((None, None), |function| {
            (non_empty(function.name), function.arguments)
        });
        let position = match self.open_call(delta.index, id.as_deref(), name.as_deref()) {
            Some(position) => position,
            None if id.is_none() && name.is_none() && delta.index.is_none() => {
                return Err(Failure::Violation(
                    "sent arguments of a tool call before the call itself".to_owned(),
                ));
            }
            None => {
                self.calls.push(OpenCall {
                    index: delta.index,
                    id: String::new(),
                    name: String::new(),
                    arguments: String::new(),
                });
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[position];
        if call.id.is_empty() {
            call.id = id.unwrap_or_default();
        }
        // Some servers repeat the whole name with every piece of the arguments.
        if let Some(name) = name.filter(|name| *name != call.name) {
            call.name.push_str(&name);
        }
        match arguments {
            None | Some(Value::Null) => {}
            Some(Value::String(piece)) => call.arguments.push_str(&piece),
            // Ollama's older versions send the arguments as an object instead of text.
            Some(whole) => call.arguments.push_str(&whole.to_string()),
        }
        Ok(())
    }

    /// The open call that a piece continues; `None` when it begins a new one.
    ///
    /// The wire format joins pieces by `index`. Gemini's endpoint gives every call of a turn index 0 and some servers
    /// leave the index out: there a new id together with a name begins a new call.
    fn open_call(&self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let position = match (index, id) {
            (Some(_), _) => self.calls.iter().rposition(|call| call.index == index)?,
            (None, Some(id)) => return self.calls.iter().position(|call| call.id == id),
            (None, None) if name.is_some() => return None,
            (None, None) => self.calls.len().checked_sub(1)?,
        };
        let known = &self.calls[position].id;
        let begins_another =
            name.is_some() && id.is_some_and(|id| !known.is_empty() && id != known);
        (!begins_another).then_some(position)
    }
}

fn finish_reason(reason: &str) -> Result<FinishReason, Failure> {
    match reason {
        "stop" | "eos" | "end_turn" => Ok(FinishReason::Stop),
        "length" | "max_tokens" => Ok(FinishReason::Length),
        "tool_calls" | "function_call" => Ok(FinishReason::ToolCalls),
        "content_filter" => Ok(FinishReason::ContentFilter),
        other => Err(Failure::Violation(format!(
            "ended the turn with the unknown finish reason {other:?}"
        ))),
    }
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
