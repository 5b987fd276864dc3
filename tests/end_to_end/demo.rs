//! The demo: models from a cassette, everything else real.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::massgen::{Folder, Ran, contents, copy, repository};

const QUESTION: &str = "Which of the three sensors drifts, and by how much a day?";

/// The demo in a folder of its own, where nobody has delivered yet.
fn demo() -> Folder {
    let folder = Folder::new();
    copy(&repository().join("configs"), &folder.path.join("configs"));
    let _ = fs::remove_file(folder.path.join("configs/demo/delivery/drift-report.md"));
    folder
}

fn run(folder: &Folder) -> Ran {
    let ran = folder.run(&[
        "run",
        "--config",
        "configs/demo.yaml",
        "--output",
        "json",
        QUESTION,
    ]);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    ran
}

#[test]
fn three_agents_work_in_the_sandbox_vote_and_the_winner_delivers() {
    let folder = demo();
    let ran = run(&folder);
    let outcome = ran.outcome();
    assert_eq!(outcome["outcome"], "finished");
    assert_eq!(outcome["winner"], "analyst");
    assert!(
        outcome["final_text"]
            .as_str()
            .unwrap()
            .contains("Sensor B drifts by +0.119"),
        "{outcome}"
    );
    let report = folder.read("configs/demo/delivery/drift-report.md");
    assert!(report.contains("- sensor B: +0.119 °C a day"), "{report}");
    assert_eq!(ran.events_of("answer_accepted").len(), 3);
    assert_eq!(ran.events_of("vote_cast").len(), 3);
}

#[test]
fn python_really_ran_on_the_data() {
    let folder = demo();
    let ran = run(&folder);
    let python: Vec<_> = ran
        .events_of("tool_call_finished")
        .into_iter()
        .filter(|event| event["tool"] == "run_python")
        .collect();
    assert_eq!(python.len(), 5);
    for call in &python {
        assert_eq!(call["status"], "ok", "{call}");
        assert!(
            call["summary"]
                .as_str()
                .unwrap()
                .contains("\"exit_code\":0"),
            "{call}"
        );
    }
    // Other data give another result: nothing of it is in the cassette.
    let data = folder
        .read("configs/demo/data/sensors.csv")
        .replace("13,B,21.55", "13,B,31.55");
    folder.write("configs/demo/data/sensors.csv", &data);
    run(&folder);
    let report = folder.read("configs/demo/delivery/drift-report.md");
    assert!(
        !report.contains("+0.119") && report.contains("sensor B: +0."),
        "{report}"
    );
}

#[test]
fn writing_outside_is_refused_with_the_rules_name() {
    let folder = demo();
    let ran = run(&folder);
    let denied: Vec<_> = ran
        .events_of("tool_call_finished")
        .into_iter()
        .filter(|event| event["status"] == "denied")
        .collect();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["rule"], "outside-grants");
    assert_eq!(denied[0]["agent"], "skeptic");
    assert!(!Path::new("/etc/massgen-demo-notes.txt").exists());
}

#[test]
fn only_the_delivery_is_changed_and_its_protected_file_is_not() {
    let folder = demo();
    let before = contents(&folder.path.join("configs"));
    run(&folder);
    let mut after = contents(&folder.path.join("configs"));
    assert!(
        after
            .remove(Path::new("demo/delivery/drift-report.md"))
            .is_some()
    );
    assert_eq!(before, after);
}

#[test]
fn what_was_delivered_is_told_with_what_changed() {
    let folder = demo();
    let ran = run(&folder);
    let told = ran.events_of("delivered");
    assert_eq!(told.len(), 1);
    let report = folder.path.join("configs/demo/delivery/drift-report.md");
    assert_eq!(told[0]["context_paths"], json!([report]));
    let workspace = &told[0]["workspace"];
    assert_eq!(workspace["files"], 2);
    for changes in ["added", "modified", "removed"] {
        assert_eq!(workspace[changes], json!([]), "{changes}");
    }
    let copy = Path::new(workspace["folder"].as_str().unwrap());
    assert!(copy.join("slopes.json").is_file());
}

#[test]
fn the_hosts_own_copies_are_in_the_audit() {
    let folder = demo();
    run(&folder);
    let audit = fs::read_to_string(folder.logs().join("audit.jsonl")).unwrap();
    let copies = audit
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["rule"] == "host-copy");
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for copy in copies {
        let text = |key: &str| copy[key].as_str().unwrap().to_owned();
        assert_eq!(text("plugin"), "massgen");
        assert!(Path::new(&text("path")).is_absolute(), "{copy}");
        assert!(copy["times"].as_u64().unwrap() > 0, "{copy}");
        *counts.entry((text("tool"), text("operation"))).or_default() += 1;
    }
    let both_ways = |tool: &str| {
        ["read", "create"].map(|operation| {
            let key = (tool.to_owned(), operation.to_owned());
            counts.get(&key).copied().unwrap_or_default()
        })
    };
    // Two of the three answers come with files. Each agent sees them when it votes, the winner when it presents, and
    // whoever was still at work when an answer came in sees that one before.
    assert_eq!(both_ways("snapshot"), [2, 2], "{counts:?}");
    let [read, made] = both_ways("share");
    assert!(read >= 4 && read == made, "{counts:?}");
    assert_eq!(both_ways("restore"), [1, 1]);
    assert_eq!(both_ways("deliver"), [1, 1]);
}

#[test]
fn a_write_to_the_delivery_before_the_final_presentation_is_refused() {
    let folder = demo();
    let cassette = folder.read("configs/demo/cassette.jsonl");
    let early = cassette.replace("/etc/massgen-demo-notes.txt", "${context2}/early.txt");
    assert_ne!(cassette, early);
    folder.write("configs/demo/cassette.jsonl", &early);
    let ran = run(&folder);
    let denied: Vec<_> = ran
        .events_of("tool_call_finished")
        .into_iter()
        .filter(|event| event["status"] == "denied")
        .collect();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["rule"], "read-only-grant");
    assert!(!folder.path.join("configs/demo/delivery/early.txt").exists());
}

#[test]
fn logs_and_snapshots_have_their_layout() {
    let folder = demo();
    let ran = run(&folder);
    let logs = folder.logs();
    for name in [
        "massgen.log",
        "coordination_events.json",
        "snapshot_mappings.json",
        "coordination_table.txt",
        "final/analyst/answer.txt",
        "agent_outputs/skeptic.txt",
        "agent_outputs/system_status.txt",
        "agent_outputs/final_presentation_analyst.txt",
    ] {
        assert!(
            logs.join(name).is_file(),
            "{name} is missing in {}",
            logs.display()
        );
    }
    let answer = &ran.events_of("answer_accepted")[0];
    let entry = logs.join(answer["log_entry"].as_str().unwrap());
    assert_eq!(
        fs::read_to_string(entry.join("answer.txt")).unwrap().trim(),
        answer["content"].as_str().unwrap()
    );
    assert!(entry.join("workspace").is_dir() && entry.join("context.txt").is_file());
    let snapshots = folder.path.join(".massgen/demo_snapshots");
    assert!(snapshots.join("analyst/agent1.1/slopes.json").is_file());
    assert!(snapshots.join("skeptic/agent2.1/notes.txt").is_file());
}

#[test]
fn the_demo_runs_the_same_way_twice_in_the_same_folder() {
    let folder = demo();
    let first = run(&folder).outcome();
    let second = run(&folder).outcome();
    assert_eq!(first["final_text"], second["final_text"]);
}

#[test]
fn plain_output_shows_each_agents_lines_and_the_answer() {
    let folder = demo();
    let ran = folder.run(&["--config", "configs/demo.yaml", QUESTION]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for line in [
        "[analyst] I fit a line to each sensor's readings.",
        "denied by outside-grants",
        "🏆 Selected agent: analyst",
        "Sensor B drifts by +0.119 °C a day. Sensors A and C are level.",
        // Nothing was counted when the models' words were written down.
        "💲 Tokens and cost: unknown",
    ] {
        assert!(
            ran.stdout.contains(line),
            "{line:?} is missing in\n{}",
            ran.stdout
        );
    }
}
