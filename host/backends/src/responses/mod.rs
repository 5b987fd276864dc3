//! The codec for OpenAI's Responses API, streamed over HTTP.
//!
//! [`request`] writes the body, [`item`] knows the items of a conversation, [`decode`] reads the answer;
//! [`crate::transport`] does the rest. Nothing is kept at the provider: reasoning travels with the conversation,
//! encrypted.

mod decode;
mod item;
mod request;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use massgen_config::{ApiKey, BackendKind};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::settings::Settings;
use crate::transport::{Endpoint, WireApi};
use crate::turn::{Backend, BackendError, TurnRequest};
use decode::ResponseDecoder;

/// OpenAI, or another server that speaks its Responses API. The settings are checked; nothing is sent yet.
///
/// # Errors
/// [`crate::ErrorKind::Rejected`] when the base URL is no http(s) URL or a parameter would set a member that belongs to
/// the conversation; [`crate::ErrorKind::Authentication`] when the key cannot be sent in a header;
/// [`crate::ErrorKind::Network`] when TLS cannot be set up.
pub fn responses(settings: Settings) -> Result<Arc<dyn Backend>, BackendError> {
    let url = settings.endpoint(BackendKind::OpenAi, &["responses"])?;
    settings.check_parameters(request::RESERVED)?;
    Ok(Arc::new(Endpoint::new(url, settings, Responses)?))
}

/// The wire API.
struct Responses;

impl WireApi for Responses {
    type Decoder = ResponseDecoder;

    const NAME: &'static str = "Responses";

    fn body(&self, settings: &Settings, request: &TurnRequest) -> Value {
        request::body(settings, &request.messages, &request.tools)
    }

    fn decoder(&self, _: &TurnRequest) -> ResponseDecoder {
        ResponseDecoder::default()
    }

    fn headers(&self, request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder {
        match key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }
}
