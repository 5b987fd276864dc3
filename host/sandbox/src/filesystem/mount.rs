//! What a guest is given to see: mounts in a virtual tree, and the policy that decides about each operation on them.
//!
//! A guest holds one descriptor, the virtual root `/`. Below it lie the mounts, each an open handle; the directories
//! above a mount are virtual and show only the way to it. There is nothing else to name, so a path outside every mount
//! reaches no system call at all.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use massgen_config::ReadBeforeDelete;
use massgen_permissions::{Extent, Policy};

use super::brought::{Beside, Brought};
use super::ledger::Ledger;
use super::scratch::{Scratch, Spare};
use super::{device, handle, scratch};
use crate::approval::{Approvals, Approver};
use crate::audit::AuditLog;

/// A place in the guest's tree and the handle behind it.
#[derive(Debug, Clone)]
pub(super) struct Mount {
    /// Absolute path in the guest, as its components.
    pub(super) at: Vec<OsString>,
    pub(super) target: Target,
}

/// What is mounted.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A directory tree.
    Tree(Arc<File>),
    /// One name in a directory that is otherwise not there for the guest.
    File { parent: Arc<File>, name: OsString },
}

/// A guest path and the host path behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    /// Absolute path by which guests name it.
    pub guest: PathBuf,
    /// Real, absolute path on the host.
    pub host: PathBuf,
    /// A tree or one file.
    pub extent: Extent,
}

/// A path that could not be mounted.
#[derive(Debug, thiserror::Error)]
#[error("cannot give agents {path}: {source}. Check that it exists and that you may read it.")]
pub struct MountError {
    /// The host path.
    path: String,
    /// What the system said.
    source: io::Error,
}

impl MountError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.display().to_string(),
            source,
        }
    }
}

/// The files of one agent: mounts, policy and working directory. Shared by all its calls, at the same time too.
#[derive(Debug)]
pub struct GuestFilesystem {
    pub(super) mounts: Vec<Mount>,
    policy: Arc<RwLock<Arc<Policy>>>,
    working_directory: PathBuf,
    /// Held while a call looks a name up and changes it, so that no other call of the agent changes it in between.
    names: Arc<Mutex<()>>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) read_before_delete: ReadBeforeDelete,
    pub(crate) audit: Option<Audit>,
    pub(crate) approvals: Option<Arc<Approvals>>,
    temporary: Temporary,
    beside: Beside,
}

/// Whether commands have a `/tmp` beside the mounts.
#[derive(Debug, Default)]
enum Temporary {
    #[default]
    None,
    /// Each call of a command is to be given one; some may wait for it.
    Promised(Arc<Spare>),
    /// That of one call.
    Given(Scratch),
}

/// Where decisions about an agent's files are recorded, and under which names.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The file.
    pub log: AuditLog,
    /// The run, by the name of its log folder.
    pub run: String,
    /// The agent's id.
    pub agent: String,
}

impl GuestFilesystem {
    /// Mounts every grant of `policy` at its own path, so that a path means the same inside and outside.
    ///
    /// # Errors
    /// When a granted path cannot be opened.
    pub fn mirroring(policy: Policy, working_directory: PathBuf) -> Result<Self, MountError> {
        let points = policy.grants.iter().map(|grant| MountPoint {
            guest: grant.path.clone(),
            host: grant.path.clone(),
            extent: grant.extent,
        });
        let points: Vec<_> = points.collect();
        Self::new(&points, policy, working_directory)
    }

    /// Mounts `points`; `policy` decides by the paths on the host.
    ///
    /// # Errors
    /// When a host path cannot be opened.
    pub fn new(
        points: &[MountPoint],
        policy: Policy,
        working_directory: PathBuf,
    ) -> Result<Self, MountError> {
        let mounts = points.iter().map(open_mount).collect::<Result<_, _>>()?;
        Ok(Self {
            mounts,
            policy: Arc::new(RwLock::new(Arc::new(policy))),
            working_directory,
            names: Arc::default(),
            ledger: Arc::default(),
            read_before_delete: ReadBeforeDelete::default(),
            audit: None,
            approvals: None,
            temporary: Temporary::None,
            beside: Beside::default(),
        })
    }

    /// The same files, with every decision about them recorded.
    #[must_use]
    pub fn audited(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Where decisions about the files are recorded, if anywhere.
    pub const fn audit(&self) -> Option<&Audit> {
        self.audit.as_ref()
    }

    /// The same files, with somebody to ask where a rule says `ask`. Without one it means no.
    #[must_use]
    pub fn approved_by(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approvals = Some(Arc::new(Approvals::new(approver)));
        self
    }

    /// The same files, with another rule for removing what was not read.
    #[must_use]
    pub fn with_read_before_delete(mut self, rule: ReadBeforeDelete) -> Self {
        self.read_before_delete = rule;
        self
    }

    /// The same files, and for each call of a command a private, empty `/tmp`, which counts against the quotas and is
    /// removed with the call. Whatever else is mounted at `/tmp` comes before it.
    #[must_use]
    pub fn with_temporary_directories(mut self) -> Self {
        self.temporary = Temporary::Promised(Arc::default());
        self
    }

    /// These files as the commands of one call are to have them: with what the commands bring along, and with the call's
    /// own `/tmp` where one is promised. What is mounted at one of these places already comes before it. Files that are
    /// those of a call stay as they are.
    ///
    /// # Errors
    /// When the `/tmp` cannot be made.
    pub(crate) fn for_call_of_command<'a>(
        self: &Arc<Self>,
        brought: impl Iterator<Item = &'a Brought> + Clone,
    ) -> io::Result<Arc<Self>> {
        if let Temporary::Given(_) = self.temporary {
            return Ok(Arc::clone(self));
        }
        let mut mounts = self.mounts.clone();
        for mount in brought.clone().flat_map(Brought::mounts) {
            if mounts.iter().all(|other| other.at != mount.at) {
                mounts.push(mount);
            }
        }
        let place = components(Path::new(scratch::PLACE));
        let is_free = || mounts.iter().all(|mount| mount.at != place);
        let temporary = match &self.temporary {
            Temporary::Promised(spare) if is_free() => {
                let scratch = spare.scratch(&mounts)?;
                mounts.push(scratch.mount());
                Temporary::Given(scratch)
            }
            Temporary::None | Temporary::Promised(_) | Temporary::Given(_) => Temporary::None,
        };
        if mounts.len() == self.mounts.len() {
            return Ok(Arc::clone(self));
        }
        Ok(Arc::new(Self {
            mounts,
            policy: Arc::clone(&self.policy),
            working_directory: self.working_directory.clone(),
            names: Arc::clone(&self.names),
            ledger: Arc::clone(&self.ledger),
            read_before_delete: self.read_before_delete,
            audit: self.audit.clone(),
            approvals: self.approvals.clone(),
            temporary,
            beside: Beside::of(brought),
        }))
    }

    /// No files at all.
    pub fn empty() -> Self {
        Self {
            mounts: Vec::new(),
            policy: Arc::new(RwLock::new(Arc::new(Policy::new(Vec::new())))),
            working_directory: "/".into(),
            names: Arc::default(),
            ledger: Arc::default(),
            read_before_delete: ReadBeforeDelete::default(),
            audit: None,
            approvals: None,
            temporary: Temporary::None,
            beside: Beside::default(),
        }
    }

    /// The policy in force now.
    pub fn policy(&self) -> Arc<Policy> {
        // A panic while the lock is held cannot leave half a policy behind: it is replaced as a whole.
        let policy = Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner));
        let policy = match &self.temporary {
            Temporary::Given(scratch) => scratch.granted_by(policy),
            Temporary::None | Temporary::Promised(_) => policy,
        };
        self.beside.granted_by(policy)
    }

    /// Replaces the policy from now on, for calls that are running too.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// Paths outside the agent's workspace that its calls were allowed to change, sorted; at most a thousand.
    pub fn changed_context_paths(&self) -> Vec<PathBuf> {
        self.ledger.changed()
    }

    /// Keeps every other call of the agent from changing names.
    pub(super) fn hold_names(&self) -> MutexGuard<'_, ()> {
        // The lock holds no data that a panic could leave half changed.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory against which guests read relative paths.
    pub fn working_directory(&self) -> &Path {
        &self.working_directory
    }

    /// The mount at exactly this guest path.
    pub(super) fn mount_at(&self, path: &[&OsStr]) -> Option<&Mount> {
        self.mounts.iter().find(|mount| mount.at == path)
    }

    /// The deepest mounted tree at or above this guest path: its place in the list of mounts, and its handle.
    pub(super) fn tree_above(&self, path: &[&OsStr]) -> Option<(usize, &Arc<File>)> {
        let is_above = |mount: &Mount| {
            mount.at.len() <= path.len() && mount.at.iter().zip(path).all(|(a, b)| a == b)
        };
        self.mounts
            .iter()
            .enumerate()
            .filter_map(|(index, mount)| match &mount.target {
                Target::Tree(handle) if is_above(mount) => Some((index, handle)),
                Target::Tree(_) | Target::File { .. } => None,
            })
            .max_by_key(|(index, _)| self.mounts[*index].at.len())
    }

    /// True when a mount lies directly in the directory of this guest path.
    pub(super) fn has_mount_in(&self, directory: &[&OsStr]) -> bool {
        self.mounts.iter().any(|mount| {
            mount.at.len() == directory.len() + 1
                && mount.at.iter().zip(directory).all(|(a, b)| a == b)
        })
    }

    /// True when a mount lies strictly below this guest path.
    pub(super) fn leads_to_mount(&self, path: &[OsString]) -> bool {
        path.is_empty()
            || self
                .mounts
                .iter()
                .any(|mount| mount.at.len() > path.len() && mount.at.starts_with(path))
    }

    /// The names to be seen in a virtual directory, and whether each is a directory.
    pub(super) fn virtual_entries(&self, path: &[OsString]) -> Vec<(OsString, bool)> {
        let mut entries: Vec<(OsString, bool)> = Vec::new();
        for mount in self
            .mounts
            .iter()
            .filter(|mount| mount.at.starts_with(path))
        {
            let Some(name) = mount.at.get(path.len()) else {
                continue;
            };
            let is_directory =
                mount.at.len() > path.len() + 1 || matches!(mount.target, Target::Tree(_));
            if entries.iter().all(|(seen, _)| seen != name) {
                entries.push((name.clone(), is_directory));
            }
        }
        entries.extend(device::entries(path));
        entries.sort();
        entries.dedup_by(|one, other| one.0 == other.0);
        entries
    }
}

/// The components of an absolute path; `.` and `..` do not occur in grants, which are real paths.
pub(super) fn components(path: &Path) -> Vec<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => None,
        })
        .collect()
}

pub(super) fn open_mount(point: &MountPoint) -> Result<Mount, MountError> {
    let failed = |source| MountError::new(&point.host, source);
    let target = match point.extent {
        Extent::Tree => Target::Tree(Arc::new(handle::open_root(&point.host).map_err(failed)?)),
        Extent::File => {
            let no_name = || {
                failed(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "it has no file name",
                ))
            };
            let parent = point.host.parent().ok_or_else(no_name)?;
            let name = point.host.file_name().ok_or_else(no_name)?.to_owned();
            Target::File {
                parent: Arc::new(handle::open_root(parent).map_err(failed)?),
                name,
            }
        }
    };
    Ok(Mount {
        at: components(&point.guest),
        target,
    })
}
