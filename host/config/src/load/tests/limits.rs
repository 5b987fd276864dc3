//! Limits, of the sandbox and of time.

use super::*;

#[test]
fn sandbox_limits_have_units_and_an_agent_may_have_its_own() {
    let text = "sandbox: {memory: 1GiB, call_time: 2m, open_files: 64}\nagents:\n\
                - {id: a, backend: {type: chatcompletion, model: m}}\n\
                - {id: b, sandbox: {memory: 64 MB, output: 4096}, backend: {type: chatcompletion, model: m}}\n";
    let limits: Vec<_> = plan(text)
        .agents
        .into_iter()
        .map(|agent| agent.limits)
        .collect();
    let call_time = Duration::from_secs(120);
    assert_eq!(
        limits[0],
        Limits {
            memory_bytes: 1 << 30,
            call_time,
            output_bytes: 1 << 20,
            open_files: 64,
            ..Limits::default()
        }
    );
    assert_eq!(
        limits[1],
        Limits {
            memory_bytes: 64_000_000,
            call_time,
            output_bytes: 4096,
            open_files: 64,
            ..Limits::default()
        }
    );
}

#[test]
fn every_limit_on_writing_has_its_key() {
    let place = with_data();
    let text = format!(
        "{}sandbox:\n  written: 2MiB\n  written_per_agent: 3MiB\n  new_files: 4\n  new_files_per_agent: 5\n  \
         largest_file: 6MiB\n",
        backend("cwd: ws")
    );
    let limits = place.plan(&text).agents[0].limits.clone();
    assert_eq!(
        (limits.written_bytes, limits.written_bytes_per_agent),
        (2 << 20, 3 << 20)
    );
    assert_eq!((limits.new_files, limits.new_files_per_agent), (4, 5));
    assert_eq!(limits.largest_file, 6 << 20);
}

#[test]
fn background_commands_have_a_time_and_a_number_of_their_own() {
    let place = with_data();
    let text = format!(
        "{}sandbox:\n  background_time: 5min\n  background_commands: 2\n",
        backend("cwd: ws")
    );
    let limits = place.plan(&text).agents[0].limits.clone();
    assert_eq!(limits.background_time, Duration::from_secs(300));
    assert_eq!(limits.background_commands, 2);
    assert_eq!(limits.call_time, Limits::default().call_time);
}

#[test]
fn the_time_for_coordination_is_in_seconds_and_has_a_limit() {
    let timeout = |value: &str| {
        top_level(&format!(
            "timeout_settings:\n  orchestrator_timeout_seconds: {value}"
        ))
    };
    assert_eq!(
        plan(&timeout("600")).orchestrator_timeout,
        Duration::from_secs(600)
    );
    assert_eq!(
        plan(&timeout("0.5")).orchestrator_timeout,
        Duration::from_millis(500)
    );
    for wrong in ["0", "-1", "1e300"] {
        assert_eq!(
            refusal(&timeout(wrong)),
            "error: c.yaml:6:33: `timeout_settings.orchestrator_timeout_seconds`: a positive amount such as `600` was \
             expected, found a number. Correct the value or remove the key."
        );
    }
}
