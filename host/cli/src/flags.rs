//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Several LLM agents answer one question together; what they do to files and by running code happens in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "massgen", version, args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
pub(crate) struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunFlags,
}

const EXIT_CODES: &str = "Exit codes: 0 final answer, 1 configuration or usage, 2 failed run, 3 out of time, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer one question (the same as without a command)
    #[command(after_help = EXIT_CODES)]
    Run(RunFlags),
}

/// The flags of a run.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunFlags {
    /// Configuration file; without it .massgen/config.yaml, then ~/.config/massgen/config.yaml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,

    /// How the run is shown on standard output
    #[arg(long, value_enum, default_value_t = Output::Plain)]
    pub(crate) output: Output,

    /// Record the models' turns to a cassette, to be played by `type: replay`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Seconds that coordination may take; overrides the configuration
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) orchestrator_timeout: Option<Duration>,

    /// Folder for this run's logs instead of .massgen/massgen_logs/log_DATE_TIME
    #[arg(long, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,

    /// Plain lines, as --output plain
    #[arg(long, conflicts_with = "output")]
    pub(crate) no_display: bool,

    /// Log more
    #[arg(long)]
    pub(crate) debug: bool,

    /// The question; read from standard input when that is not a terminal
    pub(crate) question: Option<String>,
}

/// The forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Lines of text as they come
    Plain,
    /// One event a line, as JSON
    Json,
}

impl Flags {
    /// The run that the command line asks for.
    pub(crate) fn into_run(self) -> RunFlags {
        match self.command {
            Some(Command::Run(flags)) => flags,
            None => self.run,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let positive = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    positive
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of seconds above zero is needed".to_owned())
}
