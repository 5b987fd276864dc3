//! Listing directories and telling about files.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use globset::GlobSet;
use massgen_plugin::host::Access;
use massgen_plugin::{Failure, Json, host, paths};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::search;

/// Entries of a tree; more is no answer for a model.
const MAX_TREE: usize = 10_000;

/// How deep a tree is shown, so that a nest of directories cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The directory.
    path: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WithSizes {
    /// The directory.
    path: String,
    /// The order.
    #[serde(default)]
    sort_by: SortBy,
}

#[derive(Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortBy {
    /// By name.
    #[default]
    Name,
    /// Largest first.
    Size,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TreeOf {
    /// The directory.
    path: String,
    /// Glob patterns of what to leave out.
    #[serde(default)]
    exclude_patterns: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

struct Entry {
    name: String,
    kind: Kind,
    size: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    File,
    Directory,
    Link,
}

impl Kind {
    fn mark(self) -> &'static str {
        match self {
            Self::File => "[FILE]",
            Self::Directory => "[DIR]",
            Self::Link => "[LINK]",
        }
    }
}

/// A node of a tree, as the reference server writes it.
#[derive(Serialize)]
struct Node {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Vec<Node>>,
}

pub fn directory(arguments: Directory) -> Result<String, Failure> {
    let entries = entries(&paths::resolve(&arguments.path)?)?;
    let lines: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", entry.kind.mark(), entry.name))
        .collect();
    Ok(if lines.is_empty() {
        "The directory is empty.".to_owned()
    } else {
        lines.join("\n")
    })
}

pub fn with_sizes(arguments: WithSizes) -> Result<String, Failure> {
    let mut entries = entries(&paths::resolve(&arguments.path)?)?;
    if matches!(arguments.sort_by, SortBy::Size) {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    }
    let line = |entry: &Entry| match entry.kind {
        Kind::File => format!(
            "{} {:<40} {:>10}",
            entry.kind.mark(),
            entry.name,
            size(entry.size)
        ),
        Kind::Directory | Kind::Link => format!("{} {}", entry.kind.mark(), entry.name),
    };
    let mut lines: Vec<_> = entries.iter().map(line).collect();
    let files = entries
        .iter()
        .filter(|entry| entry.kind == Kind::File)
        .count();
    let directories = entries
        .iter()
        .filter(|entry| entry.kind == Kind::Directory)
        .count();
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    lines.push(format!(
        "\nTotal: {files} files, {directories} directories, {}",
        size(total)
    ));
    Ok(lines.join("\n"))
}

pub fn tree(arguments: TreeOf) -> Result<Json<serde_json::Value>, Failure> {
    let root = paths::resolve(&arguments.path)?;
    let excluded = search::patterns(&arguments.exclude_patterns)?;
    let mut budget = MAX_TREE;
    let nodes = children(&root, Path::new(""), &excluded, 0, &mut budget)?;
    if budget == 0 {
        return Err(Failure::new(format!(
            "{} holds more than {MAX_TREE} entries. Ask for a part of it or exclude something.",
            root.display()
        )));
    }
    serde_json::to_value(nodes)
        .map(Json)
        .map_err(|error| Failure::new(error.to_string()))
}

fn children(
    root: &Path,
    below: &Path,
    excluded: &GlobSet,
    depth: usize,
    budget: &mut usize,
) -> Result<Vec<Node>, Failure> {
    let mut nodes = Vec::new();
    for entry in entries(&root.join(below))? {
        let path = below.join(&entry.name);
        if search::is_excluded(excluded, &path) {
            continue;
        }
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            break;
        }
        let inner = match entry.kind {
            Kind::Directory if depth < MAX_DEPTH => {
                Some(children(root, &path, excluded, depth + 1, budget)?)
            }
            Kind::Directory => Some(Vec::new()),
            Kind::File | Kind::Link => None,
        };
        nodes.push(Node {
            name: entry.name,
            kind: entry.kind,
            children: inner,
        });
    }
    Ok(nodes)
}

pub fn info(arguments: Directory) -> Result<String, Failure> {
    let path = paths::resolve(&arguments.path)?;
    let metadata =
        fs::symlink_metadata(&path).map_err(|error| Failure::at("tell about", &path, &error))?;
    let kind = if metadata.is_dir() {
        "directory"
    } else if metadata.is_symlink() {
        "symbolic link"
    } else {
        "file"
    };
    Ok(format!(
        "path: {}\ntype: {kind}\nsize: {}\nmodified: {}\naccessed: {}",
        path.display(),
        metadata.len(),
        time(metadata.modified().ok()),
        time(metadata.accessed().ok()),
    ))
}

pub fn allowed(_: Nothing) -> Result<String, Failure> {
    let line = |granted: &host::GrantedPath| {
        let access = match granted.access {
            Access::Read => "read",
            Access::Write => "read and write",
        };
        let extent = if granted.single_file {
            ", this file only"
        } else {
            ""
        };
        format!("{} ({access}{extent})", granted.path.display())
    };
    let granted = host::granted_paths();
    Ok(if granted.is_empty() {
        "Nothing was granted.".to_owned()
    } else {
        granted.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn entries(path: &Path) -> Result<Vec<Entry>, Failure> {
    let failed = |error: std::io::Error| Failure::at("list", path, &error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let kind = if kind.is_dir() {
            Kind::Directory
        } else if kind.is_symlink() {
            Kind::Link
        } else {
            Kind::File
        };
        // What cannot be looked at shows no size: the listing is worth more than the number.
        let size = if kind == Kind::File {
            entry.metadata().map_or(0, |metadata| metadata.len())
        } else {
            0
        };
        entries.push(Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            kind,
            size,
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// Bytes for people, in units of 1024.
fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// A time as RFC 3339 in UTC, by the civil-from-days rule of Howard Hinnant's date algorithms.
fn time(time: Option<SystemTime>) -> String {
    let Some(elapsed) = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) else {
        return "unknown".to_owned();
    };
    let (days, seconds) = (elapsed.as_secs() / 86_400, elapsed.as_secs() % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_rfc_3339() {
        let at = |seconds| time(Some(UNIX_EPOCH + Duration::from_secs(seconds)));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_392_000), "2026-11-23T00:00:00Z");
    }
}
