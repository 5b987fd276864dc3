//! One request on its way: what is sent, what comes back, and what its failures are called.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyDataStream, BodyExt, StreamBody};
use massgen_permissions::{NetworkRefusal, Origin};
use reqwest::Body;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::resolve::UnknownName;
use super::{Egress, target};

/// What remains to be driven while a body is read.
pub(super) type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// An answer, with its body still to come.
pub(super) type Answered = (Response<WasiBody>, Io);

/// How long a connection, the first byte and each further one may take where the guest sets no time. The call's own time
/// ends sooner or later than this; wasi:http leaves the default to the host.
const PATIENCE: Duration = Duration::from_secs(600);

impl Egress {
    /// Sends the request if it may go out, and waits for the head of its answer.
    pub(super) async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let (url, origin) = target(&request)?;
        self.decide(&origin)?;
        let place = self.admit()?;
        let client = self.client(&origin.host)?;
        let (head, body) = request.into_parts();
        let mut headers = head.headers;
        // The client writes it, from the URL that was decided about.
        headers.remove(HOST);
        let mut request = client.request(head.method, url).headers(headers);
        if !body.is_end_stream() {
            request = request.body(Body::wrap_stream(BodyDataStream::new(body)));
        }
        let connect = options
            .connect_timeout
            .unwrap_or(Egress::CONNECT)
            .min(Egress::CONNECT);
        let wait = options
            .first_byte_timeout
            .map_or(PATIENCE, |time| connect.saturating_add(time));
        let answer = timeout(wait, request.send())
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|error| self.failure(&origin, &error))?;
        let (mut head, body) = Response::<Body>::from(answer).into_parts();
        // They told how the bytes came; the guest gets the bytes.
        head.headers.remove(TRANSFER_ENCODING);
        head.headers.remove(CONNECTION);
        let pause = options.between_bytes_timeout.unwrap_or(PATIENCE);
        Ok(Response::from_parts(head, paced(body, pause, place)))
    }

    /// A failed request, as wasi:http calls it. What has no name there is told in words.
    fn failure(&self, origin: &Origin, error: &reqwest::Error) -> Error {
        if let Some(refusal) = cause::<NetworkRefusal>(error) {
            self.log.refused(origin, refusal);
            return Error::DestinationIpProhibited;
        }
        if let Some(unknown) = cause::<UnknownName>(error) {
            return Error::DnsError {
                rcode: Some(unknown.to_string()),
                info_code: None,
            };
        }
        match cause::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Error::ConnectionRefused,
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
                Error::ConnectionTerminated
            }
            Some(io::ErrorKind::TimedOut) => Error::ConnectionTimeout,
            _ => Error::InternalError(Some(words(error))),
        }
    }
}

/// The body, each piece within `pause` of the one before; the request's place is free again at its end.
fn paced(body: Body, pause: Duration, place: OwnedSemaphorePermit) -> WasiBody {
    let pieces = stream::unfold(Some((body, place)), move |rest| async move {
        let (mut body, place) = rest?;
        let piece: Result<Frame<Bytes>, Error> = match timeout(pause, body.frame()).await {
            Ok(None) => return None,
            Ok(Some(Ok(piece))) => return Some((Ok(piece), Some((body, place)))),
            Ok(Some(Err(error))) => Err(Error::InternalError(Some(words(&error)))),
            Err(_) => Err(Error::ConnectionReadTimeout),
        };
        Some((piece, None))
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// The first error of this type among an error and its causes.
fn cause<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An error inside an io::Error is behind `get_ref`, not among its causes.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The causes of a failed request: the client's own text repeats the URL, which may hold a secret.
fn words(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts.dedup();
    match texts.is_empty() {
        true => "the request failed".to_owned(),
        false => texts.join(": "),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::sync::Arc;

    use massgen_permissions::{Host, Network};
    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;
    use crate::egress::NetworkLog;

    /// A name service that fails in this way.
    struct Failing(fn() -> Box<dyn StdError + Send + Sync>);

    impl Resolve for Failing {
        fn resolve(&self, _: Name) -> Resolving {
            let error = (self.0)();
            Box::pin(async move { Err(error) })
        }
    }

    /// What becomes of a request whose name cannot be resolved, and what is kept of it.
    async fn outcome(names: Failing) -> (Error, NetworkLog) {
        let network = Network::of(vec!["http://example.org".parse().unwrap()]);
        let log = NetworkLog::default();
        let egress = Egress::new(Arc::new(network), 1, log.clone(), Default::default());
        let client = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(Arc::new(names))
            .build()
            .unwrap();
        let url = "http://example.org/";
        let request = Request::builder().uri(url).body(()).unwrap();
        let (_, origin) = target(&request).unwrap();
        egress.decide(&origin).unwrap();
        let error = client.get(url).send().await.unwrap_err();
        (egress.failure(&origin, &error), log)
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_prohibited_and_told() {
        let refusal = || {
            let host = Host::name("example.org");
            let address = "10.0.0.1".parse().unwrap();
            let refusal = Network::default().decide_address(&host, address);
            Box::new(refusal.unwrap_err()) as Box<dyn StdError + Send + Sync>
        };
        let (error, log) = outcome(Failing(refusal)).await;
        assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
        let uses = log.take();
        assert_eq!(
            (uses.len(), uses[0].missing.as_deref()),
            (1, Some("10.0.0.1"))
        );
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_an_error_of_names() {
        let unknown = || Box::new(UnknownName(io::Error::other("no such name"))) as _;
        let (error, log) = outcome(Failing(unknown)).await;
        assert!(matches!(error, Error::DnsError { .. }), "{error}");
        assert_eq!(log.take()[0].refusal, None);
    }
}
