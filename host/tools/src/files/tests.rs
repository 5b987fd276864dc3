//! What an agent's paths make of a policy (`spec/04` §1.1, §2).
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;

use massgen_config::HiddenNames;
use massgen_permissions::{Operation, Rule};
use tempfile::TempDir;

use super::*;

/// A workspace, a temporary workspace and a context path, each real.
struct Folders {
    _temporary: TempDir,
    root: PathBuf,
}

impl Folders {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().canonicalize().unwrap();
        for name in ["ws", "temp/alpha", "temp/beta", "context/sub"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        Self {
            _temporary: temporary,
            root,
        }
    }

    fn context(&self, name: &str, permission: Permission) -> ContextPath {
        let path = self.root.join(name);
        ContextPath {
            is_file: path.is_file(),
            path,
            permission,
            protected: Vec::new(),
        }
    }

    fn paths(&self, context: Vec<ContextPath>, rules: PathRules) -> AgentPaths {
        AgentPaths {
            workspace: self.root.join("ws"),
            temporary_workspace: self.root.join("temp/alpha"),
            context,
            rules,
        }
    }

    fn rule(&self, policy: &Policy, path: &str, operation: Operation) -> Rule {
        policy.decide(&self.root.join(path), operation).rule
    }
}

// P12 mended, R21.
#[test]
fn an_agent_writes_its_workspace_and_reads_its_own_temporary_workspace_only() {
    let folders = Folders::new();
    let mut policy = agent_policy(&folders.paths(Vec::new(), PathRules::default())).unwrap();
    for presenting in [false, true] {
        policy.final_presentation = presenting;
        let rule = |path, operation| folders.rule(&policy, path, operation);
        assert_eq!(rule("ws/x", Operation::Write), Rule::Granted);
        assert_eq!(rule("temp/alpha/agent1/x", Operation::Read), Rule::Granted);
        assert_eq!(
            rule("temp/alpha/agent1/x", Operation::Write),
            Rule::ReadOnlyGrant
        );
        assert_eq!(rule("temp/beta/x", Operation::Read), Rule::OutsideGrants);
        assert_eq!(rule("temp", Operation::List), Rule::OutsideGrants);
    }
}

// P14: the workspace first, then the others as they were registered.
#[test]
fn the_workspace_is_the_first_grant() {
    let folders = Folders::new();
    let context = folders.context("context", Permission::Read);
    let policy = agent_policy(&folders.paths(vec![context], PathRules::default())).unwrap();
    let granted: Vec<_> = policy
        .grants
        .iter()
        .map(|grant| grant.path.clone())
        .collect();
    assert_eq!(
        granted,
        ["ws", "temp/alpha", "context"].map(|name| folders.root.join(name))
    );
}

// R7, R8, R20, R21, R23.
#[test]
fn a_context_path_marked_write_is_written_in_the_final_presentation_only() {
    let folders = Folders::new();
    let contexts = vec![
        folders.context("context", Permission::Write),
        folders.context("temp/beta", Permission::Read),
    ];
    let mut policy = agent_policy(&folders.paths(contexts, PathRules::default())).unwrap();
    for (presenting, expected) in [
        (false, Rule::ReadOnlyGrant),
        (true, Rule::Granted),
        (false, Rule::ReadOnlyGrant),
    ] {
        policy.final_presentation = presenting;
        assert_eq!(
            folders.rule(&policy, "context/x", Operation::Write),
            expected
        );
        assert_eq!(
            folders.rule(&policy, "temp/beta/x", Operation::Write),
            Rule::ReadOnlyGrant
        );
    }
}

// R9, P11.
#[test]
fn a_context_path_that_is_a_file_grants_the_file_alone() {
    let folders = Folders::new();
    fs::write(folders.root.join("context/a.txt"), "").unwrap();
    let context = folders.context("context/a.txt", Permission::Read);
    let policy = agent_policy(&folders.paths(vec![context], PathRules::default())).unwrap();
    assert_eq!(
        folders.rule(&policy, "context/a.txt", Operation::Read),
        Rule::Granted
    );
    assert_eq!(
        folders.rule(&policy, "context/b.txt", Operation::Read),
        Rule::FileGrantOnly
    );
    assert_eq!(
        folders.rule(&policy, "context", Operation::List),
        Rule::OutsideGrants
    );
}

// R10, R12, R17: a protected path is where its links lead, and need not exist.
#[test]
fn a_protected_path_is_known_by_its_real_location_and_need_not_exist() {
    let folders = Folders::new();
    symlink("sub", folders.root.join("context/link")).unwrap();
    let mut context = folders.context("context", Permission::Write);
    context.protected = ["link/not/yet", "missing"]
        .map(|name| context.path.join(name))
        .to_vec();
    let mut policy = agent_policy(&folders.paths(vec![context], PathRules::default())).unwrap();
    policy.final_presentation = true;
    for path in [
        "context/sub/not/yet",
        "context/sub/not/yet/x",
        "context/missing",
    ] {
        assert_eq!(
            folders.rule(&policy, path, Operation::Create),
            Rule::ProtectedPath,
            "{path}"
        );
    }
    assert_eq!(
        folders.rule(&policy, "context/sub/x", Operation::Create),
        Rule::Granted
    );
}

#[test]
fn rules_commits_and_hidden_names_of_the_configuration_take_effect() {
    let folders = Folders::new();
    let root = folders.root.join("context");
    let rule = |pattern: &str, access| massgen_config::PathRule {
        root: root.clone(),
        pattern: pattern.to_owned(),
        access,
    };
    let rules = |built_in| PathRules {
        rules: vec![
            rule("a", RuleAccess::Hidden),
            rule("b", RuleAccess::Ask),
            rule("c", RuleAccess::Read),
            rule(".env.ci", RuleAccess::Write),
        ],
        commits: vec![root.clone()],
        hidden_names: HiddenNames {
            built_in,
            further: vec!["*.secret".to_owned()],
        },
        ..PathRules::default()
    };
    let policy = |built_in| {
        let context = folders.context("context", Permission::Write);
        let mut policy = agent_policy(&folders.paths(vec![context], rules(built_in))).unwrap();
        policy.final_presentation = true;
        policy
    };
    let used = policy(BuiltInNames::Used);
    for (path, expected) in [
        ("context/a", Rule::Hidden),
        ("context/b", Rule::NeedsApproval),
        ("context/c", Rule::ReadOnlyRule),
        ("context/d", Rule::Granted),
        ("context/.env.ci", Rule::Granted),
        ("context/.env", Rule::Hidden),
        ("context/x.secret", Rule::Hidden),
        ("context/.git/index", Rule::Granted),
        ("context/.git/config", Rule::GitControl),
        ("ws/x.secret", Rule::Granted),
    ] {
        assert_eq!(
            folders.rule(&used, path, Operation::Write),
            expected,
            "{path}"
        );
    }
    let replaced = policy(BuiltInNames::Replaced);
    assert_eq!(
        folders.rule(&replaced, "context/.envrc", Operation::Write),
        Rule::Granted
    );
    assert_eq!(
        folders.rule(&replaced, "context/x.secret", Operation::Write),
        Rule::Hidden
    );
}

#[test]
fn a_pattern_that_cannot_be_used_gives_no_policy_at_all() {
    let folders = Folders::new();
    let context = folders.context("context", Permission::Read);
    let rule = massgen_config::PathRule {
        root: context.path.clone(),
        pattern: "[".to_owned(),
        access: RuleAccess::Hidden,
    };
    let rules = PathRules {
        rules: vec![rule],
        ..PathRules::default()
    };
    let error = agent_policy(&folders.paths(vec![context], rules)).unwrap_err();
    assert!(error.to_string().contains("`[` cannot be read"), "{error}");
}
