//! How many processes a command may have.
//!
//! The kernel counts those of an ordinary user for each user namespace, so that `RLIMIT_NPROC` bounds one command. Of
//! root it counts none; there the controller `pids` of control groups does (cgroups(7), versions 1 and 2).

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Puts itself into the group whose file is its first argument, and becomes the rest.
const JOIN: &str = "echo 0 > \"$0\" && exec \"$@\"";

/// What limits the processes of commands here.
#[derive(Debug)]
pub(crate) enum ProcessLimit {
    /// The limit that each process carries.
    Rlimit,
    /// A control group for each command, below this directory.
    Groups(PathBuf),
}

impl ProcessLimit {
    /// What there is for this user.
    ///
    /// # Errors
    /// For root, where no group can be made.
    pub(crate) fn find() -> io::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Rlimit);
        }
        let version_1 = Path::new("/sys/fs/cgroup/pids");
        let version_2 = Path::new("/sys/fs/cgroup");
        let parent = match version_1.join("cgroup.procs").exists() {
            true => version_1,
            false => version_2,
        };
        let limit = Self::Groups(parent.to_owned());
        limit.group(1).map(|_| limit)
    }

    /// Makes room for one command with at most this many processes and threads.
    pub(crate) fn group(&self, processes: u32) -> io::Result<Group> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let Self::Groups(parent) = self else {
            return Ok(Group(None));
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("massgen-{}-{number}", std::process::id()));
        fs::create_dir(&path)?;
        let group = Group(Some(path.clone()));
        fs::write(path.join("pids.max"), processes.to_string())?;
        Ok(group)
    }
}

/// The room of one command.
pub(crate) struct Group(Option<PathBuf>);

impl Group {
    /// What the command is preceded by, so that it starts in the group.
    pub(crate) fn prefix(&self) -> Vec<OsString> {
        let Some(path) = &self.0 else {
            return Vec::new();
        };
        let procs = path.join("cgroup.procs").into_os_string();
        vec!["/bin/sh".into(), "-c".into(), JOIN.into(), procs]
    }
}

impl Drop for Group {
    /// A group goes when its last process is gone, which the kernel notes a moment later.
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        if fs::remove_dir(&path).is_ok() {
            return;
        }
        std::thread::spawn(move || {
            for _ in 0..50 {
                std::thread::sleep(Duration::from_millis(20));
                if fs::remove_dir(&path).is_ok() {
                    return;
                }
            }
            tracing::warn!("the control group {} cannot be removed", path.display());
        });
    }
}
