//! Guests attack the policy filesystem, class by class; what each class tries stands in `tests/guests/attack/src`. After
//! each class, everything outside what it may change is as it was: contents, modes and times.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;
mod scene;

use std::collections::BTreeSet;

use massgen_sandbox::{Outcome, Report};
use scene::Scene;

/// Runs a class, in which there are so many checks.
async fn attack(class: &str, checks: usize) -> Report {
    let scene = Scene::new();
    let before = scene.guarded();
    let report = guests::run_command("attack", &scene.filesystem(), &[scene.path(), class]).await;
    let (output, errors) = (report.stdout.to_text(), report.stderr.to_text());
    let broken: Vec<_> = output
        .lines()
        .filter(|line| line.starts_with("BROKEN"))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let ended = &report.outcome;
    assert_eq!(*ended, Outcome::Exited { code: 0 }, "{output}\n{errors}");
    let passed = output.lines().filter(|line| line.starts_with("ok "));
    assert_eq!(passed.count(), checks, "checks of {class}:\n{output}");
    scene::assert_same(&before, &scene.guarded());
    report
}

/// One test for each class, and the list of all.
macro_rules! classes {
    ($($name:ident: $class:literal, $checks:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                attack($class, $checks).await;
            }
        )*

        const CLASSES: &[(&str, usize)] = &[$(($class, $checks)),*];
    };
}

classes! {
    nothing_outside_the_grants_is_reached_by_any_spelling: "outside", 47;
    a_read_only_context_stays_as_it_is: "read-only", 38;
    no_way_of_opening_writes_without_the_right_to: "opening", 30;
    no_symbolic_link_leads_past_a_rule: "links", 70;
    nothing_above_a_protected_or_granted_path_is_moved_or_removed: "ancestors", 37;
    a_protected_path_stays_as_it_is_or_missing: "protected", 44;
    no_hard_link_changes_what_may_not_be_written: "hard-links", 31;
    metadata_is_neither_shown_nor_set_beyond_the_grants: "metadata", 33;
    the_neighbours_of_a_file_granted_alone_are_not_there: "single-file", 30;
    a_hidden_name_is_not_there_for_any_operation: "hidden", 46;
    rules_below_a_grant_hold_for_every_operation: "rules", 20;
    git_is_never_made_to_run_programs: "git", 42;
    no_name_however_spelled_passes_for_another: "names", 46;
    special_files_are_never_opened: "special", 21;
    an_open_directory_cannot_be_left: "descriptors", 48;
    a_mount_below_a_mount_keeps_its_own_rules: "nested", 26;
}

#[test]
fn there_are_at_least_150_attacks() {
    let checks: usize = CLASSES.iter().map(|(_, checks)| checks).sum();
    assert!(checks >= 150, "{checks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_names_its_rule() {
    let mut rules = BTreeSet::new();
    for (class, checks) in CLASSES {
        let report = attack(class, *checks).await;
        rules.extend(report.denials.iter().map(|denial| denial.rule.name()));
    }
    for rule in [
        "outside-grants",
        "file-grant-only",
        "read-only-grant",
        "protected-path",
        "ancestor-of-protected",
        "hard-link-alias",
        "excluded-name",
        "hidden",
        "git-control",
        "grant-root",
        "read-only-rule",
        "needs-approval",
        "special-file",
    ] {
        assert!(rules.contains(rule), "{rule} is missing in {rules:?}");
    }
}
