//! The codec for OpenAI-compatible Chat Completions, streamed over HTTP.
//!
//! [`request`] writes the body and [`decode`] reads the answer; [`crate::transport`] does the rest.

mod decode;
mod request;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use massgen_config::ApiKey;
use reqwest::{RequestBuilder, Url};
use serde_json::{Map, Value};

use crate::transport::{Destination, Endpoint, RetryPolicy, Timeouts, WireApi};
use crate::turn::{Backend, BackendError, BackendInfo, ChunkStream, ErrorKind, TurnRequest};
use decode::ChatDecoder;

/// What a [`ChatCompletions`] backend needs to know.
#[derive(Debug, Clone)]
pub struct ChatCompletionsSettings {
    /// The URL before `/chat/completions`, e.g. `https://api.openai.com/v1`.
    pub base_url: String,
    /// The model to ask for; `None` for servers that hold just one.
    pub model: Option<String>,
    /// The key, sent as a bearer token; `None` for servers that need none.
    pub api_key: Option<ApiKey>,
    /// Members of the request body beyond those that the codec writes; `extra_body` is merged into it.
    pub parameters: Map<String, Value>,
    /// When a request is sent again.
    pub retry: RetryPolicy,
    /// How long each phase may take.
    pub timeouts: Timeouts,
}

impl ChatCompletionsSettings {
    /// Settings for a server, with the default retries and timeouts, no model, no key and no parameters.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: None,
            api_key: None,
            parameters: Map::new(),
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// An OpenAI-compatible Chat Completions provider.
#[derive(Clone)]
pub struct ChatCompletions(Arc<Endpoint<ChatApi>>);

/// The wire API with what the configuration adds to each of its requests.
struct ChatApi {
    model: Option<String>,
    parameters: Map<String, Value>,
}

impl ChatCompletions {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] when the base URL is no http(s) URL or a parameter would set a member that belongs to
    /// the conversation; [`ErrorKind::Authentication`] when the key cannot be sent in a header;
    /// [`ErrorKind::Network`] when TLS cannot be set up.
    pub fn new(settings: ChatCompletionsSettings) -> Result<Self, BackendError> {
        let rejected = |message| BackendError {
            kind: ErrorKind::Rejected,
            message,
        };
        let url = endpoint(&settings.base_url).map_err(rejected)?;
        if let Some((key, _)) = request::flattened(&settings.parameters)
            .find(|(key, _)| request::RESERVED.contains(&key.as_str()))
        {
            return Err(rejected(format!(
                "the backend parameter `{key}` cannot be set: the conversation sets it; remove it from the \
                 configuration"
            )));
        }
        if settings
            .parameters
            .get("extra_body")
            .is_some_and(|extra| !extra.is_object() && !extra.is_null())
        {
            return Err(rejected(
                "the backend parameter `extra_body` must be a mapping".to_owned(),
            ));
        }
        let destination = Destination {
            model: settings.model.clone(),
            api_key: settings.api_key,
            retry: settings.retry,
            timeouts: settings.timeouts,
        };
        let api = ChatApi {
            model: settings.model,
            parameters: settings.parameters,
        };
        Ok(Self(Arc::new(Endpoint::new(url, destination, api)?)))
    }
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
        ChatDecoder::new(request::count_calls(&request.messages))
    }

    fn authenticated(&self, request: RequestBuilder, key: &ApiKey) -> RequestBuilder {
        request.bearer_auth(key.expose())
    }
}

impl Backend for ChatCompletions {
    fn info(&self) -> BackendInfo {
        self.0.info()
    }

    fn stream(&self, request: TurnRequest) -> ChunkStream {
        self.0.stream(request)
    }
}

/// `base_url` with `/chat/completions` behind its path; a query (Azure's `api-version`) stays.
fn endpoint(base_url: &str) -> Result<Url, String> {
    let wrong = |reason: &str| {
        format!(
            "the base URL of a Chat Completions backend {reason}; write it like https://api.openai.com/v1"
        )
    };
    let mut url =
        Url::parse(base_url).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://"));
    }
    if !url
        .path()
        .trim_end_matches('/')
        .ends_with("/chat/completions")
    {
        url.path_segments_mut()
            .map_err(|()| wrong("has no path"))?
            .pop_if_empty()
            .extend(["chat", "completions"]);
    }
    Ok(url)
}
