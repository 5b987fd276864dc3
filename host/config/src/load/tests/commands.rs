//! Where command lines run, and within which patterns.

use super::*;
use crate::{CommandLine, Docker, DockerNetwork, ImageName, Lane};

/// The lane of an agent that runs command lines, and has these keys besides.
fn lane(keys: &str) -> Lane {
    let plan = plan(&enabled(keys));
    assert_eq!(plan.warnings, []);
    plan.agents[0].command_line.clone().unwrap().lane
}

fn enabled(keys: &str) -> String {
    backend(&format!("cwd: w\nenable_mcp_command_line: true\n{keys}"))
}

#[test]
fn commands_are_run_where_it_is_said_and_within_patterns() {
    assert_eq!(plan(&backend("cwd: w")).agents[0].command_line, None);
    let enabled = plan(&enabled(
        "command_line_allowed_commands: ['python .*', ls]\ncommand_line_blocked_commands: ['rm .*']",
    ));
    let expected = CommandLine {
        allowed: vec!["python .*".to_owned(), "ls".to_owned()],
        blocked: vec!["rm .*".to_owned()],
        lane: Lane::Sandbox,
    };
    assert_eq!(enabled.agents[0].command_line, Some(expected));
    assert_eq!(enabled.warnings, []);
}

#[test]
fn e5_a_command_pattern_that_is_no_regular_expression_is_refused() {
    assert_eq!(
        refusal(&backend("command_line_blocked_commands: ['(rm']")),
        "error: c.yaml:5:37: `agent.backend.command_line_blocked_commands`: `(rm` is no regular expression: \
         error: unclosed group. Write a pattern for the whole command, for example `python .*`."
    );
}

#[test]
fn command_lines_run_in_the_sandbox_unless_another_lane_is_named() {
    assert_eq!(lane(""), Lane::Sandbox);
    assert_eq!(lane("command_line_execution_mode: sandbox"), Lane::Sandbox);
    assert_eq!(lane("command_line_execution_mode: local"), Lane::Local);
}

#[test]
fn an_execution_mode_that_there_is_not_is_refused_with_the_one_that_was_meant() {
    assert_eq!(
        refusal(&enabled("command_line_execution_mode: loacl")),
        "error: c.yaml:7:34: `agent.backend.command_line_execution_mode`: there is no \
         command_line_execution_mode `loacl`. It is `sandbox`, `local` or `docker`. Did you mean `local`?"
    );
    assert_eq!(
        refusal(&enabled("command_line_execution_mode: podman")),
        "error: c.yaml:7:34: `agent.backend.command_line_execution_mode`: there is no \
         command_line_execution_mode `podman`. It is `sandbox`, `local` or `docker`."
    );
}

#[test]
fn a_container_without_further_keys_has_the_originals_image_and_no_network() {
    let expected = Docker {
        image: ImageName::parse("massgen/mcp-runtime:latest").unwrap(),
        memory_bytes: None,
        nano_cpus: None,
        network: DockerNetwork::None,
    };
    assert_eq!(
        lane("command_line_execution_mode: docker"),
        Lane::Docker(expected)
    );
}

#[test]
fn a_container_is_described_by_its_keys() {
    let expected = Docker {
        image: ImageName::parse("registry.local:5000/team/image@sha256:0123").unwrap(),
        memory_bytes: Some(2 << 30),
        nano_cpus: Some(1_500_000_000),
        network: DockerNetwork::Bridge,
    };
    assert_eq!(
        lane(
            "command_line_execution_mode: docker\n\
             command_line_docker_image: registry.local:5000/team/image@sha256:0123\n\
             command_line_docker_memory_limit: 2g\ncommand_line_docker_cpu_limit: 1.5\n\
             command_line_docker_network_mode: bridge"
        ),
        Lane::Docker(expected)
    );
}

#[test]
fn a_container_that_cannot_be_is_refused() {
    for (key, value, told) in [
        (
            "image",
            "'-v /:/host'",
            "`-v /:/host` is no name of an image.",
        ),
        ("image", "''", "`` is no name of an image."),
        (
            "memory_limit",
            "1m",
            "1048576 bytes are less than Docker's least, 6m.",
        ),
        (
            "memory_limit",
            "much",
            "a positive amount such as `2g` was expected, found text.",
        ),
        (
            "cpu_limit",
            "0",
            "a positive amount such as `2.0` was expected, found a number.",
        ),
        (
            "cpu_limit",
            "several",
            "a positive amount such as `2.0` was expected, found text.",
        ),
        (
            "network_mode",
            "nnoe",
            "there is no command_line_docker_network_mode `nnoe`. It is `none`, `bridge` or `host`. Did you mean `none`?",
        ),
        (
            "network_mode",
            "container:other",
            "there is no command_line_docker_network_mode `container:other`. It is `none`, `bridge` or `host`.",
        ),
        ("network_mode", "[none]", "text was expected, found a list."),
    ] {
        let key = format!("command_line_docker_{key}");
        let keys = format!("command_line_execution_mode: docker\n{key}: {value}");
        let refusal = refusal(&enabled(&keys));
        let place = format!("error: c.yaml:8:{}: `agent.backend.{key}`: ", key.len() + 7);
        assert!(
            refusal.starts_with(&format!("{place}{told}")),
            "{keys}: {refusal}"
        );
    }
}

#[test]
fn keys_of_a_container_that_there_is_not_are_warned_about() {
    assert_eq!(
        warnings(&enabled(
            "command_line_execution_mode: local\ncommand_line_docker_memory_limit: 2g"
        )),
        "warning: c.yaml:8:39: `agent.backend.command_line_docker_memory_limit`: there is no container here; it is \
         ignored. Add `command_line_execution_mode: docker`, or remove it."
    );
}

/// `spec/04` E4: a pattern on the text of a command line holds nothing back.
#[test]
fn e4_patterns_that_no_lane_outside_the_sandbox_can_keep_are_refused() {
    for mode in ["local", "docker"] {
        assert_eq!(
            refusal(&enabled(&format!(
                "command_line_execution_mode: {mode}\ncommand_line_blocked_commands: ['rm .*']"
            ))),
            "error: c.yaml:8:36: `agent.backend.command_line_blocked_commands`: patterns for commands hold in the sandbox \
             alone: outside it nothing tells which programs a command line starts. Remove the patterns, or \
             `command_line_execution_mode`."
        );
    }
}
