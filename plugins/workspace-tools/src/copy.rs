//! Copying. Symbolic links are not followed and not copied: what they lead to may not be the source's own.

use std::fs;
use std::path::Path;

use massgen_plugin::{Failure, Json, host, paths};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::walk::{self, Kind, Selection};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyFile {
    /// The file or directory to copy.
    source_path: String,
    /// Where the copy goes.
    destination_path: String,
    /// Replace files that exist.
    #[serde(default)]
    overwrite: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyBatch {
    /// The directory that is copied from.
    source_base_path: String,
    /// The directory that is copied to; the workspace if empty.
    #[serde(default)]
    destination_base_path: String,
    /// Glob patterns of relative paths to take; all if not given.
    include_patterns: Option<Vec<String>>,
    /// Glob patterns of relative paths to leave.
    exclude_patterns: Option<Vec<String>>,
    /// Replace files that exist; otherwise they are skipped.
    #[serde(default)]
    overwrite: bool,
}

pub fn one(arguments: CopyFile) -> Result<Json<Value>, Failure> {
    let (source, destination) = (
        paths::resolve(&arguments.source_path)?,
        paths::resolve(&arguments.destination_path)?,
    );
    let metadata =
        fs::symlink_metadata(&source).map_err(|error| Failure::at("copy", &source, &error))?;
    if metadata.is_symlink() {
        return Err(Failure::new(format!(
            "{} is a symbolic link. Copy what it leads to.",
            source.display()
        )));
    }
    let shown = (
        source.display().to_string(),
        destination.display().to_string(),
    );
    if metadata.is_dir() {
        let file_count = directory(&source, &destination, arguments.overwrite)?;
        let details = json!({"type": "directory", "source": shown.0, "destination": shown.1, "file_count": file_count});
        return Ok(Json(
            json!({"success": true, "operation": "copy_file", "details": details}),
        ));
    }
    if !arguments.overwrite && fs::symlink_metadata(&destination).is_ok() {
        return Err(exists(&destination));
    }
    let size = file(&source, &destination)?;
    let details = json!({"type": "file", "source": shown.0, "destination": shown.1, "size": size});
    Ok(Json(
        json!({"success": true, "operation": "copy_file", "details": details}),
    ))
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!(
        "{} exists already. Use overwrite=true to replace it.",
        path.display()
    ))
}

/// Copies a tree into `destination`, which may exist; returns the number of files. Checked as a whole before anything
/// is written.
fn directory(source: &Path, destination: &Path, overwrite: bool) -> Result<usize, Failure> {
    if destination.starts_with(source) {
        return Err(Failure::new(format!(
            "{} lies inside {}: a directory cannot hold its own copy.",
            destination.display(),
            source.display()
        )));
    }
    let tree = walk::below(source).map_err(|error| Failure::at("copy", source, &error))?;
    let files: Vec<_> = tree
        .iter()
        .filter(|found| found.kind == Kind::File)
        .collect();
    let taken = files
        .iter()
        .map(|found| destination.join(&found.path))
        .find(|path| !overwrite && fs::symlink_metadata(path).is_ok());
    if let Some(taken) = taken {
        return Err(exists(&taken));
    }
    make_directory(destination)?;
    for found in tree.iter().filter(|found| found.kind == Kind::Directory) {
        make_directory(&destination.join(&found.path))?;
    }
    for found in &files {
        if host::cancelled() {
            return Err(Failure::new(
                "The copy was cancelled; a part of it was made.",
            ));
        }
        file(&source.join(&found.path), &destination.join(&found.path))?;
    }
    Ok(files.len())
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|error| Failure::at("create the directory", path, &error))
}

/// Copies one file and returns its size.
fn file(source: &Path, destination: &Path) -> Result<u64, Failure> {
    if source == destination {
        return Err(Failure::new(format!(
            "{} cannot be copied onto itself.",
            source.display()
        )));
    }
    if let Ok(metadata) = fs::symlink_metadata(destination) {
        if metadata.is_dir() {
            return Err(Failure::new(format!(
                "{} is a directory. Name the file in it.",
                destination.display()
            )));
        }
        // Writing through it would change another file, perhaps the source itself.
        if metadata.is_symlink() {
            return Err(Failure::new(format!(
                "{} is a symbolic link. Delete it first, or copy to what it leads to.",
                destination.display()
            )));
        }
    }
    if let Some(parent) = destination.parent() {
        make_directory(parent)?;
    }
    let mut reader = fs::File::open(source).map_err(|error| Failure::at("copy", source, &error))?;
    // Cut to its length at the end only: the destination may be another name of the source.
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(destination)
        .and_then(|mut writer| {
            let size = std::io::copy(&mut reader, &mut writer)?;
            writer.set_len(size)?;
            Ok((writer, size))
        });
    let (writer, size) = written.map_err(|error| Failure::at("copy to", destination, &error))?;
    // A copy keeps its time (`spec/04` T3) where the system can set one; WASI knows no modes to keep.
    if let Ok(modified) = reader.metadata().and_then(|metadata| metadata.modified()) {
        let _ = writer.set_modified(modified);
    }
    Ok(size)
}

pub fn batch(arguments: CopyBatch) -> Result<Json<Value>, Failure> {
    let source = paths::resolve(&arguments.source_base_path)?;
    let destination = match arguments.destination_base_path.as_str() {
        "" => host::working_directory(),
        path => paths::resolve(path)?,
    };
    let selection = Selection::new(
        arguments.include_patterns.as_deref(),
        arguments.exclude_patterns.as_deref(),
    )?;
    let tree = walk::below(&source).map_err(|error| Failure::at("copy from", &source, &error))?;
    let (mut copied, mut skipped, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for found in tree
        .iter()
        .filter(|found| found.kind != Kind::Directory && selection.holds(&found.path))
    {
        let (from, to) = (source.join(&found.path), destination.join(&found.path));
        let shown = from.display().to_string();
        if found.kind == Kind::Link {
            skipped.push(json!({"path": shown, "reason": "symbolic link"}));
        } else if !arguments.overwrite && fs::symlink_metadata(&to).is_ok() {
            skipped.push(json!({"path": shown, "reason": "destination exists (overwrite=false)"}));
        } else {
            match file(&from, &to) {
                Ok(size) => copied.push(json!({
                    "source": shown,
                    "destination": to.display().to_string(),
                    "relative_path": found.path.display().to_string(),
                    "size": size,
                })),
                Err(failure) => errors.push(json!({"path": shown, "error": failure.to_string()})),
            }
        }
    }
    Ok(Json(json!({
        // All failed is no success (`spec/04` T4 mended).
        "success": errors.is_empty() || !copied.is_empty(),
        "operation": "copy_files_batch",
        "summary": {"copied": copied.len(), "skipped": skipped.len(), "errors": errors.len()},
        "details": {"copied_files": copied, "skipped_files": skipped, "errors": errors},
    })))
}
