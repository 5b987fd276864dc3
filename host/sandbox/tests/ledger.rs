//! What is counted and remembered of an agent's file operations: reads before a removal (`spec/04` §5), quotas, grants
//! that end while a file is open, and the audit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use massgen_config::{Limits, ReadBeforeDelete};
use massgen_permissions::audit::{Phase, Record};
use massgen_permissions::{Access, Grant, GrantKind, Operation, Policy, Rule, Verdict};
use massgen_sandbox::{Audit, AuditLog, GuestFilesystem, LimitKind, Outcome, Report};
use tempfile::TempDir;

/// A workspace `ws` and a context path `open`, which is writable in the final presentation.
struct Agent {
    _temporary: TempDir,
    folder: PathBuf,
    files: Arc<GuestFilesystem>,
    limits: Limits,
}

impl Agent {
    fn new() -> Self {
        Self::with(|files| files)
    }

    fn with(change: impl FnOnce(GuestFilesystem) -> GuestFilesystem) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        for name in ["ws", "open"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let policy = Policy::new(vec![
            Grant::tree(folder.join("ws"), GrantKind::Workspace, Access::Write),
            Grant::tree(folder.join("open"), GrantKind::Context, Access::Read)
                .writable_in_final_presentation(),
        ]);
        let files = GuestFilesystem::mirroring(policy, folder.join("ws")).unwrap();
        Self {
            _temporary: temporary,
            files: Arc::new(change(files)),
            folder,
            limits: guests::limits(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn has(&self, name: &str) -> bool {
        self.folder.join(name).symlink_metadata().is_ok()
    }

    /// Runs operations in which `@` stands for the folder.
    async fn report(&self, operations: &[&str]) -> Report {
        let folder = self.folder.to_str().unwrap();
        let operations: Vec<String> = operations
            .iter()
            .map(|operation| operation.replace('@', folder))
            .collect();
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        guests::run_within("files", &self.files, &operations, self.limits.clone()).await
    }

    async fn run(&self, operations: &[&str]) -> Vec<String> {
        let report = self.report(operations).await;
        assert_eq!(
            report.outcome,
            Outcome::Exited { code: 0 },
            "{}",
            report.stderr.to_text()
        );
        let lines = report.stdout.to_text();
        lines
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    fn presents(&self, presents: bool) {
        let mut policy = (*self.files.policy()).clone();
        policy.final_presentation = presents;
        self.files.set_policy(policy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_must_have_been_read_before_it_is_removed() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    // D5, D12; H5 to H7 mended: what counts is that bytes were read, by whatever tool.
    assert_eq!(
        agent.run(&["unlink @/ws/a.txt"]).await,
        ["error not-permitted"]
    );
    assert_eq!(
        agent.run(&["stat @/ws/a.txt", "unlink @/ws/a.txt"]).await[1],
        "error not-permitted"
    );
    assert!(agent.has("ws/a.txt"));
    assert_eq!(agent.run(&["read @/ws/a.txt"]).await, ["ok content"]);
    // A later call, as of another tool.
    assert_eq!(agent.run(&["unlink @/ws/a.txt"]).await, ["ok"]);
    assert!(!agent.has("ws/a.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_file_without_reading_it_is_not_reading() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    let lines = agent
        .run(&["open-read f @/ws/a.txt", "close f", "unlink @/ws/a.txt"])
        .await;
    assert_eq!(lines, ["ok", "ok", "error not-permitted"]);
    let lines = agent
        .run(&[
            "open-read f @/ws/a.txt",
            "read-stream f",
            "unlink @/ws/a.txt",
        ])
        .await;
    assert_eq!(lines, ["ok", "ok content", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_nothing_is_not_reading_unless_there_is_nothing() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    agent.write("ws/empty.txt", "");
    let lines = agent
        .run(&[
            "open-read f @/ws/a.txt",
            "nothing-open f",
            "read-open f 7",
            "unlink @/ws/a.txt",
            "read @/ws/empty.txt",
            "unlink @/ws/empty.txt",
        ])
        .await;
    let expected = ["ok", "ok", "ok", "error not-permitted", "ok", "ok"];
    assert_eq!(lines, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_does_not_become_generated_by_being_moved_unread() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    fs::create_dir(agent.folder.join("ws/build")).unwrap();
    let lines = agent
        .run(&[
            "rename @/ws/a.txt @/ws/build/a.txt",
            "rename @/ws/a.txt @/ws/a.log",
            "rename @/ws/a.txt @/ws/b.txt",
            "read @/ws/b.txt",
            "rename @/ws/b.txt @/ws/build/a.txt",
            "unlink @/ws/build/a.txt",
        ])
        .await;
    let refused = "error not-permitted";
    assert_eq!(lines, [refused, refused, "ok", "ok content", "ok", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_does_not_become_generated_while_it_holds_unread_files() {
    let agent = Agent::new();
    agent.write("ws/out/deep/a.txt", "content");
    agent.write("ws/out/m.pyc", "made by a program");
    let lines = agent
        .run(&[
            "rename @/ws/out @/ws/dist",
            "rename @/ws/out @/ws/other",
            "read @/ws/other/deep/a.txt",
            "rename @/ws/other @/ws/dist",
            "unlink @/ws/dist/deep/a.txt",
        ])
        .await;
    let refused = "error not-permitted";
    assert_eq!(lines, [refused, "ok", "ok content", "ok", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refusal_says_what_to_do() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    let report = agent.report(&["unlink @/ws/a.txt"]).await;
    let denial = report.denials.last().unwrap();
    assert_eq!(denial.rule, Rule::ReadBeforeDelete);
    assert!(
        denial.reason.contains("must be read before deletion"),
        "{}",
        denial.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_made_counts_as_read() {
    let agent = Agent::new();
    let lines = agent
        .run(&[
            "write @/ws/new.txt text",
            "unlink @/ws/new.txt",
            "create @/ws/empty",
            "unlink @/ws/empty",
        ])
        .await;
    assert_eq!(lines, ["ok", "ok", "ok", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_to_a_file_that_was_there_is_not_reading_it() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    let lines = agent
        .run(&["append @/ws/a.txt more", "unlink @/ws/a.txt"])
        .await;
    assert_eq!(lines, ["ok", "error not-permitted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_over_a_file_removes_it_and_asks_for_the_same() {
    let agent = Agent::new();
    agent.write("ws/old.txt", "nobody has seen this");
    let lines = agent
        .run(&[
            "write @/ws/new.txt text",
            "rename @/ws/new.txt @/ws/old.txt",
            "read @/ws/old.txt",
            "rename @/ws/new.txt @/ws/old.txt",
            "read @/ws/old.txt",
        ])
        .await;
    assert_eq!(
        lines,
        [
            "ok",
            "error not-permitted",
            "ok nobody has seen this",
            "ok",
            "ok text"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_of_the_same_name_is_another_file() {
    // D17 and D18 mended: what is remembered is the file and not its name.
    let agent = Agent::new();
    agent.write("ws/a.txt", "first");
    agent.write("ws/keeps-the-number-of-a", "x");
    assert_eq!(agent.run(&["read @/ws/a.txt"]).await, ["ok first"]);
    let path = agent.folder.join("ws/a.txt");
    fs::rename(agent.folder.join("ws/keeps-the-number-of-a"), &path).unwrap();
    assert_eq!(
        agent.run(&["unlink @/ws/a.txt"]).await,
        ["error not-permitted"]
    );
    assert_eq!(fs::read_to_string(path).unwrap(), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_file_stays_read() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    let lines = agent
        .run(&[
            "read @/ws/a.txt",
            "rename @/ws/a.txt @/ws/b.txt",
            "unlink @/ws/b.txt",
        ])
        .await;
    assert_eq!(lines, ["ok content", "ok", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_files_go_unread_wherever_below_the_grant_they_lie() {
    // D13, D14.
    let agent = Agent::new();
    let generated = [
        "__pycache__/m.pyc",
        "m.pyc",
        "m.pyo",
        ".pytest_cache/v",
        ".mypy_cache/x",
        ".ruff_cache/x",
        ".coverage",
        "p.egg-info/PKG-INFO",
        ".tox/x",
        ".nox/x",
        "node_modules/a/b.js",
        ".next/x",
        ".nuxt/x",
        "dist/a.js",
        "deep/build/a.o",
        ".DS_Store",
        "Thumbs.db",
        "run.log",
        ".a.swp",
        "a.swo",
        "a~",
    ];
    for name in generated {
        agent.write(&format!("ws/{name}"), "made by a program");
    }
    for name in generated {
        let operation = format!("unlink @/ws/{name}");
        assert_eq!(agent.run(&[&operation]).await, ["ok"], "{name}");
    }
    // D15 mended: an ending is one of a name, and of more than itself.
    for name in [
        "x.DS_Store",
        "foo.coverage",
        "sub.tox",
        "builds/a",
        "dist.txt",
        "log",
        "a.log.txt",
    ] {
        agent.write(&format!("ws/{name}"), "made by a person");
        let operation = format!("unlink @/ws/{name}");
        assert_eq!(
            agent.run(&[&operation]).await,
            ["error not-permitted"],
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_above_the_grant_makes_nothing_generated() {
    // D15 mended.
    let temporary = tempfile::tempdir().unwrap();
    let workspace = temporary.path().canonicalize().unwrap().join("build/ws");
    fs::create_dir_all(&workspace).unwrap();
    fs::write(workspace.join("a.txt"), "content").unwrap();
    let files = guests::workspace(workspace.clone());
    let operation = format!("unlink {}/a.txt", workspace.display());
    let report = guests::run_command("files", &files, &[&operation]).await;
    assert_eq!(report.stdout.to_text(), "error not-permitted\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_empty_directories_go_unread() {
    let agent = Agent::new();
    agent.write("ws/target.txt", "content");
    fs::create_dir(agent.folder.join("ws/empty")).unwrap();
    std::os::unix::fs::symlink("target.txt", agent.folder.join("ws/link")).unwrap();
    let lines = agent.run(&["unlink @/ws/link", "rmdir @/ws/empty"]).await;
    assert_eq!(lines, ["ok", "ok"]);
    assert!(agent.has("ws/target.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_can_be_switched_off() {
    // D7, and D10 mended: for every way to remove.
    let agent = Agent::with(|files| files.with_read_before_delete(ReadBeforeDelete::Off));
    agent.write("ws/a.txt", "content");
    assert_eq!(agent.run(&["unlink @/ws/a.txt"]).await, ["ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_agents_reading_does_not_count_for_another() {
    let agent = Agent::new();
    agent.write("ws/a.txt", "content");
    let other = guests::workspace(agent.folder.join("ws"));
    agent.run(&["read @/ws/a.txt"]).await;
    let operation = format!("unlink {}/ws/a.txt", agent.folder.display());
    let report = guests::run_command("files", &other, &[&operation]).await;
    assert_eq!(report.stdout.to_text(), "error not-permitted\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_writes_no_more_bytes_than_its_quota() {
    let mut agent = Agent::new();
    agent.limits.written_bytes = 1 << 20;
    let report = agent.report(&["fill @/ws/big 10000000"]).await;
    assert_eq!(report.stdout.to_text(), format!("ok {} quota\n", 1 << 20));
    let length = fs::metadata(agent.folder.join("ws/big")).unwrap().len();
    assert_eq!(length, 1 << 20);
    let denial = report.denials.last().unwrap();
    assert_eq!(denial.rule, Rule::Quota);
    assert!(
        denial.reason.contains("`sandbox.written`"),
        "{}",
        denial.reason
    );
    // The next call begins anew.
    assert_eq!(
        agent.run(&["fill @/ws/other 65536"]).await,
        ["ok 65536 done"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rewriting_the_same_bytes_is_writing_too() {
    let mut agent = Agent::new();
    agent.limits.written_bytes = 10;
    let lines = agent
        .run(&[
            "open-write f @/ws/a",
            "write-open f 12345",
            "write-stream f 12345",
            "write-stream f 6",
            "append @/ws/a 6",
        ])
        .await;
    assert_eq!(lines, ["ok", "ok", "ok", "error quota", "error quota"]);
    assert_eq!(
        fs::read_to_string(agent.folder.join("ws/a")).unwrap(),
        "12345"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_calls_of_an_agent_share_its_quota() {
    let mut agent = Agent::new();
    agent.limits.written_bytes_per_agent = 3 << 16;
    assert_eq!(agent.run(&["fill @/ws/a 131072"]).await, ["ok 131072 done"]);
    let report = agent.report(&["fill @/ws/b 131072"]).await;
    assert_eq!(report.stdout.to_text(), "ok 65536 quota\n");
    let reason = &report.denials.last().unwrap().reason;
    assert!(reason.contains("`sandbox.written_per_agent`"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_grows_beyond_its_limit_however_it_is_made_to() {
    let mut agent = Agent::new();
    agent.limits.largest_file = 100;
    let report = agent
        .report(&[
            "open-write f @/ws/a",
            "size-open f 101",
            "size-open f 100",
            "write-stream f x",
            "append @/ws/a y",
            "fill @/ws/b 65536",
        ])
        .await;
    let lines = report.stdout.to_text();
    let lines: Vec<_> = lines.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        ["ok", "error quota", "ok", "ok", "error quota", "ok 0 quota"]
    );
    let reason = &report.denials.last().unwrap().reason;
    assert!(reason.contains("`sandbox.largest_file`"), "{reason}");
    assert_eq!(fs::metadata(agent.folder.join("ws/a")).unwrap().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_and_an_agent_make_only_so_many_names() {
    let mut agent = Agent::new();
    agent.limits.new_files = 5;
    agent.limits.new_files_per_agent = 8;
    assert_eq!(agent.run(&["make @/ws 6"]).await, ["ok 5 quota"]);
    let report = agent
        .report(&[
            "mkdir @/ws/d",
            "symlink x @/ws/l",
            "link @/ws/0 @/ws/h",
            "create @/ws/d/f",
            "mkdir @/ws/e",
        ])
        .await;
    let lines = report.stdout.to_text();
    let lines: Vec<_> = lines.lines().map(str::trim_end).collect();
    assert_eq!(lines, ["ok", "ok", "ok", "error quota", "error quota"]);
    let reason = &report.denials.last().unwrap().reason;
    assert!(reason.contains("`sandbox.new_files_per_agent`"), "{reason}");
    // What exists may still be written: it is no new name.
    assert_eq!(agent.run(&["write @/ws/0 text"]).await, ["ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_a_tool_met_is_the_outcome_of_its_call() {
    let kind = massgen_sandbox::PluginKind::Tools;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/artifacts");
    let bytes = fs::read(path.join("filesystem.wasm")).expect("built by `cargo xtask plugins`");
    let plugin = guests::sandbox()
        .load_bytes(guests::manifest("filesystem", kind), &bytes)
        .unwrap();
    let agent = Agent::new();
    let entry = massgen_sandbox::Entry::Tool {
        name: "write_file".to_owned(),
        arguments: r#"{"path": "a.txt", "content": "more than four bytes"}"#.to_owned(),
    };
    let limits = Limits {
        written_bytes: 4,
        ..guests::limits()
    };
    let invocation = massgen_sandbox::Invocation::new(entry, limits);
    let report = guests::sandbox()
        .call(
            &plugin,
            &agent.files,
            invocation,
            &massgen_sandbox::Cancel::default(),
        )
        .await;
    match report.outcome {
        Outcome::Limit {
            limit: LimitKind::Written,
            message,
        } => {
            assert!(message.contains("`sandbox.written`"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_descriptor_kept_across_a_revocation_writes_no_more() {
    // R23 mended, for files that are open too.
    let agent = Agent::new();
    agent.write("open/report.md", "before");
    agent.presents(true);
    let operations = [
        "open-write f @/open/report.md",
        "write-open f during",
        "write @/ws/ready x",
        "await @/ws/go",
        "write-open f after1",
        "write-stream f after2",
        "size-open f 0",
        "touch-open f",
        "write @/open/report.md after3",
    ];
    let (lines, ()) = tokio::join!(agent.run(&operations), async {
        while !agent.has("ws/ready") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        agent.presents(false);
        agent.write("ws/go", "");
    });
    assert_eq!(lines[..4], ["ok", "ok", "ok", "ok"]);
    assert_eq!(lines[4..], ["error not-permitted"; 5]);
    assert_eq!(
        fs::read_to_string(agent.folder.join("open/report.md")).unwrap(),
        "during"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_taken_away_ends_reading_too() {
    let agent = Agent::new();
    agent.write("open/a.txt", "content");
    let operations = [
        "open-read f @/open/a.txt",
        "read-open f",
        "write @/ws/ready x",
        "await @/ws/go",
        "read-open f",
        "read-stream f",
        "list @/open",
    ];
    let (lines, ()) = tokio::join!(agent.run(&operations), async {
        while !agent.has("ws/ready") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let grants = agent.files.policy().grants.clone();
        agent.files.set_policy(Policy::new(grants[..1].to_vec()));
        agent.write("ws/go", "");
    });
    assert_eq!(
        lines,
        [
            "ok",
            "ok content",
            "ok",
            "ok",
            "error no-entry",
            "error no-entry",
            "error no-entry"
        ]
    );
}

/// The audit file of what `operations` did.
async fn audited(operations: &[&str]) -> (Vec<Record>, PathBuf, TempDir) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("audit.jsonl");
    let log = AuditLog::append_to(&file).unwrap();
    let audit = Audit {
        log: log.clone(),
        run: "log_1".to_owned(),
        agent: "one".to_owned(),
    };
    let agent = Agent::with(|files| files.audited(audit));
    agent.write("open/a.txt", "content");
    agent.run(operations).await;
    log.flush().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (records.collect(), agent.folder.clone(), place)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_is_recorded_allowed_or_refused() {
    let (records, folder, _place) = audited(&[
        "read @/open/a.txt",
        "write @/open/a.txt x",
        "read /etc/passwd",
    ])
    .await;
    let found = |operation, path: &Path, verdict, rule| {
        records.iter().any(|record| {
            (record.operation, record.verdict, record.rule) == (operation, verdict, rule)
                && Path::new(&record.path) == path
                && record.times == 1
        })
    };
    let context = folder.join("open/a.txt");
    assert!(
        found(Operation::Read, &context, Verdict::Allow, Rule::Granted),
        "{records:#?}"
    );
    assert!(
        found(
            Operation::Write,
            &context,
            Verdict::Deny,
            Rule::ReadOnlyGrant
        ),
        "{records:#?}"
    );
    let outside = Path::new("/etc/passwd");
    assert!(
        found(Operation::Read, outside, Verdict::Deny, Rule::OutsideGrants),
        "{records:#?}"
    );
    for record in &records {
        assert_eq!(record.call.run, "log_1");
        assert_eq!(record.call.agent, "one");
        assert_eq!(
            (record.call.plugin.as_str(), record.call.tool.as_str()),
            ("files", "files")
        );
        assert_eq!(record.call.digest.len(), 64);
        assert_eq!(record.phase, Phase::Coordination);
        assert!(record.at > 1_700_000_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_are_counted_and_bytes_are_told() {
    let (records, folder, _place) = audited(&[
        "read @/open/a.txt",
        "read @/open/a.txt",
        "read @/open/a.txt",
        "write @/ws/b.txt four",
        "append @/ws/b.txt five5",
    ])
    .await;
    let of = |name: &str, operation| {
        let path = folder.join(name);
        let records = records
            .iter()
            .filter(move |record| Path::new(&record.path) == path && record.operation == operation);
        let times: u64 = records.clone().map(|record| record.times).sum();
        let bytes: u64 = records.clone().filter_map(|record| record.bytes).sum();
        (records.count(), times, bytes)
    };
    assert_eq!(of("open/a.txt", Operation::Read), (2, 3, 21));
    let (_, times, bytes) = of("ws/b.txt", Operation::Write);
    assert_eq!((times, bytes), (2, 9));
}

#[test]
fn the_audit_file_is_appended_to_and_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("audit.jsonl");
    fs::write(&file, "{}\n").unwrap();
    fs::remove_file(&file).unwrap();
    for _ in 0..2 {
        let log = AuditLog::append_to(&file).unwrap();
        log.record(Record {
            at: 1,
            call: Arc::default(),
            phase: Phase::FinalPresentation,
            operation: Operation::Write,
            path: "/x".to_owned(),
            verdict: Verdict::Allow,
            rule: Rule::Granted,
            times: 1,
            bytes: None,
        });
    }
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 2);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
