//! One call: a fresh store and instance, run on a thread of its own until it ends or its time is over.
//!
//! Three things bound a call. The guest's own code is interrupted by epochs at its deadline. A host call that waits
//! (sleep, poll) is dropped by a timer at the same deadline. A host call that blocks the thread cannot be stopped from
//! outside; the caller stops waiting for it shortly after.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use massgen_config::Limits;
use massgen_permissions::audit;
use serde_json::Value;
use tokio::sync::Notify;
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{I32Exit, ResourceTable, WasiCtxBuilder};

use crate::capture::Capture;
use crate::engine::Sandbox;
use crate::filesystem::{Call as FileCall, DenialLog, Gate, GuestFilesystem, Refusals, Trail};
use crate::host_interface::exports::massgen::plugin::tools;
use crate::host_interface::{GuestFacts, ToolPluginPre, granted_paths};
use crate::state::{Meter, State};
use crate::{Annotations, Content, Denial, LimitKind, Outcome, Plugin, Report, ToolSpec};

/// How long a call may take beyond its time before its thread is given up.
const GRACE: Duration = Duration::from_secs(1);

/// What is to be run in a component.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A tool of a tool plugin.
    Tool {
        /// Its name within the plugin.
        name: String,
        /// A JSON object, as text.
        arguments: String,
    },
    /// A command.
    Command {
        /// The arguments; the first is the command's own name.
        arguments: Vec<String>,
        /// Standard input, whole.
        stdin: Vec<u8>,
    },
}

impl Entry {
    /// The tool's name, or the command's.
    fn name(&self) -> &str {
        match self {
            Self::Tool { name, .. } => name,
            Self::Command { arguments, .. } => arguments.first().map_or("", String::as_str),
        }
    }
}

/// One call into the sandbox, as data.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What to run.
    pub entry: Entry,
    /// Its limits.
    pub limits: Limits,
    /// Environment variables; nothing else of the host's environment is seen.
    pub environment: Vec<(String, String)>,
    /// The plugin's configuration, a JSON object.
    pub configuration: Value,
    /// The model's id of the tool call, for the audit; empty where there is none.
    pub call_id: String,
}

impl Invocation {
    /// A call with an empty environment and configuration.
    pub fn new(entry: Entry, limits: Limits) -> Self {
        Self {
            entry,
            limits,
            environment: Vec::new(),
            configuration: Value::Object(serde_json::Map::new()),
            call_id: String::new(),
        }
    }
}

/// Ends a call before its time. Clones end the same call.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<(AtomicBool, Notify)>);

impl Cancel {
    /// Ends the call: a guest that computes within a tick, one that waits at once.
    pub fn cancel(&self) {
        self.0.0.store(true, Ordering::SeqCst);
        self.0.1.notify_waiters();
    }

    /// True once [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.0.load(Ordering::SeqCst)
    }

    async fn cancelled(&self) {
        let notified = self.0.1.notified();
        if !self.is_cancelled() {
            notified.await;
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

/// What a call leaves outside its store, so that it is there even if the store is not.
#[derive(Clone)]
struct Traces {
    stdout: Capture,
    stderr: Capture,
    denials: DenialLog,
}

impl Traces {
    fn new(limits: &Limits) -> Self {
        Self {
            stdout: Capture::new(limits.output_bytes),
            stderr: Capture::new(limits.output_bytes),
            denials: DenialLog::default(),
        }
    }
}

/// What only the store knows, once the guest is done.
struct Ended {
    outcome: Outcome,
    log: Vec<String>,
    peak_memory: u64,
}

impl Ended {
    fn without_store(outcome: Outcome) -> Self {
        Self {
            outcome,
            log: Vec::new(),
            peak_memory: 0,
        }
    }
}

impl Sandbox {
    /// Runs one call to its end. Never fails: whatever happens is an outcome. Must be called in a tokio runtime.
    pub async fn call(
        &self,
        plugin: &Plugin,
        filesystem: &Arc<GuestFilesystem>,
        invocation: Invocation,
        cancel: &Cancel,
    ) -> Report {
        let started = Instant::now();
        let traces = Traces::new(&invocation.limits);
        let time = invocation.limits.call_time;
        let run = {
            let (sandbox, plugin, filesystem) =
                (self.clone(), plugin.clone(), Arc::clone(filesystem));
            let (traces, cancel) = (traces.clone(), cancel.clone());
            let runtime = tokio::runtime::Handle::current();
            // A thread that may block: file operations then need no thread hop each (wasmtime #7973).
            tokio::task::spawn_blocking(move || {
                runtime.block_on(sandbox.run(&plugin, filesystem, invocation, cancel, &traces))
            })
        };
        let ended = match tokio::time::timeout(time + GRACE, run).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(panic)) => Ended::without_store(Outcome::HostError {
                message: format!("the sandbox failed: {panic}"),
            }),
            Err(_) => Ended::without_store(Outcome::Timeout { after: time }),
        };
        let Refusals { denials, limit } = traces.denials.take();
        Report {
            outcome: with_refusal(ended.outcome, &denials, limit),
            stdout: traces.stdout.take(),
            stderr: traces.stderr.take(),
            log: ended.log,
            denials,
            elapsed: started.elapsed(),
            peak_memory: ended.peak_memory,
        }
    }

    /// The tools of a tool plugin, asked without any file grant.
    ///
    /// # Errors
    /// A sentence when the plugin fails to answer or answers with something that is no tool list.
    pub async fn list_tools(
        &self,
        plugin: &Plugin,
        limits: Limits,
    ) -> Result<Vec<ToolSpec>, String> {
        let invocation = Invocation::new(
            Entry::Tool {
                name: String::new(),
                arguments: String::new(),
            },
            limits,
        );
        let traces = Traces::new(&invocation.limits);
        let filesystem = Arc::new(GuestFilesystem::empty());
        let mut store = self.store(plugin, filesystem, &invocation, Cancel::default(), &traces);
        let listed = async {
            let plugin = ToolPluginPre::new(plugin.inner.instance.clone())?
                .instantiate_async(&mut store)
                .await?;
            plugin
                .massgen_plugin_tools()
                .call_list_tools(&mut store)
                .await
        };
        let name = &plugin.manifest().name;
        let tools = tokio::time::timeout(invocation.limits.call_time, listed)
            .await
            .map_err(|_| {
                format!(
                    "plugin `{name}` did not list its tools in {:?}",
                    invocation.limits.call_time
                )
            })?
            .map_err(|error| format!("plugin `{name}` failed to list its tools: {error:#}"))?;
        tools
            .into_iter()
            .map(|tool| tool_spec(name, tool))
            .collect()
    }

    fn store(
        &self,
        plugin: &Plugin,
        filesystem: Arc<GuestFilesystem>,
        invocation: &Invocation,
        cancel: Cancel,
        traces: &Traces,
    ) -> Store<State> {
        let working_directory = filesystem.working_directory().display().to_string();
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(traces.stdout.clone())
            .stderr(traces.stderr.clone())
            .envs(&invocation.environment)
            .initial_cwd(&working_directory)
            .allow_blocking_current_thread(true)
            // Sockets answer every use with `access-denied`.
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if let Entry::Command { arguments, stdin } = &invocation.entry {
            wasi.args(arguments)
                .stdin(MemoryInputPipe::new(Bytes::copy_from_slice(stdin)));
        }
        let audit = filesystem.audit.as_ref();
        let identity = audit::Call {
            run: audit.map(|audit| audit.run.clone()).unwrap_or_default(),
            agent: audit.map(|audit| audit.agent.clone()).unwrap_or_default(),
            plugin: plugin.manifest().name.clone(),
            digest: plugin.digest().to_owned(),
            tool: invocation.entry.name().to_owned(),
            call: invocation.call_id.clone(),
        };
        let trail = Trail::new(audit.map(|audit| audit.log.clone()), Arc::new(identity));
        let call = FileCall::new(
            Arc::clone(&filesystem),
            invocation.limits.clone(),
            trail,
            traces.denials.clone(),
        );
        let mut table = ResourceTable::new();
        table.set_max_capacity(invocation.limits.open_files as usize);
        let state = State {
            wasi: wasi.build(),
            table,
            guest: GuestFacts {
                plugin: plugin.manifest().name.clone(),
                configuration: invocation.configuration.to_string(),
                working_directory,
                granted: granted_paths(&filesystem.policy()),
                cancel: cancel.clone(),
                log: Vec::new(),
            },
            gate: Gate::new(Arc::new(call), Arc::clone(&self.inner.void)),
            meter: Meter::new(invocation.limits.memory_bytes),
            deadline: Instant::now() + invocation.limits.call_time,
            cancel,
        };
        let mut store = Store::new(&self.inner.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            let state = context.data();
            if state.cancel.is_cancelled() {
                return Err(Stop::Cancelled.into());
            }
            if Instant::now() >= state.deadline {
                return Err(Stop::Deadline.into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }

    async fn run(
        &self,
        plugin: &Plugin,
        filesystem: Arc<GuestFilesystem>,
        invocation: Invocation,
        cancel: Cancel,
        traces: &Traces,
    ) -> Ended {
        let limits = invocation.limits.clone();
        let mut store = self.store(plugin, filesystem, &invocation, cancel.clone(), traces);
        let outcome = {
            let guest = tokio::time::timeout(
                limits.call_time,
                run_entry(&mut store, plugin, invocation.entry),
            );
            tokio::select! {
                biased;
                ended = guest => match ended {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(error)) => failure(&error, &limits),
                    Err(_) => Outcome::Timeout { after: limits.call_time },
                },
                () = cancel.cancelled() => Outcome::Cancelled,
            }
        };
        let state = store.into_data();
        let outcome = match (outcome, state.meter.refused) {
            // A guest whose first memory is too large does not even start.
            (Outcome::Trap { .. } | Outcome::HostError { .. }, Some(limit)) => {
                limit_outcome(limit, &limits)
            }
            (outcome, _) => outcome,
        };
        Ended {
            outcome,
            log: state.guest.log,
            peak_memory: state.meter.peak_memory as u64,
        }
    }
}

async fn run_entry(
    store: &mut Store<State>,
    plugin: &Plugin,
    entry: Entry,
) -> wasmtime::Result<Outcome> {
    let instance = plugin.inner.instance.clone();
    match entry {
        Entry::Tool { name, arguments } => {
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
        Entry::Command { .. } => {
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
    if let Some(wasmtime_wasi::ResourceTableError::Full) = error.downcast_ref() {
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
        LimitKind::Written | LimitKind::NewFiles | LimitKind::FileSize => {
            "the program reached a limit on writing".to_owned()
        }
    };
    Outcome::Limit { limit, message }
}

/// A tool error after a refusal is a denial, or a limit: the model should read the rule, not guess at "no such file".
fn with_refusal(
    outcome: Outcome,
    denials: &[Denial],
    limit: Option<(LimitKind, String)>,
) -> Outcome {
    match (outcome, denials.last(), limit) {
        (Outcome::ToolError { message }, _, Some((limit, words))) => Outcome::Limit {
            limit,
            message: format!("{message} The limit: {words}."),
        },
        (Outcome::ToolError { message }, Some(denial), None) => Outcome::Denied {
            message,
            denial: denial.clone(),
        },
        (outcome, _, _) => outcome,
    }
}

fn content(piece: tools::Content) -> Result<Content, String> {
    Ok(match piece {
        tools::Content::Text(text) => Content::Text { text },
        tools::Content::Json(text) => Content::Json {
            value: serde_json::from_str(&text).map_err(|error| {
                format!("the tool returned content marked as JSON that is not JSON: {error}")
            })?,
        },
        tools::Content::Image(blob) => Content::Image {
            mime_type: blob.mime_type,
            data: blob.data,
        },
        tools::Content::Audio(blob) => Content::Audio {
            mime_type: blob.mime_type,
            data: blob.data,
        },
        tools::Content::ResourceLink(link) => Content::ResourceLink {
            uri: link.uri,
            name: link.name,
            mime_type: link.mime_type,
        },
    })
}

fn tool_spec(plugin: &str, tool: tools::Tool) -> Result<ToolSpec, String> {
    let schema = |text: &str| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| {
                format!(
                    "plugin `{plugin}`: a schema of tool `{}` is not a JSON object",
                    tool.name
                )
            })
    };
    let valid_name = !tool.name.is_empty()
        && tool.name.len() <= 64
        && tool
            .name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !valid_name {
        return Err(format!(
            "plugin `{plugin}`: `{}` cannot be a tool's name",
            tool.name.escape_debug()
        ));
    }
    Ok(ToolSpec {
        input_schema: schema(&tool.input_schema)?,
        output_schema: tool.output_schema.as_deref().map(schema).transpose()?,
        annotations: Annotations {
            read_only: tool.annotations.read_only,
            destructive: tool.annotations.destructive,
            idempotent: tool.annotations.idempotent,
            open_world: tool.annotations.open_world,
        },
        name: tool.name,
        description: tool.description,
    })
}
