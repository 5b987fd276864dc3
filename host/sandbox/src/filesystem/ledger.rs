//! What an agent has done so far in this turn: which files it has read, and how much it has written.
//!
//! The ledger is the agent's, shared by all its calls and so by all its tools; a [`Budget`] is one call's share of it.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use massgen_config::Limits;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Statx, StatxFlags};
use rustix::io::Errno;

use super::handle;

/// One file, whatever its name. A file that takes over the inode number of a removed one differs in its time of birth,
/// where the system keeps one (`spec/04` D18 mended).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    device: (u32, u32),
    inode: u64,
    born: (i64, u32),
}

impl Identity {
    /// The file behind an open handle.
    pub(super) fn of_handle(file: impl AsFd) -> rustix::io::Result<Self> {
        let flags = AtFlags::EMPTY_PATH;
        Ok(Self::of(&rustix::fs::statx(file, "", flags, Self::FIELDS)?))
    }

    /// The regular file behind an open handle; of anything else, none.
    pub(super) fn of_file(file: impl AsFd) -> rustix::io::Result<Option<Self>> {
        Self::of_found_file(file, OsStr::new(""), AtFlags::EMPTY_PATH)
    }

    /// The regular file that `name` stands for in `parent`, itself and not by a link; of anything else, none.
    pub(super) fn of_file_name(
        parent: impl AsFd,
        name: &OsStr,
    ) -> rustix::io::Result<Option<Self>> {
        Self::of_found_file(parent, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    fn of_found_file(
        at: impl AsFd,
        name: &OsStr,
        flags: AtFlags,
    ) -> rustix::io::Result<Option<Self>> {
        let fields = Self::FIELDS | StatxFlags::TYPE;
        let found = rustix::fs::statx(at, name, flags, fields)?;
        let kind = FileType::from_raw_mode(found.stx_mode.into());
        Ok((kind == FileType::RegularFile).then(|| Self::of(&found)))
    }

    /// The file that `name` stands for in `parent`; of a link, the link.
    pub(super) fn of_name(parent: impl AsFd, name: &OsStr) -> rustix::io::Result<Self> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(Self::of(&rustix::fs::statx(
            parent,
            name,
            flags,
            Self::FIELDS,
        )?))
    }

    const FIELDS: StatxFlags = StatxFlags::INO.union(StatxFlags::BTIME);

    fn of(found: &Statx) -> Self {
        let born = if found.stx_mask & StatxFlags::BTIME.bits() == 0 {
            (0, 0)
        } else {
            (found.stx_btime.tv_sec, found.stx_btime.tv_nsec)
        };
        Self {
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            born,
        }
    }
}

/// The names of generated things, which nobody needs to read before they go (`spec/04` D13, matched by whole
/// components as D15 mends it).
const GENERATED_NAMES: [&str; 14] = [
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".coverage",
    ".tox",
    ".nox",
    "node_modules",
    ".next",
    ".nuxt",
    "dist",
    "build",
    ".DS_Store",
    "Thumbs.db",
];

/// The endings of generated names.
const GENERATED_ENDINGS: [&str; 7] = [".pyc", ".pyo", ".egg-info", ".log", ".swp", ".swo", "~"];

/// True when a path, relative to the root of the grant that covers it, is that of something generated.
pub(super) fn is_generated(below_root: &Path) -> bool {
    below_root.components().any(|component| {
        let name = component.as_os_str();
        GENERATED_NAMES.iter().any(|generated| name == *generated)
            || name.to_str().is_some_and(|name| {
                GENERATED_ENDINGS
                    .iter()
                    .any(|ending| name.len() > ending.len() && name.ends_with(ending))
            })
    })
}

/// Entries looked at before a tree counts as unknown; a guest is not interrupted meanwhile.
const WALKED_ENTRIES: usize = 10_000;

/// Changed paths that are remembered, for people to read.
const CHANGES_KEPT: usize = 1_000;

/// What all calls of one agent have read and written.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: Mutex<HashSet<Identity>>,
    /// Paths that the agent was allowed to change outside its workspace.
    changed: Mutex<BTreeSet<PathBuf>>,
    written_bytes: AtomicU64,
    new_files: AtomicU64,
}

impl Ledger {
    /// The agent changes a path outside its workspace.
    pub(super) fn changes(&self, path: &Path) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.len() < CHANGES_KEPT && !changed.contains(path) {
            changed.insert(path.to_owned());
        }
    }

    /// The paths outside its workspace that the agent changed, sorted.
    pub(super) fn changed(&self) -> Vec<PathBuf> {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.iter().cloned().collect()
    }

    /// The agent has seen bytes of the file, or has made it.
    pub(super) fn learn(&self, file: Identity) {
        self.known().insert(file);
    }

    /// True when the agent has read or made the file.
    pub(super) fn knows(&self, file: Identity) -> bool {
        self.known().contains(&file)
    }

    /// The file is gone; its number may be given to another.
    pub(super) fn forget(&self, file: Identity) {
        self.known().remove(&file);
    }

    /// True when the agent knows every regular file below `directory` that is not generated. A tree too large to be
    /// looked through counts as one that it does not know.
    pub(super) fn knows_all_below(&self, directory: &File) -> rustix::io::Result<bool> {
        let mut pending = vec![PathBuf::new()];
        let mut seen = 0;
        while let Some(below) = pending.pop() {
            let folder = match below.as_os_str().is_empty() {
                true => directory.try_clone().map_err(|_| Errno::MFILE)?,
                false => handle::open_directory_beneath(directory, &below)?,
            };
            // A handle that only marks a place cannot be read.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let readable = rustix::fs::openat(&folder, ".", flags, Mode::empty())?;
            for entry in Dir::new(readable)? {
                let entry = entry?;
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                if name == "." || name == ".." {
                    continue;
                }
                seen += 1;
                if seen > WALKED_ENTRIES {
                    return Ok(false);
                }
                let path = below.join(name);
                let kind = handle::metadata(&folder, name)?.map(|stat| handle::file_type(&stat));
                match kind {
                    Some(FileType::Directory) => pending.push(path),
                    Some(FileType::RegularFile) if !is_generated(&path) => {
                        if !self.knows(Identity::of_name(&folder, name)?) {
                            return Ok(false);
                        }
                    }
                    Some(_) | None => {}
                }
            }
        }
        Ok(true)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<Identity>> {
        // A set is whole after any panic: each operation on it is one step.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which limit on writing was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quota {
    /// `sandbox.written`.
    CallBytes,
    /// `sandbox.written_per_agent`.
    AgentBytes,
    /// `sandbox.new_files`.
    CallFiles,
    /// `sandbox.new_files_per_agent`.
    AgentFiles,
    /// `sandbox.largest_file`.
    LargestFile,
}

/// What one call may still write.
#[derive(Debug)]
pub(super) struct Budget {
    ledger: Arc<Ledger>,
    limits: Limits,
    written_bytes: AtomicU64,
    new_files: AtomicU64,
}

impl Budget {
    pub(super) fn new(ledger: Arc<Ledger>, limits: Limits) -> Self {
        Self {
            ledger,
            limits,
            written_bytes: AtomicU64::new(0),
            new_files: AtomicU64::new(0),
        }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes `bytes` that will reach up to the position `end` of a file. Taken at once, so that calls at the same time
    /// cannot spend the same bytes; what a failed write leaves over is not given back.
    pub(super) fn write(&self, bytes: u64, end: u64) -> Result<(), Quota> {
        self.grow(end)?;
        take(&self.written_bytes, bytes, self.limits.written_bytes).ok_or(Quota::CallBytes)?;
        let of_agent = &self.ledger.written_bytes;
        take(of_agent, bytes, self.limits.written_bytes_per_agent).ok_or(Quota::AgentBytes)
    }

    /// Checks the length that a file is to have.
    pub(super) fn grow(&self, length: u64) -> Result<(), Quota> {
        if length > self.limits.largest_file {
            return Err(Quota::LargestFile);
        }
        Ok(())
    }

    /// Takes one new name.
    pub(super) fn create(&self) -> Result<(), Quota> {
        take(&self.new_files, 1, self.limits.new_files).ok_or(Quota::CallFiles)?;
        let of_agent = &self.ledger.new_files;
        take(of_agent, 1, self.limits.new_files_per_agent).ok_or(Quota::AgentFiles)
    }

    /// The limit in words: its key in the configuration and its number.
    pub(super) fn explain(&self, quota: Quota) -> String {
        let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
        let (what, number, key) = match quota {
            Quota::CallBytes => (
                "one call may write",
                mebibytes(self.limits.written_bytes),
                "written",
            ),
            Quota::AgentBytes => (
                "the agent may write in this run",
                mebibytes(self.limits.written_bytes_per_agent),
                "written_per_agent",
            ),
            Quota::CallFiles => (
                "one call may make",
                format!("{} files", self.limits.new_files),
                "new_files",
            ),
            Quota::AgentFiles => (
                "the agent may make in this run",
                format!("{} files", self.limits.new_files_per_agent),
                "new_files_per_agent",
            ),
            Quota::LargestFile => (
                "a file may hold",
                mebibytes(self.limits.largest_file),
                "largest_file",
            ),
        };
        format!("{what} no more than {number} (`sandbox.{key}`)")
    }
}

/// Adds `amount` unless that goes beyond `limit`.
fn take(counter: &AtomicU64, amount: u64, limit: u64) -> Option<()> {
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(amount).filter(|sum| *sum <= limit)
        })
        .ok()
        .map(|_| ())
}
