//! Directories whose contents belong to MassGen. A directory is emptied only if it was empty when MassGen took it over
//! or bears the marker that MassGen leaves then (`spec/04` F3, F8): a user's own files are never removed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::tree;
use super::{Use, WorkspaceError};

/// The file that marks a directory as ours.
pub const MARKER: &str = ".massgen-owned";
const MARKER_TEXT: &str = "MassGen owns this directory and empties it when a run starts. Keep files of your own elsewhere.\n";
/// `/tmp/x` has three: the root, `tmp` and `x` (`spec/04` F2).
const MIN_COMPONENTS: usize = 3;

/// An open directory whose contents we may remove. It is locked against other runs as long as this value lives.
#[derive(Debug)]
pub(super) struct Owned {
    handle: OwnedFd,
    path: PathBuf,
    purpose: Use,
}

impl Owned {
    /// Creates the directory if need be and opens it. Nothing in it is touched yet. A link may lead to it, so the place
    /// where it really is gets checked.
    pub(super) fn open(path: &Path, purpose: Use) -> Result<Self, WorkspaceError> {
        let open = || -> io::Result<(OwnedFd, PathBuf)> {
            std::fs::create_dir_all(path)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let handle = rustix::fs::open(path, flags, Mode::empty())?;
            let real = real_path(handle.as_fd())?;
            Ok((handle, real))
        };
        let (handle, real) = open().map_err(|source| WorkspaceError::Open {
            purpose: purpose.clone(),
            path: path.to_owned(),
            source,
        })?;
        check_place(&real, &purpose)?;
        Ok(Self {
            handle,
            path: real,
            purpose,
        })
    }

    /// Takes the directory over: locks it, demands that it is empty or marked, and marks it.
    pub(super) fn claim(&self) -> Result<(), WorkspaceError> {
        // A filesystem without locks costs the check for a second run, and nothing else.
        let locked = rustix::fs::flock(&self.handle, FlockOperation::NonBlockingLockExclusive);
        if locked == Err(Errno::WOULDBLOCK) {
            return Err(WorkspaceError::InUse {
                purpose: self.purpose.clone(),
                path: self.path.clone(),
            });
        }
        let names = tree::names(&self.handle).map_err(|source| self.failed(source))?;
        if names.is_empty() || self.is_marked() {
            return self.mark();
        }
        Err(WorkspaceError::NotOurs {
            purpose: self.purpose.clone(),
            path: self.path.clone(),
        })
    }

    /// Empties the directory and renews the marker, which whoever wrote into the directory may have removed.
    pub(super) fn clear(&self) -> Result<(), WorkspaceError> {
        tree::clear(self.handle(), OsStr::new(MARKER))
            .map_err(|source| self.tree_failed(source))?;
        self.mark()
    }

    /// Writes the marker unless it is there.
    pub(super) fn mark(&self) -> Result<(), WorkspaceError> {
        if self.is_marked() {
            return Ok(());
        }
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        rustix::fs::openat(&self.handle, MARKER, flags, mode)
            .map_err(io::Error::from)
            .and_then(|marker| File::from(marker).write_all(MARKER_TEXT.as_bytes()))
            .map_err(|source| self.failed(source))
    }

    fn is_marked(&self) -> bool {
        tree::open_regular(&self.handle, OsStr::new(MARKER)).is_ok()
    }

    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    /// The real, absolute path, learnt from the handle.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn purpose(&self) -> &Use {
        &self.purpose
    }

    pub(super) fn failed(&self, source: io::Error) -> WorkspaceError {
        WorkspaceError::Access {
            purpose: self.purpose.clone(),
            path: self.path.clone(),
            source,
        }
    }

    pub(super) fn tree_failed(&self, source: tree::TreeError) -> WorkspaceError {
        WorkspaceError::Tree {
            purpose: self.purpose.clone(),
            path: self.path.clone(),
            source,
        }
    }
}

/// Refuses places that must not be emptied whatever they hold.
pub(super) fn check_place(path: &Path, purpose: &Use) -> Result<(), WorkspaceError> {
    if !path.is_absolute() {
        return Err(WorkspaceError::Relative {
            purpose: purpose.clone(),
            path: path.to_owned(),
        });
    }
    if path.components().count() < MIN_COMPONENTS {
        return Err(WorkspaceError::TooShallow {
            purpose: purpose.clone(),
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Where an open directory really is.
#[cfg(target_vendor = "apple")]
fn real_path(handle: BorrowedFd<'_>) -> io::Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let path = rustix::fs::getpath(handle)?;
    Ok(PathBuf::from(OsStr::from_bytes(path.as_bytes())))
}

/// Where an open directory really is (`proc(5)`, `/proc/self/fd`).
#[cfg(not(target_vendor = "apple"))]
fn real_path(handle: BorrowedFd<'_>) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", handle.as_raw_fd()))
}
