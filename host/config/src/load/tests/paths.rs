//! What a configuration says about places: workspaces, context paths, their rules, and what is protected or hidden.

use super::*;

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
        "missing: c.yaml:6:13: `agent.backend.context_paths[0].path`: the context path data cannot be used: \
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
