//! Running the binary in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which the binary runs, removed with everything in it.
pub(crate) struct Folder {
    _temporary: TempDir,
    pub path: PathBuf,
}

/// What a run left behind.
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().canonicalize().unwrap();
        Self {
            _temporary: temporary,
            path,
        }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The binary, about to run here. Its cache of compiled plugins is shared by all tests and outlives them.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        prepare_plugins();
        let mut command = Command::new(env!("CARGO_BIN_EXE_massgen"));
        command
            .args(arguments)
            .current_dir(&self.path)
            .env_clear()
            .env("HOME", &self.path)
            .env("XDG_CACHE_HOME", cache());
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// The run's log folder; there is one.
    pub(crate) fn logs(&self) -> PathBuf {
        let logs: Vec<_> = fs::read_dir(self.path.join(".massgen/massgen_logs"))
            .unwrap()
            .collect();
        assert_eq!(logs.len(), 1);
        logs[0].as_ref().unwrap().path()
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// The events of a run with `--output json`.
    pub(crate) fn events(&self) -> Vec<Value> {
        let event = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.stdout.lines().map(event).collect()
    }

    /// The events of one type.
    pub(crate) fn events_of(&self, name: &str) -> Vec<Value> {
        self.events()
            .into_iter()
            .filter(|event| event["type"] == name)
            .collect()
    }

    /// The last event, which tells the outcome.
    pub(crate) fn outcome(&self) -> Value {
        self.events()
            .pop()
            .unwrap_or_else(|| panic!("no events: {}", self.stderr))
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (path, bytes) in contents(from) {
        let target = to.join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Compiles the plugins once, so that tests which run at the same time do not each compile them.
fn prepare_plugins() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("one.jsonl"),
            "{\"massgen_cassette\":1}\n",
        )
        .unwrap();
        let config = "agent: {id: one, backend: {type: replay, cassette: one.jsonl, cwd: w}}";
        fs::write(folder.path().join("one.yaml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_massgen"));
        command
            .args(["--config", "one.yaml", "prepare"])
            .current_dir(folder.path());
        let output = command
            .env("XDG_CACHE_HOME", cache())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    });
}

/// Every file below `root` with its bytes.
pub(crate) fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                contents.insert(
                    path.strip_prefix(root).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    contents
}
