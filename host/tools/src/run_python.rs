//! `run_python`: a program for the CPython component, as a tool.

use std::path::Path;
use std::sync::Arc;

use massgen_config::Limits;
use massgen_sandbox::{CommandFilter, Entry, Invocation, Outcome, Report};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::execute_command;
use crate::outcome::{
    ToolOutcome, as_json, failure_of_command, refused_to_command, status_of_command,
};

/// The tool's name.
pub(crate) const NAME: &str = "run_python";

/// What the model is told.
pub(crate) const DESCRIPTION: &str = "Runs a Python 3 program in a sandbox: the standard library, pytest, the files of \
    the workspace and of granted paths, no network and no threads. `subprocess` starts the sandbox's own commands; pure-Python \
    wheels in the workspace can be installed with pip. The working directory is the workspace. Give either `code` or \
    `script`. Every call is a fresh interpreter; keep results in files. Returns exit_code, stdout and stderr.";

/// The arguments.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPython {
    /// Program text to run, as with `python -c`.
    code: Option<String>,
    /// Path of a script to run instead, absolute or relative to the workspace.
    script: Option<String>,
    /// Arguments for the program, in `sys.argv[1:]`.
    #[serde(default)]
    args: Vec<String>,
    /// Text for the program's standard input.
    #[serde(default)]
    stdin: String,
    /// Seconds the program may run; at most the run's own limit, which is also the default.
    timeout: Option<f64>,
}

/// What the model reads.
#[derive(Debug, Serialize)]
struct Ran {
    success: bool,
    exit_code: i32,
    stdout: String,
    stderr: String,
    /// Seconds.
    execution_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

/// JSON Schema of the arguments.
pub(crate) fn input_schema() -> Value {
    schemars::schema_for!(RunPython).to_value()
}

impl RunPython {
    /// Reads the arguments.
    ///
    /// # Errors
    /// A sentence for the model.
    pub(crate) fn parse(arguments: &str) -> Result<Self, String> {
        let parsed: Self = serde_json::from_str(arguments).map_err(|error| {
            format!("The arguments of `{NAME}` do not fit its schema: {error}.")
        })?;
        match (&parsed.code, &parsed.script) {
            (Some(_), None) | (None, Some(_)) => {}
            _ => {
                return Err(format!(
                    "`{NAME}` needs exactly one of `code` and `script`."
                ));
            }
        }
        match parsed.timeout {
            Some(seconds) if !seconds.is_finite() || seconds <= 0.0 => Err(format!(
                "`timeout` is {seconds}; it must be a positive number of seconds."
            )),
            _ => Ok(parsed),
        }
    }

    /// The call behind the arguments, for a workspace and within the run's limits. The program may start the sandbox's
    /// commands, those of `filter`, and finds packages that were installed below `$HOME`, which is the workspace.
    pub(crate) fn invocation(
        self,
        workspace: &Path,
        limits: &Limits,
        filter: Arc<CommandFilter>,
        call_id: &str,
    ) -> Invocation {
        let limits = execute_command::within(limits, self.timeout);
        let mut arguments = vec!["python".to_owned()];
        if let Some(code) = self.code {
            arguments.extend(["-c".to_owned(), code]);
        }
        arguments.extend(self.script);
        arguments.extend(self.args);
        let entry = Entry::Command {
            arguments,
            stdin: self.stdin.into_bytes(),
        };
        Invocation {
            environment: execute_command::environment(workspace),
            command_filter: filter,
            call_id: call_id.to_owned(),
            ..Invocation::new(entry, limits)
        }
    }
}

/// The outcome as the model reads it. A program that failed is an answer, not an error of the tool; where a rule
/// refused it something, the rule is named.
pub(crate) fn outcome(report: &Report) -> ToolOutcome {
    let exit_code = match report.outcome {
        Outcome::Exited { code } => i32::from(code),
        _ => -1,
    };
    let ran = Ran {
        success: exit_code == 0,
        exit_code,
        stdout: report.stdout.to_text(),
        stderr: report.stderr.to_text(),
        execution_time: report.elapsed.as_secs_f64(),
        error: failure_of_command(report),
        refused: refused_to_command(report),
    };
    ToolOutcome {
        content: as_json(&ran),
        status: status_of_command(report),
        elapsed: report.elapsed,
        lane: None,
    }
}
