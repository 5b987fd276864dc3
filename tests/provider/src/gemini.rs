//! Google's Gemini API: a request as a strict provider reads it, and a scripted turn as its payloads.
//!
//! Each turn of this provider begins with a thought and carries one signature over all of it: on its first call, or, when
//! it makes none, on an empty text at its end. A turn that comes back without its signature, or changed, is refused, as
//! newer models do with calls. Every other turn's calls have ids; results must have them where the calls do.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::script::Turn;
use crate::wire::{event, pieces};

/// Members of the request body that the API knows and this project may send.
const MEMBERS: &[&str] = &[
    "contents",
    "generationConfig",
    "safetySettings",
    "systemInstruction",
    "toolConfig",
    "tools",
];

/// Members of `generationConfig`.
const CONFIG_MEMBERS: &[&str] = &[
    "frequencyPenalty",
    "maxOutputTokens",
    "presencePenalty",
    "responseJsonSchema",
    "responseMimeType",
    "responseSchema",
    "seed",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];

/// A call that waits for its result.
struct Waiting {
    /// What the call is known by in the conversation of the script.
    id: String,
    name: String,
    /// The call had an id of its own.
    has_id: bool,
}

/// The model in a path such as `/v1beta/models/MODEL:streamGenerateContent`.
pub(crate) fn model(path: &str) -> Option<&str> {
    let rest = path
        .strip_prefix("/v1beta/")
        .or(path.strip_prefix("/v1/"))?;
    rest.strip_prefix("models/")?
        .strip_suffix(":streamGenerateContent")
}

/// Checks a body and gives it in the form of Chat Completions, which scripts read.
///
/// # Errors
/// A sentence that names the rule that the body breaks.
pub(crate) fn as_chat(body: &Value, model: &str) -> Result<Value, String> {
    let members = object(body)?;
    check_members(members, MEMBERS)?;
    if let Some(config) = members.get("generationConfig") {
        check_members(object(config)?, CONFIG_MEMBERS)?;
    }
    let mut messages = Vec::new();
    if let Some(system) = members.get("systemInstruction") {
        check_members(object(system)?, &["parts"])?;
        for part in parts(system)? {
            messages.push(json!({ "role": "system", "content": text(part)? }));
        }
    }
    let contents = members.get("contents").and_then(Value::as_array);
    let contents = contents.filter(|contents| !contents.is_empty());
    let mut waiting = VecDeque::new();
    let mut before = None;
    for (position, content) in contents
        .ok_or("contents is not specified")?
        .iter()
        .enumerate()
    {
        let at = |reason: String| format!("contents[{position}]: {reason}");
        check_members(object(content).map_err(at)?, &["role", "parts"]).map_err(at)?;
        let role = content["role"].as_str();
        if role == before || (position == 0 && role != Some("user")) {
            return Err(at(format!("the role must not be {role:?} here")));
        }
        before = role;
        let parts = parts(content).map_err(at)?;
        match role {
            Some("user") => user(parts, &mut waiting, &mut messages).map_err(at)?,
            Some("model") => messages.push(turn(parts, position, &mut waiting).map_err(at)?),
            _ => return Err(at("please use a valid role: user, model".to_owned())),
        }
    }
    if !waiting.is_empty() {
        return Err("the calls at the end have no results".to_owned());
    }
    let mut chat = json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    if let Some(tools) = members.get("tools").and_then(Value::as_array) {
        let mut declared = Vec::new();
        for tool in tools {
            check_members(object(tool)?, &["functionDeclarations"])?;
            for function in tool["functionDeclarations"]
                .as_array()
                .into_iter()
                .flatten()
            {
                declared.push(declaration(function)?);
            }
        }
        chat["tools"] = declared.into();
    }
    Ok(chat)
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{value} is not an object"))
}

fn check_members(object: &Map<String, Value>, allowed: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(format!(
            "Invalid JSON payload received. Unknown name \"{key}\": Cannot find field."
        )),
        None => Ok(()),
    }
}

fn parts(content: &Value) -> Result<&[Value], String> {
    match content["parts"].as_array() {
        Some(parts) if !parts.is_empty() => Ok(parts),
        _ => Err("must include at least one parts field".to_owned()),
    }
}

/// The text of a part that holds one.
fn text(part: &Value) -> Result<&str, String> {
    check_members(object(part)?, &["text"])?;
    part["text"]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| format!("a text part must not be empty: {part}"))
}

/// What the user says: first the results of all calls, in their order.
fn user(
    parts: &[Value],
    waiting: &mut VecDeque<Waiting>,
    messages: &mut Vec<Value>,
) -> Result<(), String> {
    for part in parts {
        let Some(response) = part.get("functionResponse") else {
            if !waiting.is_empty() {
                break;
            }
            messages.push(json!({ "role": "user", "content": text(part)? }));
            continue;
        };
        check_members(object(part)?, &["functionResponse"])?;
        check_members(object(response)?, &["id", "name", "response"])?;
        let call = waiting.pop_front().ok_or_else(unpaired)?;
        let id = response.get("id").and_then(Value::as_str);
        if response["name"] != *call.name || id != call.has_id.then_some(call.id.as_str()) {
            return Err(format!(
                "{response} does not answer the call {:?} of {:?}",
                call.id, call.name
            ));
        }
        let told = object(&response["response"])?;
        let content = told
            .get("result")
            .or(told.get("error"))
            .filter(|_| told.len() == 1)
            .ok_or("a response must hold a result or an error")?;
        messages.push(json!({ "role": "tool", "tool_call_id": call.id, "content": content }));
    }
    if waiting.is_empty() {
        Ok(())
    } else {
        Err(unpaired())
    }
}

fn unpaired() -> String {
    "Please ensure that the number of function response parts is equal to the number of function call parts of the \
     function call turn."
        .to_owned()
}

/// A turn of the model that comes back.
fn turn(
    parts: &[Value],
    position: usize,
    waiting: &mut VecDeque<Waiting>,
) -> Result<Value, String> {
    let (mut thought, mut said, mut calls, mut signatures) =
        (String::new(), String::new(), Vec::new(), Vec::new());
    for part in parts {
        check_members(
            object(part)?,
            &["text", "thought", "functionCall", "thoughtSignature"],
        )?;
        if let Some(signature) = part.get("thoughtSignature") {
            signatures.push(signature.as_str().unwrap_or_default());
        }
        let Some(call) = part.get("functionCall") else {
            let text = part["text"].as_str().ok_or("a part must hold something")?;
            match part["thought"] == true {
                true => thought.push_str(text),
                false => said.push_str(text),
            }
            continue;
        };
        check_members(object(call)?, &["id", "name", "args"])?;
        if calls.is_empty() && part.get("thoughtSignature").is_none() {
            return Err(format!(
                "Function call is missing a thought_signature in functionCall parts: {call}"
            ));
        }
        if !call["args"].is_object() {
            return Err(format!("the args of {call} must be an object"));
        }
        calls.push(call.clone());
    }
    // What was said without thinking about it is not this provider's.
    let is_own = !thought.is_empty() || !calls.is_empty() || !signatures.is_empty();
    let expected = signature(&thought, &said, &calls);
    if is_own && signatures != [expected.as_str()] {
        return Err(format!(
            "Corrupted thought signature: {signatures:?} instead of {expected:?}"
        ));
    }
    let mut message = json!({ "role": "assistant", "content": said });
    if !calls.is_empty() {
        let calls = calls.iter().enumerate().map(|(index, call)| {
            let own = call["id"].as_str();
            let id = own.map_or_else(|| format!("unnamed_{position}_{index}"), str::to_owned);
            waiting.push_back(Waiting {
                id: id.clone(),
                name: call["name"].as_str().unwrap_or_default().to_owned(),
                has_id: own.is_some(),
            });
            json!({
                "id": id,
                "type": "function",
                "function": { "name": call["name"], "arguments": call["args"].to_string() },
            })
        });
        message["tool_calls"] = calls.collect();
    }
    Ok(message)
}

/// The signature of a turn: sixteen hexadecimal digits, which are valid Base64 too.
fn signature(thought: &str, said: &str, calls: &[Value]) -> String {
    let mut hasher = DefaultHasher::new();
    (thought, said).hash(&mut hasher);
    for call in calls {
        call.to_string().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn declaration(function: &Value) -> Result<Value, String> {
    check_members(
        object(function)?,
        &["name", "description", "parametersJsonSchema"],
    )?;
    Ok(json!({ "type": "function", "function": {
        "name": function["name"],
        "description": function["description"],
        "parameters": function["parametersJsonSchema"],
    } }))
}

/// The payloads of a turn up to its reason to stop.
pub(crate) fn turn_events(turn: &Turn, request: u64) -> Vec<Bytes> {
    let thought = format!("Thought {request}.");
    let mut parts: Vec<Value> = pieces(&thought)
        .map(|piece| json!({ "text": piece, "thought": true }))
        .collect();
    parts.extend(pieces(&turn.text).map(|piece| json!({ "text": piece })));
    let calls: Vec<Value> = turn
        .calls
        .iter()
        .enumerate()
        .map(|(index, call)| {
            let mut wire = json!({ "name": call.name, "args": call.arguments });
            if request.is_multiple_of(2) {
                wire["id"] = format!("fc_{request}_{index}").into();
            }
            wire
        })
        .collect();
    let first = parts.len();
    parts.extend(calls.iter().map(|call| json!({ "functionCall": call })));
    if calls.is_empty() {
        parts.push(json!({ "text": "" }));
    }
    parts[first]["thoughtSignature"] = signature(&thought, &turn.text, &calls).into();
    parts
        .into_iter()
        .map(|part| {
            payload(
                json!({ "content": { "role": "model", "parts": [part] }, "index": 0 }),
                json!({ "promptTokenCount": 100, "totalTokenCount": 100 }),
            )
        })
        .collect()
}

/// The payload that completes a turn.
pub(crate) fn closing_events(turn: &Turn) -> Vec<Bytes> {
    let said = 1 + turn.text.len();
    let usage = json!({
        "promptTokenCount": 100,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 105 + said,
    });
    vec![payload(
        json!({ "content": { "role": "model", "parts": [] }, "finishReason": "STOP", "index": 0 }),
        usage,
    )]
}

fn payload(candidate: Value, usage: Value) -> Bytes {
    let payload = json!({
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "test",
        "responseId": "test",
    });
    event(&payload.to_string())
}
