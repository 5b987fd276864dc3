//! Whole processes: `massgen --help`, and a run of three agents with workspaces against a provider on the loopback
//! interface that answers at once. The compiled plugins are in the cache before the first measurement.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};

use criterion::{Criterion, criterion_group, criterion_main};
use massgen_test_provider::{Coordination, Provider};
use tokio::runtime::Runtime;

fn massgen(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_massgen"));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    command
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", cache);
    let output = command.output().expect("the binary runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let script = Coordination::unanimous(3, 2);
    let provider = runtime
        .block_on(Provider::start(move |request| script.reply(request)))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let agent = |number: u32| {
        let url = provider.base_url();
        format!(
            "  - {{id: a{number}, backend: {{type: chatcompletion, model: agent-{number}, base_url: \"{url}\", cwd: w{number}}}}}\n"
        )
    };
    let config: String = std::iter::once("agents:\n".to_owned())
        .chain((1..=3).map(agent))
        .collect();
    std::fs::write(folder.path().join("run.yaml"), config).unwrap();

    criterion.bench_function("massgen --help", |bencher| {
        bencher.iter(|| massgen(folder.path(), &["--help"]))
    });
    let run = || {
        massgen(
            folder.path(),
            &["--config", "run.yaml", "--output", "json", "What?"],
        )
    };
    run();
    let mut group = criterion.benchmark_group("coordination");
    group.sample_size(20);
    group.bench_function("three agents, provider without latency", |bencher| {
        bencher.iter(run)
    });
    group.finish();
    assert_eq!(provider.violations(), Vec::<String>::new());
}

criterion_group!(coordination, benches);
criterion_main!(coordination);
