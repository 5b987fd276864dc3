//! A whole run against a provider that speaks Chat Completions over HTTP.

use std::fmt::Write as _;
use std::time::Duration;

use massgen_test_provider::{Call, Coordination, Provider, Turn};
use serde_json::json;

use crate::massgen::{Folder, Ran, ran};

/// A configuration of `count` agents at `base_url`, each with a workspace.
pub(crate) fn config(count: usize, base_url: &str) -> String {
    let mut text = String::from("agents:\n");
    for number in 1..=count {
        let backend = format!(
            "{{type: chatcompletion, model: agent-{number}, base_url: \"{base_url}\", cwd: w{number}}}"
        );
        writeln!(text, "  - id: member_{number}\n    backend: {backend}").unwrap();
    }
    text
}

/// Runs the binary on a thread where it may block while the provider answers.
pub(crate) async fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.command(arguments);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    ran(output)
}

async fn coordinate(count: usize, winner: usize) {
    let script = Coordination::unanimous(count, winner);
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(count, &provider.base_url()));
    let ran = run(
        &folder,
        &[
            "--config",
            "run.yaml",
            "--output",
            "json",
            "What is the answer?",
        ],
    )
    .await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(provider.violations(), Vec::<String>::new());
    let outcome = ran.outcome();
    assert_eq!(outcome["winner"], format!("member_{winner}"));
    assert_eq!(
        outcome["final_text"],
        format!("The final answer, presented by agent {winner}.")
    );
    assert_eq!(ran.events_of("answer_accepted").len(), count);
    let usage = ran.events_of("usage");
    assert!(
        usage.iter().all(|event| event["input_tokens"].is_u64()),
        "usage comes from the provider"
    );
    assert!(!usage.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_reach_an_answer() {
    coordinate(2, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_agents_reach_an_answer() {
    coordinate(3, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_agents_reach_an_answer() {
    coordinate(10, 7).await;
}

/// Agents whose providers speak different APIs work together, and each provider gets its own turns back as they were:
/// the servers of `claude`, `openai` and `gemini` refuse a call whose reasoning is missing or changed.
#[tokio::test(flavor = "multi_thread")]
async fn agents_of_different_providers_reach_an_answer() {
    let mut script = Coordination::unanimous(4, 2);
    for agent in &mut script.agents {
        agent.tools = vec![
            Call::new("write_file", json!({"path": "a.txt", "content": "ä\n"})),
            Call::new("read_file", json!({"path": "a.txt"})),
        ];
    }
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .unwrap();
    let folder = Folder::new();
    let mut configuration = config(4, &provider.base_url());
    for (number, name) in [(2, "claude"), (3, "openai"), (4, "gemini")] {
        let from = format!("type: chatcompletion, model: agent-{number}");
        // Tools of the provider's own go beside the agent's.
        let own = "enable_web_search: true, enable_code_execution: true";
        let to = format!("type: {name}, {own}, model: agent-{number}");
        configuration = configuration.replacen(&from, &to, 1);
    }
    folder.write("run.yaml", &configuration);
    let ran = run(
        &folder,
        &["--config", "run.yaml", "--output", "json", "What is it?"],
    )
    .await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(provider.violations(), Vec::<String>::new());
    assert_eq!(ran.outcome()["winner"], "member_2");
    for member in ["member_2", "member_3", "member_4"] {
        let of_member = |name: &str| {
            let events = ran.events_of(name);
            events
                .into_iter()
                .filter(|event| event["agent"] == member)
                .count()
        };
        assert!(of_member("reasoning") >= 3, "{}", ran.stdout);
        assert_eq!(of_member("tool_call_finished"), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tool_calls_over_http_really_run() {
    let mut script = Coordination::unanimous(2, 1);
    script.agents[0].tools = vec![
        Call::new(
            "write_file",
            json!({"path": "data.txt", "content": "1\n2\n3\n"}),
        ),
        Call::new(
            "run_python",
            json!({"code": "open('sum.txt', 'w').write(str(sum(map(int, open('data.txt')))))"}),
        ),
    ];
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(2, &provider.base_url()));
    let ran = run(
        &folder,
        &["--config", "run.yaml", "--output", "json", "Sum it."],
    )
    .await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(provider.violations(), Vec::<String>::new());
    assert_eq!(
        folder.read(".massgen/snapshots/member_1/agent1.1/sum.txt"),
        "6"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_run_plays_again_without_the_provider() {
    let script = Coordination::unanimous(3, 3);
    let provider = Provider::start(move |request| script.reply(request))
        .await
        .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(3, &provider.base_url()));
    let recorded = run(
        &folder,
        &[
            "--config",
            "run.yaml",
            "--record",
            "tape.jsonl",
            "--output",
            "json",
            "What?",
        ],
    )
    .await;
    assert_eq!(
        recorded.code,
        Some(0),
        "{}\n{}",
        recorded.stdout,
        recorded.stderr
    );
    let requests = provider.requests().len();
    let agents = (1..=3).fold(String::from("agents:\n"), |mut text, number| {
        let backend = format!("{{type: replay, cassette: tape.jsonl, cwd: w{number}}}");
        writeln!(text, "  - {{id: member_{number}, backend: {backend}}}").unwrap();
        text
    });
    folder.write("again.yaml", &agents);
    let played = run(
        &folder,
        &["--config", "again.yaml", "--output", "json", "What?"],
    )
    .await;
    assert_eq!(played.code, Some(0), "{}\n{}", played.stdout, played.stderr);
    assert_eq!(
        played.outcome()["final_text"],
        recorded.outcome()["final_text"]
    );
    assert_eq!(
        provider.requests().len(),
        requests,
        "nobody was asked again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_ends_with_code_3() {
    let provider = Provider::start(|_| {
        Turn::saying("too late")
            .pausing(Duration::from_secs(60))
            .into()
    })
    .await
    .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(2, &provider.base_url()));
    let ran = run(
        &folder,
        &[
            "--config",
            "run.yaml",
            "--orchestrator-timeout",
            "0.5",
            "--output",
            "json",
            "What?",
        ],
    )
    .await;
    assert_eq!(ran.code, Some(3), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.events_of("timed_out").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_saves_its_logs_and_ends_with_code_130() {
    let provider = Provider::start(|_| {
        Turn::saying("too late")
            .pausing(Duration::from_secs(60))
            .into()
    })
    .await
    .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(2, &provider.base_url()));
    let mut command = folder.command(&["--config", "run.yaml", "--output", "json", "What?"]);
    let child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let process = child.id().to_string();
    while provider.requests().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &process])
            .status()
            .unwrap()
            .success()
    );
    let ran = ran(tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .unwrap()
        .unwrap());
    assert_eq!(ran.code, Some(130), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.outcome()["outcome"], "interrupted");
    assert!(folder.logs().join("coordination_events.json").is_file());
}
