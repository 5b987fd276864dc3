//! What a user, a provider or a file may get wrong: a clear error, the right exit code, and the others go on.

use std::sync::atomic::{AtomicUsize, Ordering};

use massgen_test_provider::{Coordination, Provider, Reply, Turn};

use crate::coordination::{config, run};
use crate::massgen::Folder;

/// One agent without a workspace.
fn one_agent(extra: &str) -> String {
    format!(
        "agent:\n  id: one\n  backend: {{type: chatcompletion, model: m, base_url: \"http://127.0.0.1:9\"{extra}}}\n"
    )
}

/// The message of a run that does not begin.
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    let ran = folder.run(arguments);
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.stdout, ran.stderr);
    ran.stderr
}

#[test]
fn a_missing_file_is_named_with_the_places_looked_at() {
    let message = refused(&Folder::new(), &["--config", "nothing.yaml", "?"]);
    assert!(
        message.contains("nothing.yaml") && message.contains("Looked at"),
        "{message}"
    );
}

#[test]
fn invalid_yaml_is_placed_by_line_and_column() {
    let folder = Folder::new();
    folder.write("bad.yaml", "agents:\n  - id: [one\n    backend: }\n");
    let message = refused(&folder, &["--config", "bad.yaml", "?"]);
    assert!(message.contains("bad.yaml:"), "{message}");
    assert!(message.contains("this is not YAML"), "{message}");
}

#[test]
fn an_unknown_backend_is_answered_with_the_nearest_name() {
    let folder = Folder::new();
    folder.write(
        "run.yaml",
        "agent: {id: one, backend: {type: chatcompletions, model: m}}",
    );
    let message = refused(&folder, &["--config", "run.yaml", "?"]);
    assert!(
        message.contains("run.yaml:1:") && message.contains("Did you mean `chatcompletion`?"),
        "{message}"
    );
}

#[test]
fn a_missing_key_is_answered_with_the_variable_to_set() {
    let folder = Folder::new();
    folder.write("run.yaml", "agent: {id: one, backend: {type: chatcompletion, model: m, base_url: \"https://api.groq.com/openai/v1\"}}");
    let message = refused(&folder, &["--config", "run.yaml", "?"]);
    assert!(message.contains("Set GROQ_API_KEY"), "{message}");
}

#[test]
fn a_missing_context_path_is_named_with_its_place() {
    let folder = Folder::new();
    folder.write(
        "run.yaml",
        &format!(
            "{}orchestrator:\n  context_paths:\n    - path: nowhere\n",
            one_agent("")
        ),
    );
    let message = refused(&folder, &["--config", "run.yaml", "?"]);
    assert!(
        message.contains("run.yaml:6:")
            && message.contains("the context path nowhere cannot be used"),
        "{message}"
    );
}

#[test]
fn a_misspelt_tool_and_a_line_of_an_env_file_without_a_value_are_warned_about() {
    let folder = Folder::new();
    folder.write("turns.jsonl", "{\"massgen_cassette\":1}\n");
    folder.write(".env", "A=1\nsk-secret\n");
    folder.write(
        "run.yaml",
        "agent: {id: one, backend: {type: replay, cassette: turns.jsonl, cwd: w, exclude_tools: [run_pyhton]}}",
    );
    let ran = folder.run(&["--config", "run.yaml", "question"]);
    for told in [
        "agent `one`: `exclude_tools` names `run_pyhton`, and no tool goes by that name; it has no effect. \
         Did you mean `run_python`?",
        ".env:2:1: there is no `=`; the line is left out.",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("sk-secret"), "{}", ran.stdout);
}

#[test]
fn a_workspace_with_somebody_elses_files_is_not_touched() {
    let folder = Folder::new();
    folder.write("run.yaml", &one_agent(", cwd: w"));
    folder.write(".massgen/workspaces/w/thesis.tex", "years of work");
    let message = refused(&folder, &["--config", "run.yaml", "?"]);
    assert!(message.contains("workspaces/w"), "{message}");
    assert_eq!(
        folder.read(".massgen/workspaces/w/thesis.tex"),
        "years of work"
    );
}

#[test]
fn a_missing_question_and_an_unknown_flag_are_usage_errors() {
    let folder = Folder::new();
    folder.write("run.yaml", &one_agent(""));
    assert!(refused(&folder, &["--config", "run.yaml"]).contains("the question is empty"));
    assert!(refused(&folder, &["--confg", "run.yaml", "?"]).contains("--config"));
}

#[test]
fn a_cassette_that_is_no_cassette_is_named_with_its_line() {
    let folder = Folder::new();
    folder.write(
        "run.yaml",
        "agent: {id: one, backend: {type: replay, cassette: c.jsonl}}",
    );
    folder.write("c.jsonl", "{\"massgen_cassette\":1}\nnot json\n");
    let message = refused(&folder, &["--config", "run.yaml", "?"]);
    assert!(
        message.contains("c.jsonl") && message.contains('2'),
        "{message}"
    );
}

/// A run of two agents of which the first meets `reply`; the second answers, votes and presents.
async fn with_a_failing_first(
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> crate::massgen::Ran {
    let script = Coordination {
        agents: vec![Coordination::unanimous(1, 1).agents.remove(0); 2],
    };
    let alone = Coordination {
        agents: script.agents[..1].to_vec(),
    };
    let provider = Provider::start(move |request| {
        if request.model == "agent-1" {
            return reply();
        }
        // The second agent is alone in its script: it votes for itself as soon as its answer is there.
        let mut request = request.clone();
        request.model = "agent-1".to_owned();
        let mut alone = alone.clone();
        alone.agents[0].vote = "agent2".to_owned();
        alone.reply(&request)
    })
    .await
    .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(2, &provider.base_url()));
    run(
        &folder,
        &["--config", "run.yaml", "--output", "json", "What?"],
    )
    .await
}

fn second_agent_presented(ran: &crate::massgen::Ran) {
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.outcome()["winner"], "member_2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_ends_that_agent_at_once_and_the_others_go_on() {
    let ran = with_a_failing_first(|| Reply::status(401, "Incorrect API key provided")).await;
    second_agent_presented(&ran);
    let killed = ran.events_of("agent_killed");
    assert_eq!(killed.len(), 1);
    assert!(
        killed[0]["error"].as_str().unwrap().contains("401"),
        "{}",
        killed[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_from_a_provider_ends_that_agent_after_bounded_retries_and_the_others_go_on() {
    let ran = with_a_failing_first(|| Reply::Garbage).await;
    second_agent_presented(&ran);
    assert_eq!(ran.events_of("agent_failed").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_is_asked_again() {
    let calls = AtomicUsize::new(0);
    let ran = with_a_failing_first(move || match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Cut(Turn::saying("half an ans")),
        _ => Reply::status(401, "enough"),
    })
    .await;
    second_agent_presented(&ran);
    let failures = ran.events_of("agent_failed");
    assert_eq!(
        failures.len(),
        2,
        "the cut is a failure that is tried again, the refusal is the end"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_and_server_errors_are_waited_out() {
    let calls = AtomicUsize::new(0);
    let script = Coordination::unanimous(1, 1);
    let provider = Provider::start(move |request| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Status {
            status: 429,
            retry_after: Some(0),
            message: "slow down".to_owned(),
        },
        1 => Reply::Status {
            status: 500,
            retry_after: Some(0),
            message: "oops".to_owned(),
        },
        _ => script.reply(request),
    })
    .await
    .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(1, &provider.base_url()));
    let ran = run(
        &folder,
        &["--config", "run.yaml", "--output", "json", "What?"],
    )
    .await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(
        ran.events_of("agent_failed").len(),
        0,
        "the codec waits by itself"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_agent_fails_the_run_fails_with_code_2_and_says_why() {
    let provider = Provider::start(|_| Reply::status(401, "Incorrect API key provided"))
        .await
        .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(2, &provider.base_url()));
    let ran = run(
        &folder,
        &["--config", "run.yaml", "--output", "json", "What?"],
    )
    .await;
    assert_eq!(ran.code, Some(2), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.outcome()["outcome"], "failed");
    assert!(folder.logs().join("massgen.log").is_file());
}

#[test]
fn a_reader_that_goes_away_ends_everything_quietly() {
    let folder = Folder::new();
    let mut command = folder.command(&["--help"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
