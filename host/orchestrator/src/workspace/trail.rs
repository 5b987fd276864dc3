//! A place in a directory tree, reached by single steps from an open root: each step opens one name relative to a handle
//! and never follows a symbolic link. The number of open handles does not grow with the depth.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use super::tree::open_directory;

/// Directory handles that a [`Trail`] keeps open; below that depth it walks again.
const KEPT_HANDLES: usize = 64;

/// A directory below a root, reached by single steps.
pub(super) struct Trail<'a> {
    root: BorrowedFd<'a>,
    names: Vec<OsString>,
    /// Handles of the first `min(names.len(), KEPT_HANDLES)` directories.
    kept: Vec<OwnedFd>,
    /// Device and inode of each directory below those.
    deep_ids: Vec<(u64, u64)>,
    /// The last handle used below `kept`, and its depth, which may exceed that of the trail by now.
    deep: Option<(usize, OwnedFd)>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(root: BorrowedFd<'a>) -> Self {
        Self {
            root,
            names: Vec::new(),
            kept: Vec::new(),
            deep_ids: Vec::new(),
            deep: None,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.names.len()
    }

    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.names
            .iter()
            .map(OsString::as_os_str)
            .chain([name])
            .collect()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.names.iter().collect()
    }

    pub(super) fn back_to(&mut self, depth: usize) {
        self.names.truncate(depth);
        self.kept.truncate(depth);
        self.deep_ids.truncate(depth.saturating_sub(KEPT_HANDLES));
        if depth <= KEPT_HANDLES {
            self.deep = None;
        }
    }

    pub(super) fn enter(&mut self, name: &OsStr) -> io::Result<()> {
        let child = open_directory(self.here()?, name)?;
        if self.depth() < KEPT_HANDLES {
            self.kept.push(child);
        } else {
            self.deep_ids.push(identity(&child)?);
            self.deep = Some((self.depth() + 1, child));
        }
        self.names.push(name.to_owned());
        Ok(())
    }

    pub(super) fn here(&mut self) -> io::Result<BorrowedFd<'_>> {
        let depth = self.depth();
        if depth <= KEPT_HANDLES {
            return Ok(self.kept.last().map_or(self.root, AsFd::as_fd));
        }
        let handle = match self.deep.take() {
            Some((at, handle)) if at == depth => handle,
            Some((at, handle)) => match self.climb(handle, at - depth)? {
                Some(handle) => handle,
                None => self.walk()?,
            },
            None => self.walk()?,
        };
        Ok(self.deep.insert((depth, handle)).1.as_fd())
    }

    /// Goes up through `..`, and none if that leads elsewhere because a directory was moved meanwhile.
    fn climb(&self, mut handle: OwnedFd, levels: usize) -> io::Result<Option<OwnedFd>> {
        for _ in 0..levels {
            handle = open_directory(&handle, OsStr::new(".."))?;
        }
        let arrived = Some(&identity(&handle)?) == self.deep_ids.last();
        Ok(arrived.then_some(handle))
    }

    /// Goes down again from the deepest handle kept.
    fn walk(&self) -> io::Result<OwnedFd> {
        let mut handle = self
            .kept
            .last()
            .map_or(self.root, AsFd::as_fd)
            .try_clone_to_owned()?;
        for name in &self.names[self.kept.len()..] {
            handle = open_directory(&handle, name)?;
        }
        Ok(handle)
    }
}

fn identity(handle: &OwnedFd) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::fstat(handle)?;
    Ok((stat.st_dev, stat.st_ino))
}
