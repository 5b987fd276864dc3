//! A view tells no more than the policy allows, and tells it in few mounts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use massgen_lanes::{Bind, Shown, View};
use massgen_permissions::{
    Access, Effect, Grant, GrantKind, Moved, Operation, PathRule, Pattern, Policy,
};
use proptest::prelude::*;
use tempfile::TempDir;

/// A directory for a workspace `w` and a context path `c`, with the real path to it.
struct Place(
    #[expect(dead_code, reason = "removed when dropped")] TempDir,
    PathBuf,
);

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("w")).unwrap();
        fs::create_dir_all(root.join("c")).unwrap();
        Self(directory, root)
    }

    fn file(&self, path: &str) {
        let path = self.1.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.1.join(path)
    }

    /// A workspace to write and a context path to write in the final presentation.
    fn grants(&self) -> Vec<Grant> {
        vec![
            Grant::tree(self.path("w"), GrantKind::Workspace, Access::Write),
            Grant::tree(self.path("c"), GrantKind::Context, Access::Write)
                .writable_in_final_presentation(),
        ]
    }

    fn policy(&self) -> Policy {
        presenting(Policy::new(self.grants()))
    }

    fn rule(&self, pattern: &str, effect: Effect) -> PathRule {
        PathRule {
            root: self.path("c"),
            pattern: Pattern::new(pattern).unwrap(),
            effect,
        }
    }

    /// The mounts, with paths below the place.
    fn shown(&self, policy: &Policy) -> Vec<(String, Shown)> {
        let below = |bind: Bind| {
            let path = bind.path.strip_prefix(&self.1).unwrap();
            (path.display().to_string(), bind.shown)
        };
        let view = View::of(policy).unwrap();
        view.binds.into_iter().map(below).collect()
    }
}

fn presenting(mut policy: Policy) -> Policy {
    policy.final_presentation = true;
    policy
}

fn mounts(expected: &[(&str, Shown)]) -> Vec<(String, Shown)> {
    let owned = |(path, shown): &(&str, Shown)| ((*path).to_owned(), *shown);
    expected.iter().map(owned).collect()
}

#[test]
fn a_grant_without_exceptions_is_one_mount() {
    let place = Place::new();
    place.file("w/src/main.py");
    place.file("w/node_modules/m/index.js");
    place.file("c/read/me");
    let mut policy = place.policy();
    policy.final_presentation = false;
    assert_eq!(
        place.shown(&policy),
        mounts(&[("c", Shown::ReadOnly), ("w", Shown::Writable)])
    );
    policy.final_presentation = true;
    assert_eq!(
        place.shown(&policy),
        mounts(&[("c", Shown::Writable), ("w", Shown::Writable)])
    );
}

#[test]
fn excluded_names_are_read_only_and_hidden_names_are_covered() {
    let place = Place::new();
    for file in ["c/.env", "c/.ssh/config", "c/node_modules/m/i.js", "c/a"] {
        place.file(file);
    }
    assert_eq!(
        place.shown(&place.policy()),
        mounts(&[
            ("c", Shown::Writable),
            ("c/.env", Shown::EmptyFile),
            ("c/.ssh", Shown::EmptyDirectory),
            ("c/node_modules", Shown::ReadOnly),
            ("w", Shown::Writable),
        ])
    );
}

#[test]
fn a_protected_path_is_read_only_and_the_directories_above_it_stay_in_their_place() {
    let place = Place::new();
    place.file("c/a/b/kept");
    let mut grants = place.grants();
    grants[1].protected = vec![place.path("c/a/b/kept")];
    assert_eq!(
        place.shown(&presenting(Policy::new(grants))),
        mounts(&[
            ("c", Shown::Writable),
            ("c/a", Shown::Writable),
            ("c/a/b", Shown::Writable),
            ("c/a/b/kept", Shown::ReadOnly),
            ("w", Shown::Writable),
        ])
    );
}

#[test]
fn where_a_protected_path_does_not_exist_its_directory_is_closed_and_the_rest_is_not() {
    let place = Place::new();
    place.file("c/sub/file");
    let mut grants = place.grants();
    grants[1].protected = vec![place.path("c/later/kept")];
    assert_eq!(
        place.shown(&presenting(Policy::new(grants))),
        mounts(&[
            ("c", Shown::ReadOnly),
            ("c/sub", Shown::Writable),
            ("w", Shown::Writable),
        ])
    );
}

#[test]
fn what_would_have_to_be_asked_about_is_not_shown() {
    let place = Place::new();
    place.file("c/data/a");
    let policy = Policy::new(place.grants())
        .with_rules(vec![place.rule("data/", Effect::Ask)])
        .unwrap();
    assert_eq!(
        place.shown(&policy),
        mounts(&[
            ("c", Shown::ReadOnly),
            ("c/data", Shown::EmptyDirectory),
            ("w", Shown::Writable),
        ])
    );
}

#[test]
fn a_repository_is_read_only_as_a_whole() {
    let place = Place::new();
    for file in ["config", "HEAD", "refs/heads/main", "objects/00/11"] {
        place.file(&format!("w/project/.git/{file}"));
    }
    assert_eq!(
        place.shown(&place.policy()),
        mounts(&[
            ("c", Shown::Writable),
            ("w", Shown::Writable),
            ("w/project/.git", Shown::ReadOnly),
        ])
    );
}

#[test]
fn a_file_with_a_further_name_elsewhere_cannot_be_changed() {
    let place = Place::new();
    place.file("kept");
    place.file("w/one");
    fs::hard_link(place.path("kept"), place.path("w/alias")).unwrap();
    fs::hard_link(place.path("w/one"), place.path("w/two")).unwrap();
    assert_eq!(
        place.shown(&place.policy()),
        mounts(&[
            ("c", Shown::Writable),
            ("w", Shown::Writable),
            ("w/alias", Shown::ReadOnly),
        ])
    );
}

#[test]
fn a_grant_below_a_hidden_directory_is_shown() {
    let place = Place::new();
    place.file("c/.ssh/public/key");
    let mut grants = place.grants();
    let public = place.path("c/.ssh/public");
    grants.push(Grant::tree(public, GrantKind::Context, Access::Read));
    assert_eq!(
        place.shown(&Policy::new(grants)),
        mounts(&[
            ("c", Shown::ReadOnly),
            ("c/.ssh", Shown::EmptyDirectory),
            ("c/.ssh/public", Shown::ReadOnly),
            ("w", Shown::Writable),
        ])
    );
}

#[test]
fn a_socket_of_another_program_is_covered() {
    let place = Place::new();
    let _listener = std::os::unix::net::UnixListener::bind(place.path("c/agent")).unwrap();
    assert_eq!(
        place.shown(&place.policy()),
        mounts(&[
            ("c", Shown::Writable),
            ("c/agent", Shown::EmptyFile),
            ("w", Shown::Writable),
        ])
    );
}

/// What a process sees of `path`: the last mount at or above it.
fn seen(view: &View, path: &Path) -> Option<Shown> {
    let above = |bind: &&Bind| path.starts_with(&bind.path);
    view.binds.iter().rfind(above).map(|bind| bind.shown)
}

/// True where a process can take the name away: its directory is writable, and nothing is mounted at it.
fn can_be_displaced(view: &View, path: &Path) -> bool {
    seen(view, path.parent().unwrap()) == Some(Shown::Writable)
        && view.binds.iter().all(|bind| bind.path != path)
}

/// Checks one file or directory.
fn check(view: &View, policy: &Policy, path: &Path) -> Result<(), TestCaseError> {
    let kind = fs::symlink_metadata(path).unwrap();
    let may = |operation| policy.decide(path, operation).is_allowed();
    let moved = match kind {
        _ if kind.is_dir() => Moved::Tree,
        _ if kind.is_symlink() => Moved::Link,
        _ => Moved::File,
    };
    let shown = seen(view, path);
    if !kind.is_symlink() {
        let reads = matches!(shown, Some(Shown::Writable | Shown::ReadOnly));
        prop_assert!(!reads || may(Operation::Read), "reads {path:?}");
        let writes = shown == Some(Shown::Writable) && kind.is_file();
        prop_assert!(!writes || may(Operation::Write), "writes {path:?}");
        let makes = shown == Some(Shown::Writable) && kind.is_dir();
        prop_assert!(!makes || may(Operation::Create), "makes files in {path:?}");
    }
    if can_be_displaced(view, path) {
        prop_assert!(may(Operation::Remove), "removes {path:?}");
        let [away, _] = policy.decide_rename(path, path, moved);
        prop_assert!(away.is_allowed(), "moves {path:?}");
    }
    Ok(())
}

fn everything_below(root: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            everything_below(&path, found);
        }
        found.push(path);
    }
}

/// Names that some rule speaks of, and some that none does.
fn relative_path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "a",
        "b",
        "docs",
        "src",
        ".env",
        ".git",
        "refs",
        "config",
        "node_modules",
        "k.pem",
        ".ssh",
    ]);
    (
        prop::sample::select(vec!["w", "c"]),
        prop::collection::vec(name, 1..4),
    )
        .prop_map(|(root, names)| format!("{root}/{}", names.join("/")))
}

#[derive(Debug, Clone)]
enum Made {
    File(String),
    Directory(String),
    Link(String, String),
    HardLink(String, String),
}

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        4 => relative_path().prop_map(Made::File),
        1 => relative_path().prop_map(Made::Directory),
        1 => (relative_path(), relative_path()).prop_map(|(from, to)| Made::Link(from, to)),
        1 => (relative_path(), relative_path()).prop_map(|(from, to)| Made::HardLink(from, to)),
    ]
}

/// What cannot be made, since something of another kind is in its way, is left out.
fn make(place: &Place, made: &Made) -> std::io::Result<()> {
    let prepared = |path: &str| {
        let path = place.path(path);
        fs::create_dir_all(path.parent().unwrap()).map(|()| path)
    };
    match made {
        Made::File(path) => fs::write(prepared(path)?, path),
        Made::Directory(path) => fs::create_dir_all(prepared(path)?),
        Made::Link(from, to) => symlink(place.path(from), prepared(to)?),
        Made::HardLink(from, to) => fs::hard_link(place.path(from), prepared(to)?),
    }
}

const PATTERNS: [&str; 8] = [
    "*.pem",
    "docs/",
    "/a/config",
    "src/*/b",
    "**/b",
    "a",
    "docs/**/k.pem",
    "src/",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_shown_that_the_policy_does_not_allow(
        files in prop::collection::vec(made(), 0..14),
        protected in prop::collection::vec(relative_path(), 0..3),
        nested in prop::option::of((relative_path(), any::<bool>())),
        rules in prop::collection::vec(
            (prop::sample::select(PATTERNS.to_vec()), prop::sample::select(vec![
                Effect::Hide, Effect::Ask, Effect::Read, Effect::Write,
            ])),
            0..3,
        ),
        presents in any::<bool>(),
    ) {
        let place = Place::new();
        for made in &files {
            let _ = make(&place, made);
        }
        let mut grants = place.grants();
        for path in &protected {
            let grant = usize::from(path.starts_with('c'));
            grants[grant].protected.push(place.path(path));
        }
        if let Some((path, is_file)) = nested {
            let kind = fs::symlink_metadata(place.path(&path)).ok();
            let access = if is_file { Access::Write } else { Access::Read };
            match kind {
                Some(kind) if kind.is_dir() => grants.push(Grant::tree(place.path(&path), GrantKind::Context, access)),
                Some(kind) if kind.is_file() => grants.push(Grant::file(place.path(&path), GrantKind::Context, access)),
                _ => {}
            }
        }
        let rules = rules.into_iter().map(|(pattern, effect)| place.rule(pattern, effect)).collect();
        let mut policy = Policy::new(grants).with_rules(rules).unwrap();
        policy.final_presentation = presents;

        let view = View::of(&policy).unwrap();
        let mut found = Vec::new();
        everything_below(&place.1, &mut found);
        for path in &found {
            check(&view, &policy, path)?;
            let metadata = fs::symlink_metadata(path).unwrap();
            if metadata.is_file() && seen(&view, path) == Some(Shown::Writable) {
                for other in &found {
                    let alias = fs::symlink_metadata(other).unwrap();
                    let is_alias = alias.is_file() && alias.ino() == metadata.ino();
                    prop_assert!(!is_alias || policy.decide(other, Operation::Write).is_allowed());
                }
            }
        }
        for fixed in policy.fixed_places() {
            let above = fixed.ancestors().find(|path| fs::symlink_metadata(path).is_ok()).unwrap();
            let makes = above != fixed && above.is_dir() && seen(&view, above) == Some(Shown::Writable);
            prop_assert!(!makes || policy.decide(fixed, Operation::Create).is_allowed(), "makes {fixed:?}");
        }
    }
}
