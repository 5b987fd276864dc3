//! Command lines outside the sandbox: only where the run allows it, and never without being told.

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::massgen::{Folder, Ran, ran};
use crate::shell::{told, write_calls};

const LOCAL: &str = ", enable_mcp_command_line: true, command_line_execution_mode: local";

/// A run of one agent whose command lines run in the local lane, if the flags allow it.
fn run(folder: &Folder, backend: &str, flags: &[&str], calls: &[Value]) -> Ran {
    write_calls(folder, "execute_command", backend, calls);
    let always = ["--config", "run.yaml", "--output", "json"];
    folder.run(&[&always, flags, &["Go on"]].concat())
}

/// False, and said so, where bubblewrap is missing; `.ci/run` installs it.
fn has_bubblewrap() -> bool {
    let is_there = Command::new("bwrap").arg("--version").output().is_ok();
    if !is_there {
        // Past the capture of tests that pass.
        let _ = writeln!(std::io::stderr(), "SKIPPED: bubblewrap is not installed");
    }
    is_there
}

#[test]
fn an_agent_runs_command_lines_in_the_local_lane_and_everything_tells_so() {
    if !has_bubblewrap() {
        return;
    }
    let folder = Folder::new();
    folder.write("notes/read.txt", "from the user\n");
    folder.write("notes/.env", "TOKEN=secret\n");
    let notes = folder.path.join("notes");
    let backend = format!(
        "{LOCAL}, context_paths: [{{path: {}, permission: read}}]",
        notes.display()
    );
    let calls = [
        json!({"command": "uname -s; printf 'b\\na\\n' > list && sort list | head -1"}),
        json!({"command": format!("cat {0}/read.txt {0}/.env; touch {0}/new", notes.display())}),
        json!({"command": "cat list; exit 3", "work_dir": "."}),
        json!({"command": "pwd", "work_dir": "/root"}),
        json!({"command": "echo early; sleep 60", "timeout": 0.5}),
    ];
    let ran = run(&folder, &backend, &["--allow-local-commands"], &calls);
    let told = told(&ran);
    assert_eq!(told.len(), 5, "{}{}", ran.stdout, ran.stderr);
    for (told, beginning) in told.iter().zip([
        r#"{"success":true,"exit_code":0,"stdout":"Linux\na\n","stderr":"""#,
        r#"{"success":false,"exit_code":1,"stdout":"from the user\n","stderr":"touch: "#,
        r#"{"success":false,"exit_code":3,"stdout":"b\na\n","stderr":"""#,
        r#"{"success":false,"exit_code":-1,"stdout":"","stderr":"""#,
        r#"{"success":false,"exit_code":-1,"stdout":"early\n","stderr":"Command timed out after 0.5 seconds""#,
    ]) {
        assert!(told.starts_with(beginning), "{told}");
    }
    assert!(!notes.join("new").exists());
    for event in ran.events_of("tool_call_finished") {
        assert_eq!(event["lane"], "local", "{event}");
    }
    assert!(
        ran.stderr
            .contains("runs command lines as processes of this machine"),
        "{}",
        ran.stderr
    );

    let audit = std::fs::read_to_string(folder.logs().join("audit.jsonl")).unwrap();
    let records = audit
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_lane: Vec<Value> = records.filter(|record| record["lane"] == "local").collect();
    let verdict_about = |path: &str| {
        let path = folder.path.join(path).display().to_string();
        let record = of_lane
            .iter()
            .find(|record| record["path"] == *path)
            .unwrap();
        (
            record["operation"].clone(),
            record["verdict"].clone(),
            record["rule"].clone(),
        )
    };
    assert_eq!(
        verdict_about("notes"),
        (json!("read"), json!("allow"), json!("granted"))
    );
    assert_eq!(
        verdict_about("notes/.env"),
        (json!("read"), json!("hide"), json!("hidden"))
    );
    let desk = verdict_about(".massgen/workspaces/desk");
    assert_eq!(desk, (json!("write"), json!("allow"), json!("granted")));
    assert!(
        of_lane
            .iter()
            .all(|record| record["tool"] == "execute_command" && record["agent"] == "coder")
    );

    let log = std::fs::read_to_string(folder.logs().join("massgen.log")).unwrap();
    assert!(
        log.contains("runs command lines as processes of this machine"),
        "{log}"
    );
}

#[test]
fn without_the_flag_no_run_begins_whose_configuration_asks_for_the_local_lane() {
    let folder = Folder::new();
    let ran = run(&folder, LOCAL, &[], &[json!({"command": "touch made"})]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains(
            "agent `coder` is to run command lines as processes of this machine (`command_line_execution_mode: local`)"
        ) && ran.stderr.contains("Start the run with --allow-local-commands if you trust the configuration"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path.join(".massgen").exists());
}

#[test]
fn the_flag_alone_takes_no_command_line_out_of_the_sandbox() {
    let folder = Folder::new();
    let calls = [json!({"command": "cat /etc/hostname || echo in the sandbox"})];
    let backend = ", enable_mcp_command_line: true";
    let ran = run(&folder, backend, &["--allow-local-commands"], &calls);
    assert!(
        told(&ran)[0].contains(r#""stdout":"in the sandbox\n""#),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.events_of("tool_call_finished")[0]["lane"], Value::Null);
}

#[test]
fn without_bubblewrap_the_local_lane_is_refused_with_what_to_install() {
    let folder = Folder::new();
    write_calls(
        &folder,
        "execute_command",
        LOCAL,
        &[json!({"command": "true"})],
    );
    let arguments = ["--config", "run.yaml", "--allow-local-commands", "Go on"];
    let nowhere = folder.path.join("nowhere");
    let output = folder
        .command(&arguments)
        .env("PATH", nowhere)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("the local lane needs `bwrap`, which is not on this machine")
            && told.contains("Install the package `bubblewrap`"),
        "{told}"
    );
}

const DOCKER: &str = ", enable_mcp_command_line: true, command_line_execution_mode: docker, \
                      command_line_docker_image: 'massgen-test/busybox:latest'";

/// A run of one agent in the Docker lane, with the daemon at this address.
fn run_in_containers(host: &str, calls: &[Value]) -> (Folder, Ran) {
    let folder = Folder::new();
    write_calls(&folder, "execute_command", DOCKER, calls);
    let mut command = folder.command(&["--config", "run.yaml", "--output", "json", "Go on"]);
    let ran = ran(command.env("DOCKER_HOST", host).output().unwrap());
    (folder, ran)
}

#[test]
fn without_a_daemon_the_docker_lane_is_refused_with_what_to_do() {
    let (_, ran) = run_in_containers("unix:///nowhere/docker.sock", &[json!({"command": "true"})]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("agent `coder`: no Docker daemon answers at /nowhere/docker.sock")
            && ran
                .stderr
                .contains("remove `command_line_execution_mode: docker`"),
        "{}",
        ran.stderr
    );
}

/// With the daemon at `DOCKER_HOST` that has the image which `host/lanes/tests/docker` makes.
#[test]
fn an_agent_runs_command_lines_in_containers_and_everything_tells_so() {
    let Some(host) = std::env::var("DOCKER_HOST").ok() else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: DOCKER_HOST names no daemon");
        return;
    };
    let calls = [
        json!({"command": "printf 'b\\na\\n' > list && sort list | head -1; ls /home"}),
        json!({"command": "cat list; exit 3"}),
        json!({"command": "echo early; sleep 60", "timeout": 2}),
    ];
    let (folder, ran) = run_in_containers(&host, &calls);
    let told = told(&ran);
    assert_eq!(told.len(), 3, "{}{}", ran.stdout, ran.stderr);
    for (told, beginning) in told.iter().zip([
        r#"{"success":false,"exit_code":1,"stdout":"a\n","stderr":"ls: /home"#,
        r#"{"success":false,"exit_code":3,"stdout":"b\na\n","stderr":"""#,
        r#"{"success":false,"exit_code":-1,"stdout":"early\n","stderr":"Command timed out after 2 seconds""#,
    ]) {
        assert!(told.starts_with(beginning), "{told}");
    }
    for event in ran.events_of("tool_call_finished") {
        assert_eq!(event["lane"], "docker", "{event}");
    }
    let told = "runs command lines in containers of the image `massgen-test/busybox:latest`, with no network";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let audit = std::fs::read_to_string(folder.logs().join("audit.jsonl")).unwrap();
    assert!(audit.contains(r#""lane":"docker""#), "{audit}");
}

/// The lane's mounts are made while nothing else of the agent's moves its files.
#[test]
fn beside_a_native_lane_there_are_no_background_commands() {
    if !has_bubblewrap() {
        return;
    }
    let folder = Folder::new();
    let calls = [json!({"command": "touch made"})];
    write_calls(&folder, "start_background_shell", LOCAL, &calls);
    let always = ["--config", "run.yaml", "--output", "json"];
    let ran = folder.run(&[&always[..], &["--allow-local-commands", "Go on"]].concat());
    let told = told(&ran);
    assert!(
        told[0].starts_with("There is no tool `start_background_shell`. The tools are: "),
        "{told:?}"
    );
}
