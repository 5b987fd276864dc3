//! Claude Code: the program `claude` as a subprocess, in its stream-JSON mode.
//!
//! Of the CLI only the model's loop is used. Its own tools, which would act as processes of this machine, are switched
//! off, with its settings, skills and servers; the agent's tools are offered to it as a server inside this process, so that
//! whatever the model does goes through the one toolbox with its rules. A permission prompt for anything else is answered
//! with no.
//!
//! The CLI remembers a conversation, so its process lives from turn to turn: a request that goes on where the last turn
//! ended is answered by the same process, any other by a new one. A turn that is dropped half-way takes the process with
//! it.

mod frame;
mod session;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream;
use massgen_config::{ApiKey, Program};

use crate::transport::Timeouts;
use crate::turn::{Backend, BackendError, BackendInfo, Chunk, ChunkStream, TurnRequest};
use session::{Session, Step};

/// What is needed to start the CLI.
#[derive(Debug, Clone)]
pub struct ClaudeCodeSettings {
    /// The program and the variables it gets.
    pub program: Program,
    /// The model to ask for; the CLI's own choice where none is named.
    pub model: Option<String>,
    /// The key; the CLI's own login where there is none.
    pub api_key: Option<ApiKey>,
    /// Where the API is, if elsewhere.
    pub base_url: Option<String>,
    /// How long the CLI may be silent during a turn. It waits and tries again by itself, and tells so.
    pub idle: Duration,
}

impl ClaudeCodeSettings {
    /// Settings for a program, with the CLI's own model, login and API.
    pub fn new(program: Program) -> Self {
        Self {
            program,
            model: None,
            api_key: None,
            base_url: None,
            idle: Timeouts::default().idle,
        }
    }
}

/// A backend that runs the CLI. Nothing is started yet.
pub fn claude_code(settings: ClaudeCodeSettings) -> Arc<dyn Backend> {
    Arc::new(ClaudeCode {
        settings: Arc::new(settings),
        between_turns: Arc::default(),
    })
}

struct ClaudeCode {
    settings: Arc<ClaudeCodeSettings>,
    /// The process that ended its last turn and waits for the next.
    between_turns: Arc<Mutex<Option<Session>>>,
}

impl Backend for ClaudeCode {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            // Whose the models and their prices are.
            provider: "Claude".to_owned(),
            model: self.settings.model.clone(),
        }
    }

    fn stream(&self, request: TurnRequest) -> ChunkStream {
        let turn = Turn {
            settings: Arc::clone(&self.settings),
            between_turns: Arc::clone(&self.between_turns),
            request,
            at: At::Beginning,
            ready: VecDeque::new(),
        };
        Box::pin(stream::unfold(turn, |mut turn| async move {
            let item = turn.next().await?;
            Some((item, turn))
        }))
    }
}

/// A turn in progress.
struct Turn {
    settings: Arc<ClaudeCodeSettings>,
    between_turns: Arc<Mutex<Option<Session>>>,
    request: TurnRequest,
    at: At,
    ready: VecDeque<Result<Chunk, BackendError>>,
}

/// How far a turn is.
enum At {
    Beginning,
    /// Chunks are coming.
    Streaming(Box<Session>),
    End,
}

impl Turn {
    async fn next(&mut self) -> Option<Result<Chunk, BackendError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            // What fails stays behind at the end: its process is not to be used again.
            match std::mem::replace(&mut self.at, At::End) {
                At::End => return None,
                At::Beginning => match self.begin().await {
                    Ok(session) => self.at = At::Streaming(Box::new(session)),
                    Err(error) => self.ready.push_back(Err(error)),
                },
                At::Streaming(mut session) => match session.step().await {
                    Ok(Step::Chunks(chunks)) => {
                        self.ready.extend(chunks.into_iter().map(Ok));
                        self.at = At::Streaming(session);
                    }
                    Ok(Step::End(chunks)) => {
                        self.ready.extend(chunks.into_iter().map(Ok));
                        *self.waiting_process() = Some(*session);
                    }
                    Err(error) => self.ready.push_back(Err(error)),
                },
            }
        }
    }

    async fn begin(&self) -> Result<Session, BackendError> {
        let waiting = self.waiting_process().take();
        match waiting.filter(|session| session.goes_on_with(&self.request)) {
            Some(mut session) => {
                session.go_on(&self.request).await?;
                Ok(session)
            }
            None => Session::start(&self.settings, &self.request).await,
        }
    }

    fn waiting_process(&self) -> std::sync::MutexGuard<'_, Option<Session>> {
        // The lock is held for a move only, which does not panic half-way.
        self.between_turns
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
