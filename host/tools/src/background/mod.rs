//! Command lines that run while the model goes on with something else: started by one call, looked at by later ones.
//!
//! They run in the sandbox exactly as those of `execute_command`, with the same files, filter and policy, and end with the
//! agent's turn at the latest: before its answer is kept, so that nothing changes what the others will see.

mod shell;
pub(crate) mod tools;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use massgen_sandbox::{GuestFilesystem, Invocation, Plugin, Sandbox};

use self::shell::Shell;

/// Ended ones whose output is still kept; older ones are forgotten.
const MOST_ENDED: usize = 16;

/// The background shells of one agent. All are ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Background {
    /// How many may run at one time; `sandbox.background_commands`.
    most: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they were started.
    shells: VecDeque<Arc<Shell>>,
    /// How many were ever started; no name is used twice.
    started: u64,
}

/// What is needed to run a command line of this agent.
pub(crate) struct Ground<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) plugin: &'a Plugin,
    pub(crate) filesystem: &'a Arc<GuestFilesystem>,
}

/// Why no command was started, or none found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackgroundError {
    /// The limit.
    #[error(
        "{running} background commands are running, and no more than {running} may at one time \
         (`sandbox.background_commands`). Wait for one of them, or end one with `kill_background_shell`."
    )]
    TooMany {
        /// How many.
        running: usize,
    },
    /// Nothing goes by this name.
    #[error(
        "There is no background shell `{id}`: {known}. They end with the turn in which they were started, and of those \
         that ended only the last {MOST_ENDED} are remembered."
    )]
    Unknown {
        /// The name.
        id: String,
        /// Those that there are, as a clause.
        known: String,
    },
}

impl Background {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one step on the list, so a panic leaves it in order.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a command line. Must be called in a tokio runtime.
    fn start(
        &self,
        ground: &Ground<'_>,
        command: &str,
        invocation: Invocation,
    ) -> Result<Arc<Shell>, BackgroundError> {
        let mut state = self.lock();
        let running = state.shells.iter().filter(|shell| shell.is_running());
        let running = running.count();
        if running >= self.most as usize {
            return Err(BackgroundError::TooMany { running });
        }
        while state.shells.len() - running >= MOST_ENDED {
            let ended = state.shells.iter().position(|shell| !shell.is_running());
            ended.and_then(|oldest| state.shells.remove(oldest));
        }
        state.started += 1;
        let id = format!("shell_{}", state.started);
        let shell = Arc::new(Shell::start(ground, id, command.to_owned(), invocation));
        state.shells.push_back(Arc::clone(&shell));
        Ok(shell)
    }

    fn find(&self, id: &str) -> Result<Arc<Shell>, BackgroundError> {
        let shells = self.all();
        let found = shells.iter().find(|shell| shell.id() == id);
        found.cloned().ok_or_else(|| {
            let ids: Vec<_> = shells.iter().map(|shell| shell.id()).collect();
            BackgroundError::Unknown {
                id: id.to_owned(),
                known: match ids.as_slice() {
                    [] => "none was started".to_owned(),
                    ids => format!("there are {}", ids.join(", ")),
                },
            }
        })
    }

    fn all(&self) -> Vec<Arc<Shell>> {
        self.lock().shells.iter().cloned().collect()
    }

    /// Tells all to end, without waiting for it.
    pub(crate) fn cancel(&self) {
        for shell in self.all() {
            shell.cancel();
        }
    }

    /// Ends all, waits until none of them can change anything any more, and forgets them.
    pub(crate) async fn end(&self) {
        let shells = std::mem::take(&mut self.lock().shells);
        for shell in &shells {
            shell.cancel();
        }
        for shell in &shells {
            shell.ended().await;
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.cancel();
    }
}
