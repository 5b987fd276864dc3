//! Registry and dispatch of tools.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use massgen_backends::{ToolCall, ToolDefinition};
use massgen_config::{CommandLine, Limits, ToolFilter, nearest};
use massgen_lanes::NativeLane;
use massgen_sandbox::{
    Cancel, CommandFilter, Entry, GuestFilesystem, Invocation, Plugin, PluginKind, Sandbox,
    ToolSpec,
};
use serde_json::Value;

use crate::background::tools::{self as background_tools, BackgroundTool};
use crate::background::{Background, Ground};
use crate::execute_command::{self, ExecuteCommand};
use crate::native::NativeShell;
use crate::outcome::ToolOutcome;
use crate::run_python::{self, RunPython};

/// Plugins that cannot be used together, or do not answer.
#[derive(Debug, thiserror::Error)]
pub enum ToolsetError {
    /// A plugin did not list its tools.
    #[error("{0}. Remove the plugin from the run or mend it.")]
    List(String),
    /// A pattern for commands is no regular expression.
    #[error(
        "a pattern for commands is no regular expression: {0}. Correct it in the configuration."
    )]
    Pattern(String),
    /// Two plugins offer the same name.
    #[error("the plugins `{first}` and `{second}` both offer a tool `{tool}`. Use one of them.")]
    Twice {
        /// The name.
        tool: String,
        /// The plugin that had it first.
        first: String,
        /// The other.
        second: String,
    },
}

/// A name in an agent's tool filter that no tool goes by. It lets nothing in and keeps nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTool {
    /// The list that names it: `allowed_tools` or `exclude_tools`.
    pub list: &'static str,
    /// The name as it is written there.
    pub name: String,
    /// The name that was probably meant.
    pub nearest: Option<String>,
}

impl fmt::Display for UnknownTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, name, .. } = self;
        write!(
            formatter,
            "`{list}` names `{name}`, and no tool goes by that name; it has no effect."
        )?;
        match &self.nearest {
            Some(nearest) => write!(formatter, " Did you mean `{nearest}`?"),
            None => formatter.write_str(" Remove it if it is not needed."),
        }
    }
}

/// How a tool is run.
#[derive(Clone)]
enum Runner {
    /// By its plugin.
    Plugin(Plugin),
    /// By the CPython command.
    Python(Plugin),
    /// By the shell, which starts other commands.
    Shell(Plugin),
    /// By the shell, beside other calls.
    Background(BackgroundTool, Plugin),
}

impl Runner {
    fn plugin(&self) -> &Plugin {
        match self {
            Self::Plugin(plugin)
            | Self::Python(plugin)
            | Self::Shell(plugin)
            | Self::Background(_, plugin) => plugin,
        }
    }
}

#[derive(Clone)]
struct Tool {
    spec: ToolSpec,
    runner: Runner,
}

/// The tools of a run, before they are given to an agent. Cheap to clone.
#[derive(Clone)]
pub struct Toolset {
    sandbox: Sandbox,
    tools: Arc<BTreeMap<String, Tool>>,
}

impl Toolset {
    /// Asks each plugin for its tools. The command `python` becomes the tool `run_python`; other commands offer no tool
    /// of their own.
    ///
    /// # Errors
    /// When a plugin does not answer, or two offer the same name.
    pub async fn load(
        sandbox: Sandbox,
        plugins: &[Plugin],
        limits: &Limits,
    ) -> Result<Self, ToolsetError> {
        let mut tools: BTreeMap<String, Tool> = BTreeMap::new();
        for plugin in plugins {
            for tool in offered(&sandbox, plugin, limits).await? {
                if let Some(first) = tools.get(&tool.spec.name) {
                    return Err(ToolsetError::Twice {
                        first: first.runner.plugin().manifest().name.clone(),
                        second: plugin.manifest().name.clone(),
                        tool: tool.spec.name,
                    });
                }
                tools.insert(tool.spec.name.clone(), tool);
            }
        }
        if let Some(shell) = tools.get_mut(execute_command::NAME) {
            shell.spec.description += &installed_commands(plugins);
        }
        Ok(Self {
            sandbox,
            tools: Arc::new(tools),
        })
    }

    /// The names in `filter` that no tool goes by, in its order.
    pub fn unknown_in(&self, filter: &ToolFilter) -> Vec<UnknownTool> {
        let allowed = filter.allowed.iter().flatten();
        let named = allowed
            .map(|name| ("allowed_tools", name))
            .chain(filter.excluded.iter().map(|name| ("exclude_tools", name)));
        named
            .filter(|(_, name)| !self.tools.values().any(|tool| goes_by(tool, name)))
            .map(|(list, name)| UnknownTool {
                list,
                name: name.clone(),
                nearest: self.nearest_to(name),
            })
            .collect()
    }

    fn nearest_to(&self, name: &str) -> Option<String> {
        let prefixed = self.tools.values().map(prefixed_name);
        let known: Vec<String> = self.tools.keys().cloned().chain(prefixed).collect();
        nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
    }

    /// The tools that `filter` leaves, on the files of one agent. A filter names a tool by its own name or as
    /// `mcp__PLUGIN__TOOL`, the name it had in the Python version; both mean the same tool everywhere. Without
    /// `command_line` the agent runs no commands; with a `native` lane its command lines run there and none in the
    /// background, and those of `run_python` in the sandbox as ever.
    ///
    /// # Errors
    /// When a pattern of `command_line` is no regular expression.
    pub fn for_agent(
        &self,
        filesystem: Arc<GuestFilesystem>,
        filter: &ToolFilter,
        command_line: Option<&CommandLine>,
        native: Option<NativeLane>,
        limits: Limits,
    ) -> Result<Toolbox, ToolsetError> {
        let commands = command_line.map(|command_line| {
            CommandFilter::new(&command_line.allowed, &command_line.blocked)
                .map_err(|error| ToolsetError::Pattern(error.to_string()))
        });
        let commands = commands.transpose()?;
        let is_named = |names: &[String], tool: &Tool| names.iter().any(|name| goes_by(tool, name));
        let passes = |tool: &Tool| {
            filter
                .allowed
                .as_ref()
                .is_none_or(|allowed| is_named(allowed, tool))
                && !is_named(&filter.excluded, tool)
        };
        let runs_command_lines =
            commands.is_some() && self.tools.get(execute_command::NAME).is_some_and(passes);
        let kept = self.tools.iter().filter(|(_, tool)| {
            let is_left = match tool.runner {
                Runner::Plugin(_) | Runner::Python(_) => true,
                // Whoever excludes `execute_command` wants no command lines, and may not know its later companions.
                Runner::Shell(_) => runs_command_lines,
                // A native lane mounts the agent's files while nothing else of the agent's runs, and nothing it starts
                // outlives its call.
                Runner::Background(..) => runs_command_lines && native.is_none(),
            };
            is_left && passes(tool)
        });
        let tools: BTreeMap<_, _> = kept
            .map(|(name, tool)| (name.clone(), tool.clone()))
            .collect();
        Ok(Toolbox {
            inner: Some(Arc::new(Inner {
                sandbox: self.sandbox.clone(),
                tools,
                filesystem,
                commands: Arc::new(commands.unwrap_or_default()),
                background: Background::new(limits.background_commands),
                native: native.map(NativeShell::new),
                limits,
            })),
        })
    }
}

/// What the model is told of commands that are not part of every MassGen; empty where there are none.
fn installed_commands(plugins: &[Plugin]) -> String {
    let installed = plugins.iter().filter(|plugin| plugin.folder().is_some());
    let told = installed.filter_map(|plugin| {
        let manifest = plugin.manifest();
        let names = manifest.provides.join("`, `");
        (!names.is_empty()).then(|| format!(" There is also `{names}`: {}.", manifest.description))
    });
    told.collect()
}

async fn offered(
    sandbox: &Sandbox,
    plugin: &Plugin,
    limits: &Limits,
) -> Result<Vec<Tool>, ToolsetError> {
    let manifest = plugin.manifest();
    match manifest.kind {
        PluginKind::Tools => {
            let specs = sandbox
                .list_tools(plugin, limits.clone())
                .await
                .map_err(ToolsetError::List)?;
            Ok(specs
                .into_iter()
                .map(|spec| Tool {
                    spec,
                    runner: Runner::Plugin(plugin.clone()),
                })
                .collect())
        }
        PluginKind::Command if manifest.name == "python" => Ok(vec![Tool {
            spec: code_runner(
                run_python::NAME,
                run_python::DESCRIPTION,
                run_python::input_schema(),
            ),
            runner: Runner::Python(plugin.clone()),
        }]),
        PluginKind::Command if manifest.name == "shell" => {
            let now = Tool {
                spec: code_runner(
                    execute_command::NAME,
                    execute_command::DESCRIPTION,
                    execute_command::input_schema(),
                ),
                runner: Runner::Shell(plugin.clone()),
            };
            let beside = BackgroundTool::ALL.map(|tool| {
                let mut spec = code_runner(tool.name(), tool.description(), tool.input_schema());
                spec.annotations.read_only = tool.is_read_only();
                spec.annotations.destructive = !tool.is_read_only();
                Tool {
                    spec,
                    runner: Runner::Background(tool, plugin.clone()),
                }
            });
            Ok([now].into_iter().chain(beside).collect())
        }
        PluginKind::Command => Ok(Vec::new()),
    }
}

/// A tool that runs what the model writes.
fn code_runner(name: &str, description: &str, input_schema: Value) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema,
        output_schema: None,
        annotations: massgen_sandbox::Annotations {
            destructive: true,
            ..Default::default()
        },
    }
}

/// True when `name` means this tool, with or without the prefix.
fn goes_by(tool: &Tool, name: &str) -> bool {
    name == tool.spec.name || name == prefixed_name(tool)
}

/// The name that a tool had in the Python version: `mcp__PLUGIN__TOOL`.
fn prefixed_name(tool: &Tool) -> String {
    let server = match &tool.runner {
        Runner::Shell(_) | Runner::Background(..) => execute_command::SERVER,
        other => &other.plugin().manifest().name,
    };
    format!("mcp__{server}__{}", tool.spec.name)
}

/// The tools of one agent and the files they work on. Cheap to clone.
#[derive(Clone)]
pub struct Toolbox {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    sandbox: Sandbox,
    tools: BTreeMap<String, Tool>,
    filesystem: Arc<GuestFilesystem>,
    commands: Arc<CommandFilter>,
    background: Background,
    native: Option<NativeShell>,
    limits: Limits,
}

/// Tells an agent's background commands to end when its turn is over, however that comes.
#[must_use]
pub struct BackgroundOfTurn(Toolbox);

impl Drop for BackgroundOfTurn {
    fn drop(&mut self) {
        if let Some(inner) = &self.0.inner {
            inner.background.cancel();
        }
    }
}

/// Ends the call when the run drops it.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Toolbox {
    /// No tools: for an agent without a workspace.
    pub const fn empty() -> Self {
        Self { inner: None }
    }

    /// The tools to announce to the model, in a stable order.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        let Some(inner) = &self.inner else {
            return Vec::new();
        };
        let definition = |tool: &Tool| ToolDefinition {
            name: tool.spec.name.clone(),
            description: match (&tool.runner, &inner.native) {
                (Runner::Shell(_), Some(native)) => native.description(),
                _ => tool.spec.description.clone(),
            },
            parameters: tool.spec.input_schema.clone(),
        };
        inner.tools.values().map(definition).collect()
    }

    /// True when the tool says that it changes nothing: such calls of one turn may run at the same time.
    pub fn is_read_only(&self, name: &str) -> bool {
        self.find(name)
            .is_some_and(|(_, tool)| tool.spec.annotations.read_only)
    }

    /// Gives (`true`) or revokes (`false`) write access to the context paths that the run marked `write`. Only the
    /// winner's final presentation does this; the grant is gone as soon as it is revoked, for running calls too.
    pub fn set_context_writes(&self, enabled: bool) {
        if let Some(inner) = &self.inner {
            let mut policy = massgen_permissions::Policy::clone(&inner.filesystem.policy());
            policy.final_presentation = enabled;
            inner.filesystem.set_policy(policy);
        }
    }

    /// Paths outside the agent's workspace that its tools were allowed to change, sorted; at most a thousand.
    pub fn changed_context_paths(&self) -> Vec<PathBuf> {
        let inner = self.inner.as_ref();
        inner.map_or_else(Vec::new, |inner| inner.filesystem.changed_context_paths())
    }

    /// Ends the agent's background commands and waits until none of them can change a file any more.
    pub async fn end_background(&self) {
        if let Some(inner) = &self.inner {
            inner.background.end().await;
        }
    }

    /// What ends the background commands of a turn when it is dropped, without waiting for them.
    pub fn background_of_turn(&self) -> BackgroundOfTurn {
        BackgroundOfTurn(self.clone())
    }

    /// Runs one call to its end. Never fails: whatever happens becomes an outcome that the model can read. Dropping the
    /// future ends the call.
    pub async fn call(&self, call: &ToolCall) -> ToolOutcome {
        let Some((inner, tool)) = self.find(&call.name) else {
            let known: Vec<_> = self
                .definitions()
                .into_iter()
                .map(|tool| tool.name)
                .collect();
            return ToolOutcome::error(format!(
                "There is no tool `{}`. The tools are: {}.",
                call.name,
                known.join(", ")
            ));
        };
        let arguments = match object(&call.arguments) {
            Ok(arguments) => arguments,
            Err(reason) => {
                return ToolOutcome::error(format!(
                    "The arguments of `{}` are not a JSON object: {reason}.",
                    call.name
                ));
            }
        };
        match &tool.runner {
            Runner::Plugin(plugin) => {
                let entry = Entry::Tool {
                    name: tool.spec.name.clone(),
                    arguments,
                };
                let report = inner
                    .run(plugin, entry, inner.limits.clone(), &call.id)
                    .await;
                ToolOutcome::of_tool(report, inner.limits.output_bytes)
            }
            Runner::Python(plugin) => match RunPython::parse(&arguments) {
                Ok(program) => {
                    let workspace = inner.filesystem.working_directory();
                    let commands = Arc::clone(&inner.commands);
                    let invocation =
                        program.invocation(workspace, &inner.limits, commands, &call.id);
                    run_python::outcome(&inner.invoke(plugin, invocation).await)
                }
                Err(message) => ToolOutcome::error(message),
            },
            Runner::Background(tool, plugin) => {
                let ground = Ground {
                    sandbox: &inner.sandbox,
                    plugin,
                    filesystem: &inner.filesystem,
                };
                let call = background_tools::Call {
                    ground,
                    limits: &inner.limits,
                    filter: &inner.commands,
                    id: &call.id,
                };
                tool.call(&inner.background, &arguments, call).await
            }
            Runner::Shell(plugin) => match ExecuteCommand::parse(execute_command::NAME, &arguments)
            {
                Ok(command) => {
                    let workspace = inner.filesystem.working_directory();
                    if let Some(native) = &inner.native {
                        let line = command.native(workspace, &inner.limits);
                        let cancel = CancelOnDrop(Cancel::default());
                        let report = native.run(&inner.filesystem, line, &call.id, &cancel.0);
                        return command.outcome(&report.await, workspace, Some(native.name()));
                    }
                    let commands = Arc::clone(&inner.commands);
                    let invocation =
                        command.invocation(workspace, &inner.limits, commands, &call.id);
                    let report = inner.invoke(plugin, invocation).await;
                    command.outcome(&report, workspace, None)
                }
                Err(message) => ToolOutcome::error(message),
            },
        }
    }

    fn find(&self, name: &str) -> Option<(&Inner, &Tool)> {
        let inner = self.inner.as_deref()?;
        let tool = inner
            .tools
            .get(name)
            .or_else(|| inner.tools.values().find(|tool| goes_by(tool, name)))?;
        Some((inner, tool))
    }
}

impl Inner {
    async fn run(
        &self,
        plugin: &Plugin,
        entry: Entry,
        limits: Limits,
        call_id: &str,
    ) -> massgen_sandbox::Report {
        let invocation = Invocation {
            call_id: call_id.to_owned(),
            ..Invocation::new(entry, limits)
        };
        self.invoke(plugin, invocation).await
    }

    async fn invoke(&self, plugin: &Plugin, invocation: Invocation) -> massgen_sandbox::Report {
        let cancel = CancelOnDrop(Cancel::default());
        self.sandbox
            .call(plugin, &self.filesystem, invocation, &cancel.0)
            .await
    }
}

/// `arguments` as the text of a JSON object; models write nothing at all where a tool needs no argument.
fn object(arguments: &str) -> Result<String, String> {
    if arguments.trim().is_empty() {
        return Ok("{}".to_owned());
    }
    match serde_json::from_str::<Value>(arguments) {
        Ok(Value::Object(_)) => Ok(arguments.to_owned()),
        Ok(other) => Err(format!("it is {}", kind(&other))),
        Err(error) => Err(error.to_string()),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
