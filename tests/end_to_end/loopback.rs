//! An HTTP server on the loopback interface that tells what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::LOCATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A running server. It ends with this value.
pub(crate) struct Loopback {
    pub port: u16,
    seen: Arc<Seen>,
    _runtime: Runtime,
}

#[derive(Default)]
struct Seen {
    requests: AtomicUsize,
    /// Requests to `/hold` that are open.
    held: AtomicUsize,
}

impl Loopback {
    /// Starts it at a free port of 127.0.0.1.
    pub(crate) fn start() -> Self {
        Self::serve(None)
    }

    /// Starts it with a certificate for `localhost`; also gives the certificate of the authority that signed it.
    pub(crate) fn start_with_tls() -> (Self, String) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let server = Self::serve(Some(TlsAcceptor::from(Arc::new(config))));
        (server, authority.pem())
    }

    fn serve(tls: Option<TlsAcceptor>) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(TcpListener::bind(any)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let known = Arc::clone(&seen);
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (seen, tls) = (Arc::clone(&known), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(connection, seen).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                converse(connection, seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            seen,
            _runtime: runtime,
        }
    }

    /// `http://localhost:PORT` with a path behind it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// How many requests to `/hold` are open.
    pub(crate) fn held(&self) -> usize {
        self.seen.held.load(Ordering::SeqCst)
    }
}

async fn converse(connection: impl AsyncRead + AsyncWrite + Unpin, seen: Arc<Seen>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&seen)));
    // A client that goes away is no failure of the server.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(connection), service)
        .await;
}

/// An open request to `/hold`; the connection's end drops it.
struct Held(Arc<Seen>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Seen>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    seen.requests.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if path == "/hold" {
        seen.held.fetch_add(1, Ordering::SeqCst);
        let _held = Held(seen);
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    if let Some(to) = path.strip_prefix("/redirect/") {
        // `/redirect/303/http://host/path`
        let (status, to) = to.split_once('/').unwrap();
        return Ok(Response::builder()
            .status(status)
            .header(LOCATION, to)
            .body(Full::default())
            .unwrap());
    }
    let status = path
        .strip_prefix("/status/")
        .map_or(200, |status| status.parse().unwrap());
    let headers: Map<String, Value> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into(),
            )
        })
        .collect();
    let body = body.collect().await.map(|body| body.to_bytes());
    let told = json!({
        "method": head.method.as_str(),
        "path": head.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body.unwrap_or_default()),
        "place": "Here",
        "temperature": 7,
    });
    Ok(Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(told.to_string())))
        .unwrap())
}
