//! The type `claude_code`: a program of this machine whose own tools are switched off.

use super::*;

/// The surroundings with a program `claude` on the path, and one more variable.
fn installed(place: &Place, variable: (&str, &str)) -> Environment {
    let program = place.write("bin/claude", "");
    let folder = program.parent().unwrap().display().to_string();
    place.with_variables(&[("PATH", &folder), variable])
}

fn agent(environment: &Environment, lines: &str) -> Result<AgentPlan, ConfigError> {
    let text = format!("agent:\n  backend:\n    type: claude_code\n    {lines}\n");
    let plan = parse(&text, Path::new("c.yaml"), environment)?;
    Ok(plan.agents[0].clone())
}

#[test]
fn it_needs_its_program_and_neither_model_nor_key() {
    let place = Place::new();
    let error = agent(&place.environment(), "cwd: w").unwrap_err();
    assert_eq!(
        error.to_string(),
        "missing: c.yaml:3:11: `agent.backend.type`: there is no program `claude` on the PATH. \
         Install Claude Code (npm install -g @anthropic-ai/claude-code), or use `type: claude`."
    );
    let environment = installed(&place, ("OPENAI_API_KEY", "sk-other"));
    let backend = agent(&environment, "cwd: w").unwrap().backend;
    assert_eq!(backend.kind, BackendKind::ClaudeCode);
    assert_eq!(
        backend.program.unwrap().path,
        place.root().join("bin/claude")
    );
    assert_eq!((backend.model, backend.api_key), (None, None));
    assert_eq!(backend.base_url, "");
}

#[test]
fn its_key_its_model_and_its_address_are_handed_on() {
    let place = Place::new();
    let environment = installed(&place, ("ANTHROPIC_API_KEY", "sk-claude"));
    let lines = "model: claude-sonnet-4-5\n    base_url: http://localhost:1/";
    let backend = agent(&environment, lines).unwrap().backend;
    assert_eq!(backend.api_key, Some(ApiKey::new("sk-claude")));
    assert_eq!(backend.model.as_deref(), Some("claude-sonnet-4-5"));
    assert_eq!(backend.base_url, "http://localhost:1");
}

#[test]
fn names_of_its_own_tools_stand_for_those_that_do_the_same() {
    let place = Place::new();
    let environment = installed(&place, ("X", "y"));
    let lines = "allowed_tools: [LS, Bash, my_tool]\n    exclude_tools: [KillShell]";
    let tools = agent(&environment, lines).unwrap().tools;
    assert_eq!(
        tools.allowed.unwrap(),
        [
            "list_directory",
            "list_directory_with_sizes",
            "directory_tree",
            "list_allowed_directories",
            "execute_command",
            "start_background_shell",
            "my_tool",
        ]
    );
    assert_eq!(tools.excluded, ["kill_background_shell"]);
}

#[test]
fn what_loosens_or_narrows_its_own_tools_is_told_to_be_without_effect() {
    let place = Place::new();
    let environment = installed(&place, ("X", "y"));
    let text = "agent:\n  backend:\n    type: claude_code\n    permission_mode: bypassPermissions\n    disallowed_tools: [\"Bash(rm*)\"]\n";
    let plan = parse(text, Path::new("c.yaml"), &environment).unwrap();
    let keys: Vec<_> = plan
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "agent.backend.permission_mode",
            "agent.backend.disallowed_tools"
        ]
    );
    // For another type they would mean tools that this version has not got.
    let other = text.replace("claude_code", "claude\n    model: m\n    api_key: k");
    assert!(parse(&other, Path::new("c.yaml"), &environment).is_err());
}
