//! What the lane asks of the daemon, and makes of its answers: recorded with a real one, replayed without.

use std::path::{Path, PathBuf};
use std::time::Duration;

use massgen_sandbox::Outcome;

use crate::daemon::{self, IMAGE, WITHOUT_SHELL};
use crate::exchange::Socket;
use crate::lane::{connect, run};

/// Long enough for a real daemon, and not waited for in a recording.
const TIME: Duration = Duration::from_secs(20);

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/docker/recorded/{name}.jsonl"))
}

/// Runs the scene against its recording, which is made first where that is asked for.
async fn play(name: &str, scene: impl AsyncFn(&str)) {
    if std::env::var_os("MASSGEN_RECORD_ENGINE").is_some() {
        let upstream = daemon::socket().expect("a daemon to record");
        let socket = Socket::recording(upstream.to_owned());
        scene(&socket.host()).await;
        // What ends last is written last.
        tokio::time::sleep(Duration::from_millis(500)).await;
        socket.save(&file(name));
    }
    let socket = Socket::replaying(&file(name));
    scene(&socket.host()).await;
    socket.assert_all_was_asked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_writes_to_two_streams_and_ends_with_its_code() {
    play("ends", async |host| {
        let lane = connect(host, IMAGE).await.unwrap();
        let report = run(&lane, "echo out; echo err >&2; exit 3", TIME).await;
        assert_eq!(report.outcome, Outcome::Exited { code: 3 });
        assert_eq!(report.stdout.to_text(), "out\n");
        assert_eq!(report.stderr.to_text(), "err\n");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_out_of_time_keeps_its_output_and_loses_its_container() {
    play("out_of_time", async |host| {
        let lane = connect(host, IMAGE).await.unwrap();
        let time = Duration::from_secs(3);
        let report = run(&lane, "echo begun; sleep 1000", time).await;
        assert_eq!(report.outcome, Outcome::Timeout { after: time });
        assert_eq!(report.stdout.to_text(), "begun\n");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_beyond_the_limit_is_named() {
    play("memory", async |host| {
        let lane = connect(host, IMAGE).await.unwrap();
        let report = run(&lane, "exec tail /dev/zero", TIME).await;
        match report.outcome {
            Outcome::Limit { message, .. } => assert!(message.contains("67108864"), "{message}"),
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_pulled_ends_the_start_with_what_to_do() {
    play("missing_image", async |host| {
        let image = "localhost:9/massgen-test/missing:1";
        let error = connect(host, image).await.unwrap_err().to_string();
        assert!(
            error.contains("docker pull localhost:9/massgen-test/missing:1"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_shell_ends_the_start_with_what_to_do() {
    play("no_shell", async |host| {
        let error = connect(host, WITHOUT_SHELL).await.unwrap_err().to_string();
        assert!(error.contains("needs /bin/sh"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_daemon_the_start_ends_with_what_to_do() {
    let nowhere = tempfile::tempdir().unwrap();
    let host = format!("unix://{}/docker.sock", nowhere.path().display());
    let error = connect(&host, IMAGE).await.unwrap_err().to_string();
    assert!(error.contains("no Docker daemon answers at"), "{error}");
    assert!(error.contains("systemctl start docker"), "{error}");
}
