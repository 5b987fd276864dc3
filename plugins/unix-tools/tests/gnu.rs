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
