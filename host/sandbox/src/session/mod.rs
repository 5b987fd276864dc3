//! `massgen:plugin/session`: a shell to which a user speaks, line after line.
//!
//! What ends one command line must not end the session: the user's interrupt and the time of a line are told to the shell,
//! which ends what it runs and keeps its variables, functions and directory. A shell that does not listen is ended.

mod input;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

pub(crate) use self::input::Input;
use crate::process::session;

/// How long an interrupted line may take to end before the shell itself is ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a session's shell does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Awaited,
    Runs,
    /// It was told to end: by the user where there is no limit to name.
    Interrupted {
        ran: bool,
        limit: Option<String>,
    },
}

/// A user's session with one shell. Clones are the same session.
#[derive(Debug, Clone, Default)]
pub struct Session {
    line: watch::Sender<Line>,
    begun: Arc<AtomicU64>,
}

impl Session {
    /// Ends the command line that runs, or the one that is being typed.
    pub fn interrupt(&self) {
        self.interrupt_for(None);
    }

    /// How many command lines have begun.
    pub fn lines(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn interrupt_for(&self, limit: Option<String>) {
        self.line.send_if_modified(|line| {
            let ran = match line {
                Line::Awaited => false,
                Line::Runs => true,
                Line::Interrupted { .. } => return false,
            };
            *line = Line::Interrupted { ran, limit };
            true
        });
    }

    /// Gives each command line this much time, and interrupts it for `limit`, a sentence, when that is over. Returns when
    /// an interrupted line has not ended in time: then only ending the call helps.
    pub async fn hold(&self, time: Duration, limit: &str) {
        let mut lines = self.line.subscribe();
        loop {
            let line = lines.borrow_and_update().clone();
            let most = match line {
                Line::Awaited => None,
                Line::Runs => Some(time),
                Line::Interrupted { ran: true, .. } => Some(PATIENCE),
                Line::Interrupted { ran: false, .. } => None,
            };
            let changed = lines.changed();
            let is_over = match most {
                Some(most) => tokio::time::timeout(most, changed).await.is_err(),
                None => {
                    // The sender is this session's own, so there is always a change to wait for.
                    let _ = changed.await;
                    false
                }
            };
            match (is_over, line) {
                (true, Line::Runs) => self.interrupt_for(Some(limit.to_owned())),
                (true, Line::Interrupted { .. }) => return,
                _ => {}
            }
        }
    }
}

/// Selects [`SessionView`] as the implementation behind the linker's `massgen:plugin/session`.
pub(crate) struct HasSession;

impl HasData for HasSession {
    type Data<'a> = SessionView<'a>;
}

/// What the session interface works on, for the length of one host call.
pub(crate) struct SessionView<'a> {
    /// None for a command to which no user speaks.
    pub(crate) session: Option<&'a Session>,
    pub(crate) table: &'a mut ResourceTable,
}

impl SessionView<'_> {
    fn set(&self, line: Line) {
        if let Some(session) = self.session {
            session.line.send_replace(line);
        }
    }
}

/// Waits for an interruption, for ever where there is no session.
struct Interruption(Option<watch::Receiver<Line>>);

#[async_trait]
impl Pollable for Interruption {
    async fn ready(&mut self) {
        let interrupted = |line: &Line| matches!(line, Line::Interrupted { .. });
        match &mut self.0 {
            Some(lines) => drop(lines.wait_for(interrupted).await),
            None => std::future::pending().await,
        }
    }
}

impl session::Host for SessionView<'_> {
    fn begin(&mut self) -> wasmtime::Result<()> {
        self.set(Line::Runs);
        if let Some(session) = self.session {
            session.begun.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn await_line(&mut self) -> wasmtime::Result<()> {
        self.set(Line::Awaited);
        Ok(())
    }

    fn interrupted(&mut self) -> wasmtime::Result<Option<session::Interruption>> {
        let line = self.session.map(|session| session.line.borrow().clone());
        Ok(match line {
            Some(Line::Interrupted { limit: None, .. }) => Some(session::Interruption::ByUser),
            Some(Line::Interrupted {
                limit: Some(words), ..
            }) => Some(session::Interruption::Limit(words)),
            Some(Line::Awaited | Line::Runs) | None => None,
        })
    }

    fn on_interruption(&mut self) -> wasmtime::Result<Resource<DynPollable>> {
        let lines = self.session.map(|session| session.line.subscribe());
        let waiting = self.table.push(Interruption(lines))?;
        subscribe(self.table, waiting)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const TIME: Duration = Duration::from_secs(60);

    /// A session and what a shell in it does.
    struct Scene {
        session: Session,
        table: ResourceTable,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                session: Session::default(),
                table: ResourceTable::new(),
            }
        }

        fn shell(&mut self) -> SessionView<'_> {
            SessionView {
                session: Some(&self.session),
                table: &mut self.table,
            }
        }

        /// Whether holding the session to its limits ends within this time.
        async fn is_given_up(&self, within: Duration) -> bool {
            let held = self.session.hold(TIME, "too long");
            tokio::time::timeout(within, held).await.is_ok()
        }
    }

    use session::Host;

    #[tokio::test(start_paused = true)]
    async fn a_line_has_its_time_and_the_wait_for_one_has_any() {
        let mut scene = Scene::new();
        assert!(!scene.is_given_up(TIME * 1_000).await);
        assert!(scene.shell().interrupted().unwrap().is_none());
        scene.shell().begin().unwrap();
        assert!(!scene.is_given_up(TIME + PATIENCE / 2).await);
        let why = scene.shell().interrupted().unwrap();
        assert!(matches!(why, Some(session::Interruption::Limit(words)) if words == "too long"));
        scene.shell().await_line().unwrap();
        assert!(scene.shell().interrupted().unwrap().is_none());
        assert!(!scene.is_given_up(TIME * 1_000).await);
        assert_eq!(scene.session.lines(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shell_that_does_not_end_an_interrupted_line_is_given_up() {
        let mut scene = Scene::new();
        scene.shell().begin().unwrap();
        scene.session.interrupt();
        let why = scene.shell().interrupted().unwrap();
        assert!(matches!(why, Some(session::Interruption::ByUser)));
        assert!(scene.is_given_up(PATIENCE).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_may_interrupt_while_nothing_runs() {
        let mut scene = Scene::new();
        scene.session.interrupt();
        assert!(scene.shell().interrupted().unwrap().is_some());
        assert!(!scene.is_given_up(TIME * 1_000).await);
    }

    #[test]
    fn a_command_without_a_session_is_never_interrupted() {
        let mut table = ResourceTable::new();
        let mut view = SessionView {
            session: None,
            table: &mut table,
        };
        view.begin().unwrap();
        assert!(view.interrupted().unwrap().is_none());
    }
}
