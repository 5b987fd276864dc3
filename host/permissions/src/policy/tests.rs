#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

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

#[test]
fn of_equally_deep_grants_the_most_restrictive_decides() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write),
        Grant::tree("/c", GrantKind::Context, Access::Read),
    ]);
    assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::ReadOnlyGrant);
}

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

#[test]
fn excluded_names_are_read_only_outside_workspaces_only() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write),
        Grant::tree("/w", GrantKind::Workspace, Access::Write),
    ]);
    for path in [
        "/c/.env",
        "/c/.git/config",
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
        "/c/.env.local",
        "/c/.ENV",
        "/c/.gitignore",
        "/c/src/main.py",
        "/w/.git/config",
        "/w/.env",
    ] {
        assert_eq!(
            rule(&policy, path, Operation::Write),
            Rule::Granted,
            "{path}"
        );
    }
}

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

#[test]
fn a_context_path_is_writable_only_while_the_winner_presents() {
    let mut policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Read).writable_in_final_presentation(),
    ]);
    assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::ReadOnlyGrant);
    policy.final_presentation = true;
    assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::Granted);
    policy.final_presentation = false;
    assert_eq!(rule(&policy, "/c/f", Operation::Write), Rule::ReadOnlyGrant);
}

#[test]
fn the_root_of_a_grant_cannot_be_removed_moved_or_replaced() {
    let policy = project();
    for operation in [
        Operation::Remove,
        Operation::RenameFrom,
        Operation::RenameTo,
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

/// The rules once more, as slowly and plainly as they can be said.
fn reference_allows(policy: &Policy, path: &Path, operation: Operation) -> bool {
    let mut best: Option<&Grant> = None;
    for grant in &policy.grants {
        let covers = match grant.extent {
            Extent::File => grant.path == path,
            Extent::Tree => path.ancestors().any(|ancestor| ancestor == grant.path),
        };
        if !covers {
            continue;
        }
        best = match best {
            None => Some(grant),
            Some(old) => {
                let (new_depth, old_depth) = (
                    grant.path.components().count(),
                    old.path.components().count(),
                );
                let stricter = policy.current_access(grant) < policy.current_access(old);
                if new_depth > old_depth || (new_depth == old_depth && stricter) {
                    Some(grant)
                } else {
                    Some(old)
                }
            }
        };
    }
    let Some(grant) = best else { return false };
    if operation.needs() == Access::Read {
        return true;
    }
    if policy.current_access(grant) != Access::Write {
        return false;
    }
    for other in &policy.grants {
        for protected in &other.protected {
            if path.ancestors().any(|ancestor| ancestor == protected) {
                return false;
            }
            if operation.displaces() && protected.ancestors().any(|ancestor| ancestor == path) {
                return false;
            }
        }
        if operation.displaces() && other.path.ancestors().any(|ancestor| ancestor == path) {
            return false;
        }
    }
    let depth = grant.path.components().count();
    grant.kind == GrantKind::Workspace
        || !path.components().skip(depth).any(|part| {
            policy
                .excluded_names
                .iter()
                .any(|name| part.as_os_str() == name.as_str())
        })
}

fn any_path() -> impl Strategy<Value = PathBuf> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b", "c", ".git", ".env"]),
        1..5,
    )
    .prop_map(|parts| {
        parts
            .into_iter()
            .fold(PathBuf::from("/"), |path, part| path.join(part))
    })
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let kind = prop::sample::select(vec![
        GrantKind::Workspace,
        GrantKind::Context,
        GrantKind::TempWorkspace,
    ]);
    (
        any_path(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        kind,
        prop::collection::vec(any_path(), 0..2),
    )
        .prop_map(|(path, file, write, late, kind, protected)| Grant {
            path,
            extent: if file { Extent::File } else { Extent::Tree },
            kind,
            access: if write { Access::Write } else { Access::Read },
            writable_when: if late {
                WritableWhen::FinalPresentation
            } else {
                WritableWhen::Always
            },
            protected,
        })
}

proptest! {
    #[test]
    fn decide_agrees_with_the_plain_reference(
        grants in prop::collection::vec(any_grant(), 0..5),
        final_presentation: bool,
        path in any_path(),
        operation in prop::sample::select(vec![
            Operation::Read, Operation::List, Operation::Stat, Operation::Write, Operation::Create, Operation::SetTimes,
            Operation::Remove, Operation::RenameFrom, Operation::RenameTo, Operation::LinkFrom,
        ]),
    ) {
        let policy = Policy { final_presentation, ..Policy::new(grants) };
        let decision = policy.decide(&path, operation);
        prop_assert_eq!(decision.is_allowed(), reference_allows(&policy, &path, operation));
        prop_assert_eq!(decision.is_allowed(), decision.rule == Rule::Granted);
    }
}
