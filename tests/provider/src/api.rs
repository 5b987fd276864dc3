//! The wire APIs that the server speaks, by their paths.

use bytes::Bytes;
use serde_json::Value;

use crate::request::ChatRequest;
use crate::script::Turn;
use crate::{gemini, messages, responses, wire};

/// A wire API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// OpenAI's Chat Completions.
    ChatCompletions,
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Responses.
    Responses,
    /// Google's Gemini API.
    Gemini,
}

impl Api {
    /// The API that is served under a path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::ChatCompletions),
            "/v1/messages" => Some(Self::Messages),
            "/v1/responses" => Some(Self::Responses),
            path => gemini::model(path).map(|_| Self::Gemini),
        }
    }

    /// Reads and checks a body that came to this path.
    pub(crate) fn read(self, path: &str, body: &[u8]) -> Result<ChatRequest, String> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| format!("the body is not JSON: {error}"))?;
        let chat = match self {
            Self::ChatCompletions => body,
            Self::Messages => messages::as_chat(&body)?,
            Self::Responses => responses::as_chat(&body)?,
            Self::Gemini => gemini::as_chat(&body, gemini::model(path).unwrap_or_default())?,
        };
        ChatRequest::parse(chat.to_string().as_bytes())
    }

    /// The events of a turn up to its end.
    pub(crate) fn turn_events(self, turn: &Turn, request: u64) -> Vec<Bytes> {
        match self {
            Self::ChatCompletions => wire::turn_events(turn, request),
            Self::Messages => messages::turn_events(turn, request),
            Self::Responses => responses::turn_events(turn, request),
            Self::Gemini => gemini::turn_events(turn, request),
        }
    }

    /// The events that complete a turn.
    pub(crate) fn closing_events(self, turn: &Turn) -> Vec<Bytes> {
        match self {
            Self::ChatCompletions => wire::closing_events(turn),
            Self::Messages => messages::closing_events(turn),
            Self::Responses => responses::closing_events(turn),
            Self::Gemini => gemini::closing_events(turn),
        }
    }
}
