//! The JavaScript command as a user of `node` knows it: the cases of `plugins/javascript/tests/cases.jsonl`, each in a
//! workspace of its own, a program of several files, and its limits.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use massgen_config::{Limits, ReadBeforeDelete};
use massgen_sandbox::{Cancel, Entry, Invocation, Outcome, Plugin, Report};
use serde::Deserialize;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn javascript() -> Plugin {
    static JAVASCRIPT: OnceLock<Plugin> = OnceLock::new();
    JAVASCRIPT
        .get_or_init(|| guests::first_party("javascript"))
        .clone()
}

/// One row of the table. `{HERE}` in a text stands for the workspace.
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
    exit_code: u8,
    #[serde(default)]
    files_after: BTreeMap<String, String>,
    /// True where Node behaves otherwise, which the native tests look at.
    #[serde(default)]
    #[expect(dead_code, reason = "of interest to another reader of the table")]
    differs_from_node: bool,
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
    let arguments = std::iter::once("node".to_owned())
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
    guests::sandbox()
        .call(
            &javascript(),
            &Arc::new(filesystem),
            invocation,
            &Cancel::default(),
        )
        .await
}

/// Runs the case; what came out differently.
async fn check(case: Case) -> Vec<String> {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let here = |text: &str| text.replace("{HERE}", folder.to_str().unwrap());
    for (name, text) in &case.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, here(text)).unwrap();
    }
    let argv: Vec<String> = case.argv.iter().map(|word| here(word)).collect();
    let report = run(&argv, &case.stdin, case.env, limits(), &folder).await;
    let mut wrong = Vec::new();
    let expected = Outcome::Exited {
        code: case.exit_code,
    };
    if report.outcome != expected {
        wrong.push(format!("{:?}, not {expected:?}", report.outcome));
    }
    let (stdout, stderr) = (report.stdout.to_text(), report.stderr.to_text());
    if stdout != here(&case.stdout) {
        wrong.push(format!("stdout: {stdout:?}, not {:?}", here(&case.stdout)));
    }
    for part in &case.stderr_contains {
        if !stderr.contains(&here(part)) {
            wrong.push(format!("stderr: {stderr:?} lacks {part:?}"));
        }
    }
    if case.stderr_contains.is_empty() && !stderr.is_empty() {
        wrong.push(format!("stderr: {stderr:?}"));
    }
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
async fn javascript_behaves_as_node() {
    let table = repository().join("plugins/javascript/tests/cases.jsonl");
    let text = fs::read_to_string(table).unwrap();
    let cases: Vec<Case> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert!(cases.len() >= 120, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(check(case).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_several_files_runs_its_own_tests() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let sources = repository().join("plugins/javascript/tests/program");
    for entry in fs::read_dir(sources).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let report = run(
        &["tests.mjs".to_owned()],
        "",
        BTreeMap::new(),
        limits(),
        &folder,
    )
    .await;
    let stdout = report.stdout.to_text();
    assert_eq!(
        report.outcome,
        Outcome::Exited { code: 0 },
        "{stdout}{}",
        report.stderr.to_text()
    );
    assert!(stdout.ends_with("16 passed, 0 failed\n"), "{stdout}");
}

async fn run_code(code: &str, limits: Limits) -> Report {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    run(
        &["-e".to_owned(), code.to_owned()],
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
    let report = run_code("console.log('begun'); for (;;);", limits).await;
    assert_eq!(
        report.outcome,
        Outcome::Timeout {
            after: Duration::from_secs(2)
        }
    );
    assert_eq!(report.stdout.to_text(), "begun\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regular_expression_that_never_ends_is_ended() {
    let limits = Limits {
        call_time: Duration::from_secs(2),
        ..limits()
    };
    let report = run_code("/^(a+)+$/.test('a'.repeat(60) + 'b')", limits).await;
    assert_eq!(
        report.outcome,
        Outcome::Timeout {
            after: Duration::from_secs(2)
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_hog_is_told_that_there_is_no_more_memory() {
    let limits = Limits {
        memory_bytes: 96 << 20,
        ..limits()
    };
    let report = run_code(
        "const a = []; for (;;) a.push(new Array(10000).fill(1))",
        limits,
    )
    .await;
    // The engine is told that there is no more memory, and says so itself; the exit code is Node's.
    assert_eq!(report.outcome, Outcome::Exited { code: 134 });
    assert_eq!(
        report.stderr.to_text(),
        "FATAL ERROR: JavaScript heap out of memory\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_is_cut_and_the_program_ends_by_itself() {
    let limits = Limits {
        output_bytes: 10_000,
        ..limits()
    };
    let report = run_code(
        "for (let i = 0; i < 20000; i++) console.log('x'.repeat(99))",
        limits,
    )
    .await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    assert_eq!(
        (report.stdout.bytes.len(), report.stdout.dropped),
        (10_000, 1_990_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_recursion_is_an_error_of_the_program() {
    let code = "let depth = 0; function f() { depth++; f(); }
        try { f(); } catch (error) { console.log(error.name, error.message, depth > 5000); }
        const deep = '['.repeat(100000);
        try { JSON.parse(deep); } catch (error) { console.log(error instanceof Error); }
        try { new RegExp('('.repeat(100000)); } catch (error) { console.log(error.name); }";
    let report = run_code(code, limits()).await;
    assert_eq!(
        report.outcome,
        Outcome::Exited { code: 0 },
        "{}",
        report.stderr.to_text()
    );
    assert_eq!(
        report.stdout.to_text(),
        "RangeError Maximum call stack size exceeded true\ntrue\nSyntaxError\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_itself_needs_less_than_32_mib() {
    let limits = Limits {
        memory_bytes: 32 << 20,
        ..limits()
    };
    let report = run_code("console.log(1)", limits).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_engine_sees_nothing_of_the_one_before() {
    let first = run_code("globalThis.left = 1; console.log('left')", limits()).await;
    assert_eq!(first.stdout.to_text(), "left\n");
    let second = run_code("console.log(typeof left)", limits()).await;
    assert_eq!(second.stdout.to_text(), "undefined\n");
}

/// Measures a whole call; run it with `--ignored --nocapture` on a quiet machine.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement is for reading")]
async fn how_long_calls_take() {
    let fib = "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
        const s = performance.now(); fib(30); console.log(performance.now() - s)";
    let json = "const v = JSON.stringify(Array.from({ length: 20000 }, (_, id) => ({ id, name: 'item ' + id, tags: ['a', 'b'] })));
        const s = performance.now(); JSON.stringify(JSON.parse(v)); console.log(performance.now() - s)";
    for (name, code) in [("fib(30)", fib), ("JSON round trip", json)] {
        let report = run_code(code, limits()).await;
        println!("{name}: {} ms inside", report.stdout.to_text().trim());
    }
    let depth = "let d = 0; function f() { d++; f() } try { f() } catch { console.log(d) }";
    let report = run_code(depth, limits()).await;
    println!(
        "calls before a RangeError: {:?} {}",
        report.outcome,
        report.stdout.to_text()
    );
    for code in ["", "console.log(1)", "console.log({ a: 1 })"] {
        let mut times = Vec::new();
        for _ in 0..60 {
            let start = Instant::now();
            run_code(code, limits()).await;
            times.push(start.elapsed());
        }
        times.sort();
        println!("{code:?}: median {:?}, best {:?}", times[30], times[0]);
    }
}
