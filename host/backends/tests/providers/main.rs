//! The codecs against a real HTTP server on loopback, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod chat_completions;
mod claude;
mod gemini;
mod judged;
mod loopback;
mod responses;

use std::time::Duration;

use futures::StreamExt;
use massgen_backends::{
    Backend, BackendError, Chunk, Message, RetryPolicy, Settings, Stage, TurnContext, TurnRequest,
};
use massgen_config::ApiKey;
use tokio::sync::watch;

/// Settings for a server, with pauses that no test waits for.
fn settings(url: &str, key: &str) -> Settings {
    Settings {
        model: Some("test-model".into()),
        api_key: Some(ApiKey::new(key)),
        retry: RetryPolicy {
            base_delay: Duration::from_millis(1),
            ..RetryPolicy::default()
        },
        ..Settings::new(url)
    }
}

fn request() -> TurnRequest {
    TurnRequest {
        context: TurnContext {
            agent: "a".into(),
            stage: Stage::Coordination,
            sees: Vec::new(),
            answers: watch::channel(Vec::new()).1,
            placeholders: Vec::new(),
        },
        messages: vec![Message::User {
            content: "Hi".into(),
        }],
        tools: Vec::new(),
    }
}

/// Runs one turn: its chunks, and the error that ended it, if one did.
async fn turn(backend: &dyn Backend) -> (Vec<Chunk>, Option<BackendError>) {
    let mut chunks = Vec::new();
    let mut stream = backend.stream(request());
    while let Some(item) = stream.next().await {
        match item {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error ends the stream");
                return (chunks, Some(error));
            }
        }
    }
    (chunks, None)
}
