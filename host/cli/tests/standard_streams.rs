//! What the binary does when standard output cannot take what a run shows, and when standard input is no question.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The binary on a run that fails by itself with code 2, since its cassette holds no turn.
fn massgen(folder: &TempDir, output: &str) -> Command {
    let config = "agent: {id: one, backend: {type: replay, cassette: empty.jsonl}}";
    fs::write(folder.path().join("run.yaml"), config).unwrap();
    fs::write(
        folder.path().join("empty.jsonl"),
        "{\"massgen_cassette\":1}\n",
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_massgen"));
    command
        .args(["--config", "run.yaml", "--output", output])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_goes_away_during_a_run_ends_it_quietly() {
    for form in ["plain", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = massgen(&folder, form)
            .arg("What?")
            .stdout(writer)
            .output()
            .unwrap();
        assert_eq!(stderr(&output), "", "{form}");
        assert_eq!(output.status.code(), Some(0), "{form}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_told_and_ends_with_code_2() {
    for form in ["plain", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = massgen(&folder, form)
            .arg("What?")
            .stdout(full)
            .output()
            .unwrap();
        assert!(
            stderr(&output).starts_with("cannot write to standard output: No space left on device"),
            "{form}: {}",
            stderr(&output)
        );
        assert_eq!(output.status.code(), Some(2), "{form}");
    }
}

/// Runs with these bytes on standard input and no question among the arguments.
fn piped(bytes: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut child = massgen(&folder, "plain")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_question_may_be_piped_in() {
    let output = piped(b"  What\nnow?\n");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.starts_with("Question: What\nnow?\n"), "{shown}");
}

#[test]
fn a_piped_question_that_is_no_text_is_a_usage_error() {
    let output = piped(b"\xff\xfe?");
    assert_eq!(
        stderr(&output),
        "the question on standard input is not UTF-8 text. Convert it first.\n"
    );
    assert_eq!(output.status.code(), Some(1));
}
