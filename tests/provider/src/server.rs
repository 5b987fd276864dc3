//! The HTTP server around a script.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::api::Api;
use crate::request::ChatRequest;
use crate::script::{Reply, Turn};
use crate::wire::event;

type Body = UnsyncBoxBody<Bytes, Cut>;
type Script = dyn Fn(&ChatRequest) -> Reply + Send + Sync;

/// The connection breaks here, on purpose.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the script cuts the stream here")
    }
}

impl std::error::Error for Cut {}

/// A running provider. Dropping it closes its port.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    script: Box<Script>,
    requests: Mutex<Vec<ChatRequest>>,
    violations: Mutex<Vec<String>>,
    connections: AtomicU64,
    count: AtomicU64,
}

impl Provider {
    /// Starts the server on a free port of 127.0.0.1. `script` is called once for each valid request.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(
        script: impl Fn(&ChatRequest) -> Reply + Send + Sync + 'static,
    ) -> Result<Self, std::io::Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Box::new(script),
            requests: Mutex::default(),
            violations: Mutex::default(),
            connections: AtomicU64::new(0),
            count: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// The `base_url` of a backend configuration.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The valid requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<ChatRequest> {
        lock(&self.shared.requests).clone()
    }

    /// What was wrong with the requests that were refused.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.violations).clone()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        // Without this, Nagle's algorithm holds back the small events of a stream.
        let _best_effort = connection.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move { Ok::<_, Infallible>(shared.answer(request).await) }
            });
            // A client that goes away, and a scripted cut, end the connection with an error: both are wanted.
            let _ended = http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match self.read(request).await {
            Ok((api, request)) => {
                let reply = (self.script)(&request);
                lock(&self.requests).push(request);
                self.reply(api, reply)
            }
            Err(violation) => {
                lock(&self.violations).push(violation.clone());
                error_response(400, None, &violation)
            }
        }
    }

    async fn read(&self, request: Request<Incoming>) -> Result<(Api, ChatRequest), String> {
        let path = request.uri().path().to_owned();
        let api = Api::at(&path).filter(|_| request.method() == "POST");
        let api = api.ok_or_else(|| format!("{} {path} is not served here", request.method()))?;
        if api == Api::Messages && !request.headers().contains_key("anthropic-version") {
            return Err("anthropic-version: header is required".to_owned());
        }
        if api == Api::Gemini && request.uri().query() != Some("alt=sse") {
            return Err("only `alt=sse` streams events".to_owned());
        }
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| value.as_bytes());
        if content_type != Some(b"application/json") {
            return Err("the content type must be application/json".to_owned());
        }
        let body = request
            .into_body()
            .collect()
            .await
            .map_err(|error| format!("the body was cut: {error}"))?;
        Ok((api, api.read(&path, &body.to_bytes())?))
    }

    fn reply(&self, api: Api, reply: Reply) -> Response<Body> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        match reply {
            Reply::Status {
                status,
                retry_after,
                message,
            } => error_response(status, retry_after, &message),
            Reply::Garbage => {
                stream_response(stream::iter([Ok(event("<html>not a model</html>"))]))
            }
            Reply::Turn(turn) => {
                let events = [api.turn_events(&turn, number), api.closing_events(&turn)].concat();
                stream_response(paused(events, &turn).map(Ok))
            }
            Reply::Cut(turn) => {
                let events = paused(api.turn_events(&turn, number), &turn);
                stream_response(events.map(Ok).chain(stream::once(cut())))
            }
        }
    }
}

/// The events as frames, cut once more in the middle: neither a line nor a character ends where a frame ends.
fn paused(events: Vec<Bytes>, turn: &Turn) -> impl Stream<Item = Bytes> + Send + use<> {
    let pause = turn.pause;
    stream::iter(events)
        .then(move |event| async move {
            if pause > Duration::ZERO {
                tokio::time::sleep(pause).await;
            }
            let (first, second) = (
                event.slice(..event.len() / 2),
                event.slice(event.len() / 2..),
            );
            stream::iter([first, second])
        })
        .flatten()
}

/// Breaks the connection, a moment after the events: hyper drops what it has not yet sent.
async fn cut() -> Result<Bytes, Cut> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    Err(Cut)
}

fn stream_response(
    events: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static,
) -> Response<Body> {
    let body = StreamBody::new(events.map(|event| event.map(Frame::data)));
    let mut response = Response::new(body.boxed_unsync());
    response.headers_mut().insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("text/event-stream"),
    );
    response
}

fn error_response(status: u16, retry_after: Option<u64>, message: &str) -> Response<Body> {
    let body = json!({ "error": { "message": message, "type": "test_provider", "code": null } })
        .to_string();
    let mut response = Response::new(
        Full::from(body)
            .map_err(|never| match never {})
            .boxed_unsync(),
    );
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("application/json"),
    );
    headers.extend(retry_after.map(|seconds| (RETRY_AFTER, seconds.into())));
    response
}
