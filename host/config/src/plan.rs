//! A run as the configuration describes it: checked, typed, with every path absolute.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::program::Program;
use crate::provider::Provider;
use crate::provider_tool::ProviderTool;
use crate::{Diagnostic, ImageName, Limits};

/// An agent's id: 1 to 64 of `A-Z a-z 0-9 _ -`, and `.` between two of them, since it becomes part of paths (`spec/04` F7
/// mended).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentId(String);

/// An id that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the agent id `{0}` must be 1 to 64 of the characters A-Z, a-z, 0-9, `_` and `-`, with single dots between them: it \
     becomes part of file names"
)]
pub struct InvalidAgentId(String);

impl AgentId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// When it has other characters or is empty or too long.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidAgentId> {
        let id = id.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
        if id.len() <= 64 && id.split('.').all(part) {
            Ok(Self(id))
        } else {
            Err(InvalidAgentId(id))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AgentId {
    type Error = InvalidAgentId;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::new(id)
    }
}

impl From<AgentId> for String {
    fn from(id: AgentId) -> Self {
        id.0
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A provider's key. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key, for the request's header and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(***)")
    }
}

/// Everything a run needs to know.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// The file it was read from.
    pub source: Option<PathBuf>,
    /// The agents, in the file's order; at least one.
    pub agents: Vec<AgentPlan>,
    /// What concerns all of them.
    pub orchestrator: OrchestratorPlan,
    /// How the run is shown.
    pub ui: UiPlan,
    /// How long coordination may take (`spec/01` §11); 1,800 s by default.
    pub orchestrator_timeout: Duration,
    /// What is odd about the configuration and does not prevent the run.
    pub warnings: Vec<Diagnostic>,
}

/// One agent.
#[derive(Debug, Clone)]
pub struct AgentPlan {
    /// Its id, unique in the run.
    pub id: AgentId,
    /// The user's instructions for it.
    pub system_message: Option<String>,
    /// Its model provider.
    pub backend: BackendPlan,
    /// Its working directory, from `cwd`; an agent without one has no tools.
    pub workspace: Option<PathBuf>,
    /// The user's paths it may see, the orchestrator's and its own.
    pub context_paths: Vec<ContextPath>,
    /// What holds for single files in them.
    pub path_rules: PathRules,
    /// Which tools it has.
    pub tools: ToolFilter,
    /// The commands it may run with `execute_command`; none if it has no such tool.
    pub command_line: Option<CommandLine>,
    /// What one tool call may use.
    pub limits: Limits,
}

/// A model provider and what to send it.
#[derive(Debug, Clone)]
pub struct BackendPlan {
    /// Which codec.
    pub kind: BackendKind,
    /// Whose it is, as people know it.
    pub provider: Provider,
    /// The model's name.
    pub model: Option<String>,
    /// Where the API is; empty for [`BackendKind::Replay`], and for [`BackendKind::ClaudeCode`] where the program knows.
    pub base_url: String,
    /// The key, from the file or the environment.
    pub api_key: Option<ApiKey>,
    /// What is run, for [`BackendKind::ClaudeCode`].
    pub program: Option<Program>,
    /// The recorded turns, for [`BackendKind::Replay`].
    pub cassette: Option<PathBuf>,
    /// What the provider runs for the model.
    pub provider_tools: Vec<ProviderTool>,
    /// Further fields of the request (`temperature`, `max_tokens`, …), of those the API knows.
    pub parameters: Map<String, Value>,
}

/// The codecs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// An OpenAI-compatible Chat Completions API.
    ChatCompletion,
    /// Chat Completions as Azure serves them: a deployment in the URL, the key in a header of its own.
    #[serde(rename = "azure_openai")]
    AzureOpenAi,
    /// Anthropic's Messages API.
    Claude,
    /// OpenAI's Responses API.
    OpenAi,
    /// Google's Gemini API.
    Gemini,
    /// The program `claude`, which asks Anthropic's API by itself.
    #[serde(rename = "claude_code")]
    ClaudeCode,
    /// Recorded turns from a cassette.
    Replay,
}

impl BackendKind {
    /// The wire API's name.
    pub const fn api(self) -> &'static str {
        match self {
            Self::ChatCompletion => "Chat Completions",
            Self::AzureOpenAi => "Azure OpenAI",
            Self::Claude => "Messages",
            Self::OpenAi => "Responses",
            Self::Gemini => "Gemini",
            Self::ClaudeCode => "Claude Code",
            Self::Replay => "replay",
        }
    }

    /// Where the API is, unless `base_url` says otherwise; empty where there is none.
    pub const fn default_base_url(self) -> &'static str {
        match self {
            Self::ChatCompletion | Self::OpenAi => "https://api.openai.com/v1",
            Self::AzureOpenAi => "https://NAME.openai.azure.com",
            Self::Claude => "https://api.anthropic.com",
            Self::Gemini => "https://generativelanguage.googleapis.com",
            Self::ClaudeCode | Self::Replay => "",
        }
    }
}

/// What a context path may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Reading.
    Read,
    /// Reading, and writing during the winner's final presentation.
    Write,
}

/// One path of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContextPath {
    /// Absolute and real; it exists.
    pub path: PathBuf,
    /// What it may be used for.
    pub permission: Permission,
    /// It is one file, not a directory.
    pub is_file: bool,
    /// Absolute paths in it that stay as they are; they need not exist.
    pub protected: Vec<PathBuf>,
}

/// What narrows an agent's context paths, and where it may commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathRules {
    /// The rules of all context paths, in the file's order.
    pub rules: Vec<PathRule>,
    /// The context paths with `git: commit`.
    pub commits: Vec<PathBuf>,
    /// Names that are not there for the agent.
    pub hidden_names: HiddenNames,
    /// Whether files that the agent has not read may be removed.
    pub read_before_delete: ReadBeforeDelete,
}

/// Whether files that nobody has read may be removed; `read_before_delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadBeforeDelete {
    /// A file must have been read, or made, by the agent in this turn (`spec/04` §5).
    #[default]
    Enforced,
    /// Any file that may be written may be removed (`spec/04` D7).
    Off,
}

/// A rule about the paths that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// The context path, a directory, in which the pattern is anchored.
    pub root: PathBuf,
    /// A glob over the path below it.
    pub pattern: String,
    /// What holds for what it matches.
    pub access: RuleAccess,
}

/// What a rule may say. A rule narrows its context path and gives nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleAccess {
    /// For agents there is nothing.
    Hidden,
    /// Reading and writing need a person's approval.
    Ask,
    /// Reading.
    Read,
    /// What the context path allows.
    Write,
}

/// Names that are hidden in every path but a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HiddenNames {
    /// Whether the built-in list is in it.
    pub built_in: BuiltInNames,
    /// Patterns of the user's.
    pub further: Vec<String>,
}

/// Whether the built-in list of hidden names is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuiltInNames {
    /// It is.
    #[default]
    Used,
    /// It is replaced.
    Replaced,
}

/// Which tools an agent has, by name with or without `mcp__SERVER__`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolFilter {
    /// Only these, where given.
    pub allowed: Option<Vec<String>>,
    /// Never these.
    pub excluded: Vec<String>,
}

/// Which commands an agent may run, as regular expressions that match a command's name and arguments as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CommandLine {
    /// Where there is one, a command must match one of these.
    pub allowed: Vec<String>,
    /// A command must match none of these.
    pub blocked: Vec<String>,
    /// Where it runs.
    pub lane: Lane,
}

/// Where an agent's command lines run; `command_line_execution_mode`.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Lane {
    /// In the sandbox, as components.
    #[default]
    Sandbox,
    /// As processes of this machine, confined by the operating system.
    Local,
    /// In a container.
    Docker(Docker),
}

/// The container of an agent; the keys `command_line_docker_*` (`spec/04` §11.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Docker {
    /// The image; `command_line_docker_image`.
    pub image: ImageName,
    /// Bytes of memory it may have; `command_line_docker_memory_limit`.
    pub memory_bytes: Option<u64>,
    /// Processors it may use, in units of 10⁻⁹; `command_line_docker_cpu_limit`.
    pub nano_cpus: Option<u64>,
    /// What it may reach; `command_line_docker_network_mode`.
    pub network: DockerNetwork,
}

/// What a container may reach over the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DockerNetwork {
    /// Nothing.
    #[default]
    None,
    /// What Docker's bridge leads to.
    Bridge,
    /// Whatever the machine can.
    Host,
}

/// What concerns all agents.
#[derive(Debug, Clone)]
pub struct OrchestratorPlan {
    /// Where snapshots of answers are kept.
    pub snapshot_storage: PathBuf,
    /// Parent of the agents' views of each other's answers.
    pub agent_temporary_workspace: PathBuf,
    /// Where sessions of several turns are kept.
    pub session_storage: PathBuf,
    /// No coordination: the first agent presents.
    pub skip_coordination_rounds: bool,
    /// Answers one agent may give; then it can only vote.
    pub max_new_answers_per_agent: Option<u32>,
}

/// How a run is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UiPlan {
    /// Which display.
    pub display: DisplayKind,
}

/// The displays there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DisplayKind {
    /// Lines of text as they come.
    #[default]
    Plain,
}
