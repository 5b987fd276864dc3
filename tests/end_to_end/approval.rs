//! `access: ask` with the real binary: at a terminal a person is asked, elsewhere nobody is and it means no.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::massgen::{Folder, ran};

const CONFIG: &str = "
agents:
  - id: clerk
    backend: {type: replay, cassette: turns.jsonl, cwd: desk}
orchestrator:
  skip_coordination_rounds: true
  context_paths:
    - path: project
      permission: write
      rules:
        - {path: '*.sql', access: ask}
";

/// The clerk reads the schema, writes it anew, and says that it is done.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("run.yaml", CONFIG);
    folder.write("project/schema.sql", "create table old;\n");
    let call = |id: &str, name: &str, arguments: Value| json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments.to_string()});
    let turn = |chunks: Vec<Value>, reason: &str| {
        let done = json!({"type": "done", "finish_reason": reason});
        let chunks: Vec<Value> = chunks.into_iter().chain([done]).collect();
        json!({"agent": "clerk", "stage": "presentation", "sees": [], "chunks": chunks})
    };
    let path = "${context1}/schema.sql";
    let turns = [
        json!({"massgen_cassette": 1}),
        turn(
            vec![
                call("read", "read_text_file", json!({"path": path})),
                call(
                    "write",
                    "write_file",
                    json!({"path": path, "content": "create table new;\n"}),
                ),
            ],
            "tool_calls",
        ),
        turn(
            vec![json!({"type": "content", "text": "I am done."})],
            "stop",
        ),
    ];
    let lines: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
    folder.write("turns.jsonl", &lines);
    folder
}

/// The rules of the audit's decisions about the schema's bytes, in order.
fn rules(folder: &Folder) -> Vec<String> {
    let text = fs::read_to_string(folder.logs().join("audit.jsonl")).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["path"].as_str().unwrap().ends_with("schema.sql"))
        .filter(|record| record["operation"] != "stat")
        .map(|record| record["rule"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn without_a_terminal_nobody_is_asked_and_the_file_stays() {
    let folder = folder();
    // A session of its own has no terminal, wherever the tests run.
    let massgen = folder.command(&["--config", "run.yaml", "Renew the schema"]);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(massgen.get_program());
    command.args(massgen.get_args()).current_dir(&folder.path);
    command.env_clear().stdin(Stdio::null());
    for (key, value) in massgen.get_envs() {
        command.env(key, value.unwrap());
    }
    command.env("PATH", "/usr/bin:/bin");
    let ran = ran(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("needs-approval"), "{}", ran.stdout);
    assert_eq!(folder.read("project/schema.sql"), "create table old;\n");
    assert!(rules(&folder).iter().all(|rule| rule == "needs-approval"));
}

/// Runs at a terminal, where each question gets the next answer. Gives what the terminal showed.
fn at_a_terminal(folder: &Folder, answers: &[&str]) -> String {
    let massgen = folder.command(&["--config", "run.yaml", "'Renew the schema'"]);
    let words = [massgen.get_program()]
        .into_iter()
        .chain(massgen.get_args());
    let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
    let mut command = Command::new("script");
    command
        .args([
            "--quiet",
            "--return",
            "--command",
            &words.join(" "),
            "/dev/null",
        ])
        .current_dir(&folder.path)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "dumb")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    for (key, value) in massgen.get_envs() {
        command.env(key, value.unwrap());
    }
    let mut running = command.spawn().unwrap();
    let (mut typed, mut screen) = (
        running.stdin.take().unwrap(),
        running.stdout.take().unwrap(),
    );
    let mut shown = String::new();
    let mut answers = answers.iter();
    let mut bytes = [0; 4096];
    let mut looked_at = 0;
    loop {
        let count = screen.read(&mut bytes).unwrap();
        if count == 0 {
            break;
        }
        shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        while let Some(at) = shown[looked_at..].find("n = no: ") {
            looked_at += at + 1;
            let answer = answers
                .next()
                .unwrap_or_else(|| panic!("one question too many: {shown}"));
            writeln!(typed, "{answer}").unwrap();
        }
    }
    assert!(running.wait().unwrap().success(), "{shown}");
    assert!(
        answers.next().is_none(),
        "fewer questions than expected: {shown}"
    );
    shown
}

#[test]
fn at_a_terminal_a_person_allows_each_action() {
    let folder = folder();
    let shown = at_a_terminal(&folder, &["y", "perhaps\ny"]);
    assert!(shown.contains("clerk wants to read "), "{shown}");
    assert!(shown.contains("clerk wants to write "), "{shown}");
    assert!(
        shown.contains("`perhaps` is none of y, r and n."),
        "{shown}"
    );
    assert_eq!(folder.read("project/schema.sql"), "create table new;\n");
    assert!(rules(&folder).iter().all(|rule| rule == "approved"));
}

#[test]
fn at_a_terminal_a_person_refuses_and_the_file_stays() {
    let folder = folder();
    let shown = at_a_terminal(&folder, &["y", "n"]);
    assert!(shown.contains("approval-refused"), "{shown}");
    assert_eq!(folder.read("project/schema.sql"), "create table old;\n");
}
