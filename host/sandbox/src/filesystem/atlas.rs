//! Where pinned directories really are.
//!
//! The kernel tells it for every handle, at the price of about one more open. Within a call the handle and the answer
//! are kept for a path that was resolved without a link, as long as the directory is where it was then.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::handle;

/// Directories remembered at one time, each with an open handle; a guest can make more.
const CAPACITY: usize = 64;

/// Where a directory is, and how it compares names.
#[derive(Debug, Clone)]
pub(super) struct Location {
    /// The real path.
    pub(super) path: Arc<Path>,
    /// It takes names that differ only in case for the same.
    pub(super) folds_case: bool,
}

impl Location {
    /// Asks the kernel.
    pub(super) fn learn(directory: &File) -> rustix::io::Result<Self> {
        Ok(Self {
            path: handle::real_path(directory)?.into(),
            folds_case: handle::folds_case(directory),
        })
    }
}

/// Directories that a call has pinned, by the guest path that led to them without a link.
#[derive(Debug, Default)]
pub(super) struct Atlas(HashMap<Box<str>, Known>);

/// A pinned directory.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) handle: Arc<File>,
    pub(super) location: Location,
}

impl Known {
    /// True while the directory is where it was. The path that led there then, without a link, leads there now: what it
    /// leads to is not looked up, since a link put in its place could lead to the same directory elsewhere.
    fn is_still_there(&self) -> bool {
        handle::real_path(&self.handle).is_ok_and(|path| *path == *self.location.path)
    }
}

impl Atlas {
    /// The directory to which the guest path `text` led before, if it leads there now.
    pub(super) fn known(&self, text: &str) -> Option<&Known> {
        self.0.get(text).filter(|known| known.is_still_there())
    }

    /// Learns where `directory` is, to which the guest path `text` leads without a link, and keeps it.
    pub(super) fn learn(
        &mut self,
        text: &str,
        directory: &Arc<File>,
    ) -> rustix::io::Result<Location> {
        let location = Location::learn(directory)?;
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        let known = Known {
            handle: Arc::clone(directory),
            location: location.clone(),
        };
        self.0.insert(text.into(), known);
        Ok(location)
    }
}
