//! The contents of all files of a run's snapshots, each stored once under its digest. Objects are written aside,
//! renamed when they are whole and never changed; nothing links to them, so no file of an agent shares their inode.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::contents::{self, BLOCK, Contents, PassError};
use super::tree;

/// The folder of the objects. No agent id begins with a full stop.
pub(super) const OBJECTS: &str = ".objects";

const READ_ONLY: Mode = Mode::RUSR.union(Mode::RGRP).union(Mode::ROTH);

/// Numbers unfinished objects. One process at a time holds the folder (`Owned::claim`).
static NEXT_PARTIAL: AtomicU64 = AtomicU64::new(0);

/// The open store.
#[derive(Debug)]
pub(super) struct Objects {
    folder: OwnedFd,
}

impl Objects {
    /// Opens the store below `parent`, and creates it if need be.
    pub(super) fn open(parent: BorrowedFd<'_>) -> io::Result<Self> {
        match rustix::fs::mkdirat(parent, OBJECTS, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let folder = tree::open_directory(parent, OsStr::new(OBJECTS))?;
        Ok(Self { folder })
    }

    /// Stores the contents of an open regular file, unless they are stored already. A file of one block is read once
    /// and written only if it is new; of a longer one the store takes a copy (a clone where the filesystem can), and
    /// drops it if it is not new.
    pub(super) fn put(&self, source: &File, stat: &Stat) -> Result<Contents, PassError> {
        if stat.st_size as u64 > BLOCK as u64 {
            return self.put_long(source, stat);
        }
        let mut bytes = Vec::new();
        let contents = contents::pass(source, stat, |_, block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        self.put_short(&bytes, contents)
            .map_err(PassError::Writing)?;
        Ok(contents)
    }

    fn put_short(&self, bytes: &[u8], contents: Contents) -> io::Result<()> {
        if self.holds(contents) {
            return Ok(());
        }
        let partial = Partial::create(self)?;
        partial.file.write_all_at(bytes, 0)?;
        partial.file.set_len(contents.size)?;
        partial.publish(contents)
    }

    fn put_long(&self, source: &File, stat: &Stat) -> Result<Contents, PassError> {
        let partial = Partial::create(self).map_err(PassError::Writing)?;
        let contents = if contents::share_blocks(source, &partial.file) {
            // What is hashed is the clone, which nobody else can change.
            let stat = rustix::fs::fstat(&partial.file)
                .map_err(|error| PassError::Writing(error.into()))?;
            contents::pass(&partial.file, &stat, |_, _| Ok(()))?
        } else {
            contents::copy(source, stat, &partial.file)?
        };
        if !self.holds(contents) {
            partial.publish(contents).map_err(PassError::Writing)?;
        }
        Ok(contents)
    }

    /// Gives the empty file `destination` the contents of that digest, and verifies them. A clone saves the disk and the
    /// writing; it is read all the same, so that nobody is shown other files than those of the answer.
    pub(super) fn place(&self, contents: Contents, destination: &File) -> io::Result<()> {
        let name = contents.digest.to_string();
        let (object, stat) =
            tree::open_regular(&self.folder, OsStr::new(&name)).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("its stored contents ({OBJECTS}/{name}) cannot be read: {error}"),
                )
            })?;
        let placed = if contents::share_blocks(&object, destination) {
            let stat = rustix::fs::fstat(destination)?;
            contents::pass(destination, &stat, |_, _| Ok(()))?
        } else {
            contents::copy(&object, &stat, destination)?
        };
        match placed == contents {
            true => Ok(()),
            false => Err(damaged(&name)),
        }
    }

    /// A wrong length is what an interrupted system leaves behind; such an object is replaced.
    fn holds(&self, contents: Contents) -> bool {
        let name = contents.digest.to_string();
        tree::stat(&self.folder, OsStr::new(&name)).is_ok_and(|stat| {
            tree::file_type(&stat) == FileType::RegularFile && stat.st_size as u64 == contents.size
        })
    }

    /// Removes all objects. The empty folder stays.
    pub(super) fn clear(&self) -> Result<(), tree::TreeError> {
        tree::clear(self.folder.as_fd(), OsStr::new(""))
    }
}

fn damaged(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "its stored contents ({OBJECTS}/{name}) are damaged: they no longer have this digest"
        ),
    )
}

/// An object that is not whole yet; removed unless it is published.
struct Partial<'a> {
    folder: BorrowedFd<'a>,
    name: String,
    file: File,
}

impl<'a> Partial<'a> {
    fn create(objects: &'a Objects) -> io::Result<Self> {
        let name = format!(".partial-{}", NEXT_PARTIAL.fetch_add(1, Ordering::Relaxed));
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = rustix::fs::openat(&objects.folder, name.as_str(), flags, mode)?;
        Ok(Self {
            folder: objects.folder.as_fd(),
            name,
            file: file.into(),
        })
    }

    /// Replaces at most an object of the same digest.
    fn publish(self, contents: Contents) -> io::Result<()> {
        rustix::fs::fchmod(&self.file, READ_ONLY)?;
        let name = contents.digest.to_string();
        rustix::fs::renameat(self.folder, &self.name, self.folder, &name)?;
        Ok(())
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        // After publication there is no such name any more.
        let _ = rustix::fs::unlinkat(self.folder, &self.name, AtFlags::empty());
    }
}
