//! The command lines of the shell's corpus and of the Unix tools' cases, through the components. What differs from what is
//! expected natively is in `differences.jsonl`, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};

use massgen_sandbox::GuestFilesystem;
use serde::Deserialize;

use crate::line::{Answer, Place, ROOT, repository};

/// Command lines that run at one time.
const AT_ONCE: usize = 4;

#[derive(Clone, Debug, Deserialize)]
struct Expected {
    stdout: String,
    /// Where it is not told, anything.
    stderr: Option<String>,
    status: Option<i32>,
}

/// A line of the shell's corpus.
#[derive(Clone, Debug, Deserialize)]
struct ShellCase {
    script: String,
    #[serde(flatten)]
    bash: Expected,
    differs: Option<Expected>,
}

/// A line of the Unix tools' cases.
#[derive(Clone, Debug, Deserialize)]
struct ToolCase {
    command: String,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(flatten)]
    gnu: Expected,
}

/// What a command line gives in the sandbox and nowhere else.
#[derive(Clone, Debug, Deserialize)]
struct Difference {
    line: String,
    #[expect(dead_code, reason = "for the reader of the table")]
    why: String,
    #[serde(flatten)]
    ours: Expected,
}

fn lines_of<T: for<'a> Deserialize<'a>>(path: &Path) -> Vec<T> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn differences() -> BTreeMap<String, Expected> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell/differences.jsonl");
    let differences: Vec<Difference> = lines_of(&path);
    differences
        .into_iter()
        .map(|difference| (difference.line, difference.ours))
        .collect()
}

/// A case in one form, whatever table it came from.
struct Case {
    line: String,
    stdin: String,
    files: BTreeMap<String, String>,
    expected: Expected,
}

/// Runs all cases, some at a time, and gives those that differ from what is expected.
async fn wrong(cases: Vec<Case>, run: impl AsyncRun) -> Vec<String> {
    let cases = Arc::new(Mutex::new(cases.into_iter()));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (cases, run) = (Arc::clone(&cases), run.clone());
        workers.spawn(async move {
            let mut wrong = Vec::new();
            loop {
                let case = cases.lock().unwrap().next();
                let Some(case) = case else { return wrong };
                let answer = run(&case).await;
                if !is_as(&case.expected, &answer) {
                    wrong.push(format!(
                        "$ {}\n  expected {:?}\n  got      {answer:?}\n",
                        case.line, case.expected
                    ));
                }
            }
        });
    }
    workers.join_all().await.concat()
}

/// How a case is run.
trait AsyncRun:
    Fn(&Case) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> + Clone + Send + Sync + 'static
{
}

impl<F> AsyncRun for F where
    F: Fn(&Case) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Quotes of messages may be typographic or plain.
fn is_as(expected: &Expected, answer: &Answer) -> bool {
    let plain = |text: &str| text.replace(['‘', '’'], "'");
    expected.stdout == answer.stdout
        && expected.status == answer.status
        && expected
            .stderr
            .as_ref()
            .is_none_or(|stderr| plain(stderr) == plain(&answer.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_line_of_the_shells_corpus_gives_the_same_in_the_sandbox() {
    let table = differences();
    let cases: Vec<ShellCase> = lines_of(&repository().join("plugins/shell/tests/corpus.jsonl"));
    assert!(cases.len() >= 400, "{}", cases.len());
    let cases = cases.into_iter().map(|case| Case {
        expected: table
            .get(&case.script)
            .cloned()
            .or(case.differs)
            .unwrap_or(case.bash),
        line: case.script,
        stdin: String::new(),
        files: BTreeMap::new(),
    });
    let run = |case: &Case| -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> {
        let line = case.line.clone();
        Box::pin(async move {
            let mut place = Place::with(GuestFilesystem::with_temporary_directories);
            let temporary = ("TMPDIR".to_owned(), ROOT.to_owned());
            place.environment.push(temporary);
            let answer = place.run(&line).await;
            let shown = |text: String| text.replace(ROOT, "$DIR");
            Answer {
                stdout: shown(answer.stdout),
                stderr: shown(answer.stderr),
                ..answer
            }
        })
    };
    let wrong = wrong(cases.collect(), run).await;
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_line_of_the_unix_tools_cases_gives_the_same_in_the_sandbox() {
    let table = differences();
    let cases: Vec<ToolCase> = lines_of(&repository().join("plugins/unix-tools/tests/cases.jsonl"));
    assert!(cases.len() >= 500, "{}", cases.len());
    let cases = cases.into_iter().map(|case| Case {
        expected: table.get(&case.command).cloned().unwrap_or(case.gnu),
        line: case.command,
        stdin: case.stdin,
        files: case.files,
    });
    let run = |case: &Case| -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> {
        let place = Place::new();
        for (name, text) in &case.files {
            let file = place.host(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let line = case.line.clone();
        let stdin = case.stdin.clone();
        Box::pin(async move { place.run_with_input(&line, &stdin).await })
    };
    let wrong = wrong(cases.collect(), run).await;
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.concat());
}

#[test]
fn every_difference_is_one_of_a_line_that_is_run() {
    let shell: Vec<ShellCase> = lines_of(&repository().join("plugins/shell/tests/corpus.jsonl"));
    let tools: Vec<ToolCase> = lines_of(&repository().join("plugins/unix-tools/tests/cases.jsonl"));
    let shell = shell.into_iter().map(|case| case.script);
    let lines: BTreeSet<String> = shell
        .chain(tools.into_iter().map(|case| case.command))
        .collect();
    for line in differences().keys() {
        assert!(lines.contains(line), "{line}");
    }
}
