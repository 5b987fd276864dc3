//! The codec for OpenAI-compatible Chat Completions, streamed over HTTP.
//!
//! [`request`] writes the body, [`answer`] and [`decode`] read the answer, [`retry`] decides about second tries, [`failure`] holds
//! what can go wrong; this file sends, waits, and puts failures into words.

mod answer;
mod decode;
mod failure;
mod request;
mod retry;

use std::sync::Arc;
use std::time::SystemTime;

use futures::TryStreamExt;
use futures::stream::{self, Stream};
use massgen_config::{ApiKey, Provider};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, Url};
use serde_json::{Map, Value};

pub use retry::{RetryPolicy, Timeouts};

use crate::http::http_client;
use crate::turn::{Backend, BackendError, BackendInfo, Chunk, ChunkStream, ErrorKind, TurnRequest};
use decode::TurnDecoder;
use failure::{Failure, excerpt};

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
pub struct ChatCompletions(Arc<Endpoint>);

struct Endpoint {
    client: Client,
    url: Url,
    provider: Provider,
    settings: ChatCompletionsSettings,
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
        let client = http_client(&url).map_err(|message| BackendError {
            kind: ErrorKind::Network,
            message,
        })?;
        let provider = Provider::at(url.host_str().unwrap_or_default());
        if settings
            .api_key
            .as_ref()
            .is_some_and(|key| HeaderValue::from_str(key.expose()).is_err())
        {
            return Err(BackendError {
                kind: ErrorKind::Authentication,
                message: format!(
                    "the key for {} holds a character that no HTTP header can carry, such as a line break; check {}",
                    provider.name,
                    key_sources(provider)
                ),
            });
        }
        Ok(Self(Arc::new(Endpoint {
            client,
            url,
            provider,
            settings,
        })))
    }
}

impl Backend for ChatCompletions {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            provider: self.0.provider.name.to_owned(),
            model: self.0.settings.model.clone(),
        }
    }

    fn stream(&self, request: TurnRequest) -> ChunkStream {
        let opened = self.0.clone();
        let described = self.0.clone();
        let chunks = stream::once(async move { opened.turn(&request).await }).try_flatten();
        Box::pin(chunks.map_err(move |failure| described.describe(&failure)))
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

impl Endpoint {
    /// Sends the request, again where that can help, and hands over to the decoder of the answer.
    async fn turn(
        self: Arc<Self>,
        request: &TurnRequest,
    ) -> Result<impl Stream<Item = Result<Chunk, Failure>> + Send + use<>, Failure> {
        let settings = &self.settings;
        let body = request::body(
            settings.model.as_deref(),
            &settings.parameters,
            &request.messages,
            &request.tools,
        );
        let body =
            serde_json::to_vec(&body).map_err(|error| Failure::Violation(error.to_string()))?;
        let decoder = TurnDecoder::new(request::count_calls(&request.messages));
        let response = self.send_with_retries(body).await?;
        Ok(answer::chunks(response, decoder, settings.timeouts.idle))
    }

    async fn send_with_retries(&self, body: Vec<u8>) -> Result<Response, Failure> {
        let retry = self.settings.retry;
        let mut failures = 0;
        loop {
            let failure = match self.send(body.clone()).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            failures += 1;
            if failures >= retry.tries || !failure.is_transient() {
                return Err(failure);
            }
            let delay = retry.delay(failures, failure.retry_after());
            tracing::warn!(
                error = %self.describe(&failure),
                delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                "sending the request again"
            );
            tokio::time::sleep(delay).await;
        }
    }

    async fn send(&self, body: Vec<u8>) -> Result<Response, Failure> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(key) = &self.settings.api_key {
            request = request.bearer_auth(key.expose());
        }
        let wait = self.settings.timeouts.first_byte;
        let response = tokio::time::timeout(wait, request.send())
            .await
            .map_err(|_| Failure::NoAnswer(wait))?
            .map_err(|error| Failure::Network(causes(&error.without_url())))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = retry::retry_after(response.headers(), SystemTime::now());
        // The status alone says enough when its page cannot be read.
        let page = answer::read_body(response, self.settings.timeouts.idle)
            .await
            .unwrap_or_default();
        Err(Failure::from_answer(status, retry_after, &page))
    }

    /// Puts a failure into a sentence that names the provider, its host and what to do.
    fn describe(&self, failure: &Failure) -> BackendError {
        let host = self.url.host_str().unwrap_or_default();
        let who = match &self.settings.model {
            Some(model) => format!("{} at {host}, model {model},", self.provider.name),
            None => format!("{} at {host}", self.provider.name),
        };
        let message = match failure {
            Failure::Status {
                status, message, ..
            }
            | Failure::Reported {
                status: Some(status),
                message,
            } => {
                let (said, advice) = (self.quoted(message), self.advice(failure.kind()));
                format!(
                    "{who} answered with status {}{said}{advice}",
                    status.as_u16()
                )
            }
            Failure::Reported {
                status: None,
                message,
            } => {
                format!("{who} reported an error{}", self.quoted(message))
            }
            Failure::Network(reason) => {
                format!(
                    "{who} could not be reached ({}); check `base_url` and the network",
                    self.scrub(reason)
                )
            }
            Failure::NoAnswer(wait) => format!("{who} did not begin to answer within {wait:?}"),
            Failure::Stalled(wait) => {
                format!("{who} sent nothing for {wait:?} in the middle of an answer")
            }
            Failure::Cut => format!(
                "the answer of {who} was cut: the connection ended before the turn was complete"
            ),
            Failure::Garbage { reason, text } => {
                let (reason, shown) = (self.shown(reason), self.shown(text));
                format!(
                    "{who} sent something that is not a Chat Completions answer ({reason}): {shown}"
                )
            }
            Failure::Violation(what) => format!("{who} {}", self.shown(what)),
        };
        BackendError {
            kind: failure.kind(),
            message,
        }
    }

    fn advice(&self, kind: ErrorKind) -> String {
        match kind {
            ErrorKind::Authentication => {
                format!("; check the key in {}", key_sources(self.provider))
            }
            ErrorKind::RateLimited => "; wait, or raise the limit of the account".to_owned(),
            _ => String::new(),
        }
    }

    /// The provider's own words after a colon, where it had any.
    fn quoted(&self, message: &str) -> String {
        if message.is_empty() {
            String::new()
        } else {
            format!(": {}", self.shown(message))
        }
    }

    /// The beginning of a provider's text, without the key. Scrubbed first: a cut key could not be recognised.
    fn shown(&self, text: &str) -> String {
        excerpt(&self.scrub(text))
    }

    /// The text with every occurrence of the key blotted out: some providers repeat it in their errors.
    fn scrub(&self, text: &str) -> String {
        match self.settings.api_key.as_ref().map(ApiKey::expose) {
            Some(key) if !key.is_empty() => text.replace(key, "***"),
            _ => text.to_owned(),
        }
    }
}

/// Where a provider's key may come from.
fn key_sources(provider: Provider) -> String {
    format!("{} or `api_key`", provider.key_variables.join(" or "))
}

/// An error with its causes: reqwest's own text ends where the reason begins.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
