//! An agent's policy as mounts: what a kernel can enforce of it.
//!
//! A policy decides for each operation on each path; a mount is readable, writable or not there. The view is therefore
//! made of the files that exist at the moment and is never wider than the policy: where one mount cannot tell what the
//! policy tells, the narrower is taken.

use std::io;
use std::path::PathBuf;

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
}
