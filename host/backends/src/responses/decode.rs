//! The answer side of the Responses API: events of the stream in, [`Chunk`]s out, without I/O.
//!
//! Text and reasoning are shown as their pieces come; items are taken when they are whole. Kinds of events that are not
//! known are passed over.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::Responses;
use super::item;
use crate::transport::{Failure, Progress, TurnDecoder, WireApi};
use crate::turn::{Chunk, FinishReason, NativeTurn, Usage};

/// An event of a stream.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(
        rename = "response.output_text.delta",
        alias = "response.refusal.delta"
    )]
    Text { delta: String },
    #[serde(
        rename = "response.reasoning_text.delta",
        alias = "response.reasoning_summary_text.delta"
    )]
    Reasoning { delta: String },
    #[serde(rename = "response.reasoning_summary_part.added")]
    SummaryPart {
        #[serde(default)]
        summary_index: u64,
    },
    #[serde(rename = "response.output_text.annotation.added")]
    Annotation { annotation: Value },
    #[serde(rename = "response.output_item.done")]
    Item { output_index: u64, item: Value },
    #[serde(
        rename = "response.completed",
        alias = "response.incomplete",
        alias = "response.failed"
    )]
    End { response: Response },
    #[serde(rename = "error")]
    Error(WireError),
    #[serde(other)]
    Other,
}

/// An answer at its end.
#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    output: Vec<Value>,
    usage: Option<WireUsage>,
    status: Option<String>,
    error: Option<WireError>,
    incomplete_details: Option<Incomplete>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let details = wire.input_tokens_details.unwrap_or_default();
        Self {
            input_tokens: wire.input_tokens,
            cached_input_tokens: details.cached_tokens,
            cache_write_tokens: details.cache_write_tokens,
            output_tokens: wire.output_tokens,
        }
    }
}

#[derive(Deserialize)]
struct WireError {
    code: Option<String>,
    #[serde(default)]
    message: String,
}

/// Decodes the events of one turn.
#[derive(Default)]
pub(super) struct ResponseDecoder {
    items: BTreeMap<u64, Value>,
    usage: Option<Usage>,
    finish_reason: Option<FinishReason>,
}

impl TurnDecoder for ResponseDecoder {
    fn has_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    fn payload(&mut self, text: &str, chunks: &mut Vec<Chunk>) -> Result<Progress, Failure> {
        let value: Value = serde_json::from_str(text).map_err(Failure::garbage(text))?;
        if value["object"] == "response" {
            let response = Response::deserialize(value).map_err(Failure::garbage(text))?;
            let texts = response.output.iter().filter_map(item::as_text);
            chunks.extend(texts.map(|text| Chunk::Content { text }));
            self.end(response)?;
            return Ok(Progress::Done);
        }
        match Event::deserialize(value).map_err(Failure::garbage(text))? {
            Event::Text { delta } => chunks.push(Chunk::Content { text: delta }),
            Event::Reasoning { delta } => chunks.push(Chunk::Reasoning { text: delta }),
            Event::SummaryPart { summary_index } if summary_index > 0 => {
                chunks.push(Chunk::Reasoning {
                    text: "\n\n".to_owned(),
                });
            }
            Event::Annotation { annotation } => chunks.extend(item::as_citation(&annotation)),
            Event::Item { output_index, item } => {
                chunks.extend(item::as_provider_tool(&item));
                self.items.insert(output_index, item);
            }
            Event::End { response } => {
                self.end(response)?;
                return Ok(Progress::Done);
            }
            Event::Error(error) => return Err(reported(error)),
            Event::SummaryPart { .. } | Event::Other => {}
        }
        Ok(Progress::Open)
    }

    fn finish(self) -> Result<Vec<Chunk>, Failure> {
        let reported = self.finish_reason.ok_or(Failure::Cut)?;
        let calls = self.items.values().filter_map(item::as_call);
        let mut chunks: Vec<Chunk> = calls.map(Chunk::ToolCall).collect();
        let finish_reason = match reported {
            FinishReason::Stop if !chunks.is_empty() => FinishReason::ToolCalls,
            other => other,
        };
        let items: Vec<Value> = self.items.values().filter_map(item::returned).collect();
        if !items.is_empty() {
            chunks.push(Chunk::Native(NativeTurn {
                api: Responses::NAME.to_owned(),
                items: items.into(),
            }));
        }
        chunks.extend(self.usage.map(Chunk::Usage));
        chunks.push(Chunk::Done { finish_reason });
        Ok(chunks)
    }
}

impl ResponseDecoder {
    fn end(&mut self, response: Response) -> Result<(), Failure> {
        if let Some(error) = response.error {
            return Err(reported(error));
        }
        if !response.output.is_empty() {
            self.items = (0..).zip(response.output).collect();
        }
        self.usage = response.usage.map(Usage::from);
        let reason = response
            .incomplete_details
            .and_then(|details| details.reason);
        self.finish_reason = Some(match (response.status.as_deref(), reason.as_deref()) {
            (Some("incomplete"), Some("content_filter")) => FinishReason::ContentFilter,
            (Some("incomplete"), _) => FinishReason::Length,
            (Some("failed" | "cancelled"), _) => {
                return Err(Failure::Violation(
                    "ended the turn as failed, without a reason".to_owned(),
                ));
            }
            _ => FinishReason::Stop,
        });
        Ok(())
    }
}

/// A reported error, with the HTTP status that its code would have had.
fn reported(error: WireError) -> Failure {
    let status = match error.code.as_deref() {
        Some("rate_limit_exceeded" | "insufficient_quota") => Some(StatusCode::TOO_MANY_REQUESTS),
        Some("invalid_api_key") => Some(StatusCode::UNAUTHORIZED),
        Some("server_error") => Some(StatusCode::INTERNAL_SERVER_ERROR),
        Some(code) if code.starts_with("invalid_") || code == "context_length_exceeded" => {
            Some(StatusCode::BAD_REQUEST)
        }
        _ => None,
    };
    Failure::Reported {
        status,
        message: error.message,
    }
}
