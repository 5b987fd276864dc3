//! Writing, making and moving.

use std::fs;
use std::io::{self, Write};
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

/// Gives a file new content. A reader sees the old content or the new, never a part, wherever a second file may be made
/// beside it; a file that was granted alone is written in place.
pub fn replace(path: &Path, content: &str) -> io::Result<()> {
    let in_place = |path: &Path| fs::write(path, content);
    // A link is written through, as editors and shells do.
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return in_place(path);
    };
    if !metadata.is_file() || paths::is_granted_root(path) {
        return in_place(path);
    }
    let Some(name) = path.file_name() else {
        return in_place(path);
    };
    let mut temporary_name = name.to_owned();
    temporary_name.push(".massgen-new");
    let temporary = path.with_file_name(temporary_name);
    // A name that is taken belongs to somebody else, and so must not be cleared away below.
    let Ok(mut file) = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
    else {
        return in_place(path);
    };
    let written = file.write_all(content.as_bytes());
    drop(file);
    match written.and_then(|()| fs::rename(&temporary, path)) {
        Ok(()) => Ok(()),
        Err(_) => {
            // Whatever kept the new file from being put in place, the write itself decides what the model is told.
            let _ = fs::remove_file(&temporary);
            in_place(path)
        }
    }
}
