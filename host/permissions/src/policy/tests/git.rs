//! `.git`: commits may be allowed, and what makes git run programs is never written.

use super::*;

/// A workspace, a context path that is read, and one where commits may be made.
fn repositories() -> Policy {
    Policy::new(vec![
        Grant::tree("/w", GrantKind::Workspace, Access::Write),
        Grant::tree("/read", GrantKind::Context, Access::Write),
        Grant::tree("/commit", GrantKind::Context, Access::Write).letting_commit(),
    ])
}

#[test]
fn what_makes_git_run_programs_is_written_nowhere() {
    let policy = repositories();
    for root in ["/w", "/w/sub", "/read", "/commit", "/commit/vendor/lib"] {
        for name in [
            ".git",
            ".git/",
            ".git/hooks",
            ".git/hooks/pre-commit",
            ".git/config",
            ".git/config.lock",
            ".git/config.worktree",
            ".git/commondir",
            ".git/gitdir",
            ".git/description",
            ".git/info/attributes",
            ".git/info/exclude",
            ".git/objects/info/alternates",
            ".git/objects/info",
            ".git/objects",
            ".git/refs",
            ".git/logs",
            ".git/modules/sub/config",
            ".git/modules/sub/hooks/x",
            ".git/modules/deep/er/hooks",
            ".git/worktrees/x/config.worktree",
            ".git/worktrees/x/gitdir",
            ".git/rebase-merge/git-rebase-todo",
            ".git/sequencer/todo",
            ".git/fsmonitor-watchman",
            ".git/index/x",
            ".git/refs/heads/.git/hooks/x",
            ".GIT/hooks/pre-commit",
            ".Git",
            ".gIt/CONFIG",
        ] {
            let path = format!("{root}/{name}");
            for operation in changes() {
                assert_eq!(
                    rule(&policy, &path, operation),
                    Rule::GitControl,
                    "{path} {operation:?}"
                );
            }
            assert_eq!(
                rule(&policy, &path, Operation::Read),
                Rule::Granted,
                "{path}"
            );
        }
    }
}

#[test]
fn a_commit_is_written_where_the_configuration_says_so_and_in_a_workspace() {
    let policy = repositories();
    for name in [
        ".git/HEAD",
        ".git/HEAD.lock",
        ".git/index",
        ".git/index.lock",
        ".git/ORIG_HEAD",
        ".git/COMMIT_EDITMSG",
        ".git/packed-refs",
        ".git/refs/heads/main",
        ".git/refs/heads/feature/x.lock",
        ".git/logs/HEAD",
        ".git/logs/refs/heads/main",
        ".git/objects/4f",
        ".git/objects/4f/0c1d",
        ".git/objects/pack/pack-1.idx",
        ".git/objects/tmp_obj_Ab3",
    ] {
        for operation in [Operation::Create, Operation::Write, Operation::Remove] {
            for (root, expected) in [
                ("/w", Rule::Granted),
                ("/commit", Rule::Granted),
                ("/read", Rule::ExcludedName),
            ] {
                let path = format!("{root}/{name}");
                assert_eq!(rule(&policy, &path, operation), expected, "{path}");
            }
        }
    }
    let inside = "/commit/node_modules/x/.git/index";
    assert_eq!(
        rule(&policy, inside, Operation::Write),
        Rule::ExcludedName,
        "other names stay excluded"
    );
}

#[test]
fn a_commit_needs_a_grant_that_may_be_written_now() {
    let grant = Grant::tree("/c", GrantKind::Context, Access::Read)
        .writable_in_final_presentation()
        .letting_commit();
    let mut policy = Policy::new(vec![grant]);
    assert_eq!(
        rule(&policy, "/c/.git/index", Operation::Write),
        Rule::ReadOnlyGrant
    );
    policy.final_presentation = true;
    assert_eq!(
        rule(&policy, "/c/.git/index", Operation::Write),
        Rule::Granted
    );
}

#[test]
fn a_prepared_directory_a_file_and_a_link_do_not_become_a_repository() {
    let policy = repositories();
    for root in ["/w", "/commit"] {
        let (prepared, git) = (format!("{root}/prepared"), format!("{root}/.git"));
        for moved in [Moved::File, Moved::Link, Moved::Tree] {
            let [_, to] = policy.decide_rename(Path::new(&prepared), Path::new(&git), moved);
            assert_eq!(to.rule, Rule::GitControl);
            let [from, _] = policy.decide_rename(Path::new(&git), Path::new(&prepared), moved);
            assert_eq!(
                from.rule,
                Rule::GitControl,
                "nor is a repository carried off to be changed"
            );
        }
        for operation in [Operation::Create, Operation::Symlink] {
            assert_eq!(rule(&policy, &git, operation), Rule::GitControl);
        }
    }
}

#[test]
fn no_link_comes_among_gits_data_and_no_tree_that_may_hold_one() {
    let policy = repositories();
    assert_eq!(
        rule(&policy, "/commit/.git/logs/HEAD", Operation::Symlink),
        Rule::GitControl
    );
    let into = |from: &str, moved| {
        let [from, to] =
            policy.decide_rename(Path::new(from), Path::new("/commit/.git/refs/x"), moved);
        assert!(from.is_allowed());
        to.rule
    };
    assert_eq!(into("/commit/x", Moved::Link), Rule::GitControl);
    assert_eq!(into("/commit/x", Moved::Tree), Rule::GitControl);
    assert_eq!(into("/commit/x", Moved::File), Rule::Granted);
    assert_eq!(into("/commit/.git/refs/y", Moved::Tree), Rule::Granted);
    assert_eq!(
        rule(&policy, "/commit/.git/refs/x", Operation::RenameTo),
        Rule::GitControl,
        "where nothing is known it might be a tree"
    );
    let lock = Path::new("/commit/.git/index.lock");
    let index = Path::new("/commit/.git/index");
    assert!(
        policy
            .decide_rename(lock, index, Moved::File)
            .iter()
            .all(|end| end.is_allowed())
    );
}

#[test]
fn names_that_only_look_like_git_are_ordinary() {
    let policy = repositories();
    for path in [
        "/commit/.gitignore",
        "/commit/.github/workflows/x.yml",
        "/commit/git/config",
        "/commit/a.git/config",
    ] {
        assert_eq!(
            rule(&policy, path, Operation::Write),
            Rule::Granted,
            "{path}"
        );
    }
}

#[test]
fn a_grant_within_a_repository_changes_nothing_about_it() {
    let policy = Policy::new(vec![Grant::tree(
        "/p/.git/hooks",
        GrantKind::Workspace,
        Access::Write,
    )]);
    assert_eq!(
        rule(&policy, "/p/.git/hooks/pre-commit", Operation::Write),
        Rule::GitControl
    );
}
