//! Commands that start commands: streams, exits, limits that the whole tree shares, and rights that only narrow.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use massgen_config::Limits;
use massgen_permissions::audit::Record;
use massgen_permissions::{Access, Grant, GrantKind, Policy, Rule};
use massgen_sandbox::{
    Cancel, Commands, Entry, GuestFilesystem, Invocation, LimitKind, LoadError, Manifest, Outcome,
    PluginKind, Report, Sandbox,
};
use tempfile::TempDir;

struct Scene {
    _temporary: TempDir,
    folder: PathBuf,
    files: Arc<GuestFilesystem>,
    limits: Limits,
}

fn manifest() -> Manifest {
    let mut manifest = guests::manifest("family", PluginKind::Command);
    manifest.imports.push("massgen:plugin/process".to_owned());
    manifest.provides = vec!["family".to_owned(), "kin".to_owned()];
    manifest
}

fn sandbox() -> Sandbox {
    let plugin = guests::sandbox()
        .load_bytes(manifest(), &guests::component("family"))
        .unwrap();
    guests::sandbox().with_commands(Commands::of([&plugin]).unwrap())
}

impl Scene {
    fn new() -> Self {
        Self::with(|files| files)
    }

    fn with(change: impl FnOnce(GuestFilesystem) -> GuestFilesystem) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        fs::create_dir(folder.join("ws")).unwrap();
        fs::write(folder.join("secret"), "secret").unwrap();
        let grant = Grant::tree(folder.join("ws"), GrantKind::Workspace, Access::Write);
        let files = GuestFilesystem::mirroring(Policy::new(vec![grant]), folder.join("ws"));
        Self {
            _temporary: temporary,
            files: Arc::new(change(files.unwrap())),
            folder,
            limits: guests::limits(),
        }
    }

    fn limited(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    fn path(&self, name: &str) -> String {
        self.folder.join("ws").join(name).display().to_string()
    }

    async fn report(&self, words: &[&str]) -> Report {
        let sandbox = sandbox();
        let plugin = sandbox.commands().find("family").unwrap();
        let name = std::iter::once("family");
        let entry = Entry::Command {
            arguments: name
                .chain(words.iter().copied())
                .map(str::to_owned)
                .collect(),
            stdin: Vec::new(),
        };
        let mut invocation = Invocation::new(entry, self.limits.clone());
        let at = self.folder.join("ws").display().to_string();
        invocation.environment.push(("AT".to_owned(), at));
        invocation.call_id = "call-7".to_owned();
        sandbox
            .call(&plugin, &self.files, invocation, &Cancel::default())
            .await
    }

    /// What the scene printed.
    async fn play(&self, words: &[&str]) -> String {
        let report = self.report(words).await;
        assert_eq!(
            report.outcome,
            Outcome::Exited { code: 0 },
            "{}{}",
            report.stdout.to_text(),
            report.stderr.to_text()
        );
        report.stdout.to_text()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_known_by_the_names_that_their_manifests_provide() {
    assert_eq!(Scene::new().play(&["programs"]).await, "family kin\n");
}

#[test]
fn two_plugins_do_not_provide_the_same_command() {
    let sandbox = guests::sandbox();
    let component = guests::component("family");
    let first = sandbox.load_bytes(manifest(), &component).unwrap();
    let mut other = manifest();
    other.name = "cousin".to_owned();
    let second = sandbox.load_bytes(other, &component).unwrap();
    let error = Commands::of([&first, &second]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the plugins `family` and `cousin` both provide the command `family`. Use one of them."
    );
}

#[test]
fn a_component_that_starts_commands_must_declare_it() {
    let undeclared = guests::manifest("family", PluginKind::Command);
    let refused = guests::sandbox().load_bytes(undeclared, &guests::component("family"));
    let Err(LoadError::Undeclared { imports, .. }) = refused else {
        panic!("loaded")
    };
    assert_eq!(imports, ["massgen:plugin/process@0.1.0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_carries_what_one_command_writes_to_the_next() {
    assert_eq!(
        Scene::new().play(&["pipeline"]).await,
        "QUIET\nexited 0, exited 0\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_told_that_nobody_reads_its_output_any_more() {
    assert_eq!(
        Scene::new().play(&["closed-pipe"]).await,
        "read 10\nexited 141\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_reads_what_its_child_writes() {
    assert_eq!(
        Scene::new().play(&["substitution"]).await,
        "[inner]\nexited 0\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_and_unknown_commands_are_told() {
    let scene = Scene::new();
    assert_eq!(scene.play(&["run", "exit", "42"]).await, "exited 42\n");
    assert_eq!(
        scene.play(&["run", "environment"]).await,
        "GREETING=hello\nexited 0\n"
    );
    let here = scene.path("");
    assert_eq!(
        scene.play(&["run", "where"]).await,
        format!("{}\nexited 0\n", here.trim_end_matches('/'))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_share_a_file_share_its_position() {
    let scene = Scene::new();
    let path = scene.path("log");
    let told = scene.play(&["shared-position", &path]).await;
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "parent child\nparent again\nappended\n"
    );
    assert_eq!(told, "exist\nparent child\nrest: parent again\nappended\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_opened_for_streams_under_the_same_rules() {
    let scene = Scene::new();
    let outside = scene.folder.join("secret").display().to_string();
    let report = scene.report(&["open", &outside]).await;
    assert_eq!(report.stdout.to_text(), "no-entry\nnot-permitted\n");
    assert_eq!(report.denials[0].rule, Rule::OutsideGrants);
    std::os::unix::fs::symlink(&outside, scene.path("link")).unwrap();
    let report = scene.report(&["open", &scene.path("link")]).await;
    assert_eq!(report.stdout.to_text(), "no-entry\nnot-permitted\n");
    let report = scene.report(&["open", &scene.path("")]).await;
    assert_eq!(report.stdout.to_text(), "is-directory\nis-directory\n");
    assert_eq!(fs::read_to_string(outside).unwrap(), "secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_computes_or_sleeps_is_killed_at_once() {
    let scene = Scene::new();
    let report = scene.report(&["kill"]).await;
    assert_eq!(report.stdout.to_text(), "killed\nkilled\n");
    assert!(report.elapsed < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn children_end_with_their_parent() {
    let scene = Scene::new();
    let report = scene.report(&["leave"]).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    assert!(
        report.elapsed < Duration::from_secs(10),
        "{:?}",
        report.elapsed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_commands_is_limited_and_the_limit_named() {
    let scene = Scene::new().limited(|limits| limits.commands = 5);
    let report = scene.report(&["many", "9"]).await;
    assert_eq!(
        report.stdout.to_text(),
        "5 started, then refused: one call may run no more than 5 commands at one time \
         (`sandbox.commands`)\nexited 0\n",
        "places are free again when commands have ended"
    );
    assert_eq!(report.limit.unwrap().kind, LimitKind::Commands);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_stays_within_the_number_of_commands() {
    let scene = Scene::new().limited(|limits| limits.call_time = Duration::from_secs(2));
    let report = scene.report(&["bomb"]).await;
    assert_eq!(report.limit.unwrap().kind, LimitKind::Commands);
    assert_eq!(Scene::new().play(&["run", "exit", "0"]).await, "exited 0\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_all_commands_together_is_limited() {
    let scene = Scene::new();
    assert_eq!(scene.play(&["run", "hog", "40"]).await, "40\nexited 0\n");
    let report = scene.report(&["two-hogs", "40"]).await;
    let told = report.stdout.to_text();
    assert!(
        told.contains("limit: the program needed more than its 64 MiB of memory"),
        "{told}"
    );
    assert_eq!(report.limit.unwrap().kind, LimitKind::Memory);
    assert!(report.peak_memory <= 64 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_the_whole_tree_and_keeps_what_was_written() {
    let scene = Scene::new().limited(|limits| limits.call_time = Duration::from_millis(300));
    let report = scene.report(&["run", "spin"]).await;
    assert_eq!(
        report.outcome,
        Outcome::Timeout {
            after: Duration::from_millis(300)
        }
    );
    assert!(report.elapsed < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_children_write_counts_against_the_calls_quota() {
    let scene = Scene::new().limited(|limits| limits.written_bytes = 1_000);
    let report = scene
        .report(&["run", "fill", &scene.path("a"), "900"])
        .await;
    assert_eq!(report.stdout.to_text(), "exited 0\n");
    assert_eq!(report.limit, None);
    let both = scene
        .report(&["run", "run", "fill", &scene.path("b"), "1001"])
        .await;
    assert_eq!(both.limit.unwrap().kind, LimitKind::Written);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_may_be_given_fewer_rights_and_its_children_get_no_more() {
    let scene = Scene::new();
    fs::write(scene.path("note"), "words\n").unwrap();
    let (note, new) = (scene.path("note"), scene.path("new"));
    for way in [["run-reading"].as_slice(), &["run-reading", "run"]] {
        let words = [way, &["show", &note]].concat();
        assert!(scene.play(&words).await.starts_with("words\n"), "{way:?}");
        let words = [way, &["fill", &new, "3"]].concat();
        let report = scene.report(&words).await;
        assert!(report.stdout.to_text().contains("exited 1"), "{way:?}");
        assert_eq!(report.denials[0].rule, Rule::ReadOnlyGrant, "{way:?}");
        assert!(!Path::new(&new).exists());
    }
    let report = scene.report(&["run-blind", "run", "show", &note]).await;
    assert!(report.stdout.to_text().starts_with("exited 1\n"));
    assert!(!report.stdout.to_text().contains("words"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_names_the_command_that_touched_a_file() {
    let temporary = tempfile::tempdir().unwrap();
    let log = temporary.path().join("audit.jsonl");
    let audit = guests::audit(&log);
    {
        let scene = Scene::with(|files| files.audited(audit));
        scene.play(&["run", "fill", &scene.path("made"), "3"]).await;
    }
    let text = fs::read_to_string(log).unwrap();
    let records: Vec<Record> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let made = records.iter().find(|record| record.path.ends_with("/made"));
    let call = &made.unwrap().call;
    assert_eq!(
        (call.tool.as_str(), call.call.as_str()),
        ("family", "call-7")
    );
    assert_eq!(call.plugin, "family");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_limit_on_handles_more_are_refused_and_those_held_can_be_used() {
    let scene = Scene::new().limited(|limits| limits.open_files = 40);
    let report = scene.report(&["hoard"]).await;
    let told = report.stdout.to_text();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(report.outcome, Outcome::Exited { code: 0 }, "{told}");
    assert!(
        lines[0].ends_with(
            "pipes, then refused: a program may hold no more than 40 open files, pipes and \
             children (`sandbox.open_files`)"
        ),
        "{told}"
    );
    assert_eq!(lines[1..3], ["true", "true"], "{told}");
    assert!(lines[3].ends_with(" used"), "{told}");
    assert_eq!(
        lines[4], "exited 0",
        "handles are free again when they were dropped"
    );
    assert_eq!(report.limit.unwrap().kind, LimitKind::Handles);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_read_without_what_follows_it() {
    let scene = Scene::new();
    let path = scene.path("lines");
    fs::write(&path, "one\ntwo\nthree").unwrap();
    assert_eq!(
        scene.play(&["lines", &path]).await,
        "Ok(\"one\\n\")\ntwo\nSome(Ok(\"three\"))\nNone\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_asks_for_it_ends_by_a_write_that_nobody_reads() {
    let told = Scene::new().play(&["signal"]).await;
    assert_eq!(told, "read 10\nexited 141\n");
}
