//! Finding files by pattern.

use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use massgen_plugin::{Failure, host, paths};
use schemars::JsonSchema;
use serde::Deserialize;

/// Matches that are told; more is no answer for a model.
const MAX_MATCHES: usize = 2_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SearchFiles {
    /// The directory to search below.
    path: String,
    /// Glob pattern of the path below that directory. One without a slash matches names at any depth.
    pattern: String,
    /// Glob patterns of what to leave out, directories with all they hold.
    #[serde(default)]
    exclude_patterns: Vec<String>,
}

pub fn files(arguments: SearchFiles) -> Result<String, Failure> {
    let root = paths::resolve(&arguments.path)?;
    let wanted = patterns(std::slice::from_ref(&arguments.pattern))?;
    let excluded = patterns(&arguments.exclude_patterns)?;
    fs::read_dir(&root).map_err(|error| Failure::at("search", &root, &error))?;
    let mut found: Vec<String> = Vec::new();
    let mut cut_short: Vec<String> = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(below) = pending.pop() {
        if host::cancelled() {
            return Err(Failure::new("The search was cancelled."));
        }
        // A directory that cannot be read is left out, like one that was not granted.
        let Ok(entries) = fs::read_dir(root.join(&below)) else {
            continue;
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                // A name that is no UTF-8, for one: the standard library lists nothing behind it.
                Err(error) => {
                    let folder = root.join(&below);
                    cut_short.push(format!(
                        "Not all of {} was searched: {error}.",
                        folder.display()
                    ));
                    break;
                }
            };
            let path = below.join(entry.file_name());
            if is_excluded(&excluded, &path) {
                continue;
            }
            if wanted.is_match(&path) {
                found.push(root.join(&path).display().to_string());
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push(path);
            }
        }
    }
    found.sort();
    let more = found.len().saturating_sub(MAX_MATCHES);
    found.truncate(MAX_MATCHES);
    if more > 0 {
        found.push(format!("... and {more} more. Use a narrower pattern."));
    }
    if found.is_empty() {
        found.push("No matches.".to_owned());
    }
    found.extend(cut_short);
    Ok(found.join("\n"))
}

/// A set of glob patterns. A pattern without a slash matches at any depth.
///
/// # Errors
/// When a pattern is not a glob.
pub fn patterns(texts: &[String]) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for text in texts {
        let anywhere = if text.contains('/') {
            text.clone()
        } else {
            format!("**/{text}")
        };
        let glob = GlobBuilder::new(&anywhere).literal_separator(true).build();
        set.add(glob.map_err(|error| {
            Failure::new(format!("`{text}` is not a glob pattern: {}.", error.kind()))
        })?);
    }
    set.build()
        .map_err(|error| Failure::new(format!("The patterns cannot be used together: {error}.")))
}

/// True when the path is left out.
pub fn is_excluded(excluded: &GlobSet, path: &Path) -> bool {
    excluded.is_match(path)
}
