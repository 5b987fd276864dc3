//! The decision function. Its order is the table in the crate's documentation.

use std::cmp::Reverse;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Access, Decision, Extent, Grant, GrantKind, Operation, Rule, Verdict, WritableWhen};

/// Names that stay read-only in every grant but a workspace (`spec/04` §2, P2).
pub const DEFAULT_EXCLUDED_NAMES: [&str; 12] = [
    ".massgen",
    ".env",
    ".git",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".DS_Store",
    "massgen_logs",
];

/// Everything an agent was granted, at one moment of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The grants, in the order of the configuration.
    pub grants: Vec<Grant>,
    /// File and directory names that stay read-only outside workspaces; compared whole and by case.
    pub excluded_names: Vec<String>,
    /// True only while the winner presents: grants that wait for it are writable.
    pub final_presentation: bool,
}

impl Policy {
    /// A policy of these grants with the default excluded names, outside the final presentation.
    pub fn new(grants: Vec<Grant>) -> Self {
        Self {
            grants,
            excluded_names: DEFAULT_EXCLUDED_NAMES.map(String::from).to_vec(),
            final_presentation: false,
        }
    }

    /// Decides whether `operation` may be done to `path`, which must be the real, absolute location.
    pub fn decide(&self, path: &Path, operation: Operation) -> Decision {
        let Some((index, grant)) = self.deciding_grant(path) else {
            return Decision {
                verdict: Verdict::Deny,
                rule: self.outside_rule(path),
                grant: None,
            };
        };
        let deny = |rule| Decision {
            verdict: Verdict::Deny,
            rule,
            grant: Some(index),
        };
        if operation.needs() == Access::Read {
            return Decision {
                verdict: Verdict::Allow,
                rule: Rule::Granted,
                grant: Some(index),
            };
        }
        if self.is_protected(path) {
            return deny(Rule::ProtectedPath);
        }
        if self.is_excluded(grant, path) {
            return deny(Rule::ExcludedName);
        }
        if self.current_access(grant) == Access::Read {
            return deny(Rule::ReadOnlyGrant);
        }
        if operation.displaces() && self.grants.iter().any(|other| other.path == path) {
            return deny(Rule::GrantRoot);
        }
        if operation.displaces() && self.is_above_guarded(path) {
            return deny(Rule::AncestorOfProtected);
        }
        Decision {
            verdict: Verdict::Allow,
            rule: Rule::Granted,
            grant: Some(index),
        }
    }

    /// What the grant allows at this moment of the run.
    pub fn current_access(&self, grant: &Grant) -> Access {
        match grant.writable_when {
            WritableWhen::FinalPresentation if !self.final_presentation => Access::Read,
            WritableWhen::Always | WritableWhen::FinalPresentation => grant.access,
        }
    }

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
            (Rule::Granted, None) => format!("may {} {}", operation.verb(), path.display()),
            (Rule::OutsideGrants, _) => {
                format!(
                    "{subject}: it is outside every granted path. Use a path in the workspace or in a context path."
                )
            }
            (Rule::FileGrantOnly, _) => format!(
                "{subject}: not an explicitly allowed file. A file beside it was granted alone; use that file or the workspace."
            ),
            (Rule::ReadOnlyGrant, grant) => read_only_reason(&subject, grant),
            (Rule::ProtectedPath, _) => {
                format!(
                    "{subject}: it is a protected path and stays as it is. Leave it, or write somewhere else."
                )
            }
            (Rule::ExcludedName, _) => format!(
                "{subject}: a read-only context path, since a part of its name is excluded from changes ({}).",
                self.excluded_names.join(", ")
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
            (Rule::SpecialFile, _) => format!(
                "{subject}: it is neither a regular file nor a directory. Pipes, sockets and devices are never opened."
            ),
        }
    }

    /// The grant that decides about `path`: the deepest that covers it, of equally deep ones the most restrictive.
    fn deciding_grant(&self, path: &Path) -> Option<(usize, &Grant)> {
        self.grants
            .iter()
            .enumerate()
            .filter(|(_, grant)| grant.covers(path))
            .min_by_key(|(_, grant)| {
                (
                    Reverse(grant.path.components().count()),
                    self.current_access(grant),
                )
            })
    }

    fn outside_rule(&self, path: &Path) -> Rule {
        let beside_granted_file = self
            .grants
            .iter()
            .any(|grant| grant.extent == Extent::File && grant.path.parent() == path.parent());
        if beside_granted_file {
            Rule::FileGrantOnly
        } else {
            Rule::OutsideGrants
        }
    }

    fn is_protected(&self, path: &Path) -> bool {
        self.grants
            .iter()
            .flat_map(|grant| &grant.protected)
            .any(|protected| path.starts_with(protected))
    }

    fn is_excluded(&self, grant: &Grant, path: &Path) -> bool {
        if grant.kind == GrantKind::Workspace {
            return false;
        }
        let below = path.strip_prefix(&grant.path).unwrap_or(Path::new(""));
        below.components().any(|component| {
            self.excluded_names
                .iter()
                .any(|name| component.as_os_str() == name.as_str())
        })
    }

    /// True when something that a rule guards lies strictly below `path`, whether it exists or not.
    fn is_above_guarded(&self, path: &Path) -> bool {
        self.grants
            .iter()
            .flat_map(|grant| grant.protected.iter().chain(std::iter::once(&grant.path)))
            .any(|guarded| guarded != path && guarded.starts_with(path))
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

#[cfg(test)]
mod tests;
