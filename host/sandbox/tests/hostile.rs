//! Command lines that want too much, through the real shell, tools and interpreters: each ends at a limit that is named,
//! what it wrote before is kept, and the host goes on as before.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use massgen_config::{Limits, ReadBeforeDelete};
use massgen_permissions::{Access, Extent, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, LimitKind, MountPoint, Outcome, Report, Sandbox,
};

/// The sandbox with every first-party command.
fn sandbox() -> Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    let all = ["shell", "unix_tools", "python", "javascript"];
    SANDBOX.get_or_init(|| guests::with_commands(&all)).clone()
}

/// How a command line may end.
#[derive(Debug, Clone, Copy)]
enum End {
    /// One of these limits was reached, and is named.
    At(&'static [LimitKind]),
    /// By itself, with an exit code that is not 0 and long before its time: the interpreter has a limit of its own.
    Failing,
    /// By itself, with success and long before its time.
    Well,
}

/// Long before the time of a call that is not to reach it, and ample for a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// A command line for `bash -c`, and how it ends.
type Case = (&'static str, End);

/// What a call in a test may use: enough for every interpreter to start, and little beyond.
fn limits(end: End) -> Limits {
    let is_timed = matches!(end, End::At(kinds) if kinds.contains(&LimitKind::Time));
    Limits {
        call_time: Duration::from_millis(if is_timed { 1_500 } else { 40_000 }),
        memory_bytes: 160 << 20,
        output_bytes: 64 << 10,
        new_files: 200,
        written_bytes: 8 << 20,
        largest_file: 4 << 20,
        commands: 16,
        ..Limits::default()
    }
}

/// Held by every call, and alone by the test that measures the memory of the whole process.
static TURN: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

async fn run(line: &str, limits: Limits) -> Report {
    let _with_others = TURN.read().await;
    call(line, limits).await
}

/// Runs the command line in an empty folder that it may write, with a `/tmp` of its own.
async fn call(line: &str, limits: Limits) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let host = folder.path().canonicalize().unwrap();
    fs::write(host.join("a"), "a\n").unwrap();
    let point = MountPoint {
        guest: "/place".into(),
        host: host.clone(),
        extent: Extent::Tree,
    };
    let policy = Policy::new(vec![Grant::tree(host, GrantKind::Mount, Access::Write)]);
    let files = GuestFilesystem::new(&[point], policy, "/place".into())
        .unwrap()
        .with_read_before_delete(ReadBeforeDelete::Off)
        .with_temporary_directories();
    let entry = Entry::Command {
        arguments: ["bash", "-c", line].map(str::to_owned).to_vec(),
        stdin: Vec::new(),
    };
    let shell = sandbox().commands().find("bash").unwrap();
    let invocation = Invocation {
        environment: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        ..Invocation::new(entry, limits)
    };
    let call = sandbox()
        .call(&shell, &Arc::new(files), invocation, &Cancel::default())
        .await;
    drop(folder);
    call
}

/// Every limit that the report names.
fn named(report: &Report) -> Vec<LimitKind> {
    let ended = match &report.outcome {
        Outcome::Timeout { .. } => Some(LimitKind::Time),
        Outcome::Limit { limit, .. } => Some(*limit),
        _ => None,
    };
    let on_the_way = report.limit.as_ref().map(|limit| limit.kind);
    ended.into_iter().chain(on_the_way).collect()
}

/// What is wrong with how the command line ended.
async fn fault((line, end): Case) -> Option<String> {
    let report = call(&format!("echo started; {line}"), limits(end)).await;
    let is_kept = report.stdout.bytes.starts_with(b"started\n");
    let is_soon = report.elapsed < SOON;
    let is_right = match end {
        End::At(kinds) => named(&report).iter().any(|kind| kinds.contains(kind)),
        End::Failing => is_soon && matches!(report.outcome, Outcome::Exited { code: 1.. }),
        End::Well => is_soon && report.outcome == Outcome::Exited { code: 0 },
    };
    let wrong = !is_kept || !is_right;
    wrong.then(|| {
        format!(
            "{line}\n  should end {end:?}, and ended {:?} with {:?} after {:?}\n  stdout {:.200}\n  stderr {:.400}\n",
            report.outcome,
            report.limit,
            report.elapsed,
            report.stdout.to_text(),
            report.stderr.to_text(),
        )
    })
}

/// Runs the cases, two at a time.
async fn hold(cases: &[Case]) {
    use futures::StreamExt as _;
    let _with_others = TURN.read().await;
    let faults: Vec<String> = futures::stream::iter(cases.iter().copied().map(fault))
        .buffer_unordered(2)
        .filter_map(|fault| async { fault })
        .collect()
        .await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

use LimitKind::{Commands as Children, FileSize, Handles, Memory, NewFiles, Stack, Time, Written};

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ends_is_ended_at_its_time() {
    hold(&[
        ("while :; do :; done", End::At(&[Time])),
        (
            "f() { f2; }; f2() { :; }; until f && false; do :; done",
            End::At(&[Time]),
        ),
        ("python3 -c 'while True: pass'", End::At(&[Time])),
        ("node -e 'for (;;) {}'", End::At(&[Time])),
        ("awk 'BEGIN { while (1) x++ }'", End::At(&[Time])),
        ("sleep 1000000", End::At(&[Time])),
        (
            "python3 -c 'import time; time.sleep(1e6)'",
            End::At(&[Time]),
        ),
        ("node -e 'setTimeout(() => {}, 1e9)'", End::At(&[Time])),
        ("read line < <(sleep 1000000)", End::At(&[Time])),
        ("sleep 1000000 | cat", End::At(&[Time])),
        ("sleep 1000000 & wait", End::At(&[Time])),
        ("(trap '' TERM INT; while :; do :; done)", End::At(&[Time])),
        (
            "python3 -c \"import re; re.match('(a+)+$', 'a' * 64 + 'b')\"",
            End::At(&[Time]),
        ),
        (
            "node -e \"/(a+)+$/.test('a'.repeat(64) + 'b')\"",
            End::At(&[Time]),
        ),
        ("jq -n 'def f: f; f'", End::At(&[Time, Stack, Memory])),
        ("find / -type f -not -path '/dev/*' | xargs cat", End::Well),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wants_all_memory_ends_with_the_limit_named() {
    hold(&[
        ("x=aaaaaaaa; while :; do x=$x$x; done", End::At(&[Memory])),
        ("a=(); while :; do a+=(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{1..500}); done", End::At(&[Memory])),
        ("python3 -c \"'a' * 10**9\"", End::At(&[Memory])),
        ("python3 -c 'l = []\nwhile True: l.append(bytes(10**6))'", End::At(&[Memory])),
        ("python3 -c 'import zlib; z = zlib.compressobj(); b = b\"\".join(z.compress(bytes(10**6)) for _ in range(400)) + z.flush(); zlib.decompress(b)'", End::At(&[Memory])),
        ("node -e 'const l = []; for (;;) l.push(new Array(1e5).fill(1))'", End::At(&[Memory])),
        ("node -e 'let s = \"a\"; for (;;) s += s'", End::At(&[Memory])),
        ("awk 'BEGIN { s = \"aaaaaaaa\"; while (1) s = s s }'", End::At(&[Memory])),
        ("jq -n '[range(1e9)] | length'", End::At(&[Memory])),
        ("yes | tr -d '\\n' | grep a", End::At(&[Memory])),
        ("yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | sort", End::At(&[Memory, Written, FileSize])),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_without_end_fails_and_takes_nothing_with_it() {
    hold(&[
        ("f() { f; }; f", End::Failing),
        ("python3 -c 'def f(): f()\nf()'", End::Failing),
        (
            "python3 -c 'x = []\nfor _ in range(10**5): x = [x]\nrepr(x)'",
            End::Failing,
        ),
        ("node -e 'function f() { f(); } f()'", End::Failing),
        (
            "awk 'function f(x) { return f(x + 1) } BEGIN { f(1) }'",
            End::Failing,
        ),
        ("jq -n 'def f: 1 + f; f'", End::Failing),
        ("python3 -c 'print(\"[\" * 10**5)' | jq .", End::Failing),
        (
            "echo 'sh r.sh' > r.sh; sh r.sh",
            End::At(&[Children, Memory]),
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_without_number_are_counted() {
    hold(&[
        ("f() { f | f & }; f; sleep 1", End::At(&[Children, Handles])),
        (
            "for i in {1..100}; do sleep 100 & done; kill $(jobs -p)",
            End::Well,
        ),
        (
            "for i in {1..100}; do /bin/sleep 100 & done; kill $(jobs -p)",
            End::At(&[Children]),
        ),
        (
            "python3 -c 'import subprocess\nwhile True: subprocess.Popen([\"sleep\", \"100\"])'",
            End::At(&[Children]),
        ),
        ("sleep 1000000 > /dev/null 2>&1 & echo done", End::Well),
        // Whoever reads the output of a real shell waits for this one as well.
        ("sleep 1000000 & echo done", End::At(&[Time])),
        (
            "(trap '' TERM INT; while :; do :; done) & kill $!; wait; true",
            End::Well,
        ),
        ("exec >&-; yes 2> /dev/null", End::Failing),
        ("node -e 'new Promise(() => {})'", End::Well),
        (
            "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done",
            End::Well,
        ),
        ("for i in {1..100}; do (:) & done; wait", End::Well),
        ("while :; do :; done & kill $!; wait; true", End::Well),
        ("yes | head -n 1", End::Well),
        ("yes | xargs -n 1 | head -n 3", End::Well),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_end_meet_the_quotas() {
    hold(&[
        ("i=0; while : > f$i; do i=$((i+1)); done", End::At(&[NewFiles])),
        ("python3 -c 'i = 0\nwhile True: open(str(i), \"x\").close(); i += 1'", End::At(&[NewFiles])),
        ("node -e 'for (let i = 0;; i++) require(\"fs\").writeFileSync(String(i), \"\")'", End::At(&[NewFiles])),
        ("seq 1000 | xargs mkdir", End::At(&[NewFiles])),
        ("d=d; while mkdir $d; do d=$d/d; done", End::At(&[NewFiles])),
        ("head -c 10G /dev/zero > big", End::At(&[FileSize, Written])),
        ("cat /dev/zero > /tmp/big", End::At(&[FileSize, Written])),
        ("truncate -s 10G big", End::At(&[FileSize])),
        ("python3 -c 'open(\"big\", \"w\").truncate(10**10)'", End::At(&[FileSize])),
        ("i=0; while head -c 1M /dev/zero > f$i; do i=$((i+1)); done", End::At(&[Written])),
        ("while head -c 100K /dev/zero >> a; do :; done", End::At(&[FileSize, Written])),
        ("head -c 30M /dev/zero | gzip > z.gz; gzip -d z.gz", End::At(&[FileSize])),
        ("python3 -c 'import zipfile; z = zipfile.ZipFile(\"z.zip\", \"w\", 8); z.writestr(\"big\", bytes(3 * 10**7)); z.close(); zipfile.ZipFile(\"z.zip\").extractall()'",
            End::At(&[FileSize]),
        ),
        (
            "python3 -c 'import zipfile; zipfile.ZipFile(\"z.zip\", \"w\", 8).writestr(\"big\", bytes(3 * 10**7))'; unzip -q z.zip", End::At(&[FileSize])),
        ("python3 -c 'import io, tarfile; t = tarfile.open(\"z.tgz\", \"w:gz\"); i = tarfile.TarInfo(\"big\"); i.size = 3 * 10**7; t.addfile(i, io.BytesIO(bytes(i.size))); t.close()'; tar xzf z.tgz", End::At(&[FileSize])),
        ("python3 -c 'import tarfile; t = tarfile.open(\"z.tgz\", \"w:gz\")\nfor i in range(1000): t.addfile(tarfile.TarInfo(str(i)))\nt.close()'; tar xzf z.tgz", End::At(&[NewFiles])),
        ("python3 -c 'l = [open(\"a\") for _ in range(10000)]'", End::At(&[Handles])),
        ("for i in {1..1000}; do exec {fd}< a || exit 1; done", End::At(&[Handles])),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_is_cut_and_what_was_cut_is_counted() {
    for line in [
        "yes",
        "yes >&2",
        "while :; do echo yes; done",
        "python3 -c 'while True: print(\"yes\")'",
        "node -e 'for (;;) console.log(\"yes\")'",
        "cat /dev/zero",
        "cat /dev/urandom",
    ] {
        let limits = limits(End::At(&[Time]));
        let most = usize::try_from(limits.output_bytes).unwrap();
        let report = run(line, limits).await;
        assert!(named(&report).contains(&Time), "{line}");
        let flooded = match line.ends_with(">&2") {
            true => &report.stderr,
            false => &report.stdout,
        };
        assert_eq!(flooded.bytes.len(), most, "{line}");
        assert!(flooded.dropped > 0, "{line}");
        assert!(flooded.to_text().contains("truncated"), "{line}");
    }
}

#[tokio::test]
async fn output_may_be_any_bytes() {
    let report = run(r"printf 'a\0b\xff\xfec'", limits(End::Well)).await;
    assert_eq!(report.stdout.bytes, b"a\0b\xff\xfec");
    assert_eq!(report.stdout.to_text(), "a\0b\u{fffd}\u{fffd}c");
}

/// The directories and files of the whole tree that a command sees, without the devices.
#[tokio::test]
async fn every_path_there_is_is_what_was_granted() {
    let look = [
        "find / -path /dev -prune -o -print | sort",
        "python3 -c 'import os\nfor d, _, fs in os.walk(\"/\"):\n  if not d.startswith(\"/dev\"): print(d); [print(os.path.join(d, f)) for f in fs]' | sort",
    ];
    for line in look {
        let report = run(line, limits(End::Well)).await;
        assert_eq!(
            report.outcome,
            Outcome::Exited { code: 0 },
            "{}",
            report.stderr.to_text()
        );
        let seen = report.stdout.to_text();
        assert_eq!(
            seen.lines().collect::<Vec<_>>(),
            ["/", "/place", "/place/a", "/tmp"],
            "{line}"
        );
    }
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * u64::try_from(rustix::param::page_size()).unwrap()
}

/// Handles that this process has open.
fn open_handles() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_memory_is_stable_and_the_next_call_works() {
    let _alone = TURN.write().await;
    let hogs: [Case; 6] = [
        ("x=aaaaaaaa; while :; do x=$x$x; done", End::At(&[Memory])),
        (
            "python3 -c 'l = []\nwhile True: l.append(bytes(10**6))'",
            End::At(&[Memory]),
        ),
        (
            "node -e 'const l = []; for (;;) l.push(new Array(1e5).fill(1))'",
            End::At(&[Memory]),
        ),
        (
            "f() { f | f & }; f; sleep 0.2",
            End::At(&[Children, Handles]),
        ),
        (
            "head -c 30M /dev/zero | gzip | gzip -d > big",
            End::At(&[FileSize]),
        ),
        (
            "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done",
            End::Well,
        ),
    ];
    let (mut memory, mut handles) = (0, 0);
    for round in 0..5 {
        for case in hogs {
            assert_eq!(fault(case).await, None);
        }
        let report = call("echo alive", limits(End::Well)).await;
        assert_eq!(report.stdout.bytes, b"alive\n");
        // The first round fills the pool of instances, which keeps its memory for the next.
        if round == 0 {
            (memory, handles) = (resident(), open_handles());
        }
    }
    assert!(open_handles() <= handles, "handles are left open");
    let grown = resident().saturating_sub(memory);
    assert!(grown < 64 << 20, "grown by {} MiB", grown >> 20);
}
