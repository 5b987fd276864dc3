//! The codec for Anthropic's Messages API, streamed over HTTP.
//!
//! [`request`] writes the body and [`decode`] reads the answer; [`crate::transport`] does the rest. A model's turn goes
//! back as it came ([`crate::NativeTurn`]): the API refuses tool results behind thinking that it cannot verify.

mod block;
mod decode;
mod request;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use massgen_config::{ApiKey, BackendKind, ProviderTool};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::settings::Settings;
use crate::transport::{Endpoint, WireApi};
use crate::turn::{Backend, BackendError, TurnRequest};
pub(crate) use decode::MessageDecoder;

/// The version of the API that this codec speaks.
const VERSION: &str = "2023-06-01";

/// The beta that runs code (`spec/03` §7).
const CODE_EXECUTION: &str = "code-execution-2025-05-22";

/// Claude, or another server that speaks its API. The base URL may end in `/v1` or not. The settings are checked; nothing
/// is sent yet.
///
/// # Errors
/// [`crate::ErrorKind::Rejected`] when the base URL is no http(s) URL or a parameter would set a member that belongs to
/// the conversation; [`crate::ErrorKind::Authentication`] when the key cannot be sent in a header;
/// [`crate::ErrorKind::Network`] when TLS cannot be set up.
pub fn claude(settings: Settings) -> Result<Arc<dyn Backend>, BackendError> {
    let kind = BackendKind::Claude;
    let is_versioned = ["/v1", "/v1/messages"]
        .iter()
        .any(|end| settings.base_url.trim_end_matches('/').ends_with(end));
    let path: &[&str] = match is_versioned {
        true => &["messages"],
        false => &["v1", "messages"],
    };
    let url = settings.endpoint(kind, path)?;
    settings.check_parameters(request::RESERVED)?;
    let api = Messages {
        runs_code: settings
            .provider_tools
            .contains(&ProviderTool::CodeExecution),
    };
    Ok(Arc::new(Endpoint::new(url, settings, api)?))
}

/// The wire API.
struct Messages {
    /// The provider may run code for the model, which is a beta of the API.
    runs_code: bool,
}

impl WireApi for Messages {
    type Decoder = MessageDecoder;

    const NAME: &'static str = "Messages";

    fn body(&self, settings: &Settings, request: &TurnRequest) -> Value {
        request::body(settings, &request.messages, &request.tools)
    }

    fn decoder(&self, _: &TurnRequest) -> MessageDecoder {
        MessageDecoder::default()
    }

    fn headers(&self, request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder {
        let request = request.header("anthropic-version", VERSION);
        let request = match self.runs_code {
            true => request.header("anthropic-beta", CODE_EXECUTION),
            false => request,
        };
        match key {
            Some(key) => request.header("x-api-key", key.expose()),
            None => request,
        }
    }
}
