//! The backend `claude_code` with a program that plays what the CLI (version 2.1.331) really wrote, against a loopback
//! Messages API, shortened by members that nothing here reads.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use massgen_backends::{
    Backend, BackendError, Chunk, ClaudeCodeSettings, ErrorKind, FinishReason, Message, Stage,
    ToolCall, ToolDefinition, TurnContext, TurnRequest, Usage, claude_code,
};
use massgen_config::{ApiKey, Program};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

/// A session with one text, two calls of the tool `new_answer` and a last text.
const SESSION: &str = include_str!("session.jsonl");

/// What a process says before it is told anything: its end of the greeting.
const GREETING: &str = r#"<
{"type":"control_response","response":{"subtype":"success","request_id":"initialize","response":{}}}
<
"#;

/// A program that plays a recording, and the backend that runs it.
struct Played {
    _folder: TempDir,
    recording: PathBuf,
    backend: Arc<dyn Backend>,
}

impl Played {
    fn new(recording: &str) -> Self {
        Self::with(recording, |settings| settings)
    }

    fn with(
        recording: &str,
        change: impl FnOnce(ClaudeCodeSettings) -> ClaudeCodeSettings,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        fs::write(&path, recording).unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/claude_code/claude");
        let program = Program::new(program).with("RECORDING", path.to_str().unwrap());
        let backend = claude_code(change(ClaudeCodeSettings::new(program)));
        Self {
            _folder: folder,
            recording: path,
            backend,
        }
    }

    async fn turn(&self, messages: &[Message]) -> Result<Vec<Chunk>, BackendError> {
        let chunks: Vec<_> = self.backend.stream(request(messages)).collect().await;
        chunks.into_iter().collect()
    }

    /// What the program was told, line by line.
    fn heard(&self) -> Vec<Value> {
        let lines = fs::read_to_string(self.recording.with_extension("heard")).unwrap();
        let lines = lines.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// The arguments of each start.
    fn starts(&self) -> Vec<String> {
        let lines = fs::read_to_string(self.recording.with_extension("started")).unwrap();
        lines.lines().map(str::to_owned).collect()
    }
}

fn request(messages: &[Message]) -> TurnRequest {
    TurnRequest {
        context: TurnContext {
            agent: "a".into(),
            stage: Stage::Coordination,
            sees: Vec::new(),
            answers: watch::channel(Vec::new()).1,
            placeholders: Vec::new(),
        },
        messages: messages.to_vec(),
        tools: vec![ToolDefinition {
            name: "new_answer".into(),
            description: "Gives an answer.".into(),
            parameters: json!({ "type": "object" }),
        }],
    }
}

fn system(content: &str) -> Message {
    Message::System {
        content: content.into(),
    }
}

fn user(content: &str) -> Message {
    Message::User {
        content: content.into(),
    }
}

fn result(call_id: &str, content: &str) -> Message {
    Message::Tool {
        call_id: call_id.into(),
        content: content.into(),
    }
}

fn assistant(content: &str, tool_calls: Vec<ToolCall>) -> Message {
    Message::Assistant {
        content: content.into(),
        tool_calls,
        native: None,
    }
}

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: "new_answer".into(),
        arguments: arguments.into(),
    }
}

/// A message of the model's, as the CLI passes its events on.
fn message(text: &str, then: &str) -> String {
    let events = [
        json!({ "type": "message_start", "message": { "id": "m", "content": [] } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
        json!({ "type": "message_stop" }),
    ];
    let lines = events.map(|event| {
        format!(
            "{}\n",
            json!({ "type": "stream_event", "event": event, "parent_tool_use_id": null })
        )
    });
    format!(
        "{}{}\n{then}",
        lines.concat(),
        json!({ "type": "result", "subtype": "success", "is_error": false, "result": text })
    )
}

const COUNTED: Usage = Usage {
    input_tokens: Some(10),
    cached_input_tokens: None,
    cache_write_tokens: None,
    output_tokens: Some(7),
};

/// The first turn of the recorded session.
fn first_turn() -> [Chunk; 5] {
    [
        Chunk::Content {
            text: "I will call.".into(),
        },
        Chunk::ToolCall(call("toolu_1", r#"{"content":"x1"}"#)),
        Chunk::ToolCall(call("toolu_2", r#"{"content":"x2"}"#)),
        Chunk::Usage(COUNTED),
        Chunk::Done {
            finish_reason: FinishReason::ToolCalls,
        },
    ]
}

#[tokio::test]
async fn a_session_goes_from_turn_to_turn_with_the_agents_own_tools() {
    let played = Played::new(SESSION);
    let mut messages = vec![system("Be brief."), user("Hello?")];
    assert_eq!(played.turn(&messages).await.unwrap(), first_turn());
    messages.push(assistant(
        "I will call.",
        vec![
            call("toolu_1", r#"{"content":"x1"}"#),
            call("toolu_2", r#"{"content":"x2"}"#),
        ],
    ));
    messages.extend([
        result("toolu_1", "the first"),
        result("toolu_2", "the second"),
        user("Hurry up."),
    ]);
    assert_eq!(
        played.turn(&messages).await.unwrap(),
        [
            Chunk::Content {
                text: "All done.".into()
            },
            Chunk::Usage(COUNTED),
            Chunk::Done {
                finish_reason: FinishReason::Stop
            },
        ]
    );

    let heard = played.heard();
    assert_eq!(heard[0]["request"]["subtype"], "initialize");
    let user = heard.iter().find(|line| line["type"] == "user").unwrap();
    assert_eq!(user["message"]["content"], "Hello?");
    let replies: Vec<_> = heard
        .iter()
        .filter_map(|line| line["response"]["response"].get("mcp_response"))
        .collect();
    assert_eq!(
        replies[2]["result"]["tools"],
        json!([{ "name": "new_answer", "description": "Gives an answer.", "inputSchema": { "type": "object" } }])
    );
    let results: Vec<_> = replies
        .iter()
        .filter_map(|reply| {
            Some((
                &reply["id"],
                reply["result"]["content"][0]["text"].as_str()?,
            ))
        })
        .collect();
    // What is said besides the results comes along with the last one.
    assert_eq!(
        results,
        [
            (&json!(2), "the first"),
            (&json!(3), "the second\n\nHurry up.")
        ]
    );
    let allowed = heard
        .iter()
        .filter(|line| line["response"]["response"]["behavior"] == "allow");
    assert_eq!(allowed.count(), 2);
    assert_eq!(played.starts().len(), 1);
}

#[tokio::test]
async fn the_program_starts_without_tools_settings_and_servers_of_its_own() {
    let played = Played::with(&format!("{GREETING}{}", message("Hi.", "")), |settings| {
        ClaudeCodeSettings {
            model: Some("claude-sonnet-4-5".into()),
            ..settings
        }
    });
    played
        .turn(&[system("Be brief."), user("Hello?")])
        .await
        .unwrap();
    let starts = played.starts();
    for arguments in [
        "--tools  --setting-sources  --disable-slash-commands --strict-mcp-config",
        "--permission-prompt-tool stdio",
        "--no-session-persistence",
        "--model claude-sonnet-4-5",
    ] {
        assert!(starts[0].contains(arguments), "{starts:?}");
    }
}

#[tokio::test]
async fn what_is_said_after_a_turn_reaches_the_same_process() {
    let recording = format!(
        "{GREETING}{}",
        message("One.", "<\n") + &message("Two.", "")
    );
    let played = Played::new(&recording);
    let mut messages = vec![user("Say one.")];
    played.turn(&messages).await.unwrap();
    messages.extend([assistant("One.", Vec::new()), user("Say two.")]);
    let chunks = played.turn(&messages).await.unwrap();
    assert_eq!(
        chunks[0],
        Chunk::Content {
            text: "Two.".into()
        }
    );
    assert_eq!(played.heard()[2]["message"]["content"], "Say two.");
    assert_eq!(played.starts().len(), 1);
}

#[tokio::test]
async fn another_conversation_gets_a_process_of_its_own_that_is_told_what_was_said() {
    let played = Played::new(&format!("{GREETING}{}", message("One.", "")));
    played.turn(&[user("Say one.")]).await.unwrap();
    let other = [
        user("Say two."),
        assistant("", vec![call("c1", "{}")]),
        result("c1", "done"),
    ];
    played.turn(&other).await.unwrap();
    assert_eq!(played.starts().len(), 2);
    assert_eq!(
        played.heard()[3]["message"]["content"],
        "This is our conversation so far. Go on with it.\n\nUser: Say two.\n\nYou: \n[called new_answer {} as c1]\n\n\
         Result: of c1: done\n"
    );
}

#[tokio::test]
async fn a_tool_of_the_programs_own_is_denied_and_an_unknown_request_answered() {
    let asked = r#"{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"rm -rf /"}}}
<
{"type":"control_request","request_id":"r2","request":{"subtype":"hook_callback","callback_id":"h"}}
<
{"type":"control_request","request_id":"r3","request":{"subtype":"mcp_message","server_name":"massgen","message":{"jsonrpc":"2.0","id":7,"method":"resources/list"}}}
<
"#;
    let played = Played::new(&format!("{GREETING}{asked}{}", message("No.", "")));
    played.turn(&[user("Hello?")]).await.unwrap();
    let heard = played.heard();
    let denied = &heard[2]["response"];
    assert_eq!(
        (&denied["request_id"], &denied["response"]["behavior"]),
        (&json!("r1"), &json!("deny"))
    );
    assert_eq!(heard[3]["response"]["subtype"], "error");
    let reply = &heard[4]["response"]["response"]["mcp_response"];
    assert_eq!(
        (&reply["id"], &reply["error"]["code"]),
        (&json!(7), &json!(-32601))
    );
}

async fn refusal(recording: &str) -> (ErrorKind, String) {
    let played = Played::with(recording, |settings| ClaudeCodeSettings {
        api_key: Some(ApiKey::new("sk-secret")),
        idle: Duration::from_secs(5),
        ..settings
    });
    let error = played.turn(&[user("Hello?")]).await.unwrap_err();
    assert!(!error.message.contains("sk-secret"), "{error}");
    (error.kind, error.message)
}

#[tokio::test]
async fn a_refused_key_is_told_with_what_to_do() {
    let ended = r#"{"type":"result","subtype":"success","is_error":true,"result":"Invalid API key · Fix external API key","api_error_status":401}"#;
    assert_eq!(
        refusal(&format!("{GREETING}{ended}\n")).await,
        (
            ErrorKind::Authentication,
            "Claude Code: it ended with: Invalid API key · Fix external API key. \
             Set ANTHROPIC_API_KEY, or log in with `claude` and `/login`."
                .to_owned()
        )
    );
    for (status, kind) in [
        (429, ErrorKind::RateLimited),
        (529, ErrorKind::Provider),
        (400, ErrorKind::Rejected),
    ] {
        let ended = ended.replace("401", &status.to_string());
        assert_eq!(refusal(&format!("{GREETING}{ended}\n")).await.0, kind);
    }
}

#[tokio::test]
async fn a_program_that_ends_or_talks_nonsense_is_an_error_that_shows_what_it_said() {
    let (kind, message) = refusal("!error: unknown option '--tools'\n").await;
    assert_eq!(kind, ErrorKind::Protocol);
    assert!(message.contains("unknown option '--tools'"), "{message}");
    let (kind, message) = refusal(&format!("{GREETING}Welcome!\n")).await;
    assert_eq!(kind, ErrorKind::Protocol);
    assert!(message.ends_with(": Welcome!."), "{message}");
}

#[tokio::test]
async fn a_program_that_says_nothing_is_not_waited_for_longer_than_the_idle_time() {
    let played = Played::with(GREETING, |settings| ClaudeCodeSettings {
        idle: Duration::from_millis(50),
        ..settings
    });
    let error = played.turn(&[user("Hello?")]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Network);
}

#[tokio::test]
async fn a_turn_that_is_dropped_takes_its_process_along() {
    let played = Played::new(SESSION);
    let mut stream = played.backend.stream(request(&[user("Hello?")]));
    stream.next().await.unwrap().unwrap();
    drop(stream);
    // The next turn starts anew, though it would have gone on where that one was.
    let messages = [
        user("Hello?"),
        assistant("I will call.", Vec::new()),
        user("Go on."),
    ];
    played.turn(&messages).await.unwrap();
    assert_eq!(played.starts().len(), 2);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let backend = claude_code(ClaudeCodeSettings::new(Program::new("/nowhere/claude")));
    let error = backend
        .stream(request(&[user("Hello?")]))
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(
        error.message,
        "Claude Code: MassGen cannot start it as /nowhere/claude: No such file or directory (os error 2)."
    );
}
