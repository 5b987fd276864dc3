//! `execute_command`: a command line for the shell component, as a tool (`spec/04` §11).

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use massgen_config::Limits;
use massgen_lanes::NativeCommand;
use massgen_sandbox::{CommandFilter, Entry, Invocation, Outcome, Report};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::{
    ToolOutcome, as_json, failure_of_command, refused_to_command, status_of_command,
};

/// The tool's name.
pub(crate) const NAME: &str = "execute_command";

/// The server that had the tool in the Python version; filters name it as `mcp__command_line__execute_command`.
pub(crate) const SERVER: &str = "command_line";

/// What the model is told.
pub(crate) const DESCRIPTION: &str = "Runs a command line in a bash-compatible shell in a sandbox: pipelines, \
    redirections, variables, loops, functions, and the usual Unix tools (ls, cat, grep, find, sed, awk, sort, diff, tar, \
    jq and so on) and python. It has the files of the workspace and of granted paths, no network, no package managers and \
    no other programs. The working directory is the workspace unless `work_dir` says otherwise. Every call is a fresh \
    shell; only files last. Returns exit_code, stdout and stderr.";

/// The arguments.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExecuteCommand {
    /// The command line, as for `bash -c`.
    command: String,
    /// Seconds it may run; at most the run's own limit, which is also the default.
    timeout: Option<f64>,
    /// Directory to run it in, absolute or relative to the workspace.
    work_dir: Option<String>,
}

/// What the model reads (`spec/04` §11).
#[derive(Debug, Serialize)]
struct Ran<'a> {
    success: bool,
    exit_code: i32,
    stdout: String,
    stderr: String,
    /// Seconds.
    execution_time: f64,
    command: &'a str,
    work_dir: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    /// Where it ran, if not in the sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
}

/// JSON Schema of the arguments.
pub(crate) fn input_schema() -> Value {
    schemars::schema_for!(ExecuteCommand).to_value()
}

impl ExecuteCommand {
    /// Reads the arguments of the tool that is named so.
    ///
    /// # Errors
    /// A sentence for the model.
    pub(crate) fn parse(tool: &str, arguments: &str) -> Result<Self, String> {
        let parsed: Self = serde_json::from_str(arguments).map_err(|error| {
            format!("The arguments of `{tool}` do not fit its schema: {error}.")
        })?;
        if parsed.command.contains('\0') {
            return Err("`command` holds a NUL character, which no command line can.".to_owned());
        }
        match parsed.timeout {
            Some(seconds) if !seconds.is_finite() || seconds <= 0.0 => Err(format!(
                "`timeout` is {seconds}; it must be a positive number of seconds."
            )),
            _ => Ok(parsed),
        }
    }

    /// The command line.
    pub(crate) fn line(&self) -> &str {
        &self.command
    }

    /// The directory in which it runs: an absolute path without steps.
    pub(crate) fn directory(&self, workspace: &Path) -> PathBuf {
        let mut directory: PathBuf = workspace.components().collect();
        for part in Path::new(self.work_dir.as_deref().unwrap_or("")).components() {
            match part {
                Component::RootDir => directory = PathBuf::from("/"),
                Component::ParentDir => {
                    directory.pop();
                }
                Component::Normal(name) => directory.push(name),
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        directory
    }

    /// The call behind the arguments, for a workspace and within the run's limits.
    pub(crate) fn invocation(
        &self,
        workspace: &Path,
        limits: &Limits,
        filter: Arc<CommandFilter>,
        call_id: &str,
    ) -> Invocation {
        let limits = within(limits, self.timeout);
        let entry = Entry::Command {
            arguments: ["bash", "-c", &self.command].map(str::to_owned).to_vec(),
            stdin: Vec::new(),
        };
        Invocation {
            environment: environment(workspace),
            working_directory: Some(self.directory(workspace)),
            command_filter: filter,
            call_id: call_id.to_owned(),
            ..Invocation::new(entry, limits)
        }
    }

    /// The command line for a native lane.
    pub(crate) fn native(&self, workspace: &Path, limits: &Limits) -> NativeCommand {
        NativeCommand {
            line: self.command.clone(),
            working_directory: self.directory(workspace),
            limits: within(limits, self.timeout),
        }
    }

    /// The outcome as the model reads it; `lane` is the native lane in which it ran, if any. A command that failed is an
    /// answer, not an error of the tool; what it wrote is kept however it ended, and where a rule refused it something,
    /// the rule is named.
    pub(crate) fn outcome(
        &self,
        report: &Report,
        workspace: &Path,
        lane: Option<&str>,
    ) -> ToolOutcome {
        let exit_code = match report.outcome {
            Outcome::Exited { code } => i32::from(code),
            _ => -1,
        };
        let mut stderr = report.stderr.to_text();
        if let Outcome::Timeout { after } = report.outcome {
            if !stderr.is_empty() && !stderr.ends_with('\n') {
                stderr.push('\n');
            }
            let seconds = after.as_secs_f64();
            stderr.push_str(&format!("Command timed out after {seconds} seconds"));
        }
        let ran = Ran {
            success: exit_code == 0,
            exit_code,
            stdout: report.stdout.to_text(),
            stderr,
            execution_time: report.elapsed.as_secs_f64(),
            command: &self.command,
            work_dir: self.directory(workspace).display().to_string(),
            error: failure_of_command(report),
            limit: report.limit.as_ref().map(|limit| limit.message.as_str()),
            refused: refused_to_command(report),
            lane,
        };
        ToolOutcome {
            content: as_json(&ran),
            status: status_of_command(report),
            elapsed: report.elapsed,
            lane: lane.map(str::to_owned),
        }
    }
}

/// The run's limits with the seconds that the model asked for, where that is less.
pub(crate) fn within(limits: &Limits, seconds: Option<f64>) -> Limits {
    let asked = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Limits {
        call_time: asked.map_or(limits.call_time, |asked| asked.min(limits.call_time)),
        ..limits.clone()
    }
}

/// The environment of what an agent runs: the workspace is its home.
pub(crate) fn environment(workspace: &Path) -> Vec<(String, String)> {
    let variables = [
        ("HOME", workspace.display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn parse(arguments: &str) -> Result<ExecuteCommand, String> {
        ExecuteCommand::parse(NAME, arguments)
    }

    #[test]
    fn a_working_directory_is_read_from_the_workspace_on() {
        for (given, expected) in [
            ("", "/w/a"),
            (".", "/w/a"),
            ("src", "/w/a/src"),
            ("../b", "/w/b"),
            ("/context", "/context"),
            ("../../../..", "/"),
        ] {
            let command = ExecuteCommand {
                work_dir: Some(given.to_owned()),
                ..ExecuteCommand::default()
            };
            // By their texts, for paths are equal that differ by a slash at the end.
            let directory = command.directory(Path::new("/w/a/"));
            assert_eq!(directory.to_str(), Some(expected));
        }
    }

    #[test]
    fn a_time_of_the_models_shortens_the_limit_and_never_lengthens_it() {
        let limits = Limits::default();
        for (asked, given) in [("2", 2), ("1e9", 60), ("null", 60)] {
            let command = parse(&format!(r#"{{"command": "ls", "timeout": {asked}}}"#)).unwrap();
            let call = command.invocation(Path::new("/w"), &limits, Arc::default(), "1");
            assert_eq!(call.limits.call_time, Duration::from_secs(given));
        }
    }

    #[test]
    fn arguments_that_mean_nothing_are_refused() {
        for (arguments, told) in [
            (
                r#"{"command": "ls", "timeout": 0}"#,
                "positive number of seconds",
            ),
            (
                r#"{"command": "ls", "timeout": -3}"#,
                "positive number of seconds",
            ),
            (r#"{"command": "l\u0000s"}"#, "NUL"),
            (r#"{"cmd": "ls"}"#, "do not fit its schema"),
            ("{}", "missing field `command`"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(told), "{arguments}: {error}");
        }
    }
}
