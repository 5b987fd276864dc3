//! What is asked of a policy, and what it answers.

use serde::{Deserialize, Serialize};

use crate::Access;

/// One thing that may be done to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Read a file's bytes.
    Read,
    /// List a directory.
    List,
    /// Read metadata, or the target of a symbolic link.
    Stat,
    /// Change a file's bytes or length.
    Write,
    /// Make a file, a directory or a symbolic link.
    Create,
    /// Change timestamps.
    SetTimes,
    /// Remove a file, a symbolic link or an empty directory.
    Remove,
    /// Take something away by renaming it.
    RenameFrom,
    /// Put something in place by renaming, replacing what was there.
    RenameTo,
    /// Give an existing file a further name. Needs write access to the file: its new name may be writable.
    LinkFrom,
}

impl Operation {
    /// The access that the operation needs.
    pub const fn needs(self) -> Access {
        match self {
            Self::Read | Self::List | Self::Stat => Access::Read,
            Self::Write
            | Self::Create
            | Self::SetTimes
            | Self::Remove
            | Self::RenameFrom
            | Self::RenameTo
            | Self::LinkFrom => Access::Write,
        }
    }

    /// True when the operation takes a name away or replaces what it stood for.
    pub const fn displaces(self) -> bool {
        matches!(self, Self::Remove | Self::RenameFrom | Self::RenameTo)
    }

    /// The operation as a verb in a sentence.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Stat => "stat",
            Self::Write => "write",
            Self::Create => "create",
            Self::SetTimes => "change the times of",
            Self::Remove => "remove",
            Self::RenameFrom => "move",
            Self::RenameTo => "move onto",
            Self::LinkFrom => "hard-link",
        }
    }
}

/// The rule that led to a decision. Its name is what a model, a log and a user read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The deciding grant allows it.
    Granted,
    /// No grant contains the path (`spec/04` P6, W6 mended, B2).
    OutsideGrants,
    /// The path lies beside a file that was granted alone (`spec/04` R9, W5).
    FileGrantOnly,
    /// The deciding grant is read-only, now (`spec/04` W4).
    ReadOnlyGrant,
    /// The path is protected, or lies below a protected path (`spec/04` R18, P3).
    ProtectedPath,
    /// A component is one of the excluded names (`spec/04` P2).
    ExcludedName,
    /// The root of a grant stays where it is (`spec/04` T2, T5 mended).
    GrantRoot,
    /// Moving or removing the directory would move or remove what a rule protects below it (design §6).
    AncestorOfProtected,
    /// The file has a further name in a place that may not be written (design §6).
    HardLinkAlias,
    /// Neither a regular file nor a directory nor a symbolic link: FIFOs, sockets and devices are never opened.
    SpecialFile,
}

impl Rule {
    /// The rule's name, as it stands in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::OutsideGrants => "outside-grants",
            Self::FileGrantOnly => "file-grant-only",
            Self::ReadOnlyGrant => "read-only-grant",
            Self::ProtectedPath => "protected-path",
            Self::ExcludedName => "excluded-name",
            Self::GrantRoot => "grant-root",
            Self::AncestorOfProtected => "ancestor-of-protected",
            Self::HardLinkAlias => "hard-link-alias",
            Self::SpecialFile => "special-file",
        }
    }
}

/// Whether an operation may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not, and the asker learns that.
    Deny,
    /// It may not, and the asker sees no such path.
    Hide,
}

/// A verdict and the rule behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decision {
    /// Whether the operation may go on.
    pub verdict: Verdict,
    /// The rule that decided.
    pub rule: Rule,
    /// Index into [`crate::Policy::grants`] of the deciding grant, where one covered the path.
    pub grant: Option<usize>,
}

impl Decision {
    /// True for [`Verdict::Allow`].
    pub const fn is_allowed(self) -> bool {
        matches!(self.verdict, Verdict::Allow)
    }
}
