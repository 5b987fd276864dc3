//! The Docker Engine API, as far as it is needed, over the daemon's socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::DockerError;

/// Where the daemon listens if nothing else is said.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The version of the API that this is written for. Daemons of the last years know it, or one that is close enough.
const WRITTEN_FOR: ApiVersion = ApiVersion(1, 44);

/// The oldest that has all that is asked for here.
const OLDEST: ApiVersion = ApiVersion(1, 41);

/// How long the daemon may take for an answer that is not the end of a command.
const PATIENCE: Duration = Duration::from_secs(60);

/// A version of the Engine API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ApiVersion(u32, u32);

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

/// A daemon that answers.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    client: Client,
    /// Scheme, authority and version.
    base: String,
}

/// Why a request had no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// The daemon said no.
    #[error("{message}")]
    Refused { status: StatusCode, message: String },
    /// No answer came, or none that can be read.
    #[error("{}", chain(.0))]
    Transport(#[from] reqwest::Error),
    /// The task that asked did not end.
    #[error("the request did not end: {0}")]
    Task(tokio::task::JoinError),
    /// The answer is not what the API promises.
    #[error("the daemon's answer to {0} cannot be understood: {1}")]
    Answer(String, serde_json::Error),
}

/// An error of reqwest's with its causes, of which the last one tells.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// Where the daemon is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Socket(PathBuf),
    /// Scheme and authority.
    Loopback(String),
}

impl Address {
    /// Reads `DOCKER_HOST`. A daemon of another machine has other files than ours, so that mounts would mean nothing
    /// there; and without TLS anybody on the way could speak for it.
    fn parse(host: &str) -> Result<Self, DockerError> {
        let unusable = || DockerError::Address(host.to_owned());
        if let Some(path) = host.strip_prefix("unix://") {
            return Ok(Self::Socket(path.into()));
        }
        let authority = host.strip_prefix("tcp://").ok_or_else(unusable)?;
        let authority = authority.trim_end_matches('/');
        let (name, _) = authority.rsplit_once(':').ok_or_else(unusable)?;
        match name {
            "localhost" | "127.0.0.1" | "[::1]" => {
                Ok(Self::Loopback(format!("http://{authority}")))
            }
            _ => Err(unusable()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    min_api_version: Option<String>,
}

impl Engine {
    /// Finds the daemon at `host`, the value of `DOCKER_HOST`, and agrees on a version.
    pub(super) async fn connect(host: Option<&str>) -> Result<Self, DockerError> {
        let address = match host.filter(|host| !host.is_empty()) {
            Some(host) => Address::parse(host)?,
            None => Address::Socket(DEFAULT_SOCKET.into()),
        };
        // Neither proxies nor redirects lead to one's own daemon.
        let builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .http1_only();
        let (builder, base, place) = match address {
            Address::Socket(path) => {
                let builder = builder.unix_socket(Path::new(&path));
                (
                    builder,
                    "http://docker".to_owned(),
                    path.display().to_string(),
                )
            }
            Address::Loopback(base) => (builder, base.clone(), base),
        };
        let no_daemon = |reason: String| DockerError::NoDaemon { place, reason };
        let client = match builder.build() {
            Ok(client) => client,
            Err(error) => return Err(no_daemon(chain(&error))),
        };
        let unversioned = Self { client, base };
        let version: Version = match unversioned.get("/version").await {
            Ok(version) => version,
            Err(error) => return Err(no_daemon(error.to_string())),
        };
        let newest = ApiVersion::parse(&version.api_version).unwrap_or(WRITTEN_FOR);
        let oldest = version
            .min_api_version
            .as_deref()
            .and_then(ApiVersion::parse);
        if newest < OLDEST {
            return Err(DockerError::TooOld {
                version: version.api_version,
            });
        }
        let agreed = WRITTEN_FOR.min(newest).max(oldest.unwrap_or(OLDEST));
        Ok(Self {
            base: format!("{}/v{agreed}", unversioned.base),
            client: unversioned.client,
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    async fn checked(&self, request: RequestBuilder) -> Result<Response, EngineError> {
        #[derive(Deserialize)]
        struct Refusal {
            message: String,
        }
        let response = request.send().await?;
        let status = response.status();
        // 304: it is so already.
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let text = response.text().await?;
        let message = serde_json::from_str::<Refusal>(&text).map_or(text, |said| said.message);
        Err(EngineError::Refused { status, message })
    }

    async fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        response: Response,
    ) -> Result<T, EngineError> {
        let bytes = response.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| EngineError::Answer(what.to_owned(), error))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
        let request = self.request(Method::GET, path).timeout(PATIENCE);
        let response = self.checked(request).await?;
        self.read(path, response).await
    }

    /// Sends a JSON body and reads a JSON answer.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, EngineError> {
        let request = self
            .request(Method::POST, path)
            .json(body)
            .timeout(PATIENCE);
        let response = self.checked(request).await?;
        self.read(path, response).await
    }

    /// Asks for something that has no answer but that it is done.
    pub(super) async fn tell(&self, path: &str) -> Result<(), EngineError> {
        let request = self.request(Method::POST, path).timeout(PATIENCE);
        self.checked(request).await.map(|_| ())
    }

    /// Asks for a stream, which has no end in time.
    pub(super) async fn stream(&self, path: &str) -> Result<Response, EngineError> {
        self.checked(self.request(Method::POST, path)).await
    }

    /// Asks for the end of something, which may take any time.
    pub(super) async fn wait<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
        let response = self.stream(path).await?;
        self.read(path, response).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), EngineError> {
        let request = self.request(Method::DELETE, path).timeout(PATIENCE);
        self.checked(request).await.map(|_| ())
    }
}

impl EngineError {
    /// True where what was asked for is not there.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_daemon_is_one_of_this_machine() {
        for (host, address) in [
            ("unix:///run/d.sock", Address::Socket("/run/d.sock".into())),
            (
                "tcp://127.0.0.1:2375",
                Address::Loopback("http://127.0.0.1:2375".into()),
            ),
            (
                "tcp://[::1]:2375/",
                Address::Loopback("http://[::1]:2375".into()),
            ),
        ] {
            assert_eq!(Address::parse(host).unwrap(), address);
        }
        for host in [
            "tcp://10.0.0.1:2375",
            "tcp://127.0.0.1.example.org:2375",
            "tcp://localhost",
            "ssh://me@host",
            "/run/d.sock",
        ] {
            let error = Address::parse(host).unwrap_err().to_string();
            assert!(error.contains(host) && error.contains("unix://"), "{error}");
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |text: &str| ApiVersion::parse(text).unwrap();
        assert!(version("1.9") < OLDEST);
        assert!(version("1.100") > WRITTEN_FOR);
        assert_eq!(version("1.41").to_string(), "1.41");
        assert_eq!(ApiVersion::parse("one"), None);
    }
}
