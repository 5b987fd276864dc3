//! The way out: requests one at a time. Outside the sandbox there is none, and tests bring their own.

use std::io::Read;
use std::time::Duration;

use url::Url;

use crate::failure::Failure;

/// A request to a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` or another.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, if it has one.
    pub body: Option<Vec<u8>>,
    /// How long a connection may take.
    pub connect_timeout: Option<Duration>,
    /// How long each wait for bytes may take.
    pub wait: Option<Duration>,
}

/// An answer whose head is there.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as it comes.
    pub body: Box<dyn Read>,
}

impl Answer {
    /// The first field of this name, given in lower case, as text.
    pub fn header(&self, name: &str) -> Option<String> {
        let field = self.headers.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}

/// What sends requests.
pub trait Client {
    /// Sends one, and waits for the head of its answer.
    ///
    /// # Errors
    /// When it may not go out, or fails.
    fn send(&mut self, request: &Request) -> Result<Answer, Failure>;
}

/// The host's way out.
#[cfg(target_os = "wasi")]
pub fn of_host() -> impl Client {
    ThroughHost
}

/// There is none here.
#[cfg(not(target_os = "wasi"))]
pub fn of_host() -> impl Client {
    Nowhere
}

#[cfg(target_os = "wasi")]
struct ThroughHost;

#[cfg(target_os = "wasi")]
impl Client for ThroughHost {
    fn send(&mut self, request: &Request) -> Result<Answer, Failure> {
        let mut authority = request.url.host_str().unwrap_or_default().to_owned();
        if let Some(port) = request.url.port() {
            authority = format!("{authority}:{port}");
        }
        let headers = request.headers.iter();
        let pending = outgoing::send(outgoing::Request {
            method: request.method.clone(),
            scheme: request.url.scheme().to_owned(),
            authority,
            path: request.url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
            headers: headers
                .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
                .collect(),
            body: request.body.clone(),
            timeouts: outgoing::Timeouts {
                connect: request.connect_timeout,
                first_byte: request.wait,
                between_bytes: request.wait,
            },
        })?;
        let answer = match request.wait {
            None => pending.wait()?,
            Some(time) => {
                outgoing::Pending::wait_for_any(std::iter::once(&pending), Some(time));
                let late = || Failure::new(crate::failure::status::TIMEOUT, "Operation timed out");
                pending.answer().ok_or_else(late)??
            }
        };
        Ok(Answer {
            status: answer.status,
            headers: answer.headers.clone(),
            body: Box::new(answer),
        })
    }
}

#[cfg(not(target_os = "wasi"))]
struct Nowhere;

#[cfg(not(target_os = "wasi"))]
impl Client for Nowhere {
    fn send(&mut self, _: &Request) -> Result<Answer, Failure> {
        Err(Failure::new(
            crate::failure::status::NO_CONNECTION,
            "this curl sends its requests through the host of a sandbox, and runs outside of one",
        ))
    }
}
