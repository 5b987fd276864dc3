//! The directories that users find when a run has ended.

use super::objects::OBJECTS;
use super::*;

/// An answer, a vote after it, and their entries in the log.
fn answered(ground: &Ground, workspaces: &Workspaces) -> [PathBuf; 2] {
    let entries = ["log/alpha/1/workspace", "log/alpha/2/workspace"].map(|name| ground.path(name));
    fs::create_dir(ground.alpha("src")).unwrap();
    fs::create_dir(ground.alpha("empty")).unwrap();
    fs::write(ground.alpha("src/answer.py"), "42").unwrap();
    let alpha = agent("alpha");
    workspaces.snapshot(&alpha, label(0, 1)).unwrap();
    workspaces.archive_answer(label(0, 1), &entries[0]).unwrap();
    fs::write(ground.alpha("scratch.txt"), "hm").unwrap();
    workspaces.archive(&alpha, &entries[1]).unwrap();
    entries
}

const ANSWER: [&str; 3] = ["empty/", "src/", "src/answer.py"];
const VOTE: [&str; 4] = ["empty/", "scratch.txt", "src/", "src/answer.py"];

fn told(failures: &[WorkspaceError]) -> Vec<String> {
    failures.iter().map(ToString::to_string).collect()
}

// F10
#[test]
fn when_the_run_has_ended_snapshots_and_log_hold_directories_and_nothing_else() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let [answer, vote] = answered(&ground, &workspaces);
    assert!(!answer.exists(), "not while agents work");
    fs::write(ground.alpha("later.txt"), "l").unwrap();

    assert_eq!(
        told(&workspaces.unfold(Some(&ground.path("log")))),
        [] as [&str; 0]
    );
    assert_eq!(names_below(&answer), ANSWER);
    assert_eq!(names_below(&vote), VOTE);
    assert_eq!(
        names_below(&ground.path("snapshots/alpha/agent1.1")),
        ANSWER
    );
    assert_eq!(
        names_below(&ground.path("log/alpha/1")).len(),
        1 + ANSWER.len()
    );
    let storage = names_below(&ground.path("snapshots"));
    let left = |name: &String| name.contains(OBJECTS) || name.contains("manifest");
    assert!(!storage.iter().any(left), "{storage:?}");
}

#[test]
fn a_run_without_a_log_and_one_without_snapshots_end_in_order() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    assert!(workspaces.unfold(None).is_empty());
    assert_eq!(
        names_below(&ground.path("snapshots")),
        [MARKER, "alpha/", "beta/"]
    );
}

#[test]
fn a_killed_run_is_unfolded_afterwards() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let [answer, vote] = answered(&ground, &workspaces);
    let (storage, log) = (ground.path("snapshots"), ground.path("log"));
    let in_use = unfold_left_behind(&storage, Some(&log)).unwrap_err();
    assert!(
        in_use.to_string().contains("in use by another run"),
        "{in_use}"
    );
    drop(workspaces);
    // As if it had been killed while it unfolded.
    ground.put("log/alpha/1/.massgen-partial/src/half", "x");

    assert!(unfold_left_behind(&storage, Some(&log)).unwrap().is_empty());
    assert_eq!(
        (names_below(&answer), names_below(&vote)),
        (
            ANSWER.map(String::from).to_vec(),
            VOTE.map(String::from).to_vec()
        )
    );
    assert_eq!(names_below(&storage.join("alpha/agent1.1")), ANSWER);
    assert!(
        unfold_left_behind(&storage, Some(&log)).unwrap().is_empty(),
        "a second time"
    );
}

#[test]
fn only_a_storage_of_ours_is_unfolded_and_none_is_made() {
    let ground = Ground::new();
    let missing = ground.path("mistyped");
    assert!(unfold_left_behind(&missing, None).is_err());
    assert!(!missing.exists());
    ground.put("theirs/thesis.txt", "years of work");
    let error = unfold_left_behind(&ground.path("theirs"), None).unwrap_err();
    assert!(error.to_string().contains("did not make"), "{error}");
}

#[test]
fn what_cannot_be_unfolded_is_told_and_keeps_its_manifest_and_all_contents() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let [answer, vote] = answered(&ground, &workspaces);
    let manifest = answer.with_extension("manifest");
    let whole = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, &whole[..whole.len() / 2]).unwrap();

    let log = ground.path("log");
    let failures = told(&workspaces.unfold(Some(&log)));
    assert_eq!(failures.len(), 1);
    assert!(
        failures[0].contains("log/alpha/1/workspace") && failures[0].contains("manifest"),
        "{failures:?}"
    );
    assert_eq!(names_below(&vote), VOTE);
    fs::write(&manifest, &whole).unwrap();
    assert!(workspaces.unfold(Some(&log)).is_empty());
    assert_eq!(names_below(&answer), ANSWER);
}

#[test]
fn an_entry_of_the_log_is_never_overwritten() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let [answer, _] = answered(&ground, &workspaces);
    let error = workspaces.archive(&agent("alpha"), &answer).unwrap_err();
    assert!(
        error.to_string().contains("the copy for the log"),
        "{error}"
    );
}
