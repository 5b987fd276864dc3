//! Our files against what the test programs of wasmtime assert of its files; what is checked stands in
//! `tests/guests/wasi-files/src`, and which program stands behind which check in `docs/policy.md`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{GuestFilesystem, Outcome};
use tempfile::TempDir;

/// A workspace and a context path that may be changed, one that may be read only, and a file that nobody granted.
struct Tree {
    _temporary: TempDir,
    folder: PathBuf,
}

/// A time that WASI, which counts from 1970 on, has no number for.
fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH - Duration::from_secs(1_000_000_000)
}

impl Tree {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        for directory in ["workspace", "open/work", "context/sub", "outside"] {
            fs::create_dir_all(folder.join(directory)).unwrap();
        }
        fs::write(folder.join("outside/secret.txt"), "secret").unwrap();
        let test = folder.join("context/test.txt");
        fs::write(&test, "read only test file\n").unwrap();
        let times = FileTimes::new().set_modified(long_ago());
        let file = File::options().write(true).open(test).unwrap();
        file.set_times(times).unwrap();
        Self {
            _temporary: temporary,
            folder,
        }
    }

    fn filesystem(&self) -> Arc<GuestFilesystem> {
        let at = |name: &str| self.folder.join(name);
        let policy = Policy::new(vec![
            Grant::tree(at("workspace"), GrantKind::Workspace, Access::Write),
            Grant::tree(at("open"), GrantKind::Context, Access::Write)
                .protecting([at("open/keep")]),
            Grant::tree(at("context"), GrantKind::Context, Access::Read),
        ]);
        Arc::new(GuestFilesystem::mirroring(policy, at("workspace")).unwrap())
    }
}

/// Runs a topic, in which there are so many checks, in a workspace and beside a protected path.
async fn asserts(topic: &str, checks: usize) {
    let tree = Tree::new();
    for changeable in ["workspace", "open/work"] {
        let path = |name: &str| path(&tree.folder.join(name));
        let arguments = [
            topic,
            &path(changeable),
            &path("context"),
            &path("outside/secret.txt"),
        ];
        let report = guests::run_command("wasi-files", &tree.filesystem(), &arguments).await;
        let (output, errors) = (report.stdout.to_text(), report.stderr.to_text());
        let broken: Vec<_> = output
            .lines()
            .filter(|line| line.starts_with("BROKEN"))
            .collect();
        assert!(broken.is_empty(), "in {changeable}: {}", broken.join("\n"));
        assert_eq!(report.outcome, Outcome::Exited { code: 0 }, "{errors}");
        assert_eq!(output.lines().count(), checks, "{output}");
    }
    let read = |name: &str| fs::read_to_string(tree.folder.join(name)).unwrap();
    assert_eq!(read("outside/secret.txt"), "secret");
    assert_eq!(read("context/test.txt"), "read only test file\n");
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// One test for each topic.
macro_rules! topics {
    ($($name:ident: $topic:literal, $checks:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                asserts($topic, $checks).await;
            }
        )*
    };
}

topics! {
    files_and_directories_open_as_in_wasmtime: "opening", 17;
    links_behave_as_in_wasmtime: "links", 10;
    hard_links_behave_as_in_wasmtime: "hard-links", 7;
    renames_behave_as_in_wasmtime: "renames", 10;
    removals_behave_as_in_wasmtime: "removal", 6;
    contents_are_read_and_written_as_in_wasmtime: "contents", 15;
    metadata_is_told_and_set_as_in_wasmtime: "metadata", 12;
    directories_are_listed_as_in_wasmtime: "listing", 6;
    what_is_read_only_stays_so_as_in_wasmtime: "read-only", 9;
}
