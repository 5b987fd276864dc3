//! Makes a directory hold what a manifest lists, with contents from the store.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Mode, OFlags};

use super::contents::Contents;
use super::manifest::{Entry, Manifest, Name, Node, Time};
use super::objects::Objects;
use super::trail::Trail;
use super::tree::{Tally, TreeError};

/// Makes the entries of `manifest` in the empty directory `destination`. Modes and times of modification are those
/// listed, but directories stay accessible to their owner, so that they can be removed again.
///
/// # Errors
/// An entry cannot be made, or its contents are missing from the store or damaged there.
pub(super) fn place(
    manifest: &Manifest,
    objects: &Objects,
    destination: BorrowedFd<'_>,
) -> Result<Tally, TreeError> {
    let mut placing = Placing {
        trail: Trail::new(destination),
        open: Vec::new(),
        objects,
        tally: Tally::default(),
    };
    for entry in &manifest.entries {
        placing.leave_to(entry.depth)?;
        placing.make(entry)?;
    }
    placing.leave_to(0)?;
    Ok(placing.tally)
}

struct Placing<'a> {
    trail: Trail<'a>,
    /// Modes and times of the directories of the trail, which are set last: each entry made in a directory changes
    /// its times.
    open: Vec<(Mode, Time)>,
    objects: &'a Objects,
    tally: Tally,
}

impl Placing<'_> {
    fn leave_to(&mut self, depth: usize) -> Result<(), TreeError> {
        while self.open.len() > depth
            && let Some((mode, modified)) = self.open.pop()
        {
            self.trail.back_to(self.open.len() + 1);
            let set = self.trail.here().and_then(|directory| {
                rustix::fs::fchmod(directory, mode)?;
                Ok(rustix::fs::futimens(directory, &modified.to_set())?)
            });
            set.map_err(TreeError::at("set mode and times of", || self.trail.path()))?;
        }
        self.trail.back_to(depth);
        Ok(())
    }

    fn make(&mut self, entry: &Entry) -> Result<(), TreeError> {
        let made = match &entry.node {
            Node::Directory { mode } => self.directory(entry, *mode),
            Node::File { mode, size, digest } => {
                let contents = Contents {
                    digest: *digest,
                    size: *size,
                };
                self.file(entry, *mode, contents)
            }
            Node::Link { target } => self.link(entry, target),
        };
        made.map_err(TreeError::at("create", || {
            self.trail.path_of(&entry.name.0)
        }))
    }

    fn directory(&mut self, entry: &Entry, mode: u32) -> io::Result<()> {
        rustix::fs::mkdirat(self.trail.here()?, &entry.name.0, Mode::RWXU)?;
        self.trail.enter(&entry.name.0)?;
        self.open
            .push((Mode::from_raw_mode(mode) | Mode::RWXU, entry.modified));
        Ok(())
    }

    fn file(&mut self, entry: &Entry, mode: u32, contents: Contents) -> io::Result<()> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let private = Mode::RUSR | Mode::WUSR;
        let parent = self.trail.here()?;
        let file = File::from(rustix::fs::openat(parent, &entry.name.0, flags, private)?);
        self.objects.place(contents, &file)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        rustix::fs::futimens(&file, &entry.modified.to_set())?;
        self.tally.files += 1;
        self.tally.bytes += contents.size;
        Ok(())
    }

    fn link(&mut self, entry: &Entry, target: &Name) -> io::Result<()> {
        let parent = self.trail.here()?;
        rustix::fs::symlinkat(&target.0, parent, &entry.name.0)?;
        let times = entry.modified.to_set();
        rustix::fs::utimensat(parent, &entry.name.0, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        self.tally.files += 1;
        Ok(())
    }
}
