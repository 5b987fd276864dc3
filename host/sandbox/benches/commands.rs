//! What a command line costs in the sandbox, against the same one by a native shell or interpreter in the same run.
//!
//! Every call is a fresh instance with a workspace. The ratios of `sandbox` to `native` are the numbers to read. Native
//! programs that are not on the machine are left out.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use massgen_config::Limits;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Commands, Entry, GuestFilesystem, Invocation, Manifest, Outcome, Plugin, Sandbox,
    SandboxOptions,
};
use tokio::runtime::Runtime;

/// A command line, for a command of the sandbox and for a native program.
struct Measured {
    title: &'static str,
    command: &'static str,
    native: &'static str,
    arguments: &'static [&'static str],
}

const MEASURED: [Measured; 6] = [
    Measured {
        title: "shell: no-op",
        command: "sh",
        native: "bash",
        arguments: &["-c", ":"],
    },
    Measured {
        title: "shell: one child",
        command: "sh",
        native: "bash",
        arguments: &["-c", "cat words.txt > copy.txt; :"],
    },
    Measured {
        title: "shell: pipeline of four",
        command: "sh",
        native: "bash",
        arguments: &[
            "-c",
            "cat words.txt | sort | uniq -c | sort -rn > counts.txt",
        ],
    },
    Measured {
        title: "shell: loop of 10,000 rounds",
        command: "sh",
        native: "bash",
        arguments: &["-c", "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done"],
    },
    Measured {
        title: "cat",
        command: "cat",
        native: "cat",
        arguments: &["words.txt"],
    },
    Measured {
        title: "javascript: console.log(1)",
        command: "node",
        native: "node",
        arguments: &["-e", "console.log(1)"],
    },
];

/// Calls at one time, for the group that measures them.
const AT_ONCE: usize = 8;

/// The first-party plugins, as `cargo xtask plugins` left them.
fn plugins(sandbox: &Sandbox) -> Vec<Plugin> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/artifacts");
    let mut plugins = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("plugins are built by `cargo xtask bench`") {
        let file = entry.unwrap().path();
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let manifest = Manifest::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let component = std::fs::read(file.with_extension("wasm")).unwrap();
            plugins.push(sandbox.load_bytes(manifest, &component).unwrap());
        }
    }
    plugins
}

fn invocation(measured: &Measured, folder: &Path) -> Invocation {
    let name = [measured.command].into_iter();
    let arguments = name.chain(measured.arguments.iter().copied());
    let entry = Entry::Command {
        arguments: arguments.map(str::to_owned).collect(),
        stdin: Vec::new(),
    };
    Invocation {
        working_directory: Some(folder.to_owned()),
        ..Invocation::new(entry, Limits::default())
    }
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    // Not below /tmp, which commands have as their own.
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let words: String = (0..1_000)
        .map(|number| format!("word{}\n", number * 7 % 100))
        .collect();
    std::fs::write(folder.join("words.txt"), words).unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let sandbox = Sandbox::new(SandboxOptions { cache }).unwrap();
    let commands = Commands::of(&plugins(&sandbox)).unwrap();
    let sandbox = sandbox.with_commands(commands.clone());
    let grant = Grant::tree(&folder, GrantKind::Workspace, Access::Write);
    let policy = Policy::new(vec![grant]);
    let filesystem = GuestFilesystem::mirroring(policy, folder.clone()).unwrap();
    // As agents and `massgen exec` have them.
    let filesystem = Arc::new(filesystem.with_temporary_directories());
    let cancel = Cancel::default();

    for measured in &MEASURED {
        let plugin = commands.find(measured.command).unwrap();
        let call = || sandbox.call(&plugin, &filesystem, invocation(measured, &folder), &cancel);
        let mut group = criterion.benchmark_group(measured.title);
        group.bench_function("sandbox", |bencher| {
            bencher.iter(|| {
                let report = runtime.block_on(call());
                assert_eq!(report.outcome, Outcome::Exited { code: 0 });
            });
        });
        group.bench_function(format!("sandbox, {AT_ONCE} at once"), |bencher| {
            bencher.iter(|| {
                let calls = (0..AT_ONCE).map(|_| call());
                runtime.block_on(futures::future::join_all(calls))
            });
        });
        let native = || {
            Command::new(measured.native)
                .args(measured.arguments)
                .current_dir(&folder)
                .stdin(Stdio::null())
                .output()
        };
        if native().is_ok() {
            group.bench_function("native", |bencher| {
                bencher.iter(|| assert!(native().unwrap().status.success()));
            });
        }
        group.finish();
    }
}

criterion_group!(commands, benches);
criterion_main!(commands);
