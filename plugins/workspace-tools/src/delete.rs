//! Deleting. Roots of grants and critical names stay, also deep inside a directory that is deleted with all it holds.

use std::fs;
use std::path::{Path, PathBuf};

use massgen_plugin::{Failure, Json, host, paths};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::walk::{self, Found, Kind, Selection, critical_name};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteFile {
    /// The file or directory.
    path: String,
    /// Delete a directory with all it holds.
    #[serde(default)]
    recursive: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteBatch {
    /// The directory below which files are deleted.
    base_path: String,
    /// Glob patterns of relative paths to delete; all if not given.
    include_patterns: Option<Vec<String>>,
    /// Glob patterns of relative paths to keep.
    exclude_patterns: Option<Vec<String>>,
}

pub fn one(arguments: DeleteFile) -> Result<Json<Value>, Failure> {
    let path = paths::resolve(&arguments.path)?;
    let metadata =
        fs::symlink_metadata(&path).map_err(|error| Failure::at("delete", &path, &error))?;
    check_way(path.parent().unwrap_or(&path))?;
    check(&path)?;
    let shown = path.display().to_string();
    if !metadata.is_dir() {
        fs::remove_file(&path).map_err(|error| Failure::at("delete", &path, &error))?;
        let details = json!({"type": "file", "path": shown, "size": metadata.len()});
        return Ok(Json(
            json!({"success": true, "operation": "delete_file", "details": details}),
        ));
    }
    let tree = walk::below(&path).map_err(|error| Failure::at("delete", &path, &error))?;
    if !tree.is_empty() && !arguments.recursive {
        return Err(Failure::new(format!(
            "{shown} is not empty. Use recursive=true to delete it with all it holds."
        )));
    }
    let mut paths: Vec<PathBuf> = tree.iter().map(|found| path.join(&found.path)).collect();
    paths.push(path.clone());
    for path in &paths {
        check(path)?;
    }
    all_or_none(&paths, "Contains")?;
    remove_tree(&path, &tree)?;
    let mut details = json!({"type": "directory", "path": shown});
    if arguments.recursive {
        details["file_count"] = tree
            .iter()
            .filter(|found| found.kind != Kind::Directory)
            .count()
            .into();
    }
    Ok(Json(
        json!({"success": true, "operation": "delete_file", "details": details}),
    ))
}

/// Refuses a directory that is reached through a link, since the names that must stay are not seen on such a way.
fn check_way(directory: &Path) -> Result<(), Failure> {
    match paths::link_on_the_way(directory) {
        Some(link) => Err(Failure::new(format!(
            "{} is reached through the symbolic link {}. Name what is to be deleted by its real path.",
            directory.display(),
            link.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses what must stay (`spec/04` T5–T7, the last one mended).
fn check(path: &Path) -> Result<(), Failure> {
    if paths::is_granted_root(path) {
        return Err(Failure::new(format!(
            "{} is a permission path root and stays.",
            path.display()
        )));
    }
    match critical_name(path) {
        Some(name) => Err(Failure::new(format!(
            "{} belongs to `{name}`, which is never deleted.",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses the whole when a part of it would be refused, so that no half is left (`spec/04` D4, D9).
fn all_or_none(paths: &[PathBuf], saying: &str) -> Result<(), Failure> {
    let refusals = host::removal_refusals(paths);
    let (unread, other): (Vec<_>, Vec<_>) = refusals
        .iter()
        .partition(|refusal| refusal.rule == "read-before-delete");
    if let Some(refusal) = other.first() {
        return Err(Failure::new(format!(
            "Nothing was deleted: {}",
            refusal.reason
        )));
    }
    if unread.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = unread
        .iter()
        .take(3)
        .map(|refusal| refusal.path.display().to_string())
        .collect();
    let more = match unread.len() - shown.len() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Err(Failure::new(format!(
        "{saying} {} unread file(s): {}{more}. Files must be read before deletion; nothing was deleted.",
        unread.len(),
        shown.join(", "),
    )))
}

/// Removes what was found below `root`, from the inside out, and then `root`.
fn remove_tree(root: &Path, tree: &[Found]) -> Result<(), Failure> {
    for found in tree.iter().rev() {
        let path = root.join(&found.path);
        let removed = match found.kind {
            Kind::Directory => fs::remove_dir(&path),
            Kind::File | Kind::Link => fs::remove_file(&path),
        };
        removed.map_err(|error| Failure::at("delete", &path, &error))?;
    }
    fs::remove_dir(root).map_err(|error| Failure::at("delete", root, &error))
}

pub fn batch(arguments: DeleteBatch) -> Result<Json<Value>, Failure> {
    let base = paths::resolve(&arguments.base_path)?;
    check_way(&base)?;
    let selection = Selection::new(
        arguments.include_patterns.as_deref(),
        arguments.exclude_patterns.as_deref(),
    )?;
    let tree = walk::below(&base).map_err(|error| Failure::at("delete below", &base, &error))?;
    let chosen: Vec<&Found> = tree
        .iter()
        .filter(|found| found.kind != Kind::Directory && selection.holds(&found.path))
        .collect();
    let removed = chosen.iter().map(|found| base.join(&found.path));
    let removed: Vec<PathBuf> = removed.filter(|path| check(path).is_ok()).collect();
    all_or_none(&removed, "Cannot delete")?;
    let (mut deleted, mut skipped, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for found in chosen {
        if host::cancelled() {
            return Err(Failure::new(format!(
                "The deletion was cancelled; {} files were deleted.",
                deleted.len()
            )));
        }
        let path = base.join(&found.path);
        let shown = path.display().to_string();
        if paths::is_granted_root(&path) {
            skipped.push(json!({"path": shown, "reason": "permission path root (protected)"}));
            continue;
        }
        if critical_name(&path).is_some() {
            skipped.push(json!({"path": shown, "reason": "system file (protected)"}));
            continue;
        }
        let size = fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
        match fs::remove_file(&path) {
            Ok(()) => {
                let relative = found.path.display().to_string();
                deleted.push(json!({"path": shown, "relative_path": relative, "size": size}));
            }
            Err(error) => errors.push(
                json!({"path": shown, "error": Failure::at("delete", &path, &error).to_string()}),
            ),
        }
    }
    Ok(Json(json!({
        "success": errors.is_empty() || !deleted.is_empty(),
        "operation": "delete_files_batch",
        "summary": {"deleted": deleted.len(), "skipped": skipped.len(), "errors": errors.len()},
        "details": {"deleted_files": deleted, "skipped_files": skipped, "errors": errors},
    })))
}
