//! The ends to which a command's standard streams are connected.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::{ClosedInputStream, SinkOutputStream};
use wasmtime_wasi::p2::{
    DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::pipe;
use crate::capture::Capture;
use crate::filesystem::{Device, SharedFile, device};

/// Where a command's input comes from. Clones share it, and its position.
#[derive(Clone)]
pub enum Source {
    /// At its end from the start.
    Nothing,
    /// A pipe.
    Pipe(pipe::Reader),
    /// A file, under the rules of the gate.
    File(SharedFile),
    /// A device that never ends.
    Device(Device),
    /// What the caller of the call gave.
    Given(Arc<dyn StdinStream + Sync>),
}

impl Source {
    /// What reading the device gives to a command with these streams.
    pub(crate) fn of(device: Device, streams: &Streams) -> Self {
        match device {
            Device::Null | Device::Output | Device::Error => Self::Nothing,
            Device::Input => streams.input.clone(),
            Device::Zero | Device::Full | Device::Random => Self::Device(device),
        }
    }

    /// What is there up to the first `delimiter`, which is among it, and at most so much; `None` at the end.
    pub(super) fn read_until(&self, delimiter: u8, most: usize) -> Result<Option<Bytes>, Errno> {
        let most = most.min(LONGEST_PART);
        match self {
            Self::Nothing => Ok(None),
            Self::Pipe(reader) => Ok(reader.read_until(delimiter, most)),
            Self::File(file) => {
                let bytes = file.read_until(delimiter, most)?;
                Ok((!bytes.is_empty()).then_some(bytes))
            }
            // What is read of these cannot be put back, so that they are asked for one byte.
            Self::Device(_) | Self::Given(_) => match self.p2_stream().read(most.min(1)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(StreamError::Closed) => Ok(None),
                Err(StreamError::LastOperationFailed(_) | StreamError::Trap(_)) => Err(Errno::IO),
            },
        }
    }
}

/// Bytes that one `read-until` takes, at most.
const LONGEST_PART: usize = 4_096;

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
            Self::Device(device) => Box::new(device.endless()),
            Self::Given(given) => given.async_stream(),
        }
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        match self {
            Self::Nothing => Box::new(ClosedInputStream),
            Self::Pipe(reader) => Box::new(reader.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Device(device) => Box::new(device.endless()),
            Self::Given(given) => given.p2_stream(),
        }
    }
}

/// Where a command's output goes. Clones share it, and its position.
#[derive(Clone)]
pub enum Sink {
    /// Takes everything and keeps nothing.
    Void,
    /// Refuses everything as a full disk does.
    Full,
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
            Self::Full => Box::new(device::Full),
            Self::Kept(capture) => Box::new(capture.clone()),
            Self::Pipe(writer) => Box::new(writer.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Given(given) => given.async_stream(),
        }
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        match self {
            Self::Void => Box::new(SinkOutputStream),
            Self::Full => Box::new(device::Full),
            Self::Kept(capture) => Box::new(capture.clone()),
            Self::Pipe(writer) => Box::new(writer.clone()),
            Self::File(file) => Box::new(file.clone()),
            Self::Given(given) => given.p2_stream(),
        }
    }
}

impl Sink {
    /// What writing to the device does for a command with these streams.
    pub(crate) fn of(device: Device, streams: &Streams) -> Self {
        match device {
            Device::Null | Device::Zero | Device::Random | Device::Input => Self::Void,
            Device::Full => Self::Full,
            Device::Output => streams.output.clone(),
            Device::Error => streams.error.clone(),
        }
    }
}

/// A command's own standard output or error. Once the command has asked for it, a write that nobody reads any more ends
/// the command.
pub(crate) struct Own {
    pub(crate) sink: Sink,
    pub(crate) ends_on_broken_pipe: Arc<AtomicBool>,
}

/// The exit code that a shell shows for a process that `SIGPIPE` has ended.
const BROKEN_PIPE: i32 = 128 + 13;

impl IsTerminal for Own {
    fn is_terminal(&self) -> bool {
        self.sink.is_terminal()
    }
}

impl StdoutStream for Own {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        self.sink.async_stream()
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(OwnStream {
            stream: self.sink.p2_stream(),
            ends_on_broken_pipe: Arc::clone(&self.ends_on_broken_pipe),
        })
    }
}

struct OwnStream {
    stream: DynOutputStream,
    ends_on_broken_pipe: Arc<AtomicBool>,
}

impl OwnStream {
    fn or_end<T>(&self, result: StreamResult<T>) -> StreamResult<T> {
        let is_broken = match &result {
            Err(StreamError::Closed) => true,
            Err(StreamError::LastOperationFailed(error)) => error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe),
            Ok(_) | Err(StreamError::Trap(_)) => false,
        };
        if is_broken && self.ends_on_broken_pipe.load(Ordering::Relaxed) {
            return Err(StreamError::Trap(I32Exit(BROKEN_PIPE).into()));
        }
        result
    }
}

#[async_trait]
impl Pollable for OwnStream {
    async fn ready(&mut self) {
        self.stream.ready().await;
    }
}

#[async_trait]
impl OutputStream for OwnStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let result = self.stream.write(bytes);
        self.or_end(result)
    }

    fn flush(&mut self) -> StreamResult<()> {
        let result = self.stream.flush();
        self.or_end(result)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let result = self.stream.check_write();
        self.or_end(result)
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
