//! Looking at entries of directory trees and emptying them, by handles. Each step opens one name relative to a directory
//! that is already open and never follows a symbolic link, so nothing outside the tree can be read or removed. No
//! function recurses, and the number of open handles does not grow with the tree.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::Warning;

/// Prefix of the names under which [`clear`] parks directories that it is about to remove.
const PARKED_PREFIX: &str = ".massgen-removing-";

/// What went wrong at which entry of a tree.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}` in it: {source}", .path.display())]
pub struct TreeError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl TreeError {
    /// The path is made only when there is an error: in a deep tree a path an entry would cost more than the entry.
    pub(super) fn at<P: Into<PathBuf>>(
        action: &'static str,
        path: impl FnOnce() -> P,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self {
            action,
            path: path().into(),
            source,
        }
    }
}

/// What a snapshot or a copy of one holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Regular files and symbolic links; directories are not counted.
    pub files: u64,
    /// Length of all regular files in bytes.
    pub bytes: u64,
    /// Entries that were left out, and why.
    pub warnings: Vec<Warning>,
}

impl Tally {
    /// Counts what another tree holds too.
    pub(super) fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.warnings.extend(other.warnings);
    }
}

/// Opens the directory `name` in `parent`; a symbolic link there is an error.
pub(super) fn open_directory(parent: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
}

/// The names in a directory, sorted, without `.` and `..`.
pub(super) fn names(directory: impl AsFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    names.sort();
    Ok(names)
}

/// The entry itself, never what a link points to.
pub(super) fn stat(parent: impl AsFd, name: &OsStr) -> io::Result<Stat> {
    Ok(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Opens a regular file for reading. What stands under a name may change between two looks, so the handle decides:
/// a pipe that took the file's place neither blocks (`O_NONBLOCK`) nor gets read.
pub(super) fn open_regular(parent: impl AsFd, name: &OsStr) -> io::Result<(File, Stat)> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let handle = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&handle)?;
    if file_type(&stat) != FileType::RegularFile {
        return Err(io::Error::other("it is no longer a regular file"));
    }
    Ok((File::from(handle), stat))
}

pub(super) fn read_link(parent: impl AsFd, name: &OsStr) -> io::Result<OsString> {
    let target = rustix::fs::readlinkat(parent, name, Vec::new())?;
    Ok(OsString::from_vec(target.into_bytes()))
}

pub(super) fn special_kind(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Fifo => "named pipe",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        _ => "special file",
    }
}

/// Removes everything in `root` except a regular file named `except`. Links are removed, not followed.
///
/// A directory that is not empty gives its subdirectories up to `root` before it is removed, so a tree of any depth
/// needs two handles and no recursion.
pub(super) fn clear(root: BorrowedFd<'_>, except: &OsStr) -> Result<(), TreeError> {
    let mut parked = 0;
    loop {
        let mut names = names(root).map_err(TreeError::at("list", || "."))?;
        names.retain(|name| name != except || !is_regular(root, name));
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            remove(root, &name, &mut parked).map_err(TreeError::at("remove", || &name))?;
        }
    }
}

fn is_regular(parent: BorrowedFd<'_>, name: &OsStr) -> bool {
    stat(parent, name).is_ok_and(|stat| file_type(&stat) == FileType::RegularFile)
}

fn remove(root: BorrowedFd<'_>, name: &OsStr, parked: &mut u64) -> io::Result<()> {
    if file_type(&stat(root, name)?) != FileType::Directory {
        return Ok(rustix::fs::unlinkat(root, name, AtFlags::empty())?);
    }
    let directory = open_directory(root, name)?;
    for child in names(&directory)? {
        if file_type(&stat(&directory, &child)?) == FileType::Directory {
            park(directory.as_fd(), &child, root, parked)?;
        } else {
            rustix::fs::unlinkat(&directory, &child, AtFlags::empty())?;
        }
    }
    Ok(rustix::fs::unlinkat(root, name, AtFlags::REMOVEDIR)?)
}

/// Moves a directory to a name in `root` that is free. POSIX `rename` of a directory replaces nothing but an empty one.
fn park(
    parent: BorrowedFd<'_>,
    name: &OsStr,
    root: BorrowedFd<'_>,
    parked: &mut u64,
) -> io::Result<()> {
    if rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR).is_ok() {
        return Ok(());
    }
    loop {
        let target = format!("{PARKED_PREFIX}{parked}");
        *parked += 1;
        match rustix::fs::renameat(parent, name, root, target.as_str()) {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            other => return Ok(other?),
        }
    }
}
