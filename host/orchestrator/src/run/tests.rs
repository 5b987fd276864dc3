//! Whole runs with scripted models on real directories. A model is a function of what it is asked, so a test says what
//! an agent does and not when: the order in which agents come to speak is the scheduler's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream;
use futures::{FutureExt, StreamExt};
use massgen_backends::{
    Backend, BackendError, BackendInfo, Cassette, Chunk, ChunkStream, ErrorKind, FinishReason,
    Message, Replay, Stage, ToolCall, TurnRequest, Usage,
};
use massgen_config::AgentId;
use massgen_tools::Toolbox;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Member, PRESENTATION_GRACE, Run, RunOptions, RunResult};
use crate::attempt::{MAX_TOOL_TURNS, TRIES};
use crate::coordinator::{Backoff, Coordination};
use crate::event::{Event, EventKind, FinalTextSource, Outcome};
use crate::layout::LogLayout;
use crate::workspace::{WorkspaceSettings, Workspaces};

/// What a scripted model does with its turn.
#[derive(Clone)]
enum Move {
    Say(&'static str),
    Call(&'static str, Value),
    Both(Box<Move>, Box<Move>),
    Fail(ErrorKind),
    /// Speaks, then the connection breaks.
    Cut(&'static str),
    /// Says nothing until other answers stand than it was shown.
    WaitForNews,
    Hang,
    Panic,
}

fn answer(content: &str) -> Move {
    Move::Call("new_answer", json!({ "content": content }))
}

fn vote(name: &str) -> Move {
    Move::Call("vote", json!({ "agent_id": name, "reason": "best" }))
}

type Script = Box<dyn Fn(&TurnRequest) -> Move + Send + Sync>;

struct Model {
    script: Script,
    requests: Mutex<Vec<TurnRequest>>,
}

impl Model {
    fn new(script: impl Fn(&TurnRequest) -> Move + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            requests: Mutex::default(),
        })
    }

    /// Answers once, votes for `favourite` as soon as it sees its answer, and presents as `name`.
    fn ordinary(name: &'static str, favourite: &'static str) -> Arc<Self> {
        Self::new(move |request| match request.context.stage {
            Stage::Presentation => Move::Say("the final text"),
            Stage::Coordination if request.sees(favourite) => vote(favourite),
            Stage::Coordination => answer(name),
        })
    }

    fn requests(&self) -> Vec<TurnRequest> {
        self.requests.lock().unwrap().clone()
    }
}

trait Asked {
    fn sees(&self, agent: &str) -> bool;
    fn last(&self) -> &Message;
    fn text(&self) -> String;
}

impl Asked for TurnRequest {
    fn sees(&self, agent: &str) -> bool {
        self.context
            .sees
            .iter()
            .any(|label| label.starts_with(&format!("{agent}.")))
    }

    fn last(&self) -> &Message {
        self.messages.last().unwrap()
    }

    /// Everything that the model is told, as JSON.
    fn text(&self) -> String {
        format!(
            "{}{}",
            serde_json::to_string(&self.messages).unwrap(),
            serde_json::to_string(&self.tools).unwrap()
        )
    }
}

fn chunks(next: &Move, number: usize) -> Vec<Result<Chunk, BackendError>> {
    match next {
        Move::Say(text) => text
            .split_inclusive(' ')
            .map(|text| Ok(Chunk::Content { text: text.into() }))
            .collect(),
        Move::Call(name, arguments) => {
            let id = format!("call{number}-{name}");
            vec![Ok(Chunk::ToolCall(ToolCall {
                id,
                name: (*name).into(),
                arguments: arguments.to_string(),
            }))]
        }
        Move::Both(one, other) => [chunks(one, number), chunks(other, number + 1000)].concat(),
        Move::Fail(kind) => vec![Err(BackendError {
            kind: *kind,
            message: "the provider said no".into(),
        })],
        Move::Cut(text) => {
            let error = BackendError {
                kind: ErrorKind::Network,
                message: "the connection broke".into(),
            };
            vec![
                Ok(Chunk::Content {
                    text: (*text).into(),
                }),
                Err(error),
            ]
        }
        Move::WaitForNews => Vec::new(),
        Move::Hang | Move::Panic => unreachable!("handled by the stream"),
    }
}

impl Backend for Model {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            provider: "script".into(),
            model: None,
        }
    }

    fn stream(&self, request: TurnRequest) -> ChunkStream {
        let next = (self.script)(&request);
        let mut context = request.context.clone();
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request);
            requests.len()
        };
        let turn = async move {
            match next {
                Move::Hang => std::future::pending().await,
                Move::Panic => panic!("scripted panic"),
                Move::WaitForNews => {
                    let seen = context.sees.clone();
                    context
                        .answers
                        .wait_for(|answers| *answers != seen)
                        .await
                        .unwrap();
                }
                _ => {}
            }
            let mut chunks = chunks(&next, number);
            if chunks.iter().all(Result::is_ok) {
                chunks.push(Ok(Chunk::Usage(Usage {
                    input_tokens: Some(10),
                    output_tokens: Some(2),
                })));
                chunks.push(Ok(Chunk::Done {
                    finish_reason: FinishReason::Stop,
                }));
            }
            stream::iter(chunks)
        };
        turn.flatten_stream().boxed()
    }
}

/// A run on a ground of its own, with agents named `first-id`, `second-id` and so on.
struct Ground {
    directory: TempDir,
    options: RunOptions,
    events: Arc<Mutex<Vec<Event>>>,
}

const IDS: [&str; 3] = ["first-id", "second-id", "third-id"];

impl Ground {
    fn new(models: &[Arc<Model>]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let agents = IDS
            .iter()
            .take(models.len())
            .map(|id| (AgentId::new(*id).unwrap(), Some(root.join("work").join(id))));
        let workspaces = Workspaces::prepare(&WorkspaceSettings {
            agents: agents.collect(),
            snapshot_storage: root.join("massgen/snapshots"),
            temporary_parent: root.join("massgen/temp"),
            keep: Vec::new(),
        });
        let member = |(model, id): (&Arc<Model>, &&str)| Member {
            id: AgentId::new(*id).unwrap(),
            system_message: None,
            backend: Arc::clone(model) as Arc<dyn Backend>,
            toolbox: Toolbox::empty(),
            context_paths: Vec::new(),
        };
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let heard = Arc::clone(&events);
        let options = RunOptions {
            question: "What is six times seven?".into(),
            members: models.iter().zip(&IDS).map(member).collect(),
            coordination: Coordination::Rounds,
            max_answers_per_agent: None,
            backoff: Backoff::default(),
            time_limit: Duration::from_secs(60),
            workspaces: Arc::new(workspaces.unwrap()),
            log: Some(LogLayout::at(&root.join("log")).unwrap()),
            sinks: vec![Box::new(move |event: &Event| {
                heard.lock().unwrap().push(event.clone())
            })],
            cancel: CancellationToken::new(),
        };
        Self {
            directory,
            options,
            events,
        }
    }

    async fn run(self) -> Finished {
        let Self {
            directory,
            options,
            events,
        } = self;
        let result = Run::new(options).unwrap().execute().await;
        let events = events.lock().unwrap().clone();
        Finished {
            directory,
            result,
            events,
        }
    }
}

async fn run(models: &[Arc<Model>]) -> Finished {
    Ground::new(models).run().await
}

struct Finished {
    directory: TempDir,
    result: RunResult,
    events: Vec<Event>,
}

impl Finished {
    fn count(&self, wanted: impl Fn(&EventKind) -> bool) -> usize {
        self.events
            .iter()
            .filter(|event| wanted(&event.kind))
            .count()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn final_text(&self) -> (&str, &str) {
        match &self.result.outcome {
            Outcome::Finished { winner, final_text } => (winner.as_str(), final_text),
            other => panic!("the run ended with {other:?}"),
        }
    }

    fn killed(&self) -> Vec<(&str, &str)> {
        let killed = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::AgentKilled { agent, error } => Some((agent.as_str(), error.as_str())),
            _ => None,
        });
        killed.collect()
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Warning { message, .. } => Some(message.as_str()),
            _ => None,
        });
        warnings.collect()
    }
}

fn written(path: &Path) -> BTreeSet<String> {
    let entries =
        std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

#[tokio::test]
async fn the_agent_with_most_votes_presents_the_final_text() {
    let models = [
        Model::ordinary("one", "agent2"),
        Model::ordinary("two", "agent2"),
        Model::ordinary("three", "agent2"),
    ];
    let finished = run(&models).await;
    assert_eq!(finished.final_text(), ("second-id", "the final text"));
    assert_eq!(
        finished.count(|kind| matches!(kind, EventKind::PresentationStarted { .. })),
        1
    );
    let presented = models[1]
        .requests()
        .into_iter()
        .filter(|request| request.context.stage == Stage::Presentation);
    let presented: Vec<_> = presented.collect();
    assert_eq!(presented.len(), 1);
    assert!(
        presented[0].tools.is_empty(),
        "the presenter has no workflow tools"
    );
    assert!(
        presented[0].text().contains("agent2 received 3 vote(s)"),
        "{}",
        presented[0].text()
    );
}

#[tokio::test]
async fn the_stream_is_numbered_without_gaps_and_the_journal_holds_all_of_it() {
    let finished = run(&[
        Model::ordinary("one", "agent1"),
        Model::ordinary("two", "agent1"),
    ])
    .await;
    let numbers: Vec<u64> = finished.events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert!(matches!(
        finished.events.first().unwrap().kind,
        EventKind::RunStarted { .. }
    ));
    assert!(matches!(
        finished.events.last().unwrap().kind,
        EventKind::RunFinished { .. }
    ));
    let journal: Vec<Event> = finished
        .read("log/events.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(journal, finished.events);
}

#[tokio::test]
async fn streamed_pieces_of_the_presentation_make_the_final_text() {
    let model = Model::new(|request| match (request.context.stage, request.last()) {
        (Stage::Presentation, Message::Tool { .. }) => Move::Say("all done"),
        (Stage::Presentation, _) => Move::Both(
            Box::new(Move::Say("first this")),
            Box::new(Move::Call("write_file", json!({}))),
        ),
        _ if request.sees("agent1") => vote("agent1"),
        _ => answer("42"),
    });
    let finished = run(&[model]).await;
    let streamed: String = finished
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::PresentationContent { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(finished.final_text().1, "first this\n\nall done");
    assert_eq!(streamed, "first this\n\nall done");
}

#[tokio::test]
async fn prompts_name_agents_only_anonymously() {
    let models = [
        Model::ordinary("one", "agent2"),
        Model::ordinary("two", "agent2"),
    ];
    let finished = run(&models).await;
    let root = finished.directory.path().canonicalize().unwrap();
    for request in models.iter().flat_map(|model| model.requests()) {
        // An agent's own folders bear its id; nothing else may bear any.
        let own =
            ["work", "massgen/temp"].map(|place| root.join(place).join(&request.context.agent));
        let text = own.iter().fold(request.text(), |text, own| {
            text.replace(&own.display().to_string(), "")
        });
        for id in IDS {
            assert!(!text.contains(id), "`{id}` leaks into {text}");
        }
    }
}

#[tokio::test]
async fn a_duplicate_is_rejected_at_once_and_its_author_votes_instead() {
    let model = Model::new(|request| match request.last() {
        Message::Tool { content, .. } if content.contains("repeats the answer of agent1") => {
            vote("agent1")
        }
        _ if request.context.stage == Stage::Presentation => Move::Say("final"),
        _ => answer("42"),
    });
    let finished = run(&[model]).await;
    assert_eq!(
        finished.count(|kind| matches!(kind, EventKind::AnswerAccepted { .. })),
        1
    );
    assert_eq!(
        finished.count(|kind| matches!(kind, EventKind::DuplicateRejected { .. })),
        1
    );
    finished.final_text();
}

#[tokio::test]
async fn every_call_gets_exactly_one_result() {
    let model = Model::new(|request| match request.messages.len() {
        _ if request.context.stage == Stage::Presentation => Move::Say("final"),
        2 if request.sees("agent1") => {
            Move::Both(Box::new(vote("agent1")), Box::new(vote("agent1")))
        }
        _ if request.sees("agent1") => vote("agent1"),
        2 => Move::Both(
            Box::new(Move::Call("no_such_tool", json!({}))),
            Box::new(vote("agent1")),
        ),
        _ => answer("42"),
    });
    let finished = run(&[Arc::clone(&model)]).await;
    finished.final_text();
    for request in model.requests() {
        for (at, message) in request.messages.iter().enumerate() {
            let Message::Assistant { tool_calls, .. } = message else {
                continue;
            };
            let mut calls: Vec<_> = tool_calls.iter().map(|call| call.id.clone()).collect();
            let results = request.messages[at + 1..]
                .iter()
                .map_while(|message| match message {
                    Message::Tool { call_id, .. } => Some(call_id.clone()),
                    _ => None,
                });
            let mut results: Vec<_> = results.collect();
            calls.sort();
            results.sort();
            assert_eq!(calls, results);
        }
    }
    let told = model.requests().iter().map(Asked::text).collect::<String>();
    assert!(
        told.contains("There is no tool") && told.contains("no answer to vote for yet"),
        "{told}"
    );
    assert!(told.contains("Only one vote is possible"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_never_calls_a_tool_is_reminded_then_given_up_within_bounds() {
    let model = Model::new(|_| Move::Say("I think it is 42."));
    let finished = run(&[Arc::clone(&model)]).await;
    assert!(
        matches!(&finished.result.outcome, Outcome::Failed { error } if error.contains("no agent gave an answer"))
    );
    assert_eq!(
        model.requests().len(),
        9,
        "three tries in each of three attempts"
    );
    assert_eq!(finished.killed().len(), 1);
    assert!(
        finished.killed()[0].1.contains(&format!("{TRIES} tries")),
        "{:?}",
        finished.killed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_only_calls_other_tools_is_stopped_by_a_bound() {
    let model = Model::new(|_| Move::Call("no_such_tool", json!({})));
    let finished = run(&[Arc::clone(&model)]).await;
    assert!(matches!(finished.result.outcome, Outcome::Failed { .. }));
    let turns = usize::try_from(MAX_TOOL_TURNS + TRIES).unwrap();
    assert_eq!(model.requests().len(), 3 * turns);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out_and_the_agent_takes_part_again() {
    let asked = AtomicBool::new(false);
    let failing = Model::new(move |request| match asked.swap(true, Ordering::Relaxed) {
        false => Move::Cut("half a thou"),
        true if request.context.stage == Stage::Presentation => Move::Say("final"),
        true if request.sees("agent1") => vote("agent1"),
        true => Move::WaitForNews,
    });
    let finished = run(&[Model::ordinary("42", "agent1"), failing]).await;
    finished.final_text();
    assert_eq!(
        finished.count(|kind| matches!(kind, EventKind::RetryScheduled { after_ms: 1000, .. })),
        1
    );
    assert_eq!(finished.killed(), []);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_an_agent_without_a_second_request_and_the_others_go_on() {
    let refused = Model::new(|_| Move::Fail(ErrorKind::Authentication));
    let finished = run(&[Arc::clone(&refused), Model::ordinary("42", "agent2")]).await;
    assert_eq!(refused.requests().len(), 1);
    assert_eq!(finished.killed(), [("first-id", "the provider said no")]);
    assert_eq!(finished.final_text().0, "second-id");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_failure_of_one_agent() {
    let finished = run(&[Model::new(|_| Move::Panic), Model::ordinary("42", "agent2")]).await;
    assert_eq!(finished.final_text().0, "second-id");
    let [(killed, error)] = finished.killed()[..] else {
        panic!("{:?}", finished.killed())
    };
    assert_eq!(killed, "first-id");
    assert!(error.contains("scripted panic"), "{error}");
}

#[tokio::test]
async fn a_superseded_turn_that_says_nothing_is_no_failure() {
    let waiting = Model::new(|request| match request.context.stage {
        Stage::Coordination if request.sees("agent2") => vote("agent2"),
        _ => Move::WaitForNews,
    });
    let finished = run(&[waiting, Model::ordinary("42", "agent2")]).await;
    assert_eq!(finished.final_text().0, "second-id");
    let troubles = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::AgentFailed { .. } | EventKind::Enforced { .. }
        )
    };
    assert_eq!(finished.count(troubles), 0);
    assert!(finished.count(|kind| matches!(kind, EventKind::RestartRequested { .. })) >= 1);
}

#[tokio::test(start_paused = true)]
async fn at_the_time_limit_the_best_answer_so_far_is_presented() {
    let models = [Model::new(|_| Move::Hang), Model::ordinary("42", "agent2")];
    let finished = run(&models).await;
    let Outcome::TimedOut {
        winner: Some(winner),
        final_text: Some(text),
    } = &finished.result.outcome
    else {
        panic!("the run ended with {:?}", finished.result.outcome)
    };
    assert_eq!(
        (winner.as_str(), text.as_str()),
        ("second-id", "the final text")
    );
    let waiting = finished.count(|kind| {
        matches!(kind, EventKind::TimedOut { limit_ms: 60_000, waiting_for } if waiting_for[0].as_str() == "first-id")
    });
    assert_eq!(waiting, 1);
}

#[tokio::test]
async fn a_time_limit_beyond_every_clock_is_no_limit() {
    let mut ground = Ground::new(&[Model::ordinary("42", "agent1")]);
    ground.options.time_limit = Duration::MAX;
    assert_eq!(ground.run().await.final_text().1, "the final text");
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_without_any_answer_ends_without_a_result() {
    let finished = run(&[Model::new(|_| Move::Hang)]).await;
    assert_eq!(
        finished.result.outcome,
        Outcome::TimedOut {
            winner: None,
            final_text: None
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_presentation_that_hangs_is_cut_off_and_the_stored_answer_stands_in() {
    let model = Model::new(|request| match request.context.stage {
        Stage::Presentation => Move::Hang,
        _ if request.sees("agent1") => vote("agent1"),
        _ => answer("42"),
    });
    let begun = tokio::time::Instant::now();
    let finished = run(&[model]).await;
    assert_eq!(finished.final_text().1, "42");
    assert!(begun.elapsed() <= Duration::from_secs(61) + PRESENTATION_GRACE);
    assert!(
        finished
            .warnings()
            .iter()
            .any(|warning| warning.contains("ran out of time"))
    );
    assert_eq!(finished.read("log/final/first-id/answer.txt"), "42");
}

#[tokio::test]
async fn a_presentation_that_fails_or_says_nothing_gives_way_to_the_stored_answer() {
    for failing in [
        Move::Fail(ErrorKind::Provider),
        Move::Cut("half a pre"),
        Move::Say(""),
        Move::Panic,
    ] {
        let model = Model::new(move |request| match request.context.stage {
            Stage::Presentation => failing.clone(),
            _ if request.sees("agent1") => vote("agent1"),
            _ => answer("42"),
        });
        let finished = run(&[model]).await;
        assert_eq!(finished.final_text().1, "42");
        let stored = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::PresentationFinished {
                    source: FinalTextSource::StoredAnswer,
                    ..
                }
            )
        };
        assert_eq!(finished.count(stored), 1);
    }
}

#[tokio::test]
async fn skipping_coordination_asks_the_first_agent_alone() {
    let models = [
        Model::ordinary("one", "agent1"),
        Model::ordinary("two", "agent1"),
    ];
    let mut ground = Ground::new(&models);
    ground.options.coordination = Coordination::Skipped;
    let finished = ground.run().await;
    assert_eq!(finished.final_text(), ("first-id", "the final text"));
    assert_eq!(
        (models[0].requests().len(), models[1].requests().len()),
        (1, 0)
    );
}

#[tokio::test]
async fn an_interrupted_run_ends_at_once_with_everything_saved() {
    let cancel = CancellationToken::new();
    let interrupt = cancel.clone();
    let model = Model::new(move |request| {
        if request.sees("agent1") {
            interrupt.cancel();
            return Move::Hang;
        }
        answer("42")
    });
    let mut ground = Ground::new(&[model]);
    ground.options.cancel = cancel;
    let finished = ground.run().await;
    assert_eq!(finished.result.outcome, Outcome::Interrupted);
    assert!(finished.read("log/events.jsonl").ends_with("\n"));
    assert!(
        finished
            .read("log/coordination_events.json")
            .contains("agent_cancelled")
    );
    assert_eq!(
        finished
            .read("log/agent_outputs/system_status.txt")
            .lines()
            .next(),
        Some("interrupted")
    );
}

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
