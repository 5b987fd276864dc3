//! The answer side of the Gemini API: payloads of the stream in, [`Chunk`]s out, without I/O.
//!
//! Every payload is an answer of its own with the next parts of the content; an answer in one piece is one of them, or a
//! list. Nothing but the end of the body ends a stream, so what counts is that a reason to stop was told before.

use serde::Deserialize;
use serde_json::Value;

use super::Gemini;
use super::part::{self, Part};
use crate::transport::{Failure, Progress, TurnDecoder, WireApi};
use crate::turn::{Chunk, FinishReason, NativeTurn, Usage};

/// A piece of an answer, or a whole one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    index: u64,
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
    grounding_metadata: Option<Grounding>,
}

/// What a search of Google's found.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grounding {
    #[serde(default)]
    web_search_queries: Vec<String>,
    #[serde(default)]
    grounding_chunks: Vec<GroundingChunk>,
}

#[derive(Deserialize)]
struct GroundingChunk {
    web: Option<WebSource>,
}

#[derive(Deserialize)]
struct WebSource {
    uri: String,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

/// Counts so far; a payload may hold some of them, or none.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireUsage {
    prompt_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
}

/// Decodes the payloads of one turn.
#[derive(Default)]
pub(super) struct ContentDecoder {
    parts: Vec<Part>,
    /// How many calls the conversation held before this turn: generated ids count on from here.
    earlier_calls: usize,
    usage: WireUsage,
    finish_reason: Option<FinishReason>,
}

impl TurnDecoder for ContentDecoder {
    fn has_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    fn payload(&mut self, text: &str, chunks: &mut Vec<Chunk>) -> Result<Progress, Failure> {
        let answers = match serde_json::from_str(text).map_err(Failure::garbage(text))? {
            Value::Array(answers) => answers,
            answer => vec![answer],
        };
        for answer in answers {
            self.answer(
                Answer::deserialize(answer).map_err(Failure::garbage(text))?,
                chunks,
            )?;
        }
        Ok(Progress::Open)
    }

    fn finish(self) -> Result<Vec<Chunk>, Failure> {
        let reported = self.finish_reason.ok_or(Failure::Cut)?;
        let mut chunks = Vec::new();
        for part in &self.parts {
            let generated = || format!("call_{}", self.earlier_calls + chunks.len());
            let Some(call) = part::as_call(part, generated) else {
                continue;
            };
            if call.name.is_empty() {
                return Err(Failure::Violation(
                    "sent a tool call without a name".to_owned(),
                ));
            }
            chunks.push(Chunk::ToolCall(call));
        }
        let finish_reason = match reported {
            FinishReason::Stop if !chunks.is_empty() => FinishReason::ToolCalls,
            other => other,
        };
        if !self.parts.is_empty() {
            chunks.push(Chunk::Native(NativeTurn {
                api: Gemini::NAME.to_owned(),
                items: self.parts.into_iter().map(Value::Object).collect(),
            }));
        }
        let usage = self.usage.counted();
        if usage != Usage::default() {
            chunks.push(Chunk::Usage(usage));
        }
        chunks.push(Chunk::Done { finish_reason });
        Ok(chunks)
    }
}

impl ContentDecoder {
    /// A decoder for a turn of a conversation that already holds `earlier_calls` tool calls.
    pub(super) fn new(earlier_calls: usize) -> Self {
        Self {
            earlier_calls,
            ..Self::default()
        }
    }

    fn answer(&mut self, answer: Answer, chunks: &mut Vec<Chunk>) -> Result<(), Failure> {
        if let Some(error) = answer.error.filter(|error| !error.is_null()) {
            return Err(Failure::from_error_object(&error));
        }
        self.usage.count(answer.usage_metadata.unwrap_or_default());
        if let Some(reason) = answer.prompt_feedback.and_then(|told| told.block_reason) {
            tracing::warn!(reason, "the provider withheld its answer to the prompt");
            self.finish_reason = Some(FinishReason::ContentFilter);
        }
        // Only one candidate is ever asked for; a server that sends more is read by its first.
        let candidates = answer.candidates.into_iter().flatten();
        for candidate in candidates.filter(|candidate| candidate.index == 0) {
            let content = candidate.content.and_then(|content| content.parts);
            for part in content.into_iter().flatten() {
                chunks.extend(part::shown(&part));
                part::append(&mut self.parts, part);
            }
            if let Some(grounding) = candidate.grounding_metadata {
                chunks.extend(grounding.shown());
            }
            if let Some(reason) = candidate.finish_reason {
                let message = candidate.finish_message.unwrap_or_default();
                self.finish_reason = Some(finish_reason(&reason, &message)?);
            }
        }
        Ok(())
    }
}

impl Grounding {
    /// The searches, then the sources.
    fn shown(self) -> impl Iterator<Item = Chunk> {
        let searches = self.web_search_queries.into_iter();
        let searches = searches.map(|query| Chunk::ProviderTool {
            tool: "google_search".to_owned(),
            detail: query,
        });
        let sources = self.grounding_chunks.into_iter();
        let sources = sources.filter_map(|chunk| chunk.web);
        searches.chain(sources.map(|source| Chunk::Citation {
            url: source.uri,
            title: source.title,
        }))
    }
}

impl WireUsage {
    /// Later counts replace earlier ones: they are of the whole turn.
    fn count(&mut self, later: Self) {
        let pairs = [
            (&mut self.prompt_token_count, later.prompt_token_count),
            (
                &mut self.tool_use_prompt_token_count,
                later.tool_use_prompt_token_count,
            ),
            (
                &mut self.candidates_token_count,
                later.candidates_token_count,
            ),
            (&mut self.thoughts_token_count, later.thoughts_token_count),
            (
                &mut self.cached_content_token_count,
                later.cached_content_token_count,
            ),
        ];
        for (known, told) in pairs {
            *known = told.or(*known);
        }
    }

    /// Prompt and thoughts are counted beside what the provider's own tools read, and what was said.
    fn counted(&self) -> Usage {
        let sum = |counts: [Option<u64>; 2]| {
            let known = counts.iter().any(Option::is_some);
            known.then(|| counts.into_iter().flatten().fold(0, u64::saturating_add))
        };
        Usage {
            input_tokens: sum([self.prompt_token_count, self.tool_use_prompt_token_count]),
            // Part of the prompt's count.
            cached_input_tokens: self.cached_content_token_count,
            cache_write_tokens: None,
            output_tokens: sum([self.candidates_token_count, self.thoughts_token_count]),
        }
    }
}

fn finish_reason(reason: &str, message: &str) -> Result<FinishReason, Failure> {
    let failed = match reason {
        "STOP" => return Ok(FinishReason::Stop),
        "MAX_TOKENS" | "CONTINUATION" => return Ok(FinishReason::Length),
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "ESCALATION"
        | "MODEL_ARMOR" => {
            tracing::warn!(reason, message, "the provider withheld its answer");
            return Ok(FinishReason::ContentFilter);
        }
        "MALFORMED_FUNCTION_CALL" => {
            "wrote a tool call that cannot be read; ask again, or choose another model"
        }
        "MALFORMED_RESPONSE" => {
            "wrote an answer that cannot be read; ask again, or choose another model"
        }
        "UNEXPECTED_TOOL_CALL" => {
            "called a tool that it was not given; ask again, or choose another model"
        }
        "TOO_MANY_TOOL_CALLS" => "called too many tools in one turn; ask for less at once",
        "MISSING_THOUGHT_SIGNATURE" => {
            "misses the signature of a thought in the conversation; ask anew"
        }
        "OTHER" => "stopped without a reason; ask again, or word the question differently",
        _ => "ended the turn with a finish reason that is not known; ask again",
    };
    let told = match message {
        "" => String::new(),
        message => format!(": {message}"),
    };
    Err(Failure::Violation(format!("{failed} ({reason}{told})")))
}
