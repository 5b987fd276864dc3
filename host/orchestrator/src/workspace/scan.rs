//! Takes a snapshot: walks a workspace by handles, puts contents that are not known yet into the store, and gives the
//! manifest. A file that has not changed since the agent's last snapshot costs one look at its inode.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Stat};

use super::contents::{Contents, Digest, PassError};
use super::error::Warning;
use super::manifest::{Entry, Manifest, Name, Node, Time};
use super::objects::Objects;
use super::trail::Trail;
use super::tree::{self, Tally, TreeError};

/// How often a file that changes while it is read gets read.
const ATTEMPTS: u32 = 3;

/// A file changed less than this before a scan is read again by the next one: a second change in the same tick of the
/// filesystem's clock would not show. FAT has the longest tick, two seconds.
const TICK: Duration = Duration::from_secs(2);

const PERMISSIONS: u32 = 0o7777;

/// The contents of files as an earlier scan saw them, by device and inode.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<(u64, u64), (Version, Digest)>);

/// What tells one version of a file from the next. Who writes to a file may set its time of modification, but not its
/// time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    size: u64,
    modified: Time,
    changed: Time,
}

impl Version {
    fn of(stat: &Stat) -> Self {
        Self {
            size: stat.st_size as u64,
            modified: Time::modified(stat),
            changed: Time::changed(stat),
        }
    }
}

impl Known {
    fn contents(&self, stat: &Stat) -> Option<Contents> {
        let (version, digest) = self.0.get(&inode(stat))?;
        (*version == Version::of(stat)).then_some(Contents {
            digest: *digest,
            size: version.size,
        })
    }
}

/// A workspace as it was found.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) manifest: Manifest,
    pub(super) tally: Tally,
    /// For the next scan.
    pub(super) known: Known,
}

/// Scans the directory `root` as it is `now`, except its entry `except`. Links are entries and never followed; special files and what
/// cannot be opened are left out with a warning.
///
/// # Errors
/// The store cannot be written.
pub(super) fn scan(
    root: BorrowedFd<'_>,
    except: &OsStr,
    known: &Known,
    objects: &Objects,
    now: SystemTime,
) -> Result<Scan, TreeError> {
    let mut walk = Walk {
        trail: Trail::new(root),
        steps: Vec::new(),
        known,
        objects,
        settled: settled(now),
        scan: Scan {
            manifest: Manifest::default(),
            tally: Tally::default(),
            known: Known::default(),
        },
    };
    walk.level(Some(except))?;
    while let Some((depth, name)) = walk.steps.pop() {
        walk.directory(depth, name)?;
    }
    Ok(walk.scan)
}

/// What changed before this time cannot change again without showing it.
fn settled(now: SystemTime) -> Time {
    let since = now
        .checked_sub(TICK)
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Time(seconds, since.subsec_nanos())
}

struct Walk<'a> {
    trail: Trail<'a>,
    /// Directories still to enter, with their depth; the next one is the last.
    steps: Vec<(usize, OsString)>,
    known: &'a Known,
    objects: &'a Objects,
    settled: Time,
    scan: Scan,
}

impl Walk<'_> {
    fn directory(&mut self, depth: usize, name: OsString) -> Result<(), TreeError> {
        self.trail.back_to(depth);
        let entered = self
            .trail
            .enter(&name)
            .and_then(|()| Ok(rustix::fs::fstat(self.trail.here()?)?));
        match entered {
            Ok(stat) => {
                let mode = permissions(&stat);
                self.record(depth, name, &stat, Node::Directory { mode });
                self.level(None)
            }
            Err(error) => {
                // It may have been entered before it failed.
                self.trail.back_to(depth);
                self.unreadable(&name, &error);
                Ok(())
            }
        }
    }

    fn level(&mut self, except: Option<&OsStr>) -> Result<(), TreeError> {
        let depth = self.trail.depth();
        let names = match self.trail.here().and_then(tree::names) {
            Ok(names) => names,
            Err(error) => {
                self.unreadable(OsStr::new("."), &error);
                return Ok(());
            }
        };
        let first = self.steps.len();
        for name in names {
            if except != Some(name.as_os_str()) {
                self.entry(depth, name)?;
            }
        }
        self.steps[first..].reverse();
        Ok(())
    }

    fn entry(&mut self, depth: usize, name: OsString) -> Result<(), TreeError> {
        let stat = match self
            .trail
            .here()
            .and_then(|parent| tree::stat(parent, &name))
        {
            Ok(stat) => stat,
            Err(error) => {
                self.unreadable(&name, &error);
                return Ok(());
            }
        };
        match tree::file_type(&stat) {
            FileType::Directory => self.steps.push((depth, name)),
            FileType::RegularFile => self.file(depth, name, &stat)?,
            FileType::Symlink => self.link(depth, name, &stat),
            other => {
                let path = self.trail.path_of(&name);
                let kind = tree::special_kind(other);
                let warning = Warning::SpecialFile { path, kind };
                self.scan.tally.warnings.push(warning);
            }
        }
        Ok(())
    }

    fn file(&mut self, depth: usize, name: OsString, stat: &Stat) -> Result<(), TreeError> {
        if let Some(contents) = self.known.contents(stat) {
            self.record_file(depth, name, stat, contents);
            return Ok(());
        }
        match self.read(&name) {
            Ok(Read::Still(stat, contents)) => self.record_file(depth, name, &stat, contents),
            Ok(Read::Changing(stat, contents)) => {
                let path = self.trail.path_of(&name);
                self.scan.tally.warnings.push(Warning::Changing { path });
                self.count(contents);
                let node = Node::file(permissions(&stat), contents);
                self.record(depth, name, &stat, node);
            }
            Err(PassError::Reading(error)) => self.unreadable(&name, &error),
            Err(PassError::Writing(error)) => {
                return Err(TreeError::at("store", || self.trail.path_of(&name))(error));
            }
        }
        Ok(())
    }

    /// Stores the contents of a file. The handle says before and after whether they stood still meanwhile.
    fn read(&mut self, name: &OsStr) -> Result<Read, PassError> {
        let mut attempt = 1;
        loop {
            let (file, before) = self
                .trail
                .here()
                .and_then(|parent| tree::open_regular(parent, name))
                .map_err(PassError::Reading)?;
            let contents = self.objects.put(&file, &before)?;
            let after =
                rustix::fs::fstat(&file).map_err(|error| PassError::Reading(error.into()))?;
            let version = Version::of(&before);
            if version == Version::of(&after) && version.size == contents.size {
                return Ok(Read::Still(before, contents));
            }
            if attempt == ATTEMPTS {
                return Ok(Read::Changing(after, contents));
            }
            attempt += 1;
        }
    }

    fn link(&mut self, depth: usize, name: OsString, stat: &Stat) {
        let target = self
            .trail
            .here()
            .and_then(|parent| tree::read_link(parent, &name));
        match target {
            Ok(target) => {
                self.scan.tally.files += 1;
                let target = Name(target);
                self.record(depth, name, stat, Node::Link { target });
            }
            Err(error) => self.unreadable(&name, &error),
        }
    }

    fn record_file(&mut self, depth: usize, name: OsString, stat: &Stat, contents: Contents) {
        let version = Version::of(stat);
        if version.modified.max(version.changed) < self.settled {
            let known = (version, contents.digest);
            self.scan.known.0.insert(inode(stat), known);
        }
        self.count(contents);
        let node = Node::file(permissions(stat), contents);
        self.record(depth, name, stat, node);
    }

    fn count(&mut self, contents: Contents) {
        self.scan.tally.files += 1;
        self.scan.tally.bytes += contents.size;
    }

    fn record(&mut self, depth: usize, name: OsString, stat: &Stat, node: Node) {
        self.scan.manifest.entries.push(Entry {
            depth,
            name: Name(name),
            modified: Time::modified(stat),
            node,
        });
    }

    fn unreadable(&mut self, name: &OsStr, error: &io::Error) {
        let path = self.trail.path_of(name);
        let error = error.to_string();
        self.scan
            .tally
            .warnings
            .push(Warning::Unreadable { path, error });
    }
}

enum Read {
    Still(Stat, Contents),
    Changing(Stat, Contents),
}

fn inode(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & PERMISSIONS
}
