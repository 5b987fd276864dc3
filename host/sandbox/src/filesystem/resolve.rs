//! From a guest's path text to a pinned place: an open parent directory and one name in it.
//!
//! The walk never follows a symbolic link by itself. It reads the link and takes its target up as further steps, at
//! most [`MAX_LINKS`] times, so a link can lead only where the guest could have gone by name. What is returned was
//! looked up in open handles; whatever happens to the tree afterwards, the handle stays where it is.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::atlas::{Atlas, Location};
use super::handle;
use super::mount::{GuestFilesystem, Target};

/// As many links as Linux itself follows in one path (`man 7 path_resolution`).
const MAX_LINKS: usize = 40;

/// The bytes of a path that Linux takes, the closing zero not counted (`PATH_MAX`). The kernel would refuse a longer one
/// too, but a walk would first take it apart in the host's memory.
const MAX_PATH: usize = 4_095;

/// Where a walk begins.
#[derive(Debug, Clone)]
pub(super) enum Base {
    /// A virtual directory of the guest's tree.
    Virtual(Vec<OsString>),
    /// An open directory; a path cannot leave it (WASI 0.2 `open-at`).
    Directory(Arc<File>),
}

/// Whether a symbolic link in last place is stepped through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    Yes,
    No,
}

/// What a path turned out to be.
#[derive(Debug)]
pub(super) enum Place {
    /// A directory that exists only to lead to a mount.
    Virtual(Vec<OsString>),
    /// Nothing is mounted there; the path as the guest named it.
    Outside(PathBuf),
    /// An open directory itself: the root of a mount, or `.`.
    Directory(Arc<File>),
    /// A name, which may not exist, in an open directory.
    Entry(Entry),
}

/// A name in a pinned parent directory.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) parent: Arc<File>,
    /// Where the parent really is.
    pub(super) location: Location,
    pub(super) name: OsString,
    /// What the name stood for a moment ago; `None` where there was no such name.
    pub(super) stat: Option<Stat>,
    /// The path ended in a slash: only a directory will do (POSIX 4.13).
    pub(super) must_be_directory: bool,
}

/// Resolves `path` from `base`.
pub(super) fn resolve(
    filesystem: &GuestFilesystem,
    atlas: &mut Atlas,
    base: &Base,
    path: &str,
    follow: Follow,
) -> Result<Place, ErrorCode> {
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    if path.len() > MAX_PATH {
        return Err(ErrorCode::NameTooLong);
    }
    if path.starts_with('/') {
        return Err(ErrorCode::NotPermitted);
    }
    if path.contains('\0') {
        return Err(ErrorCode::Invalid);
    }
    if let Some(entry) = resolve_known(atlas, base, path, follow)? {
        return Ok(Place::Entry(entry));
    }
    if let Some(entry) = resolve_plain(filesystem, atlas, base, path, follow)? {
        return Ok(Place::Entry(entry));
    }
    let mut walk = Walk::new(filesystem, base, follow);
    walk.push_front(OsStr::new(path));
    walk.run()
}

/// A name in a directory that the call has been in before.
fn resolve_known(
    atlas: &Atlas,
    base: &Base,
    path: &str,
    follow: Follow,
) -> Result<Option<Entry>, ErrorCode> {
    let Some((directory, name)) = split_plain(base, path) else {
        return Ok(None);
    };
    let Some(known) = atlas.known(directory) else {
        return Ok(None);
    };
    let stat = handle::metadata(&known.handle, name).map_err(error_code)?;
    if follow == Follow::Yes && stat.as_ref().is_some_and(is_link) {
        return Ok(None);
    }
    Ok(Some(Entry {
        parent: Arc::clone(&known.handle),
        location: known.location.clone(),
        name: name.to_owned(),
        stat,
        must_be_directory: false,
    }))
}

/// A path from the guest's root, as the text by which the atlas may know its directory and the name in it.
pub(super) fn split_plain<'a>(base: &Base, path: &'a str) -> Option<(&'a str, &'a OsStr)> {
    let Base::Virtual(at) = base else {
        return None;
    };
    let (directory, name) = path.rsplit_once('/')?;
    let is_plain = at.is_empty() && !matches!(name, "" | "." | "..");
    is_plain.then_some((directory, OsStr::new(name)))
}

fn is_link(stat: &Stat) -> bool {
    handle::file_type(stat) == FileType::Symlink
}

/// The usual case without a walk: no `..`, no link on the way, the parent below a mounted or open directory.
fn resolve_plain(
    filesystem: &GuestFilesystem,
    atlas: &mut Atlas,
    base: &Base,
    path: &str,
    follow: Follow,
) -> Result<Option<Entry>, ErrorCode> {
    let must_be_directory = path.ends_with('/');
    let mut names: Vec<&OsStr> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => return Ok(None),
            name => names.push(OsStr::new(name)),
        }
    }
    if path.ends_with("/.") || names.is_empty() {
        return Ok(None);
    }
    // The guest path, where it is known.
    let mut whole: Vec<&OsStr> = Vec::new();
    let directory = match base {
        Base::Directory(directory) => directory,
        Base::Virtual(at) => {
            whole = at.iter().map(OsString::as_os_str).chain(names).collect();
            if filesystem.mount_at(&whole).is_some() {
                return Ok(None);
            }
            let Some((index, directory)) = filesystem.tree_above(&whole) else {
                return Ok(None);
            };
            names = whole[filesystem.mounts[index].at.len()..].to_vec();
            directory
        }
    };
    let Some((name, parents)) = names.split_last() else {
        return Ok(None);
    };
    let parents: PathBuf = parents.iter().collect();
    let parent = if parents.as_os_str().is_empty() {
        Arc::clone(directory)
    } else {
        match handle::open_directory_beneath(directory, &parents) {
            Ok(parent) => Arc::new(parent),
            // A link on the way, or a kernel without openat2: step by step.
            Err(Errno::LOOP | Errno::NOSYS | Errno::XDEV | Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(error_code(error)),
        }
    };
    let stat = handle::metadata(&parent, name).map_err(error_code)?;
    let follows = follow == Follow::Yes || must_be_directory;
    if follows && stat.as_ref().is_some_and(is_link) {
        return Ok(None);
    }
    let location = match (base, path.rsplit_once('/')) {
        // Another mount may lie directly below: names in such a directory are looked up anew each time.
        (Base::Virtual(at), Some((text, last)))
            if at.is_empty()
                && !last.is_empty()
                && !filesystem.has_mount_in(&whole[..whole.len() - 1]) =>
        {
            atlas.learn(text, directory, &parents, &parent)
        }
        _ => Location::learn(&parent),
    };
    Ok(Some(Entry {
        location: location.map_err(error_code)?,
        parent,
        name: (*name).to_owned(),
        stat,
        must_be_directory,
    }))
}

/// Where the walk stands.
enum Stand {
    Virtual(Vec<OsString>),
    /// Open directories from the walk's floor to the present one; never empty.
    Inside {
        floor: Floor,
        open: Vec<(OsString, Arc<File>)>,
    },
}

/// What lies below the first open directory of a stand.
enum Floor {
    /// The descriptor the guest named: nothing to be reached.
    Descriptor(Arc<File>),
    /// The root of the mount at this guest path.
    Mount(Vec<OsString>, Arc<File>),
}

impl Floor {
    fn handle(&self) -> &Arc<File> {
        match self {
            Self::Descriptor(handle) | Self::Mount(_, handle) => handle,
        }
    }
}

struct Walk<'a> {
    filesystem: &'a GuestFilesystem,
    stand: Stand,
    steps: VecDeque<OsString>,
    follow: Follow,
    must_be_directory: bool,
    links: usize,
}

impl<'a> Walk<'a> {
    fn new(filesystem: &'a GuestFilesystem, base: &Base, follow: Follow) -> Self {
        let stand = match base {
            Base::Virtual(at) => enter(filesystem, at.clone()),
            Base::Directory(handle) => Stand::Inside {
                floor: Floor::Descriptor(Arc::clone(handle)),
                open: Vec::new(),
            },
        };
        Self {
            filesystem,
            stand,
            steps: VecDeque::new(),
            follow,
            must_be_directory: false,
            links: 0,
        }
    }

    /// Puts the components of `path` before the steps that remain.
    fn push_front(&mut self, path: &OsStr) {
        let bytes = path.as_bytes();
        if self.steps.is_empty() {
            self.must_be_directory |=
                bytes.ends_with(b"/") || bytes.ends_with(b"/.") || bytes == b".";
        }
        let steps = bytes
            .split(|byte| *byte == b'/')
            .filter(|step| !step.is_empty() && *step != b".");
        for step in steps.rev() {
            self.steps.push_front(OsStr::from_bytes(step).to_owned());
        }
    }

    fn run(mut self) -> Result<Place, ErrorCode> {
        while let Some(step) = self.steps.pop_front() {
            if step == ".." {
                self.leave()?;
            } else if let Some(place) = self.enter_name(step)? {
                return Ok(place);
            }
        }
        Ok(match self.stand {
            Stand::Virtual(at) => Place::Virtual(at),
            Stand::Inside { floor, open } => Place::Directory(
                open.last()
                    .map_or(floor.handle(), |(_, handle)| handle)
                    .clone(),
            ),
        })
    }

    fn leave(&mut self) -> Result<(), ErrorCode> {
        let outer = match &mut self.stand {
            Stand::Virtual(at) => match at.pop() {
                Some(_) => return Ok(()),
                None => return Err(ErrorCode::NotPermitted),
            },
            Stand::Inside { floor, open } => {
                if open.pop().is_some() {
                    return Ok(());
                }
                match floor {
                    Floor::Descriptor(_) => return Err(ErrorCode::NotPermitted),
                    Floor::Mount(at, _) => &at[..at.len().saturating_sub(1)],
                }
            }
        };
        // The directory above a mount may lie in another mount: find the way to it anew.
        let outer: PathBuf = outer.iter().collect();
        self.stand = enter(self.filesystem, Vec::new());
        self.push_front(outer.as_os_str());
        Ok(())
    }

    /// One step down. Returns the place once nothing is left to walk.
    fn enter_name(&mut self, name: OsString) -> Result<Option<Place>, ErrorCode> {
        if let Some(guest_path) = self.guest_path_of(&name) {
            let names: Vec<&OsStr> = guest_path.iter().map(OsString::as_os_str).collect();
            if let Some(mount) = self.filesystem.mount_at(&names) {
                match &mount.target {
                    Target::Tree(_) => {
                        self.stand = enter(self.filesystem, guest_path);
                        return Ok(None);
                    }
                    Target::File { parent, name } => {
                        let (parent, name) = (Arc::clone(parent), name.clone());
                        return self.arrive(parent, name);
                    }
                }
            }
            if matches!(self.stand, Stand::Virtual(_)) {
                if self.filesystem.leads_to_mount(&guest_path) {
                    self.stand = Stand::Virtual(guest_path);
                    return Ok(None);
                }
                return Ok(Some(Place::Outside(self.outside(guest_path))));
            }
        }
        let Stand::Inside { floor, open } = &self.stand else {
            return Err(ErrorCode::NoEntry);
        };
        let parent = Arc::clone(open.last().map_or(floor.handle(), |(_, handle)| handle));
        self.arrive(parent, name)
    }

    /// At `name` in `parent`: the end of the walk, a directory to go through, or a link to take up.
    fn arrive(&mut self, parent: Arc<File>, name: OsString) -> Result<Option<Place>, ErrorCode> {
        let is_last = self.steps.is_empty();
        let follows = !is_last || self.follow == Follow::Yes || self.must_be_directory;
        if follows && let Some(target) = handle::link_target(&parent, &name).map_err(error_code)? {
            return self.take_up_link(&target).map(|()| None);
        }
        if is_last {
            return Ok(Some(Place::Entry(Entry {
                location: Location::learn(&parent).map_err(error_code)?,
                stat: handle::metadata(&parent, &name).map_err(error_code)?,
                parent,
                name,
                must_be_directory: self.must_be_directory,
            })));
        }
        let child = handle::open_child_directory(&parent, &name).map_err(|error| match error {
            // It became a link after we looked: refuse rather than race.
            Errno::LOOP => ErrorCode::Loop,
            other => error_code(other),
        })?;
        match &mut self.stand {
            Stand::Inside { open, .. } => open.push((name, Arc::new(child))),
            // Only a file mount arrives from a virtual directory, and nothing lies below a file.
            Stand::Virtual(_) => return Err(ErrorCode::NotDirectory),
        }
        Ok(None)
    }

    fn take_up_link(&mut self, target: &OsStr) -> Result<(), ErrorCode> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(ErrorCode::Loop);
        }
        if target.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if target.as_bytes().starts_with(b"/") {
            if matches!(
                self.stand,
                Stand::Inside {
                    floor: Floor::Descriptor(_),
                    ..
                }
            ) {
                return Err(ErrorCode::NotPermitted);
            }
            self.stand = enter(self.filesystem, Vec::new());
        }
        self.push_front(target);
        Ok(())
    }

    /// The guest path of `name` here, where the stand has one.
    fn guest_path_of(&self, name: &OsStr) -> Option<Vec<OsString>> {
        let mut path = match &self.stand {
            Stand::Virtual(at) => at.clone(),
            Stand::Inside {
                floor: Floor::Mount(at, _),
                open,
            } => at
                .iter()
                .chain(open.iter().map(|(name, _)| name))
                .cloned()
                .collect(),
            Stand::Inside {
                floor: Floor::Descriptor(_),
                ..
            } => return None,
        };
        path.push(name.to_owned());
        Some(path)
    }

    fn outside(&self, guest_path: Vec<OsString>) -> PathBuf {
        let mut path: PathBuf = Path::new("/").join(guest_path.iter().collect::<PathBuf>());
        for step in &self.steps {
            if step == ".." {
                path.pop();
            } else {
                path.push(step);
            }
        }
        path
    }
}

/// The stand at a guest path that is a mounted tree or a virtual directory.
fn enter(filesystem: &GuestFilesystem, at: Vec<OsString>) -> Stand {
    let names: Vec<&OsStr> = at.iter().map(OsString::as_os_str).collect();
    let root = filesystem
        .mount_at(&names)
        .and_then(|mount| match &mount.target {
            Target::Tree(handle) => Some(Arc::clone(handle)),
            Target::File { .. } => None,
        });
    match root {
        Some(handle) => Stand::Inside {
            floor: Floor::Mount(at, handle),
            open: Vec::new(),
        },
        None => Stand::Virtual(at),
    }
}

/// The WASI code for a system error.
pub(crate) fn error_code(error: Errno) -> ErrorCode {
    match error {
        Errno::DQUOT => ErrorCode::Quota,
        Errno::FBIG => ErrorCode::FileTooLarge,
        Errno::ROFS => ErrorCode::ReadOnly,
        other => ErrorCode::from(std::io::Error::from(other)),
    }
}
