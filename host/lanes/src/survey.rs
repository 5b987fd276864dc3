//! Looking through granted trees: what lies there, and how much of it the policy lets an agent reach.
//!
//! Links are not followed. A lane runs the commands of one agent one after the other, so that nothing of the agent's
//! moves while its files are looked through and mounted.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use massgen_permissions::{GrantKind, Moved, Operation, Policy};

use crate::ViewError;

/// How many files and directories are looked at: as many as an agent may make in a run. Beyond that nothing is shown,
/// since what was not looked at might be hidden.
const MAX_ENTRIES: usize = 200_000;

/// How much of an entry is to be reached, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    Nothing,
    Reading,
    Writing,
}

/// What an entry is, as far as mounts tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    /// Nothing can be mounted on a link.
    Link,
}

/// One file or directory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    /// Its directory, by its position among the entries; none for a root.
    pub(crate) parent: Option<usize>,
    pub(crate) kind: Kind,
    pub(crate) reach: Reach,
    /// May be changed, and neither moved nor removed: it needs a mount of its own, which the kernel keeps in its place.
    pub(crate) pinned: bool,
    /// It is a `.git` or lies in one. A commit needs new files in `.git` itself, which is not writable as a whole, so
    /// that it fails in any case; what else it would write is not mounted one by one.
    in_git: bool,
}

/// Everything that the grants of `policy` hold, a directory before what is in it.
pub(crate) fn entries(policy: &Policy) -> Result<Vec<Entry>, ViewError> {
    let mut survey = Survey {
        roots: policy
            .grants
            .iter()
            .map(|grant| grant.path.clone())
            .collect(),
        closed: closed_directories(policy),
        policy,
        entries: Vec::new(),
        linked: HashMap::new(),
    };
    // A directory comes before what is below it; a grant that was met on the way is a root no more.
    while let Some(root) = survey.roots.pop_first() {
        survey.root(&root)?;
    }
    survey.close_over_links();
    survey.withhold_shared_files();
    Ok(survey.entries)
}

/// Directories in which something must not be made that is not there yet: where it would lie, or the directory above
/// that would have to be made first.
fn closed_directories(policy: &Policy) -> BTreeSet<PathBuf> {
    let is_withheld = |place: &&PathBuf| {
        let may = |operation| policy.decide(place, operation).is_allowed();
        !(may(Operation::Create) && may(Operation::Read) && may(Operation::Remove))
    };
    let missing = policy.fixed_places().iter().filter(|place| {
        matches!(fs::symlink_metadata(place), Err(error) if error.kind() == ErrorKind::NotFound)
    });
    missing
        .filter(is_withheld)
        .filter_map(|place| {
            let mut above = place.ancestors().skip(1);
            above.find(|path| fs::symlink_metadata(path).is_ok())
        })
        .map(Path::to_owned)
        .collect()
}

struct Survey<'a> {
    policy: &'a Policy,
    /// Grants that were not met yet.
    roots: BTreeSet<PathBuf>,
    closed: BTreeSet<PathBuf>,
    entries: Vec<Entry>,
    /// Writable names of files with several names, by the file and the number of its names.
    linked: HashMap<(u64, u64, u64), Vec<usize>>,
}

impl Survey<'_> {
    /// Looks through one tree, depth first, so that the order is the order of mounts.
    fn root(&mut self, root: &Path) -> Result<(), ViewError> {
        let Ok(metadata) = fs::symlink_metadata(root) else {
            return Ok(());
        };
        let mut pending = vec![(root.to_owned(), None, metadata.file_type())];
        while let Some((path, parent, file_type)) = pending.pop() {
            if self.entries.len() >= MAX_ENTRIES {
                return Err(ViewError::TooManyEntries {
                    path: root.to_owned(),
                    limit: MAX_ENTRIES,
                });
            }
            let Some(position) = self.note(path, parent, file_type) else {
                continue;
            };
            let entry = &self.entries[position];
            if entry.kind != Kind::Directory || entry.reach == Reach::Nothing {
                continue;
            }
            for child in self.read(position)? {
                pending.push((child.0, Some(position), child.1));
            }
        }
        Ok(())
    }

    /// What lies in the directory at `position`, in the order of names backwards, as a stack takes it.
    fn read(&mut self, position: usize) -> Result<Vec<(PathBuf, fs::FileType)>, ViewError> {
        let path = &self.entries[position].path;
        let read = || -> io::Result<Vec<_>> {
            let entries = fs::read_dir(path)?.map(|entry| {
                let entry = entry?;
                Ok((entry.path(), entry.file_type()?))
            });
            entries.take(MAX_ENTRIES).collect()
        };
        match read() {
            Ok(mut found) => {
                found.sort_by(|(first, _), (second, _)| second.cmp(first));
                Ok(found)
            }
            // What this user may not list is not shown either: an owner could let itself in later.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                self.entries[position].reach = Reach::Nothing;
                Ok(Vec::new())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(ViewError::Unreadable {
                path: path.clone(),
                source,
            }),
        }
    }

    /// Adds the entry and says where; nothing for one that needs no mount and has nothing below it.
    fn note(
        &mut self,
        path: PathBuf,
        parent: Option<usize>,
        file_type: fs::FileType,
    ) -> Option<usize> {
        self.roots.remove(&path);
        let kind = kind(file_type);
        let is_special = kind == Kind::File && !file_type.is_file();
        if is_special && !is_refused_special(self.policy, &path, file_type) {
            return None;
        }
        let mut reach = match is_special {
            true => Reach::Nothing,
            false => self.reach(&path, kind),
        };
        let is_git = path
            .file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case(".git"));
        let in_git = is_git || parent.is_some_and(|parent| self.entries[parent].in_git);
        if in_git || self.closed.contains(&path) {
            reach = reach.min(Reach::Reading);
        }
        let position = self.entries.len();
        if reach == Reach::Writing && kind == Kind::File {
            self.note_names(&path, position);
        }
        self.entries.push(Entry {
            pinned: reach == Reach::Writing && !may_be_displaced(self.policy, &path, kind),
            path,
            parent,
            kind,
            reach,
            in_git,
        });
        Some(position)
    }

    fn reach(&self, path: &Path, kind: Kind) -> Reach {
        let may = |operation| self.policy.decide(path, operation).is_allowed();
        let is_read = may(Operation::Stat) && may(Operation::List) && may(Operation::Read);
        let is_written = match kind {
            Kind::Directory => may(Operation::Create) && may(Operation::SetTimes),
            Kind::File => may(Operation::Write) && may(Operation::LinkFrom),
            Kind::Link => may_be_displaced(self.policy, path, kind),
        };
        match (is_read, is_written) {
            (true, true) => Reach::Writing,
            (true, false) => Reach::Reading,
            (false, _) => Reach::Nothing,
        }
    }

    fn note_names(&mut self, path: &Path, position: usize) {
        if let Ok(metadata) = fs::symlink_metadata(path)
            && metadata.nlink() > 1
        {
            let file = (metadata.dev(), metadata.ino(), metadata.nlink());
            self.linked.entry(file).or_default().push(position);
        }
    }

    /// A link that must stay as it is closes its directory, as nothing can be mounted on it.
    fn close_over_links(&mut self) {
        for position in 0..self.entries.len() {
            let entry = &self.entries[position];
            if entry.kind == Kind::Link
                && entry.reach < Reach::Writing
                && let Some(parent) = entry.parent
            {
                let directory = &mut self.entries[parent];
                directory.reach = directory.reach.min(Reach::Reading);
                directory.pinned = false;
            }
        }
    }

    /// A file with several names is written only where all of them are writable: another one may lie outside, or be
    /// protected.
    fn withhold_shared_files(&mut self) {
        let linked = std::mem::take(&mut self.linked);
        for ((_, _, names), positions) in linked {
            if (positions.len() as u64) < names {
                for position in positions {
                    self.entries[position].reach = Reach::Reading;
                }
            }
        }
    }
}

fn kind(file_type: fs::FileType) -> Kind {
    if file_type.is_symlink() {
        Kind::Link
    } else if file_type.is_dir() {
        Kind::Directory
    } else {
        Kind::File
    }
}

/// Sockets and pipes lead to other processes, whether or not their file system is read-only. Those in a workspace are an
/// agent's own; devices are dead in every mount.
fn is_refused_special(policy: &Policy, path: &Path, file_type: fs::FileType) -> bool {
    let grant = policy.decide(path, Operation::Stat).grant;
    let kind = grant.and_then(|index| policy.grants.get(index));
    let is_own = kind.is_some_and(|grant| grant.kind == GrantKind::Workspace);
    (file_type.is_socket() || file_type.is_fifo()) && !is_own
}

/// True when the entry may be moved away and removed.
fn may_be_displaced(policy: &Policy, path: &Path, kind: Kind) -> bool {
    let moved = match kind {
        Kind::Directory => Moved::Tree,
        Kind::File => Moved::File,
        Kind::Link => Moved::Link,
    };
    let [away, _] = policy.decide_rename(path, path, moved);
    away.is_allowed() && policy.decide(path, Operation::Remove).is_allowed()
}
