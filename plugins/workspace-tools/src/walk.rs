//! Going through a directory tree, and what in it is left alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use massgen_plugin::{Failure, host};

/// Names whose loss would break a project or this run; they are never deleted (`spec/04` T6).
const CRITICAL_NAMES: [&str; 11] = [
    ".git",
    ".env",
    ".massgen",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    "massgen_logs",
];

/// What a path of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// A symbolic link, whatever it leads to: links are never followed here.
    Link,
}

impl Kind {
    /// What an entry of a directory is; `kind` must be the entry's own, not of what a link leads to.
    pub fn of(kind: fs::FileType) -> Self {
        if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::File
        }
    }
}

/// One path of a tree.
#[derive(Debug, Clone)]
pub struct Found {
    /// Relative to the tree's root.
    pub path: PathBuf,
    pub kind: Kind,
}

/// Everything below `root`, a directory before what it holds. Iterative, so that depth is no danger.
pub fn below(root: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(root.join(&directory))? {
            let entry = entry?;
            let path = directory.join(entry.file_name());
            let kind = Kind::of(entry.file_type()?);
            if kind == Kind::Directory {
                pending.push(path.clone());
            }
            found.push(Found { path, kind });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Which relative paths a batch means: include and exclude patterns as in a shell, where `*` also matches `/`
/// (`spec/04` W10).
pub struct Selection {
    include: GlobSet,
    exclude: GlobSet,
}

impl Selection {
    /// # Errors
    /// When a pattern is not a glob.
    pub fn new(include: Option<&[String]>, exclude: Option<&[String]>) -> Result<Self, Failure> {
        let everything = ["*".to_owned()];
        Ok(Self {
            include: set(include.unwrap_or(&everything))?,
            exclude: set(exclude.unwrap_or_default())?,
        })
    }

    pub fn holds(&self, path: &Path) -> bool {
        self.include.is_match(path) && !self.exclude.is_match(path)
    }
}

fn set(patterns: &[String]) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(false).build();
        set.add(glob.map_err(|error| {
            Failure::new(format!(
                "`{pattern}` is not a glob pattern: {}.",
                error.kind()
            ))
        })?);
    }
    set.build()
        .map_err(|error| Failure::new(format!("The patterns cannot be used together: {error}.")))
}

/// The critical name in `path`, counted below the granted root that holds it; outside every root all components count.
pub fn critical_name(path: &Path) -> Option<String> {
    let granted = host::granted_paths();
    let root = granted
        .iter()
        .map(|granted| granted.path.as_path())
        .filter(|root| path.starts_with(root));
    let root = root.max_by_key(|root| root.components().count());
    let counted = root
        .and_then(|root| path.strip_prefix(root).ok())
        .unwrap_or(path);
    counted
        .components()
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .find(|name| CRITICAL_NAMES.contains(&name.as_str()))
}
