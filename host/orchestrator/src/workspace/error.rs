//! Why a directory of a run cannot be used, and what a snapshot of it left out: sentences that a user can act on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use massgen_config::AgentId;

use super::owned::MARKER;
use super::tree::TreeError;
use crate::answer::AnswerLabel;

/// What a directory is for; part of error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// The workspace of an agent (`cwd` in the configuration).
    Workspace(AgentId),
    /// `snapshot_storage`.
    Snapshots,
    /// `agent_temporary_workspace`.
    Temporary,
    /// One of [`super::WorkspaceSettings::keep`].
    Keep,
    /// A copy for the log.
    Archive,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Use::Workspace(agent) => write!(f, "the workspace (cwd) of agent `{agent}`"),
            Use::Snapshots => f.write_str("the snapshot_storage directory"),
            Use::Temporary => f.write_str("the agent_temporary_workspace directory"),
            Use::Keep => f.write_str("the current directory, a context path or the log directory"),
            Use::Archive => f.write_str("the copy for the log"),
        }
    }
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A path that depends on the current directory.
    #[error("{purpose} `{}` is not an absolute path; give an absolute one", .path.display())]
    Relative {
        /// What the directory is for.
        purpose: Use,
        /// The path given.
        path: PathBuf,
    },
    /// `/`, or a directory right below it (`spec/04` F1, F2).
    #[error(
        "{purpose} `{}` is too near to the root of the filesystem to be emptied; choose a directory at least two levels deep",
        .path.display()
    )]
    TooShallow {
        /// What the directory is for.
        purpose: Use,
        /// The path given, or where it really leads.
        path: PathBuf,
    },
    /// Two directories of which emptying one would harm the other.
    #[error(
        "{first} `{}` and {second} `{}` must be apart from each other; choose directories of which none holds the other",
        .first_path.display(), .second_path.display()
    )]
    Overlap {
        /// What the one directory is for.
        first: Use,
        /// Where the one is.
        first_path: PathBuf,
        /// What the other directory is for.
        second: Use,
        /// Where the other is.
        second_path: PathBuf,
    },
    /// A directory with files that MassGen did not put there (`spec/04` F3, F8).
    #[error(
        "{purpose} `{}` holds files that MassGen did not make, and it would be emptied; choose an empty or new directory, or move the files away (if they may be deleted, create an empty file `{MARKER}` in it)",
        .path.display()
    )]
    NotOurs {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
    },
    /// Another run holds the directory.
    #[error(
        "{purpose} `{}` is in use by another run; wait for that run to end, or choose another directory",
        .path.display()
    )]
    InUse {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
    },
    /// A directory could not be created or opened.
    #[error("cannot create or open {purpose} `{}`: {source}", .path.display())]
    Open {
        /// What the directory is for.
        purpose: Use,
        /// The path given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The directory itself could not be read or written.
    #[error("cannot read or write {purpose} `{}`: {source}", .path.display())]
    Access {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An entry of the directory could not be read or written.
    #[error("{purpose} `{}`: {source}", .path.display())]
    Tree {
        /// What the directory is for.
        purpose: Use,
        /// Where it is.
        path: PathBuf,
        /// Which entry, and the system's reason.
        source: TreeError,
    },
    /// A snapshot of this label exists; snapshots never change.
    #[error(
        "agent `{agent}` already has a snapshot for the answer {label}, and snapshots are never overwritten"
    )]
    SnapshotExists {
        /// Whose snapshot.
        agent: AgentId,
        /// Of which answer.
        label: AnswerLabel,
    },
    /// No such agent in this run.
    #[error("there is no agent `{0}` in this run")]
    UnknownAgent(String),
}

/// An entry that a snapshot left out, or may hold otherwise than it ever was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Neither file, directory nor link.
    #[error("`{}` was left out: it is a {kind}", .path.display())]
    SpecialFile {
        /// Its path in the tree.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// It could not be opened, or it vanished meanwhile.
    #[error("`{}` was left out, it cannot be read: {error}", .path.display())]
    Unreadable {
        /// Its path in the tree.
        path: PathBuf,
        /// The system's reason.
        error: String,
    },
    /// It changed each time it was read.
    #[error(
        "`{}` changed while it was read; the snapshot holds what was read last, which may be of several moments",
        .path.display()
    )]
    Changing {
        /// Its path in the tree.
        path: PathBuf,
    },
}
