//! `massgen exec`: one command in the sandbox, without any agent.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use massgen_config::{Environment, Limits};
use massgen_permissions::Network;
use massgen_sandbox::{
    Cancel, Denial, Entry, Invocation, LimitKind, LimitReached, NetworkUse, Outcome, Report, Stdio,
};
use serde::Serialize;

use crate::exit::Failure;
use crate::flags::{ExecFlags, SandboxFlags};
use crate::mounts;
use crate::plugins::Plugins;
use crate::runtime::runtime;
use crate::sandboxing::open_sandbox;

/// Exit codes beside the command's own, as `docker run` and `timeout` have them.
pub(crate) mod code {
    /// massgen itself failed, or was called wrongly.
    pub(crate) const OURS: u8 = 125;
    pub(super) const NOT_FOUND: u8 = 127;
    pub(super) const TIMEOUT: u8 = 124;
    /// 128 + SIGKILL.
    pub(super) const KILLED: u8 = 137;
    /// 128 + SIGABRT.
    pub(super) const CRASHED: u8 = 134;
    /// 128 + SIGINT.
    pub(super) const INTERRUPTED: u8 = 130;
}

/// Refusals that are told one by one after a command that failed.
const TOLD: usize = 10;

/// Runs the command and passes its exit code on.
pub(crate) fn exec(flags: &ExecFlags) -> ExitCode {
    match execute(flags) {
        Ok(code) => code.into(),
        Err(failure) => {
            tell(&failure.to_string());
            code::OURS.into()
        }
    }
}

fn execute(flags: &ExecFlags) -> Result<u8, Failure> {
    let environment = Environment::from_process()?;
    let given = &flags.sandbox;
    let filesystem = mounts::filesystem(&given.mount, given.workdir.as_deref())?;
    let sandbox = open_sandbox(&environment)?;
    let plugins = Plugins::find(&environment)?;
    let Some((sandbox, plugin)) = plugins.command(&sandbox, &flags.command[0])? else {
        tell(&format!(
            "there is no command `{}` in the sandbox. There are: {}.",
            flags.command[0],
            plugins.command_names().join(", ")
        ));
        return Ok(code::NOT_FOUND);
    };
    let entry = Entry::Command {
        arguments: flags.command.clone(),
        stdin: Vec::new(),
    };
    let mut invocation = Invocation::new(entry, given.limits());
    invocation.environment = given.variables(&environment);
    invocation.network = given.network();
    let inherited = Stdio::inherited().map_err(|source| Failure::System {
        doing: "use the standard streams",
        source,
    })?;
    let stdio = match flags.json {
        true => Stdio {
            output: None,
            error: None,
            ..inherited
        },
        false => inherited,
    };
    let runtime = runtime(tokio::runtime::Builder::new_current_thread())?;
    let cancel = Cancel::default();
    let report = runtime.block_on(async {
        let interrupted = cancel.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        sandbox
            .call_connected(&plugin, &filesystem, invocation, stdio, &cancel)
            .await
    });
    // A thread that waits for standard input must not hold the process up.
    runtime.shutdown_background();
    let code = exit_code(&report.outcome);
    if flags.json {
        show_json(&flags.command, &report, code)?;
    } else {
        explain(&report);
    }
    Ok(code)
}

impl SandboxFlags {
    /// The limits: the defaults, and what was said.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some(time) = self.timeout {
            limits.call_time = time;
        }
        if let Some(memory) = self.memory {
            limits.memory_bytes = memory;
        }
        limits
    }

    /// The places of the network that may be reached.
    pub(crate) fn network(&self) -> Arc<Network> {
        Arc::new(Network::of(self.allow_net.clone()))
    }

    /// The environment variables that are set or passed on.
    pub(crate) fn variables(&self, environment: &Environment) -> Vec<(String, String)> {
        let given = self.env.iter().filter_map(|(name, value)| {
            let passed_on = || environment.variable(name).map(str::to_owned);
            Some((name.clone(), value.clone().or_else(passed_on)?))
        });
        given.collect()
    }
}

pub(crate) fn exit_code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Exited { code } => *code,
        Outcome::Timeout { .. } => code::TIMEOUT,
        Outcome::Limit {
            limit: LimitKind::Memory,
            ..
        } => code::KILLED,
        Outcome::Limit { .. } | Outcome::Trap { .. } => code::CRASHED,
        Outcome::Cancelled => code::INTERRUPTED,
        // The rest are outcomes of tools, or failures of the host.
        Outcome::Ok { .. }
        | Outcome::ToolError { .. }
        | Outcome::Denied { .. }
        | Outcome::HostError { .. } => code::OURS,
    }
}

/// How the command ended, in words; none when it ended by itself.
pub(crate) fn ending(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Exited { .. } => None,
        Outcome::Timeout { after } => Some(format!(
            "stopped after {} s, its limit; --timeout sets another",
            after.as_secs_f64()
        )),
        Outcome::Limit { limit, message } => {
            let hint = match limit {
                LimitKind::Memory => "; --memory sets another limit",
                _ => "",
            };
            Some(format!("stopped: {message}{hint}"))
        }
        Outcome::Trap { message } => Some(format!("the command crashed: {message}")),
        Outcome::Cancelled => Some("interrupted".to_owned()),
        Outcome::HostError { message }
        | Outcome::ToolError { message }
        | Outcome::Denied { message, .. } => Some(message.clone()),
        Outcome::Ok { .. } => None,
    }
}

/// Says after a command that failed what the sandbox had to do with it.
pub(crate) fn explain(report: &Report) {
    if let Some(words) = ending(&report.outcome) {
        tell(&words);
    }
    if let (Some(limit), Outcome::Exited { .. }) = (&report.limit, &report.outcome) {
        tell(&format!("a limit was reached: {}", limit.message));
    }
    if exit_code(&report.outcome) != 0 {
        for denial in report.denials.iter().take(TOLD) {
            tell(&denial.reason);
        }
        for refused in report.network.iter().take(TOLD) {
            if let (Some(why), Some(missing)) = (&refused.refusal, &refused.missing) {
                tell(&format!("{why}; --allow-net '{missing}' allows it"));
            }
        }
        if report.denials.len() > TOLD {
            tell(&format!(
                "and {} more refusals",
                report.denials.len() - TOLD
            ));
        }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    success: bool,
    exit_code: u8,
    stdout: String,
    stderr: String,
    /// Seconds.
    execution_time: f64,
    command: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a LimitReached>,
    refused: &'a [Denial],
    network: &'a [NetworkUse],
    /// Bytes of linear memory.
    peak_memory: u64,
}

fn show_json(command: &[String], report: &Report, exit_code: u8) -> Result<(), Failure> {
    let shown = Shown {
        success: exit_code == 0,
        exit_code,
        stdout: report.stdout.to_text(),
        stderr: report.stderr.to_text(),
        execution_time: report.elapsed.as_secs_f64(),
        command,
        error: ending(&report.outcome),
        limit: report.limit.as_ref(),
        refused: &report.denials,
        network: &report.network,
        peak_memory: report.peak_memory,
    };
    let failed = |source| Failure::System {
        doing: "write to standard output",
        source,
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &shown).map_err(|error| failed(error.into()))?;
    io::Write::write_all(&mut out, b"\n").map_err(failed)
}

#[expect(
    clippy::print_stderr,
    reason = "the command's own output goes to both streams; this is massgen's"
)]
pub(crate) fn tell(words: &str) {
    eprintln!("massgen: {words}");
}
