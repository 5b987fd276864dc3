//! Model providers as codecs of one shape: a [`TurnRequest`] in, a stream of [`Chunk`]s out.
//!
//! A backend knows how its provider writes messages, tools and streams. It knows nothing of how tools are run, of
//! files, or of other agents: the agent loop owns the conversation and calls [`Backend::stream`] once a model turn.

mod cassette;
mod chat_completions;
mod claude;
mod claude_code;
mod conversation;
mod gemini;
mod placeholders;
mod plan;
mod record;
mod replay;
mod responses;
mod settings;
mod transport;
mod turn;

pub use cassette::{Cassette, CassetteTurn};
pub use chat_completions::{azure_openai, chat_completions};
pub use claude::claude;
pub use claude_code::{ClaudeCodeSettings, claude_code};
pub use gemini::gemini;
pub use plan::build;
pub use record::{CassetteWriter, Recorder};
pub use replay::{DEFAULT_PATIENCE, Replay};
pub use responses::responses;
pub use settings::Settings;
pub use transport::{RetryPolicy, Timeouts};
pub use turn::{
    Backend, BackendError, BackendInfo, Chunk, ChunkStream, ErrorKind, FinishReason, Message,
    NativeTurn, Placeholders, Stage, ToolCall, ToolDefinition, TurnContext, TurnRequest, Usage,
};
