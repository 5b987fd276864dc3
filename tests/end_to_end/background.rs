//! Background commands of an agent in a run: they go on over several turns of the model and end with its answer.

use serde_json::{Value, json};

use crate::massgen::Folder;

/// A line of a cassette: what the agent says where it sees these answers.
fn turn(stage: &str, sees: &[&str], chunks: &[Value]) -> String {
    format!(
        "{}\n",
        json!({"agent": "coder", "stage": stage, "sees": sees, "chunks": chunks})
    )
}

fn calls(calls: &[(&str, Value)]) -> Vec<Value> {
    let call = |(name, arguments): &(&str, Value)| json!({"type": "tool_call", "id": format!("call_{name}"), "name": name, "arguments": arguments.to_string()});
    let end = json!({"type": "done", "finish_reason": "tool_calls"});
    calls.iter().map(call).chain([end]).collect()
}

#[test]
fn a_background_command_lives_over_turns_and_ends_before_the_answer_is_kept() {
    let folder = Folder::new();
    folder.write(
        "run.yaml",
        "agents:\n  - id: coder\n    backend: {type: replay, cassette: turns.jsonl, cwd: desk, enable_mcp_command_line: true}\n",
    );
    let line = "echo up; while :; do echo beat >> log; done";
    let shell = json!({"shell_id": "shell_1"});
    let waiting = json!({"command": "until [ -s log ]; do sleep 0.01; done"});
    let end = [
        json!({"type": "content", "text": "Done."}),
        json!({"type": "done", "finish_reason": "stop"}),
    ];
    let cassette = [
        format!("{}\n", json!({"massgen_cassette": 1})),
        turn(
            "coordination",
            &[],
            &calls(&[("start_background_shell", json!({"command": line}))]),
        ),
        turn(
            "coordination",
            &[],
            &calls(&[
                ("execute_command", waiting),
                ("get_background_shell_output", shell),
            ]),
        ),
        turn(
            "coordination",
            &[],
            &calls(&[("new_answer", json!({"content": "It beats."}))]),
        ),
        turn(
            "coordination",
            &["agent1.1"],
            &calls(&[("list_background_shells", json!({}))]),
        ),
        turn(
            "coordination",
            &["agent1.1"],
            &calls(&[(
                "vote",
                json!({"agent_id": "agent1", "reason": "It is mine."}),
            )]),
        ),
        turn("presentation", &["agent1.1"], &end),
    ];
    folder.write("turns.jsonl", &cassette.concat());
    let ran = folder.run(&["--config", "run.yaml", "--output", "json", "Go on"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let told: Vec<String> = ran
        .events_of("tool_call_finished")
        .iter()
        .map(|event| event["summary"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        told[0].contains(r#""shell_id":"shell_1","status":"running""#),
        "{told:?}"
    );
    assert!(told[2].contains(r#""status":"running""#), "{told:?}");
    assert!(told[2].contains(r#""stdout":"up\n""#), "{told:?}");
    assert!(told[3].contains(r#""count":0"#), "{told:?}");
    let kept = folder.read(".massgen/snapshots/coder/agent1.1/log");
    assert!(kept.ends_with("beat\n"), "cut in the middle: {kept:.100}");
}
