//! The private `/tmp` of a call.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_permissions::audit::Record;
use massgen_sandbox::{AuditLog, GuestFilesystem, LimitKind};

use crate::line::Place;

fn place() -> Place {
    Place::with(GuestFilesystem::with_temporary_directories)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_has_an_empty_tmp_of_its_own() {
    let place = place();
    let first = "ls -A /tmp; echo text > /tmp/f; mkdir -p /tmp/a/b; cat /tmp/f; ls /tmp";
    assert_eq!(place.prints(first).await, "text\na\nf\n");
    assert_eq!(place.prints("ls -A /tmp").await, "");
    let place = Arc::new(place);
    let calls = (0..4).map(|number| {
        let place = Arc::clone(&place);
        tokio::spawn(async move {
            let line = format!("echo {number} > /tmp/same; sleep 0.1; cat /tmp/same; ls /tmp");
            place.prints(&line).await
        })
    });
    for (number, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), format!("{number}\nsame\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mktemp_and_what_needs_temporary_files_work() {
    let place = place();
    let line = "f=$(mktemp) && echo kept > \"$f\" && cat \"$f\" && d=$(mktemp -d) && touch \"$d/x\" \
                && ls \"$d\"; echo ${f%/*} ${d%/*}; seq 3 | tac | sort -T /tmp";
    assert_eq!(place.prints(line).await, "kept\nx\n/tmp /tmp\n1\n2\n3\n");
}

/// The paths below the host's directories for `/tmp` that an audit tells of.
fn recorded(log: &Path, audit: &AuditLog) -> Vec<PathBuf> {
    audit.flush().unwrap();
    let text = fs::read_to_string(log).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Record>(line).unwrap().path)
        .filter(|path| path.contains("/massgen-tmp-"))
        .map(PathBuf::from)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tmp_is_no_part_of_the_workspace_and_is_gone_after_the_call() {
    let temporary = tempfile::tempdir().unwrap();
    let log = temporary.path().join("audit.jsonl");
    let audit = crate::guests::audit(&log);
    let records = audit.log.clone();
    let place = Place::with(|files| files.with_temporary_directories().audited(audit));
    place
        .prints("mkdir /tmp/d; echo secret > /tmp/d/f; cd /tmp; ls ..")
        .await;
    assert_eq!(fs::read_dir(place.host("")).unwrap().count(), 0);
    let made = recorded(&log, &records)
        .into_iter()
        .find(|path| path.ends_with("d/f"));
    let made = made.expect("the audit tells of the file");
    assert!(!made.exists());
    assert!(!made.parent().unwrap().parent().unwrap().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tmp_that_stayed_empty_serves_the_next_call_and_one_that_did_not_is_gone() {
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let log = temporary.path().join("audit.jsonl");
    let audit = crate::guests::audit(&log);
    let records = audit.log.clone();
    let place = Place::in_folder(temporary, |files| {
        files.with_temporary_directories().audited(audit)
    });
    for line in [
        "ls -A /tmp",
        "true",
        "ls -A /tmp",
        "echo text > /tmp/f",
        "ls -A /tmp",
    ] {
        assert_eq!(place.prints(line).await, "", "{line}");
    }
    let roots = recorded(&log, &records).into_iter().map(|path| {
        let is_root = |path: &&Path| path.parent() == Some(&std::env::temp_dir());
        path.ancestors().find(is_root).unwrap().to_owned()
    });
    let roots: BTreeSet<_> = roots.collect();
    assert_eq!(roots.len(), 2, "{roots:?}");
    assert_eq!(roots.iter().filter(|root| root.exists()).count(), 1);
    place.close();
    assert_eq!(roots.iter().filter(|root| root.exists()).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_to_tmp_counts_against_the_quota() {
    let mut place = place();
    place.limits.written_bytes = 1_000;
    let report = place.report("head -c 2000 /dev/zero > /tmp/f", "").await;
    assert_eq!(report.limit.unwrap().kind, LimitKind::Written);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_promise_there_is_no_tmp() {
    let answer = Place::new().run("ls /tmp").await;
    assert_eq!(answer.status, Some(2), "{answer:?}");
}
