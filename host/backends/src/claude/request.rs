//! The request side of the Messages API: a conversation in, the JSON body out.

use massgen_config::ProviderTool;
use serde_json::{Map, Value, json};

use super::Messages;
use crate::conversation::{answered_only, arguments_object, instructions};
use crate::settings::{Settings, as_list, lay_over};
use crate::transport::WireApi;
use crate::turn::{Message, NativeTurn, ToolCall, ToolDefinition};

/// The members that belong to the agent loop: no parameter may set them.
pub(super) const RESERVED: &[&str] = &["messages", "model", "system", "tools"];

/// Tokens of an answer where nothing is said: the API wants a number (`spec/03` §3).
const MAX_TOKENS: u64 = 4_096;

/// The body of a streaming request. The parameters are laid over it member by member, those of its `extra_body` last.
pub(super) fn body(settings: &Settings, messages: &[Message], tools: &[ToolDefinition]) -> Value {
    let mut body = Map::new();
    if let Some(model) = &settings.model {
        body.insert("model".to_owned(), model.as_str().into());
    }
    body.insert("max_tokens".to_owned(), MAX_TOKENS.into());
    let system = instructions(messages).join("\n\n");
    if !system.is_empty() {
        body.insert("system".to_owned(), system.into());
    }
    body.insert(
        "messages".to_owned(),
        turns(&answered_only(messages)).into(),
    );
    let provided = settings.provider_tools.iter().map(provider_tool);
    let tools: Vec<Value> = provided.chain(tools.iter().map(tool)).collect();
    // An empty list is refused by the API.
    if !tools.is_empty() {
        body.insert("tools".to_owned(), tools.into());
    }
    body.insert("stream".to_owned(), true.into());
    lay_over(&mut body, &named_as_here(&settings.parameters));
    Value::Object(body)
}

/// What other providers call `stop`, one text or several, is `stop_sequences` here.
fn named_as_here(parameters: &Map<String, Value>) -> Map<String, Value> {
    let mut named = parameters.clone();
    if let Some(stop) = named.shift_remove("stop") {
        named.insert("stop_sequences".to_owned(), as_list(stop));
    }
    named
}

/// The conversation. Results of tools are blocks of a user's turn, and those of one model turn stand in one.
fn turns(messages: &[Message]) -> Vec<Value> {
    let mut turns = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    for message in messages {
        if let Message::Tool { call_id, content } = message {
            results
                .push(json!({ "type": "tool_result", "tool_use_id": call_id, "content": content }));
            continue;
        }
        if !results.is_empty() {
            turns.push(json!({ "role": "user", "content": std::mem::take(&mut results) }));
        }
        match message {
            Message::User { content } => turns.push(json!({ "role": "user", "content": content })),
            Message::Assistant {
                content,
                tool_calls,
                native,
            } => {
                let blocks = match native {
                    Some(NativeTurn { api, items }) if api == Messages::NAME => items.clone(),
                    _ => blocks(content, tool_calls),
                };
                // A turn in which nothing was said is refused by the API.
                if blocks != json!([]) {
                    turns.push(json!({ "role": "assistant", "content": blocks }));
                }
            }
            Message::System { .. } | Message::Tool { .. } => {}
        }
    }
    if !results.is_empty() {
        turns.push(json!({ "role": "user", "content": results }));
    }
    turns
}

fn blocks(content: &str, tool_calls: &[ToolCall]) -> Value {
    // An empty text is refused by the API.
    let text = (!content.is_empty()).then(|| json!({ "type": "text", "text": content }));
    let calls = tool_calls.iter().map(|call| {
        json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": arguments_object(&call.arguments) })
    });
    text.into_iter().chain(calls).collect()
}

/// A tool of the provider's own, in the version that this codec reads (`spec/03` §7).
fn provider_tool(tool: &ProviderTool) -> Value {
    match tool {
        ProviderTool::WebSearch => json!({ "type": "web_search_20250305", "name": "web_search" }),
        ProviderTool::CodeExecution => {
            json!({ "type": "code_execution_20250522", "name": "code_execution" })
        }
    }
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::conversation::spoken::{assistant, call, result, user};
    use crate::turn::ToolCall;

    /// Settings with this model and these parameters.
    fn with(model: Option<&str>, parameters: Value) -> Settings {
        Settings {
            model: model.map(str::to_owned),
            parameters: parameters.as_object().expect("an object").clone(),
            ..Settings::new("http://localhost")
        }
    }

    fn messages_of(messages: &[Message]) -> Value {
        body(&with(None, json!({})), messages, &[])["messages"].clone()
    }

    #[test]
    fn a_conversation_with_tool_calls_is_written_as_the_api_publishes_it() {
        let messages = [
            Message::System {
                content: "Be brief.".into(),
            },
            user("Read a and b."),
            assistant(
                "Reading.",
                vec![call("toolu_1", "read_file"), call("toolu_2", "read_file")],
                None,
            ),
            result("toolu_1", "hello"),
            result("toolu_2", "world"),
            user("Go on."),
        ];
        let tools = [ToolDefinition {
            name: "read_file".into(),
            description: "Reads a file.".into(),
            parameters: json!({ "type": "object", "properties": { "path": { "type": "string" } } }),
        }];
        assert_eq!(
            body(
                &with(Some("claude-sonnet-4-5"), json!({})),
                &messages,
                &tools
            ),
            json!({
                "model": "claude-sonnet-4-5",
                "max_tokens": 4096,
                "system": "Be brief.",
                "messages": [
                    { "role": "user", "content": "Read a and b." },
                    { "role": "assistant", "content": [
                        { "type": "text", "text": "Reading." },
                        { "type": "tool_use", "id": "toolu_1", "name": "read_file", "input": { "path": "a" } },
                        { "type": "tool_use", "id": "toolu_2", "name": "read_file", "input": { "path": "a" } },
                    ] },
                    { "role": "user", "content": [
                        { "type": "tool_result", "tool_use_id": "toolu_1", "content": "hello" },
                        { "type": "tool_result", "tool_use_id": "toolu_2", "content": "world" },
                    ] },
                    { "role": "user", "content": "Go on." },
                ],
                "tools": [{
                    "name": "read_file",
                    "description": "Reads a file.",
                    "input_schema": { "type": "object", "properties": { "path": { "type": "string" } } },
                }],
                "stream": true,
            })
        );
    }

    #[test]
    fn a_turn_of_this_api_goes_back_as_it_came() {
        let items = json!([
            { "type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk" },
            { "type": "tool_use", "id": "toolu_1", "name": "read_file", "input": { "path": "a" } },
        ]);
        let native = assistant(
            "",
            vec![call("toolu_1", "read_file")],
            Some((Messages::NAME, items.clone())),
        );
        let turns = messages_of(&[user("Go"), native, result("toolu_1", "x")]);
        assert_eq!(turns[1]["content"], items);
    }

    #[test]
    fn a_turn_of_another_api_is_written_anew() {
        let foreign = Message::Assistant {
            content: "Hi.".into(),
            tool_calls: Vec::new(),
            native: Some(NativeTurn {
                api: "Responses".into(),
                items: json!([{ "type": "reasoning" }]),
            }),
        };
        let turns = messages_of(&[user("Go"), foreign]);
        assert_eq!(
            turns[1]["content"],
            json!([{ "type": "text", "text": "Hi." }])
        );
    }

    #[test]
    fn nothing_that_the_api_refuses_is_written() {
        let broken = ToolCall {
            arguments: "{\"path\":".into(),
            ..call("toolu_1", "read_file")
        };
        let turns = messages_of(&[
            user("Go"),
            assistant("", Vec::new(), None),
            assistant("", vec![broken], None),
            result("toolu_1", "These arguments are no JSON."),
        ]);
        assert_eq!(
            turns,
            json!([
                { "role": "user", "content": "Go" },
                { "role": "assistant", "content": [
                    { "type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {} },
                ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "toolu_1", "content": "These arguments are no JSON." },
                ] },
            ])
        );
    }

    #[test]
    fn parameters_have_the_names_of_this_api() {
        let parameters = json!({ "max_tokens": 9, "stop": "END", "extra_body": { "top_k": 4 } });
        let body = body(&with(None, parameters), &[user("Hi")], &[]);
        assert_eq!(
            body,
            json!({
                "max_tokens": 9,
                "messages": [{ "role": "user", "content": "Hi" }],
                "stream": true,
                "stop_sequences": ["END"],
                "top_k": 4,
            })
        );
    }

    #[test]
    fn the_providers_own_tools_stand_before_the_agents() {
        let settings = Settings {
            provider_tools: vec![ProviderTool::WebSearch, ProviderTool::CodeExecution],
            ..with(None, json!({}))
        };
        let vote = ToolDefinition {
            name: "vote".into(),
            description: "Votes.".into(),
            parameters: json!({ "type": "object" }),
        };
        assert_eq!(
            body(&settings, &[], &[vote])["tools"],
            json!([
                { "type": "web_search_20250305", "name": "web_search" },
                { "type": "code_execution_20250522", "name": "code_execution" },
                { "name": "vote", "description": "Votes.", "input_schema": { "type": "object" } },
            ])
        );
    }
}
