//! `execute_command` and `massgen exec -- sh`: command lines in the sandbox, with the real shell and its commands.

use serde_json::{Value, json};

use crate::massgen::{Folder, Ran};

/// Lets one agent run these command lines, each as a call of `execute_command`; gives the beginning of
/// what the model would read of each.
fn execute(backend: &str, calls: &[Value]) -> (Vec<String>, Ran) {
    call_tool("execute_command", backend, calls)
}

/// Lets one agent call a tool with each of these arguments; gives the beginning of what the model would read of each.
pub(crate) fn call_tool(tool: &str, backend: &str, calls: &[Value]) -> (Vec<String>, Ran) {
    let folder = Folder::new();
    write_calls(&folder, tool, backend, calls);
    let ran = folder.run(&["--config", "run.yaml", "--output", "json", "Go on"]);
    (told(&ran), ran)
}

/// What the model would read of each call, its beginning.
pub(crate) fn told(ran: &Ran) -> Vec<String> {
    let finished = ran.events_of("tool_call_finished");
    let summary = |event: &Value| event["summary"].as_str().unwrap().to_owned();
    finished.iter().map(summary).collect()
}

/// Writes `run.yaml`, of one agent with this backend that calls a tool with each of these arguments and is done.
pub(crate) fn write_calls(folder: &Folder, tool: &str, backend: &str, calls: &[Value]) {
    folder.write(
        "run.yaml",
        &format!(
            "agents:\n  - id: coder\n    backend: {{type: replay, cassette: turns.jsonl, cwd: desk{backend}}}\n\
             orchestrator: {{skip_coordination_rounds: true}}\n"
        ),
    );
    let turn = |chunks: Vec<Value>| json!({"agent": "coder", "stage": "presentation", "sees": [], "chunks": chunks});
    let call = |(index, arguments): (usize, &Value)| {
        json!({
            "type": "tool_call", "id": format!("call_{index}"), "name": tool,
            "arguments": arguments.to_string(),
        })
    };
    let mut chunks: Vec<Value> = calls.iter().enumerate().map(call).collect();
    chunks.push(json!({"type": "done", "finish_reason": "tool_calls"}));
    let end = vec![
        json!({"type": "content", "text": "Done."}),
        json!({"type": "done", "finish_reason": "stop"}),
    ];
    let turns = [json!({"massgen_cassette": 1}), turn(chunks), turn(end)];
    let lines: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
    folder.write("turns.jsonl", &lines);
}

#[test]
fn an_agent_runs_command_lines_in_its_workspace() {
    let (told, ran) = execute(
        ", enable_mcp_command_line: true",
        &[
            json!({"command": "printf 'b\\na\\n' > list && sort list | head -1"}),
            json!({"command": "mkdir -p src && cd src && pwd | sed 's|.*/||'; exit 3"}),
            json!({"command": "python3 -c 'print(6 * 7)'", "work_dir": "src"}),
        ],
    );
    assert_eq!(told.len(), 3, "{}{}", ran.stdout, ran.stderr);
    let begins = |told: &str, beginning: &str| assert!(told.starts_with(beginning), "{told}");
    begins(
        &told[0],
        r#"{"success":true,"exit_code":0,"stdout":"a\n","stderr":"""#,
    );
    begins(
        &told[1],
        r#"{"success":false,"exit_code":3,"stdout":"src\n","stderr":"""#,
    );
    begins(
        &told[2],
        r#"{"success":true,"exit_code":0,"stdout":"42\n","stderr":"""#,
    );
}

#[test]
fn a_command_line_has_devices_and_a_tmp_that_is_gone_with_it() {
    let (told, ran) = execute(
        ", enable_mcp_command_line: true",
        &[
            json!({"command": "f=$(mktemp) && yes | head -2 > $f && cat /dev/null $f && ls /tmp | wc -l"}),
            json!({"command": "ls /tmp; python3 -c \"open('/dev/null','w').write('x'); \
                               open('/tmp/a','w').write('kept'); print(open('/tmp/a').read())\""}),
            json!({"command": "ls . /tmp"}),
        ],
    );
    assert_eq!(told.len(), 3, "{}{}", ran.stdout, ran.stderr);
    for (told, stdout) in told
        .iter()
        .zip(["y\\ny\\n1\\n", "kept\\n", ".:\\n\\n/tmp:\\n"])
    {
        let beginning =
            format!(r#"{{"success":true,"exit_code":0,"stdout":"{stdout}","stderr":"""#);
        assert!(told.starts_with(&beginning), "{told}");
    }
}

#[test]
fn patterns_hold_for_every_command_that_a_line_starts() {
    let (told, _) = execute(
        ", enable_mcp_command_line: true, command_line_blocked_commands: ['rm.*']",
        &[
            json!({"command": "touch kept; cd .;rm kept; ls"}),
            json!({"command": "echo kept | xargs rm; ls"}),
        ],
    );
    assert_eq!(told.len(), 2);
    for ran in &told {
        assert!(ran.contains(r#""stdout":"kept\n""#), "{ran}");
        assert!(
            ran.contains("(`command_line_blocked_commands`: rm.*)"),
            "{ran}"
        );
    }
}

#[test]
fn without_the_key_there_is_no_such_tool() {
    let (told, _) = execute("", &[json!({"command": "ls"})]);
    assert!(
        told[0].contains("There is no tool `execute_command`"),
        "{}",
        told[0]
    );
}

#[test]
fn a_pipeline_of_components_passes_its_output_and_exit_code_on() {
    let folder = Folder::new();
    folder.write("words.txt", "one\ntwo\ntwo\n");
    let line = "sort words.txt | uniq -c | awk '{ print $2 \"=\" $1 }' | tr a-z A-Z; exit 5";
    let ran = folder.run(&["exec", "--", "sh", "-c", line]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(5), "ONE=1\nTWO=2\n"),
        "{}",
        ran.stderr
    );
    let outside = folder.run(&["exec", "--", "sh", "-c", "cat /etc/passwd; sudo ls"]);
    assert_eq!(outside.code, Some(127));
    assert!(
        outside.stderr.contains("outside every granted path"),
        "{}",
        outside.stderr
    );
}
