//! Background commands: started by one call, looked at by later ones, and ended with the turn.

use std::fs;
use std::time::Duration;

use massgen_config::{CommandLine, Limits, ToolFilter};
use massgen_tools::ToolStatus;
use serde_json::{Value, json};

use crate::agent::Agent;

async fn agent() -> Agent {
    with(Limits::default()).await
}

async fn with(limits: Limits) -> Agent {
    let command_line = CommandLine::default();
    Agent::commanding(&ToolFilter::default(), Some(&command_line), limits).await
}

impl Agent {
    /// What the tool answered, which must be JSON.
    async fn answer(&self, tool: &str, arguments: Value) -> Value {
        let outcome = self.call(tool, arguments).await;
        serde_json::from_str(&outcome.content)
            .unwrap_or_else(|error| panic!("{error}: {}", outcome.content))
    }

    /// The name of a command that was started.
    async fn started(&self, command: &str) -> String {
        let answer = self
            .answer("start_background_shell", json!({ "command": command }))
            .await;
        answer["shell_id"].as_str().unwrap().to_owned()
    }

    async fn stands(&self, shell: &str) -> Value {
        self.answer("get_background_shell_status", json!({ "shell_id": shell }))
            .await
    }

    async fn said(&self, shell: &str) -> Value {
        self.answer("get_background_shell_output", json!({ "shell_id": shell }))
            .await
    }

    /// Its output, once it has said this.
    async fn until_said(&self, shell: &str, text: &str) -> Value {
        loop {
            let said = self.said(shell).await;
            if said["stdout"].as_str().unwrap().contains(text) {
                return said;
            }
            assert_eq!(said["status"], "running", "{said}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Its output, once it has ended.
    async fn until_ended(&self, shell: &str) -> Value {
        while self.stands(shell).await["status"] == "running" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.said(shell).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_on_beside_other_calls_and_its_output_is_read_as_it_comes() {
    let agent = agent().await;
    let shell = agent
        .started("echo begun; until [ -e go ]; do sleep 0.01; done; cat go; echo wrong >&2; exit 3")
        .await;
    let begun = agent.until_said(&shell, "begun").await;
    assert_eq!(
        (&begun["stdout"], &begun["exit_code"]),
        (&json!("begun\n"), &Value::Null)
    );
    let wrote = agent
        .answer("execute_command", json!({ "command": "echo gone > go" }))
        .await;
    assert_eq!(wrote["success"], true, "{wrote}");
    let ended = agent.until_ended(&shell).await;
    assert_eq!(ended["status"], "exited");
    assert_eq!(ended["exit_code"], 3);
    assert_eq!(ended["stdout"], "begun\ngone\n");
    assert_eq!(ended["stderr"], "wrong\n");
    assert_eq!(ended["work_dir"], agent.folder.join("ws").to_str().unwrap());
    let last = agent
        .answer(
            "get_background_shell_output",
            json!({ "shell_id": shell, "tail_lines": 1 }),
        )
        .await;
    assert_eq!(last["stdout"], "gone\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_command_is_ended_with_all_that_it_started_and_its_output_kept() {
    let agent = agent().await;
    let shell = agent
        .started("echo up; while :; do date > beat; /bin/sleep 0.01; done | cat")
        .await;
    agent.until_said(&shell, "up").await;
    let killed = agent
        .answer("kill_background_shell", json!({ "shell_id": shell }))
        .await;
    assert_eq!(killed["status"], "killed", "{killed}");
    let beat = agent.folder.join("ws/beat");
    fs::remove_file(&beat).unwrap_or_default();
    assert_eq!(agent.said(&shell).await["stdout"], "up\n");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!beat.exists(), "it still writes");
    // To kill it once more is no mistake, nor does it change how it ended.
    let again = agent
        .answer("kill_background_shell", json!({ "shell_id": shell }))
        .await;
    assert_eq!(again["status"], "killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_listed_in_the_order_in_which_they_were_started() {
    let agent = agent().await;
    let first = agent.started("exit 1").await;
    let second = agent.started("sleep 1000").await;
    agent.until_ended(&first).await;
    let list = agent.answer("list_background_shells", json!({})).await;
    assert_eq!(list["count"], 2);
    let shells: Vec<_> = list["shells"].as_array().unwrap().iter().collect();
    assert_eq!(shells[0]["shell_id"], json!(first));
    assert_eq!(shells[0]["exit_code"], 1);
    assert_eq!(shells[1]["shell_id"], json!(second));
    assert_eq!(shells[1]["status"], "running");
    assert_eq!(shells[1]["command"], "sleep 1000");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_run_at_one_time() {
    let agent = with(Limits {
        background_commands: 2,
        ..Limits::default()
    })
    .await;
    let first = agent.started("sleep 1000").await;
    agent.started("sleep 1000").await;
    let refused = agent
        .call("start_background_shell", json!({ "command": "true" }))
        .await;
    assert_eq!(refused.status, ToolStatus::ToolError);
    assert!(
        refused.content.contains("`sandbox.background_commands`"),
        "{}",
        refused.content
    );
    agent
        .answer("kill_background_shell", json!({ "shell_id": first }))
        .await;
    agent.started("true").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ends_at_its_own_time_which_is_not_that_of_a_call() {
    let agent = with(Limits {
        call_time: Duration::from_millis(100),
        background_time: Duration::from_millis(600),
        ..Limits::default()
    })
    .await;
    let shell = agent
        .started("echo up; sleep 0.3; echo later; sleep 1000")
        .await;
    let ended = agent.until_ended(&shell).await;
    assert_eq!(ended["status"], "timed_out", "{ended}");
    assert_eq!(ended["stdout"], "up\nlater\n");
    let error = ended["error"].as_str().unwrap();
    assert!(error.contains("0.6 seconds"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_while_it_runs() {
    let agent = with(Limits {
        output_bytes: 10,
        ..Limits::default()
    })
    .await;
    let shell = agent.started("echo 0123456789abcdef; sleep 1000").await;
    let said = agent.until_said(&shell, "truncated").await;
    assert_eq!(
        said["stdout"],
        "0123456789\n... (truncated, exceeded 10 bytes by 7)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_a_turn_none_can_change_a_file_any_more() {
    let agent = agent().await;
    let shell = agent
        .started("while :; do echo more >> log; echo up; done > /dev/stderr")
        .await;
    while agent.said(&shell).await["stderr"] == "" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    agent.toolbox.end_background().await;
    let length = || fs::metadata(agent.folder.join("ws/log")).unwrap().len();
    let at_the_end = length();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(length(), at_the_end);
    let outcome = agent
        .call("get_background_shell_status", json!({ "shell_id": shell }))
        .await;
    assert_eq!(outcome.status, ToolStatus::ToolError);
    assert!(
        outcome.content.contains("none was started"),
        "{}",
        outcome.content
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_is_dropped_ends_its_commands() {
    let agent = agent().await;
    let turn = agent.toolbox.background_of_turn();
    let shell = agent.started("sleep 1000").await;
    drop(turn);
    assert_eq!(agent.until_ended(&shell).await["status"], "killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn write_access_that_is_taken_back_is_gone_for_a_running_command() {
    let agent = agent().await;
    agent.toolbox.set_context_writes(true);
    let context = agent.folder.join("context");
    let shell = agent
        .started(&format!(
            "exec 3> {}/open; echo first >&3 && echo up; until [ -e go ]; do sleep 0.01; done; \
             echo second >&3 || echo refused; echo third > {}/new || echo refused",
            context.display(),
            context.display()
        ))
        .await;
    agent.until_said(&shell, "up").await;
    agent.toolbox.set_context_writes(false);
    fs::write(agent.folder.join("ws/go"), "").unwrap();
    let ended = agent.until_ended(&shell).await;
    assert_eq!(ended["stdout"], "up\nrefused\nrefused\n", "{ended}");
    assert_eq!(fs::read_to_string(context.join("open")).unwrap(), "first\n");
    assert!(!context.join("new").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_command_is_blocked_in_the_background_too() {
    let command_line = CommandLine {
        blocked: vec!["rm .*".to_owned()],
        ..CommandLine::default()
    };
    let filter = ToolFilter::default();
    let agent = Agent::commanding(&filter, Some(&command_line), Limits::default()).await;
    fs::write(agent.folder.join("ws/kept"), "").unwrap();
    let shell = agent.started("cd . && rm kept").await;
    let ended = agent.until_ended(&shell).await;
    assert_eq!(ended["exit_code"], 126, "{ended}");
    assert!(agent.folder.join("ws/kept").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_execute_command_there_are_none() {
    let is_background = |name: &String| name.contains("background_shell");
    let count = |agent: &Agent| {
        agent
            .names()
            .iter()
            .filter(|name| is_background(name))
            .count()
    };
    assert_eq!(count(&agent().await), 5);
    assert_eq!(count(&Agent::new().await), 0);
    let command_line = CommandLine::default();
    let filter = ToolFilter {
        excluded: vec!["mcp__command_line__execute_command".to_owned()],
        ..ToolFilter::default()
    };
    let without = Agent::commanding(&filter, Some(&command_line), Limits::default()).await;
    assert_eq!(count(&without), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_and_arguments_are_told_with_what_is_right() {
    let agent = agent().await;
    let shell = agent.started("true").await;
    for (tool, arguments, told) in [
        (
            "get_background_shell_output",
            json!({ "shell_id": "7" }),
            shell.as_str(),
        ),
        (
            "kill_background_shell",
            json!({}),
            "missing field `shell_id`",
        ),
        (
            "start_background_shell",
            json!({ "cmd": "ls" }),
            "`start_background_shell`",
        ),
        (
            "list_background_shells",
            json!({ "all": true }),
            "unknown field `all`",
        ),
    ] {
        let outcome = agent.call(tool, arguments).await;
        assert_eq!(outcome.status, ToolStatus::ToolError, "{tool}");
        assert!(
            outcome.content.contains(told),
            "{tool}: {}",
            outcome.content
        );
    }
}
