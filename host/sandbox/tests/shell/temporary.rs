//! The private `/tmp` of a call.

use std::fs;
use std::sync::Arc;

use massgen_permissions::audit::Record;
use massgen_sandbox::{Audit, AuditLog, GuestFilesystem, LimitKind};

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

#[tokio::test(flavor = "multi_thread")]
async fn tmp_is_no_part_of_the_workspace_and_is_gone_after_the_call() {
    let temporary = tempfile::tempdir().unwrap();
    let log = temporary.path().join("audit.jsonl");
    let audit = Audit {
        log: AuditLog::append_to(&log).unwrap(),
        run: "run".to_owned(),
        agent: "a".to_owned(),
    };
    let place = Place::with(|files| files.with_temporary_directories().audited(audit));
    place
        .prints("mkdir /tmp/d; echo secret > /tmp/d/f; cd /tmp; ls ..")
        .await;
    assert_eq!(fs::read_dir(place.host("")).unwrap().count(), 0);
    drop(place);
    let text = fs::read_to_string(log).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Record>(line).unwrap());
    let made = records
        .map(|record| record.path)
        .find(|path| path.ends_with("/d/f"))
        .expect("the audit tells of the file");
    assert!(!std::path::Path::new(&made).exists());
    assert!(!std::path::Path::new(made.trim_end_matches("/d/f")).exists());
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
