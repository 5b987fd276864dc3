//! The few system calls by which a name is looked up in an open directory without leaving it.
//!
//! Everything here takes a directory handle and either one name or a path that must stay beneath the handle; no
//! function follows a symbolic link. Linux only: `openat2` (kernel 5.6) and `/proc/self/fd` carry the guarantees.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, IFlags, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

/// Flags for a handle that only marks a directory's place.
const DIRECTORY_MARK: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Opens the directory `path`, a real and absolute path of the host's own choosing, as the root of a mount. The one
/// place where a path of the whole file system becomes a handle; from here on there are only handles.
pub(super) fn open_root(path: &Path) -> io::Result<File> {
    Dir::open_ambient_dir(path, ambient_authority()).map(Dir::into_std_file)
}

/// Opens the directory `path` beneath `base` in one step. Fails with `ELOOP` where a component is a symbolic link and
/// with `EXDEV` where the path would leave `base`.
pub(super) fn open_directory_beneath(base: impl AsFd, path: &Path) -> rustix::io::Result<File> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    // Without O_NOFOLLOW, which would turn a link in last place from ELOOP into ENOTDIR.
    let flags = DIRECTORY_MARK.difference(OFlags::NOFOLLOW);
    rustix::fs::openat2(base, path, flags, Mode::empty(), resolve).map(File::from)
}

/// Opens the file `path` beneath `base` in one step, which a symbolic link anywhere in it makes fail: what is opened is
/// at this path.
pub(super) fn open_beneath(
    base: impl AsFd,
    path: &Path,
    flags: OFlags,
) -> rustix::io::Result<File> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(base, path, flags, Mode::empty(), resolve).map(File::from)
}

/// Opens the directory `name` in `parent`. Fails with `ENOTDIR` or `ELOOP` where it is a symbolic link.
pub(super) fn open_child_directory(parent: impl AsFd, name: &OsStr) -> rustix::io::Result<File> {
    rustix::fs::openat(parent, name, DIRECTORY_MARK, Mode::empty()).map(File::from)
}

/// The target of the symbolic link `name` in `parent`, or `None` where `name` is missing or no link.
pub(super) fn link_target(parent: impl AsFd, name: &OsStr) -> rustix::io::Result<Option<OsString>> {
    match rustix::fs::readlinkat(parent, name, Vec::new()) {
        Ok(target) => Ok(Some(OsString::from_vec(target.into_bytes()))),
        Err(Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Metadata of `name` in `parent`, of the link itself where it is one; `None` where there is no such name.
pub(super) fn metadata(parent: impl AsFd, name: &OsStr) -> rustix::io::Result<Option<Stat>> {
    match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What kind of file the metadata describes.
pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// This process's own open handles, `/proc/self/fd`, opened once.
fn open_handles() -> rustix::io::Result<BorrowedFd<'static>> {
    static HANDLES: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(handles) = HANDLES.get() {
        return Ok(handles.as_fd());
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let handles = rustix::fs::open("/proc/self/fd", flags, Mode::empty())?;
    Ok(HANDLES.get_or_init(|| handles).as_fd())
}

/// Where the file or directory behind `handle` really is now, as the kernel tells it; never derived from a guest's text.
/// Fails with `ENOENT` once it was removed.
pub(super) fn real_path(handle: &File) -> rustix::io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    let number = handle.as_raw_fd().to_string();
    let path = rustix::fs::readlinkat(open_handles()?, number, Vec::with_capacity(256))?;
    let path = path.into_bytes();
    if path.ends_with(b" (deleted)") && rustix::fs::fstat(handle)?.st_nlink == 0 {
        return Err(Errno::NOENT);
    }
    Ok(PathBuf::from(OsString::from_vec(path)))
}

/// File systems whose names are the same in upper and lower case (`linux/magic.h`): FAT, exFAT, NTFS, HFS and HFS+, the
/// Windows shares, and the folders of a Windows host (9P).
const FOLDING_FILESYSTEMS: [u32; 9] = [
    0x4d44,
    0x2011_bab0,
    0x5346_544e,
    0x7366_746e,
    0x4244,
    0x482b,
    0xff53_4d42,
    0xfe53_4d42,
    0x0102_1997,
];

/// The attribute of a directory that folds case (`FS_CASEFOLD_FL`, ext4, f2fs and tmpfs).
const CASEFOLD: IFlags = IFlags::from_bits_retain(0x4000_0000);

/// True when the directory takes names that differ only in case for the same, or when it cannot be found out.
pub(super) fn folds_case(directory: impl AsFd) -> bool {
    let folds = || -> rustix::io::Result<bool> {
        let kind = rustix::fs::fstatfs(&directory)?.f_type;
        if FOLDING_FILESYSTEMS
            .iter()
            .any(|folding| i64::from(*folding) == kind)
        {
            return Ok(true);
        }
        // A handle that only marks a place cannot be asked.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let readable = rustix::fs::openat(&directory, ".", flags, Mode::empty())?;
        match rustix::fs::ioctl_getflags(&readable) {
            Ok(attributes) => Ok(attributes.contains(CASEFOLD)),
            // A file system without attributes has none that folds.
            Err(Errno::NOTTY | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
            Err(error) => Err(error),
        }
    };
    folds().unwrap_or(true)
}
