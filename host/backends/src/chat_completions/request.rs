//! The request side of Chat Completions: a conversation in, the JSON body out.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::turn::{Message, ToolCall, ToolDefinition};

/// The members that belong to the agent loop: no parameter may set them.
pub(super) const RESERVED: &[&str] = &["messages", "model", "tools"];

/// The body of a streaming request. `parameters` are laid over it member by member, those of its `extra_body` last;
/// `null` takes a member away, for servers that refuse it.
pub(super) fn body(
    model: Option<&str>,
    parameters: &Map<String, Value>,
    messages: &[Message],
    tools: &[ToolDefinition],
) -> Value {
    let mut body = Map::new();
    if let Some(model) = model {
        body.insert("model".to_owned(), model.into());
    }
    body.insert(
        "messages".to_owned(),
        answered_only(messages).iter().map(message).collect(),
    );
    // An empty list is refused by the API.
    if !tools.is_empty() {
        body.insert("tools".to_owned(), tools.iter().map(tool).collect());
    }
    body.insert("stream".to_owned(), true.into());
    body.insert(
        "stream_options".to_owned(),
        json!({ "include_usage": true }),
    );
    for (key, value) in flattened(parameters) {
        match value {
            Value::Null => body.shift_remove(key),
            value => body.insert(key.clone(), value.clone()),
        };
    }
    Value::Object(body)
}

/// The parameters with the members of `extra_body` in its place, last.
pub(super) fn flattened(
    parameters: &Map<String, Value>,
) -> impl Iterator<Item = (&String, &Value)> {
    let extra = parameters.get("extra_body").and_then(Value::as_object);
    parameters
        .iter()
        .filter(|(key, _)| *key != "extra_body")
        .chain(extra.into_iter().flatten())
}

/// How many tool calls the conversation holds.
pub(super) fn count_calls(messages: &[Message]) -> usize {
    messages
        .iter()
        .map(|message| match message {
            Message::Assistant { tool_calls, .. } => tool_calls.len(),
            _ => 0,
        })
        .sum()
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { content } => json!({ "role": "system", "content": content }),
        Message::User { content } => json!({ "role": "user", "content": content }),
        Message::Assistant {
            content,
            tool_calls,
        } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": content })
        }
        // The API writes `null`, not an empty text, beside tool calls; several servers refuse the empty text.
        Message::Assistant {
            content,
            tool_calls,
        } => json!({
            "role": "assistant",
            "content": if content.is_empty() { Value::Null } else { content.as_str().into() },
            "tool_calls": tool_calls.iter().map(tool_call).collect::<Vec<_>>(),
        }),
        Message::Tool { call_id, content } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": content })
        }
    }
}

fn tool_call(call: &ToolCall) -> Value {
    json!({
        "id": call.id,
        "type": "function",
        "function": { "name": call.name, "arguments": call.arguments },
    })
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({
        "type": "function",
        "function": { "name": tool.name, "description": tool.description, "parameters": tool.parameters },
    })
}

/// The conversation without tool calls that have no result: the API refuses a conversation that holds one. An
/// assistant message of which nothing is left is dropped whole.
fn answered_only(messages: &[Message]) -> Vec<Message> {
    let answered: HashSet<&str> = messages
        .iter()
        .filter_map(|message| match message {
            Message::Tool { call_id, .. } => Some(call_id.as_str()),
            _ => None,
        })
        .collect();
    messages
        .iter()
        .filter_map(|message| match message {
            Message::Assistant {
                content,
                tool_calls,
            } => without_unanswered(content, tool_calls, &answered),
            other => Some(other.clone()),
        })
        .collect()
}

fn without_unanswered(
    content: &str,
    calls: &[ToolCall],
    answered: &HashSet<&str>,
) -> Option<Message> {
    let (kept, dropped): (Vec<_>, Vec<_>) = calls
        .iter()
        .cloned()
        .partition(|call| answered.contains(call.id.as_str()));
    for call in &dropped {
        tracing::warn!(tool = %call.name, id = %call.id, "a tool call without a result was left out of the request");
    }
    let nothing_left = content.is_empty() && kept.is_empty() && !dropped.is_empty();
    (!nothing_left).then(|| Message::Assistant {
        content: content.to_owned(),
        tool_calls: kept,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn call(id: &str) -> ToolCall {
        ToolCall {
            id: id.into(),
            name: "read_file".into(),
            arguments: r#"{"path":"a"}"#.into(),
        }
    }

    fn assistant(content: &str, tool_calls: Vec<ToolCall>) -> Message {
        Message::Assistant {
            content: content.into(),
            tool_calls,
        }
    }

    fn user(content: &str) -> Message {
        Message::User {
            content: content.into(),
        }
    }

    fn parameters(json: Value) -> Map<String, Value> {
        json.as_object().expect("an object").clone()
    }

    #[test]
    fn a_conversation_with_a_tool_call_is_written_as_the_api_publishes_it() {
        let messages = [
            Message::System {
                content: "Be brief.".into(),
            },
            user("Read a."),
            assistant("", vec![call("call_1")]),
            Message::Tool {
                call_id: "call_1".into(),
                content: "hello".into(),
            },
        ];
        let tools = [ToolDefinition {
            name: "read_file".into(),
            description: "Reads a file.".into(),
            parameters: json!({ "type": "object", "properties": { "path": { "type": "string" } } }),
        }];
        assert_eq!(
            body(Some("gpt-4o"), &Map::new(), &messages, &tools),
            json!({
                "model": "gpt-4o",
                "messages": [
                    { "role": "system", "content": "Be brief." },
                    { "role": "user", "content": "Read a." },
                    { "role": "assistant", "content": null, "tool_calls": [{
                        "id": "call_1",
                        "type": "function",
                        "function": { "name": "read_file", "arguments": "{\"path\":\"a\"}" },
                    }] },
                    { "role": "tool", "tool_call_id": "call_1", "content": "hello" },
                ],
                "tools": [{ "type": "function", "function": {
                    "name": "read_file",
                    "description": "Reads a file.",
                    "parameters": { "type": "object", "properties": { "path": { "type": "string" } } },
                } }],
                "stream": true,
                "stream_options": { "include_usage": true },
            })
        );
    }

    #[test]
    fn an_empty_tool_list_and_a_missing_model_are_left_out() {
        let body = body(None, &Map::new(), &[user("Hi")], &[]);
        assert!(
            body.get("tools").is_none() && body.get("model").is_none(),
            "{body}"
        );
    }

    #[test]
    fn parameters_and_extra_body_are_merged_and_null_takes_a_member_away() {
        let parameters = parameters(json!({
            "temperature": 0.5,
            "top_p": null,
            "extra_body": { "temperature": 0.1, "top_k": 4, "stream_options": null },
        }));
        let body = body(None, &parameters, &[user("Hi")], &[]);
        assert_eq!(
            body,
            json!({ "messages": [{ "role": "user", "content": "Hi" }], "stream": true, "temperature": 0.1, "top_k": 4 })
        );
    }

    #[test]
    fn tool_calls_without_a_result_are_left_out() {
        let messages = [
            user("Go"),
            assistant("Reading.", vec![call("1"), call("2")]),
            Message::Tool {
                call_id: "1".into(),
                content: "x".into(),
            },
            assistant("", vec![call("3")]),
        ];
        assert_eq!(
            answered_only(&messages),
            [
                user("Go"),
                assistant("Reading.", vec![call("1")]),
                messages[2].clone()
            ]
        );
    }
}
