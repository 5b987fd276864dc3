//! What a guest opened, linked or moved while it might does not help it once it may no longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;
mod scene;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use massgen_config::ReadBeforeDelete;
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{GuestFilesystem, Outcome};
use scene::write;
use tempfile::TempDir;

/// A workspace `ws` and a context path `open`, which is writable while its agent presents.
struct Presentation {
    _temporary: TempDir,
    folder: PathBuf,
    files: Arc<GuestFilesystem>,
}

impl Presentation {
    fn begun() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        write(folder.join("ws/mine.txt"), "mine");
        write(folder.join("open/report.md"), "before");
        write(folder.join("open/sub/part.md"), "part");
        let open = Grant::tree(folder.join("open"), GrantKind::Context, Access::Read)
            .writable_in_final_presentation();
        let ws = Grant::tree(folder.join("ws"), GrantKind::Workspace, Access::Write);
        let mut policy = Policy::new(vec![ws, open]);
        policy.final_presentation = true;
        let files = GuestFilesystem::mirroring(policy, folder.join("ws")).unwrap();
        Self {
            files: Arc::new(files.with_read_before_delete(ReadBeforeDelete::Off)),
            folder,
            _temporary: temporary,
        }
    }

    /// The presentation ends: what could be written is read-only again.
    fn end(&self) {
        let mut policy = (*self.files.policy()).clone();
        policy.final_presentation = false;
        self.files.set_policy(policy);
    }

    /// The context path is taken away altogether.
    fn take_away(&self) {
        let grants = self.files.policy().grants.clone();
        self.files.set_policy(Policy::new(grants[..1].to_vec()));
    }

    fn report(&self) -> String {
        fs::read_to_string(self.folder.join("open/report.md")).unwrap()
    }

    /// Runs one call, in whose midst `change` happens, and gives what the later operations came to. `@` stands for the
    /// folder. All earlier operations must have passed.
    async fn run(
        &self,
        earlier: &[&str],
        change: impl FnOnce(&Path),
        later: &[&str],
    ) -> Vec<String> {
        let pause = ["write @/ws/ready x", "await @/ws/go"];
        let operations = [earlier, &pause, later].concat();
        let at = |text: &&str| text.replace('@', self.folder.to_str().unwrap());
        let operations: Vec<String> = operations.iter().map(at).collect();
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        let (report, ()) = tokio::join!(
            guests::run_command("files", &self.files, &operations),
            async {
                while !self.folder.join("ws/ready").exists() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                change(&self.folder);
                write(self.folder.join("ws/go"), "");
            }
        );
        let errors = report.stderr.to_text();
        assert_eq!(report.outcome, Outcome::Exited { code: 0 }, "{errors}");
        let lines = report.stdout.to_text();
        let mut lines: Vec<_> = lines
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        let rest = lines.split_off(earlier.len() + pause.len());
        assert!(lines.iter().all(|line| line.starts_with("ok")), "{lines:?}");
        rest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_through_a_kept_descriptor_does_not_make_it_writable_again() {
    let scene = Presentation::begun();
    let lines = scene
        .run(
            &["open-both f @/open/report.md"],
            |_| scene.end(),
            &[
                "read-open f",
                "stat-open f",
                "write-open f after",
                "size-open f 0",
                "touch-open f",
            ],
        )
        .await;
    assert_eq!(lines[..2], ["ok before", "ok 6"]);
    assert_eq!(lines[2..], ["error not-permitted"; 3]);
    assert_eq!(scene.report(), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_linked_into_the_workspace_does_not_keep_a_file_open_to_changes() {
    let scene = Presentation::begun();
    let lines = scene
        .run(
            &["link @/open/report.md @/ws/alias", "open-both f @/ws/alias"],
            |_| scene.end(),
            &[
                "read-open f",
                "write-open f after",
                "append-stream f after",
                "overwrite @/ws/alias x",
            ],
        )
        .await;
    assert_eq!(lines[0], "ok before");
    assert_eq!(lines[1..], ["error not-permitted"; 3]);
    assert_eq!(scene.report(), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_linked_and_unlinked_again_does_not_keep_a_file_open_to_changes() {
    let scene = Presentation::begun();
    let lines = scene
        .run(
            &[
                "link @/open/report.md @/ws/alias",
                "open-both f @/ws/alias",
                "unlink @/ws/alias",
            ],
            |_| scene.end(),
            &["write-open f after", "size-open f 0", "touch-open f"],
        )
        .await;
    assert_eq!(lines, ["error not-permitted"; 3]);
    assert_eq!(scene.report(), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_stays_usable_through_its_descriptor() {
    let scene = Presentation::begun();
    let lines = scene
        .run(
            &["open-both f @/ws/mine.txt", "unlink @/ws/mine.txt"],
            |_| scene.end(),
            &["write-open f still", "read-open f", "stat-open f"],
        )
        .await;
    assert_eq!(lines, ["ok", "ok still", "ok 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_directory_follows_the_policy_in_force() {
    let scene = Presentation::begun();
    let lines = scene
        .run(
            &["open-directory d @/open", "create d:new.md", "touch-open d"],
            |_| scene.end(),
            &[
                "list-open d",
                "create d:more.md",
                "unlink d:new.md",
                "rename d:report.md d:moved.md",
                "link d:report.md @/ws/alias",
                "touch-open d",
                "mkdir d:sub/x",
            ],
        )
        .await;
    assert_eq!(lines[0], "ok new.md report.md sub");
    assert_eq!(lines[1..], ["error not-permitted"; 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_learned_through_descriptors_of_what_was_taken_away() {
    let scene = Presentation::begun();
    let lines = scene
        .run(
            &[
                "open-both f @/open/report.md",
                "open-directory d @/open/sub",
            ],
            |_| scene.take_away(),
            &[
                "read-open f",
                "read-stream f",
                "stat-open f",
                "list-open d",
                "stat-open d",
                "read d:part.md",
            ],
        )
        .await;
    assert_eq!(lines, ["error no-entry"; 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_the_host_moves_has_the_rules_of_where_it_is_now() {
    let scene = Presentation::begun();
    write(scene.folder.join("ws/dir/file.txt"), "text");
    write(scene.folder.join("outside/x"), "");
    let lines = scene
        .run(
            &[
                "open-directory d @/ws/dir",
                "read @/ws/dir/file.txt",
                "create d:a",
                "create @/ws/dir/b",
            ],
            |folder| fs::rename(folder.join("ws/dir"), folder.join("outside/dir")).unwrap(),
            &[
                "read d:file.txt",
                "create d:c",
                "list-open d",
                "read d:../x",
                "read @/ws/dir/file.txt",
            ],
        )
        .await;
    let expected = [
        "no-entry",
        "not-permitted",
        "no-entry",
        "not-permitted",
        "no-entry",
    ];
    assert_eq!(lines, expected.map(|code| format!("error {code}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_the_host_moves_and_links_has_the_rules_of_where_it_is_now() {
    let scene = Presentation::begun();
    scene.end();
    write(scene.folder.join("ws/dir/file.txt"), "text");
    let lines = scene
        .run(
            &["read @/ws/dir/file.txt", "create @/ws/dir/a"],
            |folder| {
                fs::rename(folder.join("ws/dir"), folder.join("open/dir")).unwrap();
                std::os::unix::fs::symlink("../open/dir", folder.join("ws/dir")).unwrap();
            },
            &[
                "read @/ws/dir/file.txt",
                "create @/ws/dir/b",
                "overwrite @/ws/dir/file.txt x",
            ],
        )
        .await;
    assert_eq!(
        lines,
        ["ok text", "error not-permitted", "error not-permitted"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_the_host_puts_in_place_meanwhile_is_followed_by_name_only() {
    let scene = Presentation::begun();
    write(scene.folder.join("ws/dir/file.txt"), "text");
    write(scene.folder.join("outside/file.txt"), "secret");
    let lines = scene
        .run(
            &[
                "read @/ws/dir/file.txt",
                "symlink dir @/ws/way",
                "read @/ws/way/file.txt",
            ],
            |folder| {
                fs::remove_file(folder.join("ws/way")).unwrap();
                std::os::unix::fs::symlink("../outside", folder.join("ws/way")).unwrap();
            },
            &[
                "read @/ws/way/file.txt",
                "create @/ws/way/new",
                "list @/ws/way",
            ],
        )
        .await;
    assert_eq!(
        lines,
        ["error no-entry", "error not-permitted", "error no-entry"]
    );
}
