//! How a call ended, and what it left behind.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Denial, NetworkUse};

/// One piece of a tool's result; the contract's `content`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text for the model.
    Text {
        /// The text.
        text: String,
    },
    /// A JSON document.
    Json {
        /// The document.
        value: Value,
    },
    /// A picture.
    Image {
        /// Media type, e.g. `image/png`.
        mime_type: String,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A sound.
    Audio {
        /// Media type, e.g. `audio/wav`.
        mime_type: String,
        /// The bytes.
        data: Vec<u8>,
    },
    /// Something the model can read by itself.
    ResourceLink {
        /// Where.
        uri: String,
        /// What it is called.
        name: String,
        /// Its media type, where known.
        mime_type: Option<String>,
    },
}

/// Which limit ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Linear memory of all the instance's memories together.
    Memory,
    /// The guest's call stack.
    Stack,
    /// Open descriptors, streams and other handles.
    Handles,
    /// Bytes written to files.
    Written,
    /// Files, directories and links made.
    NewFiles,
    /// The length of one file.
    FileSize,
    /// Commands at one time.
    Commands,
    /// HTTP requests that are open at one time.
    Requests,
    /// Wall time.
    Time,
}

impl LimitKind {
    /// The limit's name, as configuration and logs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Handles => "open_files",
            Self::Written => "written",
            Self::NewFiles => "new_files",
            Self::FileSize => "largest_file",
            Self::Commands => "commands",
            Self::Requests => "requests",
            Self::Time => "call_time",
        }
    }
}

/// How a call ended. There is no other way for it to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The tool gave a result.
    Ok {
        /// Its pieces.
        content: Vec<Content>,
    },
    /// The command ended by itself.
    Exited {
        /// Its exit code; 0 is success.
        code: u8,
    },
    /// The tool reported an error, or its name or arguments were wrong.
    ToolError {
        /// What the tool said.
        message: String,
    },
    /// The tool reported an error after a rule had refused it something.
    Denied {
        /// What the tool said.
        message: String,
        /// The last refusal.
        denial: Denial,
    },
    /// A limit ended the call.
    Limit {
        /// Which.
        limit: LimitKind,
        /// What was reached, with the number that was set.
        message: String,
    },
    /// The call ran out of time.
    Timeout {
        /// The time it had.
        after: Duration,
    },
    /// The guest crashed.
    Trap {
        /// The engine's reason.
        message: String,
    },
    /// The caller no longer wanted the call.
    Cancelled,
    /// The host failed; the guest is not to blame.
    HostError {
        /// What failed.
        message: String,
    },
}

/// Bytes that a guest wrote to a standard stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// What was kept, from the beginning.
    pub bytes: Vec<u8>,
    /// How many bytes were written beyond that and dropped.
    pub dropped: u64,
}

impl Captured {
    /// The text, with a mark where it was cut (`spec/04` E7, E8: invalid UTF-8 is replaced, never an error).
    pub fn to_text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.bytes).into_owned();
        if self.dropped > 0 {
            text.push_str(&format!(
                "\n... (truncated, exceeded {} bytes by {})",
                self.bytes.len(),
                self.dropped
            ));
        }
        text
    }
}

/// A limit that the call, or a command that it started, has reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitReached {
    /// Which.
    pub kind: LimitKind,
    /// What was reached, with the number that was set.
    pub message: String,
}

/// Everything a call left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote to standard output; kept also when it was stopped.
    pub stdout: Captured,
    /// What it wrote to standard error.
    pub stderr: Captured,
    /// Lines it logged through the host interface.
    pub log: Vec<String>,
    /// The last limit that was reached on the way, whether or not it ended the call.
    pub limit: Option<LimitReached>,
    /// What was refused to it.
    pub denials: Vec<Denial>,
    /// What it asked of the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<NetworkUse>,
    /// Wall time.
    pub elapsed: Duration,
    /// The most linear memory it had at one time, with all that it started, in bytes.
    pub peak_memory: u64,
}

impl Report {
    /// That of a call which ended so and left nothing behind.
    pub fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            stdout: Captured::default(),
            stderr: Captured::default(),
            log: Vec::new(),
            limit: None,
            denials: Vec::new(),
            network: Vec::new(),
            elapsed: Duration::ZERO,
            peak_memory: 0,
        }
    }
}

/// Effect hints of a tool; see the contract's `annotations`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotations {
    /// It changes nothing.
    pub read_only: bool,
    /// It may overwrite or remove something that exists.
    pub destructive: bool,
    /// Calling twice has no further effect.
    pub idempotent: bool,
    /// It talks to something outside the granted files.
    pub open_world: bool,
}

/// A tool as its plugin describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Unique within the plugin.
    pub name: String,
    /// For the model.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub input_schema: Value,
    /// JSON Schema of the result, where the tool has one.
    pub output_schema: Option<Value>,
    /// Effect hints.
    pub annotations: Annotations,
}
