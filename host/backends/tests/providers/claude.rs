//! The Messages codec against a real HTTP server on loopback.

use crate::loopback::{Answer, Loopback};
use massgen_backends::{BackendError, Chunk, ErrorKind, Settings, claude};
use massgen_config::{Provider, ProviderTool};
use serde_json::{Value, json};

const KEY: &str = "sk-ant-very-secret-0123456789";
const TEXT: &str =
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hello"}}"#;
const DELTA: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

/// Runs one turn against a server at this base URL.
async fn turn(base_url: &str) -> (Vec<Chunk>, Option<BackendError>) {
    let settings = Settings {
        provider: Provider {
            name: "Claude",
            key_variables: &["ANTHROPIC_API_KEY"],
        },
        ..crate::settings(base_url, KEY)
    };
    crate::turn(&*claude(settings).expect("valid settings")).await
}

fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let (head, _) = request.split_once("\r\n\r\n")?;
    let line = head.lines().find_map(|line| {
        line.split_once(": ")
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
    });
    line.map(|(_, value)| value)
}

#[tokio::test]
async fn a_request_goes_to_the_messages_with_version_and_key() {
    for end in ["", "/", "/v1", "/v1/messages"] {
        let server = Loopback::start([Answer::events(&[TEXT, DELTA, STOP])]).await;
        let root = server.url.trim_end_matches("/v1");
        let (chunks, error) = turn(&format!("{root}{end}")).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(
            chunks[0],
            Chunk::Content {
                text: "Hello".into()
            }
        );
        let request = &server.requests()[0];
        assert!(
            request.starts_with("POST /v1/messages HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(header(request, "x-api-key"), Some(KEY));
        assert_eq!(header(request, "anthropic-version"), Some("2023-06-01"));
        assert_eq!(header(request, "authorization"), None);
        let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "test-model",
                "max_tokens": 4096,
                "messages": [{ "role": "user", "content": "Hi" }],
                "stream": true,
            })
        );
    }
}

#[tokio::test]
async fn an_overloaded_provider_is_asked_again() {
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let server = Loopback::start([
        Answer::json("529 Overloaded", overloaded),
        Answer::http("429 Too Many Requests", "retry-after: 0\r\n", ""),
        Answer::events(&[TEXT, DELTA, STOP]),
    ])
    .await;
    let (_, error) = turn(&server.url).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_refused_key_is_told_with_its_variable_and_never_shown() {
    let refused = format!(
        r#"{{"type":"error","error":{{"type":"authentication_error","message":"invalid x-api-key {KEY}"}}}}"#
    );
    let server = Loopback::start([Answer::json("401 Unauthorized", &refused)]).await;
    let (_, error) = turn(&server.url).await;
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Authentication);
    assert_eq!(
        error.message,
        "Claude at 127.0.0.1, model test-model, answered with status 401: invalid x-api-key ***; check the key in \
         ANTHROPIC_API_KEY or `api_key`"
    );
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_ends_the_turn_with_what_was_shown() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let server = Loopback::start([Answer::events(&[TEXT, error])]).await;
    let (chunks, error) = turn(&server.url).await;
    assert_eq!(chunks.len(), 1);
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Provider);
    assert!(error.message.contains("status 529: Overloaded"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_beta_that_runs_code_is_named_where_it_is_asked_for_and_only_there() {
    for (provider_tools, beta) in [
        (vec![ProviderTool::WebSearch], None),
        (
            vec![ProviderTool::CodeExecution],
            Some("code-execution-2025-05-22"),
        ),
    ] {
        let server = Loopback::start([Answer::events(&[TEXT, DELTA, STOP])]).await;
        let settings = Settings {
            provider_tools,
            ..crate::settings(&server.url, KEY)
        };
        let (_, error) = crate::turn(&*claude(settings).expect("valid settings")).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(header(&server.requests()[0], "anthropic-beta"), beta);
    }
}
