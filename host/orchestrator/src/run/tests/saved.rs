//! What a run leaves: the files of its answers, its log, and a cassette that replays it.

use super::*;

/// Writes files into its workspace before it answers, as its tools would; the workspace is named by the prompt.
fn coder(work: PathBuf, file: &'static str, favourite: &'static str) -> Arc<Model> {
    Model::new(move |request| match request.context.stage {
        Stage::Presentation => {
            assert_eq!(
                written(&work),
                BTreeSet::from([file.to_owned()]),
                "the presenter has its answer's files"
            );
            std::fs::write(work.join("delivery.txt"), "done").unwrap();
            Move::Say("delivered")
        }
        Stage::Coordination => {
            assert_eq!(
                written(&work),
                BTreeSet::new(),
                "every attempt starts empty"
            );
            if request.sees(favourite) {
                std::fs::write(work.join("scratch.txt"), "while judging").unwrap();
                return vote(favourite);
            }
            std::fs::write(work.join(file), file).unwrap();
            answer(&format!("see {}", work.join(file).display()))
        }
    })
}

#[tokio::test]
async fn an_answer_is_seen_with_the_files_that_it_was_given_with() {
    let seen = Arc::new(Mutex::new(None));
    let mut ground = Ground::new(&[Model::new(|_| Move::Hang), Model::new(|_| Move::Hang)]);
    let root = ground.directory.path().canonicalize().unwrap();
    let shared = root.join("massgen/temp/second-id/agent1");
    let (note, folder) = (Arc::clone(&seen), shared.clone());
    let judge = Model::new(move |request| match request.context.stage {
        Stage::Coordination if request.sees("agent1") => {
            *note.lock().unwrap() = Some((request.text(), written(&folder)));
            vote("agent1")
        }
        _ => Move::WaitForNews,
    });
    ground.options.members[0].backend =
        coder(root.join("work/first-id"), "answer_file.py", "agent1");
    ground.options.members[1].backend = judge;
    let finished = ground.run().await;
    assert_eq!(finished.final_text(), ("first-id", "delivered"));

    let (text, files) = seen.lock().unwrap().clone().unwrap();
    assert_eq!(files, BTreeSet::from(["answer_file.py".to_owned()]));
    assert!(
        text.contains(&format!("see {}", shared.join("answer_file.py").display())),
        "{text}"
    );

    let snapshot = root.join("massgen/snapshots/first-id/agent1.1");
    assert_eq!(
        written(&snapshot),
        BTreeSet::from(["answer_file.py".to_owned()]),
        "scratch work never replaces it"
    );
    let expected = ["answer_file.py", "delivery.txt"].map(String::from);
    assert_eq!(
        written(&finished.path("log/final/first-id/workspace")),
        BTreeSet::from(expected)
    );
    assert_eq!(finished.warnings(), Vec::<&str>::new());
}

#[tokio::test]
async fn an_interrupted_run_leaves_the_files_of_its_answers_as_directories() {
    let cancel = CancellationToken::new();
    let interrupt = cancel.clone();
    let mut ground = Ground::new(&[Model::new(|_| Move::Hang)]);
    let work = ground
        .directory
        .path()
        .canonicalize()
        .unwrap()
        .join("work/first-id");
    ground.options.members[0].backend = Model::new(move |request| {
        if request.sees("agent1") {
            interrupt.cancel();
            return Move::Hang;
        }
        std::fs::write(work.join("answer_file.py"), "42").unwrap();
        answer("42")
    });
    ground.options.cancel = cancel;
    let finished = ground.run().await;
    assert_eq!(finished.result.outcome, Outcome::Interrupted);
    let events = finished.events.iter();
    let entry = events
        .filter_map(|event| match &event.kind {
            EventKind::AnswerAccepted { log_entry, .. } => log_entry.clone(),
            _ => None,
        })
        .next()
        .unwrap();
    let expected = BTreeSet::from(["answer_file.py".to_owned()]);
    let copy = finished.path(&format!("log/{entry}/workspace"));
    assert_eq!(written(&copy), expected);
    let snapshot = finished.path("massgen/snapshots/first-id/agent1.1");
    assert_eq!(written(&snapshot), expected);
    assert_eq!(finished.warnings(), Vec::<&str>::new());
}

#[tokio::test]
async fn the_log_holds_answers_votes_and_the_tracker_files() {
    let finished = run(&[
        Model::ordinary("one", "agent1"),
        Model::ordinary("two", "agent1"),
    ])
    .await;
    let mappings: Value =
        serde_json::from_str(&finished.read("log/snapshot_mappings.json")).unwrap();
    let path = |label: &str| format!("log/{}", mappings[label]["path"].as_str().unwrap());
    assert_eq!(finished.read(&path("agent1.1")), "one");
    let vote: Value = serde_json::from_str(&finished.read(&path("agent2.vote1"))).unwrap();
    assert_eq!(vote["voter_id"], "second-id");
    assert_eq!(vote["voted_for_label"], "agent1.1");
    assert_eq!(vote["agent_mapping"]["agent1"], "first-id");
    assert!(
        finished
            .read(&path("agent2.vote1").replace("vote.json", "context.txt"))
            .contains("six times seven")
    );
    assert_eq!(finished.read(&path("agent1.final")), "the final text");
    let table = finished.read("log/coordination_table.txt");
    assert!(
        table.contains("🗳️ VOTE agent1.1") && table.contains("🎯 FINAL ANSWER agent1.final"),
        "{table}"
    );
    assert_eq!(
        finished.read("log/agent_outputs/final_presentation_first-id.txt"),
        "the final text"
    );
}

#[tokio::test]
async fn a_run_without_a_log_ends_just_as_well() {
    let mut ground = Ground::new(&[Model::ordinary("42", "agent1")]);
    ground.options.log = None;
    let finished = ground.run().await;
    assert_eq!(finished.final_text().1, "the final text");
    assert_eq!(finished.warnings(), Vec::<&str>::new());
}

/// A recorded run in which the first agent answered, the second saw that and answered better, and both voted for the
/// second.
const CASSETTE: &str = r#"{"massgen_cassette":1}
{"agent":"first-id","stage":"coordination","sees":[],"chunks":[{"type":"tool_call","id":"1","name":"new_answer","arguments":"{\"content\":\"one\"}"},{"type":"done","finish_reason":"tool_calls"}]}
{"agent":"second-id","stage":"coordination","sees":["agent1.1"],"chunks":[{"type":"tool_call","id":"2","name":"new_answer","arguments":"{\"content\":\"two, see ${workspace}\"}"},{"type":"done","finish_reason":"tool_calls"}]}
{"agent":"first-id","stage":"coordination","sees":["agent1.1","agent2.1"],"chunks":[{"type":"tool_call","id":"3","name":"vote","arguments":"{\"agent_id\":\"agent2\",\"reason\":\"better\"}"},{"type":"done","finish_reason":"tool_calls"}]}
{"agent":"second-id","stage":"coordination","sees":["agent1.1","agent2.1"],"chunks":[{"type":"tool_call","id":"4","name":"vote","arguments":"{\"agent_id\":\"agent2\",\"reason\":\"better\"}"},{"type":"done","finish_reason":"tool_calls"}]}
{"agent":"second-id","stage":"presentation","sees":["agent1.1","agent2.1"],"chunks":[{"type":"content","text":"the final "},{"type":"content","text":"text"},{"type":"done","finish_reason":"stop"}]}
"#;

#[tokio::test]
async fn a_recorded_run_replays_to_the_same_result_under_any_schedule() {
    for _ in 0..20 {
        let mut ground = Ground::new(&[Model::new(|_| Move::Hang), Model::new(|_| Move::Hang)]);
        for member in &mut ground.options.members {
            let cassette = Cassette::parse(CASSETTE, Path::new("recorded.jsonl")).unwrap();
            member.backend = Arc::new(Replay::new(cassette, Duration::from_secs(10)));
        }
        let finished = ground.run().await;
        assert_eq!(finished.final_text(), ("second-id", "the final text"));
        assert_eq!(
            finished.count(|kind| matches!(kind, EventKind::AgentFailed { .. })),
            0
        );
        let work = finished
            .directory
            .path()
            .canonicalize()
            .unwrap()
            .join("work/second-id");
        let named = |kind: &EventKind| matches!(kind, EventKind::AnswerAccepted { content, .. } if content.ends_with(&*work.to_string_lossy()));
        assert_eq!(finished.count(named), 1);
    }
}
