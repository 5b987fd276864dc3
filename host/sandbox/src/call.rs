//! One call: a component run on a thread of its own until it ends or its time is over, with all that it starts.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use massgen_config::Limits;
use massgen_permissions::Network;
use serde_json::Value;
use tokio::sync::Notify;
use wasmtime_wasi::cli::{OutputFile, StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;

use crate::capture::Capture;
use crate::egress::{Egress, NetworkLog};
use crate::engine::Sandbox;
use crate::filesystem::{Call as FileCall, DenialLog, GuestFilesystem, Refusals};
use crate::host_interface::ToolPluginPre;
use crate::host_interface::exports::massgen::plugin::tools;
use crate::instance::{Ended, Family, Guest, Start};
use crate::process::{Sink, Source, Streams};
use crate::session::{self, Session};
use crate::{
    Annotations, CommandFilter, Content, Denial, LimitKind, LimitReached, Outcome, Plugin, Report,
    ToolSpec,
};

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

impl Default for Entry {
    /// A tool without a name.
    fn default() -> Self {
        Self::Tool {
            name: String::new(),
            arguments: String::new(),
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
    /// Absolute guest path against which relative paths are read; the filesystem's own where there is none.
    pub working_directory: Option<PathBuf>,
    /// Which commands the call may start. Its own first command is not asked about.
    pub command_filter: Arc<CommandFilter>,
    /// Which places of the network the call may reach; none by default.
    pub network: Arc<Network>,
    /// The user's session with the command, which then is a shell.
    pub session: Option<Session>,
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
            working_directory: None,
            command_filter: Arc::default(),
            network: Arc::default(),
            session: None,
        }
    }
}

/// To what a command's standard streams are connected, instead of the invocation's bytes and the report.
#[derive(Clone, Default)]
pub struct Stdio {
    /// Standard input.
    pub input: Option<Arc<dyn StdinStream + Sync>>,
    /// Standard output.
    pub output: Option<Arc<dyn StdoutStream + Sync>>,
    /// Standard error.
    pub error: Option<Arc<dyn StdoutStream + Sync>>,
}

impl Stdio {
    /// This process's own streams. What is written reaches them at once.
    ///
    /// # Errors
    /// When standard output or standard error is closed.
    pub fn inherited() -> std::io::Result<Self> {
        let output = std::io::stdout().as_fd().try_clone_to_owned()?;
        let error = std::io::stderr().as_fd().try_clone_to_owned()?;
        Ok(Self {
            input: Some(Arc::new(wasmtime_wasi::cli::stdin())),
            output: Some(Arc::new(OutputFile::new(output.into()))),
            error: Some(Arc::new(OutputFile::new(error.into()))),
        })
    }

    /// As [`Stdio::inherited`], with a standard input that outlives its end, as a terminal's does: who reads after that
    /// asks again. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// As [`Stdio::inherited`].
    pub fn of_session() -> std::io::Result<Self> {
        Ok(Self {
            input: Some(Arc::new(session::Input::standard())),
            ..Self::inherited()?
        })
    }

    fn streams(self, stdin: Vec<u8>, traces: &Traces) -> Streams {
        let sink = |given: Option<_>, kept: &Capture| match given {
            Some(given) => Sink::Given(given),
            None => Sink::Kept(kept.clone()),
        };
        Streams {
            input: Source::Given(match self.input {
                Some(given) => given,
                None => Arc::new(MemoryInputPipe::new(stdin)),
            }),
            output: sink(self.output, &traces.stdout),
            error: sink(self.error, &traces.stderr),
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

    /// Waits until [`Cancel::cancel`] is called.
    pub async fn cancelled(&self) {
        let notified = self.0.1.notified();
        if !self.is_cancelled() {
            notified.await;
        }
    }
}

/// What a call leaves outside its store, so that it is there even if the store is not.
#[derive(Clone)]
struct Traces {
    stdout: Capture,
    stderr: Capture,
    denials: DenialLog,
    network: NetworkLog,
}

impl Traces {
    fn new(limits: &Limits) -> Self {
        Self {
            stdout: Capture::new(limits.output_bytes),
            stderr: Capture::new(limits.output_bytes),
            denials: DenialLog::default(),
            network: NetworkLog::default(),
        }
    }

    fn report(&self, ended: Ended, started: Instant, peak_memory: u64) -> Report {
        let Refusals { denials, limit } = self.denials.take();
        Report {
            outcome: with_refusal(ended.outcome, &denials, limit.clone()),
            limit: limit.map(|(kind, message)| LimitReached { kind, message }),
            stdout: self.stdout.take(),
            stderr: self.stderr.take(),
            log: ended.log,
            denials,
            network: self.network.take(),
            elapsed: started.elapsed(),
            peak_memory,
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
        self.call_connected(plugin, filesystem, invocation, Stdio::default(), cancel)
            .await
    }

    /// As [`Sandbox::call`], with standard streams of the caller's. What goes to a stream of the caller's is neither
    /// counted nor in the report.
    pub async fn call_connected(
        &self,
        plugin: &Plugin,
        filesystem: &Arc<GuestFilesystem>,
        mut invocation: Invocation,
        stdio: Stdio,
        cancel: &Cancel,
    ) -> Report {
        let started = Instant::now();
        let traces = Traces::new(&invocation.limits);
        let time = invocation.limits.call_time;
        let (start, stdin) = match std::mem::take(&mut invocation.entry) {
            Entry::Tool { name, arguments } => (Start::Tool { name, arguments }, Vec::new()),
            Entry::Command { arguments, stdin } => (Start::Command { arguments }, stdin),
        };
        let streams = stdio.streams(stdin, &traces);
        let files = match &start {
            Start::Command { .. } => {
                let brought = self.commands().files().chain(&plugin.inner.files);
                filesystem.for_call_of_command(brought)
            }
            Start::Tool { .. } => Ok(Arc::clone(filesystem)),
        };
        let files = match files {
            Ok(files) => files,
            Err(error) => {
                let message = format!(
                    "the call's temporary directory cannot be made in {}: {error}",
                    std::env::temp_dir().display()
                );
                let ended = Ended::without_store(Outcome::HostError { message });
                return traces.report(ended, started, 0);
            }
        };
        let guest = self.guest(plugin, &files, &start, invocation, streams, cancel, &traces);
        drop(files);
        let memory = Arc::clone(&guest.family.memory);
        let given_up = guest.family.deadline.with_grace(GRACE);
        let run = {
            let runtime = tokio::runtime::Handle::current();
            // A thread that may block: file operations then need no thread hop each (wasmtime #7973).
            tokio::task::spawn_blocking(move || runtime.block_on(guest.run(start)))
        };
        let ended = tokio::select! {
            biased;
            ended = run => ended.unwrap_or_else(|panic| {
                Ended::without_store(Outcome::HostError {
                    message: format!("the sandbox failed: {panic}"),
                })
            }),
            () = given_up.over() => Ended::without_store(Outcome::Timeout { after: time }),
        };
        traces.report(ended, started, memory.peak())
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
        let time = limits.call_time;
        let traces = Traces::new(&limits);
        let streams = Stdio::default().streams(Vec::new(), &traces);
        let start = Start::Tool {
            name: String::new(),
            arguments: String::new(),
        };
        let guest = self.guest(
            plugin,
            &Arc::new(GuestFilesystem::empty()),
            &start,
            Invocation::new(Entry::default(), limits),
            streams,
            &Cancel::default(),
            &traces,
        );
        let mut store = guest.store(&[]);
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
        let tools = tokio::time::timeout(time, listed)
            .await
            .map_err(|_| format!("plugin `{name}` did not list its tools in {time:?}"))?
            .map_err(|error| format!("plugin `{name}` failed to list its tools: {error:#}"))?;
        tools
            .into_iter()
            .map(|tool| tool_spec(name, tool))
            .collect()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "everything that a first command is given"
    )]
    fn guest(
        &self,
        plugin: &Plugin,
        filesystem: &Arc<GuestFilesystem>,
        start: &Start,
        invocation: Invocation,
        streams: Streams,
        cancel: &Cancel,
        traces: &Traces,
    ) -> Guest {
        let egress = Egress::new(
            invocation.network,
            invocation.limits.requests,
            traces.network.clone(),
            traces.denials.clone(),
        );
        let family = Family::new(
            self.clone(),
            invocation.limits.clone(),
            filesystem,
            invocation.call_id,
            invocation.command_filter,
            egress,
        );
        let files = FileCall::new(
            Arc::clone(filesystem),
            invocation.limits,
            family.identify(plugin, start.name()),
            traces.denials.clone(),
            cancel.clone(),
        );
        let files = files.probing(&plugin.manifest().probes);
        let directory = invocation.working_directory.as_deref();
        let directory = directory.unwrap_or(filesystem.working_directory());
        Guest {
            plugin: plugin.clone(),
            environment: invocation.environment,
            working_directory: directory.display().to_string(),
            configuration: invocation.configuration.to_string(),
            streams,
            session: invocation.session,
            files: Arc::new(files),
            family: Arc::new(family),
            cancel: cancel.clone(),
        }
    }
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

pub(crate) fn content(piece: tools::Content) -> Result<Content, String> {
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
