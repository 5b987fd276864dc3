//! A request on its way to the host.

use std::time::Duration;

use crate::answer::Pending;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    Fields, HeaderError, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use crate::failure::Failure;

/// Bytes that one blocking write takes (`wasi:io/streams`).
const STEP: usize = 4096;

/// How long each phase may take; the host's own patience where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection is there.
    pub connect: Option<Duration>,
    /// Until the answer begins.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the answer.
    pub between_bytes: Option<Duration>,
}

/// A request: the parts of a URL, fields of the header, and a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` or another.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// `HOST[:PORT]`.
    pub authority: String,
    /// The path with its query; begins with `/`.
    pub path: String,
    /// Names and values. Those of the connection (`host`, `connection`, `transfer-encoding`) are the host's.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; its length is told.
    pub body: Option<Vec<u8>>,
    /// How long it may take.
    pub timeouts: Timeouts,
}

/// Hands the request to the host. Where it may not go, or how it fails, is told by the answer.
///
/// # Errors
/// When the parts are no request.
pub fn send(request: Request) -> Result<Pending, Failure> {
    let origin = format!("{}://{}", request.scheme, request.authority);
    let outgoing = OutgoingRequest::new(fields(&request)?);
    let invalid = |what: &str| Failure::invalid(format!("this is no {what} of a request"));
    outgoing
        .set_method(&method(&request.method))
        .map_err(|()| invalid("method"))?;
    let scheme = match request.scheme.as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| invalid("scheme"))?;
    outgoing
        .set_authority(Some(&request.authority))
        .map_err(|()| invalid("host"))?;
    outgoing
        .set_path_with_query(Some(&request.path))
        .map_err(|()| invalid("path"))?;
    let body = match &request.body {
        Some(bytes) if !bytes.is_empty() => Some((
            outgoing.body().map_err(|()| invalid("body"))?,
            bytes.as_slice(),
        )),
        _ => None,
    };
    let options = options(request.timeouts);
    let future = outgoing_handler::handle(outgoing, Some(options))
        .map_err(|code| Failure::of(&code, &origin))?;
    if let Some((body, bytes)) = body {
        write(body, bytes);
    }
    Ok(Pending::new(future, origin))
}

/// Writes the body. Where nobody takes the rest of it, the answer, or its failure, says why.
fn write(body: OutgoingBody, bytes: &[u8]) {
    let Ok(stream) = body.write() else { return };
    for piece in bytes.chunks(STEP) {
        if stream.blocking_write_and_flush(piece).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn fields(request: &Request) -> Result<Fields, Failure> {
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields
            .append(&name.to_ascii_lowercase(), value)
            .map_err(|error| match error {
                HeaderError::Forbidden => Failure::invalid(format!(
                    "the field `{name}` is the connection's, which the host makes"
                )),
                _ => Failure::invalid(format!("`{name}` with its value is no field of a header")),
            })?;
    }
    if let Some(body) = &request.body {
        let length = body.len().to_string().into_bytes();
        // A field that every request with a body has; nothing can be wrong with it.
        let _ = fields.set("content-length", &[length]);
    }
    Ok(fields)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn options(timeouts: Timeouts) -> RequestOptions {
    let nanoseconds = |time: Option<Duration>| {
        time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    };
    let options = RequestOptions::new();
    // The host may not heed a phase's limit; there is no other way to set it.
    let _ = options.set_connect_timeout(nanoseconds(timeouts.connect));
    let _ = options.set_first_byte_timeout(nanoseconds(timeouts.first_byte));
    let _ = options.set_between_bytes_timeout(nanoseconds(timeouts.between_bytes));
    options
}
