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
        /// The error says that the key is the reason, whatever the status.
        key_refused: bool,
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
    /// For `map_err`: this payload is not what the wire format promises.
    pub(crate) fn garbage(text: &str) -> impl Fn(serde_json::Error) -> Self + '_ {
        |error| Self::Garbage {
            reason: error.to_string(),
            text: text.to_owned(),
        }
    }

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
        let Ok(json) = serde_json::from_str::<Value>(body) else {
            return Self::Status {
                status,
                message: body.trim().to_owned(),
                retry_after,
                key_refused: false,
            };
        };
        // Google's streams put their error into a list.
        let json = json.get(0).unwrap_or(&json);
        let error = json.get("error").unwrap_or(json);
        Self::Status {
            status,
            message: message_of(error),
            retry_after: retry_after.or_else(|| retry_delay(error)),
            key_refused: details(error).any(|detail| detail["reason"] == "API_KEY_INVALID"),
        }
    }

    /// The kind under which the agent loop sees this failure.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Status {
                key_refused: true, ..
            } => ErrorKind::Authentication,
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

/// What Google adds to an error: objects of the package `google.rpc`.
fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error["details"].as_array().into_iter().flatten()
}

/// The wait that Google asks for in the error's details instead of a header: `{"retryDelay": "34.5s"}`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let delay = details(error).find_map(|detail| detail["retryDelay"].as_str())?;
    let seconds = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The failure that an error answer of this status and body is.
    fn failure(status: StatusCode, body: &str) -> (ErrorKind, Option<Duration>, String) {
        let failure = Failure::from_answer(status, None, body);
        let message = match &failure {
            Failure::Status { message, .. } => message.clone(),
            other => format!("{other:?}"),
        };
        (failure.kind(), failure.retry_after(), message)
    }

    #[test]
    fn googles_wait_is_read_from_the_details_of_a_listed_error() {
        let body = r#"[{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}]"#;
        assert_eq!(
            failure(StatusCode::TOO_MANY_REQUESTS, body),
            (
                ErrorKind::RateLimited,
                Some(Duration::from_millis(34_500)),
                "Quota exceeded.".to_owned()
            )
        );
        for delay in ["-1s", "soon", "1e99s", "NaNs"] {
            let body = format!(r#"{{"error":{{"details":[{{"retryDelay":"{delay}"}}]}}}}"#);
            let (_, wait, _) = failure(StatusCode::TOO_MANY_REQUESTS, &body);
            assert_eq!(wait, None, "{delay}");
        }
    }

    #[test]
    fn a_refused_key_is_known_behind_a_status_that_says_less() {
        let body = r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
        let (kind, _, message) = failure(StatusCode::BAD_REQUEST, body);
        assert_eq!(kind, ErrorKind::Authentication);
        assert_eq!(message, "API key not valid.");
    }
}
