//! Makes directories out of the manifests that a run left in its snapshot storage and in its log, where users look for
//! files. This copies much, so it happens when the agents have done their work.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::AtFlags;

use super::Workspaces;
use super::error::{Use, WorkspaceError};
use super::objects::{OBJECTS, Objects};
use super::owned::Owned;
use super::publish::{self, MANIFEST};
use super::tree::{self, TreeError};

/// `<agent>/<label>.manifest` in the snapshot storage.
const SNAPSHOT_DEPTH: u32 = 1;
/// `<agent>/<time>/workspace.manifest` in the log.
const COPY_DEPTH: u32 = 2;

impl Workspaces {
    /// Ends the work on the files of a run: makes the directory of each snapshot and, in the log folder given, of each
    /// copy, then removes manifests and stored contents. What cannot be made is told and keeps its manifest, and then
    /// all stored contents are kept, until the next run takes the storage over. Snapshots cannot be shared or restored
    /// afterwards.
    pub fn unfold(&self, log: Option<&Path>) -> Vec<WorkspaceError> {
        match &self.stores {
            Some(stores) => unfold(&stores.snapshots, log),
            None => Vec::new(),
        }
    }
}

/// Does for a run that was killed what [`Workspaces::unfold`] does at the end of a run: gives the failures. Nothing is
/// left to do once the next run has taken the snapshot storage over.
///
/// # Errors
/// `snapshot_storage` is no directory of ours, or a run is using it.
pub fn unfold_left_behind(
    snapshot_storage: &Path,
    log: Option<&Path>,
) -> Result<Vec<WorkspaceError>, WorkspaceError> {
    // A mistyped path must not become a directory.
    std::fs::metadata(snapshot_storage).map_err(|source| WorkspaceError::Open {
        purpose: Use::Snapshots,
        path: snapshot_storage.to_owned(),
        source,
    })?;
    let storage = Owned::open(snapshot_storage, Use::Snapshots)?;
    storage.claim()?;
    Ok(unfold(&storage, log))
}

fn unfold(storage: &Owned, log: Option<&Path>) -> Vec<WorkspaceError> {
    let mut failures = Vec::new();
    let mut unfold_all = || -> Result<(), WorkspaceError> {
        let objects = Objects::open(storage.handle()).map_err(|error| storage.failed(error))?;
        let snapshots = Place::snapshots(storage);
        let unfold = |folder: BorrowedFd<'_>, name: &OsStr| publish::unfold(folder, name, &objects);
        snapshots.each_manifest(storage.handle(), SNAPSHOT_DEPTH, &unfold, &mut failures);
        if let Some(log) = log {
            let copies = Place::copies(log);
            let root = File::open(log).map_err(|error| copies.failed(error))?;
            let unfold = |folder: BorrowedFd<'_>, name: &OsStr| {
                publish::unfold(folder, name, &objects)?;
                remove_manifest(folder, name)
            };
            copies.each_manifest(root.as_fd(), COPY_DEPTH, &unfold, &mut failures);
        }
        if failures.is_empty() {
            snapshots.each_manifest(
                storage.handle(),
                SNAPSHOT_DEPTH,
                &remove_manifest,
                &mut failures,
            );
            discard(storage, &objects)?;
        }
        Ok(())
    };
    let ended = unfold_all();
    failures.extend(ended.err());
    failures
}

fn remove_manifest(folder: BorrowedFd<'_>, name: &OsStr) -> Result<(), TreeError> {
    let name = publish::manifest_name(name);
    rustix::fs::unlinkat(folder, &name, AtFlags::empty())
        .map_err(|error| TreeError::at("remove", || &name)(error.into()))
}

fn discard(storage: &Owned, objects: &Objects) -> Result<(), WorkspaceError> {
    objects
        .clear()
        .map_err(|source| storage.tree_failed(source))?;
    rustix::fs::unlinkat(storage.handle(), OBJECTS, AtFlags::REMOVEDIR)
        .map_err(|error| storage.failed(error.into()))
}

/// A directory with manifests in it, for messages.
struct Place {
    path: PathBuf,
    purpose: Use,
}

impl Place {
    fn snapshots(storage: &Owned) -> Self {
        Self {
            path: storage.path().to_owned(),
            purpose: Use::Snapshots,
        }
    }

    fn copies(log: &Path) -> Self {
        Self {
            path: log.to_owned(),
            purpose: Use::Archive,
        }
    }

    fn failed(&self, source: io::Error) -> WorkspaceError {
        WorkspaceError::Access {
            purpose: self.purpose.clone(),
            path: self.path.clone(),
            source,
        }
    }

    /// Lets `act` deal with each manifest in the directories that are `depth` levels below `folder`. Names that begin
    /// with a full stop are not looked at: they are stored contents and what is not whole.
    fn each_manifest(
        &self,
        folder: BorrowedFd<'_>,
        depth: u32,
        act: &dyn Fn(BorrowedFd<'_>, &OsStr) -> Result<(), TreeError>,
        failures: &mut Vec<WorkspaceError>,
    ) {
        let names = match tree::names(folder) {
            Ok(names) => names,
            Err(error) => return failures.push(self.failed(error)),
        };
        let visible = |name: &OsString| !name.as_bytes().starts_with(b".");
        for name in names.into_iter().filter(visible) {
            if depth == 0 {
                let Some(stem) = name.as_bytes().strip_suffix(MANIFEST.as_bytes()) else {
                    continue;
                };
                let stem = OsStr::from_bytes(stem);
                if let Err(source) = act(folder, stem) {
                    failures.push(WorkspaceError::Tree {
                        purpose: self.purpose.clone(),
                        path: self.path.join(stem),
                        source,
                    });
                }
            } else if let Ok(inner) = tree::open_directory(folder, &name) {
                let place = Self {
                    path: self.path.join(&name),
                    purpose: self.purpose.clone(),
                };
                place.each_manifest(inner.as_fd(), depth - 1, act, failures);
            }
        }
    }
}
