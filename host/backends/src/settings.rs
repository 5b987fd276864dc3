//! What a backend needs to know of its provider, whatever its wire API.

use massgen_config::{ApiKey, BackendKind, Provider, ProviderTool};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::transport::{RetryPolicy, Timeouts};
use crate::turn::{BackendError, ErrorKind};

/// Where requests go, and what the configuration adds to each of them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL before the path of the API, e.g. `https://api.openai.com/v1`.
    pub base_url: String,
    /// Whose server it is, for displays and errors.
    pub provider: Provider,
    /// The model to ask for; `None` for servers that hold just one.
    pub model: Option<String>,
    /// The key; `None` for servers that need none.
    pub api_key: Option<ApiKey>,
    /// What the provider runs for the model.
    pub provider_tools: Vec<ProviderTool>,
    /// Members of the request body beyond those that the codec writes; `extra_body` is merged into it.
    pub parameters: Map<String, Value>,
    /// When a request is sent again.
    pub retry: RetryPolicy,
    /// How long each phase may take.
    pub timeouts: Timeouts,
}

impl Settings {
    /// Settings for a server, with the default retries and timeouts, no model, no key and no parameters. The provider is
    /// the one at this host.
    pub fn new(base_url: impl Into<String>) -> Self {
        let base_url = base_url.into();
        let url = Url::parse(&base_url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        Self {
            provider: Provider::at(host),
            base_url,
            model: None,
            api_key: None,
            provider_tools: Vec::new(),
            parameters: Map::new(),
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// The base URL with this path behind its own, unless it ends so already; a query (Azure's `api-version`) stays.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] when the base URL is no http(s) URL.
    pub(crate) fn endpoint(&self, kind: BackendKind, path: &[&str]) -> Result<Url, BackendError> {
        let wrong = |reason: &str| {
            rejected(format!(
                "the base URL of a {} backend {reason}; write it like {}",
                kind.api(),
                kind.default_base_url()
            ))
        };
        let mut url = Url::parse(&self.base_url)
            .map_err(|error| wrong(&format!("is not a URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("must begin with http:// or https://"));
        }
        let behind = format!("/{}", path.join("/"));
        if !url.path().trim_end_matches('/').ends_with(&behind) {
            url.path_segments_mut()
                .map_err(|()| wrong("has no path"))?
                .pop_if_empty()
                .extend(path);
        }
        Ok(url)
    }

    /// Checks that no parameter sets a member that belongs to the conversation.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] when one does, or `extra_body` is no mapping.
    pub(crate) fn check_parameters(&self, reserved: &[&str]) -> Result<(), BackendError> {
        if let Some((key, _)) =
            flattened(&self.parameters).find(|(key, _)| reserved.contains(&key.as_str()))
        {
            return Err(rejected(format!(
                "the backend parameter `{key}` cannot be set: the conversation sets it; remove it from the \
                 configuration"
            )));
        }
        let extra = self.parameters.get("extra_body");
        if extra.is_some_and(|extra| !extra.is_object() && !extra.is_null()) {
            return Err(rejected(
                "the backend parameter `extra_body` must be a mapping".to_owned(),
            ));
        }
        Ok(())
    }
}

fn rejected(message: String) -> BackendError {
    BackendError {
        kind: ErrorKind::Rejected,
        message,
    }
}

/// The parameters with the members of `extra_body` in its place, last.
fn flattened(parameters: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let extra = parameters.get("extra_body").and_then(Value::as_object);
    parameters
        .iter()
        .filter(|(key, _)| *key != "extra_body")
        .chain(extra.into_iter().flatten())
}

/// What one API takes as one text or several and another only as a list.
pub(crate) fn as_list(value: Value) -> Value {
    match value {
        Value::String(one) => Value::Array(vec![one.into()]),
        other => other,
    }
}

/// Lays parameters over a body member by member, those of `extra_body` last; `null` takes a member away, for servers
/// that refuse it.
pub(crate) fn lay_over(body: &mut Map<String, Value>, parameters: &Map<String, Value>) {
    for (key, value) in flattened(parameters) {
        match value {
            Value::Null => body.shift_remove(key),
            value => body.insert(key.clone(), value.clone()),
        };
    }
}
