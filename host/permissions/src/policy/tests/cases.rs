//! The cases of the Python suite that are about paths (`spec/07` §1), by their numbers. Where it let a write through that
//! the rules do not give (30, 104), ours refuses.

use super::*;

/// Fixture H of the suite: a workspace, a context path that may become writable, and one that may not.
fn fixture(writable: bool) -> Policy {
    let mut policy = Policy::new(vec![
        Grant::tree("/h/workspace", GrantKind::Workspace, Access::Write),
        Grant::tree("/h/context", GrantKind::Context, Access::Read)
            .writable_in_final_presentation(),
        Grant::tree("/h/readonly", GrantKind::Context, Access::Read),
        Grant::tree("/h/temp", GrantKind::TempWorkspace, Access::Read),
    ]);
    policy.final_presentation = writable;
    policy
}

fn reason(policy: &Policy, path: &str, operation: Operation) -> String {
    let path = Path::new(path);
    policy.explain(policy.decide(path, operation), path, operation)
}

// 25–29, 31–35, 81–86.
#[test]
fn the_workspace_is_written_a_context_while_it_may_be_and_a_read_only_one_never() {
    for writable in [false, true, false] {
        let policy = fixture(writable);
        let allowed = |path: &str| {
            policy
                .decide(Path::new(path), Operation::Write)
                .is_allowed()
        };
        assert!(allowed("/h/workspace/workspace_file.txt"));
        assert_eq!(allowed("/h/context/context_file.txt"), writable);
        assert!(!allowed("/h/readonly/readonly_file.txt"));
    }
    for path in [
        "/h/context/context_file.txt",
        "/h/readonly/readonly_file.txt",
    ] {
        let reason = reason(&fixture(false), path, Operation::Write);
        assert!(reason.contains("read-only context path"), "{reason}");
    }
}

// 30, 68, 69, 104: the safe answer.
#[test]
fn what_nobody_granted_is_not_written() {
    let policy = fixture(true);
    for path in ["/h/unknown/file.txt", "/h/file.txt", "/h", "/etc/passwd"] {
        assert_eq!(
            rule(&policy, path, Operation::Write),
            Rule::OutsideGrants,
            "{path}"
        );
    }
}

// 75–77, 169, 170.
#[test]
fn what_is_read_only_is_read_listed_and_compared() {
    for operation in [Operation::Read, Operation::List, Operation::Stat] {
        for path in ["/h/readonly/readonly_file.txt", "/h/temp/source_file.txt"] {
            assert_eq!(rule(&fixture(false), path, operation), Rule::Granted);
        }
    }
}

// 94–99, 102, 103.
#[test]
fn a_copy_goes_from_what_is_read_to_what_is_written() {
    let policy = fixture(false);
    let copies = |from: &str, to: &str| {
        policy.decide(Path::new(from), Operation::Read).is_allowed()
            && policy.decide(Path::new(to), Operation::Create).is_allowed()
    };
    assert!(copies("/h/temp/source_file.txt", "/h/workspace/a"));
    assert!(!copies("/h/temp/source_file.txt", "/h/readonly/a"));
    assert!(copies("/h/readonly/readonly_file.txt", "/h/workspace/a"));
    assert!(copies("/h/readonly/d/f", "/h/workspace/copied/d/f"));
    assert!(copies("/h/temp/d/f", "/h/workspace/output/d/f"));
    assert!(!copies("/h/temp/d/f", "/h/readonly/output/d/f"));
}

// 105–115.
#[test]
fn excluded_names_stay_as_they_are_and_a_workspace_below_one_is_free() {
    let mut policy = Policy::new(vec![
        Grant::tree("/project", GrantKind::Context, Access::Read).writable_in_final_presentation(),
        Grant::tree(
            "/project/.massgen/workspaces/workspace1",
            GrantKind::Workspace,
            Access::Write,
        ),
    ]);
    policy.final_presentation = true;
    for name in [
        ".env",
        ".git/config",
        "node_modules/package/index.js",
        "__pycache__/module.pyc",
        ".venv/lib/python.py",
        ".massgen/sessions/session.json",
        "massgen_logs/app.log",
    ] {
        let path = format!("/project/{name}");
        for operation in changes() {
            assert!(
                !policy.decide(Path::new(&path), operation).is_allowed(),
                "{name}"
            );
        }
    }
    for name in [
        "src/main.py",
        "README.md",
        "config.yaml",
        ".massgen/workspaces/workspace1/index.html",
    ] {
        let path = format!("/project/{name}");
        assert_eq!(
            rule(&policy, &path, Operation::Write),
            Rule::Granted,
            "{name}"
        );
    }
}

// 127–138.
#[test]
fn a_file_context_is_that_file_and_nothing_beside_it() {
    let grant = Grant::file("/d/important_file.txt", GrantKind::Context, Access::Read);
    let mut policy = Policy::new(vec![grant.writable_in_final_presentation()]);
    for presenting in [false, true] {
        policy.final_presentation = presenting;
        let written = match presenting {
            true => Rule::Granted,
            false => Rule::ReadOnlyGrant,
        };
        assert_eq!(
            rule(&policy, "/d/important_file.txt", Operation::Read),
            Rule::Granted
        );
        assert_eq!(
            rule(&policy, "/d/important_file.txt", Operation::Write),
            written
        );
        for operation in Operation::ALL {
            assert_eq!(
                rule(&policy, "/d/sibling.txt", operation),
                Rule::FileGrantOnly
            );
            assert_eq!(rule(&policy, "/d", operation), Rule::OutsideGrants);
        }
    }
    let reason = reason(&policy, "/d/sibling.txt", Operation::Write);
    assert!(
        reason.contains("not an explicitly allowed file"),
        "{reason}"
    );
}

// 139–141, 143–146.
#[test]
fn files_are_removed_where_writing_is_allowed_and_roots_never() {
    let policy = fixture(true);
    for (path, expected) in [
        ("/h/workspace/workspace_file.txt", Rule::Granted),
        ("/h/workspace/sub/dir", Rule::Granted),
        ("/h/context/context_file.txt", Rule::Granted),
        ("/h/readonly/readonly_file.txt", Rule::ReadOnlyGrant),
        ("/h/workspace", Rule::GrantRoot),
        ("/h/context", Rule::GrantRoot),
    ] {
        assert_eq!(rule(&policy, path, Operation::Remove), expected, "{path}");
    }
}

// 160–167.
#[test]
fn protected_paths_stay_as_they_are_while_the_rest_is_written() {
    let grant = Grant::tree("/c", GrantKind::Context, Access::Read)
        .writable_in_final_presentation()
        .protecting(["/c/protected.txt", "/c/protected_dir"].map(PathBuf::from));
    let mut policy = Policy::new(vec![grant]);
    policy.final_presentation = true;
    assert_eq!(
        rule(&policy, "/c/modifiable.txt", Operation::Write),
        Rule::Granted
    );
    for path in [
        "/c/protected.txt",
        "/c/protected_dir",
        "/c/protected_dir/nested.txt",
    ] {
        for operation in changes() {
            assert_eq!(
                rule(&policy, path, operation),
                Rule::ProtectedPath,
                "{path}"
            );
        }
        assert_eq!(rule(&policy, path, Operation::Read), Rule::Granted);
    }
}
