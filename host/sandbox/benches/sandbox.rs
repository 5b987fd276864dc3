//! What the sandbox costs, against the stock implementation of wasmtime-wasi in the same run.
//!
//! `cargo xtask bench` builds the guests and runs this. The file operations are repeated and timed inside the guest, so
//! that only the host's part differs; the ratios of `gate` to `stock` and to `native` are the numbers to read. `audited`
//! is the gate with an audit file.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use massgen_config::Limits;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Audit, AuditLog, Cancel, Entry, GuestFilesystem, Invocation, Manifest, PluginKind, Sandbox,
    SandboxOptions,
};
use tokio::runtime::Runtime;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// The length of the file for the streams.
const LENGTH: usize = 64 << 20;

/// Entries of the directory that is listed.
const ENTRIES: usize = 1_000;

/// An operation that the `measure` guest repeats.
struct Measured {
    operation: &'static str,
    title: &'static str,
    path: &'static str,
    /// Repetitions inside the guest for one call.
    inner: u64,
    native: fn(&Path),
}

const MEASURED: [Measured; 6] = [
    Measured {
        operation: "open",
        title: "open and close",
        path: "a/b/file.bin",
        inner: 1_000,
        native: |path| drop(File::open(path).unwrap()),
    },
    Measured {
        operation: "stat",
        title: "stat",
        path: "a/b/file.bin",
        inner: 1_000,
        native: |path| assert!(path.metadata().unwrap().is_file()),
    },
    Measured {
        operation: "read",
        title: "open, read 4 KiB and close",
        path: "a/b/file.bin",
        inner: 1_000,
        native: |path| {
            File::open(path)
                .unwrap()
                .read_exact(&mut [0; 4096])
                .unwrap();
        },
    },
    Measured {
        operation: "list",
        title: "list 1,000 entries",
        path: "many",
        inner: 5,
        native: |path| assert_eq!(path.read_dir().unwrap().count(), ENTRIES),
    },
    Measured {
        operation: "stream-read",
        title: "read 64 MiB as a stream",
        path: "large.bin",
        inner: 1,
        native: |path| {
            let (mut file, mut block) = (File::open(path).unwrap(), vec![0; 64 << 10]);
            while file.read(&mut block).unwrap() > 0 {}
        },
    },
    Measured {
        operation: "stream-write",
        title: "write 64 MiB as a stream",
        path: "written.bin",
        inner: 1,
        native: |path| {
            let (mut file, block) = (File::create(path).unwrap(), vec![7; 64 << 10]);
            for _ in 0..LENGTH / block.len() {
                file.write_all(&block).unwrap();
            }
        },
    },
];

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
    Manifest::new("guest", kind, imports)
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
    std::fs::write(folder.join("large.bin"), vec![7; LENGTH]).unwrap();
    std::fs::create_dir(folder.join("many")).unwrap();
    for number in 0..ENTRIES {
        std::fs::write(folder.join(format!("many/{number}")), "").unwrap();
    }

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
    let mirrored = || GuestFilesystem::mirroring(policy.clone(), folder.clone()).unwrap();
    let filesystem = Arc::new(mirrored());
    let audit = Audit {
        log: AuditLog::append_to(&folder.join("audit.jsonl")).unwrap(),
        run: "bench".to_owned(),
        agent: "one".to_owned(),
    };
    let audited = Arc::new(mirrored().audited(audit));
    let limits = Limits {
        call_time: Duration::from_secs(60),
        written_bytes: u64::MAX,
        written_bytes_per_agent: u64::MAX,
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
    for measured in &MEASURED {
        let mut group = criterion.benchmark_group(measured.title);
        if measured.inner == 1 {
            group.sample_size(10);
        }
        let times = measured.inner.to_string();
        let path = folder.join(measured.path);
        let inside = path.display().to_string();
        for (name, filesystem) in [("gate", &filesystem), ("audited", &audited)] {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|iterations| {
                    repeat(measured.inner, iterations, || {
                        let arguments = ["measure", measured.operation, &inside, &times];
                        let entry = Entry::Command {
                            arguments: arguments.map(str::to_owned).to_vec(),
                            stdin: Vec::new(),
                        };
                        let invocation = Invocation::new(entry, limits.clone());
                        let call = sandbox.call(&measure, filesystem, invocation, &cancel);
                        nanoseconds(&runtime.block_on(call).stdout.to_text())
                    })
                });
            });
        }
        group.bench_function("stock", |bencher| {
            bencher.iter_custom(|iterations| {
                repeat(measured.inner, iterations, || {
                    let arguments = ["measure", measured.operation, measured.path, &times];
                    nanoseconds(&runtime.block_on(stock.run(&folder, &arguments)))
                })
            });
        });
        group.bench_function("native", |bencher| {
            bencher.iter_custom(|iterations| {
                let started = Instant::now();
                for _ in 0..iterations {
                    (measured.native)(&path);
                }
                started.elapsed()
            });
        });
        group.finish();
    }
}

/// The time of `iterations`, measured in calls of `inner` repetitions each.
fn repeat(inner: u64, iterations: u64, mut call: impl FnMut() -> Duration) -> Duration {
    let calls = iterations.div_ceil(inner);
    let time: Duration = (0..calls).map(|_| call()).sum();
    time.mul_f64(iterations as f64 / (calls * inner) as f64)
}

criterion_group!(sandbox, benches);
criterion_main!(sandbox);
