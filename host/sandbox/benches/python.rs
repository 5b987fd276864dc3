//! What Python costs in the sandbox, against a native `python3` in the same run.
//!
//! `cargo bench -p massgen-sandbox --bench python`, after `cargo xtask plugins`. The table at the end is what to read: it
//! holds medians and ratios of both kinds, taken in turns, and the memory of an instance. The targets are those of a
//! fresh interpreter for every call: a `print(1)` within 3 ms, and computing within 2.2 times of native.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use massgen_config::Limits;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, Manifest, Outcome, Plugin, Sandbox, SandboxOptions,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const PRINT: &str = "print(1)";

/// Text, argument and a short name of what computes for a second or more.
const COMPUTING: [(&str, &str, &str); 2] = [
    (include_str!("python/nbody.py"), "150000", "nbody"),
    (include_str!("python/fib.py"), "32", "fib"),
];

/// Calls at the same time.
const PARALLEL: usize = 8;

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        print_table();
    }
}

criterion_group!(benches, warm);

fn warm(criterion: &mut Criterion) {
    let python = Python::new();
    let mut group = criterion.benchmark_group("print(1)");
    group.bench_function("sandbox, fresh instance", |bencher| {
        bencher.iter(|| python.run(PRINT, ""));
    });
    let native = native();
    group.bench_function("native process", |bencher| {
        bencher.iter(|| run_native(&native, PRINT, ""));
    });
}

/// The Python plugin in a sandbox, with one folder as its workspace.
struct Python {
    runtime: Runtime,
    guest: Guest,
    _folders: [TempDir; 2],
}

/// What a call needs.
#[derive(Clone)]
struct Guest {
    sandbox: Sandbox,
    plugin: Plugin,
    filesystem: Arc<GuestFilesystem>,
}

impl Python {
    fn new() -> Self {
        let (cache, workspace) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Self {
            runtime: Runtime::new().unwrap(),
            guest: Guest::load(cache.path(), workspace.path()),
            _folders: [cache, workspace],
        }
    }

    /// Runs a program that must succeed.
    fn run(&self, text: &str, argument: &str) {
        self.runtime
            .block_on(self.guest.clone().call(text, argument));
    }

    /// Runs a program several times at once; `meanwhile` is called after that time.
    fn in_parallel(&self, text: &'static str, meanwhile: impl FnOnce(), after: Duration) {
        self.runtime.block_on(async {
            let mut calls = JoinSet::new();
            for _ in 0..PARALLEL {
                let guest = self.guest.clone();
                calls.spawn(async move { guest.call(text, "").await });
            }
            tokio::time::sleep(after).await;
            meanwhile();
            calls.join_all().await;
        });
    }
}

impl Guest {
    /// Loads the plugin, compiled or from the cache.
    fn load(cache: &Path, workspace: &Path) -> Self {
        let options = SandboxOptions {
            cache: cache.to_owned(),
        };
        let sandbox = Sandbox::new(options).unwrap();
        let artifacts =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/artifacts");
        let manifest = fs::read_to_string(artifacts.join("python.toml")).expect("built plugins");
        let component = fs::read(artifacts.join("python.wasm")).unwrap();
        let plugin = sandbox
            .load_bytes(Manifest::parse(&manifest).unwrap(), &component)
            .unwrap();
        let path = workspace.canonicalize().unwrap();
        let grant = Grant::tree(&path, GrantKind::Workspace, Access::Write);
        let filesystem = GuestFilesystem::mirroring(Policy::new(vec![grant]), path).unwrap();
        Self {
            sandbox,
            plugin,
            // As agents and `massgen exec` have them.
            filesystem: Arc::new(filesystem.with_temporary_directories()),
        }
    }

    async fn call(self, text: &str, argument: &str) {
        let entry = Entry::Command {
            arguments: ["python", "-c", text, argument].map(str::to_owned).to_vec(),
            stdin: Vec::new(),
        };
        let invocation = Invocation::new(entry, Limits::default());
        let cancel = Cancel::default();
        let report = self
            .sandbox
            .call(&self.plugin, &self.filesystem, invocation, &cancel)
            .await;
        let expected = Outcome::Exited { code: 0 };
        assert_eq!(report.outcome, expected, "{}", report.stderr.to_text());
    }
}

/// The interpreter behind `python3`, past whatever chooses between several.
fn native() -> PathBuf {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable, end='')"])
        .output()
        .expect("a native python3 to compare with");
    PathBuf::from(String::from_utf8(output.stdout).unwrap())
}

fn run_native(python: &Path, text: &str, argument: &str) {
    let ran = Command::new(python)
        .args(["-c", text, argument])
        .output()
        .unwrap();
    assert!(ran.status.success());
}

/// One row: what was measured, in the sandbox and natively.
struct Row {
    title: String,
    sandbox: Duration,
    native: Duration,
}

/// The medians of `rounds` turns of both, taken one after the other so that both see the same machine.
fn compare(title: &str, rounds: usize, sandbox: impl Fn(), native: impl Fn()) -> Row {
    let time = |action: &dyn Fn()| {
        let begun = Instant::now();
        action();
        begun.elapsed()
    };
    let (mut ours, mut theirs): (Vec<_>, Vec<_>) =
        (0..rounds).map(|_| (time(&sandbox), time(&native))).unzip();
    ours.sort_unstable();
    theirs.sort_unstable();
    Row {
        title: title.to_owned(),
        sandbox: ours[rounds / 2],
        native: theirs[rounds / 2],
    }
}

fn print_table() {
    let python = Python::new();
    let other = native();
    let mut rows = Vec::new();
    python.run(PRINT, "");
    rows.push(compare(
        "print(1), warm",
        101,
        || python.run(PRINT, ""),
        || run_native(&other, PRINT, ""),
    ));
    rows.push(compare(
        "print(1), 8 at once",
        21,
        || python.in_parallel(PRINT, || {}, Duration::ZERO),
        || {
            std::thread::scope(|scope| {
                for _ in 0..PARALLEL {
                    scope.spawn(|| run_native(&other, PRINT, ""));
                }
            });
        },
    ));
    for (text, argument, title) in COMPUTING {
        rows.push(compare(
            title,
            5,
            || python.run(text, argument),
            || run_native(&other, text, argument),
        ));
    }
    println!(
        "\n{:<24}{:>12}{:>12}{:>8}",
        "", "sandbox", "native", "ratio"
    );
    for row in rows {
        println!(
            "{:<24}{:>9.2} ms{:>9.2} ms{:>8.2}",
            row.title,
            row.sandbox.as_secs_f64() * 1e3,
            row.native.as_secs_f64() * 1e3,
            row.sandbox.as_secs_f64() / row.native.as_secs_f64()
        );
    }
    println!(
        "first call of a process: {:.2} ms",
        first_call().as_secs_f64() * 1e3
    );
    println!(
        "memory of an instance that runs: {:.1} MiB",
        memory(&python)
    );
}

/// The first call after the compiled component was loaded from the cache.
fn first_call() -> Duration {
    let (cache, workspace) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(Guest::load(cache.path(), workspace.path()));
    let guest = Guest::load(cache.path(), workspace.path());
    let runtime = Runtime::new().unwrap();
    let begun = Instant::now();
    runtime.block_on(guest.call(PRINT, ""));
    begun.elapsed()
}

/// Mebibytes of memory that are an instance's own while it runs, pages shared with the snapshot left out.
fn memory(python: &Python) -> f64 {
    let before = private_memory();
    let mut during = 0;
    python.in_parallel(
        "import time; print(1); time.sleep(1)",
        || during = private_memory(),
        Duration::from_millis(700),
    );
    during.saturating_sub(before) as f64 / PARALLEL as f64 / 1024.0
}

/// Kibibytes of memory that only this process has.
fn private_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    text.lines()
        .filter(|line| line.starts_with("Private_"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum()
}
