//! The HTTP clients that all backends share, so that connections are reused between turns and agents.

use std::net::IpAddr;
use std::sync::OnceLock;

use reqwest::{Client, Url, redirect};

use super::retry::Timeouts;

/// The client for this URL. A loopback host is reached directly; every other one through the proxy that the
/// environment names (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), where it names one.
///
/// Redirects are not followed: a redirected POST would become a GET (RFC 9110 §15.4), and a key should not travel on.
///
/// # Errors
/// When TLS cannot be set up on this machine; the text says why.
pub(crate) fn http_client(url: &Url) -> Result<Client, String> {
    static DIRECT: OnceLock<Result<Client, String>> = OnceLock::new();
    static ANY: OnceLock<Result<Client, String>> = OnceLock::new();
    let builder = Client::builder()
        .connect_timeout(Timeouts::CONNECT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("massgen/", env!("CARGO_PKG_VERSION")));
    let build = |builder: reqwest::ClientBuilder| {
        builder
            .build()
            .map_err(|error| format!("the HTTP client could not be set up: {error:?}"))
    };
    if is_loopback(url) {
        DIRECT.get_or_init(|| build(builder.no_proxy())).clone()
    } else {
        ANY.get_or_init(|| build(builder)).clone()
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://localhost:1234/v1", true),
            ("http://127.0.0.1/v1", true),
            ("http://[::1]:8000/v1", true),
            ("https://api.openai.com/v1", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect(url)), expected, "{url}");
        }
    }
}
