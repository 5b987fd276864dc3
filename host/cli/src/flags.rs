//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use massgen_config::catalogue;
use massgen_permissions::{Destination, Operation};

use crate::mounts::Mount;

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

const EXPLAIN_EXIT_CODES: &str =
    "Exit codes: 0 allowed, 1 configuration or usage, 4 refused, hidden or in need of approval.";

const EXEC_HELP: &str = "\
Without --mount the command reads the current directory and writes nothing. It has no network but what
--allow-net names, no other programs than those of the sandbox, and none of your environment variables.

Exit codes: the command's own; 124 out of time, 125 massgen failed, 127 no such command, 134 crashed, 137 out of memory.";

const SHELL_HELP: &str = "\
Without --mount the shell reads the current directory and writes nothing. It has no network but what
--allow-net names, no other programs than those of the sandbox, and none of your environment variables. Commands are read from standard input; Ctrl-C ends the one
that runs, and Ctrl-D or `exit` the shell.

Exit codes: the shell's own; 125 massgen failed, 130 interrupted, 134 crashed, 137 out of memory.";

/// What the program is asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer one question (the same as without a command)
    #[command(after_help = EXIT_CODES)]
    Run(RunFlags),
    /// Ask what an agent may do to files
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Check configurations, and show the samples
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List the models that are known, with their limits and list prices
    Models(ModelsFlags),
    /// Lay out the files of a run that was killed: snapshots, and the workspaces in its log
    Recover(RecoverFlags),
    /// Run one command in the sandbox, without any agent
    #[command(after_help = EXEC_HELP)]
    Exec(ExecFlags),
    /// Type commands into a shell in the sandbox, without any agent
    #[command(after_help = SHELL_HELP)]
    Shell(ShellFlags),
}

const CHECK_EXIT_CODES: &str = "Exit codes: 0 all are right, 1 one is not. A key or a folder that this machine lacks is told and is no error of the file.";

/// What is done with configurations.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say what is wrong with configurations, with line and column
    #[command(after_help = CHECK_EXIT_CODES)]
    Check(CheckFlags),
    /// List the samples, or print one
    Examples(ExamplesFlags),
}

/// The flags of `config check`.
#[derive(Debug, Args)]
pub(crate) struct CheckFlags {
    /// How the findings are shown on standard output
    #[arg(long, value_enum, default_value_t = Output::Plain)]
    pub(crate) output: Output,

    /// The files, or samples as @examples/NAME
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

/// The flags of `config examples`.
#[derive(Debug, Args)]
pub(crate) struct ExamplesFlags {
    /// The sample to print
    pub(crate) name: Option<String>,
}

/// What is asked about a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say whether an agent may do something to a path, and which rules lead to that
    #[command(after_help = EXPLAIN_EXIT_CODES)]
    Explain(ExplainFlags),
}

/// The flags of `policy explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainFlags {
    /// Configuration file, or a sample as @examples/NAME; without it .massgen/config.yaml, then ~/.config/massgen/config.yaml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,

    /// The agent's id; needed where there are several
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,

    /// What is to be done
    #[arg(long, value_name = "OPERATION", value_parser = operations(), default_value = Operation::Read.name())]
    pub(crate) op: Operation,

    /// In which part of the run
    #[arg(long, value_enum, default_value_t = Part::Coordination)]
    pub(crate) phase: Part,

    /// How the answer is shown on standard output
    #[arg(long, value_enum, default_value_t = Output::Plain)]
    pub(crate) output: Output,

    /// The path, relative to the current directory; it need not exist
    pub(crate) path: PathBuf,
}

/// The operations, by the names that the audit gives them.
fn operations() -> impl TypedValueParser<Value = Operation> {
    let value =
        |operation: Operation| PossibleValue::new(operation.name()).help(operation.description());
    PossibleValuesParser::new(Operation::ALL.map(value)).try_map(|name| {
        let mut all = Operation::ALL.into_iter();
        all.find(|operation| operation.name() == name)
            .ok_or("there is no such operation")
    })
}

/// The parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Agents answer and vote
    Coordination,
    /// The winner presents
    Final,
}

/// The flags of `models`.
#[derive(Debug, Args)]
pub(crate) struct ModelsFlags {
    /// Only those of one backend type
    #[arg(long, value_name = "TYPE", value_parser = backend_types())]
    pub(crate) backend: Option<String>,

    /// How they are shown on standard output
    #[arg(long, value_enum, default_value_t = Output::Plain)]
    pub(crate) output: Output,
}

/// The backend types, by the names of the key `type`.
fn backend_types() -> PossibleValuesParser {
    PossibleValuesParser::new(catalogue().available().map(|entry| entry.name.as_str()))
}

/// The flags of `recover`.
#[derive(Debug, Args)]
pub(crate) struct RecoverFlags {
    /// Configuration file of the run; without it .massgen/config.yaml, then ~/.config/massgen/config.yaml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,

    /// Log of the run; without it the latest in .massgen/massgen_logs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) log: Option<PathBuf>,
}

/// What a command in the sandbox is given.
#[derive(Debug, Args)]
pub(crate) struct SandboxFlags {
    /// Give it a directory or file; read-only with :ro, at the same path unless :/GUEST says another
    #[arg(long, value_name = "HOST[:/GUEST][:ro]", value_parser = Mount::parse)]
    pub(crate) mount: Vec<Mount>,

    /// Set an environment variable, or pass one of yours on
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = variable)]
    pub(crate) env: Vec<(String, Option<String>)>,

    /// Directory to start in, as it is called in the sandbox; else the first mount
    #[arg(long, value_name = "GUEST")]
    pub(crate) workdir: Option<PathBuf>,

    /// Let it reach a host over https, e.g. api.example.org, *.example.org, example.org:8443 or http://localhost:8000
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) allow_net: Vec<Destination>,

    /// Seconds it may run; in `massgen shell`, each command line [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// Memory it may use, with all commands that it starts, e.g. 128MiB [default: 512MiB]
    #[arg(long, value_name = "SIZE", value_parser = massgen_config::parse_bytes)]
    pub(crate) memory: Option<u64>,
}

/// The flags of `shell`.
#[derive(Debug, Args)]
pub(crate) struct ShellFlags {
    #[command(flatten)]
    pub(crate) sandbox: SandboxFlags,
}

/// The flags of `exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecFlags {
    #[command(flatten)]
    pub(crate) sandbox: SandboxFlags,

    /// Print one JSON object with output, exit code and what was refused, instead of the output
    #[arg(long)]
    pub(crate) json: bool,

    /// The command and its arguments, after --
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// The flags of a run.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunFlags {
    /// Configuration file, or a sample as @examples/NAME; without it .massgen/config.yaml, then ~/.config/massgen/config.yaml
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

    /// Let agents run command lines as processes of this machine, where the configuration says so
    #[arg(long)]
    pub(crate) allow_local_commands: bool,

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

/// What stands in for the flags that choose agents without a file (`spec/02` §2.7).
const A_FILE: &str = "Describe the agents in a file and name it with --config.";

/// Where samples are, for the flags that show them.
const SAMPLES: &str =
    "`massgen config examples` lists the samples, `massgen config examples NAME` prints one.";

/// Flags of the Python version that this version does not have (`spec/02` §3), and what to do instead.
const LATER_FLAGS: [(&str, &str); 12] = [
    ("--backend", A_FILE),
    ("--model", A_FILE),
    ("--system-message", A_FILE),
    ("--base-url", A_FILE),
    ("--init", A_FILE),
    (
        "--setup-keys",
        "Write NAME=value lines to ~/.massgen/.env or to .env in this folder.",
    ),
    ("--list-examples", SAMPLES),
    ("--example", SAMPLES),
    ("--show-schema", SAMPLES),
    ("--schema-backend", SAMPLES),
    ("--with-examples", SAMPLES),
    ("--no-logs", "Every run is logged; --log-dir says where."),
];

impl Flags {
    /// Reads the command line of this process.
    ///
    /// # Errors
    /// clap's answer: a usage error, or what `--help` and `--version` show.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        Self::of(std::env::args_os())
    }

    fn of(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments).map_err(|answer| match later_flag(&answer) {
            Some((flag, instead)) => {
                let message = format!("`{flag}` is not available in this version. {instead}");
                Self::command().error(ErrorKind::UnknownArgument, message)
            }
            None => answer,
        })
    }

    /// What the command line asks for.
    pub(crate) fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Run(self.run))
    }
}

/// The flag of the Python version at which clap stopped, if it was one.
fn later_flag(answer: &clap::Error) -> Option<(&'static str, &'static str)> {
    let Some(ContextValue::String(flag)) = answer.get(ContextKind::InvalidArg) else {
        return None;
    };
    LATER_FLAGS.into_iter().find(|(later, _)| later == flag)
}

fn variable(text: &str) -> Result<(String, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    match name {
        "" => Err("a variable needs a name".to_owned()),
        name => Ok((name.to_owned(), value)),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let positive = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    positive
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of seconds above zero is needed".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        Flags::of([&["massgen"], arguments].concat())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_question_with_and_without_the_command_is_the_same_run() {
        let run = |arguments: &[&str]| {
            let flags = Flags::of([&["massgen"], arguments].concat()).unwrap();
            format!("{:?}", flags.into_command())
        };
        let flags = ["--config", "c.yaml", "--output", "json", "What?"];
        assert_eq!(run(&flags), run(&[&["run"], flags.as_slice()].concat()));
    }

    #[test]
    fn a_flag_of_the_python_version_is_refused_with_what_to_do_instead() {
        for (flag, instead) in LATER_FLAGS {
            for arguments in [
                vec![flag],
                vec!["run", flag, "x"],
                vec![&format!("{flag}=x")],
            ] {
                let refusal = refusal(&arguments);
                let expected =
                    format!("error: `{flag}` is not available in this version. {instead}\n");
                assert!(refusal.starts_with(&expected), "{arguments:?}: {refusal}");
            }
        }
    }

    #[test]
    fn explaining_needs_a_path_and_a_known_operation() {
        assert!(refusal(&["policy", "explain"]).contains("<PATH>"));
        assert!(refusal(&["policy", "explain", "x", "--op", "eat"]).contains("set_times"));
        assert!(refusal(&["policy"]).contains("explain"));
    }

    #[test]
    fn a_backend_type_that_there_is_not_is_answered_with_those_that_there_are() {
        let refusal = refusal(&["models", "--backend", "opnai"]);
        assert!(refusal.contains("'openai'"), "{refusal}");
        assert!(refusal.contains("chatcompletion"), "{refusal}");
    }

    #[test]
    fn a_misspelt_flag_is_answered_with_the_nearest_one() {
        assert!(refusal(&["--confg", "c.yaml"]).contains("'--config'"));
    }

    #[test]
    fn a_time_limit_is_a_number_of_seconds_above_zero() {
        for wrong in ["0", "-1", "nan", "inf", "1e300", "soon"] {
            let refusal = refusal(&[&format!("--orchestrator-timeout={wrong}")]);
            assert!(
                refusal.contains("a number of seconds above zero is needed"),
                "{refusal}"
            );
        }
        let flags = Flags::of(["massgen", "--orchestrator-timeout", "0.5"]).unwrap();
        let Command::Run(run) = flags.into_command() else {
            panic!("a run")
        };
        assert_eq!(run.orchestrator_timeout, Some(Duration::from_millis(500)));
    }
}
