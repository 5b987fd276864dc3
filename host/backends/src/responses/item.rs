//! The items of a conversation, as they are sent and as they come.

use serde_json::{Value, json};

use crate::turn::{Chunk, ToolCall};

/// What the model said.
pub(super) fn message(text: &str) -> Value {
    json!({ "role": "assistant", "content": text })
}

/// A call that the model made.
pub(super) fn function_call(call: &ToolCall) -> Value {
    json!({
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    })
}

/// The call that an item of an answer is.
pub(super) fn as_call(item: &Value) -> Option<ToolCall> {
    let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
    (item["type"] == "function_call").then(|| ToolCall {
        id: text("call_id"),
        name: text("name"),
        arguments: text("arguments"),
    })
}

/// The text that an item of an answer is, refusals among it.
pub(super) fn as_text(item: &Value) -> Option<String> {
    if item["type"] != "message" {
        return None;
    }
    let parts = item["content"].as_array().into_iter().flatten();
    let texts = parts.filter_map(|part| part["text"].as_str().or(part["refusal"].as_str()));
    Some(texts.collect())
}

/// What the provider's own tool did, where the item is that.
pub(super) fn as_provider_tool(item: &Value) -> Option<Chunk> {
    let kind = item["type"].as_str()?;
    let (tool, detail) = match kind {
        "web_search_call" => ("web_search", &item["action"]["query"]),
        "code_interpreter_call" => ("code_interpreter", &item["code"]),
        _ => return None,
    };
    Some(Chunk::ProviderTool {
        tool: tool.to_owned(),
        detail: detail.as_str().unwrap_or_default().to_owned(),
    })
}

/// The source that an annotation of a text names.
pub(super) fn as_citation(annotation: &Value) -> Option<Chunk> {
    let text = |key: &str| annotation[key].as_str().unwrap_or_default().to_owned();
    (annotation["type"] == "url_citation").then(|| Chunk::Citation {
        url: text("url"),
        title: text("title"),
    })
}

/// An item of an answer as it goes back. Ids and states name what the provider keeps, and it keeps nothing: they stay
/// away, and so does reasoning that was not given in its encrypted form.
pub(super) fn returned(item: &Value) -> Option<Value> {
    if let Some(text) = as_text(item) {
        return (!text.is_empty()).then(|| message(&text));
    }
    if let Some(call) = as_call(item) {
        return Some(function_call(&call));
    }
    // The provider knows them by their ids, and keeps nothing.
    if as_provider_tool(item).is_some() {
        return None;
    }
    if item["type"] == "reasoning" && !item["encrypted_content"].is_string() {
        return None;
    }
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        members.shift_remove("status");
    }
    Some(item)
}
