//! An agent's policy as mounts: what a kernel can enforce of it.
//!
//! A policy decides for each operation on each path; a mount is readable, writable or not there. The view is therefore
//! made of the files that exist at the moment and is never wider than the policy: where one mount cannot tell what the
//! policy tells, the narrower is taken.

use std::io;
use std::path::PathBuf;

use massgen_permissions::Policy;

use crate::survey::{self, Entry, Kind, Reach};

/// How many mounts a view may have. Bubblewrap looks through all of them for each: 500 cost it most of a second.
const MAX_BINDS: usize = 500;

/// How a path is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Readable and writable.
    Writable,
    /// Readable.
    ReadOnly,
    /// Covered by an empty directory that cannot be written.
    EmptyDirectory,
    /// Covered by an empty file that cannot be written.
    EmptyFile,
}

/// A path, the same inside and outside, and how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Real and absolute.
    pub path: PathBuf,
    /// How.
    pub shown: Shown,
}

/// The files of one agent at one moment, as mounts in the order in which they are to be made: a later one covers what an
/// earlier one shows below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The mounts.
    pub binds: Vec<Bind>,
}

impl View {
    /// What `policy` allows at this moment of what exists, in as few mounts as tell it.
    ///
    /// It holds for what is there now: that nothing is made under an excluded or hidden name, or in a place that a rule
    /// with wildcards speaks of, a mount cannot tell. Where a rule names a very place that is still empty, the directory
    /// above is not writable.
    ///
    /// # Errors
    /// When a directory cannot be read, or there is too much to look through or to mount.
    pub fn of(policy: &Policy) -> Result<Self, ViewError> {
        let entries = survey::entries(policy)?;
        // What is seen at the place of each entry with the mounts so far.
        let mut seen: Vec<Reach> = Vec::with_capacity(entries.len());
        let mut binds = Vec::new();
        for entry in &entries {
            let before = entry.parent.map_or(Reach::Nothing, |parent| seen[parent]);
            let bind = bind(entry, before);
            seen.push(match bind {
                Some(_) => entry.reach,
                None => before,
            });
            binds.extend(bind);
        }
        match binds.len() {
            0..=MAX_BINDS => Ok(Self { binds }),
            mounts => Err(ViewError::TooManyMounts { mounts }),
        }
    }
}

/// The mount that makes of what is seen `before` at the entry's place what is to be seen there.
fn bind(entry: &Entry, before: Reach) -> Option<Bind> {
    let is_right = entry.reach == before && !entry.pinned;
    if is_right || entry.kind == Kind::Link {
        return None;
    }
    let shown = match (entry.reach, entry.kind) {
        (Reach::Writing, _) => Shown::Writable,
        (Reach::Reading, _) => Shown::ReadOnly,
        (Reach::Nothing, Kind::Directory) => Shown::EmptyDirectory,
        (Reach::Nothing, _) => Shown::EmptyFile,
    };
    Some(Bind {
        path: entry.path.clone(),
        shown,
    })
}

/// Files that cannot be shown as mounts.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// A directory could not be read.
    #[error(
        "cannot look through {path} for files that agents may not see: {source}. Check that you may read it."
    )]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More than can be looked through before each command.
    #[error(
        "{path} holds more than {limit} files with what else the agent was granted, too many to look through for those \
         it may not see. Grant a smaller directory, or run command lines in the sandbox."
    )]
    TooManyEntries {
        /// The granted directory at which it came to be too much.
        path: PathBuf,
        /// How many are looked at.
        limit: usize,
    },
    /// More mounts than are made before each command.
    #[error(
        "the rules for the agent's files make {mounts} mounts, more than {MAX_BINDS}. Grant smaller directories or write \
         fewer rules, or run command lines in the sandbox."
    )]
    TooManyMounts {
        /// How many.
        mounts: usize,
    },
}
