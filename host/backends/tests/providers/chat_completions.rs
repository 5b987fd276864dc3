//! The Chat Completions codec against a real HTTP server on loopback, byte for byte.

use std::time::{Duration, Instant};

use crate::loopback::{Answer, Loopback, Then};
use futures::StreamExt;
use massgen_backends::{
    BackendError, Chunk, ErrorKind, FinishReason, RetryPolicy, Settings, Timeouts, ToolCall, Usage,
    chat_completions,
};
use massgen_config::ApiKey;
use serde_json::{Value, json};

const KEY: &str = "sk-very-secret-0123456789";
const HELLO: &str = r#"{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn settings(url: &str) -> Settings {
    crate::settings(url, KEY)
}

/// Runs one turn: its chunks, and the error that ended it, if one did.
async fn turn(settings: Settings) -> (Vec<Chunk>, Option<BackendError>) {
    crate::turn(&*chat_completions(settings).expect("valid settings")).await
}

async fn failed(answers: impl IntoIterator<Item = Answer>) -> (BackendError, usize) {
    let server = Loopback::start(answers).await;
    let (_, error) = turn(settings(&server.url)).await;
    let error = error.expect("a failed turn");
    assert!(
        !format!("{error} {error:?}").contains(KEY),
        "the key must never be shown: {error}"
    );
    (error, server.requests().len())
}

fn content(text: &str) -> Chunk {
    Chunk::Content { text: text.into() }
}

fn done(finish_reason: FinishReason) -> Chunk {
    Chunk::Done { finish_reason }
}

fn refusals(count: usize, status: &str, headers: &str) -> Vec<Answer> {
    (0..count)
        .map(|_| Answer::http(status, headers, r#"{"error":{"message":"not now"}}"#))
        .collect()
}

#[tokio::test]
async fn a_streamed_turn_arrives_as_chunks_and_ends_with_done() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let server = Loopback::start([Answer::events(&[HELLO, STOP, usage, "[DONE]"])]).await;
    let (chunks, error) = turn(settings(&server.url)).await;
    assert!(error.is_none(), "{error:?}");
    let usage = Chunk::Usage(Usage {
        input_tokens: Some(3),
        output_tokens: Some(1),
        ..Usage::default()
    });
    assert_eq!(chunks, [content("Hello"), usage, done(FinishReason::Stop)]);
}

#[tokio::test]
async fn the_request_carries_the_key_the_model_and_the_parameters() {
    let server = Loopback::start([Answer::events(&[STOP, "[DONE]"])]).await;
    let parameters = json!({ "temperature": 0, "extra_body": { "top_k": 1 } });
    let settings = Settings {
        parameters: parameters.as_object().unwrap().clone(),
        ..settings(&server.url)
    };
    turn(settings).await;
    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").expect("head and body");
    assert!(
        head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.to_lowercase()
            .contains(&format!("authorization: bearer {KEY}")),
        "{head}"
    );
    assert_eq!(
        serde_json::from_str::<Value>(body).expect("JSON"),
        json!({
            "model": "test-model",
            "messages": [{ "role": "user", "content": "Hi" }],
            "stream": true,
            "stream_options": { "include_usage": true },
            "temperature": 0,
            "top_k": 1,
        })
    );
}

#[tokio::test]
async fn an_answer_in_one_piece_is_accepted_too() {
    let body = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"vote","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":8,"completion_tokens":2}}"#;
    let server = Loopback::start([Answer::json("200 OK", body)]).await;
    let (chunks, error) = turn(settings(&server.url)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        chunks,
        [
            Chunk::ToolCall(ToolCall {
                id: "c1".into(),
                name: "vote".into(),
                arguments: "{}".into()
            }),
            Chunk::Usage(Usage {
                input_tokens: Some(8),
                output_tokens: Some(2),
                ..Usage::default()
            }),
            done(FinishReason::ToolCalls),
        ]
    );
}

#[tokio::test]
async fn transient_statuses_are_tried_again_until_an_answer_comes() {
    for status in [
        "408 Request Timeout",
        "409 Conflict",
        "429 Too Many Requests",
        "500 Oops",
        "503 Unavailable",
    ] {
        let mut answers = refusals(3, status, "");
        answers.push(Answer::events(&[HELLO, STOP, "[DONE]"]));
        let server = Loopback::start(answers).await;
        let (chunks, error) = turn(settings(&server.url)).await;
        assert!(error.is_none(), "{status}: {error:?}");
        assert_eq!(
            chunks,
            [content("Hello"), done(FinishReason::Stop)],
            "{status}"
        );
        assert_eq!(server.requests().len(), 4, "{status}");
    }
}

#[tokio::test]
async fn after_four_tries_the_failure_is_reported() {
    for (status, kind) in [
        ("429 Too Many Requests", ErrorKind::RateLimited),
        ("502 Bad Gateway", ErrorKind::Provider),
    ] {
        let (error, tries) = failed(refusals(9, status, "")).await;
        assert_eq!((error.kind, tries), (kind, 4), "{error}");
        assert!(
            error.message.contains("127.0.0.1") && error.message.contains("not now"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let mut answers = refusals(1, "429 Too Many Requests", "retry-after: 1\r\n");
    answers.push(Answer::events(&[STOP, "[DONE]"]));
    let server = Loopback::start(answers).await;
    let start = Instant::now();
    let (_, error) = turn(settings(&server.url)).await;
    assert!(error.is_none(), "{error:?}");
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn refused_credentials_are_not_tried_again_and_name_what_to_check() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let body = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#);
        let (error, tries) = failed([Answer::json(status, &body)]).await;
        assert_eq!((error.kind, tries), (ErrorKind::Authentication, 1));
        for part in [
            "Chat Completions",
            "127.0.0.1",
            "OPENAI_API_KEY",
            "provided: ***",
        ] {
            assert!(error.message.contains(part), "{part} in {error}");
        }
    }
}

#[tokio::test]
async fn a_refused_request_is_not_tried_again_and_quotes_the_provider() {
    for status in [
        "400 Bad Request",
        "404 Not Found",
        "422 Unprocessable Entity",
    ] {
        let body = r#"{"error":{"message":"no such model: test-model"}}"#;
        let (error, tries) = failed([Answer::json(status, body)]).await;
        assert_eq!((error.kind, tries), (ErrorKind::Rejected, 1));
        assert!(
            error.message.contains("no such model: test-model"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_refused_instead_of_losing_the_request() {
    let answer = Answer::http(
        "301 Moved Permanently",
        "location: http://127.0.0.1:1/elsewhere\r\n",
        "",
    );
    let (error, tries) = failed([answer]).await;
    assert_eq!((error.kind, tries), (ErrorKind::Rejected, 1), "{error}");
}

#[tokio::test]
async fn an_error_object_with_status_200_fails_the_turn() {
    let body = r#"{"error":{"message":"quota used up","code":429}}"#;
    for answer in [Answer::json("200 OK", body), Answer::events(&[body])] {
        let (error, _) = failed([answer]).await;
        assert_eq!(error.kind, ErrorKind::RateLimited);
        assert!(error.message.contains("quota used up"), "{error}");
    }
}

#[tokio::test]
async fn garbage_is_shown_up_to_200_characters_and_without_the_key() {
    let garbage = format!("<html>{KEY} {}</html>", "x".repeat(5_000));
    for answer in [
        Answer::http("200 OK", "content-type: text/html\r\n", &garbage),
        Answer::events(&[&garbage]),
    ] {
        let (error, _) = failed([answer]).await;
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.message.contains("<html>***"), "{error}");
        assert!(error.message.len() < 500, "{} bytes", error.message.len());
    }
}

#[tokio::test]
async fn a_cut_stream_is_a_protocol_error_after_what_was_said() {
    let server = Loopback::start([Answer::events(&[HELLO])]).await;
    let (chunks, error) = turn(settings(&server.url)).await;
    assert_eq!(chunks, [content("Hello")]);
    let error = error.expect("a cut stream");
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("was cut"), "{error}");
    assert_eq!(
        server.requests().len(),
        1,
        "text was shown: the turn must not be repeated"
    );
}

#[tokio::test]
async fn a_chunked_body_that_breaks_off_is_cut_too() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = Answer {
        pieces: vec![
            head.into(),
            format!("{:x}\r\ndata: {HELLO}", 400).into_bytes(),
        ],
        then: Then::Close,
    };
    let (error, _) = failed([answer]).await;
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("was cut"), "{error}");
}

#[tokio::test]
async fn a_provider_that_falls_silent_is_left_after_the_idle_time() {
    let server = Loopback::start([Answer::events(&[HELLO]).then(Then::Silence)]).await;
    let timeouts = Timeouts {
        idle: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let (chunks, error) = turn(Settings {
        timeouts,
        ..settings(&server.url)
    })
    .await;
    assert_eq!(chunks, [content("Hello")]);
    let error = error.expect("a stalled stream");
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("sent nothing for 50ms"), "{error}");
}

#[tokio::test]
async fn silence_after_the_finish_reason_completes_the_turn() {
    let server = Loopback::start([Answer::events(&[HELLO, STOP]).then(Then::Silence)]).await;
    let timeouts = Timeouts {
        idle: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let (chunks, error) = turn(Settings {
        timeouts,
        ..settings(&server.url)
    })
    .await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(chunks, [content("Hello"), done(FinishReason::Stop)]);
}

#[tokio::test]
async fn a_provider_that_never_answers_is_a_network_error() {
    let silent = || Answer {
        pieces: Vec::new(),
        then: Then::Silence,
    };
    let server = Loopback::start([silent(), silent()]).await;
    let settings = Settings {
        timeouts: Timeouts {
            first_byte: Duration::from_millis(50),
            ..Timeouts::default()
        },
        retry: RetryPolicy {
            tries: 2,
            base_delay: Duration::from_millis(1),
            ..RetryPolicy::default()
        },
        ..settings(&server.url)
    };
    let error = turn(settings).await.1.expect("no answer");
    assert_eq!(error.kind, ErrorKind::Network);
    assert!(
        error
            .message
            .contains("did not begin to answer within 50ms"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_unreachable_provider_is_a_network_error_that_names_the_host() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let error = turn(settings(&url)).await.1.expect("nobody is there");
    assert_eq!(error.kind, ErrorKind::Network);
    assert!(
        error.message.contains("127.0.0.1") && error.message.contains("base_url"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_sent_before_the_stream_is_polled() {
    let server = Loopback::start([]).await;
    let backend = chat_completions(settings(&server.url)).expect("valid settings");
    drop(backend.stream(crate::request()));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(server.requests().is_empty());
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason() {
    for (url, parameters, reason) in [
        ("api.openai.com/v1", json!({}), "is not a URL"),
        ("ftp://api.openai.com/v1", json!({}), "must begin with http"),
        (
            "https://api.openai.com/v1",
            json!({ "messages": [] }),
            "`messages`",
        ),
        (
            "https://api.openai.com/v1",
            json!({ "extra_body": { "model": "x" } }),
            "`model`",
        ),
        (
            "https://api.openai.com/v1",
            json!({ "extra_body": 3 }),
            "`extra_body`",
        ),
    ] {
        let settings = Settings {
            parameters: parameters.as_object().unwrap().clone(),
            ..settings(url)
        };
        let error = chat_completions(settings).err().expect("refused settings");
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(error.message.contains(reason), "{error}");
    }
}

#[test]
fn a_key_with_a_line_break_is_refused_before_anything_is_sent() {
    let settings = Settings {
        api_key: Some(ApiKey::new(format!("{KEY}\n"))),
        ..settings("https://api.groq.com/openai/v1")
    };
    let error = chat_completions(settings).err().expect("a refused key");
    assert_eq!(error.kind, ErrorKind::Authentication);
    assert!(
        error.message.contains("GROQ_API_KEY") && !error.message.contains(KEY),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_in_the_wrong_place_of_an_answer_is_not_shown_by_the_parser_either() {
    let body = format!(r#"{{"choices":"{KEY}"}}"#);
    let (error, _) = failed([Answer::json("200 OK", &body)]).await;
    assert_eq!(error.kind, ErrorKind::Protocol);
}

#[test]
fn debug_output_of_the_settings_hides_the_key() {
    let shown = format!("{:?}", settings("https://api.openai.com/v1"));
    assert!(!shown.contains(KEY) && shown.contains("***"), "{shown}");
}

#[tokio::test]
async fn azure_is_asked_for_a_deployment_with_its_own_header() {
    for end in ["", "/openai/deployments/test-model"] {
        let server = Loopback::start([Answer::events(&[HELLO, STOP])]).await;
        let root = server.url.trim_end_matches("/v1");
        let azure = settings(&format!("{root}{end}?api-version=2024-12-01-preview"));
        let backend = massgen_backends::azure_openai(azure).expect("valid settings");
        let chunks: Vec<_> = backend.stream(crate::request()).collect().await;
        assert_eq!(chunks[0].as_ref().unwrap(), &content("Hello"));
        let sent = &server.requests()[0];
        let line = "POST /openai/deployments/test-model/chat/completions?api-version=2024-12-01-preview HTTP/1.1";
        assert_eq!(sent.lines().next(), Some(line));
        assert!(sent.contains(&format!("api-key: {KEY}\r\n")), "{sent}");
        assert!(!sent.contains("authorization"), "{sent}");
    }
}
