//! A transfer: one request, its redirects, and further tries.

use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use crate::client::{Answer, Client, Request};
use crate::failure::{Failure, status};

/// How redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redirects {
    /// How many; none for every one.
    pub most: Option<u32>,
    /// Credentials go to other hosts too.
    pub trusted: bool,
    /// The method stays as it was given (`-X`).
    pub keep_method: bool,
}

/// When a failed transfer is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retries {
    /// How often beyond the first time.
    pub most: u32,
    /// The pause; doubled from a second where none is set.
    pub delay: Option<Duration>,
    /// After every failure, not only after those that may pass.
    pub all: bool,
}

/// A transfer whose answer's head is there.
pub struct Transfer {
    /// The last answer.
    pub answer: Answer,
    /// Where it came from.
    pub url: Url,
    /// How many redirects led there.
    pub redirects: u32,
}

/// Who is told of each request and each head on the way.
pub trait Witness {
    /// A request goes out.
    fn sent(&mut self, request: &Request);
    /// A head came.
    fn received(&mut self, answer: &Answer);
    /// Another try follows after a pause.
    fn tries_again(&mut self, why: &str, pause: Duration);
}

/// Statuses after which another try may help, as curl has them.
const TRANSIENT: [u16; 6] = [408, 429, 500, 502, 503, 504];

/// Carries a request through to the head of its last answer.
///
/// # Errors
/// The failure of the last try.
pub fn carry(
    client: &mut dyn Client,
    request: &Request,
    redirects: Option<Redirects>,
    retries: Retries,
    until: Option<Instant>,
    witness: &mut dyn Witness,
) -> Result<Transfer, Failure> {
    let mut tries = 0;
    let mut pause = Duration::from_secs(1);
    loop {
        let result = once(client, request.clone(), redirects, until, witness);
        let why = match &result {
            Ok(transfer) if TRANSIENT.contains(&transfer.answer.status) => {
                format!("status {}", transfer.answer.status)
            }
            Err(failure) if retries.all || failure.is_transient() => failure.message.clone(),
            _ => return result,
        };
        if tries >= retries.most {
            return result;
        }
        tries += 1;
        let asked = result
            .ok()
            .and_then(|transfer| transfer.answer.header("retry-after"));
        let asked = asked.and_then(|seconds| seconds.trim().parse().ok());
        let wait = retries
            .delay
            .or(asked.map(Duration::from_secs))
            .unwrap_or(pause);
        witness.tries_again(&why, wait);
        thread::sleep(wait);
        pause = (pause * 2).min(Duration::from_secs(600));
    }
}

fn once(
    client: &mut dyn Client,
    mut request: Request,
    redirects: Option<Redirects>,
    until: Option<Instant>,
    witness: &mut dyn Witness,
) -> Result<Transfer, Failure> {
    let mut followed = 0;
    loop {
        request.wait = remaining(until)?;
        witness.sent(&request);
        let answer = client.send(&request)?;
        witness.received(&answer);
        let next = match (redirects, answer.status, answer.header("location")) {
            (Some(rule), 301 | 302 | 303 | 307 | 308, Some(location)) => (rule, location),
            _ => {
                return Ok(Transfer {
                    answer,
                    url: request.url,
                    redirects: followed,
                });
            }
        };
        let (rule, location) = next;
        if rule.most.is_some_and(|most| followed >= most) {
            return Err(Failure::new(
                status::REDIRECTS,
                format!("Maximum ({followed}) redirects followed"),
            ));
        }
        followed += 1;
        redirect(&mut request, answer.status, &location, rule)?;
    }
}

/// The time that is left of a transfer's.
///
/// # Errors
/// When none is left.
pub fn remaining(until: Option<Instant>) -> Result<Option<Duration>, Failure> {
    let Some(until) = until else { return Ok(None) };
    match until.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(Some(left)),
        _ => Err(Failure::new(status::TIMEOUT, "Operation timed out")),
    }
}

/// Turns a request into that for the place to which it was redirected (RFC 9110 §15.4).
fn redirect(
    request: &mut Request,
    code: u16,
    location: &str,
    rule: Redirects,
) -> Result<(), Failure> {
    let url = request.url.join(location).map_err(|error| {
        Failure::new(
            status::URL,
            format!("the redirect to '{location}' is no URL: {error}"),
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failure::new(
            status::PROTOCOL,
            format!("the redirect to '{location}' leaves http"),
        ));
    }
    // What clients have always done after 301 and 302, and what 303 says.
    let becomes_get = match code {
        301 | 302 => request.method == "POST",
        303 => request.method != "HEAD",
        _ => false,
    };
    if becomes_get {
        if !rule.keep_method {
            request.method = "GET".to_owned();
        }
        request.body = None;
        request
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    if url.origin() != request.url.origin() && !rule.trusted {
        request.headers.retain(|(name, _)| {
            !name.eq_ignore_ascii_case("authorization") && !name.eq_ignore_ascii_case("cookie")
        });
    }
    request.url = url;
    Ok(())
}

/// A URL as people type it: without a scheme it is http.
///
/// # Errors
/// When it is none, or of another protocol.
pub fn address(text: &str) -> Result<Url, Failure> {
    let malformed =
        |reason: String| Failure::new(status::URL, format!("URL rejected: '{text}': {reason}"));
    if text.trim().is_empty() {
        return Err(malformed("no URL was given".to_owned()));
    }
    let full = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let url = Url::parse(&full).map_err(|error| malformed(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(Failure::new(
            status::PROTOCOL,
            format!("Protocol \"{other}\" not supported: the sandbox lets only HTTP out"),
        )),
    }
}
