//! `massgen recover`: a killed run's files are there for the user.

use std::process::Stdio;
use std::time::Duration;

use massgen_test_provider::{Call, Coordination, Provider, Turn};
use serde_json::json;

use crate::coordination::{config, run};
use crate::massgen::Folder;

/// Runs two agents and kills the run once the first has answered with a file.
async fn killed_after_an_answer() -> Folder {
    let mut script = Coordination::unanimous(2, 1);
    script.agents[0].tools = vec![Call::new(
        "write_file",
        json!({"path": "notes.txt", "content": "hours of work"}),
    )];
    let provider = Provider::start(move |request| match request.model.as_str() {
        "agent-1" if !request.calls_made().any(|call| call == "new_answer") => {
            script.reply(request)
        }
        _ => Turn::saying("too late")
            .pausing(Duration::from_secs(60))
            .into(),
    })
    .await
    .unwrap();
    let folder = Folder::new();
    folder.write("run.yaml", &config(2, &provider.base_url()));
    let mut command = folder.command(&["--config", "run.yaml", "What?"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let manifest = folder
        .path
        .join(".massgen/snapshots/member_1/agent1.1.manifest");
    while !manifest.exists() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_killed_run_are_laid_out_and_a_second_call_changes_nothing() {
    let folder = killed_after_an_answer().await;
    let file = ".massgen/snapshots/member_1/agent1.1/notes.txt";
    assert!(!folder.path.join(file).exists());
    for _ in 0..2 {
        let ran = run(&folder, &["recover", "--config", "run.yaml"]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.contains(".massgen/snapshots"), "{}", ran.stdout);
        assert_eq!(folder.read(file), "hours of work");
    }
}

#[test]
fn without_a_storage_nothing_is_made() {
    let folder = Folder::new();
    folder.write("run.yaml", &config(1, "http://127.0.0.1:9/v1"));
    let ran = folder.run(&["recover", "--config", "run.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains(".massgen/snapshots"), "{}", ran.stderr);
    assert!(!folder.path.join(".massgen").exists());
}
