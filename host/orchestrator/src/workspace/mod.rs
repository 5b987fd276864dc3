//! The agents' directories on disk: each agent's workspace, the snapshots of it that belong to its answers, and the
//! temporary workspace in which it sees the files of the others (`spec/04` §9). Snapshots are immutable, one an answer
//! label, so an answer is always shown with the files it was given with (`spec/01` O12).
//!
//! All functions block on the disk; async callers run them on a blocking thread.

mod changes;
mod owned;
mod paths;
mod restore;
mod tree;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use massgen_config::AgentId;
use rustix::fs::{AtFlags, Mode, RenameFlags};
use rustix::io::Errno;

use crate::answer::AnswerLabel;
use owned::Owned;

pub use changes::Changes;
pub use owned::MARKER;
pub use paths::normalise_paths;
pub use tree::{Tally, TreeError};

/// Name under which a snapshot is written before it is whole.
const PARTIAL: &str = ".massgen-partial";

/// Where the directories of a run are. All paths are absolute.
#[derive(Debug, Clone)]
pub struct WorkspaceSettings {
    /// The agents in the order of the configuration, each with its workspace if it has one.
    pub agents: Vec<(AgentId, Option<PathBuf>)>,
    /// Holds `<agent>/<label>/` for each snapshot. Emptied when the run starts.
    pub snapshot_storage: PathBuf,
    /// Holds `<agent>/agentN/…`, what each agent sees of the others. Emptied when the run starts.
    pub temporary_parent: PathBuf,
    /// Places that must survive: the current directory, the context paths, the log directory.
    pub keep: Vec<PathBuf>,
}

/// What a directory is for; part of error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// The workspace of an agent (`cwd` in the configuration).
    Workspace(AgentId),
    /// `snapshot_storage`.
    Snapshots,
    /// `agent_temporary_workspace`.
    Temporary,
    /// One of [`WorkspaceSettings::keep`].
    Keep,
    /// A copy for the log.
    Archive,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Use::Workspace(agent) => write!(f, "the workspace (cwd) of agent `{agent}`"),
            Use::Snapshots => f.write_str("the snapshot_storage directory"),
            Use::Temporary => f.write_str("the agent_temporary_workspace directory"),
            Use::Keep => f.write_str("the current directory, a context path or the log directory"),
            Use::Archive => f.write_str("the copy for the log"),
        }
    }
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A path that depends on the current directory.
    #[error("{purpose} `{}` is not an absolute path; give an absolute one", .path.display())]
    Relative {
        /// What the directory is for.
        purpose: Use,
        /// The path given.
        path: PathBuf,
    },
    /// `/`, or a directory right below it (`spec/04` F1, F2).
    #[error(
        "{purpose} `{}` is too near to the root of the filesystem to be emptied; choose a directory at least two levels deep",
        .path.display()
    )]
    TooShallow {
        /// What the directory is for.
        purpose: Use,
        /// The path given, or where it really leads.
        path: PathBuf,
    },
    /// Two directories of which emptying one would harm the other.
    #[error(
        "{first} `{}` and {second} `{}` must be apart from each other; choose directories of which none holds the other",
        .first_path.display(), .second_path.display()
    )]
    Overlap {
        /// What the one directory is for.
        first: Use,
        /// Where the one is.
        first_path: PathBuf,
        /// What the other directory is for.
        second: Use,
        /// Where the other is.
        second_path: PathBuf,
    },
    /// A directory with files that MassGen did not put there (`spec/04` F3, F8).
    #[error(
        "{purpose} `{}` holds files that MassGen did not make, and it would be emptied; choose an empty or new directory, or move the files away (if they may be deleted, create an empty file `{MARKER}` in it)",
        .path.display()
    )]
    NotOurs {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
    },
    /// Another run holds the directory.
    #[error(
        "{purpose} `{}` is in use by another run; wait for that run to end, or choose another directory",
        .path.display()
    )]
    InUse {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
    },
    /// A directory could not be created or opened.
    #[error("cannot create or open {purpose} `{}`: {source}", .path.display())]
    Open {
        /// What the directory is for.
        purpose: Use,
        /// The path given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The directory itself could not be read or written.
    #[error("cannot read or write {purpose} `{}`: {source}", .path.display())]
    Access {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An entry of the directory could not be read or written.
    #[error("{purpose} `{}`: {source}", .path.display())]
    Tree {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
        /// Which entry, and the system's reason.
        source: TreeError,
    },
    /// A snapshot of this label exists; snapshots never change.
    #[error(
        "agent `{agent}` already has a snapshot for the answer {label}, and snapshots are never overwritten"
    )]
    SnapshotExists {
        /// Whose snapshot.
        agent: AgentId,
        /// Of which answer.
        label: AnswerLabel,
    },
    /// No such agent in this run.
    #[error("there is no agent `{0}` in this run")]
    UnknownAgent(String),
}

/// An entry that a copy left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Neither file, directory nor link.
    #[error("`{}` was left out: it is a {kind}", .path.display())]
    SpecialFile {
        /// Its path in the tree.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// It could not be opened, or it vanished meanwhile.
    #[error("`{}` was left out, it cannot be read: {error}", .path.display())]
    Unreadable {
        /// Its path in the tree.
        path: PathBuf,
        /// The system's reason.
        error: String,
    },
}

/// The immutable copy of a workspace that belongs to one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose workspace.
    pub agent: AgentId,
    /// Which answer.
    pub label: AnswerLabel,
    /// Where the copy is.
    pub path: PathBuf,
    /// What it holds, and what was left out.
    pub tally: Tally,
}

/// What an agent sees of the others' files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Shared {
    /// One folder `agentN` for each answer with files, in the order of the answers given.
    pub folders: Vec<PathBuf>,
    /// What was left out.
    pub warnings: Vec<Warning>,
}

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

    /// Copies the agent's workspace to `snapshot_storage/<agent>/<label>/`. The copy appears under that name when it is
    /// whole, and never changes again. An empty workspace gives an empty snapshot, an agent without one gives none.
    ///
    /// # Errors
    /// There is a snapshot of that label, or the copy cannot be written.
    pub fn snapshot(
        &self,
        agent: &AgentId,
        label: AnswerLabel,
    ) -> Result<Option<Snapshot>, WorkspaceError> {
        let (Some(workspace), Some(stores)) = (&self.member(agent)?.workspace, &self.stores) else {
            return Ok(None);
        };
        let store = &stores.snapshots;
        let failed = |error: io::Error| store.failed(error);
        let folder =
            tree::open_directory(store.handle(), OsStr::new(agent.as_str())).map_err(failed)?;
        let name = label.to_string();
        if tree::stat(&folder, OsStr::new(&name)).is_ok() {
            return Err(WorkspaceError::SnapshotExists {
                agent: agent.clone(),
                label,
            });
        }
        let partial = fresh_directory(&folder, PARTIAL).map_err(failed)?;
        let tally = tree::copy(workspace.handle(), partial.as_fd(), OsStr::new(MARKER))
            .map_err(|source| workspace.tree_failed(source))?;
        match publish(&folder, &name) {
            Err(Errno::EXIST | Errno::NOTEMPTY) => {
                return Err(WorkspaceError::SnapshotExists {
                    agent: agent.clone(),
                    label,
                });
            }
            other => other.map_err(|error| store.failed(error.into()))?,
        }
        let path = store.path().join(agent.as_str()).join(&name);
        Ok(Some(Snapshot {
            agent: agent.clone(),
            label,
            path,
            tally,
        }))
    }

    /// Rebuilds the temporary workspace of an agent from the snapshots that belong to the answers shown to it, one
    /// folder `agentN` an answer. Answers without files give no folder (`spec/04` F15).
    ///
    /// # Errors
    /// The temporary workspace cannot be emptied or written.
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
            let Some(snapshot) = self.open_snapshot(*label)? else {
                continue;
            };
            if tree::names(&snapshot)
                .map_err(|error| stores.snapshots.failed(error))?
                .is_empty()
            {
                continue;
            }
            let name = label.agent.anonymous();
            let copy = fresh_directory(&folder, &name).map_err(failed)?;
            let tally = tree::copy(snapshot.as_fd(), copy.as_fd(), OsStr::new(""))
                .map_err(|source| temporary.tree_failed(source))?;
            shared
                .folders
                .push(temporary.path().join(with.as_str()).join(name));
            shared.warnings.extend(tally.warnings);
        }
        Ok(shared)
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

    /// Copies the agent's workspace as it is now to `destination`, which must not exist; for the log. None if the agent
    /// has no workspace.
    ///
    /// # Errors
    /// `destination` exists or cannot be written.
    pub fn archive(
        &self,
        agent: &AgentId,
        destination: &Path,
    ) -> Result<Option<Tally>, WorkspaceError> {
        let Some(workspace) = &self.member(agent)?.workspace else {
            return Ok(None);
        };
        let open = || -> io::Result<OwnedFd> {
            let parent = destination.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(parent)?;
            let parent = std::fs::File::open(parent)?;
            let name = destination.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            rustix::fs::mkdirat(&parent, name, Mode::RWXU)?;
            tree::open_directory(&parent, name)
        };
        let copy = open().map_err(|source| WorkspaceError::Open {
            purpose: Use::Archive,
            path: destination.to_owned(),
            source,
        })?;
        tree::copy(workspace.handle(), copy.as_fd(), OsStr::new(MARKER))
            .map(Some)
            .map_err(|source| workspace.tree_failed(source))
    }

    /// Copies the winner's workspace to `destination` (`final/<agent>/workspace`), which must not exist, and compares
    /// it with the snapshot of the answer that won. The workspace itself stays as it is. None if the winner has none.
    ///
    /// # Errors
    /// As for [`Workspaces::archive`]; or a file cannot be compared.
    pub fn deliver_final(
        &self,
        winner: &AgentId,
        answer: Option<AnswerLabel>,
        destination: &Path,
    ) -> Result<Option<Delivery>, WorkspaceError> {
        let Some(workspace) = &self.member(winner)?.workspace else {
            return Ok(None);
        };
        let Some(tally) = self.archive(winner, destination)? else {
            return Ok(None);
        };
        workspace.mark()?;
        let snapshot = answer
            .map(|label| self.open_snapshot(label))
            .transpose()?
            .flatten();
        let changes = changes::between(snapshot.as_ref().map(AsFd::as_fd), workspace.handle())
            .map_err(|source| workspace.tree_failed(source))?;
        Ok(Some(Delivery {
            path: destination.to_owned(),
            tally,
            changes,
        }))
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

    /// The snapshot of an answer; none if its agent has no workspace or no snapshot was taken.
    fn open_snapshot(&self, label: AnswerLabel) -> Result<Option<OwnedFd>, WorkspaceError> {
        let owner = self
            .agents
            .get(label.agent.0)
            .ok_or_else(|| WorkspaceError::UnknownAgent(label.agent.anonymous()))?;
        let (Some(_), Some(stores)) = (&owner.workspace, &self.stores) else {
            return Ok(None);
        };
        let open = || {
            let folder =
                tree::open_directory(stores.snapshots.handle(), OsStr::new(owner.id.as_str()))?;
            tree::open_directory(folder, OsStr::new(&label.to_string()))
        };
        match open() {
            Ok(snapshot) => Ok(Some(snapshot)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(stores.snapshots.failed(error)),
        }
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

/// Creates the directory `name`, or empties what a failed attempt left there.
fn fresh_directory(parent: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let directory = tree::open_directory(parent, OsStr::new(name))?;
    tree::clear(directory.as_fd(), OsStr::new("")).map_err(io::Error::other)?;
    Ok(directory)
}

/// Gives the whole snapshot its name, replacing nothing.
fn publish(folder: &OwnedFd, name: &str) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(folder, PARTIAL, folder, name, RenameFlags::NOREPLACE) {
        // Not every filesystem can refuse to replace; a plain rename still replaces no directory that holds anything.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(Errno::EXIST),
                Err(_) => rustix::fs::renameat(folder, PARTIAL, folder, name),
            }
        }
        other => other,
    }
}
