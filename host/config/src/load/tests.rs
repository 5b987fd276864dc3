//! What a configuration may say, and what a user reads where it is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod claude_code;
mod commands;
mod files;
mod limits;
mod paths;
mod providers;

use std::fs;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    ApiKey, BackendKind, BuiltInNames, ContextPath, DisplayKind, PathRule, Permission, RuleAccess,
};

/// A project directory and a home directory, both empty, with a key for OpenAI.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["project", "home"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn project(&self) -> PathBuf {
        self.root().join("project")
    }

    /// Writes a file, with the folders above it.
    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn with_variables(&self, variables: &[(&str, &str)]) -> Environment {
        Environment::new(
            variables.iter().copied(),
            self.project(),
            Some(self.root().join("home")),
        )
    }

    fn environment(&self) -> Environment {
        self.with_variables(&[("OPENAI_API_KEY", "sk-secret")])
    }

    fn plan(&self, text: &str) -> RunPlan {
        parse(text, Path::new("c.yaml"), &self.environment())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The plan's warnings as they are shown.
    fn warnings(&self, text: &str) -> String {
        let warnings = self.plan(text).warnings;
        warnings
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The whole refusal as it is shown, with the project directory as `PROJECT`.
    fn refusal(&self, text: &str) -> String {
        let refusal = parse(text, Path::new("c.yaml"), &self.environment())
            .unwrap_err()
            .to_string();
        refusal.replace(&self.project().display().to_string(), "PROJECT")
    }
}

fn plan(text: &str) -> RunPlan {
    Place::new().plan(text)
}

fn refusal(text: &str) -> String {
    Place::new().refusal(text)
}

fn warnings(text: &str) -> String {
    Place::new().warnings(text)
}

/// A configuration of one agent whose backend has these further lines.
fn backend(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("agent:\n  backend:\n    type: chatcompletion\n    model: m\n{lines}")
}

/// A runnable configuration with these further lines at the top level.
fn top_level(lines: &str) -> String {
    format!("{}{lines}\n", backend(""))
}

/// A configuration of agents with these ids.
fn agents(ids: &[&str]) -> String {
    let agent =
        |id: &&str| format!("  - id: {id}\n    backend: {{type: chatcompletion, model: m}}\n");
    format!("agents:\n{}", ids.iter().map(agent).collect::<String>())
}

/// A context path `data` of one agent with these further lines.
fn context(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
    backend(&format!("context_paths:\n- path: data\n{lines}"))
}

fn with_data() -> Place {
    let place = Place::new();
    place.write("project/data/a.csv", "");
    place
}

#[test]
fn a_chat_completions_agent_needs_a_type_and_a_model() {
    let plan = plan("agent:\n  backend:\n    type: chatcompletion\n    model: gpt-5-mini\n");
    let [agent] = plan.agents.as_slice() else {
        panic!("one agent")
    };
    assert_eq!(agent.id.as_str(), "agent1");
    assert_eq!(agent.backend.kind, BackendKind::ChatCompletion);
    assert_eq!(agent.backend.model.as_deref(), Some("gpt-5-mini"));
    assert_eq!(agent.backend.base_url.as_str(), "https://api.openai.com/v1");
    assert_eq!(
        agent.backend.api_key.as_ref().map(ApiKey::expose),
        Some("sk-secret")
    );
    assert_eq!((&agent.workspace, agent.context_paths.len()), (&None, 0));
    assert_eq!(agent.limits, Limits::default());
    assert_eq!(plan.orchestrator_timeout, Duration::from_secs(1800));
    assert_eq!(plan.warnings, []);
}

#[test]
fn a_replay_agent_needs_a_cassette_beside_the_configuration_and_no_key() {
    let place = Place::new();
    let cassette = place.write("project/configs/turns.jsonl", "");
    let text = "agent:\n  backend:\n    type: replay\n    cassette: turns.jsonl\n";
    let plan = parse(
        text,
        Path::new("configs/c.yaml"),
        &place.with_variables(&[]),
    )
    .unwrap();
    assert_eq!(plan.agents[0].backend.kind, BackendKind::Replay);
    assert_eq!(plan.agents[0].backend.cassette, Some(cassette));
    assert_eq!(
        place.refusal(text),
        "missing: c.yaml:4:15: `agent.backend.cassette`: there is no file PROJECT/turns.jsonl. \
         Record one with `--record FILE`, and name it relative to this configuration file."
    );
    assert_eq!(
        place.refusal("agent:\n  backend:\n    type: replay\n"),
        "error: c.yaml:3:5: `agent.backend.cassette`: a `replay` backend needs a cassette. \
         Record one with `--record FILE`, and name it relative to this configuration file."
    );
}

#[test]
fn agents_is_a_list_in_order_and_agent_is_one() {
    let ids = |text: &str| {
        plan(text)
            .agents
            .iter()
            .map(|agent| agent.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&agents(&["beta", "alpha"])), ["beta", "alpha"]);
    assert_eq!(ids(&backend("")), ["agent1"]);
}

#[test]
fn agents_and_agent_together_are_refused() {
    assert_eq!(
        refusal(&format!("{}{}", agents(&["a"]), backend(""))),
        "error: c.yaml:5:3: `agent`: both `agents` and `agent` are given. \
         Keep one: `agents` is a list, `agent` is a single agent."
    );
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n\n", "# only a comment\n", "null"] {
        let refusal = refusal(text);
        assert!(
            refusal.ends_with(": the file is empty. Add `agents:` with at least one agent."),
            "{text:?}: {refusal}"
        );
    }
}

#[test]
fn a_file_without_agents_is_refused() {
    let expected = "error: c.yaml:1:1: `agents`: there are no agents. \
                    Add `agents:` with at least one agent, each with an `id` and a `backend`.";
    assert_eq!(refusal("agents: []\n"), expected);
    assert_eq!(refusal("ui: {}\n"), expected);
}

#[test]
fn what_is_not_yaml_is_refused_with_its_place() {
    assert_eq!(
        refusal("agents:\n  - id: [a\n"),
        "error: c.yaml:2:9: this is not YAML: unclosed bracket '['. Check the indentation and the quotes around here."
    );
}

#[test]
fn a_key_given_twice_is_refused() {
    assert_eq!(
        refusal(&backend("model: n")),
        "error: c.yaml:5:5: this is not YAML: duplicate mapping key: model. Check the indentation and the quotes around here."
    );
}

#[test]
fn an_unknown_key_is_warned_about_with_the_nearest_name() {
    assert_eq!(
        warnings(&backend("temprature: 0.5\nzzzzzzzzzzzz: 1")),
        "warning: c.yaml:5:5: `agent.backend.temprature`: there is no such key; it is ignored. \
         Did you mean `temperature`?\n\
         warning: c.yaml:6:5: `agent.backend.zzzzzzzzzzzz`: there is no such key; it is ignored. \
         Remove it if it is not needed."
    );
    assert_eq!(
        warnings(&top_level("orchestator: {}")),
        "warning: c.yaml:5:1: `orchestator`: there is no such key; it is ignored. Did you mean `orchestrator`?"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    let correct = "Correct the value or remove the key.";
    let cases = [
        (
            "agents: alpha\nagent: {backend: {type: chatcompletion, model: m}}\n",
            "1:9: `agents`: a list was expected, found text.",
        ),
        (
            &backend("cwd: 5"),
            "5:10: `agent.backend.cwd`: text was expected, found a number.",
        ),
        (
            &backend("cwd: [a]"),
            "5:10: `agent.backend.cwd`: text was expected, found a list.",
        ),
        (
            &backend("allowed_tools: [a, true]"),
            "5:24: `agent.backend.allowed_tools`: a list of texts was expected, found true or false.",
        ),
        (
            &top_level("orchestrator:\n  skip_coordination_rounds: sometimes"),
            "6:29: `orchestrator.skip_coordination_rounds`: true or false was expected, found text.",
        ),
        (
            &top_level("orchestrator:\n  max_new_answers_per_agent: 0.5"),
            "6:30: `orchestrator.max_new_answers_per_agent`: a whole number from 1 to 4294967295 was expected, found a number.",
        ),
        (
            &top_level("sandbox: {memory: much}"),
            "5:19: `sandbox.memory`: a positive amount such as `512MiB` was expected, found text.",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), format!("error: c.yaml:{expected} {correct}"));
    }
    assert_eq!(
        refusal("- a\n"),
        "error: c.yaml:1:1: a map of keys was expected, found a list."
    );
    assert_eq!(
        refusal(&top_level("orchestrator: fast")),
        "error: c.yaml:5:15: `orchestrator`: a map of keys was expected, found text."
    );
}

#[test]
fn two_agents_cannot_have_the_same_id() {
    assert_eq!(
        refusal(&agents(&["alpha", "alpha"])),
        "error: c.yaml:4:9: `agents[1].id`: the id `alpha` is used twice. Give each agent an id of its own."
    );
}

#[test]
fn an_id_that_could_leave_a_folder_is_refused() {
    assert_eq!(
        refusal(&agents(&["../../x"])),
        "error: c.yaml:2:9: `agents[0].id`: the agent id `../../x` must be 1 to 64 of the characters A-Z, a-z, 0-9, `_` \
         and `-`, with single dots between them: it becomes part of file names. Choose another id."
    );
    for id in [
        "''",
        "a b",
        "ä",
        "a/b",
        ".",
        "..",
        ".a",
        "a.",
        "a..b",
        &"a".repeat(65),
    ] {
        assert!(
            refusal(&agents(&[id])).contains("`agents[0].id`: the agent id"),
            "{id}"
        );
    }
    for id in ["gemini2.5flash", "gemini-2.5-pro1", &"a".repeat(64)] {
        assert_eq!(plan(&agents(&[id])).agents[0].id.as_str(), id);
    }
}

#[test]
fn an_agent_needs_a_backend_with_a_type() {
    assert_eq!(
        refusal("agents:\n  - id: a\n"),
        "error: c.yaml:2:5: `agents[0].backend`: the agent has no backend. \
         Add `backend:` with `type`, `model` and what else it needs."
    );
    assert_eq!(
        refusal("agent:\n  backend:\n    model: m\n"),
        "error: c.yaml:3:5: `agent.backend.type`: the backend has no type. \
         Add `type: chatcompletion` with `base_url` and `model`, or `type: replay` with `cassette`."
    );
}

#[test]
fn an_unknown_backend_type_is_refused_with_a_suggestion() {
    let refused = |name: &str| refusal(&format!("agent:\n  backend:\n    type: {name}\n"));
    let message = |name: &str| {
        format!("error: c.yaml:3:11: `agent.backend.type`: there is no backend type `{name}`.")
    };
    assert_eq!(
        refused("chatcompletions"),
        message("chatcompletions") + " Did you mean `chatcompletion`?"
    );
    let refused = refused("telepathy");
    assert!(refused.starts_with(
        &(message("telepathy") + " Available: `chatcompletion`, `azure_openai`, `claude`")
    ));
}

#[test]
fn a_backend_type_of_a_later_version_is_refused_as_such() {
    for name in ["autogen", "ag2"] {
        let refused = refusal(&format!(
            "agent:\n  backend:\n    type: {name}\n    model: m\n"
        ));
        let message = format!(
            "error: c.yaml:3:11: `agent.backend.type`: the backend type `{name}` is not available in this version. \
             Available: `chatcompletion`, `azure_openai`, `claude`"
        );
        assert!(refused.starts_with(&message), "{refused}");
    }
}

#[test]
fn a_chat_completions_backend_without_a_model_is_refused() {
    for model in ["", "    model:\n", "    model: ''\n"] {
        assert_eq!(
            refusal(&format!(
                "agent:\n  backend:\n    type: chatcompletion\n{model}"
            )),
            "error: c.yaml:3:5: `agent.backend.model`: a `chatcompletion` backend needs a model. \
             Add `model:` with the name the provider uses."
        );
    }
}

#[test]
fn a_missing_key_is_named_by_the_host_of_the_base_url() {
    let place = Place::new();
    let nothing = place.with_variables(&[("GROQ_API_KEY", "")]);
    for (url, host, variables) in [
        (
            "https://api.groq.com/openai/v1",
            "api.groq.com",
            "GROQ_API_KEY",
        ),
        (
            "https://API.Groq.com/openai/v1",
            "api.groq.com",
            "GROQ_API_KEY",
        ),
        ("https://api.x.ai/v1", "api.x.ai", "XAI_API_KEY"),
        ("https://user@x.ai:8443/v1", "x.ai", "XAI_API_KEY"),
        (
            "https://api.moonshot.cn/v1",
            "api.moonshot.cn",
            "MOONSHOT_API_KEY or KIMI_API_KEY",
        ),
        (
            "https://api.openai.com/v1",
            "api.openai.com",
            "OPENAI_API_KEY",
        ),
        ("https://notgroq.com/v1", "notgroq.com", "OPENAI_API_KEY"),
        (
            "http://192.168.0.7:8000/v1",
            "192.168.0.7",
            "OPENAI_API_KEY",
        ),
    ] {
        let refused = parse(
            &backend(&format!("base_url: {url}")),
            Path::new("c.yaml"),
            &nothing,
        )
        .unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "missing: c.yaml:3:5: `agent.backend.api_key`: there is no key for {host}. \
                 Set {variables} in the environment or in a `.env` file."
            )
        );
    }
}

#[test]
fn the_key_of_the_file_goes_before_that_of_the_environment() {
    let key = |lines: &str| plan(&backend(lines)).agents[0].backend.api_key.clone();
    assert_eq!(key("api_key: from-file"), Some(ApiKey::new("from-file")));
    assert_eq!(key("api_key: ''"), Some(ApiKey::new("sk-secret")));
}

#[test]
fn a_key_that_names_a_variable_is_refused_since_nothing_replaces_it() {
    for key in ["$OPENAI_API_KEY", "${OPENAI_API_KEY}"] {
        assert_eq!(
            refusal(&backend(&format!("api_key: {key}"))),
            "error: c.yaml:5:14: `agent.backend.api_key`: variables are not replaced here. \
             Remove this key: the provider's variable is read from the environment without it."
        );
    }
}

#[test]
fn a_server_on_this_machine_needs_no_key() {
    for url in [
        "http://localhost:8000/v1/",
        "http://127.0.0.1:8000/v1",
        "http://[::1]:8000/v1",
    ] {
        let text = backend(&format!("base_url: '{url}'"));
        let plan = parse(
            &text,
            Path::new("c.yaml"),
            &Place::new().with_variables(&[]),
        )
        .unwrap();
        assert_eq!(plan.agents[0].backend.api_key, None);
        assert_eq!(
            plan.agents[0].backend.base_url.as_str(),
            url.trim_end_matches('/')
        );
    }
}

#[test]
fn a_key_is_never_shown() {
    let shown = format!("{:?}", plan(&backend("api_key: sk-of-the-file")));
    assert!(shown.contains("api_key: Some(ApiKey(***))"), "{shown}");
    assert!(!shown.contains("sk-"), "{shown}");
}

#[test]
fn a_base_url_that_is_no_address_is_refused() {
    for url in [
        "api.openai.com/v1",
        "ftp://example.org",
        "https://",
        "https:///v1",
    ] {
        let url_shown = url.trim_end_matches('/');
        assert_eq!(
            refusal(&backend(&format!("base_url: {url}"))),
            format!(
                "error: c.yaml:5:15: `agent.backend.base_url`: `{url_shown}` is no web address. \
                 It must begin with https:// (or http:// for a server of your own)."
            )
        );
    }
}

#[test]
fn request_fields_are_passed_on_as_they_stand() {
    let plan = plan(&backend(
        "temperature: 0.5\nmax_tokens: 100\nstop: [a, b]\nextra_body: {top_k: 5, deep: {x: null}}",
    ));
    let expected = json!({"temperature": 0.5, "max_tokens": 100, "stop": ["a", "b"], "extra_body": {"top_k": 5, "deep": {"x": null}}});
    assert_eq!(
        serde_json::Value::Object(plan.agents[0].backend.parameters.clone()),
        expected
    );
    assert_eq!(plan.warnings, []);
}

#[test]
fn a_key_that_would_narrow_what_agents_may_do_is_refused_rather_than_ignored() {
    for key in [
        "command_line_docker_credentials",
        "command_line_docker_packages",
        "disallowed_tools",
    ] {
        assert_eq!(
            refusal(&backend(&format!("{key}: [ls]"))),
            format!(
                "error: c.yaml:5:{}: `agent.backend.{key}`: not available in this version, and ignoring it could allow \
                 more than was meant. Remove it.",
                key.len() + 7
            )
        );
    }
}

#[test]
fn a_key_of_a_later_version_is_warned_about() {
    assert_eq!(
        warnings(&format!(
            "{}orchestrator:\n  voting_sensitivity: strict\n",
            backend("upload_files: [a.pdf]\nmcp_servers: {}")
        )),
        "warning: c.yaml:5:19: `agent.backend.upload_files`: not available in this version; it is ignored.\n\
         warning: c.yaml:6:18: `agent.backend.mcp_servers`: not available in this version; it is ignored.\n\
         warning: c.yaml:8:23: `orchestrator.voting_sensitivity`: not available in this version; it is ignored."
    );
}

#[test]
fn tools_are_filtered_by_name() {
    let tools = plan(&backend(
        "allowed_tools: [read_file, list_directory]\nexclude_tools: [run_python]",
    ))
    .agents[0]
        .tools
        .clone();
    assert_eq!(
        tools.allowed,
        Some(vec!["read_file".to_owned(), "list_directory".to_owned()])
    );
    assert_eq!(tools.excluded, ["run_python"]);
    assert_eq!(plan(&backend("")).agents[0].tools, ToolFilter::default());
}

#[test]
fn every_known_display_is_plain_lines_and_others_are_refused() {
    let display = |name: &str| top_level(&format!("ui:\n  display_type: {name}"));
    for name in ["simple", "terminal", "rich_terminal"] {
        assert_eq!(plan(&display(name)).ui.display, DisplayKind::Plain);
    }
    assert_eq!(
        refusal(&display("hologram")),
        "error: c.yaml:6:17: `ui.display_type`: there is no display `hologram`. \
         Known: simple, terminal, rich_terminal; this version shows all of them as plain lines."
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_in_the_files_order() {
    let text = "agents:\n- id: a b\n  backend:\n    type: chatcompletion\n    modle: m\n- id: b\nsandbox:\n  memory: lots\n";
    let refused = parse(text, Path::new("c.yaml"), &Place::new().environment()).unwrap_err();
    let found: Vec<_> = refused
        .diagnostics
        .iter()
        .map(|found| (found.severity, found.place, found.key.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (Severity::Error, Some((2, 7)), "agents[0].id"),
            (Severity::Error, Some((4, 5)), "agents[0].backend.model"),
            (Severity::Warning, Some((5, 5)), "agents[0].backend.modle"),
            (Severity::Error, Some((6, 3)), "agents[1].backend"),
            (Severity::Error, Some((8, 11)), "sandbox.memory"),
        ]
    );
}

#[test]
fn yaml_merge_keys_take_over_and_are_overridden() {
    let text = "agents:\n- id: a\n  backend: &base {type: chatcompletion, model: m, cwd: a}\n- id: b\n  backend:\n    <<: *base\n    cwd: b\n";
    let place = Place::new();
    let plan = place.plan(text);
    assert_eq!(plan.agents[1].backend.model.as_deref(), Some("m"));
    assert_eq!(
        plan.agents[1].workspace,
        Some(place.project().join(".massgen/workspaces/b"))
    );
}

#[test]
fn a_document_that_nests_too_deep_is_refused() {
    for opening in ["[", "{a: ", "- ", "? ", "-\t"] {
        let refusal = refusal(&opening.repeat(100_000));
        assert!(
            refusal.starts_with("error: c.yaml:1:"),
            "{opening}: {refusal}"
        );
    }
    for before in ["--- ", "[", "a: ", "&a ", "!!seq ", "\u{feff}"] {
        let refusal = refusal(&format!("{before}{}", "- ".repeat(100_000)));
        assert!(
            refusal.starts_with("error: c.yaml:1:"),
            "{before}: {refusal}"
        );
    }
    assert_eq!(
        refusal(&format!("agents:\n{}", "- ".repeat(257))),
        "error: c.yaml:2:1: the line opens more than 256 lists in each other. No key needs that: remove them."
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_answered_and_never_panics(text in any::<String>()) {
        let environment = Environment::new([], "/nowhere", None);
        let _ = parse(&text, Path::new("c.yaml"), &environment);
    }

    #[test]
    fn text_that_looks_like_yaml_is_answered_and_never_panics(
        text in "((agents?|backend|type|cwd|sandbox|orchestrator|context_paths|path|replay)?[-:\\[\\]{}&*!|>'\" \n0-9.a~]{0,4}){0,24}"
    ) {
        let environment = Environment::new([], "/nowhere", None);
        if let Err(refused) = parse(&text, Path::new("c.yaml"), &environment) {
            prop_assert!(refused.diagnostics.iter().any(|found| found.severity == Severity::Error));
        }
    }
}
