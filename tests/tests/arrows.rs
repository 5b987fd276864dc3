//! The crates of the host may use only crates below them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each crate may use of ours: cli → orchestrator → tools → {backends, lanes → sandbox} → {config, permissions}.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("massgen-permissions", &[]),
    ("massgen-config", &[]),
    ("massgen-backends", &["massgen-config"]),
    (
        "massgen-sandbox",
        &["massgen-config", "massgen-permissions"],
    ),
    (
        "massgen-lanes",
        &["massgen-sandbox", "massgen-config", "massgen-permissions"],
    ),
    (
        "massgen-tools",
        &[
            "massgen-backends",
            "massgen-lanes",
            "massgen-sandbox",
            "massgen-config",
            "massgen-permissions",
        ],
    ),
    (
        "massgen-orchestrator",
        &[
            "massgen-tools",
            "massgen-backends",
            "massgen-lanes",
            "massgen-sandbox",
            "massgen-config",
            "massgen-permissions",
        ],
    ),
    (
        "massgen",
        &[
            "massgen-orchestrator",
            "massgen-tools",
            "massgen-backends",
            "massgen-lanes",
            "massgen-sandbox",
            "massgen-config",
            "massgen-permissions",
        ],
    ),
    ("xtask", &[]),
];

/// Our own crates that each of our crates depends on, tests and benches aside.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .expect("cargo metadata of this workspace");
    let ours: BTreeSet<_> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let uses = |package: &cargo_metadata::Package| {
        let dependencies = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development);
        dependencies
            .map(|dependency| dependency.name.clone())
            .filter(|name| ours.contains(name))
            .collect()
    };
    metadata
        .packages
        .iter()
        .map(|package| (package.name.to_string(), uses(package)))
        .collect()
}

/// The arrows that the table does not allow.
fn forbidden(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut forbidden = Vec::new();
    for (name, allowed) in ALLOWED {
        let used = arrows
            .get(name)
            .unwrap_or_else(|| panic!("there is no crate {name}"));
        forbidden.extend(
            used.iter()
                .filter(|used| !allowed.contains(&used.as_str()))
                .map(|used| format!("{name} -> {used}")),
        );
    }
    forbidden
}

#[test]
fn crates_use_only_crates_below_them() {
    assert_eq!(forbidden(&arrows()), Vec::<String>::new());
}

#[test]
fn an_arrow_upwards_is_found() {
    let mut arrows = arrows();
    arrows
        .get_mut("massgen-backends")
        .unwrap()
        .insert("massgen-sandbox".to_owned());
    assert_eq!(forbidden(&arrows), ["massgen-backends -> massgen-sandbox"]);
}

#[test]
fn every_crate_of_the_host_has_its_place_in_the_table() {
    let known: BTreeSet<_> = ALLOWED.iter().map(|(name, _)| *name).collect();
    let unknown: Vec<_> = arrows()
        .into_keys()
        .filter(|name| !known.contains(name.as_str()) && !name.starts_with("massgen-test"))
        .collect();
    assert_eq!(unknown, Vec::<String>::new());
}
