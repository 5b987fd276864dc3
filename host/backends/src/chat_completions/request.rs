//! The request side of Chat Completions: a conversation in, the JSON body out.

use serde_json::{Map, Value, json};

use crate::conversation::answered_only;
use crate::settings::{Settings, lay_over};
use crate::turn::{Message, ToolCall, ToolDefinition};

/// The members that belong to the agent loop: no parameter may set them.
pub(super) const RESERVED: &[&str] = &["messages", "model", "tools"];

/// The body of a streaming request. The parameters are laid over it member by member, those of its `extra_body` last;
/// `null` takes a member away, for servers that refuse it.
pub(super) fn body(settings: &Settings, messages: &[Message], tools: &[ToolDefinition]) -> Value {
    let mut body = Map::new();
    if let Some(model) = &settings.model {
        body.insert("model".to_owned(), model.as_str().into());
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
    lay_over(&mut body, &settings.parameters);
    Value::Object(body)
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { content } => json!({ "role": "system", "content": content }),
        Message::User { content } => json!({ "role": "user", "content": content }),
        Message::Assistant {
            content,
            tool_calls,
            ..
        } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": content })
        }
        // The API writes `null`, not an empty text, beside tool calls; several servers refuse the empty text.
        Message::Assistant {
            content,
            tool_calls,
            ..
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Settings with this model and these parameters.
    fn with(model: Option<&str>, parameters: Value) -> Settings {
        Settings {
            model: model.map(str::to_owned),
            parameters: parameters.as_object().expect("an object").clone(),
            ..Settings::new("http://localhost")
        }
    }

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
            native: None,
        }
    }

    fn user(content: &str) -> Message {
        Message::User {
            content: content.into(),
        }
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
            body(&with(Some("gpt-4o"), json!({})), &messages, &tools),
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
        let body = body(&with(None, json!({})), &[user("Hi")], &[]);
        assert!(
            body.get("tools").is_none() && body.get("model").is_none(),
            "{body}"
        );
    }

    #[test]
    fn parameters_and_extra_body_are_merged_and_null_takes_a_member_away() {
        let parameters = json!({
            "temperature": 0.5,
            "top_p": null,
            "extra_body": { "temperature": 0.1, "top_k": 4, "stream_options": null },
        });
        let body = body(&with(None, parameters), &[user("Hi")], &[]);
        assert_eq!(
            body,
            json!({ "messages": [{ "role": "user", "content": "Hi" }], "stream": true, "temperature": 0.1, "top_k": 4 })
        );
    }
}
