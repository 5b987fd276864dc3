//! Whole runs with scripted models on real directories. A model is a function of what it is asked, so a test says what
//! an agent does and not when: the order in which agents come to speak is the scheduler's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod endings;
mod failures;
mod saved;

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
                    ..Usage::default()
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
            audit: None,
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
async fn what_was_spent_is_told_before_the_end_and_an_unknown_price_is_not_nothing() {
    let finished = run(&[
        Model::ordinary("one", "agent1"),
        Model::ordinary("two", "agent1"),
    ])
    .await;
    let events = finished.events.iter();
    let turns = events
        .filter(|event| matches!(event.kind, EventKind::Usage { .. }))
        .count() as u64;
    let before_the_end = &finished.events[finished.events.len() - 2].kind;
    let EventKind::Spent {
        agents, cost_usd, ..
    } = before_the_end
    else {
        panic!("{before_the_end:?}")
    };
    assert_eq!(agents.iter().map(|agent| agent.turns).sum::<u64>(), turns);
    for agent in agents {
        assert_eq!(agent.input_tokens, Some(10 * agent.turns));
        assert_eq!(agent.output_tokens, Some(2 * agent.turns));
        assert_eq!(agent.cost_usd, None);
    }
    assert_eq!(*cost_usd, None);
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
