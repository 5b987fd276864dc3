//! Parts: the pieces of which the content of a turn consists, as they come and as they go back.
//!
//! A part may carry a signature of the thought behind it, and one of a kind that is not known here is kept whole.

use serde_json::{Map, Value, json};

use crate::conversation::arguments_object;
use crate::turn::{Chunk, ToolCall};

/// A part, with all its members.
pub(super) type Part = Map<String, Value>;

/// A text.
pub(super) fn text(text: &str) -> Value {
    json!({ "text": text })
}

/// A call that the model made.
pub(super) fn function_call(call: &ToolCall) -> Value {
    json!({ "functionCall": { "id": call.id, "name": call.name, "args": arguments_object(&call.arguments) } })
}

/// What can be shown of a part of an answer.
pub(super) fn shown(part: &Part) -> Option<Chunk> {
    if let Some(code) = part.get("executableCode") {
        return Some(Chunk::ProviderTool {
            tool: "code_execution".to_owned(),
            detail: code["code"].as_str().unwrap_or_default().to_owned(),
        });
    }
    let text = part.get("text")?.as_str()?.to_owned();
    match (text.is_empty(), is_thought(part)) {
        (true, _) => None,
        (false, true) => Some(Chunk::Reasoning { text }),
        (false, false) => Some(Chunk::Content { text }),
    }
}

/// The call that a part of an answer is, with this id where it has none of its own. Without a name it is empty.
pub(super) fn as_call(part: &Part, id: impl FnOnce() -> String) -> Option<ToolCall> {
    let call = part.get("functionCall")?;
    let own = |key: &str| call[key].as_str().filter(|text| !text.is_empty());
    let arguments = match &call["args"] {
        Value::Null => "{}".to_owned(),
        args => args.to_string(),
    };
    Some(ToolCall {
        id: own("id").map_or_else(id, str::to_owned),
        name: own("name").unwrap_or_default().to_owned(),
        arguments,
    })
}

/// Adds a part to those of a turn. A text without a signature continues one of the same kind before it; an empty one,
/// which the API refuses, is left out.
pub(super) fn append(parts: &mut Vec<Part>, part: Part) {
    let Some(piece) = plain_text(&part) else {
        parts.push(part);
        return;
    };
    if piece.is_empty() {
        return;
    }
    let last = parts.last_mut().filter(|last| {
        plain_text(last).is_some_and(|text| !text.is_empty())
            && is_thought(last) == is_thought(&part)
    });
    match last.and_then(|last| last.get_mut("text")) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => parts.push(part),
    }
}

/// The text of a part that holds nothing else: no signature above all.
fn plain_text(part: &Part) -> Option<&str> {
    let is_plain = part.keys().all(|key| key == "text" || key == "thought");
    part.get("text")?.as_str().filter(|_| is_plain)
}

fn is_thought(part: &Part) -> bool {
    part.get("thought") == Some(&Value::Bool(true))
}
