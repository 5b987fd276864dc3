//! Every tool says what the GNU tool of its name says: `cases.jsonl` holds command lines and what GNU's tools made of
//! them (`produce_cases.py`), and where those are installed they are asked again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// A command line and what is expected of it.
#[derive(Debug, Deserialize)]
struct Case {
    command: String,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    stdout: String,
    status: i32,
    #[serde(default)]
    stderr: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A folder in which every tool is a link to the one under test.
fn tools(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).unwrap();
    let listed = Command::new(env!("CARGO_BIN_EXE_unix-tools"))
        .arg("--list")
        .output()
        .unwrap();
    for name in String::from_utf8(listed.stdout).unwrap().lines() {
        symlink(env!("CARGO_BIN_EXE_unix-tools"), bin.join(name)).unwrap();
    }
    // What awk's commands run in.
    symlink("/bin/sh", bin.join("sh")).unwrap();
    bin
}

struct Answer {
    stdout: String,
    stderr: String,
    status: i32,
}

/// Runs a case in a folder of its own. Builtins of the shell that are tools here too are switched off.
fn run(case: &Case, path: &str) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &case.files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let script = format!(
        "enable -n echo printf test [ pwd true false\n{}",
        case.command
    );
    let mut shell = Command::new("/bin/bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    // A command that does not read may have ended already.
    let _ = std::io::Write::write_all(&mut stdin, case.stdin.as_bytes());
    drop(stdin);
    let output = shell.wait_with_output().unwrap();
    Answer {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        status: output.status.code().unwrap(),
    }
}

/// What differs between an answer and a case, as text; quotes of messages may be typographic or plain.
fn difference(case: &Case, answer: &Answer) -> Option<String> {
    let plain = |text: &str| text.replace(['‘', '’'], "'");
    let same = answer.stdout == case.stdout
        && answer.status == case.status
        && case
            .stderr
            .as_ref()
            .is_none_or(|expected| plain(expected) == plain(&answer.stderr));
    (!same).then(|| {
        format!(
            "$ {}\nexpected {} {:?} {:?}\n     got {} {:?} {:?}\n",
            case.command,
            case.status,
            case.stdout,
            case.stderr,
            answer.status,
            answer.stdout,
            answer.stderr
        )
    })
}

#[test]
fn every_command_line_of_the_corpus_does_what_gnu_tools_do() {
    let folder = tempfile::tempdir().unwrap();
    let bin = tools(folder.path());
    let cases = cases();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| difference(case, &run(case, bin.to_str().unwrap())))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// What the families of GNU tools say in every release, so that a comparison does not hang on the machine's.
const STEADY: [&str; 12] = [
    "awk", "cut", "find", "grep", "head", "sed", "seq", "sort", "tail", "tr", "uniq", "wc",
];

#[test]
fn gnu_tools_of_this_machine_say_the_same_as_ours() {
    let said = |program: &str| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("GNU"))
    };
    if ![
        "/usr/bin/awk",
        "/usr/bin/find",
        "/usr/bin/grep",
        "/usr/bin/sed",
        "/usr/bin/sort",
    ]
    .iter()
    .all(|tool| said(tool))
    {
        eprintln!("skipped: GNU awk, findutils, grep, sed and coreutils are not all installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bin = tools(folder.path());
    let steady = |case: &&Case| {
        case.stderr.is_none()
            && STEADY.contains(&case.command.split(' ').next().unwrap_or_default())
    };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for mut case in cases().into_iter().filter(|case| steady(&case)) {
        let gnu = run(&case, "/usr/bin:/bin");
        (case.stdout, case.status) = (gnu.stdout, gnu.status);
        compared += 1;
        wrong.extend(difference(&case, &run(&case, bin.to_str().unwrap())));
    }
    assert!(compared > 150, "only {compared} cases were compared");
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_tool_whose_reader_has_gone_ends_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let bin = tools(folder.path());
    for command in [
        "awk 'BEGIN{while(1)print \"y\"}'",
        "jq -n 'range(1e9)'",
        "find / -maxdepth 3",
        "grep -r '' /usr/share",
    ] {
        let script = format!("{command} | true; echo ${{PIPESTATUS[0]}}");
        let output = Command::new("/bin/bash")
            .args(["-c", &script])
            .env("PATH", &bin)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "141\n",
            "{command}"
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command}");
    }
}

#[test]
fn nesting_that_would_overflow_a_guests_stack_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let bin = tools(folder.path());
    let deep =
        |open: &str, close: &str, count: usize| open.repeat(count) + "1" + &close.repeat(count);
    let cases = [
        (
            "awk",
            format!("BEGIN{{print {}}}", deep("(", ")", 500)),
            1,
            "awk: program line 1: nested deeper than 120 levels\n",
        ),
        (
            "awk",
            format!("BEGIN{{print 1 {}}}", "+1".repeat(20000)),
            1,
            "awk: program line 1: more than 500 operators follow each other\n",
        ),
        (
            "awk",
            "function f(n){return f(n+1)} BEGIN{f(1)}".to_owned(),
            2,
            "awk: calls and expressions are nested deeper than 1000 levels\n",
        ),
        (
            "jq",
            deep("[", "]", 3000),
            3,
            "jq: error: the filter nests brackets deeper than 256 levels\n",
        ),
        (
            "find",
            "( ".repeat(500),
            1,
            "find: the expression is nested deeper than 100 levels\n",
        ),
    ];
    for (tool, argument, status, sentence) in cases {
        let mut command = Command::new(bin.join(tool));
        if tool == "find" {
            command.args(argument.split_whitespace())
        } else {
            command.arg(argument)
        };
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), sentence);
        assert_eq!(output.status.code(), Some(status), "{tool}");
    }
}

#[test]
fn the_manifest_lists_the_tools_that_there_are() {
    let listed = Command::new(env!("CARGO_BIN_EXE_unix-tools"))
        .arg("--list")
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let manifest =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin.toml")).unwrap();
    let (_, provides) = manifest.split_once("provides = [\n").unwrap();
    let (provides, _) = provides.split_once("\n]").unwrap();
    let names: Vec<&str> = provides
        .split(',')
        .map(|name| name.trim().trim_matches('"'))
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, listed.lines().collect::<Vec<_>>());
}

#[test]
fn every_tool_has_a_case() {
    let listed = Command::new(env!("CARGO_BIN_EXE_unix-tools"))
        .arg("--list")
        .output()
        .unwrap();
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases.jsonl"))
            .unwrap();
    let words: std::collections::BTreeSet<&str> = text
        .split(|letter: char| letter.is_whitespace() || "\"';|()".contains(letter))
        .collect();
    // Of the rest only the sandbox has an answer: these tools speak of the machine.
    let machine = [
        "hostname",
        "uname",
        "whoami",
        "which",
        "dircolors",
        "gawk",
        "mawk",
        "basenc",
        "base32",
        "csplit",
        "link",
        "pr",
        "sha224sum",
        "sha384sum",
        "unexpand",
    ];
    let listed = String::from_utf8(listed.stdout).unwrap();
    let missing: Vec<&str> = listed
        .lines()
        .filter(|name| !words.contains(name) && !machine.contains(name))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
