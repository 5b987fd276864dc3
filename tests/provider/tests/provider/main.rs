//! The provider as the real codec sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod gemini;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use massgen_backends::{
    Backend, BackendError, Chunk, ErrorKind, FinishReason, Message, RetryPolicy, Settings, Stage,
    ToolCall, ToolDefinition, TurnContext, TurnRequest, chat_completions,
};
use massgen_test_provider::{Call, Coordination, Provider, Reply, Turn};
use serde_json::json;
use tokio::sync::watch;

fn backend(provider: &Provider, model: &str) -> Arc<dyn Backend> {
    let retry = RetryPolicy {
        base_delay: Duration::from_millis(1),
        ..RetryPolicy::default()
    };
    let settings = Settings {
        model: Some(model.into()),
        retry,
        ..Settings::new(provider.base_url())
    };
    chat_completions(settings).expect("valid settings")
}

fn user(content: &str) -> Message {
    Message::User {
        content: content.into(),
    }
}

fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.into(),
        description: "A tool.".into(),
        parameters: json!({ "type": "object" }),
    }
}

async fn ask(
    backend: &Arc<dyn Backend>,
    messages: Vec<Message>,
    tools: &[&str],
) -> Result<Vec<Chunk>, BackendError> {
    let context = TurnContext {
        agent: "a".into(),
        stage: Stage::Coordination,
        sees: Vec::new(),
        answers: watch::channel(Vec::new()).1,
        placeholders: Vec::new(),
    };
    let request = TurnRequest {
        context,
        messages,
        tools: tools.iter().copied().map(tool).collect(),
    };
    let items: Vec<_> = backend.stream(request).collect().await;
    items.into_iter().collect()
}

fn text(chunks: &[Chunk]) -> String {
    let texts = chunks.iter().filter_map(|chunk| match chunk {
        Chunk::Content { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn calls(chunks: &[Chunk]) -> Vec<ToolCall> {
    let calls = chunks.iter().filter_map(|chunk| match chunk {
        Chunk::ToolCall(call) => Some(call.clone()),
        _ => None,
    });
    calls.collect()
}

#[tokio::test]
async fn a_scripted_turn_arrives_whole_through_many_small_pieces() {
    let said = "Grüße an alle 👋, in many small pieces";
    let arguments = json!({ "path": "/tmp/ä.txt", "content": "line\nline \"two\"" });
    let turn = Turn {
        calls: vec![
            Call::new("write_file", arguments.clone()),
            Call::new("list", json!({})),
        ],
        ..Turn::saying(said)
    };
    let provider = Provider::start(move |_| turn.clone().into())
        .await
        .expect("a port");
    let chunks = ask(&backend(&provider, "m"), vec![user("Hi")], &[])
        .await
        .expect("a turn");
    assert_eq!(text(&chunks), said);
    assert!(
        chunks
            .iter()
            .filter(|chunk| matches!(chunk, Chunk::Content { .. }))
            .count()
            > 3
    );
    let calls = calls(&chunks);
    assert_eq!(
        calls
            .iter()
            .map(|call| call.name.as_str())
            .collect::<Vec<_>>(),
        ["write_file", "list"]
    );
    assert_eq!(calls[0].arguments, arguments.to_string());
    assert!(
        chunks
            .iter()
            .any(|chunk| matches!(chunk, Chunk::Usage(usage) if usage.output_tokens.is_some()))
    );
    assert_eq!(
        chunks.last(),
        Some(&Chunk::Done {
            finish_reason: FinishReason::ToolCalls
        })
    );
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn scripted_failures_reach_the_backend_as_what_they_are() {
    for (reply, kind) in [
        (Reply::status(401, "no"), ErrorKind::Authentication),
        (
            Reply::Status {
                status: 429,
                retry_after: Some(0),
                message: "slow down".into(),
            },
            ErrorKind::RateLimited,
        ),
        (Reply::status(500, "oops"), ErrorKind::Provider),
        (Reply::Garbage, ErrorKind::Protocol),
        (
            Reply::Cut(Turn::saying("half of a sen")),
            ErrorKind::Protocol,
        ),
    ] {
        let scripted = reply.clone();
        let provider = Provider::start(move |_| scripted.clone())
            .await
            .expect("a port");
        let error = ask(&backend(&provider, "m"), vec![user("Hi")], &[])
            .await
            .expect_err("a failure");
        assert_eq!(error.kind, kind, "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_request_that_breaks_the_rules_is_refused_and_remembered() {
    let provider = Provider::start(|_| Turn::saying("Hi").into())
        .await
        .expect("a port");
    let orphan = Message::Tool {
        call_id: "c9".into(),
        content: "result".into(),
    };
    let error = ask(&backend(&provider, "m"), vec![user("Hi"), orphan], &[])
        .await
        .expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("does not follow"), "{error}");
    assert_eq!(provider.violations().len(), 1);
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn pauses_are_kept() {
    let pause = Duration::from_millis(15);
    let provider = Provider::start(move |_| Turn::saying("Hi").pausing(pause).into())
        .await
        .expect("a port");
    let start = Instant::now();
    ask(&backend(&provider, "m"), vec![user("Hi")], &[])
        .await
        .expect("a turn");
    assert!(
        start.elapsed() >= 5 * pause,
        "{:?} for five events",
        start.elapsed()
    );
}

#[tokio::test]
async fn turns_one_after_another_share_a_connection() {
    let provider = Provider::start(|_| Turn::saying("Hi").into())
        .await
        .expect("a port");
    let backend = backend(&provider, "m");
    for _ in 0..5 {
        ask(&backend, vec![user("Hi")], &[]).await.expect("a turn");
    }
    assert_eq!(provider.connections(), 1);
}

#[tokio::test]
async fn an_agent_of_the_coordination_script_works_answers_votes_and_presents() {
    let mut script = Coordination::unanimous(2, 2);
    script.agents[0]
        .tools
        .push(Call::new("write_file", json!({ "path": "a" })));
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .expect("a port");
    let first = backend(&provider, "agent-1");
    let tools = ["write_file", "new_answer", "vote"];

    let work = calls(
        &ask(&first, vec![user("Question")], &tools)
            .await
            .expect("a turn"),
    );
    assert_eq!(work[0].name, "write_file");
    let conversation = vec![
        user("Question"),
        Message::Assistant {
            content: String::new(),
            tool_calls: work.clone(),
            native: None,
        },
        Message::Tool {
            call_id: work[0].id.clone(),
            content: "done".into(),
        },
    ];
    let answer = calls(&ask(&first, conversation, &tools).await.expect("a turn"));
    assert_eq!(
        (answer[0].name.as_str(), answer[0].arguments.as_str()),
        ("new_answer", r#"{"content":"Answer number 1."}"#)
    );

    let own = "<agent1> Answer number 1. <end of agent1>";
    let early = calls(&ask(&first, vec![user(own)], &tools).await.expect("a turn"));
    assert!(
        early[0].name == "vote" && early[0].arguments.contains(r#""agent1""#),
        "{early:?}"
    );
    let both = format!("{own}\n<agent2> Answer number 2. <end of agent2>");
    let vote = calls(
        &ask(&first, vec![user(&both)], &tools)
            .await
            .expect("a turn"),
    );
    assert!(
        vote[0].name == "vote" && vote[0].arguments.contains(r#""agent2""#),
        "{vote:?}"
    );

    let second = backend(&provider, "agent-2");
    let presentation = ask(&second, vec![user(&both)], &["write_file"])
        .await
        .expect("a turn");
    assert_eq!(
        text(&presentation),
        "The final answer, presented by agent 2."
    );
    assert!(
        provider.violations().is_empty(),
        "{:?}",
        provider.violations()
    );
}

#[tokio::test]
async fn an_unknown_model_is_not_found() {
    let script = Coordination::unanimous(1, 1);
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .expect("a port");
    let error = ask(&backend(&provider, "agent-7"), vec![user("Hi")], &[])
        .await
        .expect_err("no such model");
    assert_eq!(error.kind, ErrorKind::Rejected);
}
