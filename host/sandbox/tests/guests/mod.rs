//! Loads the guests under `tests/guests` of the repository into one sandbox.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use massgen_config::Limits;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Audit, AuditLog, Cancel, Commands, Entry, GuestFilesystem, Invocation, Manifest, Plugin,
    PluginKind, Report, Sandbox, SandboxOptions,
};

pub(crate) fn sandbox() -> Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    SANDBOX
        .get_or_init(|| Sandbox::new(SandboxOptions { cache }).expect("a sandbox"))
        .clone()
}

pub(crate) fn component(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/guests/target/wasm32-wasip2/release");
    let file = folder.join(format!("{name}.wasm"));
    std::fs::read(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", file.display()))
}

pub(crate) fn manifest(name: &str, kind: PluginKind) -> Manifest {
    let imports = [
        "wasi:cli",
        "wasi:clocks",
        "wasi:filesystem",
        "wasi:io",
        "wasi:random",
        "massgen:plugin/host",
    ];
    Manifest::new(name, kind, imports)
}

pub(crate) fn plugin(name: &str, kind: PluginKind) -> Plugin {
    sandbox()
        .load_bytes(manifest(name, kind), &component(name))
        .expect("a guest that loads")
}

/// One of the plugins that come with MassGen, e.g. `unix_tools`, as `cargo xtask plugins` left it.
pub(crate) fn first_party(name: &str) -> Plugin {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/artifacts");
    let read = |ending: &str| {
        let file = folder.join(format!("{name}.{ending}"));
        std::fs::read(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; run `cargo xtask plugins`", file.display())
        })
    };
    let manifest = String::from_utf8(read("toml")).expect("a manifest is text");
    let manifest = Manifest::parse(&manifest).expect("a manifest that is valid");
    sandbox()
        .load_bytes(manifest, &read("wasm"))
        .expect("a plugin that loads")
}

/// A sandbox with the commands of these plugins.
pub(crate) fn with_commands(plugins: &[&str]) -> Sandbox {
    let plugins: Vec<_> = plugins.iter().map(|name| first_party(name)).collect();
    sandbox().with_commands(Commands::of(&plugins).expect("names that are not taken twice"))
}

/// An audit of the agent `a` in the run `run`, to be written to `file`.
pub(crate) fn audit(file: &Path) -> Audit {
    Audit {
        log: AuditLog::append_to(file).expect("an audit file"),
        run: "run".to_owned(),
        agent: "a".to_owned(),
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        call_time: std::time::Duration::from_secs(60),
        memory_bytes: 64 << 20,
        ..Limits::default()
    }
}

/// A workspace at `path` and nothing else.
pub(crate) fn files(path: PathBuf) -> GuestFilesystem {
    let policy = Policy::new(vec![Grant::tree(
        &path,
        GrantKind::Workspace,
        Access::Write,
    )]);
    GuestFilesystem::mirroring(policy, path).expect("a workspace that can be opened")
}

/// A workspace at `path` and nothing else, to be shared by calls.
pub(crate) fn workspace(path: PathBuf) -> Arc<GuestFilesystem> {
    Arc::new(files(path))
}

pub(crate) async fn run_command(
    guest: &str,
    filesystem: &Arc<GuestFilesystem>,
    arguments: &[&str],
) -> Report {
    run_within(guest, filesystem, arguments, limits()).await
}

pub(crate) async fn run_within(
    guest: &str,
    filesystem: &Arc<GuestFilesystem>,
    arguments: &[&str],
    limits: Limits,
) -> Report {
    let arguments = std::iter::once(guest)
        .chain(arguments.iter().copied())
        .map(str::to_owned)
        .collect();
    let entry = Entry::Command {
        arguments,
        stdin: Vec::new(),
    };
    let plugin = plugin(guest, PluginKind::Command);
    sandbox()
        .call(
            &plugin,
            filesystem,
            Invocation::new(entry, limits),
            &Cancel::default(),
        )
        .await
}

pub(crate) async fn call_tool(
    filesystem: &Arc<GuestFilesystem>,
    tool: &str,
    arguments: &str,
    limits: Limits,
) -> Report {
    let entry = Entry::Tool {
        name: tool.to_owned(),
        arguments: arguments.to_owned(),
    };
    let plugin = plugin("misbehave", PluginKind::Tools);
    sandbox()
        .call(
            &plugin,
            filesystem,
            Invocation::new(entry, limits),
            &Cancel::default(),
        )
        .await
}
