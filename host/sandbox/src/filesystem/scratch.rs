//! The private `/tmp` of one call: an empty directory of the host's that exists as long as the call. It is a mount with
//! a grant of its own, and so goes through the gate, the quotas and the audit like every other.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::Dir;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::handle;
use super::mount::{Mount, Target};

/// Where commands find it.
pub(super) const PLACE: &str = "/tmp";

/// A directory that is removed, with all that is in it, when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    parent: File,
    name: OsString,
    directory: Arc<File>,
    grant: Grant,
    /// A policy and the one that was made of it by adding the grant, until there is another.
    made: Mutex<Option<(Arc<Policy>, Arc<Policy>)>>,
}

impl Scratch {
    /// A new directory among the host's temporary ones, with a place in it for every mount that lies below `/tmp`.
    pub(super) fn new<'a>(mounts: impl IntoIterator<Item = &'a Mount>) -> io::Result<Self> {
        let parent = handle::open_root(&std::env::temp_dir())?;
        let name = make_directory(&parent)?;
        let directory = Arc::new(handle::open_child_directory(&parent, &name)?);
        let root = handle::real_path(&directory)?;
        let scratch = Self {
            parent,
            name,
            directory,
            grant: Grant::tree(root, GrantKind::Workspace, Access::Write),
            made: Mutex::default(),
        };
        for mount in mounts {
            scratch.make_place(mount)?;
        }
        Ok(scratch)
    }

    pub(super) fn mount(&self) -> Mount {
        Mount {
            at: super::mount::components(Path::new(PLACE)),
            target: Target::Tree(Arc::clone(&self.directory)),
        }
    }

    /// The policy with the grant of this directory.
    pub(super) fn granted_by(&self, policy: Arc<Policy>) -> Arc<Policy> {
        // Both are replaced as one, so a panic leaves a pair that belongs together.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((of, whole)) if Arc::ptr_eq(of, &policy) => Arc::clone(whole),
            _ => {
                let whole = Arc::new(policy.with_grant(self.grant.clone()));
                *made = Some((policy, Arc::clone(&whole)));
                whole
            }
        }
    }

    /// Makes the directories that lead to a mount below this one, so that a walk finds them.
    fn make_place(&self, mount: &Mount) -> io::Result<()> {
        let place = super::mount::components(Path::new(PLACE));
        let Some(below) = mount.at.strip_prefix(place.as_slice()) else {
            return Ok(());
        };
        let leading = match mount.target {
            Target::Tree(_) => below,
            Target::File { .. } => below.split_last().map_or(below, |(_, leading)| leading),
        };
        let mut stand = Arc::clone(&self.directory);
        for name in leading {
            match rustix::fs::mkdirat(&stand, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            stand = Arc::new(handle::open_child_directory(&stand, name)?);
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let removed = self
            .parent
            .try_clone()
            .map(Dir::from_std_file)
            .and_then(|parent| parent.remove_dir_all(&self.name));
        if let Err(error) = removed {
            tracing::warn!(%error, name = ?self.name, "a call's temporary directory was not removed");
        }
    }
}

/// Makes a directory of a name that nobody can guess, which only this user may enter.
fn make_directory(parent: &File) -> io::Result<OsString> {
    loop {
        let mut random = [0; 12];
        getrandom(&mut random, GetRandomFlags::empty())?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("massgen-tmp-{digits}");
        match rustix::fs::mkdirat(parent, OsStr::new(&name), Mode::RWXU) {
            Ok(()) => return Ok(name.into()),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
