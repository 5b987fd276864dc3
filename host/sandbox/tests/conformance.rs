//! Inside a grant, ordinary programs see an ordinary POSIX file system; what they check stands in
//! `tests/guests/ordinary/src`. And where there is no more room, they are told so.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::fs;
use std::path::Path;
use std::process::Command;

use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{GuestFilesystem, Outcome};

async fn does_ordinary_work(filesystem: GuestFilesystem, folder: &Path) {
    let filesystem = std::sync::Arc::new(filesystem);
    let folder = [folder.to_str().unwrap()];
    let report = guests::run_command("ordinary", &filesystem, &folder).await;
    let output = report.stdout.to_text();
    let errors = report.stderr.to_text();
    let broken: Vec<_> = output
        .lines()
        .filter(|line| line.starts_with("BROKEN"))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(report.outcome, Outcome::Exited { code: 0 }, "{errors}");
    assert_eq!(output.lines().count(), 50, "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_programs_see_posix_in_a_workspace() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    does_ordinary_work(guests::files(folder.clone()), &folder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_programs_see_posix_in_a_context_beside_protected_paths() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let (workspace, open) = (folder.join("ws"), folder.join("open"));
    for directory in [&workspace, &open.join("work")] {
        fs::create_dir_all(directory).unwrap();
    }
    let policy = Policy::new(vec![
        Grant::tree(&workspace, GrantKind::Workspace, Access::Write),
        Grant::tree(&open, GrantKind::Context, Access::Write).protecting([open.join("keep")]),
    ]);
    let filesystem = GuestFilesystem::mirroring(policy, workspace).unwrap();
    does_ordinary_work(filesystem, &open.join("work")).await;
}

/// A file system of one mebibyte, as long as it lives. Only root may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mounted() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(place.path())
            .output();
        mount
            .is_ok_and(|output| output.status.success())
            .then_some(Self(place))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "unmount");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "says why it was skipped")]
async fn a_full_disk_in_the_middle_of_a_write_is_told_and_loses_nothing_else() {
    let Some(disk) = SmallDisk::mounted() else {
        eprintln!("skipped: only root may mount a small file system");
        return;
    };
    let folder = disk.0.path().canonicalize().unwrap();
    fs::write(folder.join("before.txt"), "before").unwrap();
    let filesystem = guests::workspace(folder.clone());
    let at = |operation: &str| operation.replace('@', folder.to_str().unwrap());
    let operations = [
        "fill @/big 10000000",
        "append @/before.txt more",
        "overwrite @/before.txt BEFORE",
        "open-read f @/before.txt",
        "unlink @/big",
        "write @/after.txt after",
        "read @/after.txt",
        "read @/before.txt",
    ]
    .map(at);
    let operations = operations.each_ref().map(String::as_str);
    let report = guests::run_command("files", &filesystem, &operations).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    let lines = report.stdout.to_text();
    let lines: Vec<_> = lines.lines().map(str::trim_end).collect();
    assert!(lines[0].ends_with(" insufficient-space"), "{lines:?}");
    // The last page of the small file has room, whatever the disk has.
    assert_eq!(lines[3..], ["ok", "ok", "ok", "ok after", "ok BEFOREmore"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_opens_more_than_it_may_is_refused_with_the_limit() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    fs::write(folder.join("a"), "text").unwrap();
    let mut limits = guests::limits();
    limits.open_files = 20;
    let operations: Vec<String> = (0..40)
        .map(|number| format!("open-read f{number} {}/a", folder.display()))
        .collect();
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let filesystem = guests::workspace(folder.clone());
    let report = guests::run_within("files", &filesystem, &operations, limits).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    let told = report.stdout.to_text();
    let (opened, refused): (Vec<_>, Vec<_>) = told
        .lines()
        .partition(|line| !line.contains("insufficient-memory"));
    // The program also holds the root.
    assert_eq!((opened.len(), refused.len()), (19, 21), "{told}");
    let limit = report.limit.unwrap();
    assert_eq!(limit.kind, massgen_sandbox::LimitKind::Handles);
    assert!(limit.message.contains("no more than 20"), "{limit:?}");
}
