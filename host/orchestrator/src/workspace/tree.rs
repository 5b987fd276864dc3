//! Copying, emptying and listing directory trees by handles. Each step opens one name relative to a directory that is
//! already open and never follows a symbolic link, so nothing outside the tree can be read, written or removed.
//! No function recurses, and the number of open handles does not grow with the tree.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;

use super::Warning;

/// Directory handles that a [`Trail`] keeps open; below that depth it walks again.
const KEPT_HANDLES: usize = 64;
/// Prefix of the names under which [`clear`] parks directories that it is about to remove.
const PARKED_PREFIX: &str = ".massgen-removing-";

/// What went wrong at which entry of a tree.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}` in it: {source}", .path.display())]
pub struct TreeError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl TreeError {
    /// The path is made only when there is an error: in a deep tree a path an entry would cost more than the entry.
    fn at<P: Into<PathBuf>>(
        action: &'static str,
        path: impl FnOnce() -> P,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self {
            action,
            path: path().into(),
            source,
        }
    }
}

/// What a copy moved.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Regular files and symbolic links; directories are not counted.
    pub files: u64,
    /// Length of all regular files in bytes.
    pub bytes: u64,
    /// Entries that were left out, and why.
    pub warnings: Vec<Warning>,
}

/// An entry of a tree as [`list`] sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listed {
    /// A regular file of this many bytes.
    File(u64),
    /// A symbolic link and its target, unread.
    Link(PathBuf),
}

/// Opens the directory `name` in `parent`; a symbolic link there is an error.
pub(super) fn open_directory(parent: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
}

/// The names in a directory, sorted, without `.` and `..`.
pub(super) fn names(directory: impl AsFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    names.sort();
    Ok(names)
}

/// The entry itself, never what a link points to.
pub(super) fn stat(parent: impl AsFd, name: &OsStr) -> io::Result<Stat> {
    Ok(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// A directory below a root, reached by single steps.
struct Trail<'a> {
    root: BorrowedFd<'a>,
    names: Vec<OsString>,
    /// Handles of the first `min(names.len(), KEPT_HANDLES)` directories.
    kept: Vec<OwnedFd>,
    /// Device and inode of each directory below those.
    deep_ids: Vec<(u64, u64)>,
    /// The last handle used below `kept`, and its depth, which may exceed that of the trail by now.
    deep: Option<(usize, OwnedFd)>,
}

impl<'a> Trail<'a> {
    fn new(root: BorrowedFd<'a>) -> Self {
        Self {
            root,
            names: Vec::new(),
            kept: Vec::new(),
            deep_ids: Vec::new(),
            deep: None,
        }
    }

    fn depth(&self) -> usize {
        self.names.len()
    }

    fn path_of(&self, name: &OsStr) -> PathBuf {
        self.names
            .iter()
            .map(OsString::as_os_str)
            .chain([name])
            .collect()
    }

    fn path(&self) -> PathBuf {
        self.names.iter().collect()
    }

    fn back_to(&mut self, depth: usize) {
        self.names.truncate(depth);
        self.kept.truncate(depth);
        self.deep_ids.truncate(depth.saturating_sub(KEPT_HANDLES));
        if depth <= KEPT_HANDLES {
            self.deep = None;
        }
    }

    fn enter(&mut self, name: &OsStr) -> io::Result<()> {
        let child = open_directory(self.here()?, name)?;
        if self.depth() < KEPT_HANDLES {
            self.kept.push(child);
        } else {
            self.deep_ids.push(identity(&child)?);
            self.deep = Some((self.depth() + 1, child));
        }
        self.names.push(name.to_owned());
        Ok(())
    }

    fn here(&mut self) -> io::Result<BorrowedFd<'_>> {
        let depth = self.depth();
        if depth <= KEPT_HANDLES {
            return Ok(self.kept.last().map_or(self.root, AsFd::as_fd));
        }
        let handle = match self.deep.take() {
            Some((at, handle)) if at == depth => handle,
            Some((at, handle)) => match self.climb(handle, at - depth)? {
                Some(handle) => handle,
                None => self.walk()?,
            },
            None => self.walk()?,
        };
        Ok(self.deep.insert((depth, handle)).1.as_fd())
    }

    /// Goes up through `..`, and none if that leads elsewhere because a directory was moved meanwhile.
    fn climb(&self, mut handle: OwnedFd, levels: usize) -> io::Result<Option<OwnedFd>> {
        for _ in 0..levels {
            handle = open_directory(&handle, OsStr::new(".."))?;
        }
        let arrived = Some(&identity(&handle)?) == self.deep_ids.last();
        Ok(arrived.then_some(handle))
    }

    /// Goes down again from the deepest handle kept.
    fn walk(&self) -> io::Result<OwnedFd> {
        let mut handle = self
            .kept
            .last()
            .map_or(self.root, AsFd::as_fd)
            .try_clone_to_owned()?;
        for name in &self.names[self.kept.len()..] {
            handle = open_directory(&handle, name)?;
        }
        Ok(handle)
    }
}

fn identity(handle: &OwnedFd) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::fstat(handle)?;
    Ok((stat.st_dev, stat.st_ino))
}

/// What is still to do in a walk. Steps are taken from the end, so the tree is walked depth first.
enum Step {
    Enter {
        depth: usize,
        name: OsString,
    },
    Leave {
        depth: usize,
        name: OsString,
        stat: Box<Stat>,
    },
}

/// Copies the contents of `source` into the empty directory `destination`, except the top-level name `except`.
/// Modes and modification times are kept (directories stay accessible to their owner, so that they can be removed
/// again), links stay links, special files and what cannot be opened are left out with a warning.
pub(super) fn copy(
    source: BorrowedFd<'_>,
    destination: BorrowedFd<'_>,
    except: &OsStr,
) -> Result<Tally, TreeError> {
    let mut copy = Copy {
        source: Trail::new(source),
        destination: Trail::new(destination),
        steps: Vec::new(),
        tally: Tally::default(),
    };
    copy.level(Some(except))?;
    while let Some(step) = copy.steps.pop() {
        match step {
            Step::Enter { depth, name } => copy.enter(depth, name)?,
            Step::Leave { depth, name, stat } => copy.leave(depth, &name, &stat)?,
        }
    }
    Ok(copy.tally)
}

struct Copy<'a> {
    source: Trail<'a>,
    destination: Trail<'a>,
    steps: Vec<Step>,
    tally: Tally,
}

impl Copy<'_> {
    fn enter(&mut self, depth: usize, name: OsString) -> Result<(), TreeError> {
        self.source.back_to(depth);
        self.destination.back_to(depth);
        let opened = self
            .source
            .enter(&name)
            .and_then(|()| Ok(rustix::fs::fstat(self.source.here()?)?));
        let stat = match opened {
            Ok(stat) => Box::new(stat),
            Err(error) => return self.unreadable(&name, error),
        };
        self.destination
            .here()
            .and_then(|parent| Ok(rustix::fs::mkdirat(parent, &name, Mode::RWXU)?))
            .and_then(|()| self.destination.enter(&name))
            .map_err(TreeError::at("create directory", || self.source.path()))?;
        self.steps.push(Step::Leave { depth, name, stat });
        self.level(None)
    }

    /// The times of a directory are set last: each entry made in it changes them.
    fn leave(&mut self, depth: usize, name: &OsStr, stat: &Stat) -> Result<(), TreeError> {
        self.destination.back_to(depth);
        let mut set = || -> io::Result<()> {
            self.destination.enter(name)?;
            let handle = self.destination.here()?;
            rustix::fs::fchmod(handle, Mode::from_raw_mode(stat.st_mode) | Mode::RWXU)?;
            rustix::fs::futimens(handle, &times(stat))?;
            Ok(())
        };
        let result = set();
        result.map_err(TreeError::at("set mode and times of", || {
            self.destination.path()
        }))
    }

    fn level(&mut self, except: Option<&OsStr>) -> Result<(), TreeError> {
        let depth = self.source.depth();
        let names = match self.source.here().and_then(names) {
            Ok(names) => names,
            Err(error) => return self.unreadable(OsStr::new("."), error),
        };
        for name in names {
            if except != Some(name.as_os_str()) {
                self.entry(depth, name)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, depth: usize, name: OsString) -> Result<(), TreeError> {
        let stat = match self.source.here().and_then(|parent| stat(parent, &name)) {
            Ok(stat) => stat,
            Err(error) => return self.unreadable(&name, error),
        };
        match file_type(&stat) {
            FileType::Directory => self.steps.push(Step::Enter { depth, name }),
            FileType::RegularFile => self.file(&name)?,
            FileType::Symlink => self.link(&name, &stat)?,
            other => {
                let path = self.source.path_of(&name);
                self.tally.warnings.push(Warning::SpecialFile {
                    path,
                    kind: special_kind(other),
                });
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &OsStr) -> Result<(), TreeError> {
        let opened = self
            .source
            .here()
            .and_then(|parent| open_regular(parent, name));
        let (mut source, stat) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.unreadable(name, error),
        };
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let bytes = self
            .destination
            .here()
            .and_then(|to| {
                Ok(rustix::fs::openat(
                    to,
                    name,
                    flags,
                    Mode::RUSR | Mode::WUSR,
                )?)
            })
            .and_then(|handle| fill(&mut source, &mut File::from(handle), &stat))
            .map_err(TreeError::at("copy", || self.source.path_of(name)))?;
        self.tally.files += 1;
        self.tally.bytes += bytes;
        Ok(())
    }

    fn link(&mut self, name: &OsStr, stat: &Stat) -> Result<(), TreeError> {
        let target = match self
            .source
            .here()
            .and_then(|parent| read_link(parent, name))
        {
            Ok(target) => target,
            Err(error) => return self.unreadable(name, error),
        };
        self.destination
            .here()
            .and_then(|parent| {
                rustix::fs::symlinkat(&target, parent, name)?;
                Ok(rustix::fs::utimensat(
                    parent,
                    name,
                    &times(stat),
                    AtFlags::SYMLINK_NOFOLLOW,
                )?)
            })
            .map_err(TreeError::at("create the link", || {
                self.source.path_of(name)
            }))?;
        self.tally.files += 1;
        Ok(())
    }

    fn unreadable(&mut self, name: &OsStr, error: io::Error) -> Result<(), TreeError> {
        let path = self.source.path_of(name);
        self.tally.warnings.push(Warning::Unreadable {
            path,
            error: error.to_string(),
        });
        Ok(())
    }
}

/// Opens a regular file for reading. What stands under a name may change between two looks, so the handle decides:
/// a pipe that took the file's place neither blocks (`O_NONBLOCK`) nor gets read.
pub(super) fn open_regular(parent: impl AsFd, name: &OsStr) -> io::Result<(File, Stat)> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let handle = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&handle)?;
    if file_type(&stat) != FileType::RegularFile {
        return Err(io::Error::other("it is no longer a regular file"));
    }
    Ok((File::from(handle), stat))
}

/// Gives `destination` the contents, mode and times of `source`; shares the blocks where the filesystem can.
fn fill(source: &mut File, destination: &mut File, stat: &Stat) -> io::Result<u64> {
    if !share_blocks(source, destination) {
        copy_data(source, destination)?;
    }
    let bytes = destination.metadata()?.len();
    rustix::fs::fchmod(&*destination, Mode::from_raw_mode(stat.st_mode))?;
    rustix::fs::futimens(&*destination, &times(stat))?;
    Ok(bytes)
}

#[cfg(target_os = "linux")]
fn share_blocks(source: &File, destination: &File) -> bool {
    rustix::fs::ioctl_ficlone(destination, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn share_blocks(_source: &File, _destination: &File) -> bool {
    false
}

/// Copies the stretches that hold data and leaves holes as holes: a guest can make a huge file out of nothing, and
/// copying its zeros would fill the disk.
fn copy_data(source: &mut File, destination: &mut File) -> io::Result<()> {
    let end = source.metadata()?.len();
    let mut position = 0;
    while position < end {
        let (start, stop) = next_data(source, position, end)?;
        source.seek(SeekFrom::Start(start))?;
        destination.seek(SeekFrom::Start(start))?;
        io::copy(&mut Read::by_ref(source).take(stop - start), destination)?;
        position = stop;
    }
    destination.set_len(end)
}

/// The next stretch of data at or after `position`; empty and at `end` when only a hole is left.
fn next_data(file: &File, position: u64, end: u64) -> io::Result<(u64, u64)> {
    use rustix::fs::{SeekFrom, seek};
    match seek(file, SeekFrom::Data(position)) {
        Ok(start) if start >= end => Ok((end, end)),
        Ok(start) => Ok((
            start,
            seek(file, SeekFrom::Hole(start))?.clamp(start + 1, end),
        )),
        Err(Errno::NXIO) => Ok((end, end)),
        // The filesystem does not tell holes from data.
        Err(Errno::INVAL) => Ok((position, end)),
        Err(error) => Err(error.into()),
    }
}

fn read_link(parent: impl AsFd, name: &OsStr) -> io::Result<PathBuf> {
    let target = rustix::fs::readlinkat(parent, name, Vec::new())?;
    Ok(PathBuf::from(OsStr::from_bytes(target.as_bytes())))
}

fn times(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: stat.st_atime as _,
            tv_nsec: stat.st_atime_nsec as _,
        },
        last_modification: Timespec {
            tv_sec: stat.st_mtime as _,
            tv_nsec: stat.st_mtime_nsec as _,
        },
    }
}

fn special_kind(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Fifo => "named pipe",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        _ => "special file",
    }
}

/// Removes everything in `root` except a regular file named `except`. Links are removed, not followed.
///
/// A directory that is not empty gives its subdirectories up to `root` before it is removed, so a tree of any depth
/// needs two handles and no recursion.
pub(super) fn clear(root: BorrowedFd<'_>, except: &OsStr) -> Result<(), TreeError> {
    let mut parked = 0;
    loop {
        let mut names = names(root).map_err(TreeError::at("list", || "."))?;
        names.retain(|name| name != except || !is_regular(root, name));
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            remove(root, &name, &mut parked).map_err(TreeError::at("remove", || &name))?;
        }
    }
}

fn is_regular(parent: BorrowedFd<'_>, name: &OsStr) -> bool {
    stat(parent, name).is_ok_and(|stat| file_type(&stat) == FileType::RegularFile)
}

fn remove(root: BorrowedFd<'_>, name: &OsStr, parked: &mut u64) -> io::Result<()> {
    if file_type(&stat(root, name)?) != FileType::Directory {
        return Ok(rustix::fs::unlinkat(root, name, AtFlags::empty())?);
    }
    let directory = open_directory(root, name)?;
    for child in names(&directory)? {
        if file_type(&stat(&directory, &child)?) == FileType::Directory {
            park(directory.as_fd(), &child, root, parked)?;
        } else {
            rustix::fs::unlinkat(&directory, &child, AtFlags::empty())?;
        }
    }
    Ok(rustix::fs::unlinkat(root, name, AtFlags::REMOVEDIR)?)
}

/// Moves a directory to a name in `root` that is free. POSIX `rename` of a directory replaces nothing but an empty one.
fn park(
    parent: BorrowedFd<'_>,
    name: &OsStr,
    root: BorrowedFd<'_>,
    parked: &mut u64,
) -> io::Result<()> {
    if rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR).is_ok() {
        return Ok(());
    }
    loop {
        let target = format!("{PARKED_PREFIX}{parked}");
        *parked += 1;
        match rustix::fs::renameat(parent, name, root, target.as_str()) {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            other => return Ok(other?),
        }
    }
}

/// All files and links of a tree by their path in it, except the top-level name `except`.
pub(super) fn list(
    root: BorrowedFd<'_>,
    except: &OsStr,
) -> Result<BTreeMap<PathBuf, Listed>, TreeError> {
    let mut listed = BTreeMap::new();
    let mut trail = Trail::new(root);
    let mut steps: Vec<(usize, Option<OsString>)> = vec![(0, None)];
    while let Some((depth, name)) = steps.pop() {
        trail.back_to(depth);
        if let Some(name) = name {
            trail
                .enter(&name)
                .map_err(TreeError::at("open", || trail.path_of(&name)))?;
        }
        let names = trail.here().and_then(names);
        let names = names.map_err(TreeError::at("list", || trail.path()))?;
        let depth = trail.depth();
        for name in names {
            if depth == 0 && name == except {
                continue;
            }
            let seen = look(&mut trail, &name);
            match seen.map_err(TreeError::at("look at", || trail.path_of(&name)))? {
                Seen::Directory => steps.push((depth, Some(name))),
                Seen::Entry(entry) => _ = listed.insert(trail.path_of(&name), entry),
                Seen::Special => {}
            }
        }
    }
    Ok(listed)
}

enum Seen {
    Directory,
    Entry(Listed),
    Special,
}

fn look(trail: &mut Trail<'_>, name: &OsStr) -> io::Result<Seen> {
    let parent = trail.here()?;
    let stat = stat(parent, name)?;
    Ok(match file_type(&stat) {
        FileType::Directory => Seen::Directory,
        FileType::RegularFile => Seen::Entry(Listed::File(stat.st_size as u64)),
        FileType::Symlink => Seen::Entry(Listed::Link(read_link(parent, name)?)),
        _ => Seen::Special,
    })
}

/// True if the regular files at `path` below the two roots hold the same bytes.
pub(super) fn same_contents(
    left: BorrowedFd<'_>,
    right: BorrowedFd<'_>,
    path: &Path,
) -> Result<bool, TreeError> {
    let compare = || -> io::Result<bool> {
        let (mut left, mut right) = (open_file(left, path)?, open_file(right, path)?);
        let (mut left_block, mut right_block) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            let count = fill_block(&mut left, &mut left_block)?;
            if fill_block(&mut right, &mut right_block)? != count
                || left_block[..count] != right_block[..count]
            {
                return Ok(false);
            }
            if count == 0 {
                return Ok(true);
            }
        }
    };
    compare().map_err(TreeError::at("compare", || path))
}

fn open_file(root: BorrowedFd<'_>, path: &Path) -> io::Result<File> {
    let mut trail = Trail::new(root);
    for name in path.parent().into_iter().flat_map(Path::iter) {
        trail.enter(name)?;
    }
    let name = path.file_name().unwrap_or_default();
    Ok(open_regular(trail.here()?, name)?.0)
}

fn fill_block(file: &mut File, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read(&mut block[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
