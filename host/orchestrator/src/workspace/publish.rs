//! Manifests and directories that appear under their name when they are whole, and replace nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::manifest::Manifest;
use super::objects::Objects;
use super::place::place;
use super::tree::{self, TreeError};

/// A manifest is `<name>.manifest`, beside the place where the directory `<name>` belongs.
pub(super) const MANIFEST: &str = ".manifest";

/// Names under which things are made before they are whole.
const PARTIAL: &str = ".massgen-partial";
const PARTIAL_MANIFEST: &str = ".massgen-partial.manifest";

pub(super) fn manifest_name(name: &OsStr) -> OsString {
    let mut full = name.to_owned();
    full.push(MANIFEST);
    full
}

/// Writes the manifest of `name` into `folder`.
///
/// # Errors
/// There is one already ([`Errno::EXIST`]), or it cannot be written.
pub(super) fn publish_manifest(
    folder: BorrowedFd<'_>,
    name: &OsStr,
    manifest: &Manifest,
) -> io::Result<()> {
    match rustix::fs::unlinkat(folder, PARTIAL_MANIFEST, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::RGRP | Mode::ROTH;
    let partial = rustix::fs::openat(folder, PARTIAL_MANIFEST, flags, mode)?;
    File::from(partial).write_all(&manifest.to_bytes()?)?;
    Ok(name_it(folder, PARTIAL_MANIFEST, &manifest_name(name))?)
}

/// Reads the manifest of `name` in `folder`.
///
/// # Errors
/// There is none ([`io::ErrorKind::NotFound`]), or it cannot be read.
pub(super) fn read_manifest(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Manifest> {
    let (mut file, _) = tree::open_regular(folder, &manifest_name(name))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Manifest::from_bytes(&bytes)
}

/// Makes the directory `name` in `folder` out of its manifest, unless it is there already.
///
/// # Errors
/// The manifest cannot be read, or the directory cannot be made.
pub(super) fn unfold(
    folder: BorrowedFd<'_>,
    name: &OsStr,
    objects: &Objects,
) -> Result<(), TreeError> {
    let failed = |error: io::Error| TreeError::at("unfold", || name)(error);
    if tree::stat(folder, name).is_ok() {
        return Ok(());
    }
    let manifest = read_manifest(folder, name).map_err(failed)?;
    let partial = fresh_directory(folder, OsStr::new(PARTIAL)).map_err(failed)?;
    place(&manifest, objects, partial.as_fd())?;
    name_it(folder, PARTIAL, name).map_err(|error| failed(error.into()))
}

/// Creates the directory `name`, or empties what a failed attempt left there.
pub(super) fn fresh_directory(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let directory = tree::open_directory(parent, name)?;
    tree::clear(directory.as_fd(), OsStr::new("")).map_err(io::Error::other)?;
    Ok(directory)
}

/// Gives what is whole its name, replacing nothing.
fn name_it(folder: BorrowedFd<'_>, partial: &str, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(folder, partial, folder, name, RenameFlags::NOREPLACE) {
        // Not every filesystem can refuse to replace. Nobody else writes into these folders while a run holds them.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(Errno::EXIST),
                Err(_) => rustix::fs::renameat(folder, partial, folder, name),
            }
        }
        other => other,
    }
}
