//! The codec for OpenAI-compatible Chat Completions, streamed over HTTP.
//!
//! [`request`] writes the body and [`decode`] reads the answer; [`crate::transport`] does the rest.

mod decode;
mod request;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use massgen_config::{ApiKey, BackendKind};
use reqwest::RequestBuilder;
use serde_json::{Map, Value};

use crate::pairing::count_calls;
use crate::settings::Settings;
use crate::transport::{Endpoint, WireApi};
use crate::turn::{Backend, BackendError, TurnRequest};
use decode::ChatDecoder;

/// An OpenAI-compatible Chat Completions provider. Its settings are checked; nothing is sent yet.
///
/// # Errors
/// [`crate::ErrorKind::Rejected`] when the base URL is no http(s) URL or a parameter would set a member that belongs to
/// the conversation; [`crate::ErrorKind::Authentication`] when the key cannot be sent in a header;
/// [`crate::ErrorKind::Network`] when TLS cannot be set up.
pub fn chat_completions(settings: Settings) -> Result<Arc<dyn Backend>, BackendError> {
    let kind = BackendKind::ChatCompletion;
    let url = settings.endpoint(kind, &["chat", "completions"])?;
    settings.check_parameters(request::RESERVED)?;
    let api = ChatApi {
        model: settings.model.clone(),
        parameters: settings.parameters.clone(),
    };
    Ok(Arc::new(Endpoint::new(url, settings, api)?))
}

/// The wire API with what the configuration adds to each of its requests.
struct ChatApi {
    model: Option<String>,
    parameters: Map<String, Value>,
}

impl WireApi for ChatApi {
    type Decoder = ChatDecoder;

    const NAME: &'static str = "Chat Completions";

    fn body(&self, request: &TurnRequest) -> Value {
        request::body(
            self.model.as_deref(),
            &self.parameters,
            &request.messages,
            &request.tools,
        )
    }

    fn decoder(&self, request: &TurnRequest) -> ChatDecoder {
        ChatDecoder::new(count_calls(&request.messages))
    }

    fn headers(&self, request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder {
        match key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }
}
