//! An open file of the guest's, and the streams over it.
//!
//! What a descriptor allowed when it was opened is not enough: a grant may end while it is held. Each use asks whether
//! the policy in force is still the one that allowed it and decides anew if not. Each use is also counted: bytes against
//! the quotas, and the first read in favour of removing the file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{Bytes, BytesMut};
use massgen_permissions::{Access, Operation, Policy, Rule};
use rustix::io::{Errno, ReadWriteFlags};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::gate::{Call, forbidden};
use super::ledger::{Identity, Quota};
use super::{alias, handle};

/// Bytes read in one step, at most; what one host call may allocate.
const READ_STEP: usize = 256 << 10;

/// Bytes taken for writing in one step, at most.
pub(super) const WRITE_STEP: usize = 1 << 20;

/// A regular file that the guest has open.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: Arc<File>,
    /// Where it was when it was opened.
    real: PathBuf,
    call: Arc<Call>,
    allowed: Mutex<Allowed>,
    /// Which file it is, once it was looked at; at the latest when its bytes are asked for.
    identity: OnceLock<Identity>,
    read: AtomicBool,
}

/// What a policy has allowed to be done with an open file.
#[derive(Debug)]
struct Allowed {
    policy: Arc<Policy>,
    operations: Vec<Operation>,
}

impl OpenFile {
    pub(super) fn new(
        file: Arc<File>,
        identity: Option<Identity>,
        real: PathBuf,
        call: Arc<Call>,
        policy: Arc<Policy>,
        operations: Vec<Operation>,
    ) -> Self {
        Self {
            file,
            real,
            call,
            allowed: Mutex::new(Allowed { policy, operations }),
            identity: identity.map_or_else(OnceLock::new, OnceLock::from),
            read: AtomicBool::new(false),
        }
    }

    /// Refuses a use that the policy in force does not allow, or no longer does.
    pub(super) fn still_allows(&self, operation: Operation) -> Result<(), Errno> {
        let now = self.call.policy();
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&now, &allowed.policy) {
            *allowed = Allowed {
                policy: Arc::clone(&now),
                operations: Vec::new(),
            };
        }
        if allowed.operations.contains(&operation) {
            return Ok(());
        }
        self.decide(&now, operation)?;
        allowed.operations.push(operation);
        Ok(())
    }

    /// Decides about an operation on a file that was opened under another policy, or for something else. Where it is now
    /// counts, and where else it is: a name made while a grant held must not keep the file open to changes.
    fn decide(&self, policy: &Policy, operation: Operation) -> Result<(), Errno> {
        let stat = rustix::fs::fstat(&self.file)?;
        let is_named = stat.st_nlink > 0;
        let place = handle::real_path(&self.file).ok();
        let place = place.filter(|path| alias::is_same_file(path, &stat));
        let aliased = || {
            let rule = Rule::HardLinkAlias;
            let error = self.call.refuse_rule(policy, rule, &self.real, operation);
            Err(error)
        };
        let real = match place {
            Some(place) => place,
            // The name by which it was opened is gone, and it has others.
            None if is_named => return aliased(),
            // A removed file is nowhere; it is judged by where it was.
            None => self.real.clone(),
        };
        self.call
            .check(policy, &real, operation)
            .map_err(|decision| forbidden(decision, operation))?;
        let changes = operation.needs() == Access::Write;
        if changes && stat.st_nlink > 1 && !alias::every_name_is_writable(policy, &stat) {
            return aliased();
        }
        Ok(())
    }

    /// Reads at most `length` bytes at `position`; none at the end of the file.
    pub(super) fn read_at(&self, length: usize, position: u64) -> Result<Bytes, Errno> {
        self.read_part(length, position, |bytes| bytes.len())
    }

    /// Reads at most `length` bytes at `position` up to the first `delimiter`, which is among them; none at the end.
    pub(super) fn read_until(
        &self,
        delimiter: u8,
        length: usize,
        position: u64,
    ) -> Result<Bytes, Errno> {
        self.read_part(length, position, |bytes| {
            let found = bytes.iter().position(|byte| *byte == delimiter);
            found.map_or(bytes.len(), |place| place + 1)
        })
    }

    /// Reads at most `length` bytes at `position`, of which the guest is given as many as `wanted` says.
    fn read_part(
        &self,
        length: usize,
        position: u64,
        wanted: impl FnOnce(&[u8]) -> usize,
    ) -> Result<Bytes, Errno> {
        self.still_allows(Operation::Read)?;
        let identity = self.identity()?;
        let mut bytes = BytesMut::zeroed(length.min(READ_STEP));
        let found = retry(|| self.file.read_at(&mut bytes, position))?;
        bytes.truncate(found);
        let count = wanted(&bytes);
        bytes.truncate(count);
        self.call
            .trail
            .moved(Operation::Read, &self.real, count as u64);
        // Reading nothing, or beyond the end, shows nothing; but an empty file has been seen whole.
        if count > 0 || (position == 0 && length > 0) {
            self.was_read(identity);
        }
        Ok(bytes.freeze())
    }

    /// Which file it is. Refuses what is no file: something else may have taken the name when it was opened, and to
    /// read it could make the host wait.
    fn identity(&self) -> Result<Identity, Errno> {
        if let Some(known) = self.identity.get() {
            return Ok(*known);
        }
        let Some(identity) = Identity::of_file(&self.file)? else {
            let policy = self.call.policy();
            let rule = Rule::SpecialFile;
            return Err(self
                .call
                .refuse_rule(&policy, rule, &self.real, Operation::Read));
        };
        Ok(*self.identity.get_or_init(|| identity))
    }

    fn was_read(&self, identity: Identity) {
        if !self.read.swap(true, Ordering::Relaxed) {
            self.call.ledger().learn(identity);
        }
    }

    /// Writes all of `bytes` at `position`.
    pub(super) fn write_at(&self, bytes: &[u8], position: u64) -> Result<(), Errno> {
        let end = position.saturating_add(bytes.len() as u64);
        self.admit(bytes, end)?;
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            match retry(|| self.file.write_at(rest, position + done as u64))? {
                0 => return Err(Errno::NOSPC),
                count => done += count,
            }
        }
        Ok(())
    }

    /// Writes all of `bytes` behind what the file holds, as one step with finding out where that is.
    fn append(&self, bytes: &[u8]) -> Result<(), Errno> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = rustix::fs::fstat(&self.file)?.st_size;
            let length = u64::try_from(length).unwrap_or_default();
            self.admit(rest, length.saturating_add(rest.len() as u64))?;
            let part = [std::io::IoSlice::new(rest)];
            let append = ReadWriteFlags::APPEND;
            let count =
                rustix::io::retry_on_intr(|| rustix::io::pwritev2(&self.file, &part, 0, append))?;
            if count == 0 {
                return Err(Errno::NOSPC);
            }
            rest = &rest[count..];
        }
        Ok(())
    }

    /// Writes all of `bytes` where `at` says, and moves it on.
    pub(super) fn write_on(&self, bytes: &[u8], at: &mut At) -> Result<(), Errno> {
        match at {
            At::Position(position) => {
                self.write_at(bytes, *position)?;
                *position += bytes.len() as u64;
                Ok(())
            }
            At::End => self.append(bytes),
        }
    }

    /// Takes bytes out of the budget, which may refuse them.
    fn admit(&self, bytes: &[u8], end: u64) -> Result<(), Errno> {
        self.still_allows(Operation::Write)?;
        let count = bytes.len() as u64;
        self.within(self.call.budget.write(count, end))?;
        self.call.trail.moved(Operation::Write, &self.real, count);
        Ok(())
    }

    /// Gives the file a new length.
    pub(super) fn set_length(&self, length: u64) -> Result<(), Errno> {
        self.still_allows(Operation::Write)?;
        self.within(self.call.budget.grow(length))?;
        rustix::fs::ftruncate(&self.file, length)
    }

    fn within(&self, budget: Result<(), Quota>) -> Result<(), Errno> {
        budget.map_err(|quota| {
            let policy = self.call.policy();
            self.call
                .over_quota(&policy, quota, &self.real, Operation::Write);
            Errno::DQUOT
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

fn retry<T>(mut operation: impl FnMut() -> std::io::Result<T>) -> Result<T, Errno> {
    loop {
        match operation() {
            Ok(value) => return Ok(value),
            Err(error) => match Errno::from_io_error(&error).unwrap_or(Errno::IO) {
                Errno::INTR => {}
                other => return Err(other),
            },
        }
    }
}

/// Reads a file from a position on. Ready at all times: a file never makes anybody wait (POSIX poll).
pub(super) struct FileInput {
    pub(super) open: Arc<OpenFile>,
    pub(super) position: u64,
}

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.open.read_at(size, self.position).map_err(failed)?;
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        self.position += bytes.len() as u64;
        Ok(bytes)
    }
}

/// Where a stream reads or writes next.
#[derive(Debug)]
pub(super) enum At {
    /// From here on.
    Position(u64),
    /// Always behind what the file holds.
    End,
}

/// Writes a file. What was taken is written before the call returns, so there is nothing to flush.
pub(super) struct FileOutput {
    pub(super) open: Arc<OpenFile>,
    pub(super) at: At,
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.open.write_on(&bytes, &mut self.at).map_err(failed)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_STEP)
    }
}

/// The form in which `filesystem-error-code` finds the system's reason again.
pub(super) fn failed(error: Errno) -> StreamError {
    StreamError::LastOperationFailed(std::io::Error::from(error).into())
}
