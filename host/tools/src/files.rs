//! From an agent's paths to its grants.

use std::path::{Path, PathBuf};

use massgen_config::{ContextPath, Permission};
use massgen_permissions::{Access, Extent, Grant, GrantKind, Policy, WritableWhen};

/// The paths of one agent; all real and absolute, the directories existing.
#[derive(Debug, Clone)]
pub struct AgentPaths {
    /// Its working directory.
    pub workspace: PathBuf,
    /// Its own view of the other agents' answers.
    pub temporary_workspace: PathBuf,
    /// The user's paths.
    pub context: Vec<ContextPath>,
}

/// The grants that follow from an agent's paths (`spec/04` §1): the workspace to write, its own temporary workspace to
/// read, context paths to read, and those marked `write` to write in the final presentation.
pub fn agent_policy(paths: &AgentPaths) -> Policy {
    let mut grants = vec![
        Grant::tree(&paths.workspace, GrantKind::Workspace, Access::Write),
        Grant::tree(
            &paths.temporary_workspace,
            GrantKind::TempWorkspace,
            Access::Read,
        ),
    ];
    grants.extend(paths.context.iter().map(context_grant));
    Policy::new(grants)
}

fn context_grant(context: &ContextPath) -> Grant {
    let (access, writable_when) = match context.permission {
        Permission::Read => (Access::Read, WritableWhen::Always),
        Permission::Write => (Access::Write, WritableWhen::FinalPresentation),
    };
    Grant {
        path: context.path.clone(),
        extent: if context.is_file {
            Extent::File
        } else {
            Extent::Tree
        },
        kind: GrantKind::Context,
        access,
        writable_when,
        protected: context
            .protected
            .iter()
            .map(|path| real_location(path))
            .collect(),
    }
}

/// The real location of a path that may not exist: the deepest existing part resolved, the rest as it is
/// (`spec/04` R12, R17).
fn real_location(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|ancestor| {
            let real = ancestor.canonicalize().ok()?;
            Some(real.join(path.strip_prefix(ancestor).ok()?))
        })
        .unwrap_or_else(|| path.to_owned())
}
