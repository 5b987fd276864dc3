//! What the codecs send, judged by the types of the providers' own libraries (`tests/judges`). `cargo xtask test` installs
//! them and names their Python in `MASSGEN_TEST_JUDGE`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures::StreamExt;
use massgen_backends::{
    Backend, BackendError, Message, NativeTurn, Settings, ToolCall, ToolDefinition, TurnRequest,
    chat_completions, claude, responses,
};
use massgen_config::ProviderTool;
use serde_json::{Value, json};

use crate::loopback::{Answer, Loopback};

type Codec = fn(Settings) -> Result<Arc<dyn Backend>, BackendError>;

/// A codec, what the judge calls its API, the API as native turns name it, and a turn as its provider wrote it.
fn apis() -> [(Codec, &'static str, &'static str, Value); 3] {
    let citation = json!({ "type": "web_search_result_location", "url": "https://example.org", "title": "Example", "encrypted_index": "Eo9", "cited_text": "It is." });
    let found = json!({ "type": "web_search_result", "url": "https://example.org", "title": "Example", "encrypted_content": "Eo8" });
    [
        (chat_completions, "chat_completions", "", Value::Null),
        (
            claude,
            "messages",
            "Messages",
            json!([
                { "type": "thinking", "thinking": "Hm.", "signature": "sig" },
                { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "is it?" } },
                { "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [found] },
                { "type": "text", "text": "It is.", "citations": [citation] },
                { "type": "tool_use", "id": "c1", "name": "read_file", "input": { "path": "a" } },
            ]),
        ),
        (
            responses,
            "responses",
            "Responses",
            json!([
                { "id": "rs_1", "type": "reasoning", "summary": [{ "type": "summary_text", "text": "Hm." }], "encrypted_content": "gAAA" },
                { "role": "assistant", "content": "It is." },
                { "type": "function_call", "call_id": "c1", "name": "read_file", "arguments": "{\"path\":\"a\"}" },
            ]),
        ),
    ]
}

/// A conversation with everything that one may hold: two calls at once, a turn as its provider wrote it, a call without a
/// result.
fn conversation(api: &str, native: Value) -> Vec<Message> {
    let call = |id: &str| ToolCall {
        id: id.into(),
        name: "read_file".into(),
        arguments: r#"{"path":"a"}"#.into(),
    };
    let assistant = |content: &str, tool_calls, native| Message::Assistant {
        content: content.into(),
        tool_calls,
        native,
    };
    let result = |id: &str| Message::Tool {
        call_id: id.into(),
        content: "text".into(),
    };
    let user = |content: &str| Message::User {
        content: content.into(),
    };
    let native = (!native.is_null()).then(|| NativeTurn {
        api: api.into(),
        items: native,
    });
    vec![
        Message::System {
            content: "Be brief.".into(),
        },
        user("Is it?"),
        assistant("It is.", vec![call("c1")], native),
        result("c1"),
        assistant("", vec![call("c2"), call("c3")], None),
        result("c2"),
        result("c3"),
        user("Go on."),
        assistant("Reading.", vec![call("c4")], None),
        user("And?"),
    ]
}

/// The settings of one body: parameters as a configuration has them, and tools of the provider's.
fn variants(api: &str) -> Vec<(Value, Vec<ProviderTool>)> {
    let own = vec![ProviderTool::WebSearch];
    match api {
        "chat_completions" => vec![
            (json!({}), Vec::new()),
            (
                json!({ "temperature": 0.5, "top_p": 0.9, "max_tokens": 100, "stop": ["x"], "seed": 1, "reasoning_effort": "low",
                        "response_format": { "type": "json_object" }, "parallel_tool_calls": false, "tool_choice": "auto" }),
                Vec::new(),
            ),
        ],
        "messages" => vec![
            (json!({}), own),
            (
                json!({ "max_tokens": 4096, "stop": "x", "thinking": { "type": "enabled", "budget_tokens": 1024 },
                        "tool_choice": { "type": "auto" }, "metadata": { "user_id": "u" } }),
                Vec::new(),
            ),
        ],
        _ => vec![
            (
                json!({}),
                vec![ProviderTool::WebSearch, ProviderTool::CodeExecution],
            ),
            (
                json!({ "max_tokens": 100, "reasoning_effort": "low", "text": { "verbosity": "low" }, "truncation": "auto",
                        "parallel_tool_calls": true, "metadata": { "a": "b" } }),
                Vec::new(),
            ),
        ],
    }
}

/// The body that a codec sends for this conversation.
async fn body(codec: Codec, messages: Vec<Message>, variant: (Value, Vec<ProviderTool>)) -> Value {
    let server = Loopback::start([Answer::events(&["{}"])]).await;
    let (parameters, provider_tools) = variant;
    let settings = Settings {
        model: Some("gpt-5-mini".into()),
        parameters: parameters.as_object().unwrap().clone(),
        provider_tools,
        ..crate::settings(&server.url, "key")
    };
    let tools = vec![ToolDefinition {
        name: "read_file".into(),
        description: "Reads.".into(),
        parameters: json!({
            "type": "object",
            "properties": { "path": { "type": "string" }, "lines": { "type": "array", "items": { "type": "integer" } } },
            "required": ["path"],
        }),
    }];
    let request = TurnRequest {
        messages,
        tools,
        ..crate::request()
    };
    // What the server answers is no matter here.
    let _: Vec<_> = codec(settings).unwrap().stream(request).collect().await;
    let request = &server.requests()[0];
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The judge's lines, one for each fault; none where it is not installed.
fn judged(bodies: &[(&str, Value)]) -> Option<Vec<String>> {
    let Some(python) = std::env::var_os("MASSGEN_TEST_JUDGE") else {
        let said = "SKIPPED: no judge is installed; `cargo xtask test` does that\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return None;
    };
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/judges/judge.py");
    let mut process = Command::new(python)
        .arg(judge)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    for (api, body) in bodies {
        writeln!(input, "{}", json!({ "api": api, "body": body })).unwrap();
    }
    drop(input);
    let output = process.wait_with_output().unwrap();
    let lines: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    // 1 says that there are faults; a judge that failed says nothing of them.
    assert_eq!(output.status.code(), Some(i32::from(!lines.is_empty())));
    Some(lines)
}

#[tokio::test]
async fn the_providers_own_libraries_would_send_the_same() {
    let mut bodies: Vec<(&str, Value)> = Vec::new();
    for (codec, api, native_api, native) in apis() {
        for variant in variants(api) {
            let messages = conversation(native_api, native.clone());
            bodies.push((api, body(codec, messages, variant).await));
        }
    }
    let Some(faults) = judged(&bodies) else {
        return;
    };
    assert_eq!(faults, Vec::<String>::new());

    // A judge that lets everything pass would be none: one member too many, here and there.
    let mut misspelt = Vec::new();
    for (api, body) in bodies {
        let places = match api {
            "chat_completions" => ["/messages/0", "/messages/2/tool_calls/0/function"],
            "messages" => ["/messages/0", "/messages/1/content/0"],
            _ => ["/input/0", "/input/1"],
        };
        for place in places {
            let mut body = body.clone();
            body.pointer_mut(place).unwrap()["contents"] = "x".into();
            misspelt.push((api, body));
        }
    }
    let faults = judged(&misspelt).unwrap();
    assert_eq!(faults.len(), misspelt.len(), "{faults:#?}");
    let names_it = |fault: &String| fault.contains("contents: Extra inputs are not permitted");
    assert!(faults.iter().all(names_it), "{faults:#?}");
}
