//! Tests that the documents name must exist.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(document: &str) -> String {
    fs::read_to_string(repository().join(document)).unwrap()
}

/// The tests that a text names, each as `file::test` between backquotes. The file may be left out or be an abbreviation
/// that the text explains.
fn named(text: &str) -> Vec<(&str, &str)> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter_map(|code| code.rsplit_once("::"))
        .filter(|(_, test)| test.contains('_') && test.chars().all(is_of_name))
        .collect()
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
}

/// True when a source has a function of that name, or a line of a table that makes one.
fn has_test(source: &str, test: &str) -> bool {
    source.match_indices(test).any(|(at, _)| {
        let before = source[..at].chars().next_back();
        let after = source[at + test.len()..].chars().next();
        !before.is_some_and(is_of_name) && matches!(after, Some('(' | ':'))
    })
}

/// All sources of the repository in one text.
fn sources() -> String {
    let mut sources = String::new();
    let mut pending = ["host", "plugins", "tests"]
        .map(|name| repository().join(name))
        .to_vec();
    while let Some(path) = pending.pop() {
        if path.is_dir() && !path.ends_with("target") {
            let entries = fs::read_dir(&path).unwrap();
            pending.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    sources
}

#[test]
fn every_test_that_the_policy_guide_names_exists() {
    let (text, sources) = (text("docs/policy.md"), sources());
    let named = named(&text);
    assert!(named.len() > 50, "{named:?}");
    let missing: Vec<_> = named
        .into_iter()
        .filter(|(_, test)| !has_test(&sources, test))
        .collect();
    assert!(missing.is_empty(), "there is no {missing:?}");
}

#[test]
fn every_promise_of_the_threat_model_names_tests_that_exist() {
    let text = text("docs/threat-model.md");
    let tables: Vec<_> = text.split("| promise | held by |").skip(1).collect();
    assert_eq!(tables.len(), 2, "the sandbox's, and that of native lanes");
    let rows = |table: &&str| {
        let below = table.lines().skip(2);
        below
            .take_while(|line| line.starts_with('|'))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let rows: Vec<_> = tables.iter().flat_map(rows).collect();
    assert!(rows.len() > 30, "{rows:?}");
    for row in rows {
        let tests = named(&row);
        assert!(!tests.is_empty(), "no test: {row}");
        for (file, test) in tests {
            let source = fs::read_to_string(repository().join(file)).unwrap_or_default();
            assert!(has_test(&source, test), "there is no {file}::{test}");
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    let source = "fn a_test_that_is_there() {} classes! { one_of_a_table: 3; }";
    assert!(has_test(source, "a_test_that_is_there"));
    assert!(has_test(source, "one_of_a_table"));
    assert!(!has_test(source, "a_test_that_is"));
    assert!(!has_test(source, "test_that_is_there"));
    let named_here = named("see `a/b.rs::c_d`, `::e_f`, `d` and `A::B`");
    assert_eq!(named_here, [("a/b.rs", "c_d"), ("", "e_f")]);
}
