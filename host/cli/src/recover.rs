//! `massgen recover`: the directories that users look for, made from what a killed run left behind.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use massgen_config::Environment;
use massgen_orchestrator::layout::DEFAULT_LOGS;
use massgen_orchestrator::workspace::unfold_left_behind;

use crate::exit::{Exit, Failure};
use crate::flags::RecoverFlags;

/// Lays out the snapshots of the configuration's storage and the workspaces in the run's log.
pub(crate) fn recover(flags: &RecoverFlags) -> Result<Exit, Failure> {
    let environment = Environment::from_process()?;
    let source = massgen_config::find(flags.config.as_deref(), &environment)?;
    let plan = massgen_config::load(&source, &environment)?;
    let snapshots = &plan.orchestrator.snapshot_storage;
    let log = match &flags.log {
        Some(log) => Some(log.clone()),
        None => latest_log(&environment.current_directory().join(DEFAULT_LOGS))?,
    };
    let failures = unfold_left_behind(snapshots, log.as_deref())?;
    let mut text: String = failures
        .iter()
        .map(|failure| format!("{failure}\n"))
        .collect();
    text.push_str(&format!("Snapshots are in {}.\n", snapshots.display()));
    if let Some(log) = &log {
        text.push_str(&format!("The log is {}.\n", log.display()));
    }
    if !failures.is_empty() {
        text.push_str(
            "What could not be made is kept until the next run with this configuration; make room or mend it, and call \
             this again.\n",
        );
    }
    let written = std::io::stdout().write_all(text.as_bytes());
    written.map_err(|source| Failure::System {
        doing: "write to standard output",
        source,
    })?;
    Ok(match failures.is_empty() {
        true => Exit::Ok,
        false => Exit::Execution,
    })
}

/// The log of the latest run, if there is any: the names hold the time.
fn latest_log(logs: &Path) -> Result<Option<PathBuf>, Failure> {
    let failed = |source| Failure::System {
        doing: "list the folder of logs (.massgen/massgen_logs)",
        source,
    };
    let entries = match fs::read_dir(logs) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(failed)?,
    };
    let mut latest = None;
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            latest = latest.max(Some(path));
        }
    }
    Ok(latest)
}
