//! What the winner changed in its workspace after the answer that won: a comparison of two trees by contents.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::owned::MARKER;
use super::tree::{self, Listed, TreeError};

/// Files and links that differ between two trees, by their path in the tree, sorted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In the new tree only.
    pub added: Vec<PathBuf>,
    /// In both, with other contents, another target or of another kind.
    pub modified: Vec<PathBuf>,
    /// In the old tree only.
    pub removed: Vec<PathBuf>,
}

/// Compares a workspace with an older state of it; without one, every file is new.
pub(super) fn between(
    old: Option<BorrowedFd<'_>>,
    new: BorrowedFd<'_>,
) -> Result<Changes, TreeError> {
    let marker = OsStr::new(MARKER);
    let mut before = old
        .map(|old| tree::list(old, marker))
        .transpose()?
        .unwrap_or_default();
    let mut changes = Changes::default();
    for (path, entry) in tree::list(new, marker)? {
        match (before.remove(&path), old) {
            (Some(previous), Some(old)) => {
                let same = previous == entry
                    && (matches!(entry, Listed::Link(_)) || tree::same_contents(old, new, &path)?);
                if !same {
                    changes.modified.push(path);
                }
            }
            (None, _) | (_, None) => changes.added.push(path),
        }
    }
    changes.removed = before.into_keys().collect();
    Ok(changes)
}
