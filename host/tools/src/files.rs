//! From an agent's paths to its policy.

use std::path::{Path, PathBuf};

use massgen_config::{BuiltInNames, ContextPath, PathRules, Permission, RuleAccess};
use massgen_permissions::{
    Access, DEFAULT_HIDDEN_NAMES, Effect, Extent, GitAccess, Grant, GrantKind, PathRule, Pattern,
    PatternError, Policy, WritableWhen,
};

/// The paths of one agent; all real and absolute.
#[derive(Debug, Clone)]
pub struct AgentPaths {
    /// Its working directory.
    pub workspace: PathBuf,
    /// Its own view of the other agents' answers.
    pub temporary_workspace: PathBuf,
    /// The user's paths.
    pub context: Vec<ContextPath>,
    /// What narrows the user's paths.
    pub rules: PathRules,
}

/// The policy that follows from an agent's paths (`spec/04` §1): the workspace to write, its own temporary workspace to
/// read, context paths to read, and those marked `write` to write in the final presentation, as far as rules and hidden
/// names allow.
///
/// # Errors
/// When a rule's pattern cannot be used; a configuration that was checked has none.
pub fn agent_policy(paths: &AgentPaths) -> Result<Policy, PatternError> {
    let mut grants = vec![
        Grant::tree(&paths.workspace, GrantKind::Workspace, Access::Write),
        Grant::tree(
            &paths.temporary_workspace,
            GrantKind::TempWorkspace,
            Access::Read,
        ),
    ];
    let context = |context: &ContextPath| context_grant(context, &paths.rules.commits);
    grants.extend(paths.context.iter().map(context));
    let policy = Policy::new(grants).with_rules(path_rules(&paths.rules)?)?;
    let hidden = &paths.rules.hidden_names;
    let built_in = match hidden.built_in {
        BuiltInNames::Used if hidden.further.is_empty() => return Ok(policy),
        BuiltInNames::Used => DEFAULT_HIDDEN_NAMES.as_slice(),
        BuiltInNames::Replaced => &[],
    };
    let further = hidden.further.iter().map(String::as_str);
    let names: Vec<&str> = built_in.iter().copied().chain(further).collect();
    policy.with_hidden_names(&names)
}

fn context_grant(context: &ContextPath, commits: &[PathBuf]) -> Grant {
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
        git: if commits.contains(&context.path) {
            GitAccess::Commit
        } else {
            GitAccess::Read
        },
    }
}

fn path_rules(rules: &PathRules) -> Result<Vec<PathRule>, PatternError> {
    let rule = |rule: &massgen_config::PathRule| {
        Ok(PathRule {
            root: rule.root.clone(),
            pattern: Pattern::new(&rule.pattern)?,
            effect: match rule.access {
                RuleAccess::Hidden => Effect::Hide,
                RuleAccess::Ask => Effect::Ask,
                RuleAccess::Read => Effect::Read,
                RuleAccess::Write => Effect::Write,
            },
        })
    };
    rules.rules.iter().map(rule).collect()
}

/// The real location of a path that may not exist: the deepest existing part resolved, the rest as it is
/// (`spec/04` R12, R17).
pub fn real_location(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|ancestor| {
            let real = ancestor.canonicalize().ok()?;
            Some(real.join(path.strip_prefix(ancestor).ok()?))
        })
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests;
