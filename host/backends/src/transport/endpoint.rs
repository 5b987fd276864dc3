//! One URL of a provider: sends requests there, again where that can help, and puts failures into words.

use std::sync::Arc;
use std::time::SystemTime;

use futures::TryStreamExt;
use futures::stream::{self, Stream};
use massgen_config::{ApiKey, Provider};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, Url};

use super::answer;
use super::failure::{Failure, excerpt};
use super::http::http_client;
use super::retry;
use super::wire::WireApi;
use crate::settings::Settings;
use crate::turn::{Backend, BackendError, BackendInfo, Chunk, ChunkStream, ErrorKind, TurnRequest};

/// Where and how the requests of one backend are sent.
pub(crate) struct Endpoint<A>(Arc<Inner<A>>);

struct Inner<A> {
    client: Client,
    url: Url,
    settings: Settings,
    api: A,
}

impl<A: WireApi> Endpoint<A> {
    /// Checks that requests can be sent; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] when the key cannot be sent in a header; [`ErrorKind::Network`] when TLS cannot
    /// be set up.
    pub(crate) fn new(url: Url, settings: Settings, api: A) -> Result<Self, BackendError> {
        let client = http_client(&url).map_err(|message| BackendError {
            kind: ErrorKind::Network,
            message,
        })?;
        if settings
            .api_key
            .as_ref()
            .is_some_and(|key| HeaderValue::from_str(key.expose()).is_err())
        {
            return Err(BackendError {
                kind: ErrorKind::Authentication,
                message: format!(
                    "the key for {} holds a character that no HTTP header can carry, such as a line break; check {}",
                    settings.provider.name,
                    key_sources(settings.provider)
                ),
            });
        }
        Ok(Self(Arc::new(Inner {
            client,
            url,
            settings,
            api,
        })))
    }
}

impl<A: WireApi> Backend for Endpoint<A> {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            provider: self.0.settings.provider.name.to_owned(),
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

impl<A: WireApi> Inner<A> {
    /// Sends the request, again where that can help, and hands over to the decoder of the answer.
    async fn turn(
        self: Arc<Self>,
        request: &TurnRequest,
    ) -> Result<impl Stream<Item = Result<Chunk, Failure>> + Send + use<A>, Failure> {
        let body = serde_json::to_vec(&self.api.body(&self.settings, request))
            .map_err(|error| Failure::Violation(error.to_string()))?;
        let decoder = self.api.decoder(request);
        let response = self.send_with_retries(body).await?;
        Ok(answer::chunks(
            response,
            decoder,
            self.settings.timeouts.idle,
        ))
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
        request = self.api.headers(request, self.settings.api_key.as_ref());
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
            Some(model) => format!("{} at {host}, model {model},", self.settings.provider.name),
            None => format!("{} at {host}", self.settings.provider.name),
        };
        let message = match failure {
            Failure::Status {
                status, message, ..
            }
            | Failure::Reported {
                status: Some(status),
                message,
            } => {
                let (mut said, advice) = (self.quoted(message), self.advice(failure.kind()));
                if !advice.is_empty() && said.ends_with('.') {
                    said.pop();
                }
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
                    "{who} sent something that is not a {} answer ({reason}): {shown}",
                    A::NAME
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
                format!("; check the key in {}", key_sources(self.settings.provider))
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
