//! `massgen policy explain` with the real binary: the decision as a run would make it, the chain of rules, and nothing
//! made on the way.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::massgen::{Folder, Ran, contents};

/// A configuration with every kind of grant and rule.
const CONFIG: &str = "
agents:
  - id: alpha
    backend:
      type: replay
      cassette: turns.jsonl
      cwd: alpha
      hidden_names: ['*.secret']
  - id: toolless
    backend: {type: replay, cassette: turns.jsonl}
orchestrator:
  context_paths:
    - path: project
      permission: write
      git: commit
      protected_paths: [LICENSE, 'docs/*.md']
      rules:
        - {path: private, access: hidden}
        - {path: '*.sql', access: ask}
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("run.yaml", CONFIG);
    folder.write("turns.jsonl", "{\"massgen_cassette\":1}\n");
    folder.write("project/src/main.py", "");
    folder.write("elsewhere/notes.txt", "");
    symlink("../elsewhere", folder.path.join("project/link")).unwrap();
    folder
}

fn explain_with(folder: &Folder, arguments: &[&str]) -> Ran {
    let start = ["policy", "explain", "--config", "run.yaml"];
    folder.run(&[&start, arguments].concat())
}

fn explain(folder: &Folder, arguments: &[&str]) -> Ran {
    explain_with(folder, &[&["--agent", "alpha"], arguments].concat())
}

/// Verdict, rule and exit code.
fn answer(folder: &Folder, arguments: &[&str]) -> (String, String, Option<i32>) {
    let ran = explain(folder, &[arguments, &["--output", "json"]].concat());
    let answer: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    (text("verdict"), text("rule"), ran.code)
}

#[test]
fn each_kind_of_rule_is_explained_as_it_holds_in_a_run() {
    let folder = folder();
    for (arguments, verdict, rule, code) in [
        (&["project/src/main.py"][..], "allow", "granted", 0),
        (
            &["project/src/main.py", "--op", "write"],
            "deny",
            "read-only-grant",
            4,
        ),
        (
            &["project/src/main.py", "--op", "write", "--phase", "final"],
            "allow",
            "granted",
            0,
        ),
        (
            &["project/LICENSE", "--op", "create", "--phase", "final"],
            "deny",
            "protected-path",
            4,
        ),
        (
            &["project/docs/a.md", "--op", "write", "--phase", "final"],
            "deny",
            "read-only-rule",
            4,
        ),
        (&["project/private/x", "--op", "stat"], "hide", "hidden", 4),
        (&["project/.env"], "hide", "hidden", 4),
        (&["project/a.secret"], "hide", "hidden", 4),
        (&["project/schema.sql"], "ask", "needs-approval", 4),
        (
            &["project/.git/index", "--op", "write", "--phase", "final"],
            "allow",
            "granted",
            0,
        ),
        (
            &["project/.git/config", "--op", "write", "--phase", "final"],
            "deny",
            "git-control",
            4,
        ),
        (
            &["project/docs", "--op", "rename_from", "--phase", "final"],
            "deny",
            "ancestor-of-protected",
            4,
        ),
        (&["/etc/passwd"], "deny", "outside-grants", 4),
        (
            &[".massgen/workspaces/alpha/x", "--op", "create"],
            "allow",
            "granted",
            0,
        ),
        (
            &[".massgen/temp_workspaces/alpha/agent1/x"],
            "allow",
            "granted",
            0,
        ),
        (
            &[".massgen/temp_workspaces/toolless/x"],
            "deny",
            "outside-grants",
            4,
        ),
    ] {
        let expected = (verdict.to_owned(), rule.to_owned(), Some(code));
        assert_eq!(answer(&folder, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn the_decision_is_a_sentence_and_the_chain_of_rules_follows() {
    let folder = folder();
    let project = folder.path.join("project");
    let ran = explain(&folder, &["project/src/main.py", "--op", "write"]);
    let (sentence, chain) = ran.stdout.split_once("\n\n").unwrap();
    assert_eq!(
        sentence,
        format!(
            "alpha cannot write {}/src/main.py: a read-only context path until the winner's final presentation. \
             Work in the workspace until then.",
            project.display()
        )
    );
    let last = chain.lines().last().unwrap();
    assert!(
        last.trim_start().starts_with("decides  read-only-grant"),
        "{chain}"
    );
    assert!(chain.contains("applies"), "{chain}");
}

#[test]
fn a_path_through_a_link_is_judged_where_it_leads_and_that_is_said() {
    let folder = folder();
    let ran = explain(&folder, &["project/link/notes.txt"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let root = folder.path.display();
    let leads =
        format!("{root}/project/link/notes.txt leads by a link to {root}/elsewhere/notes.txt.");
    assert!(ran.stdout.contains(&leads), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("outside every granted path"),
        "{}",
        ran.stdout
    );
    let plain = explain(&folder, &["project/./src/../src/new.py"]);
    assert_eq!(plain.code, Some(0), "{}", plain.stdout);
    assert!(
        !plain.stdout.contains("leads by a link"),
        "{}",
        plain.stdout
    );
}

#[test]
fn explaining_makes_and_changes_nothing() {
    let folder = folder();
    folder.write(".massgen/workspaces/alpha/thesis.tex", "years of work");
    let before = contents(&folder.path);
    explain(&folder, &["project/src/main.py"]);
    assert_eq!(contents(&folder.path), before);
    assert!(!folder.path.join(".massgen/temp_workspaces").exists());
    assert!(fs::exists(folder.path.join(".massgen/workspaces/alpha/thesis.tex")).unwrap());
}

#[test]
fn an_agent_without_a_workspace_may_touch_nothing() {
    let folder = folder();
    let ran = explain_with(&folder, &["--agent", "toolless", "project/src/main.py"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("has no workspace (`cwd`)"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_missing_agent_or_a_faulty_rule_is_a_configuration_error() {
    let folder = folder();
    let ran = explain_with(&folder, &["--agent", "gamma", "x"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("The agents are: alpha, toolless."),
        "{}",
        ran.stderr
    );
    let ran = explain_with(&folder, &["x"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("Name one with --agent"),
        "{}",
        ran.stderr
    );
    folder.write("run.yaml", &CONFIG.replace("access: ask", "access: prompt"));
    let ran = explain(&folder, &["x"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("run.yaml:19:"), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("It is `hidden`, `ask`, `read` or `write`."),
        "{}",
        ran.stderr
    );
}
