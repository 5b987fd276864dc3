//! `massgen exec`: one command in the sandbox, without any agent.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use massgen_config::{Environment, Limits};
use massgen_permissions::{Access, Extent, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Denial, Entry, GuestFilesystem, Invocation, LimitKind, LimitReached, MountPoint,
    Outcome, Report, Sandbox, Stdio,
};
use serde::Serialize;

use crate::exit::Failure;
use crate::first_party;
use crate::flags::ExecFlags;
use crate::sandboxing::cache_folder;

/// Exit codes beside the command's own, as `docker run` and `timeout` have them.
mod code {
    /// massgen itself failed, or was called wrongly.
    pub(super) const OURS: u8 = 125;
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

/// A directory or file of the host's, and where the command finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    host: PathBuf,
    /// None for the same path as on the host.
    guest: Option<PathBuf>,
    access: Access,
}

impl Mount {
    /// Reads `HOST`, `HOST:GUEST`, and either with `:ro` or `:rw`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (rest, access) = match text.rsplit_once(':') {
            Some((rest, "ro")) => (rest, Access::Read),
            Some((rest, "rw")) => (rest, Access::Write),
            _ => (text, Access::Write),
        };
        let (host, guest) = match rest.rfind(":/") {
            Some(at) => (&rest[..at], Some(PathBuf::from(&rest[at + 1..]))),
            None if rest.contains(':') => {
                return Err(
                    "the place in the sandbox must be an absolute path: HOST:/GUEST[:ro]"
                        .to_owned(),
                );
            }
            None => (rest, None),
        };
        if host.is_empty() {
            return Err("the path on this machine is missing: HOST[:/GUEST][:ro]".to_owned());
        }
        let climbs = |path: &PathBuf| path.components().any(|part| part == Component::ParentDir);
        if guest.as_ref().is_some_and(climbs) {
            return Err("the place in the sandbox must not contain `..`".to_owned());
        }
        Ok(Self {
            host: host.into(),
            guest,
            access,
        })
    }

    /// The path on the host as it really is, and the one in the sandbox.
    fn resolve(&self) -> Result<(PathBuf, PathBuf), Failure> {
        let real = self.host.canonicalize().map_err(|error| {
            Failure::Usage(format!(
                "cannot mount {}: {error}. Check the path.",
                self.host.display()
            ))
        })?;
        let guest = self.guest.clone().unwrap_or_else(|| real.clone());
        Ok((real, guest))
    }
}

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
    let filesystem = filesystem(&flags.mount, flags.workdir.as_deref())?;
    let sandbox = Sandbox::new(massgen_sandbox::SandboxOptions {
        cache: cache_folder(&environment)?,
    })?;
    let Some((sandbox, plugin)) = first_party::command(&sandbox, &flags.command[0])? else {
        tell(&format!(
            "there is no command `{}` in the sandbox. There are: {}.",
            flags.command[0],
            first_party::command_names()?.join(", ")
        ));
        return Ok(code::NOT_FOUND);
    };
    let mut limits = Limits::default();
    if let Some(time) = flags.timeout {
        limits.call_time = time;
    }
    if let Some(memory) = flags.memory {
        limits.memory_bytes = memory;
    }
    let entry = Entry::Command {
        arguments: flags.command.clone(),
        stdin: Vec::new(),
    };
    let mut invocation = Invocation::new(entry, limits);
    invocation.environment = flags
        .env
        .iter()
        .filter_map(|(name, value)| {
            let value = value
                .clone()
                .or_else(|| environment.variable(name).map(str::to_owned));
            Some((name.clone(), value?))
        })
        .collect();
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            doing: "start the async runtime",
            source,
        })?;
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

/// The files of the command. Without mounts it reads the current directory and writes nothing.
fn filesystem(mounts: &[Mount], workdir: Option<&Path>) -> Result<Arc<GuestFilesystem>, Failure> {
    let here = [Mount {
        host: ".".into(),
        guest: None,
        access: Access::Read,
    }];
    let mounts = if mounts.is_empty() { &here } else { mounts };
    let mut points: Vec<MountPoint> = Vec::new();
    let mut grants = Vec::new();
    for mount in mounts {
        let (host, guest) = mount.resolve()?;
        if points.iter().any(|point| point.guest == guest) {
            return Err(Failure::Usage(format!(
                "two mounts have the same place in the sandbox, {}",
                guest.display()
            )));
        }
        let grant = if host.is_dir() {
            Grant::tree(&host, GrantKind::Mount, mount.access)
        } else {
            Grant::file(&host, GrantKind::Mount, mount.access)
        };
        points.push(MountPoint {
            guest,
            host,
            extent: grant.extent,
        });
        grants.push(grant);
    }
    let first = &points[0];
    let first = match first.extent {
        Extent::Tree => first.guest.clone(),
        Extent::File => first.guest.parent().unwrap_or(Path::new("/")).to_owned(),
    };
    let directory = workdir.map_or(first, Path::to_owned);
    let filesystem = GuestFilesystem::new(&points, Policy::new(grants), directory)?
        // Nobody reads files before they remove them with `rm`.
        .with_read_before_delete(massgen_config::ReadBeforeDelete::Off)
        .with_temporary_directories();
    Ok(Arc::new(filesystem))
}

fn exit_code(outcome: &Outcome) -> u8 {
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
fn ending(outcome: &Outcome) -> Option<String> {
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
fn explain(report: &Report) {
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
fn tell(words: &str) {
    eprintln!("massgen: {words}");
}
