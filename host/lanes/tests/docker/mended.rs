//! The rules of `spec/04` §11.1 as they are mended, with a real daemon.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use massgen_lanes::{Bind, Docker, NativeCommand, Shown, View};
use massgen_sandbox::{Cancel, Outcome, Report};
use tempfile::TempDir;

use crate::daemon::{self, IMAGE};
use crate::lane::{command, connect, run};

const TIME: Duration = Duration::from_secs(30);

/// The lane, where there is a daemon.
async fn lane() -> Option<Docker> {
    let socket = daemon::socket()?;
    Some(
        connect(&format!("unix://{}", socket.display()), IMAGE)
            .await
            .unwrap(),
    )
}

/// A workspace with a hidden file, a hidden directory and a protected one, and something outside.
struct Place {
    _folder: TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["w/own", "w/.env", "w/secrets/key", "w/kept/file", "outside"] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{name}\n")).unwrap();
        }
        Self {
            _folder: folder,
            root,
        }
    }

    fn view(&self) -> View {
        let bind = |name: &str, shown| Bind {
            path: self.root.join(name),
            shown,
        };
        View {
            binds: vec![
                bind("w", Shown::Writable),
                bind("w/.env", Shown::EmptyFile),
                bind("w/secrets", Shown::EmptyDirectory),
                bind("w/kept", Shown::ReadOnly),
            ],
        }
    }

    async fn run(&self, lane: &Docker, line: &str, view: &View) -> Report {
        let command = NativeCommand {
            working_directory: self.root.join("w"),
            ..command(line, TIME)
        };
        lane.run(&command, view, &Cancel::default()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_nothing_of_a_command_is_left_when_it_has_ended() {
    let Some(lane) = lane().await else { return };
    let report = run(&lane, "sleep 1000 & echo $(hostname)", TIME).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    let container = report.stdout.to_text();
    let again = run(&lane, "hostname; ls -A /tmp", TIME).await;
    assert_eq!(again.stdout.to_text().lines().count(), 1);
    assert_ne!(again.stdout.to_text(), container);
}

#[tokio::test(flavor = "multi_thread")]
async fn e13_and_e17_mounts_are_what_the_policy_allows_at_the_moment() {
    let Some(lane) = lane().await else { return };
    let place = Place::new();
    let line = "cat own .env kept/file; ls -A secrets; echo new > made; echo x > kept/file; echo x > .env; \
                echo x > secrets/x; ls .. | tr '\\n' ' '; cat ../outside";
    let report = place.run(&lane, line, &place.view()).await;
    assert_eq!(
        report.stdout.to_text(),
        "w/own\nw/kept/file\nw ",
        "{report:?}"
    );
    let refused = report.stderr.to_text();
    assert_eq!(
        refused.matches("Read-only file system").count(),
        3,
        "{refused}"
    );
    assert!(refused.contains("../outside"), "{refused}");
    for (name, text) in [
        ("w/made", "new\n"),
        ("w/kept/file", "w/kept/file\n"),
        ("w/.env", "w/.env\n"),
    ] {
        assert_eq!(fs::read_to_string(place.root.join(name)).unwrap(), text);
    }
    let mut less = place.view();
    less.binds[0].shown = Shown::ReadOnly;
    let report = place.run(&lane, "echo more > made", &less).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 1 });
    assert_eq!(
        fs::read_to_string(place.root.join("w/made")).unwrap(),
        "new\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn e14_no_capabilities_no_network_a_read_only_root_and_few_processes() {
    let Some(lane) = lane().await else { return };
    let line = "grep -E '^(CapEff|CapBnd|NoNewPrivs):' /proc/self/status; ls /sys/class/net; echo x > /x; \
                cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; echo x > /tmp/x && cat /tmp/x";
    let report = run(&lane, line, TIME).await;
    let said = report.stdout.to_text();
    let expected = "CapBnd:\t0000000000000000\n";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("CapEff:\t0000000000000000\n"), "{said}");
    assert!(said.contains("NoNewPrivs:\t1\n"), "{said}");
    assert!(said.ends_with("lo\n256\nx\n"), "{said}");
    assert!(report.stderr.to_text().contains("Read-only file system"));
}

/// Processes of this machine with these arguments; those of a container of its daemon are among them.
fn alive(arguments: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_one = |entry: &fs::DirEntry| {
        fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == arguments.as_bytes())
    };
    processes.filter(is_one).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn e14_a_fork_bomb_stays_small_and_is_gone_with_its_container() {
    let Some(lane) = lane().await else { return };
    // A shell that can make no more processes ends; what it has made stays.
    let line = "(i=0; while [ $i -lt 300 ]; do sleep 4715 & i=$((i+1)); done); exec sleep 4715";
    let mut bomb = command(line, Duration::from_secs(4));
    bomb.limits.commands = 6;
    let (view, cancel) = (View::default(), Cancel::default());
    let sleeper = "sleep\u{0}4715\u{0}";
    let (report, most) = tokio::join!(lane.run(&bomb, &view, &cancel), async {
        let mut most = 0;
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            most = most.max(alive(sleeper));
        }
        most
    });
    let after = bomb.limits.call_time;
    assert_eq!(report.outcome, Outcome::Timeout { after }, "{report:?}");
    assert!((10..=48).contains(&most), "{most} at one time");
    assert_eq!(alive(sleeper), 0);
    let next = run(&lane, "echo well", TIME).await;
    assert_eq!(next.stdout.to_text(), "well\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn e15_a_flood_is_cut_while_it_comes_and_a_command_that_is_cancelled_ends() {
    let Some(lane) = lane().await else { return };
    let mut flood = command("yes", Duration::from_secs(2));
    flood.limits.output_bytes = 1000;
    let report = lane.run(&flood, &View::default(), &Cancel::default()).await;
    assert!(matches!(report.outcome, Outcome::Timeout { .. }));
    assert_eq!(report.stdout.bytes.len(), 1000);
    assert!(report.stdout.dropped > 100_000, "{}", report.stdout.dropped);

    let cancel = Cancel::default();
    let begun = Instant::now();
    let later = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        later.cancel();
    });
    let endless = command("sleep 1000", TIME);
    let report = lane.run(&endless, &View::default(), &cancel).await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert!(begun.elapsed() < TIME);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_dropped_leaves_no_container() {
    let Some(lane) = lane().await else { return };
    let name = format!("w{:x}", std::process::id());
    let line = format!(": {name}; sleep 1000");
    let dropped = tokio::time::timeout(Duration::from_secs(2), run(&lane, &line, TIME)).await;
    assert!(dropped.is_err());
    let socket = daemon::socket().unwrap();
    let client = reqwest::Client::builder()
        .unix_socket(socket)
        .build()
        .unwrap();
    let until = Instant::now() + TIME;
    loop {
        let list = client
            .get("http://docker/containers/json?all=1")
            .send()
            .await
            .unwrap();
        let list = list.text().await.unwrap();
        if !list.contains(&name) {
            return;
        }
        assert!(Instant::now() < until, "{list}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
