//! The corpus: command lines as agents write them and as bash's own behaviour is probed, each with the standard output,
//! standard error and status that bash 5.2 gave. The shell runs them natively, with the machine's own tools.
//! With `MASSGEN_BLESS=1` the expectations are taken from bash again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a command line gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Result {
    stdout: String,
    stderr: String,
    status: Option<i32>,
}

/// A difference from bash that is meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Difference {
    why: String,
    #[serde(flatten)]
    ours: Result,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    script: String,
    #[serde(flatten)]
    bash: Result,
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<Difference>,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus.jsonl")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(corpus()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const LONGEST: Duration = Duration::from_secs(20);

fn run(shell: &Path, script: &str) -> Result {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let work = root.join("w");
    std::fs::create_dir(&work).unwrap();
    let mut command = Command::new(shell);
    std::os::unix::process::CommandExt::arg0(&mut command, "bash");
    let mut child = command
        .args(["-c", script])
        .current_dir(&work)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/home/agent")
        .env("LC_ALL", "C.UTF-8")
        .env("TMPDIR", &root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let read = |mut end: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            end.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if started.elapsed() > LONGEST => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let place = root.to_str().unwrap();
    let shown = |text: String| text.replace(place, "$DIR");
    Result {
        stdout: shown(stdout.join().unwrap()),
        stderr: shown(stderr.join().unwrap()),
        status,
    }
}

/// Runs every case, some at the same time, and gives the results in order.
fn run_all(shell: &Path, cases: &[Case]) -> Vec<Result> {
    let next = Mutex::new(cases.iter().enumerate());
    let results = Mutex::new(vec![None; cases.len()]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((index, case)) = next.lock().unwrap().next() else {
                        break;
                    };
                    let result = run(shell, &case.script);
                    results.lock().unwrap()[index] = Some(result);
                }
            });
        }
    });
    results
        .into_inner()
        .unwrap()
        .into_iter()
        .map(Option::unwrap)
        .collect()
}

fn is_bash_5_2() -> bool {
    let output = Command::new("/bin/bash").arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("version 5.2"))
}

#[test]
fn every_command_line_gives_what_bash_gave() {
    let cases = cases();
    let results = run_all(Path::new(env!("CARGO_BIN_EXE_shell")), &cases);
    let mut wrong = String::new();
    let mut differences = 0;
    for (case, result) in cases.iter().zip(results) {
        differences += usize::from(case.differs.is_some());
        let expected = case
            .differs
            .as_ref()
            .map_or(&case.bash, |difference| &difference.ours);
        if *expected != result {
            wrong.push_str(&format!(
                "{}\n  expected {expected:?}\n  got      {result:?}\n",
                case.script
            ));
        }
    }
    println!(
        "{} command lines, {differences} with a difference that is meant",
        cases.len()
    );
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases.len() >= 250);
}

#[test]
fn bash_itself_gives_what_the_corpus_says() {
    if !is_bash_5_2() {
        println!("bash 5.2 is not installed: nothing to compare the corpus with");
        return;
    }
    let mut cases = cases();
    let results = run_all(Path::new("/bin/bash"), &cases);
    if std::env::var_os("MASSGEN_BLESS").is_some() {
        let mut text = String::new();
        for (case, result) in cases.iter_mut().zip(results) {
            case.bash = result;
            text.push_str(&serde_json::to_string(case).unwrap());
            text.push('\n');
        }
        std::fs::write(corpus(), text).unwrap();
        return;
    }
    for (case, result) in cases.iter().zip(results) {
        assert_eq!(case.bash, result, "{}", case.script);
    }
}
