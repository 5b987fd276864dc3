//! Recording and replay: what a cassette gives back, what it waits for, and what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, stream};
use massgen_backends::{
    Backend, BackendError, BackendInfo, Cassette, CassetteWriter, Chunk, ChunkStream,
    DEFAULT_PATIENCE, ErrorKind, FinishReason, Placeholders, Recorder, Replay, Stage, ToolCall,
    TurnContext, TurnRequest, Usage,
};
use proptest::prelude::*;
use tokio::sync::watch;

const TAPE: &str = r#"{"massgen_cassette":1}
{"agent":"a","stage":"coordination","sees":[],"chunks":[{"type":"content","text":"first "},{"type":"content","text":"turn"},{"type":"done","finish_reason":"stop"}]}
{"agent":"a","stage":"coordination","sees":[],"chunks":[{"type":"content","text":"second"},{"type":"done","finish_reason":"stop"}]}
{"agent":"a","stage":"coordination","sees":["agent2.1"],"chunks":[{"type":"content","text":"sees b"},{"type":"done","finish_reason":"stop"}]}
{"agent":"b","stage":"coordination","sees":[],"chunks":[{"type":"tool_call","id":"1","name":"write_file","arguments":"{\"path\":\"${workspace}/x\"}"},{"type":"done","finish_reason":"tool_calls"}]}
{"agent":"a","stage":"presentation","sees":["agent2.1"],"chunks":[{"type":"content","text":"in ${workspace}"},{"type":"done","finish_reason":"stop"}]}
"#;

type Outcome = Result<Vec<Chunk>, BackendError>;

fn replay() -> Replay {
    replay_for(DEFAULT_PATIENCE)
}

fn replay_for(patience: Duration) -> Replay {
    Replay::new(
        Cassette::parse(TAPE, Path::new("tape.jsonl")).expect("a cassette"),
        patience,
    )
}

/// The answers that exist, and a request of an agent that sees some of them.
struct Run {
    answers: watch::Sender<Vec<String>>,
}

impl Run {
    fn new(answers: &[&str]) -> Self {
        Self {
            answers: watch::Sender::new(labels(answers)),
        }
    }

    fn request(&self, agent: &str, stage: Stage, sees: &[&str]) -> TurnRequest {
        let context = TurnContext {
            agent: agent.into(),
            stage,
            sees: labels(sees),
            answers: self.answers.subscribe(),
            placeholders: vec![("${workspace}".into(), "/tmp/\"w\"".into())],
        };
        TurnRequest {
            context,
            messages: Vec::new(),
            tools: Vec::new(),
        }
    }
}

fn labels(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

async fn play(backend: &dyn Backend, request: TurnRequest) -> Outcome {
    let items: Vec<_> = backend.stream(request).collect().await;
    items.into_iter().collect()
}

fn text(chunks: &[Chunk]) -> String {
    chunks
        .iter()
        .filter_map(|chunk| match chunk {
            Chunk::Content { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn done(finish_reason: FinishReason) -> Chunk {
    Chunk::Done { finish_reason }
}

#[tokio::test]
async fn turns_of_the_same_situation_play_in_the_order_of_the_file() {
    let (replay, run) = (replay(), Run::new(&[]));
    let first = play(&replay, run.request("a", Stage::Coordination, &[]))
        .await
        .expect("the first turn");
    assert_eq!(
        first.len(),
        3,
        "chunks come one by one, as they were recorded"
    );
    assert_eq!(text(&first), "first turn");
    let second = play(&replay, run.request("a", Stage::Coordination, &[]))
        .await
        .expect("the second turn");
    assert_eq!(text(&second), "second");
}

#[tokio::test]
async fn names_become_the_paths_of_this_run_also_inside_json() {
    let (replay, run) = (replay(), Run::new(&[]));
    let chunks = play(&replay, run.request("b", Stage::Coordination, &[]))
        .await
        .expect("a turn");
    let Chunk::ToolCall(ToolCall { arguments, .. }) = &chunks[0] else {
        panic!("a tool call: {chunks:?}")
    };
    let arguments: serde_json::Value = serde_json::from_str(arguments).expect("valid JSON");
    assert_eq!(arguments["path"], "/tmp/\"w\"/x");
    let chunks = play(
        &replay,
        run.request("a", Stage::Presentation, &["agent2.1"]),
    )
    .await
    .expect("a turn");
    assert_eq!(text(&chunks), "in /tmp/\"w\"");
}

#[tokio::test]
async fn a_turn_that_was_overtaken_in_the_recording_waits_for_the_answer_and_ends_empty() {
    let (replay, run) = (replay(), Run::new(&[]));
    for _ in 0..2 {
        play(&replay, run.request("a", Stage::Coordination, &[]))
            .await
            .expect("a recorded turn");
    }
    let third = play(&replay, run.request("a", Stage::Coordination, &[]));
    tokio::pin!(third);
    let early = tokio::time::timeout(Duration::from_millis(20), &mut third).await;
    assert!(
        early.is_err(),
        "nothing may end the turn before an answer comes: {early:?}"
    );
    run.answers.send_replace(labels(&["agent2.1"]));
    assert_eq!(
        third.await.expect("an empty turn"),
        [done(FinishReason::Stop)]
    );
    let next = play(
        &replay,
        run.request("a", Stage::Coordination, &["agent2.1"]),
    )
    .await
    .expect("the next turn");
    assert_eq!(text(&next), "sees b");
}

#[tokio::test]
async fn a_situation_that_was_never_recorded_and_is_already_past_ends_empty_at_once() {
    let (replay, run) = (replay(), Run::new(&["agent2.1"]));
    let chunks = play(
        &replay,
        run.request("a", Stage::Coordination, &["agent3.1"]),
    )
    .await
    .expect("an empty turn");
    assert_eq!(chunks, [done(FinishReason::Stop)]);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_an_error_when_no_answer_comes() {
    let (replay, run) = (replay_for(DEFAULT_PATIENCE), Run::new(&[]));
    for _ in 0..2 {
        play(&replay, run.request("a", Stage::Coordination, &[]))
            .await
            .expect("a recorded turn");
    }
    let before = tokio::time::Instant::now();
    let error = play(&replay, run.request("a", Stage::Coordination, &[]))
        .await
        .expect_err("nothing came");
    assert!(before.elapsed() >= DEFAULT_PATIENCE);
    assert_eq!(error.kind, ErrorKind::Cassette);
    assert!(error.message.contains("did not come"), "{error}");
}

#[tokio::test]
async fn a_request_that_no_later_situation_can_serve_is_an_error_that_names_everything() {
    let (replay, run) = (replay(), Run::new(&["agent2.1"]));
    play(
        &replay,
        run.request("a", Stage::Coordination, &["agent2.1"]),
    )
    .await
    .expect("a recorded turn");
    let again = run.request("a", Stage::Coordination, &["agent2.1"]);
    let error = play(&replay, again).await.expect_err("no turn is left");
    assert_eq!(error.kind, ErrorKind::Cassette);
    for part in ["tape.jsonl", "agent a", "coordination", "agent2.1"] {
        assert!(error.message.contains(part), "{part} in {error}");
    }
}

#[tokio::test]
async fn an_agent_or_stage_that_was_not_recorded_is_an_error() {
    let (replay, run) = (replay(), Run::new(&[]));
    for (agent, stage) in [("c", Stage::Coordination), ("b", Stage::Presentation)] {
        let error = play(&replay, run.request(agent, stage, &[]))
            .await
            .expect_err("nothing recorded");
        assert!(
            error.message.contains("no turn of this agent and stage"),
            "{error}"
        );
    }
}

/// A backend that says what it was given, once.
struct Script(Mutex<Vec<Result<Chunk, BackendError>>>);

impl Script {
    fn new(items: Vec<Result<Chunk, BackendError>>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(items)))
    }
}

impl Backend for Script {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            provider: "Script".into(),
            model: None,
        }
    }

    fn stream(&self, _: TurnRequest) -> ChunkStream {
        Box::pin(stream::iter(std::mem::take(
            &mut *self.0.lock().expect("the script"),
        )))
    }
}

#[tokio::test]
async fn a_failed_turn_leaves_nothing_on_the_cassette() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tape.jsonl");
    let writer = CassetteWriter::create(&path).expect("a new cassette");
    let cut = BackendError {
        kind: ErrorKind::Protocol,
        message: "cut".into(),
    };
    let script = Script::new(vec![
        Ok(Chunk::Content {
            text: "half".into(),
        }),
        Err(cut),
    ]);
    let request = Run::new(&[]).request("a", Stage::Coordination, &[]);
    assert!(play(&Recorder::new(script, writer), request).await.is_err());
    assert!(Cassette::load(&path).expect("a cassette").turns.is_empty());
}

#[tokio::test]
async fn a_path_that_the_stream_split_is_still_recorded_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tape.jsonl");
    let writer = CassetteWriter::create(&path).expect("a new cassette");
    let piece = |text: &str| Ok(Chunk::Content { text: text.into() });
    let script = Script::new(vec![
        piece("in /tm"),
        piece("p/\"w\"/x"),
        Ok(done(FinishReason::Stop)),
    ]);
    let request = Run::new(&[]).request("a", Stage::Coordination, &[]);
    play(&Recorder::new(script, writer), request)
        .await
        .expect("a turn");
    let recorded = std::fs::read_to_string(&path).expect("the file");
    assert!(recorded.contains("in ${workspace}/x"), "{recorded}");
}

#[test]
fn a_recording_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tape.jsonl");
    std::fs::write(&path, "precious").expect("a file");
    let error = CassetteWriter::create(&path).expect_err("the file exists");
    assert!(error.message.contains("never overwritten"), "{error}");
    assert_eq!(
        std::fs::read_to_string(&path).expect("the file"),
        "precious"
    );
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("${w}".to_owned()),
        Just("/run/\"w\"".to_owned()),
        Just("${$}".to_owned()),
        "\\PC{0,8}"
    ]
}

fn any_chunk() -> impl Strategy<Value = Chunk> {
    prop_oneof![
        any_text().prop_map(|text| Chunk::Content { text }),
        any_text().prop_map(|text| Chunk::Reasoning { text }),
        (any_text(), any_text()).prop_map(|(name, path)| {
            let arguments = serde_json::json!({ "path": path }).to_string();
            Chunk::ToolCall(ToolCall {
                id: "1".into(),
                name,
                arguments,
            })
        }),
        any::<[Option<u64>; 4]>().prop_map(|[input, cached, written, output]| Chunk::Usage(
            Usage {
                input_tokens: input,
                cached_input_tokens: cached,
                cache_write_tokens: written,
                output_tokens: output,
            }
        )),
    ]
}

/// Joins adjacent pieces of text, as a recorder may.
fn joined(chunks: Vec<Chunk>) -> Vec<Chunk> {
    let mut joined: Vec<Chunk> = Vec::new();
    for chunk in chunks {
        match (joined.last_mut(), chunk) {
            (Some(Chunk::Content { text }), Chunk::Content { text: more })
            | (Some(Chunk::Reasoning { text }), Chunk::Reasoning { text: more }) => {
                text.push_str(&more)
            }
            (_, chunk) => joined.push(chunk),
        }
    }
    joined
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_recorded_plays_back_the_same(
        turns in proptest::collection::vec(proptest::collection::vec(any_chunk(), 0..6), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tape.jsonl");
        let writer = CassetteWriter::create(&path).unwrap();
        let placeholders: Placeholders = vec![("${w}".into(), "/run/\"w\"".into())];
        let run = Run::new(&[]);
        let request = || {
            let mut request = run.request("a", Stage::Coordination, &[]);
            request.context.placeholders = placeholders.clone();
            request
        };
        let whole = |chunks: &Vec<Chunk>| [chunks.clone(), vec![done(FinishReason::Stop)]].concat();
        for turn in &turns {
            let recorder = Recorder::new(Script::new(whole(turn).into_iter().map(Ok).collect()), writer.clone());
            prop_assert_eq!(runtime.block_on(play(&recorder, request())).unwrap(), whole(turn));
        }
        let replay = Replay::new(Cassette::load(&path).unwrap(), DEFAULT_PATIENCE);
        for turn in &turns {
            prop_assert_eq!(runtime.block_on(play(&replay, request())).unwrap(), joined(whole(turn)));
        }
    }
}
