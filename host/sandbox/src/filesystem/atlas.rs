//! Where pinned directories really are.
//!
//! The kernel tells it for every handle, at the price of about one more open. Within a call the handle and the answer
//! are kept for a path that was resolved without a link, as long as each name on the way leads where it led then.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Stat;

use super::handle;

/// Directories remembered at one time; a guest can make more. Each holds a handle for every name on its way.
const CAPACITY: usize = 16;

/// Names on the way to a remembered directory; beyond these the kernel is asked each time.
const LONGEST_WAY: usize = 5;

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
    /// The root of its mount, whose handle is the grant.
    pub(super) root: Arc<File>,
    /// The names from there to it.
    pub(super) below: PathBuf,
    /// The same, as they were found.
    way: Vec<Step>,
    pub(super) handle: Arc<File>,
    pub(super) location: Location,
}

/// One name on the way: the directory that holds it, and what it stood for.
#[derive(Debug)]
struct Step {
    directory: Arc<File>,
    name: OsString,
    device: u64,
    inode: u64,
}

impl Step {
    /// True while the name stands for the same directory, itself and not by a link.
    fn holds(&self) -> bool {
        handle::metadata(&self.directory, &self.name)
            .is_ok_and(|stat| stat.is_some_and(|stat| self.is(&stat)))
    }

    fn is(&self, stat: &Stat) -> bool {
        (stat.st_dev, stat.st_ino) == (self.device, self.inode)
    }
}

impl Atlas {
    /// The directory to which the guest path `text` led before, if it leads there now: every name on the way still
    /// stands for what it stood for. That is quicker than asking the kernel again where the handle is.
    pub(super) fn known(&self, text: &str) -> Option<&Known> {
        self.remembered(text)
            .filter(|known| known.way.iter().all(Step::holds))
    }

    /// The directory to which the guest path `text` led before, wherever it leads now.
    pub(super) fn remembered(&self, text: &str) -> Option<&Known> {
        self.0.get(text)
    }

    /// Learns where `directory` is, to which the guest path `text` leads without a link, `below` a mount's `root`. It is
    /// kept unless the way is long or changes at this moment.
    pub(super) fn learn(
        &mut self,
        text: &str,
        root: &Arc<File>,
        below: &Path,
        directory: &Arc<File>,
    ) -> rustix::io::Result<Location> {
        let location = Location::learn(directory)?;
        let Some(way) = way(root, below, directory)? else {
            return Ok(location);
        };
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        let known = Known {
            root: Arc::clone(root),
            below: below.to_owned(),
            way,
            handle: Arc::clone(directory),
            location: location.clone(),
        };
        self.0.insert(text.into(), known);
        Ok(location)
    }
}

/// The way from `root` to `directory`, if it is short and leads there now.
fn way(
    root: &Arc<File>,
    below: &Path,
    directory: &Arc<File>,
) -> rustix::io::Result<Option<Vec<Step>>> {
    let mut way: Vec<Step> = Vec::new();
    let mut at = Arc::clone(root);
    for name in below {
        if way.len() == LONGEST_WAY {
            return Ok(None);
        }
        let child = match handle::open_child_directory(&at, name) {
            Ok(child) => Arc::new(child),
            Err(_) => return Ok(None),
        };
        let stat = rustix::fs::fstat(&child)?;
        way.push(Step {
            directory: std::mem::replace(&mut at, child),
            name: name.to_owned(),
            device: stat.st_dev,
            inode: stat.st_ino,
        });
    }
    let end = rustix::fs::fstat(directory)?;
    let leads_there = way.last().is_none_or(|step| step.is(&end));
    Ok(leads_there.then_some(way))
}
