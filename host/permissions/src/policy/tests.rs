//! The rules of `spec/04` §1–2 that are about grants, and what was mended in them. Rule numbers stand at the tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;
mod git;
mod hidden;
mod reference;
mod rules;
mod trace;

use std::path::PathBuf;

use super::*;

fn changes() -> impl Iterator<Item = Operation> {
    Operation::ALL
        .into_iter()
        .filter(|operation| operation.needs() == Access::Write)
}

fn rule(policy: &Policy, path: &str, operation: Operation) -> Rule {
    policy.decide(Path::new(path), operation).rule
}

fn project() -> Policy {
    Policy::new(vec![
        Grant::tree(
            "/p/.massgen/workspaces/w",
            GrantKind::Workspace,
            Access::Write,
        ),
        Grant::tree("/p", GrantKind::Context, Access::Read),
        Grant::tree("/p/src/components", GrantKind::Context, Access::Write),
    ])
}

// P5, P7, P10.
#[test]
fn the_deepest_grant_decides() {
    let policy = project();
    assert_eq!(
        rule(
            &policy,
            "/p/.massgen/workspaces/w/index.html",
            Operation::Write
        ),
        Rule::Granted
    );
    assert_eq!(
        rule(&policy, "/p/README.md", Operation::Write),
        Rule::ReadOnlyGrant
    );
    assert_eq!(
        rule(&policy, "/p/src/components/B", Operation::Write),
        Rule::Granted
    );
    assert_eq!(
        rule(&policy, "/p/src/i.js", Operation::Write),
        Rule::ReadOnlyGrant
    );
    assert_eq!(rule(&policy, "/p/src/i.js", Operation::Read), Rule::Granted);
}

// R14 mended.
#[test]
fn grants_of_one_path_become_one_that_allows_what_all_of_them_allow() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Workspace, Access::Write)
            .letting_commit()
            .protecting([PathBuf::from("/c/one")]),
        Grant::tree("/d", GrantKind::Context, Access::Read),
        Grant::tree("/c/", GrantKind::Context, Access::Read)
            .writable_in_final_presentation()
            .protecting([PathBuf::from("/c/one"), PathBuf::from("/c/two")]),
    ]);
    let [merged, other] = &*policy.grants else {
        panic!("two grants: {:?}", policy.grants)
    };
    assert_eq!(other.path, Path::new("/d"));
    assert_eq!(
        merged.kind,
        GrantKind::Context,
        "the laxer kind is a workspace"
    );
    assert_eq!(merged.access, Access::Write);
    assert_eq!(merged.writable_when, WritableWhen::FinalPresentation);
    assert_eq!(merged.protected, ["/c/one", "/c/two"].map(PathBuf::from));
    assert_eq!(merged.git, GitAccess::Read);
    let file = Grant::file("/f", GrantKind::Context, Access::Write);
    let tree = Grant::tree("/f", GrantKind::Context, Access::Read);
    for grants in [vec![file.clone(), tree.clone()], vec![tree, file]] {
        let policy = Policy::new(grants);
        assert_eq!(policy.grants.len(), 1);
        assert_eq!(rule(&policy, "/f", Operation::Write), Rule::ReadOnlyGrant);
        assert_eq!(rule(&policy, "/f/x", Operation::Read), Rule::OutsideGrants);
    }
}

// R15, P6, P13, W6 mended, B2.
#[test]
fn what_no_grant_covers_is_refused_for_reading_and_for_writing() {
    let policy = project();
    for operation in [
        Operation::Read,
        Operation::Stat,
        Operation::List,
        Operation::Write,
        Operation::Create,
    ] {
        assert_eq!(rule(&policy, "/etc/passwd", operation), Rule::OutsideGrants);
        assert_eq!(
            rule(&policy, "/pp/x", operation),
            Rule::OutsideGrants,
            "components, not characters, are compared"
        );
    }
}

// R9, R16, P4, P11, W5, B5.
#[test]
fn a_file_grant_covers_neither_its_siblings_nor_its_directory() {
    let policy = Policy::new(vec![Grant::file(
        "/c/important.txt",
        GrantKind::Context,
        Access::Read,
    )]);
    assert_eq!(
        rule(&policy, "/c/important.txt", Operation::Read),
        Rule::Granted
    );
    assert_eq!(
        rule(&policy, "/c/other.txt", Operation::Read),
        Rule::FileGrantOnly
    );
    assert_eq!(
        rule(&policy, "/c/other.txt", Operation::Create),
        Rule::FileGrantOnly
    );
    assert_eq!(rule(&policy, "/c", Operation::List), Rule::OutsideGrants);
    assert_eq!(
        rule(&policy, "/c/important.txt/x", Operation::Read),
        Rule::OutsideGrants
    );
}

// R12, R18, P3.
#[test]
fn a_protected_path_beats_every_grant_even_one_for_the_file_itself() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write).protecting([PathBuf::from("/c/keep")]),
        Grant::file("/c/keep/a.txt", GrantKind::Context, Access::Write),
    ]);
    assert_eq!(
        rule(&policy, "/c/keep", Operation::Create),
        Rule::ProtectedPath
    );
    assert_eq!(
        rule(&policy, "/c/keep/a.txt", Operation::Write),
        Rule::ProtectedPath
    );
    assert_eq!(
        rule(&policy, "/c/keep/a.txt", Operation::Read),
        Rule::Granted
    );
    assert_eq!(rule(&policy, "/c/keeper", Operation::Write), Rule::Granted);
}

// P2, P9.
#[test]
fn excluded_names_are_read_only_outside_workspaces_only() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write),
        Grant::tree("/w", GrantKind::Workspace, Access::Write),
    ]);
    for path in [
        "/c/.git/refs/heads/main",
        "/c/a/node_modules/x/y.js",
        "/c/.massgen/s.json",
        "/c/massgen_logs/a.log",
    ] {
        assert_eq!(
            rule(&policy, path, Operation::Write),
            Rule::ExcludedName,
            "{path}"
        );
        assert_eq!(
            rule(&policy, path, Operation::Read),
            Rule::Granted,
            "{path}"
        );
    }
    for path in [
        "/c/Node_Modules",
        "/c/.gitignore",
        "/c/src/main.py",
        "/w/.git/refs/heads/main",
        "/w/.env",
    ] {
        assert_eq!(
            rule(&policy, path, Operation::Write),
            Rule::Granted,
            "{path}"
        );
    }
}

// P7.
#[test]
fn an_excluded_name_in_the_grants_own_path_does_not_count() {
    let policy = Policy::new(vec![Grant::tree(
        "/p/node_modules/mine",
        GrantKind::Context,
        Access::Write,
    )]);
    assert_eq!(
        rule(&policy, "/p/node_modules/mine/a.js", Operation::Write),
        Rule::Granted
    );
}

// R7, R8, R19–R23.
#[test]
fn a_context_path_is_writable_only_while_the_winner_presents() {
    let mut policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Read).writable_in_final_presentation(),
    ]);
    assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::ReadOnlyGrant);
    for _ in 0..2 {
        policy.final_presentation = true;
        assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::Granted);
    }
    policy.final_presentation = false;
    assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::ReadOnlyGrant);
}

// T2, T5 mended.
#[test]
fn the_root_of_a_grant_cannot_be_removed_moved_or_replaced() {
    let policy = project();
    for operation in [
        Operation::Remove,
        Operation::RenameFrom,
        Operation::RenameTo,
        Operation::Symlink,
    ] {
        assert_eq!(
            rule(&policy, "/p/.massgen/workspaces/w", operation),
            Rule::GrantRoot
        );
    }
}

#[test]
fn a_directory_above_a_protected_path_cannot_be_removed_moved_or_replaced_even_when_the_path_is_missing()
 {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write)
            .protecting([PathBuf::from("/c/a/b/keep")]),
    ]);
    for operation in [
        Operation::Remove,
        Operation::RenameFrom,
        Operation::RenameTo,
    ] {
        assert_eq!(rule(&policy, "/c/a", operation), Rule::AncestorOfProtected);
        assert_eq!(
            rule(&policy, "/c/a/b", operation),
            Rule::AncestorOfProtected
        );
        assert_eq!(rule(&policy, "/c/a/bb", operation), Rule::Granted);
    }
    assert_eq!(
        rule(&policy, "/c/a/b/new", Operation::Create),
        Rule::Granted
    );
}

#[test]
fn a_refusal_names_the_path_the_reason_and_a_way_out() {
    let policy = project();
    let path = Path::new("/p/README.md");
    let text = policy.explain(
        policy.decide(path, Operation::Write),
        path,
        Operation::Write,
    );
    assert_eq!(
        text,
        "cannot write /p/README.md: a read-only context path. Copy what you need into the workspace."
    );
}

// R13, R20: previous turns and what was granted as `read` stay so.
#[test]
fn the_final_presentation_changes_no_other_grant() {
    let mut policy = Policy::new(vec![
        Grant::tree("/w", GrantKind::Workspace, Access::Write),
        Grant::tree("/r", GrantKind::Context, Access::Read),
        Grant::tree("/t", GrantKind::TempWorkspace, Access::Read),
        Grant::tree("/before", GrantKind::PreviousTurn, Access::Read),
    ]);
    for presenting in [false, true] {
        policy.final_presentation = presenting;
        assert_eq!(rule(&policy, "/w/f", Operation::Write), Rule::Granted);
        for path in ["/r/f", "/t/f", "/before/f"] {
            assert_eq!(rule(&policy, path, Operation::Write), Rule::ReadOnlyGrant);
            assert_eq!(rule(&policy, path, Operation::Read), Rule::Granted);
        }
    }
}

#[test]
fn a_path_that_no_real_location_can_have_is_outside() {
    let policy = Policy::new(vec![Grant::tree("/c", GrantKind::Workspace, Access::Write)]);
    for path in ["/c/../etc/passwd", "c/x", "", "..", "/c/.."] {
        for operation in Operation::ALL {
            assert_eq!(
                rule(&policy, path, operation),
                Rule::OutsideGrants,
                "{path}"
            );
        }
    }
    for path in ["/c//x", "/c/./x", "//c/x/", "/c/x/."] {
        assert_eq!(
            rule(&policy, path, Operation::Write),
            Rule::Granted,
            "{path}"
        );
    }
    let everything = Policy::new(vec![Grant::tree("/", GrantKind::Mount, Access::Read)]);
    assert_eq!(rule(&everything, "/", Operation::List), Rule::Granted);
    assert_eq!(rule(&everything, "/etc/x", Operation::Read), Rule::Granted);
}

#[test]
fn no_link_is_made_above_a_protected_path_that_is_missing() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write)
            .protecting([PathBuf::from("/c/a/b/keep")]),
    ]);
    assert_eq!(
        rule(&policy, "/c/a", Operation::Symlink),
        Rule::AncestorOfProtected
    );
    assert_eq!(
        rule(&policy, "/c/a/b/keep", Operation::Symlink),
        Rule::ProtectedPath
    );
    assert_eq!(rule(&policy, "/c/x", Operation::Symlink), Rule::Granted);
    assert_eq!(rule(&policy, "/c/a", Operation::Create), Rule::Granted);
}

#[test]
fn one_more_grant_leaves_the_others_and_their_rules_as_they_are() {
    let rules = vec![PathRule {
        root: "/p".into(),
        pattern: Pattern::new("secret/**").unwrap(),
        effect: Effect::Hide,
    }];
    let whole = project().with_rules(rules).unwrap();
    let more = whole.with_grant(Grant::tree("/scratch", GrantKind::Workspace, Access::Write));
    for path in ["/p/a", "/p/secret/a", "/p/src/components/a", "/elsewhere"] {
        for operation in Operation::ALL {
            let path = Path::new(path);
            assert_eq!(
                whole.decide(path, operation),
                more.decide(path, operation),
                "{path:?} {operation:?}"
            );
        }
    }
    let path = Path::new("/scratch/a/b");
    assert!(!whole.decide(path, Operation::Create).is_allowed());
    assert!(more.decide(path, Operation::Create).is_allowed());
    let root = Path::new("/scratch");
    assert!(!more.decide(root, Operation::Remove).is_allowed());
}
