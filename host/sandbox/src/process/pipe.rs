//! Pipes between the commands of a call: bounded, closed by dropping, and without a thread of their own.
//!
//! A pipe behaves as POSIX has it: who reads waits while it is empty and sees its end when the last writer is gone; who
//! writes waits while it is full and is told that it is closed when the last reader is gone.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// Bytes that may lie in a pipe unread, as on Linux (`pipe(7)`).
const CAPACITY: usize = 64 << 10;

/// Both ends of a new pipe.
pub(crate) fn pipe() -> (Reader, Writer) {
    let state = State {
        readers: 1,
        writers: 1,
        ..State::default()
    };
    let shared = Arc::new(Shared(Mutex::new(state)));
    (Reader(Arc::clone(&shared)), Writer(shared))
}

#[derive(Debug, Default)]
struct State {
    unread: VecDeque<u8>,
    readers: usize,
    writers: usize,
    /// Who waits for bytes, for room, or for the other side to go. Woken all at once: they look again.
    waiting: Vec<Waker>,
}

impl State {
    fn is_readable(&self) -> bool {
        !self.unread.is_empty() || self.writers == 0
    }

    fn room(&self) -> usize {
        CAPACITY.saturating_sub(self.unread.len())
    }

    fn is_writable(&self) -> bool {
        self.room() > 0 || self.readers == 0
    }

    fn wait(&mut self, context: &Context<'_>) {
        if !self
            .waiting
            .iter()
            .any(|known| known.will_wake(context.waker()))
        {
            self.waiting.push(context.waker().clone());
        }
    }

    fn take(&mut self, size: usize) -> Bytes {
        let size = size.min(self.unread.len());
        self.unread.drain(..size).collect()
    }

    fn take_until(&mut self, delimiter: u8, most: usize) -> Bytes {
        let found = self
            .unread
            .iter()
            .take(most)
            .position(|byte| *byte == delimiter);
        self.take(found.map_or(most, |place| place + 1))
    }
}

#[derive(Debug)]
struct Shared(Mutex<State>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is one step, so a panic leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes everybody who waits for a change.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, waiting) = {
            let mut state = self.state();
            (change(&mut state), std::mem::take(&mut state.waiting))
        };
        waiting.into_iter().for_each(Waker::wake);
        result
    }
}

/// The reading end; clones are the same end.
#[derive(Debug)]
pub(crate) struct Reader(Arc<Shared>);

impl Reader {
    /// What lies in the pipe up to the first `delimiter`, which is among it, and at most so much; `None` at the end.
    pub(crate) fn read_until(&self, delimiter: u8, most: usize) -> Option<Bytes> {
        self.0.change(|state| {
            let is_at_end = state.unread.is_empty() && state.writers == 0;
            (!is_at_end).then(|| state.take_until(delimiter, most))
        })
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        self.0.state().readers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.change(|state| state.readers -= 1);
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        poll_fn(|context| {
            let mut state = self.0.state();
            if state.is_readable() {
                return Poll::Ready(());
            }
            state.wait(context);
            Poll::Pending
        })
        .await;
    }
}

#[async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.0.change(|state| {
            if size > 0 && state.unread.is_empty() && state.writers == 0 {
                return Err(StreamError::Closed);
            }
            Ok(state.take(size))
        })
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let mut state = self.0.state();
            if !state.is_readable() {
                state.wait(context);
                return Poll::Pending;
            }
        }
        let bytes = self.0.change(|state| state.take(buffer.remaining()));
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

/// The writing end; clones are the same end.
#[derive(Debug)]
pub(crate) struct Writer(Arc<Shared>);

impl Clone for Writer {
    fn clone(&self) -> Self {
        self.0.state().writers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.change(|state| state.writers -= 1);
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        poll_fn(|context| {
            let mut state = self.0.state();
            if state.is_writable() {
                return Poll::Ready(());
            }
            state.wait(context);
            Poll::Pending
        })
        .await;
    }
}

impl OutputStream for Writer {
    /// Takes all of `bytes`: what was permitted a moment ago is taken though another writer was quicker, so a pipe may
    /// hold as many times its capacity as it has writers.
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.change(|state| {
            if state.readers == 0 {
                return Err(StreamError::Closed);
            }
            state.unread.extend(bytes.iter());
            Ok(())
        })
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let state = self.0.state();
        match state.readers {
            0 => Err(StreamError::Closed),
            _ => Ok(state.room()),
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let room = {
            let mut state = self.0.state();
            if !state.is_writable() {
                state.wait(context);
                return Poll::Pending;
            }
            if state.readers == 0 {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            state.room().min(bytes.len())
        };
        self.0.change(|state| state.unread.extend(&bytes[..room]));
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_in_order_and_then_the_end_is_seen() {
        let (mut reader, mut writer) = pipe();
        writer.write(Bytes::from_static(b"one ")).unwrap();
        writer.write(Bytes::from_static(b"two")).unwrap();
        drop(writer);
        reader.ready().await;
        assert_eq!(reader.read(5).unwrap(), "one t");
        assert_eq!(reader.read(5).unwrap(), "wo");
        assert!(matches!(reader.read(5), Err(StreamError::Closed)));
    }

    #[tokio::test]
    async fn a_line_is_taken_without_what_follows_it() {
        let (reader, mut writer) = pipe();
        assert_eq!(reader.read_until(b'\n', 100).unwrap(), "");
        writer.write(Bytes::from_static(b"one\ntwo\nrest")).unwrap();
        assert_eq!(reader.read_until(b'\n', 100).unwrap(), "one\n");
        assert_eq!(reader.read_until(b'\n', 2).unwrap(), "tw");
        assert_eq!(reader.read_until(b'\n', 100).unwrap(), "o\n");
        assert_eq!(reader.read_until(b'\n', 100).unwrap(), "rest");
        drop(writer);
        assert_eq!(reader.read_until(b'\n', 100), None);
    }

    #[tokio::test]
    async fn the_end_comes_only_when_every_writer_is_gone() {
        let (mut reader, writer) = pipe();
        let other = writer.clone();
        drop(writer);
        assert_eq!(reader.read(1).unwrap(), "");
        let waiting = tokio::time::timeout(Duration::from_millis(20), reader.ready());
        assert!(waiting.await.is_err(), "a writer is left");
        drop(other);
        reader.ready().await;
        assert!(matches!(reader.read(1), Err(StreamError::Closed)));
    }

    #[tokio::test]
    async fn a_writer_waits_for_room_and_is_told_when_nobody_reads_any_more() {
        let (mut reader, mut writer) = pipe();
        writer.write(vec![0; CAPACITY].into()).unwrap();
        assert_eq!(writer.check_write().unwrap(), 0);
        let mut waiting = writer.clone();
        let room = tokio::spawn(async move {
            waiting.ready().await;
            waiting.check_write().unwrap()
        });
        assert_eq!(reader.read(100).unwrap().len(), 100);
        assert_eq!(room.await.unwrap(), 100);
        drop(reader);
        assert!(matches!(writer.check_write(), Err(StreamError::Closed)));
        assert!(matches!(writer.write("x".into()), Err(StreamError::Closed)));
    }

    #[tokio::test]
    async fn a_megabyte_goes_through_between_tasks() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut reader, mut writer) = pipe();
        let sent: Vec<u8> = (0..1 << 20).map(|n: u32| n as u8).collect();
        let copy = sent.clone();
        let writing = tokio::spawn(async move { writer.write_all(&copy).await });
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(received, sent);
    }
}
