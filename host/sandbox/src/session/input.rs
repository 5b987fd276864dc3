//! Standard input of a session: what the user types belongs to whoever reads next, and an end of input is only the
//! reader's at that moment, as a terminal has it.

use std::io::{self, Stdin};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, Interest, ReadBuf};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

/// As much as is read at one time.
const MOST: usize = 64 * 1024;

/// The standard input of this process, read only when a guest asks, and no byte more. Clones share it.
#[derive(Clone)]
pub(crate) struct Input {
    /// None where the system cannot tell when it is ready: a file, which always is.
    readiness: Option<Arc<AsyncFd<Stdin>>>,
}

impl Input {
    /// Must be called in a tokio runtime.
    pub(crate) fn standard() -> Self {
        #[expect(
            deprecated,
            reason = "it trusts that the descriptor stays open; nothing closes standard input here"
        )]
        let readiness = AsyncFd::with_interest(io::stdin(), Interest::READABLE).ok();
        Self {
            readiness: readiness.map(Arc::new),
        }
    }

    /// What is there; none where a read would wait, no bytes at the end.
    fn read_now(&self, most: usize) -> Result<Option<Vec<u8>>, Errno> {
        if !self.is_ready()? {
            return Ok(None);
        }
        let mut bytes = vec![0; most.min(MOST)];
        match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                Ok(Some(bytes))
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            // The terminal is gone: nobody types any more.
            Err(Errno::IO) => Ok(Some(Vec::new())),
            Err(error) => Err(error),
        }
    }

    fn is_ready(&self) -> Result<bool, Errno> {
        if self.readiness.is_none() {
            return Ok(true);
        }
        let stdin = io::stdin();
        let mut entry = [PollFd::new(&stdin, PollFlags::IN)];
        match rustix::event::poll(&mut entry, Some(&Timespec::default())) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        let Some(readiness) = &self.readiness else {
            return;
        };
        // An error is for the read that follows.
        while matches!(self.is_ready(), Ok(false)) {
            let Ok(mut guard) = readiness.readable().await else {
                return;
            };
            // The readiness that tokio remembers may be of bytes that were read since.
            if matches!(self.is_ready(), Ok(false)) {
                guard.clear_ready();
            }
        }
    }
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        match self.read_now(size) {
            Ok(None) => Ok(Bytes::new()),
            Ok(Some(bytes)) if bytes.is_empty() => Err(StreamError::Closed),
            Ok(Some(bytes)) => Ok(bytes.into()),
            Err(error) => Err(StreamError::LastOperationFailed(
                io::Error::from(error).into(),
            )),
        }
    }
}

impl AsyncRead for Input {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(bytes) = self.read_now(buffer.remaining())? {
                buffer.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            if let Some(readiness) = &self.readiness {
                ready!(readiness.poll_read_ready(context))?.clear_ready();
            }
        }
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        std::io::IsTerminal::is_terminal(&io::stdin())
    }
}

impl StdinStream for Input {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}
