//! The codec for OpenAI-compatible Chat Completions, streamed over HTTP.
//!
//! [`request`] writes the body and [`decode`] reads the answer; [`crate::transport`] does the rest.

mod decode;
mod request;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use massgen_config::{ApiKey, BackendKind};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;

use crate::conversation::count_calls;
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
    let url = settings.endpoint(BackendKind::ChatCompletion, &["chat", "completions"])?;
    backend(settings, url, KeyHeader::Bearer)
}

/// A deployment of Azure OpenAI: the same API at a URL that names the deployment, which is the model. The base URL is that
/// of the resource, or ends in `/openai/deployments/NAME`; its query holds the `api-version`.
///
/// # Errors
/// As [`chat_completions`].
pub fn azure_openai(settings: Settings) -> Result<Arc<dyn Backend>, BackendError> {
    let deployment = settings.model.clone().unwrap_or_default();
    let whole = ["openai", "deployments", &deployment, "chat", "completions"];
    let path = match settings.base_url.contains("/openai/deployments/") {
        true => &whole[3..],
        false => &whole,
    };
    let url = settings.endpoint(BackendKind::AzureOpenAi, path)?;
    backend(settings, url, KeyHeader::ApiKey)
}

fn backend(
    settings: Settings,
    url: Url,
    key_header: KeyHeader,
) -> Result<Arc<dyn Backend>, BackendError> {
    settings.check_parameters(request::RESERVED)?;
    Ok(Arc::new(Endpoint::new(url, settings, ChatApi(key_header))?))
}

/// The header that carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyHeader {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// `api-key: KEY`.
    ApiKey,
}

/// The wire API.
struct ChatApi(KeyHeader);

impl WireApi for ChatApi {
    type Decoder = ChatDecoder;

    const NAME: &'static str = "Chat Completions";

    fn body(&self, settings: &Settings, request: &TurnRequest) -> Value {
        request::body(settings, &request.messages, &request.tools)
    }

    fn decoder(&self, request: &TurnRequest) -> ChatDecoder {
        ChatDecoder::new(count_calls(&request.messages))
    }

    fn headers(&self, request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder {
        match (key, self.0) {
            (Some(key), KeyHeader::Bearer) => request.bearer_auth(key.expose()),
            (Some(key), KeyHeader::ApiKey) => request.header("api-key", key.expose()),
            (None, _) => request,
        }
    }
}
