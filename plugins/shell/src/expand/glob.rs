//! Pathname expansion: names in directories that match a pattern, sorted by their bytes.

use crate::pattern::{self, Case, Pattern};
use crate::shell::Shell;
use crate::text;

/// Directories below one another deeper than this are not walked for `**`.
const DEEPEST: usize = 64;

/// The paths that match; none if nothing does.
pub fn expand(shell: &Shell, pattern: &str) -> Vec<String> {
    let mut parts: Vec<&str> = pattern.split('/').collect();
    let mut found = vec![String::new()];
    if parts.first() == Some(&"") {
        parts.remove(0);
        found = vec!["/".to_owned()];
    }
    let last = parts.len().saturating_sub(1);
    for (index, part) in parts.iter().enumerate() {
        let is_last = index == last;
        let mut next = Vec::new();
        for base in &found {
            step(shell, base, part, is_last, &mut next);
        }
        found = next;
    }
    found.sort();
    found.dedup();
    found
}

fn step(shell: &Shell, base: &str, part: &str, is_last: bool, into: &mut Vec<String>) {
    if part.is_empty() {
        let is_directory = std::fs::metadata(shell.path(base)).is_ok_and(|data| data.is_dir());
        if is_last && is_directory {
            into.push(format!("{}/", base.trim_end_matches('/')));
        } else if !is_last {
            into.push(base.to_owned());
        }
        return;
    }
    if part == "**" && shell.has("globstar") {
        descend(shell, base, is_last, into, 0);
        return;
    }
    if !pattern::is_pattern(part) {
        let path = join(base, &pattern::unquote(part));
        if std::fs::symlink_metadata(text::path(&shell.path(&path))).is_ok() {
            into.push(if is_last { path } else { format!("{path}/") });
        }
        return;
    }
    let case = if shell.has("nocaseglob") {
        Case::Ignored
    } else {
        Case::Matters
    };
    let compiled = Pattern::new(part, case);
    let takes_hidden = shell.has("dotglob") || part.starts_with('.') || part.starts_with("\\.");
    for (name, is_directory) in entries(shell, base) {
        if (name.starts_with('.') && !takes_hidden) || !compiled.matches(&name) {
            continue;
        }
        let path = join(base, &name);
        if is_last {
            into.push(path);
        } else if is_directory
            || std::fs::metadata(text::path(&shell.path(&path))).is_ok_and(|data| data.is_dir())
        {
            into.push(format!("{path}/"));
        }
    }
}

fn descend(shell: &Shell, base: &str, with_files: bool, into: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if !(with_files && base.is_empty()) {
        into.push(base.to_owned());
    }
    for (name, is_directory) in entries(shell, base) {
        if name.starts_with('.') && !shell.has("dotglob") {
            continue;
        }
        let path = join(base, &name);
        if is_directory {
            if with_files {
                into.push(path.clone());
            }
            let inner = &mut Vec::new();
            descend(shell, &format!("{path}/"), with_files, inner, depth + 1);
            let own = format!("{path}/");
            into.extend(inner.drain(..).filter(|entry| !with_files || *entry != own));
        } else if with_files {
            into.push(path);
        }
    }
}

fn entries(shell: &Shell, base: &str) -> Vec<(String, bool)> {
    let path = if base.is_empty() {
        shell.directory.to_string()
    } else {
        shell.path(base)
    };
    let Ok(entries) = std::fs::read_dir(text::path(&path)) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for entry in entries.flatten() {
        let name = text::from_bytes(entry.file_name().as_encoded_bytes());
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        names.push((name, is_directory));
    }
    names.sort();
    names
}

fn join(base: &str, name: &str) -> String {
    format!("{base}{name}")
}
