//! Others change the tree while a guest looks something up in it: the host, or another call of the same agent.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;
mod scene;

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use massgen_config::ReadBeforeDelete;
use massgen_permissions::{Access, Effect, Grant, GrantKind, PathRule, Pattern, Policy};
use massgen_sandbox::{GuestFilesystem, Outcome, Report};
use scene::{assert_same, condition, write};
use tempfile::TempDir;

/// How long each state stays: short against the guest's rounds taken together, long enough that both are met.
const MOMENT: std::time::Duration = std::time::Duration::from_micros(50);

/// A workspace with a directory `dir`, a link `link` that leads outside, and what is outside.
fn with_a_link_outside() -> (TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    write(folder.join("outside/file.txt"), "secret");
    write(folder.join("outside/target.txt"), "untouched");
    write(folder.join("ws/dir/file.txt"), "inside");
    symlink("../outside", folder.join("ws/link")).unwrap();
    (temporary, folder)
}

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

/// Opens `ws/dir/file.txt` and `ws/dir/target.txt` until it has met both states often enough.
async fn look_up(filesystem: &Arc<GuestFilesystem>, workspace: &Path) -> Report {
    let paths = ["dir/file.txt", "dir/target.txt"].map(|name| workspace.join(name));
    let [read, write] = paths.each_ref().map(|path| path.to_str().unwrap());
    guests::run_command("race", filesystem, &[read, write, "1000"]).await
}

fn assert_nothing_leaked(report: &Report, outside: &Path) {
    let output = report.stdout.to_text();
    let errors = report.stderr.to_text();
    let ended = &report.outcome;
    assert_eq!(*ended, Outcome::Exited { code: 0 }, "{output}{errors}");
    assert!(output.contains("leaks 0"), "{output}");
    let met = report
        .denials
        .iter()
        .any(|denial| denial.path.starts_with(outside));
    assert!(met, "it never met the link");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_swapped_for_a_link_during_a_lookup_never_leads_outside() {
    let (_temporary, folder) = with_a_link_outside();
    let (workspace, outside) = (folder.join("ws"), folder.join("outside"));
    let before = condition(&outside, &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let (stop, workspace) = (Arc::clone(&stop), workspace.clone());
        move || swap_until(&stop, &workspace)
    });
    let report = look_up(&guests::workspace(workspace.clone()), &workspace).await;
    stop.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert_nothing_leaked(&report, &outside);
    assert_same(&before, &condition(&outside, &[]));
}

/// Does `work` while another call of the same agent renames these paths below `ws`, in pairs, again and again.
async fn while_renaming<T>(
    folder: &Path,
    filesystem: &Arc<GuestFilesystem>,
    pairs: &[[&str; 2]],
    work: impl Future<Output = T>,
) -> T {
    let workspace = folder.join("ws");
    let mut renames = format!("until {}", workspace.join("stop").display());
    for name in pairs.iter().flatten() {
        write!(renames, " {}", workspace.join(name).display()).unwrap();
    }
    let renames = [renames.as_str()];
    let (done, other) = tokio::join!(
        async {
            let done = work.await;
            fs::write(workspace.join("stop"), "").unwrap();
            done
        },
        guests::run_command("files", filesystem, &renames)
    );
    let (output, errors) = (other.stdout.to_text(), other.stderr.to_text());
    assert_eq!(other.outcome, Outcome::Exited { code: 0 }, "{errors}");
    assert!(output.starts_with("ok"), "{output}");
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_swaps_a_directory_for_a_link_leads_no_other_guest_outside() {
    let (_temporary, folder) = with_a_link_outside();
    let (workspace, outside) = (folder.join("ws"), folder.join("outside"));
    let before = condition(&outside, &[]);
    let filesystem = guests::workspace(workspace.clone());
    let swap = [
        ["dir", "real"],
        ["link", "dir"],
        ["dir", "link"],
        ["real", "dir"],
    ];
    let work = look_up(&filesystem, &workspace);
    let report = while_renaming(&folder, &filesystem, &swap, work).await;
    assert_nothing_leaked(&report, &outside);
    assert_same(&before, &condition(&outside, &[]));
}

/// A workspace, a context that may be read, and one that may be written.
fn with_contexts() -> (TempDir, PathBuf, Arc<GuestFilesystem>) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    write(folder.join("ws/mine.txt"), "mine");
    write(folder.join("context/a.txt"), "context");
    write(folder.join("open/free.txt"), "free");
    let policy = Policy::new(vec![
        Grant::tree(folder.join("ws"), GrantKind::Workspace, Access::Write),
        Grant::tree(folder.join("context"), GrantKind::Context, Access::Read),
        Grant::tree(folder.join("open"), GrantKind::Context, Access::Write),
    ]);
    let files = GuestFilesystem::mirroring(policy, folder.join("ws")).unwrap();
    let files = Arc::new(files.with_read_before_delete(ReadBeforeDelete::Off));
    (temporary, folder, files)
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_a_name_about_does_not_make_it_count_twice_for_a_file_with_a_read_only_name() {
    let (_temporary, folder, filesystem) = with_contexts();
    fs::hard_link(folder.join("context/a.txt"), folder.join("ws/a")).unwrap();
    for name in 0..200 {
        write(folder.join(format!("ws/more/{name}")), "more");
    }
    let writes = ["a", "z", "more/z"].map(|name| {
        let path = folder.join("ws").join(name);
        format!("again 400 overwrite {} changed", path.display())
    });
    let writes = writes.each_ref().map(String::as_str);
    let moves = [["a", "z"], ["z", "more/z"], ["more/z", "a"]];
    let work = guests::run_command("files", &filesystem, &writes);
    let report = while_renaming(&folder, &filesystem, &moves, work).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    let context = fs::read_to_string(folder.join("context/a.txt")).unwrap();
    assert_eq!(context, "context", "{}", report.stdout.to_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_put_in_the_place_of_a_file_is_not_moved_to_another_grant() {
    let (_temporary, folder, filesystem) = with_contexts();
    write(folder.join("ws/tree/node_modules/m.js"), "module");
    let [mine, moved] = ["ws/mine.txt", "open/moved"].map(|name| folder.join(name));
    let operation = format!("there-and-back 2000 {} {}", mine.display(), moved.display());
    let swap = [
        ["mine.txt", "other"],
        ["tree", "mine.txt"],
        ["mine.txt", "tree"],
        ["other", "mine.txt"],
    ];
    let operations = [operation.as_str()];
    let work = guests::run_command("files", &filesystem, &operations);
    let report = while_renaming(&folder, &filesystem, &swap, work).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    let passed = report.stdout.to_text();
    assert!(!moved.is_dir(), "the tree is there: {passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_put_in_the_place_of_a_file_does_not_arrive_where_only_a_file_may() {
    let (_temporary, folder, filesystem) = with_contexts();
    let rule = PathRule {
        root: folder.join("ws"),
        pattern: Pattern::new("/config/*.toml").unwrap(),
        effect: Effect::Read,
    };
    let policy = Policy::new(filesystem.policy().grants.to_vec());
    filesystem.set_policy(policy.with_rules(vec![rule]).unwrap());
    write(folder.join("ws/tree/app.toml"), "forged");
    let [mine, config] = ["ws/mine.txt", "ws/config"].map(|name| folder.join(name));
    let operation = format!(
        "there-and-back 1500 {} {}",
        mine.display(),
        config.display()
    );
    let swap = [
        ["mine.txt", "other"],
        ["tree", "mine.txt"],
        ["mine.txt", "tree"],
        ["other", "mine.txt"],
    ];
    let operations = [operation.as_str()];
    let work = guests::run_command("files", &filesystem, &operations);
    let report = while_renaming(&folder, &filesystem, &swap, work).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    assert!(!config.is_dir(), "the tree is there");
}
