//! What can go wrong with one request, before it is put into words for the user.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::turn::ErrorKind;

/// How much of a provider's own text an error shows, in characters.
const SHOWN_CHARACTERS: usize = 200;

/// A failed request. Texts are the provider's and may hold anything: they are shortened and scrubbed of the key when
/// they become a [`crate::BackendError`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// The provider answered with a status other than success.
    Status {
        /// The HTTP status.
        status: StatusCode,
        /// The provider's message, as far as one was found.
        message: String,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider reported an error inside an answer of status 200.
    Reported {
        /// The status that the error object names, where it names one.
        status: Option<StatusCode>,
        /// The provider's message.
        message: String,
    },
    /// No connection, or it broke, before the answer began.
    Network(String),
    /// No answer began within this time.
    NoAnswer(Duration),
    /// The answer stopped coming for this long.
    Stalled(Duration),
    /// The answer ended or its connection broke before the turn was complete.
    Cut,
    /// A payload that is not the JSON which the wire format promises.
    Garbage {
        /// What the parser said.
        reason: String,
        /// The payload.
        text: String,
    },
    /// JSON that breaks a rule of the wire format; what the provider did.
    Violation(String),
}

impl Failure {
    /// Reads an `error` member: an object with `message` and perhaps a numeric `code`, or a bare text.
    pub(crate) fn from_error_object(error: &Value) -> Self {
        let status = error
            .get("code")
            .and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()))
            .and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok())
            .filter(|status| status.is_client_error() || status.is_server_error());
        Self::Reported {
            status,
            message: message_of(error),
        }
    }

    /// Builds the failure of an HTTP error answer from its body.
    pub(super) fn from_answer(
        status: StatusCode,
        retry_after: Option<Duration>,
        body: &str,
    ) -> Self {
        let message = match serde_json::from_str::<Value>(body) {
            Ok(json) => message_of(json.get("error").unwrap_or(&json)),
            Err(_) => body.trim().to_owned(),
        };
        Self::Status {
            status,
            message,
            retry_after,
        }
    }

    /// The kind under which the agent loop sees this failure.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Status { status, .. }
            | Self::Reported {
                status: Some(status),
                ..
            } => kind_of(*status),
            Self::Reported { status: None, .. } => ErrorKind::Provider,
            Self::Network(_) | Self::NoAnswer(_) => ErrorKind::Network,
            Self::Stalled(_) | Self::Cut | Self::Garbage { .. } | Self::Violation(_) => {
                ErrorKind::Protocol
            }
        }
    }

    /// Whether the same request may succeed when it is sent again.
    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::RateLimited | ErrorKind::Provider | ErrorKind::Network
        )
    }

    /// How long the provider asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// The classes of [`ErrorKind`], by status (RFC 9110 §15).
fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 | 403 => ErrorKind::Authentication,
        429 => ErrorKind::RateLimited,
        408 | 409 | 500..=599 => ErrorKind::Provider,
        _ => ErrorKind::Rejected,
    }
}

fn message_of(error: &Value) -> String {
    match error {
        Value::String(text) => text.clone(),
        _ => match error.get("message").or_else(|| error.get("detail")) {
            Some(Value::String(text)) => text.clone(),
            _ => error.to_string(),
        },
    }
}

/// The beginning of a provider's text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARACTERS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}
