//! The Gemini codec against a real HTTP server on loopback.

use crate::loopback::{Answer, Loopback};
use massgen_backends::{BackendError, Chunk, ErrorKind, FinishReason, Settings, gemini};
use massgen_config::Provider;
use serde_json::{Value, json};

const KEY: &str = "AIza-very-secret-0123456789";
const TEXT: &str = r#"{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"}}]}"#;
const STOP: &str = r#"{"candidates":[{"finishReason":"STOP"}]}"#;

fn settings(base_url: &str) -> Settings {
    Settings {
        provider: Provider {
            name: "Gemini",
            key_variables: &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
        },
        ..crate::settings(base_url, KEY)
    }
}

/// Runs one turn against a server at this base URL.
async fn turn(base_url: &str) -> (Vec<Chunk>, Option<BackendError>) {
    crate::turn(&*gemini(settings(base_url)).expect("valid settings")).await
}

#[tokio::test]
async fn a_request_goes_to_the_models_method_with_its_key() {
    for (end, model, path) in [
        ("", "test-model", "/v1beta/models/test-model"),
        ("/", "models/test-model", "/v1beta/models/test-model"),
        ("/v1", "test-model", "/v1/models/test-model"),
        ("/g/v1beta/", "test-model", "/g/v1beta/models/test-model"),
        ("", "tunedModels/mine", "/v1beta/tunedModels/mine"),
        ("", "a/b?c", "/v1beta/models/a%2Fb%3Fc"),
    ] {
        let server = Loopback::start([Answer::events(&[TEXT, STOP])]).await;
        let root = server.url.trim_end_matches("/v1");
        let settings = Settings {
            model: Some(model.into()),
            ..settings(&format!("{root}{end}"))
        };
        let backend = gemini(settings).expect("valid settings");
        let (chunks, error) = crate::turn(&*backend).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(
            chunks[0],
            Chunk::Content {
                text: "Hello".into()
            }
        );
        let request = &server.requests()[0];
        let line = format!("POST {path}:streamGenerateContent?alt=sse HTTP/1.1\r\n");
        assert!(request.starts_with(&line), "{request}");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("x-goog-api-key: {KEY}")), "{head}");
        assert!(!head.contains("authorization"), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            body,
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] })
        );
    }
}

#[tokio::test]
async fn an_overloaded_provider_is_asked_again() {
    let overloaded =
        r#"[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#;
    let exhausted = r#"{"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.001s"}]}}"#;
    let server = Loopback::start([
        Answer::json("503 Service Unavailable", overloaded),
        Answer::json("429 Too Many Requests", exhausted),
        Answer::events(&[TEXT, STOP]),
    ])
    .await;
    let (_, error) = turn(&server.url).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_refused_key_is_told_with_its_variables_and_never_shown() {
    let refused = format!(
        r#"[{{"error":{{"code":400,"message":"API key {KEY} not valid.","status":"INVALID_ARGUMENT","details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}}]}}}}]"#
    );
    let server = Loopback::start([Answer::json("400 Bad Request", &refused)]).await;
    let (_, error) = turn(&server.url).await;
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Authentication);
    assert_eq!(
        error.message,
        "Gemini at 127.0.0.1, model test-model, answered with status 400: API key *** not valid; check the key in \
         GOOGLE_API_KEY or GEMINI_API_KEY or `api_key`"
    );
}

#[tokio::test]
async fn a_rejected_request_is_told_in_the_providers_words() {
    let page = r#"{"error":{"code":404,"message":"models/test-model is not found for API version v1beta.","status":"NOT_FOUND"}}"#;
    let server = Loopback::start([Answer::json("404 Not Found", page)]).await;
    let (_, error) = turn(&server.url).await;
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(
        error.message.ends_with(
            "answered with status 404: models/test-model is not found for API version v1beta."
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_ends_the_turn_with_what_was_shown() {
    let error =
        r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    let server = Loopback::start([Answer::events(&[TEXT, error])]).await;
    let (chunks, error) = turn(&server.url).await;
    assert_eq!(chunks.len(), 1);
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Provider);
    assert!(
        error
            .message
            .ends_with("status 503: The model is overloaded."),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_in_one_piece_is_accepted_too() {
    let body = format!("[{TEXT},{STOP}]");
    let server = Loopback::start([Answer::json("200 OK", &body)]).await;
    let (chunks, error) = turn(&server.url).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        chunks.last(),
        Some(&Chunk::Done {
            finish_reason: FinishReason::Stop
        })
    );
}

#[test]
fn what_belongs_to_the_conversation_cannot_be_set_and_a_model_is_needed() {
    let reserved = json!({ "extra_body": { "tools": [] } });
    let wrong = [
        Settings {
            parameters: reserved.as_object().unwrap().clone(),
            ..settings("http://127.0.0.1:1")
        },
        Settings {
            model: None,
            ..settings("http://127.0.0.1:1")
        },
        settings("generativelanguage.googleapis.com"),
    ];
    for (settings, said) in wrong.into_iter().zip(["`tools`", "model", "not a URL"]) {
        let error = gemini(settings).err().expect(said);
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(error.message.contains(said), "{error}");
    }
}
