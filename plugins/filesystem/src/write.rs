//! Writing, making and moving.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use massgen_plugin::{Failure, paths};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteFile {
    /// The file; the directory it is in must exist.
    path: String,
    /// Its new content, whole.
    content: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDirectory {
    /// The directory.
    path: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveFile {
    /// What is moved.
    source: String,
    /// Its new path.
    destination: String,
}

pub fn file(arguments: WriteFile) -> Result<String, Failure> {
    let path = paths::resolve(&arguments.path)?;
    replace(&path, &arguments.content).map_err(|error| Failure::at("write", &path, &error))?;
    Ok(format!(
        "Wrote {} bytes to {}.",
        arguments.content.len(),
        path.display()
    ))
}

pub fn directory(arguments: CreateDirectory) -> Result<String, Failure> {
    let path = paths::resolve(&arguments.path)?;
    if path.is_dir() {
        return Ok(format!("{} exists already.", path.display()));
    }
    fs::create_dir_all(&path)
        .map_err(|error| Failure::at("create the directory", &path, &error))?;
    Ok(format!("Created the directory {}.", path.display()))
}

pub fn rename(arguments: MoveFile) -> Result<String, Failure> {
    let (source, destination) = (
        paths::resolve(&arguments.source)?,
        paths::resolve(&arguments.destination)?,
    );
    if fs::symlink_metadata(&destination).is_ok() {
        let failure = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(Failure::at("move to", &destination, &failure));
    }
    let moved = format!("Moved {} to {}.", source.display(), destination.display());
    match fs::rename(&source, &destination) {
        Ok(()) => Ok(moved),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => Err(Failure::new(format!(
            "{} cannot be moved whole from one granted path to another. Copy it with copy_file, then delete the source.",
            source.display()
        ))),
        Err(error) => Err(Failure::at("move", &source, &error)),
    }
}

/// Gives a file new content in place, so that its mode, its other names and the links that lead to it stay as they are.
/// What the new content has beyond the old length is written first: where space or a quota ends, it ends before the old
/// content is touched.
pub fn replace(path: &Path, content: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let old_length = file.metadata()?.len();
    let kept = usize::try_from(old_length).map_or(content.len(), |old| old.min(content.len()));
    let (head, tail) = content.as_bytes().split_at(kept);
    if !tail.is_empty() {
        file.seek(SeekFrom::Start(old_length))?;
        if let Err(error) = file.write_all(tail) {
            // Best effort: the error of the write is the one to tell.
            let _ = file.set_len(old_length);
            return Err(error);
        }
    }
    file.rewind()?;
    file.write_all(head)?;
    file.set_len(content.len() as u64)
}
