//! Hard links: whether every name of a file lies where writing is allowed.
//!
//! A file with two names is one file. Writing through a name in the workspace changes what a read-only or protected
//! name elsewhere shows, and no path tells so. A file with several names may therefore be changed only when all of
//! them are found where the policy allows writing. Guests cannot make such an alias (a hard link needs write access to
//! its source); this rule is about those that were there before. The cost, a walk of the writable trees, falls only on
//! files with more than one name.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use massgen_permissions::{Operation, Policy};
use rustix::fs::Stat;

/// Directory entries looked at before the walk gives up; giving up refuses the write.
const MAX_ENTRIES: usize = 200_000;

/// True when all `stat.st_nlink` names of the file lie where `policy` allows writing.
pub(super) fn every_name_is_writable(policy: &Policy, stat: &Stat) -> bool {
    let mut seen = HashSet::new();
    let mut budget = MAX_ENTRIES;
    for grant in &policy.grants {
        collect_names(policy, &grant.path, stat, &mut seen, &mut budget);
    }
    // Counted again, since a name that was moved during the walk may have been met twice. A move sets the file's time of
    // change, so that one between two of these looks is noticed too.
    seen.retain(|name: &Name| is_unchanged(&name.path, stat));
    budget > 0 && seen.len() as u64 >= stat.st_nlink
}

/// One directory entry: the directory's identity and the name in it, so that renaming a directory above it does not
/// make it count twice.
struct Name {
    directory: (u64, u64),
    name: OsString,
    path: PathBuf,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.directory == other.directory && self.name == other.name
    }
}

impl Eq for Name {}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.directory.hash(state);
        self.name.hash(state);
    }
}

fn collect_names(
    policy: &Policy,
    root: &Path,
    stat: &Stat,
    seen: &mut HashSet<Name>,
    budget: &mut usize,
) {
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        let Ok(metadata) = fs::symlink_metadata(&directory) else {
            continue;
        };
        if metadata.is_file() {
            // The root of a file grant.
            note(policy, &directory, stat, seen);
            continue;
        }
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            *budget = budget.saturating_sub(1);
            if *budget == 0 {
                return;
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => pending.push(path),
                Ok(kind) if kind.is_file() => note(policy, &path, stat, seen),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn note(policy: &Policy, path: &Path, stat: &Stat, seen: &mut HashSet<Name>) {
    if !is_same_file(path, stat) || !policy.decide(path, Operation::Write).is_allowed() {
        return;
    }
    let Some((parent, name)) = path.parent().zip(path.file_name()) else {
        return;
    };
    if let Ok(directory) = fs::symlink_metadata(parent) {
        let directory = (directory.dev(), directory.ino());
        seen.insert(Name {
            directory,
            name: name.to_owned(),
            path: path.to_owned(),
        });
    }
}

/// True when the name `path` stands for the file, and is no link to it.
pub(super) fn is_same_file(path: &Path, stat: &Stat) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.dev() == stat.st_dev && metadata.ino() == stat.st_ino)
}

/// True when the name `path` stands for the file, and nothing has happened to its names or contents.
fn is_unchanged(path: &Path, stat: &Stat) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        let changed = (metadata.ctime(), u64::try_from(metadata.ctime_nsec()));
        (metadata.dev(), metadata.ino()) == (stat.st_dev, stat.st_ino)
            && changed == (stat.st_ctime, Ok(stat.st_ctime_nsec))
    })
}
