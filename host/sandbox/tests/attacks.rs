//! A guest attacks the policy filesystem, and another races it against a host that swaps directories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{GuestFilesystem, Outcome};

/// Every file below `root` with its bytes; links with their targets.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                pending.push(path);
            } else if kind.is_symlink() {
                contents.insert(
                    path.clone(),
                    fs::read_link(&path)
                        .unwrap()
                        .into_os_string()
                        .into_encoded_bytes(),
                );
            } else if kind.is_file() {
                contents.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    contents
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The tree that the `attack` guest expects.
fn lay_out(folder: &Path) {
    write(folder.join("outside/secret.txt"), "secret");
    write(folder.join("context/a.txt"), "context");
    write(folder.join("open/free.txt"), "free");
    write(folder.join("open/keep/secret.txt"), "protected");
    write(folder.join("open/deep/keep2/x.txt"), "protected");
    write(folder.join("open/.env"), "key");
    write(folder.join("open/.git/config"), "config");
    fs::create_dir(folder.join("open/empty")).unwrap();
    fs::hard_link(
        folder.join("open/keep/secret.txt"),
        folder.join("open/alias.txt"),
    )
    .unwrap();
    symlink("keep/secret.txt", folder.join("open/link_keep")).unwrap();
    write(folder.join("single/only.txt"), "only");
    write(folder.join("single/other.txt"), "other");
    write(folder.join("ws/mine.txt"), "mine");
    fs::create_dir(folder.join("ws/sub")).unwrap();
    symlink("../outside/secret.txt", folder.join("ws/link_out")).unwrap();
    symlink("../outside/new.txt", folder.join("ws/link_new")).unwrap();
    symlink(
        folder.join("outside/secret.txt"),
        folder.join("ws/link_absolute"),
    )
    .unwrap();
    symlink("../outside", folder.join("ws/link_dir")).unwrap();
    symlink("link_out", folder.join("ws/link_chain")).unwrap();
    symlink("link_loop", folder.join("ws/link_loop")).unwrap();
    symlink("/proc/self/root", folder.join("ws/link_magic")).unwrap();
    symlink("../context/a.txt", folder.join("ws/link_context")).unwrap();
    let pipe = folder.join("ws/pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
}

fn grants(folder: &Path) -> Policy {
    Policy::new(vec![
        Grant::tree(folder.join("ws"), GrantKind::Workspace, Access::Write),
        Grant::tree(folder.join("context"), GrantKind::Context, Access::Read),
        Grant::tree(folder.join("open"), GrantKind::Context, Access::Write).protecting([
            folder.join("open/keep"),
            folder.join("open/missing.txt"),
            folder.join("open/deep/keep2"),
        ]),
        Grant::file(
            folder.join("single/only.txt"),
            GrantKind::Context,
            Access::Read,
        ),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_on_the_policy_filesystem_succeeds() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    lay_out(&folder);
    let guarded = [
        "outside",
        "context",
        "single",
        "open/keep",
        "open/deep",
        "open/.git",
    ];
    let before: Vec<_> = guarded
        .iter()
        .map(|name| contents(&folder.join(name)))
        .collect();

    let filesystem =
        Arc::new(GuestFilesystem::mirroring(grants(&folder), folder.join("ws")).unwrap());
    let report = guests::run_command("attack", &filesystem, &[folder.to_str().unwrap()]).await;

    let (output, errors) = (report.stdout.to_text(), report.stderr.to_text());
    assert_eq!(
        report.outcome,
        Outcome::Exited { code: 0 },
        "{output}\n{errors}"
    );
    let broken: Vec<_> = output
        .lines()
        .filter(|line| line.starts_with("BROKEN"))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let passed = output
        .lines()
        .filter(|line| line.starts_with("ok "))
        .count();
    assert!(passed >= 90, "only {passed} checks ran:\n{output}");
    let after: Vec<_> = guarded
        .iter()
        .map(|name| contents(&folder.join(name)))
        .collect();
    assert_eq!(
        before, after,
        "what was not granted is byte for byte the same"
    );
    assert_eq!(fs::read_to_string(folder.join("open/.env")).unwrap(), "key");
    assert!(!folder.join("open/missing.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_names_its_rule() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    lay_out(&folder);
    let filesystem =
        Arc::new(GuestFilesystem::mirroring(grants(&folder), folder.join("ws")).unwrap());
    let report = guests::run_command("attack", &filesystem, &[folder.to_str().unwrap()]).await;
    let rules: std::collections::BTreeSet<_> = report
        .denials
        .iter()
        .map(|denial| denial.rule.name())
        .collect();
    for rule in [
        "outside-grants",
        "read-only-grant",
        "protected-path",
        "ancestor-of-protected",
        "hard-link-alias",
        "excluded-name",
    ] {
        assert!(rules.contains(rule), "{rule} is missing in {rules:?}");
    }
}

/// How long each state stays: short against the guest's rounds taken together, long enough that both are met.
const MOMENT: std::time::Duration = std::time::Duration::from_micros(50);

/// The host swaps `ws/dir` between a directory and a link that leads outside, thousands of times a second.
fn swap_until(stop: &AtomicBool, workspace: &Path) {
    let (place, real, link) = (
        workspace.join("dir"),
        workspace.join("real"),
        workspace.join("link"),
    );
    while !stop.load(Ordering::Relaxed) {
        fs::rename(&place, &real).unwrap();
        fs::rename(&link, &place).unwrap();
        std::thread::sleep(MOMENT);
        fs::rename(&place, &link).unwrap();
        fs::rename(&real, &place).unwrap();
        std::thread::sleep(MOMENT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_swapped_for_a_link_during_a_lookup_never_leads_outside() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let workspace = folder.join("ws");
    write(folder.join("outside/file.txt"), "secret");
    write(folder.join("outside/target.txt"), "untouched");
    write(workspace.join("dir/file.txt"), "inside");
    symlink("../outside", workspace.join("link")).unwrap();
    let before = contents(&folder.join("outside"));

    let stop = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let (stop, workspace) = (Arc::clone(&stop), workspace.clone());
        move || swap_until(&stop, &workspace)
    });
    let filesystem = guests::workspace(workspace.clone());
    let (read, write) = (
        workspace.join("dir/file.txt"),
        workspace.join("dir/target.txt"),
    );
    let report = guests::run_command(
        "race",
        &filesystem,
        &[read.to_str().unwrap(), write.to_str().unwrap(), "1000"],
    )
    .await;
    stop.store(true, Ordering::Relaxed);
    swapper.join().unwrap();

    let output = report.stdout.to_text();
    assert_eq!(
        report.outcome,
        Outcome::Exited { code: 0 },
        "{output}{}",
        report.stderr.to_text()
    );
    assert!(output.contains("leaks 0"), "{output}");
    let reads: u32 = output
        .lines()
        .find_map(|line| line.strip_prefix("reads "))
        .unwrap()
        .parse()
        .unwrap();
    assert!(reads > 0, "the race never met the directory: {output}");
    assert!(
        report
            .denials
            .iter()
            .any(|denial| denial.path.starts_with(folder.join("outside"))),
        "it never met the link"
    );
    assert_eq!(contents(&folder.join("outside")), before);
}
