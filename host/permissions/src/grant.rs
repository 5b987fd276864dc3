//! What a run hands to an agent: one path, how far the grant reaches, and what it allows.

use std::path::{Path, PathBuf};

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

    /// True when the grant covers `path`, compared by components: `/a/bc` is not inside `/a/b` (`spec/04` R15, R16).
    pub fn covers(&self, path: &Path) -> bool {
        match self.extent {
            Extent::Tree => path.starts_with(&self.path),
            Extent::File => path == self.path,
        }
    }
}
