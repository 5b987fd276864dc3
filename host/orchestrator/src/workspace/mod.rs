//! The agents' directories on disk: each agent's workspace, the snapshots of it that belong to its answers, and the
//! temporary workspace in which it sees the files of the others (`spec/04` §9). Snapshots are immutable, one an answer
//! label, so an answer is always shown with the files it was given with (`spec/01` O12). While a run goes on, a snapshot
//! is a manifest and contents in a store; when it ends, snapshots and the log's copies are unfolded into directories.
//!
//! All functions block on the disk; async callers run them on a blocking thread.

mod archive;
mod changes;
mod contents;
mod error;
mod manifest;
mod objects;
mod owned;
mod paths;
mod place;
mod publish;
mod scan;
mod snapshot;
mod trail;
mod tree;
mod unfold;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use massgen_config::AgentId;
use rustix::fs::Mode;

use crate::answer::AnswerLabel;
use objects::Objects;
use owned::Owned;
use scan::Known;

pub use archive::Delivery;
pub use changes::Changes;
pub use error::{Use, Warning, WorkspaceError};
pub use owned::MARKER;
pub use paths::normalise_paths;
pub use snapshot::{Shared, Snapshot};
pub use tree::{Tally, TreeError};
pub use unfold::unfold_left_behind;

/// Where the directories of a run are. All paths are absolute.
#[derive(Debug, Clone)]
pub struct WorkspaceSettings {
    /// The agents in the order of the configuration, each with its workspace if it has one.
    pub agents: Vec<(AgentId, Option<PathBuf>)>,
    /// Holds the snapshots, and when the run has ended `<agent>/<label>/` for each. Emptied when the run starts.
    pub snapshot_storage: PathBuf,
    /// Holds `<agent>/agentN/…`, what each agent sees of the others. Emptied when the run starts.
    pub temporary_parent: PathBuf,
    /// Places that must survive: the current directory, the context paths, the log directory.
    pub keep: Vec<PathBuf>,
}

/// The directories of a run, open and locked until this value is dropped.
#[derive(Debug)]
pub struct Workspaces {
    agents: Vec<Member>,
    /// None if no agent has a workspace: then there is nothing to share.
    stores: Option<Stores>,
}

#[derive(Debug)]
struct Member {
    id: AgentId,
    workspace: Option<Owned>,
    /// From the last scan of the workspace. Locked for as long as a scan lasts.
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Stores {
    snapshots: Owned,
    temporary: Owned,
}

impl Workspaces {
    /// Creates, checks, takes over and empties the directories of a run. Nothing is removed before every directory has
    /// passed every check.
    ///
    /// # Errors
    /// A directory is relative, too near to the root, overlaps another one or a place to keep, holds files that are not
    /// ours, is in use by another run, or cannot be accessed.
    pub fn prepare(settings: &WorkspaceSettings) -> Result<Self, WorkspaceError> {
        let places = settings.places();
        places
            .iter()
            .try_for_each(|(purpose, path)| owned::check_place(path, purpose))?;
        check_overlaps(&places, &settings.keep)?;
        let mut agents = Vec::new();
        for (id, path) in &settings.agents {
            let open = |path: &PathBuf| Owned::open(path, Use::Workspace(id.clone()));
            agents.push(Member {
                id: id.clone(),
                workspace: path.as_ref().map(open).transpose()?,
                known: Mutex::default(),
            });
        }
        let any_workspace = agents.iter().any(|agent| agent.workspace.is_some());
        let stores = any_workspace.then(|| Stores::open(settings)).transpose()?;
        let workspaces = Self { agents, stores };

        let real: Vec<(Use, &Path)> = workspaces
            .owned()
            .map(|owned| (owned.purpose().clone(), owned.path()))
            .collect();
        let keep: Vec<PathBuf> = settings
            .keep
            .iter()
            .filter_map(|path| path.canonicalize().ok())
            .collect();
        check_overlaps(&real, &keep)?;
        for owned in workspaces.owned() {
            owned.claim()?;
        }
        for owned in workspaces.owned() {
            owned.clear()?;
        }
        workspaces.make_agent_folders()?;
        Ok(workspaces)
    }

    fn owned(&self) -> impl Iterator<Item = &Owned> {
        let stores = self
            .stores
            .iter()
            .flat_map(|stores| [&stores.snapshots, &stores.temporary]);
        self.agents
            .iter()
            .filter_map(|agent| agent.workspace.as_ref())
            .chain(stores)
    }

    fn make_agent_folders(&self) -> Result<(), WorkspaceError> {
        let Some(stores) = &self.stores else {
            return Ok(());
        };
        for agent in self.agents.iter().filter(|agent| agent.workspace.is_some()) {
            for parent in [&stores.snapshots, &stores.temporary] {
                rustix::fs::mkdirat(parent.handle(), agent.id.as_str(), Mode::RWXU)
                    .map_err(|error| parent.failed(error.into()))?;
            }
        }
        Ok(())
    }

    /// Where the agent works; none if it has no workspace.
    pub fn workspace(&self, agent: &AgentId) -> Option<&Path> {
        Some(self.member(agent).ok()?.workspace.as_ref()?.path())
    }

    /// Where the agent sees the files of the others; none if it has no workspace.
    pub fn temporary(&self, agent: &AgentId) -> Option<PathBuf> {
        self.member(agent).ok()?.workspace.as_ref()?;
        Some(self.stores.as_ref()?.temporary.path().join(agent.as_str()))
    }

    /// The store of all snapshots; none if no agent has a workspace.
    pub(crate) fn snapshots(&self) -> Option<&Path> {
        Some(self.stores.as_ref()?.snapshots.path())
    }

    /// Where the files of an answer are when the run has ended; none if its agent has no workspace.
    pub(crate) fn snapshot_path(&self, label: AnswerLabel) -> Option<PathBuf> {
        let owner = self.agents.get(label.agent.0)?;
        owner.workspace.as_ref()?;
        let folder = self.snapshots()?.join(owner.id.as_str());
        Some(folder.join(label.to_string()))
    }

    /// Empties the agent's workspace. Links in it are removed, what they point to is not.
    ///
    /// # Errors
    /// An entry cannot be removed.
    pub fn clear(&self, agent: &AgentId) -> Result<(), WorkspaceError> {
        self.member(agent)?
            .workspace
            .as_ref()
            .map_or(Ok(()), Owned::clear)
    }

    /// Removes the temporary workspaces. Workspaces, snapshots and logs stay (`spec/04` F19).
    ///
    /// # Errors
    /// An entry cannot be removed.
    pub fn cleanup(&self) -> Result<(), WorkspaceError> {
        self.stores
            .as_ref()
            .map_or(Ok(()), |stores| stores.temporary.clear())
    }

    fn member(&self, agent: &AgentId) -> Result<&Member, WorkspaceError> {
        self.agents
            .iter()
            .find(|member| member.id == *agent)
            .ok_or_else(|| WorkspaceError::UnknownAgent(agent.to_string()))
    }
}

impl WorkspaceSettings {
    /// Every directory that will be emptied.
    fn places(&self) -> Vec<(Use, &Path)> {
        let workspaces = self
            .agents
            .iter()
            .filter_map(|(id, path)| Some((Use::Workspace(id.clone()), path.as_deref()?)));
        let stores = [
            (Use::Snapshots, self.snapshot_storage.as_path()),
            (Use::Temporary, self.temporary_parent.as_path()),
        ];
        workspaces.chain(stores).collect()
    }
}

impl Stores {
    fn open(settings: &WorkspaceSettings) -> Result<Self, WorkspaceError> {
        Ok(Self {
            snapshots: Owned::open(&settings.snapshot_storage, Use::Snapshots)?,
            temporary: Owned::open(&settings.temporary_parent, Use::Temporary)?,
        })
    }

    fn objects(&self) -> Result<Objects, WorkspaceError> {
        Objects::open(self.snapshots.handle()).map_err(|error| self.snapshots.failed(error))
    }
}

/// No directory that will be emptied may hold another one, or a place to keep.
fn check_overlaps(emptied: &[(Use, &Path)], keep: &[PathBuf]) -> Result<(), WorkspaceError> {
    let overlap = |(first, first_path): &(Use, &Path), second: &Use, second_path: &Path| {
        WorkspaceError::Overlap {
            first: first.clone(),
            first_path: first_path.to_path_buf(),
            second: second.clone(),
            second_path: second_path.to_owned(),
        }
    };
    for (index, place) in emptied.iter().enumerate() {
        for (other, other_path) in &emptied[index + 1..] {
            if place.1.starts_with(other_path) || other_path.starts_with(place.1) {
                return Err(overlap(place, other, other_path));
            }
        }
        if let Some(kept) = keep.iter().find(|kept| kept.starts_with(place.1)) {
            return Err(overlap(place, &Use::Keep, kept));
        }
    }
    Ok(())
}
