//! Anthropic's Messages API: a request as a strict provider reads it, and a scripted turn as its events.
//!
//! The rules are those of the published reference: a user's turn comes first, blocks are not empty, and the results of
//! all calls of a turn stand at the front of the next one. Each turn of this provider begins with signed thinking, and a
//! turn with calls that comes back without it, or changed, is refused, as the real one does.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::script::{Call, Turn};
use crate::wire::{named, pieces};

/// Members of the request body that the API knows and this project may send.
const MEMBERS: &[&str] = &[
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// What the provider thinks in the turn of this number.
fn thinking(request: u64) -> Value {
    json!({
        "type": "thinking",
        "thinking": format!("Thought {request}."),
        "signature": format!("signature-{request}"),
    })
}

/// Checks a body and gives it in the form of Chat Completions, which scripts read.
///
/// # Errors
/// A sentence that names the rule that the body breaks.
pub(crate) fn as_chat(body: &Value) -> Result<Value, String> {
    let members = body.as_object().ok_or("the body is not an object")?;
    check_members(members, MEMBERS)?;
    if !members.get("max_tokens").is_some_and(Value::is_u64) {
        return Err("max_tokens: Field required".to_owned());
    }
    if members.get("stream") != Some(&Value::Bool(true)) {
        return Err("`stream` must be true".to_owned());
    }
    let mut messages = Vec::new();
    if let Some(system) = members.get("system") {
        messages.push(json!({ "role": "system", "content": filled(system)? }));
    }
    let turns = members.get("messages").and_then(Value::as_array);
    let turns = turns.ok_or("messages: Field required")?;
    if turns.first().is_none_or(|first| first["role"] != "user") {
        return Err("messages: first message must use the \"user\" role".to_owned());
    }
    let mut waiting: HashSet<String> = HashSet::new();
    for (position, turn) in turns.iter().enumerate() {
        let at = |reason: String| format!("messages.{position}: {reason}");
        let turn = turn
            .as_object()
            .ok_or_else(|| at("is not an object".to_owned()))?;
        check_members(turn, &["role", "content"]).map_err(at)?;
        match turn.get("role").and_then(Value::as_str) {
            Some("user") => user(&turn["content"], &mut waiting, &mut messages).map_err(at)?,
            Some("assistant") => {
                if let Some(id) = waiting.iter().next() {
                    return Err(at(format!(
                        "`tool_use` ids were found without `tool_result` blocks immediately after: {id}"
                    )));
                }
                messages.push(assistant(&turn["content"], &mut waiting).map_err(at)?);
            }
            other => return Err(at(format!("the role {other:?} is unknown"))),
        }
    }
    if let Some(id) = waiting.iter().next() {
        return Err(format!("the tool call {id:?} at the end has no result"));
    }
    let mut chat = json!({
        "model": body["model"],
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    if let Some(tools) = members.get("tools").and_then(Value::as_array) {
        let functions = tools.iter().filter(|tool| !is_own(tool));
        chat["tools"] = functions.map(tool).collect::<Result<Value, String>>()?;
    }
    Ok(chat)
}

fn check_members(object: &Map<String, Value>, allowed: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(format!("{key}: Extra inputs are not permitted")),
        None => Ok(()),
    }
}

fn filled(text: &Value) -> Result<&str, String> {
    text.as_str()
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| format!("text content blocks must be non-empty, not {text}"))
}

fn user(
    content: &Value,
    waiting: &mut HashSet<String>,
    messages: &mut Vec<Value>,
) -> Result<(), String> {
    if content.is_string() {
        messages.push(json!({ "role": "user", "content": filled(content)? }));
    }
    for block in content.as_array().into_iter().flatten() {
        let members = block.as_object().ok_or("a block is not an object")?;
        if block["type"] == "text" {
            messages.push(json!({ "role": "user", "content": filled(&block["text"])? }));
            continue;
        }
        check_members(members, &["type", "tool_use_id", "content"])?;
        let id = block["tool_use_id"].as_str().unwrap_or_default();
        if block["type"] != "tool_result" || !waiting.remove(id) {
            return Err(format!(
                "unexpected `tool_use_id` found in `tool_result` blocks: {id}"
            ));
        }
        let content = block["content"].as_str().ok_or("a result must be a text")?;
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
    }
    match waiting.iter().next() {
        Some(id) => Err(format!(
            "the tool call {id:?} has no result in the next turn"
        )),
        None => Ok(()),
    }
}

fn assistant(content: &Value, waiting: &mut HashSet<String>) -> Result<Value, String> {
    let blocks = content.as_array().filter(|blocks| !blocks.is_empty());
    let blocks = blocks.ok_or("the content must be a list of blocks, not empty")?;
    let (mut text, mut calls) = (String::new(), Vec::new());
    for block in blocks {
        match block["type"].as_str() {
            Some("text") => text.push_str(filled(&block["text"])?),
            Some("thinking") => {}
            Some("tool_use") => {
                let id = block["id"].as_str().unwrap_or_default();
                let request = id.split('_').nth(1).and_then(|number| number.parse().ok());
                if request.map(thinking).as_ref() != blocks.first() {
                    return Err(format!(
                        "the turn of {id:?} must begin with its thinking block, as it was, not with {}",
                        blocks[0]
                    ));
                }
                if !block["input"].is_object() {
                    return Err(format!(
                        "input of {id:?}: Input should be a valid dictionary"
                    ));
                }
                waiting.insert(id.to_owned());
                calls.push(json!({
                    "id": id,
                    "type": "function",
                    "function": { "name": block["name"], "arguments": block["input"].to_string() },
                }));
            }
            other => return Err(format!("the block type {other:?} is unknown here")),
        }
    }
    let mut message = json!({ "role": "assistant", "content": text });
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    Ok(message)
}

/// Whether it is a tool of the provider's own, written just so.
fn is_own(tool: &Value) -> bool {
    [
        json!({ "type": "web_search_20250305", "name": "web_search" }),
        json!({ "type": "code_execution_20250522", "name": "code_execution" }),
    ]
    .contains(tool)
}

fn tool(tool: &Value) -> Result<Value, String> {
    let members = tool.as_object().ok_or("a tool is not an object")?;
    check_members(members, &["name", "description", "input_schema"])?;
    if tool["input_schema"]["type"] != "object" {
        return Err("tools: input_schema.type: Field required".to_owned());
    }
    Ok(json!({ "type": "function", "function": {
        "name": tool["name"],
        "description": tool["description"],
        "parameters": tool["input_schema"],
    } }))
}

/// The events of a turn up to its reason to stop.
pub(crate) fn turn_events(turn: &Turn, request: u64) -> Vec<Bytes> {
    let start = json!({ "type": "message_start", "message": {
        "id": format!("msg_{request}"), "type": "message", "role": "assistant", "content": [], "model": "test",
        "stop_reason": null, "stop_sequence": null,
        "usage": { "input_tokens": 60, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 40, "output_tokens": 1 },
    } });
    let mut events = vec![start, json!({ "type": "ping" })];
    let thought = thinking(request);
    let deltas = vec![
        json!({ "type": "thinking_delta", "thinking": thought["thinking"] }),
        json!({ "type": "signature_delta", "signature": thought["signature"] }),
    ];
    block(
        &mut events,
        json!({ "type": "thinking", "thinking": "", "signature": "" }),
        deltas,
    );
    if !turn.text.is_empty() {
        let deltas = pieces(&turn.text)
            .map(|piece| json!({ "type": "text_delta", "text": piece }))
            .collect();
        block(&mut events, json!({ "type": "text", "text": "" }), deltas);
    }
    for (index, call) in turn.calls.iter().enumerate() {
        call_block(&mut events, call, index, request);
    }
    events.iter().map(named).collect()
}

/// The events that complete a turn.
pub(crate) fn closing_events(turn: &Turn) -> Vec<Bytes> {
    let reason = if turn.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    let delta = json!({
        "type": "message_delta",
        "delta": { "stop_reason": reason, "stop_sequence": null },
        "usage": { "output_tokens": 1 + turn.text.len() },
    });
    [delta, json!({ "type": "message_stop" })]
        .iter()
        .map(named)
        .collect()
}

fn call_block(events: &mut Vec<Value>, call: &Call, index: usize, request: u64) {
    let start = json!({
        "type": "tool_use",
        "id": format!("toolu_{request}_{index}"),
        "name": call.name,
        "input": {},
    });
    let arguments = call.arguments.to_string();
    let deltas = pieces(&arguments)
        .map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }))
        .collect();
    block(events, start, deltas);
}

fn block(events: &mut Vec<Value>, start: Value, deltas: Vec<Value>) {
    let starts = events
        .iter()
        .filter(|event| event["type"] == "content_block_start");
    let index = starts.count();
    events.push(json!({ "type": "content_block_start", "index": index, "content_block": start }));
    events.extend(
        deltas
            .into_iter()
            .map(|delta| json!({ "type": "content_block_delta", "index": index, "delta": delta })),
    );
    events.push(json!({ "type": "content_block_stop", "index": index }));
}
