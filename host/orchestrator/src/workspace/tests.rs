#![allow(clippy::unwrap_used, clippy::expect_used)]

mod hostile;
mod log;
mod store;

use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use rustix::fs::FileType;

use super::*;
use crate::answer::{AgentIndex, AnswerLabel};

/// A run of two agents in a folder of its own.
struct Ground {
    root: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    fn settings(&self) -> WorkspaceSettings {
        WorkspaceSettings {
            agents: vec![
                (agent("alpha"), Some(self.path("workspaces/one"))),
                (agent("beta"), Some(self.path("workspaces/two"))),
            ],
            snapshot_storage: self.path("snapshots"),
            temporary_parent: self.path("temporary"),
            keep: vec![self.path("")],
        }
    }

    fn prepare(&self) -> Workspaces {
        Workspaces::prepare(&self.settings()).unwrap()
    }

    fn alpha(&self, name: &str) -> PathBuf {
        self.path("workspaces/one").join(name)
    }

    fn put(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }
}

fn agent(id: &str) -> AgentId {
    AgentId::new(id).unwrap()
}

fn label(agent: usize, number: u32) -> AnswerLabel {
    AnswerLabel {
        agent: AgentIndex(agent),
        number,
    }
}

/// A snapshot of the first agent, with the directory that it gets when the run ends.
fn snapshot(workspaces: &Workspaces, number: u32) -> Snapshot {
    let taken = workspaces
        .snapshot(&agent("alpha"), label(0, number))
        .unwrap()
        .unwrap();
    let stores = workspaces.stores.as_ref().unwrap();
    let folder = tree::open_directory(stores.snapshots.handle(), OsStr::new("alpha")).unwrap();
    let name = label(0, number).to_string();
    publish::unfold(
        folder.as_fd(),
        OsStr::new(&name),
        &stores.objects().unwrap(),
    )
    .unwrap();
    taken
}

/// Every name below a folder, sorted; directories end with `/`.
fn names_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let mut name = entry
                .path()
                .strip_prefix(folder)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
                name.push('/');
            }
            found.push(name);
        }
    }
    found.sort();
    found
}

fn refusal(settings: &WorkspaceSettings) -> String {
    Workspaces::prepare(settings).unwrap_err().to_string()
}

#[test]
fn a_directory_with_unmarked_files_is_refused_and_keeps_them() {
    for place in ["workspaces/two", "snapshots", "temporary"] {
        let ground = Ground::new();
        let theirs = ground.put(&format!("{place}/thesis.txt"), "years of work");
        let error = refusal(&ground.settings());
        assert!(
            error.contains("holds files that MassGen did not make"),
            "{error}"
        );
        assert!(error.contains(".massgen-owned"), "{error}");
        assert_eq!(fs::read_to_string(theirs).unwrap(), "years of work");
    }
}

#[test]
fn nothing_is_emptied_when_a_later_directory_is_refused() {
    let ground = Ground::new();
    drop(ground.prepare());
    let ours = ground.put("workspaces/one/last-run.txt", "result");
    fs::remove_file(ground.path("temporary").join(MARKER)).unwrap();
    ground.put("temporary/theirs.txt", "x");
    refusal(&ground.settings());
    assert_eq!(fs::read_to_string(ours).unwrap(), "result");
}

#[test]
fn a_marked_directory_is_emptied_by_the_next_run_and_stays_marked() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "a").unwrap();
    snapshot(&workspaces, 1);
    drop(workspaces);

    let _again = ground.prepare();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
    assert_eq!(
        names_below(&ground.path("snapshots")),
        [MARKER, "alpha/", "beta/"]
    );
}

#[test]
fn a_second_run_over_the_same_directories_is_refused() {
    let ground = Ground::new();
    let first = ground.prepare();
    let error = refusal(&ground.settings());
    assert!(error.contains("in use by another run"), "{error}");
    drop(first);
    ground.prepare();
}

#[test]
fn a_marker_that_is_a_link_or_a_directory_is_none() {
    let ground = Ground::new();
    let theirs = ground.put("thesis.txt", "years of work");
    let workspace = ground.path("workspaces/one");
    fs::create_dir_all(&workspace).unwrap();
    symlink(&theirs, workspace.join(MARKER)).unwrap();
    assert!(refusal(&ground.settings()).contains("did not make"));
    fs::remove_file(workspace.join(MARKER)).unwrap();
    fs::create_dir(workspace.join(MARKER)).unwrap();
    assert!(refusal(&ground.settings()).contains("did not make"));
}

#[test]
fn shallow_and_relative_places_are_refused() {
    let ground = Ground::new();
    for (place, words) in [
        ("/", "too near to the root"),
        ("/massgen-no-such-directory", "too near to the root"),
        ("work", "not an absolute path"),
    ] {
        let mut settings = ground.settings();
        settings.agents[0].1 = Some(place.into());
        let error = refusal(&settings);
        assert!(
            error.contains(words) && error.contains("agent `alpha`"),
            "{error}"
        );
    }
    assert!(!Path::new("/massgen-no-such-directory").exists());
}

#[test]
fn a_link_to_a_shallow_place_is_refused() {
    let ground = Ground::new();
    symlink("/usr", ground.path("innocent")).unwrap();
    let mut settings = ground.settings();
    settings.agents[0].1 = Some(ground.path("innocent"));
    assert!(refusal(&settings).contains("`/usr` is too near to the root"));
}

#[test]
fn directories_that_hold_one_another_are_refused_before_any_is_made() {
    let inside = |name: &str| {
        let ground = Ground::new();
        let mut settings = ground.settings();
        settings.agents[1].1 = Some(ground.path(name));
        let error = refusal(&settings);
        assert!(error.contains("must be apart from each other"), "{error}");
        assert!(!ground.path("workspaces/one").exists());
    };
    inside("workspaces/one");
    inside("workspaces/one/deeper");
    inside("workspaces");
    inside("snapshots/two");
    inside("temporary");
}

#[test]
fn directories_that_meet_through_a_link_are_refused() {
    let ground = Ground::new();
    fs::create_dir_all(ground.path("workspaces/one")).unwrap();
    symlink(ground.path("workspaces/one"), ground.path("alias")).unwrap();
    let mut settings = ground.settings();
    settings.agents[1].1 = Some(ground.path("alias/deeper"));
    let error = refusal(&settings);
    assert!(
        error.contains("`alpha`") && error.contains("`beta`"),
        "{error}"
    );
}

#[test]
fn the_current_directory_and_what_holds_it_are_never_a_workspace() {
    let ground = Ground::new();
    for current in ["workspaces/one", "workspaces/one/src"] {
        let mut settings = ground.settings();
        settings.keep = vec![ground.path(current)];
        assert!(refusal(&settings).contains("the current directory"));
    }
}

#[test]
fn a_snapshot_keeps_contents_modes_times_links_and_empty_directories() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let past = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_000_000);
    fs::create_dir_all(ground.alpha("src/empty")).unwrap();
    fs::write(ground.alpha("src/run.sh"), "echo").unwrap();
    fs::set_permissions(
        ground.alpha("src/run.sh"),
        fs::Permissions::from_mode(0o751),
    )
    .unwrap();
    fs::set_permissions(ground.alpha("src/empty"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("run.sh", ground.alpha("src/link")).unwrap();
    for name in ["src/run.sh", "src/empty", "src"] {
        fs::File::open(ground.alpha(name))
            .unwrap()
            .set_modified(past)
            .unwrap();
    }

    let taken = snapshot(&workspaces, 1);
    assert_eq!(taken.path, ground.path("snapshots/alpha/agent1.1"));
    assert_eq!((taken.tally.files, taken.tally.bytes), (2, 4));
    assert_eq!(taken.tally.warnings, []);
    assert_eq!(
        names_below(&taken.path),
        ["src/", "src/empty/", "src/link", "src/run.sh"]
    );
    assert_eq!(fs::read(taken.path.join("src/run.sh")).unwrap(), b"echo");
    assert_eq!(
        fs::read_link(taken.path.join("src/link")).unwrap(),
        Path::new("run.sh")
    );
    let mode = |name: &str| fs::metadata(taken.path.join(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode("src/run.sh"), mode("src/empty")), (0o751, 0o750));
    for name in ["src/run.sh", "src/empty", "src"] {
        assert_eq!(
            fs::metadata(taken.path.join(name))
                .unwrap()
                .modified()
                .unwrap(),
            past,
            "{name}"
        );
    }
}

#[test]
fn a_snapshot_is_never_overwritten() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "first").unwrap();
    let taken = snapshot(&workspaces, 1);
    fs::write(ground.alpha("a.txt"), "second").unwrap();
    let error = workspaces
        .snapshot(&agent("alpha"), label(0, 1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("never overwritten"), "{error}");
    assert_eq!(fs::read(taken.path.join("a.txt")).unwrap(), b"first");
}

#[test]
fn half_a_snapshot_of_a_failed_attempt_does_not_get_into_the_next() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    ground.put("snapshots/alpha/.massgen-partial/half/old.txt", "half");
    fs::write(ground.alpha("a.txt"), "whole").unwrap();
    assert_eq!(names_below(&snapshot(&workspaces, 1).path), ["a.txt"]);
    assert_eq!(
        names_below(&ground.path("snapshots/alpha")),
        ["agent1.1.manifest", "agent1.1/", "agent1.1/a.txt"]
    );
}

#[test]
fn an_empty_workspace_gives_an_empty_snapshot_and_no_shared_folder() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let taken = snapshot(&workspaces, 1);
    assert!(taken.path.is_dir());
    assert_eq!(taken.tally, Tally::default());
    assert_eq!(
        workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap(),
        Shared::default()
    );
}

#[test]
fn agents_see_the_files_of_the_answer_shown_and_not_later_scratch_work() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("answer.py"), "42").unwrap();
    snapshot(&workspaces, 1);
    workspaces.clear(&agent("alpha")).unwrap();
    fs::write(ground.alpha("scratch.txt"), "hm").unwrap();
    snapshot(&workspaces, 2);

    let seen = ground.path("temporary/beta");
    let shared = workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap();
    assert_eq!(shared.folders, [seen.join("agent1")]);
    assert_eq!(names_below(&seen), ["agent1/", "agent1/answer.py"]);
    workspaces.share(&agent("beta"), &[label(0, 2)]).unwrap();
    assert_eq!(names_below(&seen), ["agent1/", "agent1/scratch.txt"]);
}

#[test]
fn what_an_agent_does_to_its_shared_folder_does_not_reach_the_snapshot() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "original").unwrap();
    let taken = snapshot(&workspaces, 1);
    workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap();
    fs::write(ground.path("temporary/beta/agent1/a.txt"), "changed").unwrap();
    assert_eq!(fs::read(taken.path.join("a.txt")).unwrap(), b"original");
}

#[test]
fn the_marker_survives_clearing_even_if_the_agent_removed_it() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let marker = ground.alpha(MARKER);
    fs::remove_file(&marker).unwrap();
    fs::create_dir_all(marker.join("x")).unwrap();
    workspaces.clear(&agent("alpha")).unwrap();
    assert!(
        fs::read_to_string(marker)
            .unwrap()
            .contains("MassGen owns this directory")
    );
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
}

#[test]
fn the_final_delivery_names_what_changed_since_the_answer() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    for (name, contents) in [("same.txt", "s"), ("edited.txt", "old"), ("gone.txt", "g")] {
        fs::write(ground.alpha(name), contents).unwrap();
    }
    snapshot(&workspaces, 1);
    workspaces.clear(&agent("alpha")).unwrap();
    fs::create_dir(ground.alpha("docs")).unwrap();
    for (name, contents) in [
        ("same.txt", "s"),
        ("edited.txt", "new"),
        ("docs/new.md", "n"),
    ] {
        fs::write(ground.alpha(name), contents).unwrap();
    }

    let destination = ground.path("log/final/alpha/workspace");
    let delivery = workspaces
        .deliver_final(&agent("alpha"), Some(label(0, 1)), &destination)
        .unwrap()
        .unwrap();
    assert_eq!(delivery.changes.added, [Path::new("docs/new.md")]);
    assert_eq!(delivery.changes.modified, [Path::new("edited.txt")]);
    assert_eq!(delivery.changes.removed, [Path::new("gone.txt")]);
    assert_eq!(
        names_below(&destination),
        ["docs/", "docs/new.md", "edited.txt", "same.txt"]
    );
    assert!(ground.alpha("edited.txt").exists());

    let again = workspaces
        .deliver_final(&agent("alpha"), None, &destination)
        .unwrap_err();
    assert!(
        again.to_string().contains("the copy for the log"),
        "{again}"
    );
}

#[test]
fn a_workspace_is_brought_back_to_what_it_was_at_an_answer() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("answer.py"), "42").unwrap();
    snapshot(&workspaces, 1);
    fs::remove_file(ground.alpha("answer.py")).unwrap();
    fs::write(ground.alpha("scratch.txt"), "hm").unwrap();

    let tally = workspaces.restore(&agent("alpha"), label(0, 1)).unwrap();
    assert_eq!((tally.files, tally.bytes), (1, 2));
    assert_eq!(
        names_below(&ground.path("workspaces/one")),
        [MARKER, "answer.py"]
    );
    workspaces.restore(&agent("alpha"), label(0, 2)).unwrap();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
}

#[test]
fn cleanup_removes_what_was_shared_and_nothing_else() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "a").unwrap();
    let taken = snapshot(&workspaces, 1);
    workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap();
    workspaces.cleanup().unwrap();
    assert_eq!(names_below(&ground.path("temporary")), [MARKER]);
    assert!(taken.path.join("a.txt").exists() && ground.alpha("a.txt").exists());
}

#[test]
fn an_agent_without_a_workspace_has_no_snapshot_and_sees_no_files() {
    let ground = Ground::new();
    let mut settings = ground.settings();
    settings.agents[1].1 = None;
    let workspaces = Workspaces::prepare(&settings).unwrap();
    assert_eq!(workspaces.workspace(&agent("beta")), None);
    assert_eq!(
        workspaces.snapshot(&agent("beta"), label(1, 1)).unwrap(),
        None
    );
    assert_eq!(
        workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap(),
        Shared::default()
    );
    assert_eq!(
        workspaces.share(&agent("alpha"), &[label(1, 1)]).unwrap(),
        Shared::default()
    );
    assert!(matches!(
        workspaces.clear(&agent("gamma")),
        Err(WorkspaceError::UnknownAgent(_))
    ));
}

#[test]
fn a_run_without_any_workspace_makes_no_directory() {
    let ground = Ground::new();
    let mut settings = ground.settings();
    settings
        .agents
        .iter_mut()
        .for_each(|(_, path)| *path = None);
    Workspaces::prepare(&settings).unwrap();
    assert_eq!(names_below(&ground.path("")), [] as [&str; 0]);
}

// F6
#[test]
fn each_agent_with_a_workspace_gets_its_folders_at_the_start() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    for id in ["alpha", "beta"] {
        assert!(ground.path("snapshots").join(id).is_dir());
        let temporary = ground.path("temporary").join(id);
        assert!(temporary.is_dir());
        assert_eq!(workspaces.temporary(&agent(id)), Some(temporary));
    }
}

// F9
#[test]
fn a_workspace_that_was_removed_meanwhile_gives_an_empty_snapshot_and_keeps_the_old_one() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "a").unwrap();
    snapshot(&workspaces, 1);
    fs::remove_dir_all(ground.path("workspaces/one")).unwrap();
    assert_eq!(snapshot(&workspaces, 2).tally, Tally::default());
    let shared = workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap();
    assert_eq!(fs::read(shared.folders[0].join("a.txt")).unwrap(), b"a");
}

// F16
#[test]
fn a_shared_folder_bears_its_authors_number_whoever_else_answered() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    ground.put("workspaces/two/b.txt", "b");
    workspaces.snapshot(&agent("beta"), label(1, 1)).unwrap();
    let shared = workspaces.share(&agent("alpha"), &[label(1, 1)]).unwrap();
    assert_eq!(shared.folders, [ground.path("temporary/alpha/agent2")]);
}

// F18: an answer comes back whole, and what did not change costs nothing (`store`).
#[test]
fn a_snapshot_leaves_out_no_name() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let names = [
        ".git/HEAD",
        ".env",
        "node_modules/x/index.js",
        "sub/.massgen-owned",
    ];
    for name in names {
        ground.put(&format!("workspaces/one/{name}"), name);
    }
    workspaces.snapshot(&agent("alpha"), label(0, 1)).unwrap();
    workspaces.restore(&agent("alpha"), label(0, 1)).unwrap();
    for name in names {
        assert_eq!(fs::read_to_string(ground.alpha(name)).unwrap(), name);
    }
}

#[test]
fn restored_and_shared_files_keep_modes_times_links_and_empty_directories() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let past = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    fs::create_dir_all(ground.alpha("src/empty")).unwrap();
    let script = ground.alpha("src/run.sh");
    fs::write(&script, "echo").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o555)).unwrap();
    symlink("run.sh", ground.alpha("src/link")).unwrap();
    for name in ["src/run.sh", "src/empty", "src"] {
        let file = fs::File::open(ground.alpha(name)).unwrap();
        file.set_modified(past).unwrap();
    }
    workspaces.snapshot(&agent("alpha"), label(0, 1)).unwrap();
    workspaces.restore(&agent("alpha"), label(0, 1)).unwrap();
    let shared = workspaces.share(&agent("beta"), &[label(0, 1)]).unwrap();
    for root in [ground.path("workspaces/one"), shared.folders[0].clone()] {
        let metadata = |name: &str| fs::symlink_metadata(root.join(name)).unwrap();
        assert_eq!(metadata("src/run.sh").mode() & 0o7777, 0o555);
        assert!(metadata("src/link").is_symlink() && metadata("src/empty").is_dir());
        for name in ["src/run.sh", "src/empty", "src"] {
            assert_eq!(metadata(name).modified().unwrap(), past, "{name}");
        }
    }
}
