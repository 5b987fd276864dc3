//! `wasi:http/outgoing-handler`: the one way from a guest to the network, and a checked one.
//!
//! A guest hands over a whole request. Its URL is read once, and what was read is what is decided about
//! ([`massgen_permissions::Network`]) and what is asked for. Names are looked up here, and each address is decided about
//! before a connection is made to it ([`resolve`]). Redirects are answers like others: who follows one makes a new
//! request.

mod log;
mod resolve;
mod send;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Request;
use http::uri::Scheme as UriScheme;
use massgen_permissions::{Host, Network, Origin, Scheme};
use reqwest::{Client, Url, redirect};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Host as UrlHost;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub(crate) use log::NetworkLog;
pub use log::NetworkUse;
use resolve::CheckedNames;
use send::{Answered, Io};

use crate::LimitKind;
use crate::filesystem::DenialLog;

/// What the commands of one call share of the network.
pub(crate) struct Egress {
    network: Arc<Network>,
    log: NetworkLog,
    denials: DenialLog,
    /// Requests that may be open at one time; `sandbox.requests`.
    most: u32,
    places: Arc<Semaphore>,
    direct: OnceLock<Result<Client, String>>,
    by_environment: OnceLock<Result<Client, String>>,
}

impl Egress {
    /// For DNS, TCP and TLS together, as the backends have it. One value, because the client's connections are shared by
    /// the requests of a call: a guest's own shorter time holds for the beginning of the answer instead.
    const CONNECT: Duration = Duration::from_secs(10);

    pub(crate) fn new(
        network: Arc<Network>,
        most: u32,
        log: NetworkLog,
        denials: DenialLog,
    ) -> Self {
        Self {
            network,
            log,
            denials,
            most,
            places: Arc::new(Semaphore::new(most as usize)),
            direct: OnceLock::new(),
            by_environment: OnceLock::new(),
        }
    }

    /// The client for a host, made when the first request goes out. This machine is reached directly; every other host
    /// through the proxy that massgen's own environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`),
    /// where it names one. A proxy looks names up itself: the rule about addresses then is the proxy's.
    fn client(&self, host: &Host) -> Result<&Client, Error> {
        let client = if host.is_local() {
            self.direct
                .get_or_init(|| self.build(Client::builder().no_proxy()))
        } else {
            self.by_environment
                .get_or_init(|| self.build(Client::builder()))
        };
        client
            .as_ref()
            .map_err(|reason| Error::InternalError(Some(reason.clone())))
    }

    fn build(&self, builder: reqwest::ClientBuilder) -> Result<Client, String> {
        builder
            .redirect(redirect::Policy::none())
            .connect_timeout(Self::CONNECT)
            .dns_resolver(Arc::new(CheckedNames(Arc::clone(&self.network))))
            .build()
            .map_err(|error| format!("the HTTP client could not be set up: {error:?}"))
    }

    /// Decides about a place, and keeps the decision.
    fn decide(&self, origin: &Origin) -> Result<(), Error> {
        let decision = self.network.decide(origin);
        self.log.decided(origin, decision.as_ref().err());
        decision.map_err(|_| Error::HttpRequestDenied)
    }

    /// A place among the requests that are open.
    fn admit(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let words = format!(
                "one call may have no more than {} HTTP requests open at one time (`sandbox.requests`)",
                self.most
            );
            self.denials.reached(LimitKind::Requests, words);
            Error::ConnectionLimitReached
        })
    }
}

/// The URL of a request and its origin, as the client will read it: other notations of an address are that address.
fn target<B>(request: &Request<B>) -> Result<(Url, Origin), Error> {
    let uri = request.uri();
    let has_user = uri
        .authority()
        .is_some_and(|place| place.as_str().contains('@'));
    if has_user {
        return Err(Error::HttpRequestUriInvalid);
    }
    let url = Url::parse(&uri.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(Error::HttpProtocolError),
    };
    let host = match url.host() {
        Some(UrlHost::Domain(name)) => Host::name(name),
        Some(UrlHost::Ipv4(address)) => Host::address(address.into()),
        Some(UrlHost::Ipv6(address)) => Host::address(address.into()),
        None => return Err(Error::HttpRequestUriInvalid),
    };
    let port = url.port().unwrap_or(scheme.default_port());
    Ok((url, Origin { scheme, host, port }))
}

/// One guest's end of the egress.
pub(crate) struct Outgoing(pub(crate) Arc<Egress>);

impl WasiHttpHooks for Outgoing {
    fn is_supported_scheme(&mut self, scheme: &UriScheme) -> bool {
        *scheme == UriScheme::HTTP || *scheme == UriScheme::HTTPS
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Io,
    ) -> Box<dyn Future<Output = Result<Answered, Error>> + Send> {
        let egress = Arc::clone(&self.0);
        Box::new(async move {
            let answer = egress.send(request, options.unwrap_or_default()).await?;
            // The client's own tasks move the bytes; nothing is left to be driven.
            let io: Io = Box::new(async { Ok(()) });
            Ok((answer, io))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn origin(url: &str) -> Result<String, Error> {
        let request = Request::builder().uri(url).body(()).unwrap();
        target(&request).map(|(_, origin)| origin.to_string())
    }

    #[test]
    fn the_origin_is_that_of_the_url_as_the_client_reads_it() {
        for (url, expected) in [
            ("https://Example.ORG/a?b", "https://example.org"),
            ("https://example.org.:443/", "https://example.org"),
            ("http://example.org:8080/", "http://example.org:8080"),
            ("http://127.1/", "http://127.0.0.1"),
            ("http://0x7f000001/", "http://127.0.0.1"),
            ("http://2130706433/", "http://127.0.0.1"),
            ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1"),
            ("http://[::1]:80/", "http://[::1]"),
        ] {
            assert_eq!(origin(url).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn a_user_before_the_host_is_refused() {
        assert!(matches!(
            origin("https://example.org@evil.org/"),
            Err(Error::HttpRequestUriInvalid)
        ));
    }
}
