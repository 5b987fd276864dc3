//! The request side of the Gemini API: a conversation in, the JSON body out. The model stands in the URL.

use std::collections::{BTreeMap, HashMap};

use massgen_config::ProviderTool;
use serde_json::{Map, Value, json};

use super::parameters::placed_as_here;
use super::{Gemini, part, resource};
use crate::conversation::{answered_only, instructions};
use crate::settings::{Settings, lay_over};
use crate::transport::WireApi;
use crate::turn::{Message, NativeTurn, ToolCall, ToolDefinition};

/// The members that belong to the agent loop: no parameter may set them.
pub(super) const RESERVED: &[&str] = &[
    "contents",
    "model",
    "systemInstruction",
    "system_instruction",
    "tools",
];

/// What stands for the signature of a call that no model of this API made; the API has published it for that.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The body of a streaming request. The parameters are laid over it member by member, those of its `extra_body` last;
/// `null` takes a member away.
pub(super) fn body(settings: &Settings, messages: &[Message], tools: &[ToolDefinition]) -> Value {
    let mut body = Map::new();
    let instructions: Vec<_> = instructions(messages).into_iter().map(part::text).collect();
    if !instructions.is_empty() {
        body.insert(
            "systemInstruction".to_owned(),
            json!({ "parts": instructions }),
        );
    }
    let wants_signatures = settings.model.as_deref().is_some_and(wants_signatures);
    body.insert(
        "contents".to_owned(),
        contents(&answered_only(messages), wants_signatures),
    );
    if !tools.is_empty() {
        let tools: Vec<Value> = tools.iter().map(tool).collect();
        body.insert(
            "tools".to_owned(),
            json!([{ "functionDeclarations": tools }]),
        );
    } else if !settings.provider_tools.is_empty() {
        // Beside functions the API refuses them.
        let tools = settings.provider_tools.iter().map(provider_tool);
        body.insert("tools".to_owned(), tools.collect());
    }
    lay_over(&mut body, &placed_as_here(&settings.parameters));
    Value::Object(body)
}

/// True for models that refuse a call without a signature: Gemini from 3 on, and the names without a number, which mean
/// the latest.
fn wants_signatures(model: &str) -> bool {
    let version = resource(model).1.strip_prefix("gemini-");
    version.is_some_and(|version| !version.starts_with("1.") && !version.starts_with("2."))
}

/// A call as its result must name it.
struct Called<'m> {
    name: &'m str,
    /// The call goes out with its id; one that the provider made without does not.
    has_id: bool,
    /// Its place among all calls.
    position: usize,
}

/// The conversation. What one side says one after another is one content, and results stand there in the order of their
/// calls: where calls have no ids, nothing else tells which is whose.
fn contents(messages: &[Message], wants_signatures: bool) -> Value {
    let mut contents = Vec::new();
    let mut calls: HashMap<&str, Called<'_>> = HashMap::new();
    let mut results: BTreeMap<usize, Value> = BTreeMap::new();
    let mut positions = 0..;
    for message in messages {
        if let Message::Tool { call_id, content } = message {
            match calls.get(call_id.as_str()) {
                Some(call) => {
                    results.insert(call.position, result(call_id, call, content));
                }
                None => {
                    tracing::warn!(id = %call_id, "the result of no tool call was left out of the request");
                }
            }
            continue;
        }
        let answered = std::mem::take(&mut results).into_values().collect();
        say(&mut contents, "user", answered);
        match message {
            Message::System { .. } | Message::Tool { .. } => {}
            Message::User { content } => say(&mut contents, "user", vec![part::text(content)]),
            Message::Assistant {
                content,
                tool_calls,
                native,
            } => {
                let parts = match native {
                    Some(NativeTurn { api, items }) if api == Gemini::NAME => {
                        items.as_array().cloned().unwrap_or_default()
                    }
                    _ => parts(content, tool_calls, wants_signatures),
                };
                for (call, position) in tool_calls.iter().zip(&mut positions) {
                    let called = Called {
                        name: &call.name,
                        has_id: parts
                            .iter()
                            .any(|part| part["functionCall"]["id"] == call.id),
                        position,
                    };
                    calls.insert(&call.id, called);
                }
                say(&mut contents, "model", parts);
            }
        }
    }
    say(&mut contents, "user", results.into_values().collect());
    contents
        .into_iter()
        .map(|(role, parts)| json!({ "role": role, "parts": parts }))
        .collect()
}

/// Adds what one side says to what it has said last, or behind what the other has.
fn say(contents: &mut Vec<(&str, Vec<Value>)>, role: &'static str, parts: Vec<Value>) {
    match contents.last_mut() {
        _ if parts.is_empty() => {}
        Some((last, before)) if *last == role => before.extend(parts),
        _ => contents.push((role, parts)),
    }
}

/// A turn that is not this API's own. The first of its calls carries the signature for all.
fn parts(content: &str, tool_calls: &[ToolCall], wants_signatures: bool) -> Vec<Value> {
    let mut calls: Vec<Value> = tool_calls.iter().map(part::function_call).collect();
    if let Some(first) = calls.first_mut().filter(|_| wants_signatures) {
        first["thoughtSignature"] = NO_SIGNATURE.into();
    }
    // An empty text is refused by the API.
    let text = (!content.is_empty()).then(|| part::text(content));
    text.into_iter().chain(calls).collect()
}

fn result(id: &str, call: &Called<'_>, content: &str) -> Value {
    let mut response = json!({ "name": call.name, "response": { "result": content } });
    if call.has_id {
        response["id"] = id.into();
    }
    json!({ "functionResponse": response })
}

/// A tool of the provider's own.
fn provider_tool(tool: &ProviderTool) -> Value {
    match tool {
        ProviderTool::WebSearch => json!({ "googleSearch": {} }),
        ProviderTool::CodeExecution => json!({ "codeExecution": {} }),
    }
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": tool.parameters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::spoken::{assistant, call, result, user};

    fn with(model: &str) -> Settings {
        Settings {
            model: Some(model.to_owned()),
            ..Settings::new("http://localhost")
        }
    }

    fn contents_of(model: &str, messages: &[Message]) -> Value {
        body(&with(model), messages, &[])["contents"].clone()
    }

    #[test]
    fn a_conversation_with_tool_calls_is_written_as_the_api_publishes_it() {
        let system = |content: &str| Message::System {
            content: content.into(),
        };
        let messages = [
            system("Be brief."),
            system("Be polite."),
            user("Read a."),
            user("List it too."),
            assistant(
                "Reading.",
                vec![call("1", "read_file"), call("2", "list")],
                None,
            ),
            result("1", "hello"),
            result("2", "world"),
            user("Go on."),
        ];
        let tools = [ToolDefinition {
            name: "read_file".into(),
            description: "Reads a file.".into(),
            parameters: json!({ "type": "object", "properties": { "path": { "type": "string" } } }),
        }];
        assert_eq!(
            body(&with("gemini-2.5-flash"), &messages, &tools),
            json!({
                "systemInstruction": { "parts": [{ "text": "Be brief." }, { "text": "Be polite." }] },
                "contents": [
                    { "role": "user", "parts": [{ "text": "Read a." }, { "text": "List it too." }] },
                    { "role": "model", "parts": [
                        { "text": "Reading." },
                        { "functionCall": { "id": "1", "name": "read_file", "args": { "path": "a" } } },
                        { "functionCall": { "id": "2", "name": "list", "args": { "path": "a" } } },
                    ] },
                    { "role": "user", "parts": [
                        { "functionResponse": { "id": "1", "name": "read_file", "response": { "result": "hello" } } },
                        { "functionResponse": { "id": "2", "name": "list", "response": { "result": "world" } } },
                        { "text": "Go on." },
                    ] },
                ],
                "tools": [{ "functionDeclarations": [{
                    "name": "read_file",
                    "description": "Reads a file.",
                    "parametersJsonSchema": { "type": "object", "properties": { "path": { "type": "string" } } },
                }] }],
            })
        );
    }

    #[test]
    fn a_turn_of_this_api_goes_back_as_it_came_and_its_results_have_its_ids_and_order() {
        let items = json!([
            { "text": "Hm.", "thought": true },
            { "functionCall": { "name": "read_file", "args": {} }, "thoughtSignature": "c2ln" },
            { "functionCall": { "id": "gp7", "name": "list", "args": {} } },
            { "executableCode": { "code": "1+1" } },
        ]);
        let calls = vec![call("call_0", "read_file"), call("gp7", "list")];
        let native = assistant("", calls, Some((Gemini::NAME, items.clone())));
        let conversation = [
            user("Go"),
            native,
            result("gp7", "y"),
            result("call_0", "x"),
        ];
        let contents = contents_of("gemini-3-pro", &conversation);
        assert_eq!(contents[1], json!({ "role": "model", "parts": items }));
        assert_eq!(
            contents[2]["parts"],
            json!([
                { "functionResponse": { "name": "read_file", "response": { "result": "x" } } },
                { "functionResponse": { "name": "list", "response": { "result": "y" }, "id": "gp7" } },
            ])
        );
    }

    #[test]
    fn a_turn_of_another_api_is_written_anew_and_signed_where_the_model_wants_it() {
        let foreign = Message::Assistant {
            content: String::new(),
            tool_calls: vec![call("toolu_1", "read_file"), call("toolu_2", "list")],
            native: Some(NativeTurn {
                api: "Messages".into(),
                items: json!([{ "type": "thinking" }]),
            }),
        };
        let conversation = [
            user("Go"),
            foreign,
            result("toolu_1", "x"),
            result("toolu_2", "y"),
        ];
        for (model, signature) in [
            ("gemini-2.5-flash", None),
            ("models/gemini-1.5-pro", None),
            ("gemma-3-27b-it", None),
            ("gemini-3-pro-preview", Some(NO_SIGNATURE)),
            ("models/gemini-flash-latest", Some(NO_SIGNATURE)),
        ] {
            let parts = contents_of(model, &conversation)[1]["parts"].clone();
            assert_eq!(parts[0]["functionCall"]["id"], "toolu_1");
            let signed = parts[0].get("thoughtSignature").and_then(Value::as_str);
            assert_eq!(signed, signature, "{model}");
            assert_eq!(parts[1].get("thoughtSignature"), None);
        }
    }

    #[test]
    fn nothing_that_the_api_refuses_is_written() {
        let broken = ToolCall {
            arguments: "{\"path\":".into(),
            ..call("1", "read_file")
        };
        let contents = contents_of(
            "gemini-2.5-flash",
            &[
                user("Go"),
                assistant("", Vec::new(), None),
                assistant("", Vec::new(), Some((Gemini::NAME, json!([])))),
                user("on."),
                assistant("", vec![broken, call("2", "list")], None),
                result("1", "These arguments are no JSON."),
                result("9", "Of no call."),
            ],
        );
        assert_eq!(
            contents,
            json!([
                { "role": "user", "parts": [{ "text": "Go" }, { "text": "on." }] },
                { "role": "model", "parts": [
                    { "functionCall": { "id": "1", "name": "read_file", "args": {} } },
                ] },
                { "role": "user", "parts": [
                    { "functionResponse": {
                        "id": "1", "name": "read_file", "response": { "result": "These arguments are no JSON." },
                    } },
                ] },
            ])
        );
    }

    #[test]
    fn parameters_are_laid_over_the_body() {
        let parameters = json!({ "temperature": 0, "extra_body": { "serviceTier": "flex" } });
        let settings = Settings {
            parameters: parameters.as_object().cloned().unwrap_or_default(),
            ..with("gemini-2.5-flash")
        };
        assert_eq!(
            body(&settings, &[user("Hi")], &[]),
            json!({
                "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }],
                "generationConfig": { "temperature": 0 },
                "serviceTier": "flex",
            })
        );
    }

    #[test]
    fn the_providers_own_tools_are_asked_for_where_there_are_no_functions() {
        let settings = Settings {
            provider_tools: vec![ProviderTool::WebSearch, ProviderTool::CodeExecution],
            ..Settings::new("http://localhost")
        };
        assert_eq!(
            body(&settings, &[], &[])["tools"],
            json!([{ "googleSearch": {} }, { "codeExecution": {} }])
        );
        let vote = ToolDefinition {
            name: "vote".into(),
            description: "Votes.".into(),
            parameters: json!({ "type": "object" }),
        };
        let tools = &body(&settings, &[], &[vote])["tools"];
        assert_eq!(tools[0]["functionDeclarations"][0]["name"], "vote");
        assert_eq!(tools.as_array().map(Vec::len), Some(1));
    }
}
