//! Copies of workspaces for the log. Those of answers and votes are manifests while the run goes on, so that keeping
//! them costs next to nothing then; the winner's is a directory at once.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use massgen_config::AgentId;
use rustix::fs::Mode;

use super::Workspaces;
use super::changes::{self, Changes};
use super::error::{Use, WorkspaceError};
use super::manifest::Manifest;
use super::place::place;
use super::publish::publish_manifest;
use super::scan::Scan;
use super::tree::{self, Tally};
use crate::answer::AnswerLabel;

/// The winner's workspace as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where the copy is.
    pub path: PathBuf,
    /// What it holds, and what was left out.
    pub tally: Tally,
    /// What differs from the files of the answer that won.
    pub changes: Changes,
}

impl Workspaces {
    /// Keeps the agent's workspace as it is now for the log: writes `<destination>.manifest`, which
    /// [`Workspaces::unfold`] makes the directory `destination`. None if the agent has no workspace.
    ///
    /// # Errors
    /// There is a manifest already, or it or the store cannot be written.
    pub fn archive(
        &self,
        agent: &AgentId,
        destination: &Path,
    ) -> Result<Option<Tally>, WorkspaceError> {
        let Some(Scan {
            manifest, tally, ..
        }) = self.scan(self.member(agent)?)?
        else {
            return Ok(None);
        };
        log_manifest(destination, &manifest)?;
        Ok(Some(tally))
    }

    /// Keeps the files of an answer for the log, like [`Workspaces::archive`] and without looking at the workspace
    /// again. An answer without a snapshot has nothing to keep.
    ///
    /// # Errors
    /// As for [`Workspaces::archive`]; or the snapshot cannot be read.
    pub fn archive_answer(
        &self,
        label: AnswerLabel,
        destination: &Path,
    ) -> Result<(), WorkspaceError> {
        match self.manifest(label)? {
            Some(manifest) => log_manifest(destination, &manifest),
            None => Ok(()),
        }
    }

    /// Copies the winner's workspace to `destination` (`final/<agent>/workspace`), which must not exist, and compares
    /// it with the snapshot of the answer that won. The workspace itself stays as it is. None if the winner has none.
    ///
    /// # Errors
    /// `destination` exists or cannot be written, or a snapshot cannot be read.
    pub fn deliver_final(
        &self,
        winner: &AgentId,
        answer: Option<AnswerLabel>,
        destination: &Path,
    ) -> Result<Option<Delivery>, WorkspaceError> {
        let member = self.member(winner)?;
        let (Some(workspace), Some(stores)) = (&member.workspace, &self.stores) else {
            return Ok(None);
        };
        let Some(Scan {
            manifest, tally, ..
        }) = self.scan(member)?
        else {
            return Ok(None);
        };
        let failed = |source| failed(destination, source);
        let (parent, name) = parent(destination).map_err(failed)?;
        let create = || {
            rustix::fs::mkdirat(&parent, &name, Mode::RWXU)?;
            tree::open_directory(&parent, &name)
        };
        let copy = create().map_err(failed)?;
        place(&manifest, &stores.objects()?, copy.as_fd()).map_err(|source| {
            WorkspaceError::Tree {
                purpose: Use::Archive,
                path: destination.to_owned(),
                source,
            }
        })?;
        workspace.mark()?;
        let before = answer.map(|label| self.manifest(label)).transpose()?;
        Ok(Some(Delivery {
            path: destination.to_owned(),
            tally,
            changes: changes::between(&before.flatten().unwrap_or_default(), &manifest),
        }))
    }
}

fn log_manifest(destination: &Path, manifest: &Manifest) -> Result<(), WorkspaceError> {
    parent(destination)
        .and_then(|(folder, name)| publish_manifest(folder.as_fd(), &name, manifest))
        .map_err(|source| failed(destination, source))
}

/// The folder of `destination`, which is created if need be, and the name in it.
fn parent(destination: &Path) -> io::Result<(OwnedFd, OsString)> {
    let folder = destination.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name: &OsStr = destination.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((std::fs::File::open(folder)?.into(), name.to_owned()))
}

fn failed(destination: &Path, source: io::Error) -> WorkspaceError {
    WorkspaceError::Open {
        purpose: Use::Archive,
        path: destination.to_owned(),
        source,
    }
}
