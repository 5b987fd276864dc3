//! Files that a command plugin brings along: the library of an interpreter, for example. Every command of a call finds
//! them, read-only, as it finds `/usr/lib` on Unix; they go through the gate and the audit like all others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_permissions::{Access, Extent, Grant, GrantKind, Policy};

use super::derived::Derived;
use super::mount::{Mount, MountError, MountPoint, open_mount};

/// The opened folders of one plugin.
#[derive(Debug)]
pub(crate) struct Brought {
    /// The plugin's whole folder, so that nothing in it can be changed through a grant of a folder above.
    grant: Grant,
    mounts: Vec<Mount>,
}

impl Brought {
    /// Opens `files`, folders below `folder` by the guest path at which they are to be found; none if there are none.
    pub(crate) fn open(
        folder: &Path,
        files: &BTreeMap<PathBuf, PathBuf>,
    ) -> Result<Option<Self>, MountError> {
        if files.is_empty() {
            return Ok(None);
        }
        let real = |path: &Path| {
            let real = path.canonicalize();
            real.map_err(|source| MountError::new(path, source))
        };
        let folder = real(folder)?;
        let mut mounts = Vec::new();
        for (guest, beside) in files {
            let host = real(&folder.join(beside))?;
            if !host.starts_with(&folder) {
                let leads_out = std::io::Error::other("it is a link that leads out of the plugin");
                return Err(MountError::new(&folder.join(beside), leads_out));
            }
            mounts.push(open_mount(&MountPoint {
                guest: guest.clone(),
                host,
                extent: Extent::Tree,
            })?);
        }
        Ok(Some(Self {
            grant: Grant::tree(folder, GrantKind::Mount, Access::Read),
            mounts,
        }))
    }

    pub(super) fn mounts(&self) -> impl Iterator<Item = Mount> {
        self.mounts.iter().cloned()
    }
}

/// The grants for what the commands of one call find beside the agent's own files.
#[derive(Debug, Default)]
pub(super) struct Beside {
    grants: Vec<Grant>,
    granted: Derived,
}

impl Beside {
    pub(super) fn of<'a>(brought: impl IntoIterator<Item = &'a Brought>) -> Self {
        let grants = brought.into_iter().map(|brought| brought.grant.clone());
        Self {
            grants: grants.collect(),
            granted: Derived::default(),
        }
    }

    /// The policy with the grants. A path that it grants already stays as it is granted.
    pub(super) fn granted_by(&self, policy: Arc<Policy>) -> Arc<Policy> {
        if self.grants.is_empty() {
            return policy;
        }
        self.granted.from(policy, |policy| {
            let mut whole = policy.clone();
            for grant in &self.grants {
                if whole.grants.iter().all(|other| other.path != grant.path) {
                    whole = whole.with_grant(grant.clone());
                }
            }
            whole
        })
    }
}
