//! The tools by which a model starts, looks at and ends background commands; names and parameters are those of the
//! Python version from 0.1.7 on (`spec/09`).

use std::sync::Arc;
use std::time::Duration;

use massgen_config::Limits;
use massgen_sandbox::{CommandFilter, Outcome, Report};
use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shell::Shell;
use super::{Background, Ground};
use crate::execute_command::ExecuteCommand;
use crate::outcome::{
    ToolOutcome, ToolStatus, as_json, failure_of_command, refused_to_command, status_of_command,
};

/// One of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackgroundTool {
    Start,
    Output,
    Status,
    Kill,
    List,
}

/// The arguments that name a shell.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    /// As `start_background_shell` gave it.
    shell_id: String,
}

/// The arguments that ask for output.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedOutput {
    /// As `start_background_shell` gave it.
    shell_id: String,
    /// Only so many lines from the end of each stream; all that is kept where it is left out.
    tail_lines: Option<usize>,
}

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A shell as the model reads it.
#[derive(Debug, Serialize)]
struct Described {
    success: bool,
    shell_id: String,
    /// `running`, `exited`, `killed`, `timed_out`, `limit` or `failed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<String>,
    /// Seconds.
    execution_time: f64,
    command: String,
    work_dir: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

/// What a call needs beside its arguments.
pub(crate) struct Call<'a> {
    pub(crate) ground: Ground<'a>,
    pub(crate) limits: &'a Limits,
    pub(crate) filter: &'a Arc<CommandFilter>,
    /// The model's id of it.
    pub(crate) id: &'a str,
}

impl BackgroundTool {
    pub(crate) const ALL: [Self; 5] = [
        Self::Start,
        Self::Output,
        Self::Status,
        Self::Kill,
        Self::List,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start_background_shell",
            Self::Output => "get_background_shell_output",
            Self::Status => "get_background_shell_status",
            Self::Kill => "kill_background_shell",
            Self::List => "list_background_shells",
        }
    }

    /// What the model is told.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Start => {
                "Starts a command line as execute_command does and returns at once with a shell_id, while it runs on: for \
                 what takes long. It ends with your turn at the latest, and when you give your answer: ask for its status \
                 first. `timeout` may be longer than for execute_command."
            }
            Self::Output => {
                "What a background command has written so far, to stdout and stderr, from its beginning or the last lines \
                 alone, and how it stands."
            }
            Self::Status => "Whether a background command still runs, or how it ended.",
            Self::Kill => {
                "Ends a background command with all that it started. What it wrote can still be asked for."
            }
            Self::List => "All background commands of this turn, and how they stand.",
        }
    }

    /// JSON Schema of the arguments.
    pub(crate) fn input_schema(self) -> Value {
        let schema: Schema = match self {
            Self::Start => schema_for!(ExecuteCommand),
            Self::Output => schema_for!(NamedOutput),
            Self::Status | Self::Kill => schema_for!(Named),
            Self::List => schema_for!(Nothing),
        };
        schema.to_value()
    }

    pub(crate) const fn is_read_only(self) -> bool {
        matches!(self, Self::Output | Self::Status | Self::List)
    }

    /// Runs a call to its end.
    pub(crate) async fn call(
        self,
        background: &Background,
        arguments: &str,
        call: Call<'_>,
    ) -> ToolOutcome {
        match self.answer(background, arguments, call).await {
            Ok(outcome) => outcome,
            Err(message) => ToolOutcome::error(message),
        }
    }

    async fn answer(
        self,
        background: &Background,
        arguments: &str,
        call: Call<'_>,
    ) -> Result<ToolOutcome, String> {
        let find = |id: &str| background.find(id).map_err(|error| error.to_string());
        match self {
            Self::Start => {
                let command = ExecuteCommand::parse(self.name(), arguments)?;
                let limits = Limits {
                    call_time: call.limits.background_time,
                    ..call.limits.clone()
                };
                let workspace = call.ground.filesystem.working_directory();
                let invocation =
                    command.invocation(workspace, &limits, Arc::clone(call.filter), call.id);
                let shell = background
                    .start(&call.ground, command.line(), invocation)
                    .map_err(|error| error.to_string())?;
                Ok(told(&shell, Described::of(&shell)))
            }
            Self::Output => {
                let asked: NamedOutput = self.parse(arguments)?;
                let shell = find(&asked.shell_id)?;
                // Asked in this order, what is told of a shell that has ended is all that it wrote.
                let described = Described::of(&shell);
                let [stdout, stderr] = shell.output().map(|output| {
                    let text = output.to_text();
                    Some(
                        asked
                            .tail_lines
                            .map_or(text.clone(), |lines| tail(&text, lines)),
                    )
                });
                let described = Described {
                    stdout,
                    stderr,
                    ..described
                };
                Ok(told(&shell, described))
            }
            Self::Status => {
                let shell = find(&self.parse::<Named>(arguments)?.shell_id)?;
                Ok(told(&shell, Described::of(&shell)))
            }
            Self::Kill => {
                let shell = find(&self.parse::<Named>(arguments)?.shell_id)?;
                shell.cancel();
                shell.ended().await;
                Ok(told(&shell, Described::of(&shell)))
            }
            Self::List => {
                self.parse::<Nothing>(arguments)?;
                let shells: Vec<_> = background
                    .all()
                    .iter()
                    .map(|shell| Described::of(shell))
                    .collect();
                let list = json!({ "success": true, "count": shells.len(), "shells": shells });
                Ok(said(list.to_string(), ToolStatus::Ok))
            }
        }
    }

    fn parse<T: DeserializeOwned>(self, arguments: &str) -> Result<T, String> {
        serde_json::from_str(arguments).map_err(|error| {
            format!(
                "The arguments of `{}` do not fit its schema: {error}.",
                self.name()
            )
        })
    }
}

impl Described {
    fn of(shell: &Shell) -> Self {
        let report = shell.report();
        let ended = report.as_deref();
        let exit_code = ended.and_then(|report| match report.outcome {
            Outcome::Exited { code } => Some(code),
            _ => None,
        });
        // A command that was killed has ended as it was to.
        let failed = |report: &Report| match report.outcome {
            Outcome::Cancelled => None,
            _ => failure_of_command(report),
        };
        let limit = ended.and_then(|report| report.limit.as_ref());
        Self {
            success: true,
            shell_id: shell.id().to_owned(),
            status: shell.status(),
            exit_code,
            execution_time: shell.elapsed().as_secs_f64(),
            command: shell.command.clone(),
            work_dir: shell.work_dir.display().to_string(),
            stdout: None,
            stderr: None,
            error: ended.and_then(failed),
            limit: limit.map(|limit| limit.message.clone()),
            refused: ended.map(refused_to_command).unwrap_or_default(),
        }
    }
}

/// A shell's description as the answer to a call. Whoever asks about a command that was killed asks successfully; what
/// else befell it is the call's status too, for the events of the run.
fn told(shell: &Shell, described: Described) -> ToolOutcome {
    let status = match shell.report().as_deref() {
        None => ToolStatus::Ok,
        Some(report) if report.outcome == Outcome::Cancelled => ToolStatus::Ok,
        Some(report) => status_of_command(report),
    };
    said(as_json(&described), status)
}

fn said(content: String, status: ToolStatus) -> ToolOutcome {
    ToolOutcome {
        content,
        status,
        elapsed: Duration::ZERO,
        lane: None,
    }
}

/// The last lines of a text.
fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    all[all.len().saturating_sub(lines)..].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_told_whole() {
        for (lines, expected) in [(0, ""), (1, "c"), (2, "b\nc"), (9, "a\nb\nc")] {
            assert_eq!(tail("a\nb\nc", lines), expected);
        }
        assert_eq!(tail("a\nb\n", 1), "b\n");
        assert_eq!(tail("", 3), "");
    }
}
