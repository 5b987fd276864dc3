//! A request as a strict provider reads it: parsed, and checked against the rules of the API.
//!
//! The rules are those of OpenAI's published Chat Completions reference: known members only, the shape of each
//! message and tool, and every tool call answered once, directly behind the message that made it.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// Members of the request body that the API knows and this project may send.
const MEMBERS: &[&str] = &[
    "frequency_penalty",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "model",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
    "user",
];

/// A request that keeps the API's rules.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The model that is asked for.
    pub model: String,
    /// The whole body.
    pub body: Value,
}

impl ChatRequest {
    /// Parses and checks a body.
    ///
    /// # Errors
    /// A sentence that names the rule that the body breaks.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| format!("the body is not JSON: {error}"))?;
        let members = body.as_object().ok_or("the body is not an object")?;
        if let Some(unknown) = members.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
            return Err(format!("unrecognized request argument: {unknown}"));
        }
        let model = text(members, "model")?.to_owned();
        if members.get("stream") != Some(&Value::Bool(true)) {
            return Err("`stream` must be true".to_owned());
        }
        if body.pointer("/stream_options/include_usage") != Some(&Value::Bool(true)) {
            return Err("`stream_options.include_usage` must be true".to_owned());
        }
        check_messages(list(members, "messages")?)?;
        if members.contains_key("tools") {
            check_tools(list(members, "tools")?)?;
        }
        Ok(Self { model, body })
    }

    /// The conversation.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.body["messages"].as_array().into_iter().flatten()
    }

    /// The names of the tools that are offered.
    pub fn tool_names(&self) -> impl Iterator<Item = &str> {
        let tools = self.body["tools"].as_array().into_iter().flatten();
        tools.filter_map(|tool| tool.pointer("/function/name")?.as_str())
    }

    /// Whether a tool of this name is offered.
    pub fn offers(&self, tool: &str) -> bool {
        self.tool_names().any(|name| name == tool)
    }

    /// The texts of all messages of this role, in order.
    pub fn texts<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        self.messages()
            .filter(move |message| message["role"] == role)
            .filter_map(|message| message["content"].as_str())
    }

    /// The names of the tools that the model has called in this conversation, in order.
    pub fn calls_made(&self) -> impl Iterator<Item = &str> {
        self.messages()
            .filter_map(|message| message["tool_calls"].as_array())
            .flatten()
            .filter_map(|call| call.pointer("/function/name")?.as_str())
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, String> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        other => Err(format!(
            "`{key}` must be a text that is not empty, not {}",
            shown(other)
        )),
    }
}

fn list<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a [Value], String> {
    match object.get(key) {
        Some(Value::Array(items)) if !items.is_empty() => Ok(items),
        other => Err(format!(
            "`{key}` must be a list that is not empty, not {}",
            shown(other)
        )),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), Value::to_string)
}

fn check_messages(messages: &[Value]) -> Result<(), String> {
    // Ids of the calls of the last assistant message that still wait for their results.
    let mut waiting: HashSet<&str> = HashSet::new();
    let mut known: HashSet<&str> = HashSet::new();
    for (position, message) in messages.iter().enumerate() {
        let at = |reason: String| format!("messages[{position}]: {reason}");
        let message = message
            .as_object()
            .ok_or_else(|| at("is not an object".to_owned()))?;
        let role = text(message, "role").map_err(at)?;
        check_members(message, members_of(role).map_err(at)?).map_err(at)?;
        if role == "tool" {
            text_or_empty(message).map_err(at)?;
            let id = text(message, "tool_call_id").map_err(at)?;
            if !waiting.remove(id) {
                return Err(at(format!(
                    "the result of {id:?} does not follow a message that made this call"
                )));
            }
            continue;
        }
        if let Some(id) = waiting.iter().next() {
            return Err(at(format!("the tool call {id:?} has no result")));
        }
        if let Some(calls) = message.get("tool_calls") {
            for call in check_calls(calls).map_err(at)? {
                if !known.insert(call) {
                    return Err(at(format!(
                        "the tool call id {call:?} occurs twice in the conversation"
                    )));
                }
                waiting.insert(call);
            }
            if !message
                .get("content")
                .is_none_or(|content| content.is_null() || content.is_string())
            {
                return Err(at("`content` must be a text or null".to_owned()));
            }
        } else {
            text_or_empty(message).map_err(at)?;
        }
    }
    match waiting.iter().next() {
        Some(id) => Err(format!("the tool call {id:?} at the end has no result")),
        None => Ok(()),
    }
}

fn members_of(role: &str) -> Result<&'static [&'static str], String> {
    match role {
        "system" | "user" => Ok(&["role", "content"]),
        "assistant" => Ok(&["role", "content", "tool_calls"]),
        "tool" => Ok(&["role", "content", "tool_call_id"]),
        other => Err(format!("the role {other:?} is unknown")),
    }
}

fn check_members(object: &Map<String, Value>, allowed: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(format!("the member `{key}` is unknown here")),
        None => Ok(()),
    }
}

fn text_or_empty(message: &Map<String, Value>) -> Result<(), String> {
    match message.get("content") {
        Some(Value::String(_)) => Ok(()),
        other => Err(format!("`content` must be a text, not {}", shown(other))),
    }
}

/// Checks the calls of an assistant message and returns their ids.
fn check_calls(calls: &Value) -> Result<Vec<&str>, String> {
    let calls = calls
        .as_array()
        .filter(|calls| !calls.is_empty())
        .ok_or("`tool_calls` must be a list, not empty")?;
    calls
        .iter()
        .map(|call| {
            let call = call.as_object().ok_or("a tool call is not an object")?;
            check_members(call, &["id", "type", "function"])?;
            let function = function_of(call)?;
            check_members(function, &["name", "arguments"])?;
            check_name(text(function, "name")?)?;
            if !function.get("arguments").is_some_and(Value::is_string) {
                return Err("the `arguments` of a tool call must be JSON in a text".to_owned());
            }
            text(call, "id")
        })
        .collect()
}

fn check_tools(tools: &[Value]) -> Result<(), String> {
    let mut names = HashSet::new();
    for (position, tool) in tools.iter().enumerate() {
        let name = check_tool(tool).map_err(|reason| format!("tools[{position}]: {reason}"))?;
        if !names.insert(name) {
            return Err(format!("tools[{position}]: the name {name:?} occurs twice"));
        }
    }
    Ok(())
}

fn check_tool(tool: &Value) -> Result<&str, String> {
    let tool = tool.as_object().ok_or("is not an object")?;
    check_members(tool, &["type", "function"])?;
    let function = function_of(tool)?;
    check_members(function, &["name", "description", "parameters", "strict"])?;
    text(function, "description")?;
    let schema = function
        .get("parameters")
        .and_then(Value::as_object)
        .ok_or("`parameters` must be a JSON Schema")?;
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("the schema in `parameters` must have type \"object\"".to_owned());
    }
    let properties = match schema.get("properties") {
        None => &Map::new(),
        Some(properties) => properties
            .as_object()
            .ok_or("`properties` must be an object")?,
    };
    for required in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if !required
            .as_str()
            .is_some_and(|name| properties.contains_key(name))
        {
            return Err(format!(
                "the required property {required} is not among the `properties`"
            ));
        }
    }
    let name = text(function, "name")?;
    check_name(name)?;
    Ok(name)
}

fn function_of(object: &Map<String, Value>) -> Result<&Map<String, Value>, String> {
    if object.get("type").and_then(Value::as_str) != Some("function") {
        return Err(format!(
            "`type` must be \"function\", not {}",
            shown(object.get("type"))
        ));
    }
    object
        .get("function")
        .and_then(Value::as_object)
        .ok_or_else(|| "`function` must be an object".to_owned())
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if fits {
        Ok(())
    } else {
        Err(format!(
            "the name {name:?} does not match [A-Za-z0-9_-]{{1,64}}"
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use serde_json::json;

    fn valid() -> Value {
        json!({
            "model": "agent-1",
            "stream": true,
            "stream_options": { "include_usage": true },
            "temperature": 0,
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": null, "tool_calls": [
                    { "id": "c1", "type": "function", "function": { "name": "read_file", "arguments": "{}" } },
                ] },
                { "role": "tool", "tool_call_id": "c1", "content": "" },
            ],
            "tools": [{ "type": "function", "function": {
                "name": "read_file",
                "description": "Reads a file.",
                "parameters": { "type": "object", "properties": { "path": {} }, "required": ["path"] },
            } }],
        })
    }

    fn parse(body: &Value) -> Result<ChatRequest, String> {
        ChatRequest::parse(body.to_string().as_bytes())
    }

    #[test]
    fn a_request_of_the_published_shape_is_read() {
        let request = parse(&valid()).expect("a valid request");
        assert_eq!(request.model, "agent-1");
        assert!(request.offers("read_file") && !request.offers("vote"));
        assert_eq!(request.calls_made().collect::<Vec<_>>(), ["read_file"]);
        assert_eq!(request.texts("user").collect::<Vec<_>>(), ["Hi"]);
    }

    #[test]
    fn every_broken_rule_is_named() {
        for (pointer, value, reason) in [
            ("/model", json!(""), "`model`"),
            ("/stream", json!(false), "`stream`"),
            ("/stream_options", json!({}), "include_usage"),
            ("/messages", json!([]), "`messages`"),
            (
                "/messages/1/role",
                json!("developer"),
                "messages[1]: the role \"developer\"",
            ),
            ("/messages/1/content", json!(null), "messages[1]: `content`"),
            (
                "/messages/2/tool_calls",
                json!([]),
                "messages[2]: `tool_calls`",
            ),
            ("/messages/2/tool_calls/0/type", json!("custom"), "`type`"),
            (
                "/messages/2/tool_calls/0/function/arguments",
                json!({}),
                "`arguments`",
            ),
            (
                "/messages/2/tool_calls/0/function/name",
                json!("read file"),
                "does not match",
            ),
            ("/messages/3/tool_call_id", json!("c2"), "does not follow"),
            (
                "/messages/3",
                json!({ "role": "user", "content": "?" }),
                "has no result",
            ),
            ("/tools", json!([]), "`tools`"),
            (
                "/tools/0/function/parameters",
                json!({ "type": "string" }),
                "type \"object\"",
            ),
            (
                "/tools/0/function/parameters/required/0",
                json!("name"),
                "required property",
            ),
            ("/tools/0/type", json!(null), "`type`"),
        ] {
            let mut body = valid();
            *body.pointer_mut(pointer).expect(pointer) = value;
            let error = parse(&body).expect_err(pointer);
            assert!(error.contains(reason), "{pointer}: {error}");
        }
    }

    #[test]
    fn a_member_that_the_api_does_not_know_is_refused() {
        let mut body = valid();
        body["cwd"] = json!("/tmp");
        assert_eq!(
            parse(&body).expect_err("unknown"),
            "unrecognized request argument: cwd"
        );
    }

    #[test]
    fn a_call_without_result_at_the_end_is_refused() {
        let mut body = valid();
        body["messages"].as_array_mut().expect("messages").pop();
        assert!(
            parse(&body)
                .expect_err("unanswered")
                .contains("at the end has no result")
        );
    }
}
