//! What the sandbox costs, against the stock implementation of wasmtime-wasi in the same run.
//!
//! `cargo xtask bench` builds the guests and runs this. The file operations are repeated and timed inside the guest, so
//! that only the host's part differs; the ratio of `gate` to `stock` is the number to read.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use massgen_config::Limits;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, Manifest, PluginKind, Sandbox, SandboxOptions,
};
use tokio::runtime::Runtime;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// Repetitions inside the guest for one call.
const INNER: u64 = 1_000;

fn component(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/guests/target/wasm32-wasip2/release");
    std::fs::read(folder.join(format!("{name}.wasm")))
        .expect("guests are built by `cargo xtask bench`")
}

fn manifest(kind: PluginKind) -> Manifest {
    let imports = [
        "wasi:cli",
        "wasi:clocks",
        "wasi:filesystem",
        "wasi:io",
        "wasi:random",
        "massgen:plugin/host",
    ];
    Manifest {
        name: "guest".to_owned(),
        version: "0.1.0".to_owned(),
        description: "measured".to_owned(),
        kind,
        imports: imports.map(str::to_owned).to_vec(),
    }
}

struct Stock {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Stock {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// One command on stock wasmtime-wasi, with `folder` preopened under its own path; what it printed.
struct StockHost {
    engine: Engine,
    command: CommandPre<Stock>,
}

impl StockHost {
    fn new(component: &[u8]) -> Self {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        let component = Component::new(&engine, component).unwrap();
        let command = CommandPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        Self { engine, command }
    }

    async fn run(&self, folder: &Path, arguments: &[&str]) -> String {
        let stdout = MemoryOutputPipe::new(1 << 16);
        let mut wasi = WasiCtxBuilder::new();
        wasi.args(arguments)
            .stdout(stdout.clone())
            .allow_blocking_current_thread(true);
        wasi.preopened_dir(folder, "/", FsPerms::ReadWrite).unwrap();
        let mut store = Store::new(
            &self.engine,
            Stock {
                wasi: wasi.build(),
                table: ResourceTable::new(),
            },
        );
        let command = self.command.instantiate_async(&mut store).await.unwrap();
        command
            .wasi_cli_run()
            .call_run(&mut store)
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(stdout.contents().to_vec()).unwrap()
    }
}

fn nanoseconds(output: &str) -> Duration {
    Duration::from_nanos(output.trim().parse().expect("the guest prints nanoseconds"))
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let temporary = tempfile::tempdir().unwrap();
    let folder: PathBuf = temporary.path().canonicalize().unwrap();
    std::fs::create_dir_all(folder.join("a/b")).unwrap();
    std::fs::write(folder.join("a/b/file.bin"), vec![7; 4096]).unwrap();

    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let sandbox = Sandbox::new(SandboxOptions { cache }).unwrap();
    let no_op = sandbox
        .load_bytes(manifest(PluginKind::Tools), &component("misbehave"))
        .unwrap();
    let measure = sandbox
        .load_bytes(manifest(PluginKind::Command), &component("measure"))
        .unwrap();
    let policy = Policy::new(vec![Grant::tree(
        &folder,
        GrantKind::Workspace,
        Access::Write,
    )]);
    let filesystem = Arc::new(GuestFilesystem::mirroring(policy, folder.clone()).unwrap());
    let limits = Limits {
        call_time: Duration::from_secs(60),
        ..Limits::default()
    };
    let cancel = Cancel::default();

    criterion.bench_function("call a no-op tool in a fresh instance", |bencher| {
        bencher.iter(|| {
            let entry = Entry::Tool {
                name: "no_op".to_owned(),
                arguments: "{}".to_owned(),
            };
            runtime.block_on(sandbox.call(
                &no_op,
                &filesystem,
                Invocation::new(entry, limits.clone()),
                &cancel,
            ))
        });
    });

    let stock = StockHost::new(&component("measure"));
    let inside = folder.join("a/b/file.bin").display().to_string();
    let times = INNER.to_string();
    for (operation, title) in [
        ("open", "open and close"),
        ("stat", "stat"),
        ("read", "open, read 4 KiB and close"),
    ] {
        let mut group = criterion.benchmark_group(title);
        let per_operation = |time: Duration, iterations: u64| {
            time.mul_f64(iterations as f64 / (iterations.div_ceil(INNER) * INNER) as f64)
        };
        group.bench_function("gate", |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations.div_ceil(INNER) {
                    let arguments = ["measure", operation, &inside, &times].map(str::to_owned);
                    let entry = Entry::Command {
                        arguments: arguments.to_vec(),
                        stdin: Vec::new(),
                    };
                    let invocation = Invocation::new(entry, limits.clone());
                    let call = sandbox.call(&measure, &filesystem, invocation, &cancel);
                    time += nanoseconds(&runtime.block_on(call).stdout.to_text());
                }
                per_operation(time, iterations)
            });
        });
        group.bench_function("stock", |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations.div_ceil(INNER) {
                    let arguments = ["measure", operation, "a/b/file.bin", &times];
                    time += nanoseconds(&runtime.block_on(stock.run(&folder, &arguments)));
                }
                per_operation(time, iterations)
            });
        });
        group.finish();
    }
}

criterion_group!(sandbox, benches);
criterion_main!(sandbox);
