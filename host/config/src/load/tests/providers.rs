//! Backends that speak an API of their own.

use std::path::Path;

use super::{Place, parse};
use crate::{BackendKind, ProviderTool};

const CLAUDE: &str = "agent:\n  backend:\n    type: claude\n    model: claude-sonnet-4-5\n";

#[test]
fn claude_is_asked_at_its_own_address_with_its_own_key_and_fields() {
    let place = Place::new();
    let environment = place.with_variables(&[("OPENAI_API_KEY", "a"), ("ANTHROPIC_API_KEY", "b")]);
    let text = format!(
        "{CLAUDE}    max_tokens: 9\n    top_k: 4\n    thinking: {{type: enabled, budget_tokens: 1024}}\n"
    );
    let plan = parse(&text, Path::new("c.yaml"), &environment).unwrap();
    assert_eq!(plan.warnings, []);
    let backend = &plan.agents[0].backend;
    assert_eq!(backend.kind, BackendKind::Claude);
    assert_eq!(backend.base_url, "https://api.anthropic.com");
    assert_eq!(backend.api_key.as_ref().unwrap().expose(), "b");
    assert_eq!(
        serde_json::to_value(&backend.parameters).unwrap(),
        serde_json::json!({
            "max_tokens": 9,
            "top_k": 4,
            "thinking": { "type": "enabled", "budget_tokens": 1024 },
        })
    );
}

#[test]
fn a_field_of_another_api_is_warned_about_and_not_sent() {
    let place = Place::new();
    let environment = place.with_variables(&[("ANTHROPIC_API_KEY", "b")]);
    let text = format!("{CLAUDE}    presence_penalty: 1\n");
    let plan = parse(&text, Path::new("c.yaml"), &environment).unwrap();
    assert_eq!(plan.warnings.len(), 1);
    assert!(
        plan.warnings[0]
            .to_string()
            .contains("`agent.backend.presence_penalty`"),
        "{}",
        plan.warnings[0]
    );
    assert!(plan.agents[0].backend.parameters.is_empty());
}

#[test]
fn a_missing_key_names_the_providers_variable_whatever_the_host() {
    let place = Place::new();
    let environment = place.with_variables(&[("OPENAI_API_KEY", "a")]);
    for url in ["", "    base_url: https://proxy.example.org/anthropic\n"] {
        let refused = parse(&format!("{CLAUDE}{url}"), Path::new("c.yaml"), &environment);
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("Set ANTHROPIC_API_KEY in the environment"),
            "{refused}"
        );
    }
}

#[test]
fn a_type_knows_its_address_and_its_key() {
    let place = Place::new();
    let environment = place.with_variables(&[("XAI_API_KEY", "x"), ("ZAI_API_KEY", "z")]);
    for (name, provider, url, key) in [
        ("grok", "Grok", "https://api.x.ai/v1", "x"),
        ("zai", "ZAI", "https://api.z.ai/api/paas/v4", "z"),
        (
            "lmstudio",
            "LM Studio",
            "http://localhost:1234/v1",
            "lm-studio",
        ),
        ("ollama", "Ollama", "http://localhost:11434/v1", "ollama"),
        ("vllm", "vLLM", "http://localhost:8000/v1", "EMPTY"),
        ("sglang", "SGLang", "http://localhost:30000/v1", "EMPTY"),
        (
            "inference",
            "Inference",
            "http://localhost:8000/v1",
            "EMPTY",
        ),
    ] {
        let text = format!("agent: {{backend: {{type: {name}, model: m}}}}\n");
        let plan = parse(&text, Path::new("c.yaml"), &environment).expect(name);
        let backend = &plan.agents[0].backend;
        assert_eq!(backend.kind, BackendKind::ChatCompletion);
        assert_eq!(
            (backend.provider.name, backend.base_url.as_str()),
            (provider, url)
        );
        assert_eq!(backend.api_key.as_ref().unwrap().expose(), key, "{name}");
    }
}

#[test]
fn a_server_of_ones_own_takes_a_key_and_further_fields() {
    let place = Place::new();
    let environment = place.with_variables(&[("VLLM_API_KEY", "mine")]);
    let text = "agent: {backend: {type: vllm, model: m, base_url: \"https://gpu.example.org/v1\", top_k: 4, chat_template_kwargs: {enable_thinking: false}}}\n";
    let plan = parse(text, Path::new("c.yaml"), &environment).unwrap();
    assert_eq!(plan.warnings, []);
    let backend = &plan.agents[0].backend;
    assert_eq!(backend.api_key.as_ref().unwrap().expose(), "mine");
    assert_eq!(backend.parameters["top_k"], 4);
    assert_eq!(
        backend.parameters["chat_template_kwargs"]["enable_thinking"],
        false
    );
}

#[test]
fn azure_is_asked_at_the_address_of_ones_own_resource() {
    let place = Place::new();
    let key = ("AZURE_OPENAI_API_KEY", "k");
    let azure =
        |extra: &str| format!("agent: {{backend: {{type: azure_openai, model: gpt-4o{extra}}}}}\n");
    let elsewhere = ("AZURE_OPENAI_ENDPOINT", "https://env.openai.azure.com/");
    let version = ("AZURE_OPENAI_API_VERSION", "2025-01-01");
    for (extra, variables, url) in [
        (
            ", azure_endpoint: \"https://me.openai.azure.com\"",
            vec![key],
            "https://me.openai.azure.com?api-version=2024-12-01-preview",
        ),
        (
            ", base_url: \"https://me.openai.azure.com/\", api_version: v1",
            vec![key, elsewhere],
            "https://me.openai.azure.com?api-version=v1",
        ),
        (
            "",
            vec![key, elsewhere, version],
            "https://env.openai.azure.com?api-version=2025-01-01",
        ),
    ] {
        let plan = parse(
            &azure(extra),
            Path::new("c.yaml"),
            &place.with_variables(&variables),
        )
        .expect(extra);
        assert_eq!(plan.warnings, [], "{extra}");
        assert_eq!(plan.agents[0].backend.base_url, url);
        assert_eq!(
            plan.agents[0].backend.api_key.as_ref().unwrap().expose(),
            "k"
        );
    }
    let refused = parse(
        &azure(""),
        Path::new("c.yaml"),
        &place.with_variables(&[key]),
    );
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("set AZURE_OPENAI_ENDPOINT"), "{refused}");
}

#[test]
fn openai_speaks_its_own_api_with_its_own_fields() {
    let place = Place::new();
    let environment = place.with_variables(&[("OPENAI_API_KEY", "a")]);
    let text = "agent: {backend: {type: openai, model: gpt-5-mini, max_tokens: 9, text: {verbosity: low}, reasoning: {effort: low}}}\n";
    let plan = parse(text, Path::new("c.yaml"), &environment).unwrap();
    assert_eq!(plan.warnings, []);
    let backend = &plan.agents[0].backend;
    assert_eq!(backend.kind, BackendKind::OpenAi);
    assert_eq!(backend.base_url, "https://api.openai.com/v1");
    let fields: Vec<&String> = backend.parameters.keys().collect();
    assert_eq!(fields, ["max_tokens", "reasoning", "text"]);
}

#[test]
fn gemini_takes_either_of_its_keys_and_its_fields_in_either_writing() {
    let place = Place::new();
    let keys = [("GEMINI_API_KEY", "second"), ("GOOGLE_API_KEY", "first")];
    let text = "agent: {backend: {type: gemini, model: gemini-2.5-flash, max_tokens: 9, top_k: 4, topP: 0.5, thinking_config: {include_thoughts: true}}}\n";
    for (variables, key) in [(&keys[..], "first"), (&keys[..1], "second")] {
        let environment = place.with_variables(variables);
        let plan = parse(text, Path::new("c.yaml"), &environment).expect(key);
        assert_eq!(plan.warnings, []);
        let backend = &plan.agents[0].backend;
        assert_eq!(backend.kind, BackendKind::Gemini);
        assert_eq!(backend.provider.name, "Gemini");
        assert_eq!(
            backend.base_url,
            "https://generativelanguage.googleapis.com"
        );
        assert_eq!(backend.api_key.as_ref().unwrap().expose(), key);
        let mut fields: Vec<&str> = backend.parameters.keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["max_tokens", "thinking_config", "topP", "top_k"]);
    }
    let refused = parse(text, Path::new("c.yaml"), &place.with_variables(&[]));
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("Set GOOGLE_API_KEY or GEMINI_API_KEY in the environment"),
        "{refused}"
    );
}

/// A configuration of one agent of this type with one more line.
fn with(name: &str, line: &str) -> String {
    format!("agent:\n  backend:\n    type: {name}\n    model: m\n    api_key: k\n    {line}\n")
}

#[test]
fn what_the_providers_api_cannot_do_is_refused_with_the_types_that_can() {
    let place = Place::new();
    for (name, line, expected) in [
        (
            "zai",
            "enable_web_search: true",
            "6:24: `agent.backend.enable_web_search`: a `zai` backend has no web search. \
             Remove it, or use the type ",
        ),
        (
            "grok",
            "enable_code_interpreter: true",
            "6:30: `agent.backend.enable_code_interpreter`: a `grok` backend has no code execution. \
             Remove it, or use the type ",
        ),
        (
            "chatcompletion",
            "enable_code_execution: true",
            "6:28: `agent.backend.enable_code_execution`: a `chatcompletion` backend has no code execution. \
             Remove it, or use the type ",
        ),
    ] {
        let refused = place.refusal(&with(name, line));
        let expected = format!("error: c.yaml:{expected}");
        assert!(refused.starts_with(&expected), "{refused}");
        assert!(refused.contains("`openai`"), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
}

#[test]
fn what_the_providers_api_can_do_is_not_refused() {
    let place = Place::new();
    for (name, line) in [
        ("openai", "enable_web_search: true"),
        ("openai", "enable_code_interpreter: true"),
        ("claude", "enable_web_search: true"),
        ("claude", "enable_code_execution: true"),
        ("grok", "enable_web_search: true"),
        ("lmstudio", "mcp_servers: [{name: weather, command: npx}]"),
        (
            "azure_openai",
            "mcp_servers: [{name: weather, command: npx}]",
        ),
    ] {
        let azure = "    azure_endpoint: https://me.openai.azure.com\n";
        let text = match name {
            "azure_openai" => format!("{}{azure}", with(name, line)),
            name => with(name, line),
        };
        place.plan(&text);
    }
}

#[test]
fn what_is_switched_off_may_be_there_for_any_type() {
    let place = Place::new();
    for line in ["enable_web_search: false", "enable_code_execution:"] {
        place.plan(&with("zai", line));
    }
}

#[test]
fn a_recording_keeps_the_keys_of_what_was_recorded() {
    let place = Place::new();
    place.write("project/turns.jsonl", "");
    let text = "agent:\n  backend: {type: replay, cassette: turns.jsonl, enable_web_search: true, enable_code_interpreter: true}\n";
    place.plan(text);
}

#[test]
fn the_providers_own_tools_are_asked_for_once_each() {
    let place = Place::new();
    for name in ["openai", "claude"] {
        let lines = "enable_web_search: true\n    enable_code_execution: true\n    enable_code_interpreter: true";
        let plan = place.plan(&with(name, lines));
        assert_eq!(plan.warnings, []);
        assert_eq!(
            plan.agents[0].backend.provider_tools,
            [ProviderTool::WebSearch, ProviderTool::CodeExecution]
        );
        let plan = place.plan(&with(name, "enable_web_search: false"));
        assert_eq!(plan.agents[0].backend.provider_tools, []);
    }
    assert_eq!(
        place.refusal(&with("openai", "enable_web_search: please")),
        "error: c.yaml:6:24: `agent.backend.enable_web_search`: true or false was expected, found text. \
         Correct the value or remove the key."
    );
}

#[test]
fn a_tool_of_the_providers_that_will_hardly_be_used_is_told_of() {
    let place = Place::new();
    let warnings = place.warnings(&with("gemini", "enable_web_search: true"));
    assert!(
        warnings.contains("only by a winner that presents without tools"),
        "{warnings}"
    );
    let warnings = place.warnings(&with("grok", "enable_web_search: true"));
    assert!(
        warnings.contains("not available in this version; it is ignored"),
        "{warnings}"
    );
}
