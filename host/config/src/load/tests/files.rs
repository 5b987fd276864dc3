//! Where a configuration and its environment come from: files, their names, and `.env`.

use super::*;
use crate::find;

#[test]
fn a_json_file_is_read_and_other_files_are_not() {
    let place = Place::new();
    let text = r#"{"agents": [{"id": "a", "backend": {"type": "chatcompletion", "model": "m"}}]}"#;
    let plan = load(
        &Source::File(place.write("c.json", text)),
        &place.environment(),
    )
    .unwrap();
    assert_eq!(plan.agents[0].id.as_str(), "a");
    assert_eq!(
        load(&Source::File("c.toml".into()), &place.environment())
            .unwrap_err()
            .to_string(),
        "error: c.toml: a configuration is a .yaml, .yml or .json file. Rename it or name another."
    );
    assert_eq!(
        load(
            &Source::File("/nowhere/c.yaml".into()),
            &place.environment()
        )
        .unwrap_err()
        .to_string(),
        "error: /nowhere/c.yaml: cannot be read: No such file or directory (os error 2). Check the path and its permissions."
    );
}

#[test]
fn a_named_file_is_looked_for_here_and_among_the_agents_at_home() {
    let place = Place::new();
    let find = |name: &str| {
        let found = crate::find(Some(name), &place.environment());
        found
            .map(|source| source.name())
            .map_err(|error| error.to_string())
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
    let find = || {
        let found = crate::find(None, &place.environment());
        found
            .map(|source| source.name())
            .map_err(|error| error.to_string())
    };
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
fn a_sample_is_found_by_its_name_wherever_the_program_is() {
    let environment = Place::new().environment();
    let found = |name: &str| {
        let found = find(Some(name), &environment).map(|source| source.name());
        found.map_err(|error| error.to_string())
    };
    let expected = PathBuf::from("@examples/two-providers");
    for name in [
        "@examples/two-providers",
        "@examples/two_providers",
        "@examples/two-providers.yaml",
    ] {
        assert_eq!(found(name).as_ref(), Ok(&expected), "{name}");
    }
    // Part of a name is none: with one more sample it could mean another.
    assert_eq!(
        found("@examples/provider").unwrap_err(),
        "error: @examples/provider: there is no such sample. `massgen config examples` lists them."
    );
    assert_eq!(
        found("@examples/two-provider").unwrap_err(),
        "error: @examples/two-provider: there is no such sample. Did you mean `@examples/two-providers`?"
    );
}

#[test]
fn the_folders_of_a_sample_are_meant_from_the_current_directory() {
    let place = Place::new();
    fs::create_dir(place.project().join("project")).unwrap();
    let environment = place.environment();
    let source = find(Some("@examples/coding"), &environment).unwrap();
    let plan = load(&source, &environment).unwrap();
    assert_eq!(
        plan.agents[0].context_paths[0].path,
        place.project().join("project")
    );
}

#[test]
fn what_this_machine_lacks_keeps_a_run_from_starting_and_is_told_apart_from_what_is_wrong() {
    let place = Place::new();
    let text = "agents:\n- id: a\n  backend: {type: claude, model: m, tempratur: 1}\n- id: b\n  backend: {type: replay, cassette: c.jsonl}\n\
                orchestrator:\n  context_paths:\n  - path: data\n";
    let source = Source::File(place.write("project/c.yaml", text));
    let environment = place.environment();
    let findings = check(&source, &environment);
    let severities: Vec<_> = findings
        .iter()
        .map(|finding| (finding.severity, finding.key.as_str()))
        .collect();
    assert_eq!(
        severities,
        [
            (Severity::Missing, "agents[0].backend.api_key"),
            (Severity::Warning, "agents[0].backend.tempratur"),
            (Severity::Missing, "agents[1].backend.cassette"),
            (Severity::Missing, "orchestrator.context_paths[0].path"),
        ]
    );
    let refusal = load(&source, &environment).unwrap_err();
    assert_eq!(refusal.diagnostics, findings);

    place.write("project/c.jsonl", "");
    fs::create_dir(place.project().join("data")).unwrap();
    let environment = place.with_variables(&[("ANTHROPIC_API_KEY", "k")]);
    assert_eq!(load(&source, &environment).unwrap().warnings.len(), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_of_the_check() {
    let place = Place::new();
    let source = Source::File(place.project().join("c.yaml"));
    let [finding] = &check(&source, &place.environment())[..] else {
        panic!("one finding")
    };
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.starts_with("cannot be read"), "{finding}");
}

#[test]
fn an_env_file_fills_in_what_is_not_set_and_the_first_one_wins() {
    let mut environment = Environment::new([("SET", "process"), ("EMPTY", "")], "/", None);
    let file = Path::new(".env");
    environment.fill_in(file, "\u{feff}SET=first\nEMPTY=first\n# A=1\nexport B = 'b # b'\nC=\"c\" # comment\nD=d # comment\nE=a=b#c\r\n\n");
    environment.fill_in(file, "SET=second\nEMPTY=second\nB=second\nF=second");
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
    assert_eq!(environment.warnings(), []);
    // What a folder of somebody else's must not decide is not read from its `.env`.
    assert_eq!(environment.own_variable("SET"), Some("process"));
    for filled_in in ["EMPTY", "B", "F"] {
        assert_eq!(environment.own_variable(filled_in), None, "{filled_in}");
    }
}

#[test]
fn a_line_of_an_env_file_that_is_left_out_is_warned_about_and_not_shown() {
    let place = Place::new();
    let lines = [
        "GOOD='sk-1'   # as it should be",
        "sk-2",
        "=sk-3",
        "MY KEY=sk-4",
        "export",
        "OPEN=\"sk-5",
        "MORE='sk'-6",
        "ALSO=sk-7",
    ];
    let file = place.write("project/.env", &lines.join("\n"));
    let mut environment = place.environment();
    environment.read_env_files().unwrap();
    assert_eq!(environment.variable("GOOD"), Some("sk-1"));
    assert_eq!(environment.variable("ALSO"), Some("sk-7"));
    assert_eq!(environment.variable("OPEN"), None);
    let told = |text: &str| {
        let plan = parse(text, Path::new("c.yaml"), &environment);
        let found = plan.map_or_else(|error| error.diagnostics, |plan| plan.warnings);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let help = "the line is left out. Write NAME=value, or put a # in front of a comment.";
    let expected = [
        (2, "there is no `=`"),
        (3, "what stands before `=` is no name"),
        (4, "what stands before `=` is no name"),
        (5, "there is no `=`"),
        (6, "a quote is opened and not closed"),
        (7, "something stands behind the closing quote"),
    ]
    .map(|(line, reason)| format!("warning: {}:{line}:1: {reason}; {help}", file.display()));
    assert_eq!(told(&backend("")), expected);
    // A key that is missing may be in such a line.
    let refused = told("agents: []");
    assert_eq!(refused[..6], expected);
    assert!(refused.len() > 6, "{refused:?}");
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
    let program = place.write("bin/claude", "");
    let programs = program.parent().unwrap().display().to_string();
    let environment = place.with_variables(&[
        ("PATH", programs.as_str()),
        ("ANTHROPIC_API_KEY", "key"),
        ("CEREBRAS_API_KEY", "key"),
        ("FIREWORKS_API_KEY", "key"),
        ("GEMINI_API_KEY", "key"),
        ("NEBIUS_API_KEY", "key"),
        ("OPENAI_API_KEY", "key"),
        ("OPENROUTER_API_KEY", "key"),
        ("XAI_API_KEY", "key"),
    ]);
    let mut loaded = 0;
    for entry in fs::read_dir(&configs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|suffix| suffix == "yaml") {
            let plan = load(&Source::File(path.clone()), &environment)
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(plan.warnings, [], "{}", path.display());
            loaded += 1;
        }
    }
    assert!(loaded > 0, "{} has no configuration", configs.display());
}
