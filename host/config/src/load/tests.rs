//! What a configuration may say, and what a user reads where it is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

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

#[test]
fn a_chat_completions_agent_needs_a_type_and_a_model() {
    let plan = plan("agent:\n  backend:\n    type: chatcompletion\n    model: gpt-5-mini\n");
    let [agent] = plan.agents.as_slice() else {
        panic!("one agent")
    };
    assert_eq!(agent.id.as_str(), "agent1");
    assert_eq!(agent.backend.kind, BackendKind::ChatCompletion);
    assert_eq!(agent.backend.model.as_deref(), Some("gpt-5-mini"));
    assert_eq!(
        agent.backend.base_url.as_deref(),
        Some("https://api.openai.com/v1")
    );
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
        "error: c.yaml:4:15: `agent.backend.cassette`: there is no file PROJECT/turns.jsonl. \
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
         and `-`: it becomes part of file names. Choose another id."
    );
    for id in ["''", "a b", "ä", "a/b", "..", &"a".repeat(65)] {
        assert!(
            refusal(&agents(&[id])).contains("`agents[0].id`: the agent id"),
            "{id}"
        );
    }
    assert_eq!(plan(&agents(&[&"a".repeat(64)])).agents.len(), 1);
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
    assert_eq!(
        refused("telepathy"),
        message("telepathy") + " Available: `chatcompletion` and `replay`."
    );
}

#[test]
fn a_backend_type_of_a_later_version_is_refused_as_such() {
    for name in ["openai", "claude", "gemini"] {
        assert_eq!(
            refusal(&format!(
                "agent:\n  backend:\n    type: {name}\n    model: m\n"
            )),
            format!(
                "error: c.yaml:3:11: `agent.backend.type`: the backend type `{name}` is not available in this version. \
                 Available: `chatcompletion` (any OpenAI-compatible API, by `base_url`) and `replay`."
            )
        );
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
                "error: c.yaml:3:5: `agent.backend.api_key`: there is no key for {host}. \
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
            plan.agents[0].backend.base_url.as_deref(),
            Some(url.trim_end_matches('/'))
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
        "command_line_allowed_commands",
        "command_line_blocked_commands",
        "command_line_docker_network_mode",
        "disallowed_tools",
    ] {
        assert_eq!(
            refusal(&backend(&format!("{key}: [ls]"))),
            format!(
                "error: c.yaml:5:{}: `agent.backend.{key}`: not available in this version, and ignoring it could allow \
                 more than was meant. Remove it: code runs only in the WebAssembly sandbox, as `run_python`.",
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
            backend("enable_web_search: true\nenable_mcp_command_line: true")
        )),
        "warning: c.yaml:5:24: `agent.backend.enable_web_search`: not available in this version; it is ignored.\n\
         warning: c.yaml:6:30: `agent.backend.enable_mcp_command_line`: not available in this version; it is ignored. \
         Agents with a workspace have `run_python` instead.\n\
         warning: c.yaml:8:23: `orchestrator.voting_sensitivity`: not available in this version; it is ignored."
    );
}

#[test]
fn a_relative_workspace_lies_below_the_run_folder_and_an_absolute_one_where_it_says() {
    let place = Place::new();
    let workspace = |cwd: &str| {
        place.plan(&backend(&format!("cwd: {cwd}"))).agents[0]
            .workspace
            .clone()
            .unwrap()
    };
    assert_eq!(
        workspace("one"),
        place.project().join(".massgen/workspaces/one")
    );
    assert_eq!(
        workspace("./one/two/"),
        place.project().join(".massgen/workspaces/one/two")
    );
    assert_eq!(
        workspace(".massgen/mine"),
        place.project().join(".massgen/mine")
    );
    assert_eq!(workspace("/srv/agents/one"), Path::new("/srv/agents/one"));
}

#[test]
fn relative_folders_of_the_orchestrator_lie_in_the_run_folder() {
    let place = Place::new();
    let home = place.project().join(".massgen");
    let given = "orchestrator:\n  snapshot_storage: snap\n  agent_temporary_workspace: .massgen/temp\n  session_storage: /srv/sessions";
    let plan = place.plan(&top_level(given)).orchestrator;
    assert_eq!(plan.snapshot_storage, home.join("snap"));
    assert_eq!(plan.agent_temporary_workspace, home.join("temp"));
    assert_eq!(plan.session_storage, Path::new("/srv/sessions"));
    let plan = place.plan(&backend("")).orchestrator;
    assert_eq!(plan.snapshot_storage, home.join("snapshots"));
    assert_eq!(plan.agent_temporary_workspace, home.join("temp_workspaces"));
    assert_eq!(plan.session_storage, home.join("sessions"));
}

#[test]
fn a_relative_folder_that_climbs_out_is_refused() {
    assert_eq!(
        refusal(&backend("cwd: ../../x")),
        "error: c.yaml:5:10: `agent.backend.cwd`: `../../x` leads out of .massgen/workspaces. \
         Use a name below .massgen/workspaces, or an absolute path if you mean a folder elsewhere."
    );
    assert_eq!(
        refusal(&top_level(
            "orchestrator:\n  snapshot_storage: .massgen/../.."
        )),
        "error: c.yaml:6:21: `orchestrator.snapshot_storage`: `.massgen/../..` leads out of .massgen. \
         Use a name below .massgen, or an absolute path if you mean a folder elsewhere."
    );
}

#[test]
fn a_folder_that_holds_all_others_is_refused_since_it_is_emptied() {
    for folder in [".", "./", ".massgen"] {
        assert_eq!(
            refusal(&backend(&format!("cwd: {folder}"))),
            format!(
                "error: c.yaml:5:10: `agent.backend.cwd`: `{folder}` is no folder of its own. \
                 Give it a name of its own; it becomes a folder below .massgen/workspaces."
            )
        );
    }
}

#[test]
fn context_paths_are_real_absolute_and_read_only_unless_writing_is_asked_for() {
    let place = Place::new();
    let file = place.write("project/data/a.csv", "");
    let text = "context_paths:\n- path: data\n- {path: ./data/../data/a.csv, permission: WRITE}";
    let expected = [
        ContextPath {
            path: place.project().join("data"),
            permission: Permission::Read,
            is_file: false,
            protected: vec![],
        },
        ContextPath {
            path: file,
            permission: Permission::Write,
            is_file: true,
            protected: vec![],
        },
    ];
    assert_eq!(place.plan(&backend(text)).agents[0].context_paths, expected);
}

#[test]
fn a_context_path_that_is_not_there_or_not_given_is_refused() {
    assert_eq!(
        refusal(&backend("context_paths:\n- path: data")),
        "error: c.yaml:6:13: `agent.backend.context_paths[0].path`: the context path data cannot be used: \
         No such file or directory (os error 2). \
         Relative paths are meant from the current directory. Create it, or correct the path."
    );
    assert_eq!(
        refusal(&backend("context_paths:\n- permission: read")),
        "error: c.yaml:6:7: `agent.backend.context_paths[0].path`: the context path has no path. Add `path:`."
    );
}

#[test]
fn an_unknown_permission_is_refused() {
    assert_eq!(
        refusal(&backend("context_paths:\n- path: .\n  permission: execute")),
        "error: c.yaml:7:19: `agent.backend.context_paths[0].permission`: there is no permission `execute`. \
         It is `read` or `write`."
    );
}

#[test]
fn protected_paths_lie_in_their_context_and_need_not_exist() {
    let place = Place::new();
    place.write("project/data/a.csv", "");
    let data = place.project().join("data");
    let text = format!(
        "context_paths:\n- path: data\n  permission: write\n  protected_paths:\n  - a.csv\n  - ./deep/er/../b\n  - {}\n  - ../secret\n  - /etc/passwd",
        data.join("new/c").display()
    );
    let plan = place.plan(&backend(&text));
    assert_eq!(
        plan.agents[0].context_paths[0].protected,
        [data.join("a.csv"), data.join("deep/b"), data.join("new/c")]
    );
    let outside = |line: u32, path: &str| {
        format!(
            "warning: c.yaml:{line}:9: `agent.backend.context_paths[0].protected_paths`: the protected path {path} lies \
             outside the context path {}; it has no effect. Name a path inside it.",
            data.display()
        )
    };
    assert_eq!(
        place.warnings(&backend(&text)),
        format!(
            "{}\n{}",
            outside(12, "../secret"),
            outside(13, "/etc/passwd")
        )
    );
}

#[cfg(unix)]
#[test]
fn a_protected_path_may_be_spelled_through_a_link_to_its_context() {
    let place = Place::new();
    fs::create_dir(place.project().join("data")).unwrap();
    std::os::unix::fs::symlink(place.project().join("data"), place.project().join("link")).unwrap();
    let spelled = place.project().join("link/not/yet");
    let text = format!(
        "context_paths:\n- path: link\n  protected_paths: [{}]",
        spelled.display()
    );
    let plan = place.plan(&backend(&text));
    assert_eq!(
        plan.agents[0].context_paths[0].protected,
        [place.project().join("data/not/yet")]
    );
    assert_eq!(plan.warnings, []);
}

#[test]
fn a_context_path_given_twice_is_refused() {
    assert_eq!(
        refusal(&backend("context_paths:\n- path: .\n- path: ../project")),
        "error: c.yaml:7:7: `agent.backend.context_paths[1]`: PROJECT is given twice. Keep one entry."
    );
}

#[test]
fn the_orchestrators_context_paths_go_before_an_agents_own() {
    let place = Place::new();
    place.write("project/data/a.csv", "");
    let own = backend(
        "context_paths:\n- {path: ., permission: write}\n- {path: data, permission: write}",
    );
    let plan = place.plan(&format!(
        "{own}orchestrator:\n  context_paths:\n  - path: data\n"
    ));
    let paths: Vec<_> = plan.agents[0]
        .context_paths
        .iter()
        .map(|path| (path.path.clone(), path.permission))
        .collect();
    assert_eq!(
        paths,
        [
            (place.project().join("data"), Permission::Read),
            (place.project(), Permission::Write)
        ]
    );
    let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
    let data = place.project().join("data");
    assert_eq!(
        warnings,
        [format!(
            "warning: c.yaml:6:7: `agent.backend.context_paths`: `orchestrator.context_paths` also has {}; \
             its entry is used, this one is ignored. Keep one of them.",
            data.display()
        )]
    );
}

#[test]
fn the_same_context_path_for_all_and_for_one_is_no_contradiction() {
    let place = Place::new();
    let own = backend("context_paths:\n- {path: ., permission: write}");
    let shared = "orchestrator:\n  context_paths:\n  - {path: ., permission: write}\n";
    let plan = place.plan(&format!("{own}{shared}"));
    assert_eq!(plan.agents[0].context_paths.len(), 1);
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

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
fn a_json_file_is_read_and_other_files_are_not() {
    let place = Place::new();
    let text = r#"{"agents": [{"id": "a", "backend": {"type": "chatcompletion", "model": "m"}}]}"#;
    let plan = load(&place.write("c.json", text), &place.environment()).unwrap();
    assert_eq!(plan.agents[0].id.as_str(), "a");
    assert_eq!(
        load(Path::new("c.toml"), &place.environment())
            .unwrap_err()
            .to_string(),
        "error: c.toml: a configuration is a .yaml, .yml or .json file. Rename it or name another."
    );
    assert_eq!(
        load(Path::new("/nowhere/c.yaml"), &place.environment())
            .unwrap_err()
            .to_string(),
        "error: /nowhere/c.yaml: cannot be read: No such file or directory (os error 2). Check the path and its permissions."
    );
}

#[test]
fn a_named_file_is_looked_for_here_and_among_the_agents_at_home() {
    let place = Place::new();
    let find = |name: &str| {
        super::find(Some(name), &place.environment()).map_err(|error| error.to_string())
    };
    let home = place.root().join("home/.config/massgen/agents");
    assert_eq!(
        find("v1.2"),
        Err(format!(
            "error: v1.2: there is no such file. Looked at {}, {}, {}. Name a file with --config.",
            place.project().join("v1.2").display(),
            home.join("v1.2").display(),
            home.join("v1.2.yaml").display()
        ))
    );
    let at_home = place.write("home/.config/massgen/agents/v1.2.yaml", "");
    assert_eq!(find("v1.2"), Ok(at_home.clone()));
    assert_eq!(find("v1.2.yaml"), Ok(at_home));
    let here = place.write("project/v1.2.yaml", "");
    assert_eq!(find("v1.2.yaml"), Ok(here.clone()));
    assert_eq!(find(&here.display().to_string()), Ok(here));
    assert_eq!(
        find("/nowhere/c.yaml"),
        Err("error: /nowhere/c.yaml: there is no such file. Looked at /nowhere/c.yaml. Name a file with --config.".to_owned())
    );
}

#[test]
fn without_a_name_the_projects_configuration_goes_before_the_users() {
    let place = Place::new();
    let find = || super::find(None, &place.environment()).map_err(|error| error.to_string());
    let (project, home) = (
        place.project().join(".massgen/config.yaml"),
        place.root().join("home/.config/massgen/config.yaml"),
    );
    assert_eq!(
        find(),
        Err(format!(
            "error: configuration: there is no such file. Looked at {}, {}. Name a file with --config.",
            project.display(),
            home.display()
        ))
    );
    place.write("home/.config/massgen/config.yaml", "");
    assert_eq!(find(), Ok(home));
    place.write("project/.massgen/config.yaml", "");
    assert_eq!(find(), Ok(project));
}

#[test]
fn example_names_are_refused_as_such() {
    assert_eq!(
        find(Some("@examples/basic"), &Place::new().environment())
            .unwrap_err()
            .to_string(),
        "error: @examples/basic: `@examples/` names are not available in this version. \
         Give the path of a file instead, for example configs/demo.yaml."
    );
}

#[test]
fn an_env_file_fills_in_what_is_not_set_and_the_first_one_wins() {
    let mut environment = Environment::new([("SET", "process"), ("EMPTY", "")], "/", None);
    environment.fill_in("SET=first\nEMPTY=first\n# A=1\nexport B = 'b # b'\nC=\"c\" # comment\nD=d # comment\nE=a=b#c\nnonsense\n=x\r\n");
    environment.fill_in("SET=second\nEMPTY=second\nB=second\nF=second");
    let expected = [
        ("SET", "process"),
        ("EMPTY", "first"),
        ("B", "b # b"),
        ("C", "c"),
        ("D", "d"),
        ("E", "a=b#c"),
        ("F", "second"),
    ];
    for (name, value) in expected {
        assert_eq!(environment.variable(name), Some(value), "{name}");
    }
    assert_eq!(environment.variable("A"), None);
}

#[test]
fn the_projects_env_file_goes_before_that_at_home_and_a_folder_of_that_name_is_left_alone() {
    let place = Place::new();
    place.write("project/.env", "A=project");
    place.write("home/.massgen/.env", "A=home\nB=home");
    let mut environment = place.with_variables(&[]);
    environment.read_env_files().unwrap();
    assert_eq!(environment.variable("A"), Some("project"));
    assert_eq!(environment.variable("B"), Some("home"));

    let place = Place::new();
    place.write("project/.env/pyvenv.cfg", "");
    place.with_variables(&[]).read_env_files().unwrap();
}

#[test]
fn an_env_file_that_cannot_be_read_is_refused_by_name() {
    let place = Place::new();
    let file = place.write("project/.env", "");
    fs::write(&file, b"OPENAI_API_KEY=\xff").unwrap();
    let refusal = place.with_variables(&[]).read_env_files().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!(
            "error: {}: cannot be read: stream did not contain valid UTF-8. \
             Make it a readable UTF-8 text of NAME=value lines, or move it away.",
            file.display()
        )
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

/// The project's own configurations, from a directory that holds `configs` and the folder `project` which one of them
/// tells its user to make.
#[cfg(unix)]
#[test]
fn the_configurations_that_come_with_massgen_are_without_errors_and_warnings() {
    let place = Place::new();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../configs")
        .canonicalize()
        .unwrap();
    std::os::unix::fs::symlink(&configs, place.project().join("configs")).unwrap();
    fs::create_dir(place.project().join("project")).unwrap();
    let environment =
        place.with_variables(&[("OPENAI_API_KEY", "key"), ("OPENROUTER_API_KEY", "key")]);
    let mut loaded = 0;
    for entry in fs::read_dir(&configs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|suffix| suffix == "yaml") {
            let plan = load(&path, &environment).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(plan.warnings, [], "{}", path.display());
            loaded += 1;
        }
    }
    assert!(loaded > 0, "{} has no configuration", configs.display());
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
fn a_context_path_has_rules_in_their_order_and_says_whether_commits_are_allowed() {
    let place = with_data();
    let text = "git: Commit\nrules:\n- {path: 'secrets/**', access: hidden}\n- {path: '*.lock', access: ASK}\n\
                - {path: /notes.md, access: read}\n- {path: x/, access: write}";
    let plan = place.plan(&context(text));
    let data = place.project().join("data");
    let rule = |pattern: &str, access| PathRule {
        root: data.clone(),
        pattern: pattern.to_owned(),
        access,
    };
    let rules = &plan.agents[0].path_rules;
    assert_eq!(
        rules.rules,
        [
            rule("secrets/**", RuleAccess::Hidden),
            rule("*.lock", RuleAccess::Ask),
            rule("/notes.md", RuleAccess::Read),
            rule("x/", RuleAccess::Write),
        ]
    );
    assert_eq!(rules.commits, [data]);
    assert_eq!(plan.warnings, []);
    let without = place.plan(&context("git: read"));
    assert_eq!(without.agents[0].path_rules, PathRules::default());
}

#[test]
fn an_unknown_access_or_git_value_is_refused_with_the_known_ones() {
    let place = with_data();
    assert_eq!(
        place.refusal(&context("rules:\n- {path: x, access: hide}")),
        "error: c.yaml:8:27: `agent.backend.context_paths[0].rules[0].access`: there is no access `hide`. \
         It is `hidden`, `ask`, `read` or `write`. Did you mean `hidden`?"
    );
    assert_eq!(
        place.refusal(&context("git: push")),
        "error: c.yaml:7:12: `agent.backend.context_paths[0].git`: there is no git `push`. \
         It is `read` or `commit`."
    );
}

#[test]
fn a_rule_without_a_path_or_an_access_is_refused() {
    assert_eq!(
        with_data().refusal(&context("rules:\n- {access: read}\n- {path: x}\n- text")),
        "error: c.yaml:8:9: `agent.backend.context_paths[0].rules[0].path`: the rule has no path. \
         Add `path:` with a pattern such as `docs/**` or `*.lock`.\n\
         error: c.yaml:9:9: `agent.backend.context_paths[0].rules[1].access`: the rule does not say what holds. \
         Add `access:` with `hidden`, `ask`, `read` or `write`.\n\
         error: c.yaml:10:9: `agent.backend.context_paths[0].rules[2]`: a map of keys was expected, found text."
    );
}

#[test]
fn a_pattern_that_cannot_be_read_or_match_is_refused_with_its_place() {
    let place = with_data();
    for (pattern, fault) in [
        ("../x", "a part of it is empty, `.` or `..`"),
        ("a//b", "a part of it is empty, `.` or `..`"),
        ("/", "it is empty"),
        ("[", "unclosed character class; missing ']'"),
        ("{a", "unclosed alternate group; missing '}'"),
    ] {
        let refusal = place.refusal(&context(&format!(
            "rules:\n- {{path: '{pattern}', access: read}}"
        )));
        let start = format!(
            "error: c.yaml:8:16: `agent.backend.context_paths[0].rules[0].path`: `{pattern}` is no pattern of a path: "
        );
        assert!(refusal.starts_with(&start), "{refusal}");
        assert!(refusal.contains(fault), "{refusal}");
    }
}

#[test]
fn a_rule_about_a_file_is_refused_since_there_is_nothing_below_it() {
    let place = with_data();
    let text = "context_paths:\n- {path: data/a.csv, rules: [{path: x, access: read}]}";
    assert_eq!(
        place.refusal(&backend(text)),
        "error: c.yaml:6:41: `agent.backend.context_paths[0].rules[0].path`: `x` has no effect, since \
         PROJECT/data/a.csv is a file. Use `permission`, or name a directory."
    );
}

#[test]
fn a_protected_path_with_wildcards_is_a_rule_and_one_that_is_there_by_that_name_a_path() {
    let place = with_data();
    place.write("project/data/report[1].txt", "");
    let data = place.project().join("data");
    let text = format!(
        "permission: write\nprotected_paths: ['docs/*.md', '*.lock', 'report[1].txt', '{}/x/**', '/etc/*']",
        data.display()
    );
    let plan = place.plan(&context(&text));
    assert_eq!(
        plan.agents[0].context_paths[0].protected,
        [data.join("report[1].txt")]
    );
    let rules: Vec<_> = plan.agents[0]
        .path_rules
        .rules
        .iter()
        .map(|rule| (rule.pattern.as_str(), rule.access))
        .collect();
    assert_eq!(
        rules,
        ["docs/*.md", "*.lock", "/x/**"].map(|pattern| (pattern, RuleAccess::Read))
    );
    let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("the protected path /etc/* lies outside the context path"),
        "{warnings:?}"
    );
    let refusal = place.refusal(&context("protected_paths: ['[']"));
    assert!(refusal.contains("`[` is no pattern of a path"), "{refusal}");
}

#[test]
fn hidden_names_are_added_replaced_and_switched_off_for_all_and_for_one() {
    let hidden = |shared: &str, own: &str| {
        let own = match own {
            "" => String::new(),
            own => format!("hidden_names: {own}"),
        };
        let text = format!("{}orchestrator:\n  {shared}\n", backend(&own));
        let names = plan(&text).agents[0].path_rules.hidden_names.clone();
        (names.built_in, names.further)
    };
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    use BuiltInNames::{Replaced, Used};
    assert_eq!(hidden("", ""), (Used, vec![]));
    assert_eq!(hidden("hidden_names: ['*.a']", ""), (Used, names(&["*.a"])));
    assert_eq!(
        hidden("hidden_names: ['*.a']", "['*.b']"),
        (Used, names(&["*.a", "*.b"]))
    );
    assert_eq!(
        hidden("hidden_names: {only: ['*.a']}", "['*.b']"),
        (Replaced, names(&["*.a", "*.b"]))
    );
    assert_eq!(
        hidden("hidden_names: ['*.a']", "{only: ['*.b']}"),
        (Replaced, names(&["*.b"]))
    );
    assert_eq!(hidden("hidden_names: false", ""), (Replaced, vec![]));
    assert_eq!(
        hidden("hidden_names: false", "['*.b']"),
        (Replaced, names(&["*.b"]))
    );
}

#[test]
fn hidden_names_that_are_no_names_are_refused() {
    assert_eq!(
        refusal(&backend("hidden_names: [a/b, '[']")),
        "error: c.yaml:5:20: `agent.backend.hidden_names`: `a/b` is no pattern of a name: it has a `/`, and a hidden \
         name has no place. Give a name such as `*.secret`; for a path use `rules` of its context path.\n\
         error: c.yaml:5:25: `agent.backend.hidden_names`: `[` is no pattern of a name: unclosed character class; \
         missing ']'. Give a name such as `*.secret`; for a path use `rules` of its context path."
    );
    for (value, found) in [
        ("true", "true or false"),
        ("all", "text"),
        ("{}", "a map of keys"),
    ] {
        let refusal = refusal(&backend(&format!("hidden_names: {value}")));
        assert!(
            refusal.contains(&format!("was expected, found {found}.")),
            "{refusal}"
        );
    }
}

#[test]
fn the_same_path_with_other_rules_is_a_contradiction_that_is_told() {
    let place = with_data();
    let own = context("rules: [{path: x, access: hidden}]");
    let shared =
        "orchestrator:\n  context_paths:\n  - path: data\n    rules: [{path: z, access: hidden}]\n";
    let plan = place.plan(&format!("{own}{shared}"));
    let rules = &plan.agents[0].path_rules.rules;
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].pattern, "z");
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn removing_unread_files_is_allowed_for_all_or_for_one() {
    // `spec/04` D7.
    let place = with_data();
    let plan = |text: &str| place.plan(text).agents[0].path_rules.read_before_delete;
    let agent = |key: &str| backend(key);
    assert_eq!(plan(&agent("cwd: ws")), ReadBeforeDelete::Enforced);
    assert_eq!(
        plan(&agent("read_before_delete: false")),
        ReadBeforeDelete::Off
    );
    let for_all = "orchestrator:\n  read_before_delete: false\n";
    assert_eq!(
        plan(&format!("{}{for_all}", agent("cwd: ws"))),
        ReadBeforeDelete::Off
    );
    let exception = agent("read_before_delete: true");
    assert_eq!(
        plan(&format!("{exception}{for_all}")),
        ReadBeforeDelete::Enforced
    );
    let refusal = refusal(&agent("read_before_delete: 1"));
    assert!(refusal.contains("true or false was expected"), "{refusal}");
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
