//! Exit codes, and the failures that lead to them before a run has begun.

use std::process::ExitCode;

use massgen_backends::BackendError;
use massgen_config::ConfigError;
use massgen_lanes::LaneError;
use massgen_orchestrator::layout::LogError;
use massgen_orchestrator::workspace::WorkspaceError;
use massgen_orchestrator::{Outcome, RunError};
use massgen_permissions::PatternError;
use massgen_sandbox::{CommandsError, LoadError, ManifestError, MountError, SandboxError};
use massgen_tools::ToolsetError;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The final answer is there.
    Ok = 0,
    /// The configuration or the command line is wrong; nothing was run.
    Configuration = 1,
    /// The run failed.
    Execution = 2,
    /// Coordination ran out of time.
    Timeout = 3,
    /// `massgen policy explain`: the operation is not allowed.
    Refused = 4,
    /// The user stopped the run (128 + SIGINT).
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Outcome> for Exit {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Finished { .. } => Self::Ok,
            Outcome::TimedOut { .. } => Self::Timeout,
            Outcome::Failed { .. } => Self::Execution,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Usage(String),
    #[error("agent `{agent}`: {error}")]
    Backend { agent: String, error: BackendError },
    #[error("{0}")]
    Recording(BackendError),
    #[error("{0}")]
    Workspace(#[from] WorkspaceError),
    #[error("{0}")]
    Run(#[from] RunError),
    #[error("{0}")]
    Log(#[from] LogError),
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    #[error("{0}")]
    Mount(#[from] MountError),
    #[error("{0}. Correct it in the configuration.")]
    Pattern(#[from] PatternError),
    #[error("{0}")]
    Load(#[from] LoadError),
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    #[error("{0}")]
    Commands(#[from] CommandsError),
    #[error("{0}")]
    Toolset(#[from] ToolsetError),
    #[error("agent `{agent}`: {error}")]
    Lane { agent: String, error: LaneError },
    #[error("cannot {doing}: {source}")]
    System {
        doing: &'static str,
        source: std::io::Error,
    },
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Usage(_)
            | Self::Backend { .. }
            | Self::Recording(_)
            | Self::Workspace(_)
            | Self::Pattern(_)
            | Self::Lane { .. }
            | Self::Mount(_) => Exit::Configuration,
            Self::Run(RunError::ReservedToolName { .. }) => Exit::Configuration,
            Self::Run(_)
            | Self::Log(_)
            | Self::Sandbox(_)
            | Self::Load(_)
            | Self::Commands(_)
            | Self::Manifest(_)
            | Self::Toolset(_)
            | Self::System { .. } => Exit::Execution,
        }
    }
}

/// Prints clap's answer: help and version to standard output with code 0, a usage error to standard error with ours.
pub(crate) fn of_usage(answer: &clap::Error) -> Exit {
    // A reader that has gone away does not care for help.
    let _ = answer.print();
    if answer.use_stderr() {
        Exit::Configuration
    } else {
        Exit::Ok
    }
}
