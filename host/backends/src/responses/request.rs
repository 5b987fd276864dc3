//! The request side of the Responses API: a conversation in, the JSON body out.

use massgen_config::ProviderTool;
use serde_json::{Map, Value, json};

use super::Responses;
use super::item;
use crate::conversation::{answered_only, instructions};
use crate::settings::{Settings, lay_over};
use crate::transport::WireApi;
use crate::turn::{Message, NativeTurn, ToolDefinition};

/// The members that belong to the agent loop: no parameter may set them.
pub(super) const RESERVED: &[&str] = &["input", "instructions", "model", "tools"];

/// The body of a streaming request. The parameters are laid over it member by member, those of its `extra_body` last;
/// `null` takes a member away.
pub(super) fn body(settings: &Settings, messages: &[Message], tools: &[ToolDefinition]) -> Value {
    let mut body = Map::new();
    if let Some(model) = &settings.model {
        body.insert("model".to_owned(), model.as_str().into());
        if reasons(model) {
            // Other models refuse to be asked for it.
            body.insert("include".to_owned(), json!(["reasoning.encrypted_content"]));
        }
    }
    let provided = settings.provider_tools.iter().map(provider_tool);
    let instructions = instructions(messages).join("\n\n");
    if !instructions.is_empty() {
        body.insert("instructions".to_owned(), instructions.into());
    }
    body.insert("input".to_owned(), input(&answered_only(messages)).into());
    let tools: Vec<Value> = provided.chain(tools.iter().map(tool)).collect();
    if !tools.is_empty() {
        body.insert("tools".to_owned(), tools.into());
    }
    body.insert("store".to_owned(), false.into());
    body.insert("stream".to_owned(), true.into());
    lay_over(&mut body, &named_as_here(&settings.parameters));
    Value::Object(body)
}

/// True for models that reason: the o series, and GPT from 5 on.
fn reasons(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let generation = |prefix: &str| {
        let digits = name.strip_prefix(prefix)?;
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse::<u32>().ok()
    };
    generation("o").is_some()
        || (generation("gpt-").is_some_and(|number| number >= 5) && !name.contains("chat"))
}

/// What Chat Completions call `max_tokens` and `reasoning_effort` has other names here.
fn named_as_here(parameters: &Map<String, Value>) -> Map<String, Value> {
    let mut named = parameters.clone();
    if let Some(tokens) = named.shift_remove("max_tokens") {
        named
            .entry("max_output_tokens".to_owned())
            .or_insert(tokens);
    }
    if let Some(effort) = named.shift_remove("reasoning_effort") {
        let reasoning = named
            .entry("reasoning".to_owned())
            .or_insert_with(|| json!({}));
        if let Some(reasoning) = reasoning.as_object_mut() {
            reasoning.entry("effort".to_owned()).or_insert(effort);
        }
    }
    named
}

fn input(messages: &[Message]) -> Vec<Value> {
    let mut items = Vec::new();
    for message in messages {
        match message {
            Message::System { .. } => {}
            Message::User { content } => {
                items.push(json!({ "role": "user", "content": content }));
            }
            Message::Assistant {
                native: Some(NativeTurn { api, items: native }),
                ..
            } if api == Responses::NAME => {
                items.extend(native.as_array().into_iter().flatten().cloned());
            }
            Message::Assistant {
                content,
                tool_calls,
                ..
            } => {
                if !content.is_empty() {
                    items.push(item::message(content));
                }
                items.extend(tool_calls.iter().map(item::function_call));
            }
            Message::Tool { call_id, content } => items.push(json!({
                "type": "function_call_output",
                "call_id": call_id,
                "output": content,
            })),
        }
    }
    items
}

/// A tool of the provider's own (`spec/03` §5).
fn provider_tool(tool: &ProviderTool) -> Value {
    match tool {
        ProviderTool::WebSearch => json!({ "type": "web_search" }),
        ProviderTool::CodeExecution => {
            json!({ "type": "code_interpreter", "container": { "type": "auto" } })
        }
    }
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        // Strict schemas may have no optional members.
        "strict": false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::conversation::spoken::{assistant, call, result, user};

    fn with(model: Option<&str>, parameters: Value) -> Settings {
        Settings {
            model: model.map(str::to_owned),
            parameters: parameters.as_object().expect("an object").clone(),
            ..Settings::new("http://localhost")
        }
    }

    #[test]
    fn a_conversation_with_a_tool_call_is_written_as_the_api_publishes_it() {
        let messages = [
            Message::System {
                content: "Be brief.".into(),
            },
            user("Read a."),
            assistant("Reading.", vec![call("call_1", "read_file")], None),
            result("call_1", "hello"),
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
                "instructions": "Be brief.",
                "input": [
                    { "role": "user", "content": "Read a." },
                    { "role": "assistant", "content": "Reading." },
                    { "type": "function_call", "call_id": "call_1", "name": "read_file", "arguments": "{\"path\":\"a\"}" },
                    { "type": "function_call_output", "call_id": "call_1", "output": "hello" },
                ],
                "tools": [{
                    "type": "function",
                    "name": "read_file",
                    "description": "Reads a file.",
                    "parameters": { "type": "object", "properties": { "path": { "type": "string" } } },
                    "strict": false,
                }],
                "store": false,
                "stream": true,
            })
        );
    }

    #[test]
    fn a_turn_of_this_api_goes_back_as_it_came() {
        let items = json!([
            { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA" },
            { "type": "function_call", "call_id": "call_1", "name": "read_file", "arguments": "{}" },
        ]);
        let calls = vec![call("call_1", "read_file")];
        let native = assistant("", calls, Some((Responses::NAME, items.clone())));
        let body = body(
            &with(None, json!({})),
            &[user("Go"), native, result("call_1", "hello")],
            &[],
        );
        assert_eq!(body["input"][1], items[0]);
        assert_eq!(body["input"][2], items[1]);
        assert_eq!(body["input"][3]["type"], "function_call_output");
    }

    #[test]
    fn only_models_that_reason_are_asked_for_their_reasoning() {
        for (model, expected) in [
            ("gpt-5-mini", true),
            ("gpt-5.1", true),
            ("o4-mini", true),
            ("openai/o3", true),
            ("gpt-4o", false),
            ("gpt-4.1", false),
            ("gpt-5-chat-latest", false),
            ("omni", false),
        ] {
            let body = body(&with(Some(model), json!({})), &[user("Hi")], &[]);
            assert_eq!(body.get("include").is_some(), expected, "{model}");
        }
    }

    #[test]
    fn parameters_have_the_names_of_this_api() {
        let parameters = json!({
            "max_tokens": 9,
            "reasoning_effort": "low",
            "reasoning": { "summary": "auto" },
            "extra_body": { "store": null },
        });
        assert_eq!(
            body(&with(None, parameters), &[user("Hi")], &[]),
            json!({
                "input": [{ "role": "user", "content": "Hi" }],
                "stream": true,
                "reasoning": { "summary": "auto", "effort": "low" },
                "max_output_tokens": 9,
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
                { "type": "web_search" },
                { "type": "code_interpreter", "container": { "type": "auto" } },
                { "type": "function", "name": "vote", "description": "Votes.", "parameters": { "type": "object" }, "strict": false },
            ])
        );
    }
}
