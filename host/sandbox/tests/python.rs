//! The CPython command as a user of `python` knows it: the cases of `plugins/python/tests/cases.jsonl`, each in a
//! workspace of its own, and its limits.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use massgen_config::{Limits, ReadBeforeDelete};
use massgen_sandbox::{Cancel, Entry, Invocation, LimitKind, Outcome, Plugin, Report};
use serde::Deserialize;

fn python() -> Plugin {
    static PYTHON: OnceLock<Plugin> = OnceLock::new();
    PYTHON.get_or_init(|| guests::first_party("python")).clone()
}

/// One row of the table.
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
    stdout: Option<String>,
    stdout_matches: Option<String>,
    stderr: Option<String>,
    stderr_matches: Option<String>,
    exit_code: u8,
    #[serde(default)]
    files_after: BTreeMap<String, String>,
    memory_mib: Option<u64>,
}

fn limits() -> Limits {
    Limits {
        call_time: Duration::from_secs(60),
        ..Limits::default()
    }
}

async fn run(
    argv: &[String],
    stdin: &str,
    env: BTreeMap<String, String>,
    limits: Limits,
    folder: &Path,
) -> Report {
    let arguments = std::iter::once("python".to_owned())
        .chain(argv.iter().cloned())
        .collect();
    let entry = Entry::Command {
        arguments,
        stdin: stdin.as_bytes().to_vec(),
    };
    let invocation = Invocation {
        environment: env.into_iter().collect(),
        ..Invocation::new(entry, limits)
    };
    // The cases remove files that the test laid out; which of them were read is another test's concern.
    let filesystem =
        guests::files(folder.to_owned()).with_read_before_delete(ReadBeforeDelete::Off);
    let filesystem = Arc::new(filesystem);
    guests::sandbox()
        .call(&python(), &filesystem, invocation, &Cancel::default())
        .await
}

/// What is wrong with a stream, if anything.
fn difference(
    stream: &str,
    text: &str,
    equals: Option<&str>,
    matches: Option<&str>,
) -> Option<String> {
    let is_equal = equals.is_none_or(|expected| expected == text);
    let is_match = matches.is_none_or(|pattern| {
        regex::Regex::new(&format!(r"(?s)\A(?:{pattern})"))
            .expect("a pattern")
            .is_match(text)
    });
    let expected = equals.or(matches).unwrap_or_default();
    (!is_equal || !is_match).then(|| format!("{stream}: {text:?}, not {expected:?}"))
}

/// Runs the case; what came out differently.
async fn check(case: Case) -> Vec<String> {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    for (name, text) in &case.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let limits = match case.memory_mib {
        Some(mib) => Limits {
            memory_bytes: mib << 20,
            ..limits()
        },
        None => limits(),
    };
    let report = run(&case.argv, &case.stdin, case.env, limits, &folder).await;
    let mut wrong = Vec::new();
    if report.outcome
        != (Outcome::Exited {
            code: case.exit_code,
        })
    {
        wrong.push(format!(
            "{:?}, not exit code {}",
            report.outcome, case.exit_code
        ));
    }
    let (stdout, stderr) = (report.stdout.to_text(), report.stderr.to_text());
    wrong.extend(difference(
        "stdout",
        &stdout,
        case.stdout.as_deref(),
        case.stdout_matches.as_deref(),
    ));
    wrong.extend(difference(
        "stderr",
        &stderr,
        case.stderr.as_deref(),
        case.stderr_matches.as_deref(),
    ));
    for (name, text) in case.files_after {
        let found =
            fs::read_to_string(folder.join(&name)).unwrap_or_else(|error| error.to_string());
        if found != text {
            wrong.push(format!("{name}: {found:?}, not {text:?}"));
        }
    }
    wrong
        .into_iter()
        .map(|wrong| format!("{}: {wrong}", case.name))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn python_behaves_as_python() {
    let table =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/python/tests/cases.jsonl");
    let text = fs::read_to_string(table).unwrap();
    let cases: Vec<Case> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(check(case).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn run_code(code: &str, limits: Limits) -> Report {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    run(
        &["-c".to_owned(), code.to_owned()],
        "",
        BTreeMap::new(),
        limits,
        &folder,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_ends_at_its_time_and_keeps_what_it_printed() {
    let limits = Limits {
        call_time: Duration::from_secs(2),
        ..limits()
    };
    let report = run_code("print('begun', flush=True)\nwhile True: pass", limits).await;
    assert_eq!(
        report.outcome,
        Outcome::Timeout {
            after: Duration::from_secs(2)
        }
    );
    assert_eq!(report.stdout.to_text(), "begun\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_is_cut_and_the_program_ends_by_itself() {
    let limits = Limits {
        output_bytes: 10_000,
        ..limits()
    };
    let report = run_code("for _ in range(20000): print('x' * 99)", limits).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    assert_eq!(
        (report.stdout.bytes.len(), report.stdout.dropped),
        (10_000, 1_990_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreter_itself_needs_less_than_128_mib() {
    let report = run_code(
        "print(1)",
        Limits {
            memory_bytes: 128 << 20,
            ..limits()
        },
    )
    .await;
    assert_eq!(
        report.outcome,
        Outcome::Exited { code: 0 },
        "{}",
        report.stderr.to_text()
    );
    let report = run_code(
        "print(1)",
        Limits {
            memory_bytes: 1 << 20,
            ..limits()
        },
    )
    .await;
    assert!(
        matches!(
            report.outcome,
            Outcome::Limit {
                limit: LimitKind::Memory,
                ..
            }
        ),
        "{:?}",
        report.outcome
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_interpreter_sees_nothing_of_the_one_before() {
    let first = run_code(
        "import builtins; builtins.left = 1; print('left')",
        limits(),
    )
    .await;
    assert_eq!(first.stdout.to_text(), "left\n");
    let second = run_code("print(hasattr(__builtins__, 'left'))", limits()).await;
    assert_eq!(second.stdout.to_text(), "False\n");
}
