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
    /// Make a file or a directory, or give a file a further name.
    Create,
    /// Make a symbolic link. Judged as [`Operation::Create`], and refused where whoever follows the link later would be
    /// led past a rule.
    Symlink,
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
    /// Every operation there is.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::List,
        Self::Stat,
        Self::Write,
        Self::Create,
        Self::Symlink,
        Self::SetTimes,
        Self::Remove,
        Self::RenameFrom,
        Self::RenameTo,
        Self::LinkFrom,
    ];

    /// Its name in the audit and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Stat => "stat",
            Self::Write => "write",
            Self::Create => "create",
            Self::Symlink => "symlink",
            Self::SetTimes => "set_times",
            Self::Remove => "remove",
            Self::RenameFrom => "rename_from",
            Self::RenameTo => "rename_to",
            Self::LinkFrom => "link_from",
        }
    }

    /// What it is, for people who choose among operations.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Read => "Read a file's bytes",
            Self::List => "List a directory",
            Self::Stat => "Read metadata",
            Self::Write => "Change a file's bytes or length",
            Self::Create => "Make a file or a directory",
            Self::Symlink => "Make a symbolic link",
            Self::SetTimes => "Change timestamps",
            Self::Remove => "Remove a file or an empty directory",
            Self::RenameFrom => "Move it away",
            Self::RenameTo => "Put something in its place",
            Self::LinkFrom => "Give the file a further name",
        }
    }

    /// The access that the operation needs.
    pub const fn needs(self) -> Access {
        match self {
            Self::Read | Self::List | Self::Stat => Access::Read,
            Self::Write
            | Self::Create
            | Self::Symlink
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
            Self::Symlink => "make a link at",
            Self::SetTimes => "change the times of",
            Self::Remove => "remove",
            Self::RenameFrom => "move",
            Self::RenameTo => "move onto",
            Self::LinkFrom => "hard-link",
        }
    }
}

/// What a rename moves. A rename about which nothing is known is judged as one of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A directory with everything in it.
    Tree,
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
    /// A rule hides the path: for every operation there is nothing (`spec/04` P8 mended).
    Hidden,
    /// A rule asks for a person's approval.
    NeedsApproval,
    /// A person was asked, and allowed it.
    Approved,
    /// A person was asked, and refused it or did not answer.
    ApprovalRefused,
    /// The host itself keeps, shares or delivers an agent's files.
    HostCopy,
    /// A rule keeps the path as it is, though the grant would let it be written.
    ReadOnlyRule,
    /// What makes git run programs, or tells it where its files are, is never written.
    GitControl,
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
    /// Nobody has read the file in this turn, and removing it would lose what nobody has seen (`spec/04` D4, D5).
    ReadBeforeDelete,
    /// The call or the agent has used up what it may write.
    Quota,
    /// The directory does not tell the case of letters apart, so no rule about a name would hold in it.
    CaseFolding,
}

impl Rule {
    /// The rule's name, as it stands in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::OutsideGrants => "outside-grants",
            Self::FileGrantOnly => "file-grant-only",
            Self::Hidden => "hidden",
            Self::NeedsApproval => "needs-approval",
            Self::Approved => "approved",
            Self::ApprovalRefused => "approval-refused",
            Self::HostCopy => "host-copy",
            Self::ReadOnlyRule => "read-only-rule",
            Self::GitControl => "git-control",
            Self::ReadOnlyGrant => "read-only-grant",
            Self::ProtectedPath => "protected-path",
            Self::ExcludedName => "excluded-name",
            Self::GrantRoot => "grant-root",
            Self::AncestorOfProtected => "ancestor-of-protected",
            Self::HardLinkAlias => "hard-link-alias",
            Self::SpecialFile => "special-file",
            Self::ReadBeforeDelete => "read-before-delete",
            Self::Quota => "quota",
            Self::CaseFolding => "case-folding",
        }
    }
}

/// Whether an operation may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may if a person approves, and may not where there is nobody to ask.
    Ask,
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

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn an_operation_has_one_name_for_people_and_for_the_audit() {
        for operation in Operation::ALL {
            let name: StrDeserializer<'_, Error> = operation.name().into_deserializer();
            assert_eq!(Operation::deserialize(name), Ok(operation));
        }
    }
}
