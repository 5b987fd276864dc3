//! OpenAI's Responses API: a request as a strict provider reads it, and a scripted turn as its events.
//!
//! Nothing is stored here, so ids of items are refused. Each turn of this provider begins with encrypted reasoning, and a
//! call that comes back without it in front, or with another one, is refused.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::script::Turn;
use crate::wire::{named, pieces};

/// Members of the request body that the API knows and this project may send.
const MEMBERS: &[&str] = &[
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "model",
    "parallel_tool_calls",
    "reasoning",
    "store",
    "stream",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
];

/// What the provider reasons in the turn of this number.
fn reasoning(request: u64) -> Value {
    json!({
        "type": "reasoning",
        "id": format!("rs_{request}"),
        "summary": [{ "type": "summary_text", "text": format!("Thought {request}.") }],
        "encrypted_content": format!("encrypted-{request}"),
    })
}

/// Checks a body and gives it in the form of Chat Completions, which scripts read.
///
/// # Errors
/// A sentence that names the rule that the body breaks.
pub(crate) fn as_chat(body: &Value) -> Result<Value, String> {
    let members = body.as_object().ok_or("the body is not an object")?;
    check_members(members, MEMBERS)?;
    for (member, expected) in [("stream", true), ("store", false)] {
        if members.get(member) != Some(&Value::Bool(expected)) {
            return Err(format!("`{member}` must be {expected}"));
        }
    }
    let mut messages: Vec<Value> = Vec::new();
    if let Some(instructions) = members.get("instructions") {
        messages.push(json!({ "role": "system", "content": instructions }));
    }
    let input = members.get("input").and_then(Value::as_array);
    let mut before = None;
    for (position, item) in input.ok_or("`input` must be a list")?.iter().enumerate() {
        let at = |reason: String| format!("input[{position}]: {reason}");
        let members = item
            .as_object()
            .ok_or_else(|| at("is not an object".to_owned()))?;
        match item["type"].as_str().unwrap_or("message") {
            "message" => {
                check_members(members, &["role", "content"]).map_err(at)?;
                messages.push(item.clone());
            }
            "reasoning" => before = Some(item),
            "function_call" => {
                check_members(members, &["type", "call_id", "name", "arguments"]).map_err(at)?;
                call(item, before, &mut messages).map_err(at)?;
            }
            "function_call_output" => {
                check_members(members, &["type", "call_id", "output"]).map_err(at)?;
                messages.push(json!({
                    "role": "tool", "tool_call_id": item["call_id"], "content": item["output"],
                }));
            }
            other => return Err(at(format!("the type {other:?} is unknown here"))),
        }
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
        Some(key) => Err(format!("Unknown parameter: '{key}'")),
        None => Ok(()),
    }
}

/// A call joins the assistant's message in front of it, where there is one.
fn call(item: &Value, before: Option<&Value>, messages: &mut Vec<Value>) -> Result<(), String> {
    let id = item["call_id"].as_str().unwrap_or_default();
    let request = id.split('_').nth(1).and_then(|number| number.parse().ok());
    if request.map(reasoning).as_ref() != before {
        return Err(format!(
            "function_call {id:?} was provided without its required reasoning item, but with {before:?}"
        ));
    }
    let call = json!({
        "id": id,
        "type": "function",
        "function": { "name": item["name"], "arguments": item["arguments"] },
    });
    match messages.last_mut() {
        Some(last) if last["role"] == "assistant" => match last["tool_calls"].as_array_mut() {
            Some(calls) => calls.push(call),
            None => last["tool_calls"] = json!([call]),
        },
        _ => messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] })),
    }
    Ok(())
}

/// Whether it is a tool of the provider's own, written just so.
fn is_own(tool: &Value) -> bool {
    [
        json!({ "type": "web_search" }),
        json!({ "type": "code_interpreter", "container": { "type": "auto" } }),
    ]
    .contains(tool)
}

fn tool(tool: &Value) -> Result<Value, String> {
    let members = tool.as_object().ok_or("a tool is not an object")?;
    check_members(
        members,
        &["type", "name", "description", "parameters", "strict"],
    )?;
    Ok(json!({ "type": "function", "function": {
        "name": tool["name"], "description": tool["description"], "parameters": tool["parameters"],
    } }))
}

/// The events of a turn up to its end.
pub(crate) fn turn_events(turn: &Turn, request: u64) -> Vec<Bytes> {
    let mut events = vec![
        json!({ "type": "response.created", "response": { "object": "response", "status": "in_progress", "output": [] } }),
        json!({ "type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0 }),
        json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": format!("Thought {request}.") }),
        done(0, reasoning(request)),
    ];
    let mut index = 1;
    if !turn.text.is_empty() {
        events.extend(pieces(&turn.text).map(
            |piece| json!({ "type": "response.output_text.delta", "output_index": index, "delta": piece }),
        ));
        let content = json!([{ "type": "output_text", "text": turn.text, "annotations": [] }]);
        events.push(done(
            index,
            json!({ "type": "message", "id": format!("msg_{request}"), "status": "completed", "role": "assistant", "content": content }),
        ));
        index += 1;
    }
    for (number, call) in turn.calls.iter().enumerate() {
        let arguments = call.arguments.to_string();
        events.extend(pieces(&arguments).map(
            |piece| json!({ "type": "response.function_call_arguments.delta", "output_index": index, "delta": piece }),
        ));
        events.push(done(
            index,
            json!({
                "type": "function_call", "id": format!("fc_{request}_{number}"), "status": "completed",
                "call_id": format!("call_{request}_{number}"), "name": call.name, "arguments": arguments,
            }),
        ));
        index += 1;
    }
    events.iter().map(named).collect()
}

/// The event that completes a turn. Its items are those that were told before.
pub(crate) fn closing_events(turn: &Turn) -> Vec<Bytes> {
    let end = json!({ "type": "response.completed", "response": {
        "object": "response",
        "status": "completed",
        "output": [],
        "usage": { "input_tokens": 100, "output_tokens": 1 + turn.text.len(), "total_tokens": 101 + turn.text.len() },
    } });
    vec![named(&end)]
}

fn done(index: u64, item: Value) -> Value {
    json!({ "type": "response.output_item.done", "output_index": index, "item": item })
}
