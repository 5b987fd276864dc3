//! What can go wrong with a request, in the terms that programs have for it.

use std::fmt;

use crate::bindings::wasi::http::types::ErrorCode;

/// A failed request: its kind, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What programs ask about.
    pub kind: FailureKind,
    /// What happened.
    pub message: String,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The host does not let the request out.
    Refused,
    /// Nobody answers at the address.
    ConnectionRefused,
    /// The connection broke.
    Reset,
    /// A phase took too long.
    Timeout,
    /// Nobody knows the name.
    UnknownName,
    /// The parts are no request.
    Invalid,
    /// Anything else.
    Other,
}

impl Failure {
    pub(crate) fn invalid(message: String) -> Self {
        Self {
            kind: FailureKind::Invalid,
            message,
        }
    }

    pub(crate) fn of(code: &ErrorCode, origin: &str) -> Self {
        let (kind, message) = match code {
            ErrorCode::HttpRequestDenied => (
                FailureKind::Refused,
                format!(
                    "the sandbox does not let this program reach {origin}; whoever started it can allow a host"
                ),
            ),
            ErrorCode::DestinationIpProhibited => (
                FailureKind::Refused,
                format!(
                    "the name in {origin} leads to an address that is not of the public network"
                ),
            ),
            ErrorCode::ConnectionLimitReached => (
                FailureKind::Refused,
                "too many requests are open at one time".to_owned(),
            ),
            ErrorCode::ConnectionRefused => (
                FailureKind::ConnectionRefused,
                format!("{origin} refuses the connection"),
            ),
            ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => (
                FailureKind::Reset,
                format!("the connection to {origin} broke"),
            ),
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::HttpResponseTimeout => (
                FailureKind::Timeout,
                format!("{origin} did not answer in time"),
            ),
            ErrorCode::DnsError(_) | ErrorCode::DnsTimeout => (
                FailureKind::UnknownName,
                format!("the name in {origin} is not known"),
            ),
            ErrorCode::HttpRequestUriInvalid => {
                (FailureKind::Invalid, format!("{origin} is no URL"))
            }
            ErrorCode::InternalError(Some(words)) => {
                (FailureKind::Other, format!("{origin}: {words}"))
            }
            other => (FailureKind::Other, format!("{origin}: {other:?}")),
        };
        Self { kind, message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
