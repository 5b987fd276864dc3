//! The local lane with real processes: what a command reaches, and how it ends.
//!
//! It needs bubblewrap, which `.ci/run` installs. Where it is missing or may not work, these tests say so on standard
//! error and check nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use massgen_config::Limits;
use massgen_lanes::{Local, NativeCommand, View};
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{Cancel, Outcome, Report};
use tempfile::TempDir;

/// A workspace `w`, a context path `c` with a secret and a protected file, and something outside.
struct Place {
    #[expect(dead_code, reason = "removed when dropped")]
    directory: TempDir,
    root: PathBuf,
    lane: Local,
    limits: Limits,
}

impl Place {
    /// None where the machine cannot run the lane.
    async fn new() -> Option<Self> {
        let lane = match Local::find().await {
            Ok(lane) => lane,
            Err(reason) => {
                // Past the capture of tests that pass.
                let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
                return None;
            }
        };
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for (path, text) in [
            ("w/own", "own\n"),
            ("c/read", "context\n"),
            ("c/.env", "TOKEN=secret\n"),
            ("c/kept/file", "kept\n"),
            ("c/above/kept", "kept\n"),
            ("c/.ssh/public/key", "public\n"),
            ("outside", "outside\n"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Some(Self {
            directory,
            root,
            lane,
            limits: Limits {
                call_time: Duration::from_secs(20),
                ..Limits::default()
            },
        })
    }

    fn policy(&self) -> Policy {
        Policy::new(vec![
            Grant::tree(self.root.join("w"), GrantKind::Workspace, Access::Write),
            Grant::tree(self.root.join("c"), GrantKind::Context, Access::Write)
                .writable_in_final_presentation()
                .protecting([self.root.join("c/kept"), self.root.join("c/above/kept")]),
            Grant::tree(
                self.root.join("c/.ssh/public"),
                GrantKind::Context,
                Access::Read,
            ),
        ])
    }

    async fn run(&self, line: &str) -> Report {
        self.run_under(&self.policy(), line).await
    }

    async fn run_under(&self, policy: &Policy, line: &str) -> Report {
        let command = NativeCommand {
            line: line.to_owned(),
            working_directory: self.root.join("w"),
            limits: self.limits.clone(),
        };
        let view = View::of(policy).unwrap();
        self.lane.run(&command, &view, &Cancel::default()).await
    }
}

/// The place, or the end of the test.
macro_rules! place {
    () => {
        match Place::new().await {
            Some(place) => place,
            None => return,
        }
    };
}

fn assert_exit(report: &Report, code: u8) {
    assert_eq!(report.outcome, Outcome::Exited { code }, "{report:?}");
}

/// It ran, and ended with an error of its own.
fn assert_failed(report: &Report) {
    assert!(
        matches!(report.outcome, Outcome::Exited { code: 1.. }),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_command_line_works_in_the_workspace_with_the_machines_programs() {
    let place = place!();
    let report = place
        .run("pwd; cat own | tr a-z A-Z; echo done > made; echo told >&2; exit 3")
        .await;
    assert_exit(&report, 3);
    let workspace = place.root.join("w");
    assert_eq!(
        report.stdout.to_text(),
        format!("{}\nOWN\n", workspace.display())
    );
    assert_eq!(report.stderr.to_text(), "told\n");
    assert_eq!(
        fs::read_to_string(workspace.join("made")).unwrap(),
        "done\n"
    );
}

#[tokio::test]
async fn e1_e2_no_text_is_taken_for_danger_and_danger_reaches_nothing() {
    let place = place!();
    let harmless = place
        .run("echo dd sudo chmod; chmod +x own; rm -rf /tmp/x")
        .await;
    assert_exit(&harmless, 0);
    let report = place
        .run("rm -fr --no-preserve-root / 2> /dev/null; ls own")
        .await;
    assert_failed(&report);
    let left = |path: &str| place.root.join(path).exists();
    assert!(left("outside") && left("c/read") && left("c/kept/file"));
    assert!(!left("w/own"), "the workspace is the command's to empty");
}

#[tokio::test]
async fn nothing_outside_the_grants_is_there() {
    let place = place!();
    let line = format!(
        "cat {0}/outside {0}/w/../outside; cat /etc/shadow /etc/passwd; ls -A {0} /root /home; cat own",
        place.root.display()
    );
    let report = place.run(&line).await;
    let told = format!("{0}:\nc\nw\nown\n", place.root.display());
    assert_eq!(report.stdout.to_text(), told, "{report:?}");
}

#[tokio::test]
async fn a_link_in_the_workspace_leads_nowhere_outside() {
    let place = place!();
    std::os::unix::fs::symlink(place.root.join("outside"), place.root.join("w/link")).unwrap();
    let report = place
        .run("cat link || ln -s /etc/hostname h && cat h")
        .await;
    assert_failed(&report);
    assert_eq!(report.stdout.to_text(), "");
}

#[tokio::test]
async fn a_hidden_file_reads_as_empty() {
    let place = place!();
    let line = format!(
        "cat {0}/c/.env && echo read; echo x > {0}/c/.env",
        place.root.display()
    );
    let report = place.run(&line).await;
    assert_eq!(report.stdout.to_text(), "read\n");
    assert_failed(&report);
    let kept = fs::read_to_string(place.root.join("c/.env")).unwrap();
    assert_eq!(kept, "TOKEN=secret\n");
}

#[tokio::test]
async fn a_hidden_directory_is_empty_but_for_what_is_granted_in_it() {
    let place = place!();
    fs::write(place.root.join("c/.ssh/id"), "secret\n").unwrap();
    let line = format!(
        "cd {0}/c/.ssh && ls -A && cat public/key && touch new",
        place.root.display()
    );
    let report = place.run(&line).await;
    assert_eq!(report.stdout.to_text(), "public\npublic\n");
    assert!(
        report.stderr.to_text().contains("Read-only file system"),
        "{report:?}"
    );
}

#[tokio::test]
async fn e10_a_context_path_is_written_in_the_final_presentation_alone() {
    let place = place!();
    let line = format!("echo new > {}/c/made", place.root.display());
    let mut policy = place.policy();
    let report = place.run_under(&policy, &line).await;
    assert_failed(&report);
    assert!(
        report.stderr.to_text().contains("Read-only file system"),
        "{report:?}"
    );
    policy.final_presentation = true;
    assert_exit(&place.run_under(&policy, &line).await, 0);
    assert_eq!(
        fs::read_to_string(place.root.join("c/made")).unwrap(),
        "new\n"
    );
}

#[tokio::test]
async fn a_protected_path_is_neither_changed_nor_moved() {
    let place = place!();
    let mut policy = place.policy();
    policy.final_presentation = true;
    for line in [
        "echo x > kept/file",
        "rm -rf kept",
        "mv kept moved",
        "mv above moved",
        "rm -rf above",
        "ln -f above/kept alias && echo x > alias",
        "mount -o remount,rw kept",
        "umount kept",
    ] {
        let line = format!("cd {}/c && {line}", place.root.display());
        let report = place.run_under(&policy, &line).await;
        assert_failed(&report);
        for kept in ["c/kept/file", "c/above/kept"] {
            let kept = fs::read_to_string(place.root.join(kept)).unwrap();
            assert_eq!(kept, "kept\n", "{line}");
        }
    }
}

#[tokio::test]
async fn e10_there_is_no_network() {
    let place = place!();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = format!("exec 3<> /dev/tcp/127.0.0.1/{port} && echo connected");
    let report = place.run(&line).await;
    assert_failed(&report);
    assert_eq!(report.stdout.to_text(), "");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
    assert_eq!(
        place
            .run("ls /sys/class/net /dev/net")
            .await
            .stdout
            .to_text(),
        ""
    );
}

/// Processes of this machine whose arguments hold `mark`.
fn alive(mark: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_marked = |entry: &fs::DirEntry| {
        fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
    };
    processes.filter(is_marked).count()
}

/// Waits some time for the kernel to bury them.
async fn assert_none_alive(mark: &str) {
    let started = Instant::now();
    while alive(mark) > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{mark} is alive"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn e6_at_the_end_of_its_time_the_whole_tree_is_gone_and_the_output_is_kept() {
    let mut place = place!();
    place.limits.call_time = Duration::from_millis(700);
    let line = "echo early; (setsid sleep 4711.5 &); trap '' TERM INT; sleep 4711.5 & sleep 4711.5";
    let report = place.run(line).await;
    let after = place.limits.call_time;
    assert_eq!(report.outcome, Outcome::Timeout { after });
    assert_eq!(report.stdout.to_text(), "early\n");
    assert!(
        report.elapsed < Duration::from_secs(5),
        "{:?}",
        report.elapsed
    );
    assert_none_alive("4711.5").await;
}

#[tokio::test]
async fn e6_what_a_command_leaves_behind_ends_with_it() {
    let place = place!();
    let report = place
        .run("setsid nohup sleep 4712.5 > /dev/null 2>&1 & echo started")
        .await;
    assert_exit(&report, 0);
    assert_eq!(report.stdout.to_text(), "started\n");
    assert_none_alive("4712.5").await;
}

#[tokio::test]
async fn a_cancelled_command_ends_at_once() {
    let place = place!();
    let command = NativeCommand {
        line: "echo early; sleep 4713.5".to_owned(),
        working_directory: place.root.join("w"),
        limits: place.limits.clone(),
    };
    let (view, cancel) = (View::of(&place.policy()).unwrap(), Cancel::default());
    let running = place.lane.run(&command, &view, &cancel);
    let (report, ()) = tokio::join!(running, async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        cancel.cancel();
    });
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert_eq!(report.stdout.to_text(), "early\n");
    assert_none_alive("4713.5").await;
}

#[tokio::test]
async fn e7_a_flood_of_output_is_cut_while_it_comes() {
    let mut place = place!();
    place.limits.output_bytes = 1000;
    let report = place
        .run("head -c 50000000 /dev/zero | tr '\\0' x; head -c 1500 /dev/zero >&2")
        .await;
    assert_exit(&report, 0);
    assert_eq!(report.stdout.bytes.len(), 1000);
    assert_eq!(report.stdout.dropped, 49_999_000);
    assert!(
        report
            .stdout
            .to_text()
            .ends_with("... (truncated, exceeded 1000 bytes by 49999000)")
    );
    assert_eq!(report.stderr.dropped, 500);
}

#[tokio::test]
async fn e8_output_that_is_no_text_is_shown_with_replacement_characters() {
    let place = place!();
    let report = place.run("printf 'a\\377b'").await;
    assert_exit(&report, 0);
    assert_eq!(report.stdout.to_text(), "a\u{fffd}b");
}

#[tokio::test]
async fn e9_the_environment_holds_nothing_of_ours_and_a_virtual_environment_comes_first() {
    let place = place!();
    let names = place.run("env | cut -d= -f1 | sort | tr '\\n' ' '").await;
    assert_eq!(
        names.stdout.to_text(),
        "HOME LANG LOGNAME PATH PWD SHLVL TERM USER _ "
    );
    let program = place.root.join("w/.venv/bin/hello");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "#!/bin/sh\necho from $VIRTUAL_ENV\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let report = place.run("hello").await;
    let venv = place.root.join("w/.venv");
    assert_eq!(
        report.stdout.to_text(),
        format!("from {}\n", venv.display())
    );
}

#[tokio::test]
async fn a_program_in_the_workspace_does_not_stand_in_for_what_limits_it() {
    let place = place!();
    let program = place.root.join("w/.venv/bin/prlimit");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "#!/bin/sh\necho unlimited\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let report = place.run("ulimit -n").await;
    assert_eq!(report.stdout.to_text(), "256\n");
}

#[tokio::test]
async fn standard_input_is_empty() {
    let place = place!();
    let report = place.run("cat; echo read").await;
    assert_eq!(report.stdout.to_text(), "read\n");
}

#[tokio::test]
async fn a_fork_bomb_stays_small() {
    let mut place = place!();
    place.limits.commands = 6;
    place.limits.call_time = Duration::from_secs(2);
    let line = "i=0; while [ $i -lt 300 ]; do sleep 4714.5 & i=$((i+1)); done; sleep 1";
    let command = place.run(line);
    let (_, most) = tokio::join!(command, async {
        let mut most = 0;
        for _ in 0..15 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            most = most.max(alive("sleep\u{0}4714.5"));
        }
        most
    });
    assert!((10..=48).contains(&most), "{most} at one time");
    assert_none_alive("4714.5").await;
}

#[tokio::test]
async fn e10_memory_and_files_are_bounded() {
    let mut place = place!();
    place.limits.memory_bytes = 64 << 20;
    place.limits.largest_file = 1 << 20;
    let hog = place
        .run("head -c 200000000 /dev/zero | tail -c 150000000 | wc -c")
        .await;
    assert!(hog.stderr.to_text().contains("memory"), "{hog:?}");
    let file = place
        .run("head -c 5000000 /dev/zero > big; wc -c < big")
        .await;
    assert_eq!(file.stdout.to_text(), format!("{}\n", 1 << 20));
    let temporary = place
        .run("for i in $(seq 100); do head -c 1000000 /dev/zero > /tmp/$i || break; done")
        .await;
    assert!(
        temporary.stderr.to_text().contains("No space left"),
        "{temporary:?}"
    );
}

#[tokio::test]
async fn a_command_has_no_privileges_and_cannot_set_the_kernel() {
    let place = place!();
    let line = "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; echo x > /proc/sys/kernel/core_pattern; \
                unshare -U true; mount -t tmpfs none /tmp; ls /proc | grep -c '^[0-9]'";
    let report = place.run(line).await;
    let told = report.stdout.to_text();
    assert!(
        told.starts_with("CapEff:\t0000000000000000\nNoNewPrivs:\t1\n"),
        "{told}"
    );
    let errors = report.stderr.to_text();
    assert!(errors.contains("core_pattern: "), "{errors}");
    assert!(errors.contains("unshare: "), "{errors}");
    assert!(errors.contains("mount: "), "{errors}");
    let processes: usize = told.lines().last().unwrap().parse().unwrap();
    assert!(processes < 8, "{told}");
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_a_sentence_and_no_exit_code() {
    let place = place!();
    let command = NativeCommand {
        line: "true".to_owned(),
        working_directory: place.root.clone(),
        limits: place.limits.clone(),
    };
    let view = View::of(&Policy::new(Vec::new())).unwrap();
    let report = place.lane.run(&command, &view, &Cancel::default()).await;
    let Outcome::HostError { message } = report.outcome else {
        panic!("{report:?}");
    };
    assert!(
        message.starts_with("bubblewrap could not start the command: bwrap: "),
        "{message}"
    );
}
