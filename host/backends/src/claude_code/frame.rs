//! The lines of the CLI's stream-JSON mode, one JSON object each: what it says, and what it is told
//! (<https://docs.claude.com/en/docs/claude-code/sdk>; checked against version 2.1.331).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::turn::ToolDefinition;

/// The name under which the agent's tools are offered: a server of the Model Context Protocol inside this process.
pub(super) const SERVER: &str = "massgen";

/// What stands before a tool's name when the model calls it.
const PREFIX: &str = "mcp__massgen__";

/// A tool's own name, where it is one of ours.
pub(super) fn own_name(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// What the CLI says. Kinds that are not known are passed over: versions add some.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Frame {
    /// An event of the Messages API, as it came.
    StreamEvent {
        event: Value,
        /// Set where a part of the CLI of its own speaks, not the model in this conversation.
        parent_tool_use_id: Option<String>,
    },
    /// It wants something of us.
    ControlRequest { request_id: String, request: Wanted },
    /// It answers the one request that we make, the first.
    ControlResponse {},
    /// It is done with what it was told.
    Result(Outcome),
    #[serde(other)]
    Other,
}

/// What the CLI may want.
#[derive(Debug, Deserialize)]
#[serde(tag = "subtype", rename_all = "snake_case")]
pub(super) enum Wanted {
    /// May the model use this tool?
    CanUseTool { tool_name: String, input: Value },
    /// A message to our server of tools.
    McpMessage { message: Rpc },
    #[serde(other)]
    Other,
}

/// A request or notification of JSON-RPC 2.0.
#[derive(Debug, Deserialize)]
pub(super) struct Rpc {
    /// None for a notification.
    pub(super) id: Option<Value>,
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) params: Value,
}

/// How it ended.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    #[serde(default)]
    pub(super) is_error: bool,
    #[serde(default)]
    pub(super) subtype: String,
    /// The last text, or the error.
    pub(super) result: Option<String>,
    /// The status with which the provider refused.
    pub(super) api_error_status: Option<u16>,
}

/// The first thing it is told.
pub(super) fn initialize() -> Value {
    json!({
        "type": "control_request",
        "request_id": "initialize",
        "request": { "subtype": "initialize", "hooks": null },
    })
}

/// What the user says.
pub(super) fn user(text: &str) -> Value {
    json!({
        "type": "user",
        "message": { "role": "user", "content": text },
        "parent_tool_use_id": null,
        "session_id": "default",
    })
}

/// The answer to what it wanted.
pub(super) fn granted(request_id: &str, response: Value) -> Value {
    json!({
        "type": "control_response",
        "response": { "subtype": "success", "request_id": request_id, "response": response },
    })
}

/// The answer to what nobody here knows.
pub(super) fn unknown(request_id: &str) -> Value {
    json!({
        "type": "control_response",
        "response": {
            "subtype": "error",
            "request_id": request_id,
            "error": "this client does not know such a request",
        },
    })
}

/// The answer of our server.
pub(super) fn reply(request_id: &str, id: &Value, body: Reply) -> Value {
    let message = match body {
        Reply::Result(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Reply::Error(code, message) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    };
    granted(request_id, json!({ "mcp_response": message }))
}

/// What a reply of our server holds.
pub(super) enum Reply {
    Result(Value),
    /// A code of JSON-RPC 2.0 §5.1, and what is wrong.
    Error(i64, &'static str),
}

/// The greeting of our server (Model Context Protocol, lifecycle).
pub(super) fn greeting(params: &Value) -> Value {
    json!({
        "protocolVersion": params.get("protocolVersion").unwrap_or(&Value::Null),
        "capabilities": { "tools": {} },
        "serverInfo": { "name": SERVER, "version": env!("CARGO_PKG_VERSION") },
    })
}

/// The tools of our server.
pub(super) fn listing(tools: &[ToolDefinition]) -> Value {
    let tool = |tool: &ToolDefinition| {
        json!({
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.parameters,
        })
    };
    json!({ "tools": tools.iter().map(tool).collect::<Vec<_>>() })
}

/// A tool's result.
pub(super) fn text_result(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}
