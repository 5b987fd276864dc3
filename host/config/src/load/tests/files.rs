//! Where a configuration and its environment come from: files, their names, and `.env`.

use super::*;

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
    let environment = place.with_variables(&[
        ("ANTHROPIC_API_KEY", "key"),
        ("GEMINI_API_KEY", "key"),
        ("OPENAI_API_KEY", "key"),
        ("OPENROUTER_API_KEY", "key"),
    ]);
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
