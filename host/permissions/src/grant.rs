//! What a run hands to an agent: one path, how far the grant reaches, and what it allows.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a grant allows at most. Ordered from the most to the least restrictive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reading, listing and metadata.
    Read,
    /// Everything that reading allows, and changing, creating and removing.
    Write,
}

/// How far a grant reaches from its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// The directory and everything below it.
    Tree,
    /// This one file; its siblings and its directory are not granted.
    File,
}

/// Why an agent has the path. Decides how refusals are worded and whether excluded names apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// The agent's own working directory. Excluded names do not apply in it.
    Workspace,
    /// The agent's own view of the other agents' answers.
    TempWorkspace,
    /// A path of the user's that the configuration names.
    Context,
    /// The result of an earlier turn.
    PreviousTurn,
    /// A directory that a person mounted by hand.
    Mount,
}

/// When a grant with [`Access::Write`] really allows writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WritableWhen {
    /// From the start.
    Always,
    /// Only during the winner's final presentation; read until then and afterwards (`spec/04` R7, R20, R23).
    FinalPresentation,
}

/// What may be done below a directory `.git` of a grant that is no workspace.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum GitAccess {
    /// Reading.
    #[default]
    Read,
    /// Also writing what a commit writes: objects, references, their logs, the index. Never what makes git run programs.
    Commit,
}

/// One granted path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The real, absolute path: symlinks resolved when the grant was made.
    pub path: PathBuf,
    /// How far it reaches.
    pub extent: Extent,
    /// Why it is there.
    pub kind: GrantKind,
    /// What it allows at most.
    pub access: Access,
    /// When [`Access::Write`] applies.
    pub writable_when: WritableWhen,
    /// Real, absolute paths below [`Grant::path`] that stay read-only whatever the grant says. They need not exist.
    pub protected: Vec<PathBuf>,
    /// Whether commits may be made where the grant allows writing.
    pub git: GitAccess,
}

impl Grant {
    /// A directory tree with the same access at every time.
    pub fn tree(path: impl Into<PathBuf>, kind: GrantKind, access: Access) -> Self {
        Self {
            path: path.into(),
            extent: Extent::Tree,
            kind,
            access,
            writable_when: WritableWhen::Always,
            protected: Vec::new(),
            git: GitAccess::Read,
        }
    }

    /// One file with the same access at every time.
    pub fn file(path: impl Into<PathBuf>, kind: GrantKind, access: Access) -> Self {
        Self {
            extent: Extent::File,
            ..Self::tree(path, kind, access)
        }
    }

    /// The same grant, writable only during the final presentation.
    #[must_use]
    pub fn writable_in_final_presentation(mut self) -> Self {
        self.access = Access::Write;
        self.writable_when = WritableWhen::FinalPresentation;
        self
    }

    /// The same grant with these paths kept read-only.
    #[must_use]
    pub fn protecting(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.protected.extend(paths);
        self
    }

    /// The same grant, letting commits be made where it allows writing.
    #[must_use]
    pub fn letting_commit(mut self) -> Self {
        self.git = GitAccess::Commit;
        self
    }

    /// True when the grant covers `path`, compared by components: `/a/bc` is not inside `/a/b` (`spec/04` R15, R16).
    pub fn covers(&self, path: &Path) -> bool {
        match self.extent {
            Extent::Tree => path.starts_with(&self.path),
            Extent::File => path == self.path,
        }
    }

    /// The grant that allows what both allow; they are of the same path (`spec/04` R14 mended).
    fn narrowed_by(self, other: Self) -> Self {
        let late =
            [self.writable_when, other.writable_when].contains(&WritableWhen::FinalPresentation);
        let alone = [self.extent, other.extent].contains(&Extent::File);
        let mut protected = self.protected;
        for path in other.protected {
            if !protected.contains(&path) {
                protected.push(path);
            }
        }
        Self {
            path: self.path,
            extent: if alone { Extent::File } else { Extent::Tree },
            // A workspace is the laxer of the two: names are neither hidden nor excluded in it.
            kind: match self.kind {
                GrantKind::Workspace => other.kind,
                kind => kind,
            },
            access: self.access.min(other.access),
            writable_when: if late {
                WritableWhen::FinalPresentation
            } else {
                WritableWhen::Always
            },
            protected,
            git: self.git.min(other.git),
        }
    }
}

/// The grants of a policy: one for each path, in the order in which the paths were first granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants(Arc<[Grant]>);

impl Grants {
    pub(crate) fn merged(grants: Vec<Grant>) -> Self {
        let mut merged: Vec<Grant> = Vec::new();
        for mut grant in grants {
            // Compared as bytes from here on.
            grant.path = grant.path.components().collect();
            for protected in &mut grant.protected {
                *protected = protected.components().collect();
            }
            match merged.iter_mut().find(|other| other.path == grant.path) {
                Some(first) => *first = first.clone().narrowed_by(grant),
                None => merged.push(grant),
            }
        }
        Self(merged.into())
    }

    /// The same grants, each for reading alone.
    pub(crate) fn reading_only(&self) -> Self {
        let grants = self.0.iter().map(|grant| Grant {
            access: Access::Read,
            ..grant.clone()
        });
        Self(grants.collect())
    }
}

impl Deref for Grants {
    type Target = [Grant];

    fn deref(&self) -> &[Grant] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Grants {
    type Item = &'a Grant;
    type IntoIter = std::slice::Iter<'a, Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
