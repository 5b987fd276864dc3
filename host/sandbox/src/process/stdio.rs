//! The ends to which a command's standard streams are connected.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::{ClosedInputStream, SinkOutputStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable};

use super::pipe;
use crate::capture::Capture;
use crate::filesystem::SharedFile;

/// Where a command's input comes from. Clones share it, and its position.
#[derive(Clone)]
pub enum Source {
    /// At its end from the start.
    Nothing,
    /// A pipe.
    Pipe(pipe::Reader),
    /// A file, under the rules of the gate.
    File(SharedFile),
    /// What the caller of the call gave.
    Given(Arc<dyn StdinStream + Sync>),
}

impl IsTerminal for Source {
    fn is_terminal(&self) -> bool {
        matches!(self, Self::Given(given) if given.is_terminal())
    }
}

impl StdinStream for Source {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        match self {
            Self::Nothing => Box::new(tokio::io::empty()),
            Self::Pipe(reader) => Box::new(reader.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Given(given) => given.async_stream(),
        }
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        match self {
            Self::Nothing => Box::new(ClosedInputStream),
            Self::Pipe(reader) => Box::new(reader.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Given(given) => given.p2_stream(),
        }
    }
}

/// Where a command's output goes. Clones share it, and its position.
#[derive(Clone)]
pub enum Sink {
    /// Takes everything and keeps nothing.
    Void,
    /// Kept for the report, up to a limit.
    Kept(Capture),
    /// A pipe.
    Pipe(pipe::Writer),
    /// A file, under the rules of the gate.
    File(SharedFile),
    /// What the caller of the call gave.
    Given(Arc<dyn StdoutStream + Sync>),
}

impl IsTerminal for Sink {
    fn is_terminal(&self) -> bool {
        matches!(self, Self::Given(given) if given.is_terminal())
    }
}

impl StdoutStream for Sink {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        match self {
            Self::Void => Box::new(tokio::io::sink()),
            Self::Kept(capture) => Box::new(capture.clone()),
            Self::Pipe(writer) => Box::new(writer.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Given(given) => given.async_stream(),
        }
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        match self {
            Self::Void => Box::new(SinkOutputStream),
            Self::Kept(capture) => Box::new(capture.clone()),
            Self::Pipe(writer) => Box::new(writer.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Given(given) => given.p2_stream(),
        }
    }
}

/// The three standard streams of a command.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) input: Source,
    pub(crate) output: Sink,
    pub(crate) error: Sink,
}

#[async_trait]
impl Pollable for SharedFile {
    /// A file never makes anybody wait (POSIX poll).
    async fn ready(&mut self) {}
}

impl AsyncRead for SharedFile {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = self.read_on(buffer.remaining())?;
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SharedFile {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_on(&Bytes::copy_from_slice(bytes))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
