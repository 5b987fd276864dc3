//! The codec for Google's Gemini API (`streamGenerateContent`), over HTTP.
//!
//! [`request`] writes the body with the user's [`parameters`], [`part`] knows the parts of a turn, [`decode`] reads the
//! answer; [`crate::transport`] does the rest. A model's turn goes back as it came ([`crate::NativeTurn`]): the API refuses
//! calls without the signature of the thought behind them.

mod decode;
mod parameters;
mod part;
mod request;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use massgen_config::{ApiKey, BackendKind};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::conversation::count_calls;
use crate::settings::Settings;
use crate::transport::{Endpoint, WireApi};
use crate::turn::{Backend, BackendError, ErrorKind, TurnRequest};
use decode::ContentDecoder;

/// The version of the API that is spoken where the base URL names none. Tools and instructions are not in `v1`
/// everywhere.
const VERSION: &str = "v1beta";

/// Gemini, or another server that speaks its API. The base URL may end in a version or not. The settings are checked;
/// nothing is sent yet.
///
/// # Errors
/// [`crate::ErrorKind::Rejected`] when there is no model, the base URL is no http(s) URL, or a parameter would set a
/// member that belongs to the conversation; [`crate::ErrorKind::Authentication`] when the key cannot be sent in a header;
/// [`crate::ErrorKind::Network`] when TLS cannot be set up.
pub fn gemini(settings: Settings) -> Result<Arc<dyn Backend>, BackendError> {
    let model = settings.model.as_deref().ok_or_else(|| BackendError {
        kind: ErrorKind::Rejected,
        message: "a Gemini backend needs a model, such as gemini-2.5-flash".to_owned(),
    })?;
    let (collection, name) = resource(model);
    let method = format!("{name}:streamGenerateContent");
    let is_versioned = ["/v1", "/v1beta", "/v1alpha"]
        .iter()
        .any(|end| settings.base_url.trim_end_matches('/').ends_with(end));
    let path: &[&str] = match is_versioned {
        true => &[collection, &method],
        false => &[VERSION, collection, &method],
    };
    let mut url = settings.endpoint(BackendKind::Gemini, path)?;
    url.query_pairs_mut().append_pair("alt", "sse");
    settings.check_parameters(request::RESERVED)?;
    Ok(Arc::new(Endpoint::new(url, settings, Gemini)?))
}

/// The collection in which a model is, and its name there: `models/NAME` may be written as `NAME`.
fn resource(model: &str) -> (&str, &str) {
    match model.split_once('/') {
        Some((collection @ ("models" | "tunedModels"), name)) => (collection, name),
        _ => ("models", model),
    }
}

/// The wire API.
struct Gemini;

impl WireApi for Gemini {
    type Decoder = ContentDecoder;

    const NAME: &'static str = "Gemini";

    fn body(&self, settings: &Settings, request: &TurnRequest) -> Value {
        request::body(settings, &request.messages, &request.tools)
    }

    fn decoder(&self, request: &TurnRequest) -> ContentDecoder {
        ContentDecoder::new(count_calls(&request.messages))
    }

    fn headers(&self, request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder {
        match key {
            Some(key) => request.header("x-goog-api-key", key.expose()),
            None => request,
        }
    }
}
