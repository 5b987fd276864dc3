//! One instance of a component: its store, its run, and how that ended.
//!
//! Three things bound a run. The guest's own code is interrupted by epochs at its deadline. A host call that waits
//! (sleep, poll) is dropped by a timer at the same deadline. A host call that blocks the thread cannot be stopped from
//! outside; the caller stops waiting for it shortly after.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use massgen_config::Limits;
use massgen_permissions::audit;
use wasmtime::{Store, ThrownException, Trap, UpdateDeadline};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{I32Exit, ResourceTable, ResourceTableError, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::approval::Deadline;
use crate::call::{Cancel, content};
use crate::egress::{Egress, Outgoing};
use crate::engine::Sandbox;
use crate::filesystem::{Call as FileCall, Gate, GuestFilesystem};
use crate::host_interface::exports::massgen::plugin::tools;
use crate::host_interface::{GuestFacts, ToolPluginPre, granted_paths};
use crate::memory::{Memory, Meter};
use crate::process::{Children, Own, Sink, Streams};
use crate::session::Session;
use crate::state::State;
use crate::{CommandFilter, LimitKind, Outcome, Plugin};

/// Resources that one handle needs to be used, at most: itself, two streams, and what tells when they are ready. Opening
/// is refused at the limit on handles; a guest that goes beyond this has made streams for their own sake, and ends.
const RESOURCES_OF_HANDLE: usize = 4;

/// What all commands of one call share.
pub(crate) struct Family {
    pub(crate) sandbox: Sandbox,
    pub(crate) limits: Limits,
    /// When all of them end.
    pub(crate) deadline: Deadline,
    pub(crate) memory: Arc<Memory>,
    pub(crate) filter: Arc<CommandFilter>,
    pub(crate) egress: Arc<Egress>,
    /// The run, the agent and the model's id of the call, for the audit.
    pub(crate) identity: audit::Call,
    running: AtomicU32,
    started: AtomicU32,
}

impl Family {
    pub(crate) fn new(
        sandbox: Sandbox,
        limits: Limits,
        filesystem: &GuestFilesystem,
        call_id: String,
        filter: Arc<CommandFilter>,
        egress: Egress,
    ) -> Self {
        let audit = filesystem.audit.as_ref();
        Self {
            sandbox,
            deadline: Deadline::after(
                limits.call_time,
                filesystem.approvals.as_ref().map(|asked| asked.waits()),
            ),
            memory: Arc::new(Memory::new(limits.memory_bytes)),
            filter,
            egress: Arc::new(egress),
            identity: audit::Call {
                run: audit.map(|audit| audit.run.clone()).unwrap_or_default(),
                agent: audit.map(|audit| audit.agent.clone()).unwrap_or_default(),
                plugin: String::new(),
                digest: String::new(),
                tool: String::new(),
                call: call_id,
                lane: None,
            },
            limits,
            running: AtomicU32::new(0),
            started: AtomicU32::new(0),
        }
    }

    /// A place for one more command beside the first, or none if there are as many as there may be.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Place> {
        self.running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |running| {
                (running < self.limits.commands).then_some(running + 1)
            })
            .ok()?;
        Some(Place {
            id: self.started.fetch_add(1, Ordering::Relaxed) + 1,
            family: Arc::clone(self),
        })
    }

    /// The audit's name for one command of the call.
    pub(crate) fn identify(&self, plugin: &Plugin, tool: &str) -> audit::Call {
        audit::Call {
            plugin: plugin.manifest().name.clone(),
            digest: plugin.digest().to_owned(),
            tool: tool.to_owned(),
            ..self.identity.clone()
        }
    }
}

/// A running command's place among those of its call; free again when dropped.
pub(crate) struct Place {
    /// From 1.
    pub(crate) id: u32,
    family: Arc<Family>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.family.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is run in an instance.
pub(crate) enum Start {
    /// A tool of a tool plugin.
    Tool { name: String, arguments: String },
    /// A command with its arguments, of which the first is its own name.
    Command { arguments: Vec<String> },
}

impl Start {
    /// The tool's name, or the command's.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Tool { name, .. } => name,
            Self::Command { arguments } => arguments.first().map_or("", String::as_str),
        }
    }
}

/// An instance to be: a component and everything it is given.
pub(crate) struct Guest {
    pub(crate) plugin: Plugin,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) working_directory: String,
    /// A JSON object.
    pub(crate) configuration: String,
    pub(crate) streams: Streams,
    /// The user's session with the guest, if it is a shell to which one speaks.
    pub(crate) session: Option<Session>,
    pub(crate) files: Arc<FileCall>,
    pub(crate) family: Arc<Family>,
    pub(crate) cancel: Cancel,
}

/// What an instance leaves behind.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) log: Vec<String>,
}

impl Ended {
    pub(crate) fn without_store(outcome: Outcome) -> Self {
        Self {
            outcome,
            log: Vec::new(),
        }
    }
}

/// Why the epoch callback stopped a guest.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("the call ran out of time")]
    Deadline,
    #[error("the call was cancelled")]
    Cancelled,
}

impl Guest {
    /// Runs to its end, and ends what it has started and not waited for. Whatever happens is an outcome.
    pub(crate) async fn run(self, start: Start) -> Ended {
        let (plugin, cancel) = (self.plugin.clone(), self.cancel.clone());
        let (family, files) = (Arc::clone(&self.family), Arc::clone(&self.files));
        let arguments = match &start {
            Start::Tool { .. } => &[],
            Start::Command { arguments } => arguments.as_slice(),
        };
        let mut store = self.store(arguments);
        let outcome = tokio::select! {
            biased;
            ended = enter(&mut store, &plugin, start) => match ended {
                Ok(outcome) => outcome,
                Err(error) => failure(&error, &family.limits),
            },
            () = family.deadline.over() => Outcome::Timeout { after: family.limits.call_time },
            () = cancel.cancelled() => Outcome::Cancelled,
        };
        let mut state = store.into_data();
        state.children.end().await;
        let outcome = match (outcome, state.meter.refused) {
            // A guest whose first memory is too large does not even start.
            (Outcome::Trap { .. } | Outcome::HostError { .. }, Some(limit)) => {
                limit_outcome(limit, &family.limits)
            }
            // What a program makes of a refusal is its own; that there was one is told.
            (outcome, Some(limit)) => {
                if let Outcome::Limit { message, .. } = limit_outcome(limit, &family.limits) {
                    files.reached(limit, message);
                }
                outcome
            }
            (outcome, None) => outcome,
        };
        Ended {
            outcome,
            log: state.guest.log,
        }
    }

    /// The variables of the call, and those of the manifest that it does not set.
    fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.environment.clone();
        for (name, value) in &self.plugin.manifest().environment {
            if variables.iter().all(|(set, _)| set != name) {
                variables.push((
                    name.clone(),
                    value.replace("${cwd}", &self.working_directory),
                ));
            }
        }
        variables
    }

    /// The call's arguments, with those of the manifest behind the command's name.
    fn arguments(&self, given: &[String]) -> Vec<String> {
        let own = &self.plugin.manifest().arguments;
        let (name, rest) = given.split_at(given.len().min(1));
        [name, own, rest].concat()
    }

    pub(crate) fn store(self, arguments: &[String]) -> Store<State> {
        let arguments = self.arguments(arguments);
        let mut wasi = WasiCtxBuilder::new();
        let variables = self.variables();
        let ends_on_broken_pipe = Arc::new(AtomicBool::new(false));
        let own = |sink: &Sink| Own {
            sink: sink.clone(),
            ends_on_broken_pipe: Arc::clone(&ends_on_broken_pipe),
        };
        wasi.stdin(self.streams.input.clone())
            .stdout(own(&self.streams.output))
            .stderr(own(&self.streams.error))
            .args(&arguments)
            .envs(&variables)
            .initial_cwd(&self.working_directory)
            .allow_blocking_current_thread(true)
            // Sockets answer every use with `access-denied`.
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        let most_handles = self.family.limits.open_files as usize;
        table.set_max_capacity(most_handles.saturating_mul(RESOURCES_OF_HANDLE));
        let sandbox = &self.family.sandbox.inner;
        let engine = sandbox.engine.clone();
        let state = State {
            wasi: wasi.build(),
            table,
            http: WasiHttpCtx::new(),
            outgoing: Outgoing(Arc::clone(&self.family.egress)),
            guest: GuestFacts {
                plugin: self.plugin.manifest().name.clone(),
                configuration: self.configuration,
                working_directory: self.working_directory,
                granted: granted_paths(&self.files.policy()),
                cancel: self.cancel.clone(),
                log: Vec::new(),
            },
            gate: Gate::new(
                self.files,
                Arc::clone(&sandbox.void),
                self.streams.clone(),
                most_handles,
            ),
            meter: Meter::new(Arc::clone(&self.family.memory)),
            streams: self.streams,
            session: self.session,
            ends_on_broken_pipe,
            children: Children::default(),
            family: self.family,
            cancel: self.cancel,
        };
        let mut store = Store::new(&engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            let state = context.data();
            if state.cancel.is_cancelled() {
                return Err(Stop::Cancelled.into());
            }
            if state.family.deadline.is_over() {
                return Err(Stop::Deadline.into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }
}

async fn enter(
    store: &mut Store<State>,
    plugin: &Plugin,
    start: Start,
) -> wasmtime::Result<Outcome> {
    let instance = plugin.inner.instance.clone();
    match start {
        Start::Tool { name, arguments } => {
            let plugin = ToolPluginPre::new(instance)?
                .instantiate_async(&mut *store)
                .await?;
            let result = plugin
                .massgen_plugin_tools()
                .call_call_tool(&mut *store, &name, &arguments)
                .await?;
            Ok(match result {
                Ok(pieces) => match pieces.into_iter().map(content).collect() {
                    Ok(content) => Outcome::Ok { content },
                    Err(message) => Outcome::ToolError { message },
                },
                Err(tools::ToolError::UnknownTool(message) | tools::ToolError::Failed(message)) => {
                    Outcome::ToolError { message }
                }
                Err(tools::ToolError::InvalidArguments(message)) => Outcome::ToolError { message },
            })
        }
        Start::Command { .. } => {
            let command = CommandPre::new(instance)?
                .instantiate_async(&mut *store)
                .await?;
            let code = match command.wasi_cli_run().call_run(&mut *store).await {
                Ok(Ok(())) => 0,
                Ok(Err(())) => 1,
                Err(error) => match error.downcast_ref::<I32Exit>() {
                    // Exit codes have eight bits (`wasi:cli/exit`).
                    Some(exit) => u8::try_from(exit.0 & 0xff).unwrap_or(1),
                    None => return Err(error),
                },
            };
            Ok(Outcome::Exited { code })
        }
    }
}

/// The outcome behind an error that ended the guest.
fn failure(error: &wasmtime::Error, limits: &Limits) -> Outcome {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Deadline => Outcome::Timeout {
                after: limits.call_time,
            },
            Stop::Cancelled => Outcome::Cancelled,
        };
    }
    if error.is::<ThrownException>() {
        return Outcome::Trap {
            message: "the program threw an exception that nothing caught".to_owned(),
        };
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return limit_outcome(LimitKind::Handles, limits);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => limit_outcome(LimitKind::Stack, limits),
        Some(trap) => Outcome::Trap {
            message: trap.to_string(),
        },
        // What is no trap came from the host's side of a call, or from instantiation.
        None => Outcome::HostError {
            message: format!("{error:#}"),
        },
    }
}

fn limit_outcome(limit: LimitKind, limits: &Limits) -> Outcome {
    let message = match limit {
        LimitKind::Memory => format!(
            "the program needed more than its {} MiB of memory",
            limits.memory_bytes >> 20
        ),
        LimitKind::Stack => "the program's calls were nested too deeply".to_owned(),
        LimitKind::Handles => format!(
            "the program held more than {} open files and streams",
            limits.open_files
        ),
        LimitKind::Commands => format!("the call ran {} commands at one time", limits.commands),
        LimitKind::Requests => format!(
            "the call had {} HTTP requests open at one time",
            limits.requests
        ),
        LimitKind::Time => format!("the call had {} s", limits.call_time.as_secs_f64()),
        LimitKind::Written | LimitKind::NewFiles | LimitKind::FileSize => {
            "the program reached a limit on writing".to_owned()
        }
    };
    Outcome::Limit { limit, message }
}
