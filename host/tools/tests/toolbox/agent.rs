//! An agent with its folders and its tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_backends::ToolCall;
use massgen_config::{CommandLine, ContextPath, Limits, PathRules, Permission, ToolFilter};
use massgen_sandbox::{Commands, GuestFilesystem, Manifest, Plugin, Sandbox, SandboxOptions};
use massgen_tools::{AgentPaths, ToolOutcome, Toolbox, Toolset, agent_policy};
use serde_json::Value;
use tempfile::TempDir;

fn plugin(sandbox: &Sandbox, name: &str) -> Plugin {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/artifacts");
    let read = |suffix: &str| {
        let file = folder.join(format!("{name}.{suffix}"));
        fs::read(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; run `cargo xtask plugins`", file.display())
        })
    };
    let manifest = Manifest::parse(&String::from_utf8(read("toml")).unwrap()).unwrap();
    sandbox.load_bytes(manifest, &read("wasm")).unwrap()
}

pub(crate) async fn toolset() -> Toolset {
    toolset_beside(|_| None).await
}

/// The tools of a user who has installed one more plugin.
pub(crate) async fn toolset_beside(install: impl FnOnce(&Sandbox) -> Option<Plugin>) -> Toolset {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let sandbox = Sandbox::new(SandboxOptions { cache }).unwrap();
    let own = [
        "filesystem",
        "python",
        "shell",
        "unix_tools",
        "workspace_tools",
    ]
    .map(|name| plugin(&sandbox, name));
    let plugins: Vec<_> = own.into_iter().chain(install(&sandbox)).collect();
    let sandbox = sandbox.with_commands(Commands::of(&plugins).unwrap());
    Toolset::load(sandbox, &plugins, &Limits::default())
        .await
        .unwrap()
}

/// An agent's folders, and a context path that it may write in the final presentation.
pub(crate) struct Agent {
    _temporary: TempDir,
    pub(crate) folder: PathBuf,
    pub(crate) toolbox: Toolbox,
}

impl Agent {
    pub(crate) async fn new() -> Self {
        Self::with(&ToolFilter::default(), Limits::default()).await
    }

    pub(crate) async fn with(filter: &ToolFilter, limits: Limits) -> Self {
        Self::commanding(filter, None, limits).await
    }

    /// One that may run command lines, where they are given.
    pub(crate) async fn commanding(
        filter: &ToolFilter,
        command_line: Option<&CommandLine>,
        limits: Limits,
    ) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        for name in ["ws", "temp", "context"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let context = ContextPath {
            path: folder.join("context"),
            permission: Permission::Write,
            is_file: false,
            protected: vec![folder.join("context/keep.txt")],
        };
        let paths = AgentPaths {
            workspace: folder.join("ws"),
            temporary_workspace: folder.join("temp"),
            context: vec![context],
            rules: PathRules::default(),
        };
        let filesystem =
            GuestFilesystem::mirroring(agent_policy(&paths).unwrap(), paths.workspace.clone())
                .unwrap();
        let toolbox = toolset()
            .await
            .for_agent(Arc::new(filesystem), filter, command_line, None, limits)
            .unwrap();
        Self {
            _temporary: temporary,
            folder,
            toolbox,
        }
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> ToolOutcome {
        self.call_text(tool, &arguments.to_string()).await
    }

    pub(crate) async fn call_text(&self, tool: &str, arguments: &str) -> ToolOutcome {
        let call = ToolCall {
            id: "1".to_owned(),
            name: tool.to_owned(),
            arguments: arguments.to_owned(),
        };
        self.toolbox.call(&call).await
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.toolbox
            .definitions()
            .into_iter()
            .map(|tool| tool.name)
            .collect()
    }
}
