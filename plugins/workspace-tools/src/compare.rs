//! Comparing files and directories.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use massgen_plugin::{Failure, Json, paths};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use crate::walk::Kind;

/// Lines of a diff between two files that are shown; the statistics count all (`spec/04` T11).
const DIFF_LINES: usize = 500;

/// Lines of a diff that are shown for each file of two directories (`spec/04` T10).
const DIRECTORY_DIFF_LINES: usize = 100;

/// Names that are left out of a comparison of directories (`spec/04` T10).
const IGNORED: [&str; 8] = [
    "RCS",
    "CVS",
    "tags",
    ".git",
    ".hg",
    ".bzr",
    "_darcs",
    "__pycache__",
];

/// A file that is compared at once.
const MAX_FILE: u64 = 16 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareDirectories {
    /// One directory.
    dir1: String,
    /// The other.
    dir2: String,
    /// Show how text files differ.
    #[serde(default)]
    show_content_diff: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareFiles {
    /// One file.
    file1: String,
    /// The other.
    file2: String,
    /// Lines around each difference.
    #[serde(default = "three")]
    context_lines: usize,
}

fn three() -> usize {
    3
}

pub fn files(arguments: CompareFiles) -> Result<Json<Value>, Failure> {
    let (first, second) = (
        paths::resolve(&arguments.file1)?,
        paths::resolve(&arguments.file2)?,
    );
    let (old, new) = (read("file1", &first)?, read("file2", &second)?);
    let (Some(old), Some(new)) = (text(&old), text(&new)) else {
        return Err(Failure::new(
            "The files appear to be binary. Compare them with a program that knows their format.",
        ));
    };
    let diff = TextDiff::from_lines(old, new);
    let count = |tag| {
        diff.iter_all_changes()
            .filter(|change| change.tag() == tag)
            .count()
    };
    let (added, removed) = (count(ChangeTag::Insert), count(ChangeTag::Delete));
    let shown = unified(&diff, &first, &second, arguments.context_lines, DIFF_LINES);
    Ok(Json(json!({
        "success": true,
        "operation": "compare_files",
        "details": {
            "identical": old == new,
            "diff": shown,
            "stats": {"added": added, "removed": removed, "changed": added.min(removed)},
        },
    })))
}

pub fn directories(arguments: CompareDirectories) -> Result<Json<Value>, Failure> {
    let (first, second) = (
        paths::resolve(&arguments.dir1)?,
        paths::resolve(&arguments.dir2)?,
    );
    let (left, right) = (names("dir1", &first)?, names("dir2", &second)?);
    let only = |one: &BTreeMap<String, Kind>, other: &BTreeMap<String, Kind>| -> Vec<String> {
        one.keys()
            .filter(|name| !other.contains_key(*name))
            .cloned()
            .collect()
    };
    let (mut different, mut identical, mut diffs) =
        (Vec::new(), Vec::new(), serde_json::Map::new());
    for (name, kind) in left.iter().filter(|(name, _)| right.contains_key(*name)) {
        let (one, other) = (first.join(name), second.join(name));
        match (kind, right[name]) {
            (Kind::File, Kind::File) => {}
            // Directories of the same name are compared by a call of their own.
            (Kind::Directory, Kind::Directory) => continue,
            // Links are compared by what they say: what they lead to may be missing or not granted.
            (Kind::Link, Kind::Link) if target("dir1", &one)? == target("dir2", &other)? => {
                identical.push(name.clone());
                continue;
            }
            _ => {
                different.push(name.clone());
                continue;
            }
        }
        let (old, new) = (read("dir1", &one)?, read("dir2", &other)?);
        if old == new {
            identical.push(name.clone());
            continue;
        }
        different.push(name.clone());
        if let (true, Some(old), Some(new)) = (arguments.show_content_diff, text(&old), text(&new))
        {
            let diff = TextDiff::from_lines(old, new);
            diffs.insert(
                name.clone(),
                unified(&diff, &one, &other, 3, DIRECTORY_DIFF_LINES).into(),
            );
        }
    }
    let mut details = json!({
        "only_in_dir1": only(&left, &right),
        "only_in_dir2": only(&right, &left),
        "different": different,
        "identical": identical,
    });
    if arguments.show_content_diff {
        details["content_diffs"] = diffs.into();
    }
    Ok(Json(
        json!({"success": true, "operation": "compare_directories", "details": details}),
    ))
}

fn unified(
    diff: &TextDiff<'_, '_, str>,
    first: &Path,
    second: &Path,
    context: usize,
    limit: usize,
) -> String {
    let (old, new) = (first.display().to_string(), second.display().to_string());
    let text = diff
        .unified_diff()
        .context_radius(context)
        .header(&old, &new)
        .to_string();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= limit {
        return text;
    }
    format!(
        "{}\n... ({} more lines)",
        lines[..limit].join("\n"),
        lines.len() - limit
    )
}

/// The entries of a directory, and what each is.
fn names(argument: &str, path: &Path) -> Result<BTreeMap<String, Kind>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "{argument}: {}",
            Failure::at("compare", path, &error)
        ))
    };
    let mut names = BTreeMap::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !IGNORED.contains(&name.as_str()) {
            names.insert(name, Kind::of(entry.file_type().map_err(failed)?));
        }
    }
    Ok(names)
}

/// What a symbolic link says.
fn target(argument: &str, link: &Path) -> Result<PathBuf, Failure> {
    fs::read_link(link).map_err(|error| {
        Failure::new(format!(
            "{argument}: {}",
            Failure::at("compare", link, &error)
        ))
    })
}

fn read(argument: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "{argument}: {}",
            Failure::at("compare", path, &error)
        ))
    };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > MAX_FILE {
        return Err(Failure::new(format!(
            "{argument}: {} has {size} bytes, more than the {MAX_FILE} that are compared at once.",
            path.display()
        )));
    }
    fs::read(path).map_err(failed)
}

/// The bytes as text, unless they look binary: no NUL in the first 8192 bytes, and UTF-8.
fn text(bytes: &[u8]) -> Option<&str> {
    if bytes.iter().take(8192).any(|byte| *byte == 0) {
        None
    } else {
        std::str::from_utf8(bytes).ok()
    }
}
