//! Snapshots and what is made of them during a run: the files that others see, and an answer's files put back onto
//! their author's desk.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::SystemTime;

use massgen_config::AgentId;

use super::error::WorkspaceError;
use super::manifest::Manifest;
use super::owned::MARKER;
use super::place::place;
use super::publish::{fresh_directory, publish_manifest, read_manifest};
use super::scan::{Scan, scan};
use super::tree::{self, Tally};
use super::{Member, Workspaces};
use crate::answer::AnswerLabel;

/// The immutable copy of a workspace that belongs to one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose workspace.
    pub agent: AgentId,
    /// Which answer.
    pub label: AnswerLabel,
    /// Where its directory is when the run has ended; its manifest is beside that, with `.manifest` after the name.
    pub path: PathBuf,
    /// What it holds, and what was left out.
    pub tally: Tally,
}

/// What an agent sees of the others' files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Shared {
    /// One folder `agentN` for each answer with files, in the order of the answers given.
    pub folders: Vec<PathBuf>,
    /// What they hold together, and what was left out.
    pub tally: Tally,
}

impl Workspaces {
    /// Takes the snapshot of the agent's workspace that belongs to this answer. It appears when it is whole and never
    /// changes again. An empty workspace gives an empty snapshot, an agent without one gives none.
    ///
    /// A file that has not changed since the agent's last snapshot is not read, and contents that any agent's snapshot
    /// holds are not stored again.
    ///
    /// # Errors
    /// There is a snapshot of that label, or the snapshot cannot be written.
    pub fn snapshot(
        &self,
        agent: &AgentId,
        label: AnswerLabel,
    ) -> Result<Option<Snapshot>, WorkspaceError> {
        let member = self.member(agent)?;
        let (Some(_), Some(stores)) = (&member.workspace, &self.stores) else {
            return Ok(None);
        };
        let store = &stores.snapshots;
        let exists = || WorkspaceError::SnapshotExists {
            agent: agent.clone(),
            label,
        };
        let folder = self.snapshots_of(agent)?;
        let name = label.to_string();
        if read_manifest(folder.as_fd(), OsStr::new(&name)).is_ok() {
            return Err(exists());
        }
        let Some(Scan {
            manifest, tally, ..
        }) = self.scan(member)?
        else {
            return Ok(None);
        };
        match publish_manifest(folder.as_fd(), OsStr::new(&name), &manifest) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
            other => other.map_err(|error| store.failed(error))?,
        }
        Ok(Some(Snapshot {
            agent: agent.clone(),
            label,
            path: store.path().join(agent.as_str()).join(name),
            tally,
        }))
    }

    /// Rebuilds the temporary workspace of an agent from the snapshots that belong to the answers shown to it, one
    /// folder `agentN` an answer. Answers without files give no folder (`spec/04` F15).
    ///
    /// # Errors
    /// The temporary workspace cannot be emptied or written, or a snapshot is damaged.
    pub fn share(&self, with: &AgentId, visible: &[AnswerLabel]) -> Result<Shared, WorkspaceError> {
        let (Some(_), Some(stores)) = (&self.member(with)?.workspace, &self.stores) else {
            return Ok(Shared::default());
        };
        let temporary = &stores.temporary;
        let failed = |error: io::Error| temporary.failed(error);
        let folder =
            tree::open_directory(temporary.handle(), OsStr::new(with.as_str())).map_err(failed)?;
        tree::clear(folder.as_fd(), OsStr::new(""))
            .map_err(|source| temporary.tree_failed(source))?;
        let mut shared = Shared::default();
        for label in visible {
            let manifest = self.manifest(*label)?.unwrap_or_default();
            if manifest.entries.is_empty() {
                continue;
            }
            let name = label.agent.anonymous();
            let copy = fresh_directory(folder.as_fd(), OsStr::new(&name)).map_err(failed)?;
            let tally = place(&manifest, &stores.objects()?, copy.as_fd())
                .map_err(|source| temporary.tree_failed(source))?;
            shared
                .folders
                .push(temporary.path().join(with.as_str()).join(name));
            shared.tally.add(tally);
        }
        Ok(shared)
    }

    /// Makes the agent's workspace hold exactly the files of this answer, so that the winner presents with the files
    /// that it was chosen for. An answer without files gives an empty workspace.
    ///
    /// # Errors
    /// The workspace cannot be emptied or written, or the snapshot is damaged.
    pub fn restore(&self, agent: &AgentId, label: AnswerLabel) -> Result<Tally, WorkspaceError> {
        let (Some(workspace), Some(stores)) = (&self.member(agent)?.workspace, &self.stores) else {
            return Ok(Tally::default());
        };
        let manifest = self.manifest(label)?.unwrap_or_default();
        let objects = stores.objects()?;
        workspace.clear()?;
        place(&manifest, &objects, workspace.handle())
            .map_err(|source| workspace.tree_failed(source))
    }

    /// The agent's workspace as it is now, with its contents in the store; none if it has no workspace.
    pub(super) fn scan(&self, member: &Member) -> Result<Option<Scan>, WorkspaceError> {
        let (Some(workspace), Some(stores)) = (&member.workspace, &self.stores) else {
            return Ok(None);
        };
        let mut known = member.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = scan(
            workspace.handle(),
            OsStr::new(MARKER),
            &known,
            &stores.objects()?,
            SystemTime::now(),
        )
        .map_err(|source| workspace.tree_failed(source))?;
        *known = std::mem::take(&mut scan.known);
        Ok(Some(scan))
    }

    /// What belongs to an answer; none if its agent has no workspace or no snapshot was taken.
    pub(super) fn manifest(&self, label: AnswerLabel) -> Result<Option<Manifest>, WorkspaceError> {
        let owner = self
            .agents
            .get(label.agent.0)
            .ok_or_else(|| WorkspaceError::UnknownAgent(label.agent.anonymous()))?;
        let (Some(_), Some(stores)) = (&owner.workspace, &self.stores) else {
            return Ok(None);
        };
        let folder = self.snapshots_of(&owner.id)?;
        match read_manifest(folder.as_fd(), OsStr::new(&label.to_string())) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(stores.snapshots.failed(error)),
        }
    }

    fn snapshots_of(&self, agent: &AgentId) -> Result<OwnedFd, WorkspaceError> {
        let Some(stores) = &self.stores else {
            return Err(WorkspaceError::UnknownAgent(agent.to_string()));
        };
        let store = &stores.snapshots;
        tree::open_directory(store.handle(), OsStr::new(agent.as_str()))
            .map_err(|error| store.failed(error))
    }
}
