//! The answer, as it comes.

use std::io::{self, Read};
use std::time::Duration;

use crate::bindings::wasi::clocks::monotonic_clock::subscribe_duration;
use crate::bindings::wasi::http::types::{
    FutureIncomingResponse, IncomingBody, IncomingResponse, http_error_code,
};
use crate::bindings::wasi::io::poll::{Pollable, poll};
use crate::bindings::wasi::io::streams::{InputStream, StreamError};
use crate::failure::Failure;

/// A request whose answer has not begun.
pub struct Pending {
    // A pollable goes before that on which it stands.
    ready: Pollable,
    future: FutureIncomingResponse,
    origin: String,
}

impl Pending {
    pub(crate) fn new(future: FutureIncomingResponse, origin: String) -> Self {
        Self {
            ready: future.subscribe(),
            future,
            origin,
        }
    }

    /// Waits for the head of the answer.
    ///
    /// # Errors
    /// When the request may not go out, or fails.
    pub fn wait(self) -> Result<Answer, Failure> {
        loop {
            self.ready.block();
            if let Some(answer) = self.answer() {
                return answer;
            }
        }
    }

    /// The head of the answer, if it is there; asked for until it was there once.
    pub fn answer(&self) -> Option<Result<Answer, Failure>> {
        let told = match self.future.get()? {
            Ok(Ok(response)) => Answer::new(response, self.origin.clone()),
            Ok(Err(code)) => Err(Failure::of(&code, &self.origin)),
            Err(()) => Err(Failure::invalid("the answer was taken before".to_owned())),
        };
        Some(told)
    }

    /// Waits until one of them can be asked, or the time is over.
    pub fn wait_for_any<'p>(pending: impl Iterator<Item = &'p Self>, time: Option<Duration>) {
        let timer =
            time.map(|time| subscribe_duration(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)));
        let all: Vec<&Pollable> = pending.map(|one| &one.ready).chain(&timer).collect();
        if !all.is_empty() {
            poll(&all);
        }
    }
}

/// An answer whose head is there. Reading takes the body.
pub struct Answer {
    /// The status, 100 to 599.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    // A stream goes before its body, and that before the response.
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
    origin: String,
}

impl Answer {
    fn new(response: IncomingResponse, origin: String) -> Result<Self, Failure> {
        let taken = |()| Failure::invalid("the answer's body was taken before".to_owned());
        let body = response.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        Ok(Self {
            status: response.status(),
            headers: response.headers().entries(),
            stream,
            _body: body,
            _response: response,
            origin,
        })
    }

    /// The first field of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let field = self.headers.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_slice())
    }
}

impl Read for Answer {
    /// Waits for bytes. A [`Failure`] is inside the error.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match self.stream.blocking_read(into.len() as u64) {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    into[..bytes.len()].copy_from_slice(&bytes);
                    return Ok(bytes.len());
                }
                Err(StreamError::Closed) => return Ok(0),
                Err(StreamError::LastOperationFailed(error)) => {
                    let failure = match http_error_code(&error) {
                        Some(code) => Failure::of(&code, &self.origin),
                        None => Failure::invalid(error.to_debug_string()),
                    };
                    return Err(io::Error::other(failure));
                }
            }
        }
    }
}
