//! Background commands in whole runs: they last from call to call, and end with the work they were started for.

use std::fs;
use std::time::{Duration, Instant};

use massgen_test_provider::{Call, Coordination, Provider, Turn};
use serde_json::{Value, json};

use crate::coordination::{config, run};
use crate::massgen::{Folder, Ran, ran};

/// Writes the same numbers to two files, far apart for whoever copies the directory in order.
const COUNT: &str = "mkdir -p many && touch many/{1..300}; i=0; \
                     while :; do i=$((i + 1)); echo $i >> first; echo $i >> zlast; done";

fn start(command: &str) -> Call {
    Call::new("start_background_shell", json!({ "command": command }))
}

/// Waits until a file of the workspace holds something.
fn wait_for(file: &str) -> Call {
    let command = format!("until test -s {file}; do sleep 0.01; done");
    Call::new("execute_command", json!({ "command": command }))
}

fn ask(tool: &str) -> Call {
    Call::new(tool, json!({"shell_id": "shell_1"}))
}

fn list() -> Call {
    Call::new("list_background_shells", json!({}))
}

/// Two agents with a shell; the second may write `shared` when it presents.
fn with_shell(base_url: &str) -> String {
    let agents = config(2, base_url).replace("cwd:", "enable_mcp_command_line: true, cwd:");
    format!("{agents}orchestrator:\n  context_paths:\n    - {{path: shared, permission: write}}\n")
}

/// What an agent was told by its calls of one tool, in order: the beginning of each result.
fn told(ran: &Ran, agent: &str, tool: &str) -> Vec<String> {
    let finished = ran.events_of("tool_call_finished").into_iter();
    finished
        .filter(|event| event["agent"] == agent && event["tool"] == tool)
        .map(|event| event["summary"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_command_ends_with_the_work_it_was_started_for_and_before_that_is_saved() {
    let folder = Folder::new();
    fs::create_dir(folder.path.join("shared")).unwrap();
    let mut script = Coordination::unanimous(2, 2);
    script.agents[0].tools = vec![
        start(COUNT),
        wait_for("zlast"),
        ask("get_background_shell_status"),
        start("echo begun; echo failed >&2; exit 3"),
        start("sleep 1000000"),
    ];
    script.agents[1].tools = vec![start("while :; do :; done")];
    let live = format!(
        "while :; do echo live >> {}/shared/live; echo x >> here; done",
        folder.path.display()
    );
    script.agents[1].presentation_tools = vec![list(), start(&live), wait_for("here")];
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .unwrap();
    folder.write("run.yaml", &with_shell(&provider.base_url()));
    let ran = run(&folder, &["--config", "run.yaml", "--output", "json", "Go"]).await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(provider.violations(), Vec::<String>::new());
    assert_eq!(ran.events_of("warning"), Vec::<Value>::new());

    let status = told(&ran, "member_1", "get_background_shell_status");
    assert!(
        status[0].starts_with(
            r#"{"success":true,"shell_id":"shell_1","status":"running","execution_time":"#
        ),
        "{status:?}"
    );

    // The snapshot is of one moment: nothing wrote any more when it was taken.
    let lines = |name: &str| {
        let text = folder.read(&format!(".massgen/snapshots/member_1/agent1.1/{name}"));
        text.lines().count()
    };
    let (first, last) = (lines("first"), lines("zlast"));
    assert!(
        last > 0 && (last..=last + 1).contains(&first),
        "{first} and {last}"
    );

    // The author's next attempt began with an empty workspace, to which nothing of the first came back.
    assert!(!folder.path.join(".massgen/workspaces/w1/first").exists());

    // The presenter finds nothing of its attempts running, and what it starts ends with its presentation.
    let listed = told(&ran, "member_2", "list_background_shells");
    assert_eq!(listed, [r#"{"success":true,"count":0,"shells":[]}"#]);
    let delivered = ran.events_of("delivered");
    assert!(
        delivered[0]["context_paths"]
            .to_string()
            .contains("shared/live"),
        "{delivered:?}"
    );
    assert!(folder.read("shared/live").starts_with("live\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_ends_its_background_commands_with_it() {
    let folder = Folder::new();
    let marker = folder.path.join(".massgen/workspaces/w1/log");
    let provider = Provider::start(move |request| {
        let is_first = request.calls_made().next().is_none();
        match is_first && request.model == "agent-1" {
            true => Turn::calling(start("trap '' INT; while :; do date >> log; done")).into(),
            false => Turn::saying("later")
                .pausing(Duration::from_secs(60))
                .into(),
        }
    })
    .await
    .unwrap();
    fs::create_dir(folder.path.join("shared")).unwrap();
    folder.write("run.yaml", &with_shell(&provider.base_url()));
    let mut command = folder.command(&["--config", "run.yaml", "--output", "json", "Go"]);
    let child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !marker.exists() {
        assert!(begun.elapsed() < Duration::from_secs(300), "no command");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let interrupted = Instant::now();
    let process = child.id().to_string();
    let signal = std::process::Command::new("kill")
        .args(["-INT", &process])
        .status();
    assert!(signal.unwrap().success());
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output()).await;
    let ran = ran(ended.unwrap().unwrap());
    assert_eq!(ran.code, Some(130), "{}\n{}", ran.stdout, ran.stderr);
    assert!(interrupted.elapsed() < Duration::from_secs(20));
    assert_eq!(ran.events_of("warning"), Vec::<Value>::new());
    let text = fs::read_to_string(&marker).unwrap();
    assert!(text.ends_with('\n') || text.is_empty(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reads_a_background_command_until_it_ends() {
    let mut script = Coordination::unanimous(2, 1);
    let poll = "until test -e end; do sleep 0.01; done; echo finished; exit 3";
    let touch = json!({"command": "touch end"});
    script.agents[0].tools = vec![
        start(poll),
        ask("get_background_shell_output"),
        Call::new("execute_command", touch),
        Call::new("execute_command", json!({"command": "sleep 2"})),
        ask("get_background_shell_output"),
        start("sleep 1000000"),
        Call::new("kill_background_shell", json!({"shell_id": "shell_2"})),
        list(),
    ];
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .unwrap();
    let folder = Folder::new();
    fs::create_dir(folder.path.join("shared")).unwrap();
    folder.write("run.yaml", &with_shell(&provider.base_url()));
    let ran = run(&folder, &["--config", "run.yaml", "--output", "json", "Go"]).await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let begins = |tool: &str, beginnings: &[&str]| {
        let told = told(&ran, "member_1", tool);
        assert_eq!(told.len(), beginnings.len(), "{told:?}");
        for (told, beginning) in told.iter().zip(beginnings) {
            assert!(told.starts_with(beginning), "{told}");
        }
    };
    begins(
        "get_background_shell_output",
        &[
            r#"{"success":true,"shell_id":"shell_1","status":"running","stdout":"","stderr":"","#,
            r#"{"success":true,"shell_id":"shell_1","status":"exited","exit_code":3,"stdout":"finished\n","stderr":"","#,
        ],
    );
    begins(
        "kill_background_shell",
        &[r#"{"success":true,"shell_id":"shell_2","status":"killed","execution_time":"#],
    );
    begins(
        "list_background_shells",
        &[
            r#"{"success":true,"count":2,"shells":[{"success":true,"shell_id":"shell_1","status":"exited","#,
        ],
    );
}
