//! An open file with one position for all who hold it, as duplicated file descriptors have.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustix::io::Errno;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, StreamError, StreamResult};

use super::open_file::{At, OpenFile, WRITE_STEP, failed};

/// A file to read from or to write to; clones share the position.
#[derive(Debug, Clone)]
pub(crate) struct SharedFile {
    open: Arc<OpenFile>,
    at: Arc<Mutex<At>>,
}

impl SharedFile {
    pub(super) fn new(open: Arc<OpenFile>, at: At) -> Self {
        Self {
            open,
            at: Arc::new(Mutex::new(at)),
        }
    }

    /// Reads at most `length` bytes and moves on; none at the end of the file.
    pub(crate) fn read_on(&self, length: usize) -> Result<Bytes, Errno> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *at {
            At::Position(position) => {
                let bytes = self.open.read_at(length, *position)?;
                *position += bytes.len() as u64;
                Ok(bytes)
            }
            At::End => Ok(Bytes::new()),
        }
    }

    /// Reads at most `length` bytes up to the first `delimiter`, which is among them, and moves on behind it; none at the
    /// end of the file.
    pub(crate) fn read_until(&self, delimiter: u8, length: usize) -> Result<Bytes, Errno> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *at {
            At::Position(position) => {
                let bytes = self.open.read_until(delimiter, length, *position)?;
                *position += bytes.len() as u64;
                Ok(bytes)
            }
            At::End => Ok(Bytes::new()),
        }
    }

    /// Writes all of `bytes` and moves on.
    pub(crate) fn write_on(&self, bytes: &Bytes) -> Result<(), Errno> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        self.open.write_on(bytes, &mut at)
    }
}

#[async_trait]
impl InputStream for SharedFile {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.read_on(size).map_err(failed)?;
        match bytes.is_empty() {
            true => Err(StreamError::Closed),
            false => Ok(bytes),
        }
    }
}

impl OutputStream for SharedFile {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write_on(&bytes).map_err(failed)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_STEP)
    }
}
