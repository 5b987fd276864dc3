//! Decisions as sentences: what a model, a log and a user read.

use std::path::Path;

use crate::{Decision, Grant, GrantKind, Operation, Policy, Rule, WritableWhen};

impl Policy {
    /// A sentence on why `operation` on `path` was decided as it was, and what to do about a refusal.
    pub fn explain(&self, decision: Decision, path: &Path, operation: Operation) -> String {
        let subject = format!("cannot {} {}", operation.verb(), path.display());
        let grant = decision.grant.and_then(|index| self.grants.get(index));
        match (decision.rule, grant) {
            (Rule::Granted, Some(grant)) => {
                format!(
                    "may {} {}: granted by {}",
                    operation.verb(),
                    path.display(),
                    grant.path.display()
                )
            }
            (Rule::Granted | Rule::Approved | Rule::HostCopy, _) => {
                format!("may {} {}", operation.verb(), path.display())
            }
            (Rule::OutsideGrants, _) => {
                format!(
                    "{subject}: it is outside every granted path. Use a path in the workspace or in a context path."
                )
            }
            (Rule::FileGrantOnly, _) => format!(
                "{subject}: not an explicitly allowed file. A file beside it was granted alone; use that file or the workspace."
            ),
            (Rule::Hidden, _) => format!(
                "{subject}: for an agent there is nothing, since a rule or the list of names that hold secrets hides it. Work without it."
            ),
            (Rule::NeedsApproval, _) => format!(
                "{subject}: it needs a person's approval, and there is no person to ask in this run. Work somewhere else."
            ),
            (Rule::ApprovalRefused, _) => format!(
                "{subject}: it needs a person's approval, and that was not given. Do not try again; work somewhere else."
            ),
            (Rule::ReadOnlyRule, _) => {
                format!("{subject}: a rule keeps it as it is. Leave it, or write somewhere else.")
            }
            (Rule::GitControl, _) => format!(
                "{subject}: it makes git run programs or tells it where its files are, and is never changed. Leave it, or ask the user to change it."
            ),
            (Rule::ReadOnlyGrant, grant) => read_only_reason(&subject, grant),
            (Rule::ProtectedPath, _) => {
                format!(
                    "{subject}: it is a protected path and stays as it is. Leave it, or write somewhere else."
                )
            }
            (Rule::ExcludedName, _) => format!(
                "{subject}: a read-only context path, since a part of its name is excluded from changes ({}).",
                self.excluded_names().join(", ")
            ),
            (Rule::GrantRoot, _) => {
                format!(
                    "{subject}: it is the root of a granted path. Change what is in it, not the root itself."
                )
            }
            (Rule::AncestorOfProtected, _) => format!(
                "{subject}: a protected or separately granted path lies below it. Move or remove its other contents one by one."
            ),
            (Rule::HardLinkAlias, _) => format!(
                "{subject}: the file has a second name in a place that may not be written. Copy it to a new file and change the copy."
            ),
            (Rule::ReadBeforeDelete, _) => format!(
                "{subject}: a file must be read before deletion, and nobody has read this one in this turn. Read it first, then remove it."
            ),
            (Rule::Quota, _) => format!(
                "{subject}: the limit on what may be written is reached. Write less, or remove the limit in the configuration."
            ),
            (Rule::CaseFolding, _) => format!(
                "{subject}: its directory does not tell upper and lower case apart, so that rules about names cannot be held in it. Work in the workspace."
            ),
            (Rule::SpecialFile, _) => format!(
                "{subject}: it is neither a regular file nor a directory. Pipes, sockets and devices are never opened."
            ),
        }
    }
}

fn read_only_reason(subject: &str, grant: Option<&Grant>) -> String {
    match grant.map(|grant| (grant.kind, grant.writable_when)) {
        Some((_, WritableWhen::FinalPresentation)) => format!(
            "{subject}: a read-only context path until the winner's final presentation. Work in the workspace until then."
        ),
        Some((GrantKind::TempWorkspace, _)) => format!(
            "{subject}: other agents' answers are read-only. Copy what you need into the workspace."
        ),
        Some((GrantKind::PreviousTurn, _)) => {
            format!(
                "{subject}: results of earlier turns are read-only. Copy what you need into the workspace."
            )
        }
        Some((GrantKind::Mount, _)) => format!("{subject}: the mount is read-only."),
        Some((GrantKind::Context | GrantKind::Workspace, _)) | None => {
            format!("{subject}: a read-only context path. Copy what you need into the workspace.")
        }
    }
}
