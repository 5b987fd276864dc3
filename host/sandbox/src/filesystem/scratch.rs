//! The private `/tmp` of one call: an empty directory of the host's that only this user may enter. It is a mount with a
//! grant of its own, and so goes through the gate, the quotas and the audit like every other.
//!
//! Most calls leave it as it was. Such a directory serves a later call of the same agent, for making and removing one
//! waits for the disk; one that was written to is removed with its call.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use cap_std::fs::Dir;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::derived::Derived;
use super::handle;
use super::mount::{Mount, Target};

/// Where commands find it.
pub(super) const PLACE: &str = "/tmp";

/// How the names of the directories begin.
const PREFIX: &str = "massgen-tmp-";

/// Directories kept for later calls; an agent seldom makes more calls than this at one time.
const MOST_SPARE: usize = 4;

/// A directory that is removed, with all that is in it, when this is dropped.
#[derive(Debug)]
struct Directory {
    parent: File,
    name: OsString,
    /// Holds the lock by which other processes know that the directory is in use.
    handle: Arc<File>,
    grant: Grant,
    places: Places,
    granted: Derived,
}

/// Whether a directory was made with others in it, which lead to mounts below `/tmp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Places {
    None,
    Made,
}

/// Empty directories of one agent that wait for its next calls.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Vec<Arc<Directory>>>);

impl Spare {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Directory>>> {
        // Directories are put in and taken out as a whole, so a panic leaves a list that is in order.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `/tmp` of a call with these mounts.
    pub(super) fn scratch(self: &Arc<Self>, mounts: &[Mount]) -> io::Result<Scratch> {
        let waiting = self.lock().pop();
        let directory = match waiting {
            Some(directory) => directory,
            None => Arc::new(Directory::new(mounts)?),
        };
        Ok(Scratch {
            directory,
            spare: Arc::clone(self),
        })
    }
}

/// The directory of one call.
#[derive(Debug)]
pub(super) struct Scratch {
    directory: Arc<Directory>,
    spare: Arc<Spare>,
}

impl Scratch {
    pub(super) fn mount(&self) -> Mount {
        Mount {
            at: super::mount::components(Path::new(PLACE)),
            target: Target::Tree(Arc::clone(&self.directory.handle)),
        }
    }

    /// The policy with the grant of this directory.
    pub(super) fn granted_by(&self, policy: Arc<Policy>) -> Arc<Policy> {
        self.directory.granted_by(policy)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.directory.is_untouched() {
            let mut spare = self.spare.lock();
            if spare.len() < MOST_SPARE {
                spare.push(Arc::clone(&self.directory));
            }
        }
    }
}

impl Directory {
    /// A new directory among the host's temporary ones, with a place in it for every mount that lies below `/tmp`.
    fn new(mounts: &[Mount]) -> io::Result<Self> {
        static SWEPT: Once = Once::new();
        let parent = handle::open_root(&std::env::temp_dir())?;
        SWEPT.call_once(|| {
            if let Err(error) = remove_abandoned(&parent) {
                tracing::warn!(%error, "what killed processes may have left in the temporary folder is not removed");
            }
        });
        let (name, handle) = make(&parent)?;
        let root = handle::real_path(&handle)?;
        let mut directory = Self {
            parent,
            name,
            handle: Arc::new(handle),
            grant: Grant::tree(root, GrantKind::Workspace, Access::Write),
            places: Places::None,
            granted: Derived::default(),
        };
        for mount in mounts {
            directory.make_place(mount)?;
        }
        Ok(directory)
    }

    fn granted_by(&self, policy: Arc<Policy>) -> Arc<Policy> {
        self.granted
            .from(policy, |policy| policy.with_grant(self.grant.clone()))
    }

    /// Makes the directories that lead to a mount below this one, so that a walk finds them.
    fn make_place(&mut self, mount: &Mount) -> io::Result<()> {
        let place = super::mount::components(Path::new(PLACE));
        let Some(below) = mount.at.strip_prefix(place.as_slice()) else {
            return Ok(());
        };
        let leading = match mount.target {
            Target::Tree(_) => below,
            Target::File { .. } => below.split_last().map_or(below, |(_, leading)| leading),
        };
        let mut stand = Arc::clone(&self.handle);
        for name in leading {
            self.places = Places::Made;
            match rustix::fs::mkdirat(&stand, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            stand = Arc::new(handle::open_child_directory(&stand, name)?);
        }
        Ok(())
    }

    /// True when nothing is in it and nothing was.
    fn is_untouched(&self) -> bool {
        self.places == Places::None && is_empty(&self.handle).unwrap_or(false)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.parent, &self.name) {
            tracing::warn!(%error, name = ?self.name, "a call's temporary directory was not removed");
        }
    }
}

fn is_empty(directory: &File) -> io::Result<bool> {
    for entry in rustix::fs::Dir::read_from(directory)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove(parent: &File, name: &OsStr) -> io::Result<()> {
    Dir::from_std_file(parent.try_clone()?).remove_dir_all(name)
}

/// Makes a directory of a name that nobody can guess, which only this user may enter, and locks it.
fn make(parent: &File) -> io::Result<(OsString, File)> {
    loop {
        let mut random = [0; 12];
        getrandom(&mut random, GetRandomFlags::empty())?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = OsString::from(format!("{PREFIX}{digits}"));
        match rustix::fs::mkdirat(parent, &name, Mode::RWXU) {
            Ok(()) => {}
            Err(Errno::EXIST) => continue,
            Err(error) => return Err(error.into()),
        }
        // Another process that sweeps may have been quicker and have removed it; then there is another to be made.
        let locked = open(parent, &name)
            .and_then(|handle| lock(&handle, FlockOperation::LockExclusive).map(|()| handle));
        match locked {
            Ok(handle) if handle::metadata(parent, &name)?.is_some() => return Ok((name, handle)),
            Ok(_) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn open(parent: &File, name: &OsStr) -> rustix::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty()).map(File::from)
}

fn lock(handle: &File, operation: FlockOperation) -> rustix::io::Result<()> {
    rustix::io::retry_on_intr(|| rustix::fs::flock(handle, operation))
}

/// Removes what processes that were killed have left: directories of this user's that nobody holds locked.
fn remove_abandoned(parent: &File) -> io::Result<()> {
    let this_user = rustix::process::geteuid().as_raw();
    for entry in rustix::fs::Dir::new(open(parent, OsStr::new("."))?)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if !name.as_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        // One that cannot be opened is another user's, or has been removed since.
        let Ok(handle) = open(parent, name) else {
            continue;
        };
        let is_ours = rustix::fs::fstat(&handle)?.st_uid == this_user;
        if is_ours && lock(&handle, FlockOperation::NonBlockingLockExclusive).is_ok() {
            match remove(parent, name) {
                // Another process has swept at the same time.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(())
}
