//! The Responses codec against a real HTTP server on loopback.

use crate::loopback::{Answer, Loopback};
use massgen_backends::{Chunk, ErrorKind, responses};
use serde_json::{Value, json};

const KEY: &str = "sk-very-secret-0123456789";
const TEXT: &str = r#"{"type":"response.output_text.delta","delta":"Hello"}"#;
const END: &str = r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#;

#[tokio::test]
async fn a_request_goes_to_the_responses_with_its_key() {
    let server = Loopback::start([
        Answer::http("429 Too Many Requests", "retry-after: 0\r\n", ""),
        Answer::events(&[TEXT, END]),
    ])
    .await;
    let backend = responses(crate::settings(&server.url, KEY)).expect("valid settings");
    let (chunks, error) = crate::turn(&*backend).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        chunks[0],
        Chunk::Content {
            text: "Hello".into()
        }
    );
    assert_eq!(server.requests().len(), 2);
    let request = &server.requests()[1];
    assert!(
        request.starts_with("POST /v1/responses HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("authorization: Bearer {KEY}\r\n")),
        "{request}"
    );
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "test-model",
            "input": [{ "role": "user", "content": "Hi" }],
            "store": false,
            "stream": true,
        })
    );
}

#[tokio::test]
async fn a_rejected_request_is_told_in_the_providers_words() {
    let page = r#"{"error":{"message":"Unsupported parameter: 'seed'.","type":"invalid_request_error","param":"seed","code":"unsupported_parameter"}}"#;
    let server = Loopback::start([Answer::json("400 Bad Request", page)]).await;
    let backend = responses(crate::settings(&server.url, KEY)).expect("valid settings");
    let (_, error) = crate::turn(&*backend).await;
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(
        error
            .message
            .ends_with("answered with status 400: Unsupported parameter: 'seed'."),
        "{error}"
    );
}
