//! What a script may let the provider say.

use std::time::Duration;

use serde_json::Value;

/// A tool call of a scripted turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The tool's name.
    pub name: String,
    /// The arguments object.
    pub arguments: Value,
}

impl Call {
    /// A call of `name` with these arguments.
    pub fn new(name: impl Into<String>, arguments: Value) -> Self {
        Self {
            name: name.into(),
            arguments,
        }
    }
}

/// One complete turn of the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    /// What the model says; it is streamed in small pieces that do not respect words.
    pub text: String,
    /// The tools it calls, in order; their arguments are streamed in small pieces that do not respect tokens.
    pub calls: Vec<Call>,
    /// The pause before each event of the stream; zero for none.
    pub pause: Duration,
}

impl Turn {
    /// A turn that only says something.
    pub fn saying(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A turn that only calls one tool.
    pub fn calling(call: Call) -> Self {
        Self {
            calls: vec![call],
            ..Self::default()
        }
    }

    /// The same turn with a pause before each event.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// The provider's reply to one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A streamed turn with usage at its end.
    Turn(Turn),
    /// An HTTP error with a message in the API's error object.
    Status {
        /// The HTTP status, e.g. 401.
        status: u16,
        /// The value of a `Retry-After` header, in seconds.
        retry_after: Option<u64>,
        /// The message.
        message: String,
    },
    /// Status 200 and an event that is not JSON.
    Garbage,
    /// A stream whose connection breaks off before the turn is complete.
    Cut(Turn),
}

impl Reply {
    /// An HTTP error without a `Retry-After` header.
    pub fn status(status: u16, message: impl Into<String>) -> Self {
        Self::Status {
            status,
            retry_after: None,
            message: message.into(),
        }
    }
}

impl From<Turn> for Reply {
    fn from(turn: Turn) -> Self {
        Self::Turn(turn)
    }
}
