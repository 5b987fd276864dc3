//! The table of `cases.jsonl` against the native build of the same program, and against Node itself where it is
//! installed: the table says what Node does, so a difference between them is a mistake in the table.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde::Deserialize;

/// One row of the table. `{HERE}` in a text stands for the directory of the case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    argv: Vec<String>,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    stdout: String,
    #[serde(default)]
    stderr_contains: Vec<String>,
    exit_code: i32,
    #[serde(default)]
    files_after: BTreeMap<String, String>,
    #[serde(default)]
    differs_from_node: bool,
}

fn cases() -> Vec<Case> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases.jsonl");
    let text = fs::read_to_string(table).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

fn check(program: &str, case: &Case) -> Vec<String> {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let here = |text: &str| text.replace("{HERE}", folder.to_str().unwrap());
    for (name, text) in &case.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, here(text)).unwrap();
    }
    let mut child = Command::new(program)
        .args(case.argv.iter().map(|word| here(word)))
        .env_clear()
        .env("TZ", "UTC")
        .envs(&case.env)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(case.stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let mut wrong = Vec::new();
    if output.status.code() != Some(case.exit_code) {
        wrong.push(format!(
            "{}, not {}: {stderr}",
            output.status, case.exit_code
        ));
    }
    if stdout != here(&case.stdout) {
        wrong.push(format!("stdout: {stdout:?}, not {:?}", here(&case.stdout)));
    }
    for part in &case.stderr_contains {
        if !stderr.contains(&here(part)) {
            wrong.push(format!("stderr: {stderr:?} lacks {part:?}"));
        }
    }
    for (name, text) in &case.files_after {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| error.to_string());
        if found != *text {
            wrong.push(format!("{name}: {found:?}, not {text:?}"));
        }
    }
    wrong
        .into_iter()
        .map(|wrong| format!("{}: {wrong}", case.name))
        .collect()
}

#[test]
fn the_program_does_what_the_table_says() {
    let cases = cases();
    assert!(cases.len() >= 120, "only {} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| check(env!("CARGO_BIN_EXE_javascript"), case))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The Node whose behaviour the table holds.
const NODE: &str = "v20.";

#[test]
fn the_table_says_what_node_does() {
    let version = Command::new("node").arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    if !version.is_ok_and(|version| version.starts_with(NODE)) {
        // Other versions format values otherwise; the table itself is checked above either way.
        return;
    }
    let node = ["/usr/bin/node", "/usr/local/bin/node"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or("node");
    let wrong: Vec<String> = cases()
        .iter()
        .filter(|case| !case.differs_from_node)
        .flat_map(|case| check(node, case))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_javascript"))
        .args(["-e", "for (;;) console.log('line')"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
