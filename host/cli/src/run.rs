//! One run: flags to plan, plan to agents, agents to an outcome.

use std::io::{ErrorKind, IsTerminal, Read};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};

use massgen_backends::{Backend, CassetteWriter, Recorder};
use massgen_config::{Environment, RunPlan};
use massgen_orchestrator::layout::{DEFAULT_LOGS, LogLayout};
use massgen_orchestrator::workspace::{WorkspaceSettings, Workspaces};
use massgen_orchestrator::{Backoff, Coordination, CopyAudit, Member, Run, RunOptions};
use massgen_tools::Toolbox;
use tokio_util::sync::CancellationToken;

use crate::approval::Terminal;
use crate::display::{Display, Shown};
use crate::exit::{Exit, Failure};
use crate::flags::{Output, RunFlags};
use crate::lanes::{self, LocalCommands};
use crate::runtime::runtime;
use crate::sandboxing;

/// Runs to the end.
pub(crate) fn run(flags: RunFlags) -> Result<Exit, Failure> {
    let environment = Environment::from_process()?;
    let source = massgen_config::find(flags.config.as_deref(), &environment)?;
    let mut plan = massgen_config::load(&source, &environment)?;
    if let Some(limit) = flags.orchestrator_timeout {
        plan.orchestrator_timeout = limit;
    }
    let local = match flags.allow_local_commands {
        true => LocalCommands::Allowed,
        false => LocalCommands::Refused,
    };
    lanes::check(&plan, local)?;
    let question = question(flags.question.clone())?;
    let runtime = runtime(tokio::runtime::Builder::new_multi_thread())?;
    let exit = runtime.block_on(execute(&plan, question, &flags, &environment));
    // A guest that blocks its thread must not hold the process up.
    runtime.shutdown_background();
    exit
}

async fn execute(
    plan: &RunPlan,
    question: String,
    flags: &RunFlags,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let here = environment.current_directory();
    let backends = backends(plan, flags.record.as_deref())?;
    let log = match &flags.log_dir {
        Some(folder) => LogLayout::at(&here.join(folder))?,
        None => LogLayout::create(&here.join(DEFAULT_LOGS), &jiff::Zoned::now())?,
    };
    log_to(&log, flags.debug)?;
    let workspaces = Arc::new(Workspaces::prepare(&workspace_settings(plan, here, &log))?);
    let format = if flags.no_display {
        Output::Plain
    } else {
        flags.output
    };
    // A program that reads the events has no person behind it.
    let approver = match format {
        Output::Plain => Terminal::in_front(),
        Output::Json => None,
    };
    let tools = sandboxing::tools(
        plan,
        &workspaces,
        environment,
        log.root(),
        approver.as_ref(),
    )
    .await?;

    let cancel = CancellationToken::new();
    let display = Display::start(format, log.root().to_owned(), cancel.clone());
    let warnings = plan.warnings.iter().map(ToString::to_string);
    for warning in warnings.chain(tools.warnings) {
        tracing::warn!("{warning}");
        display.warn(warning);
    }
    tokio::spawn({
        let cancel = cancel.clone();
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancel.cancel();
            }
        }
    });
    let run = Run::new(RunOptions {
        question,
        members: members(plan, backends, tools.toolboxes),
        coordination: if plan.orchestrator.skip_coordination_rounds {
            Coordination::Skipped
        } else {
            Coordination::Rounds
        },
        max_answers_per_agent: plan
            .orchestrator
            .max_new_answers_per_agent
            .and_then(NonZeroU32::new),
        backoff: Backoff::default(),
        time_limit: plan.orchestrator_timeout,
        workspaces,
        audit: tools.audit.clone().map(|audit| CopyAudit {
            log: audit,
            run: sandboxing::run_name(log.root()),
        }),
        log: Some(log),
        sinks: vec![display.sink()],
        cancel,
    })?;
    let result = run.execute().await;
    if let Some(Err(reason)) = tools.audit.map(|audit| audit.flush()) {
        display.warn(format!(
            "the audit file in the log folder is incomplete: {reason}"
        ));
    }
    let shown = tokio::task::spawn_blocking(move || display.finish())
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
    match shown {
        // Whoever read the output has gone away; nothing is wrong.
        Ok(Shown::ReaderGone) => Ok(Exit::Ok),
        Ok(Shown::Whole) => Ok(Exit::from(&result.outcome)),
        Err(source) => Err(Failure::System {
            doing: "write to standard output",
            source,
        }),
    }
}

fn backends(plan: &RunPlan, record: Option<&Path>) -> Result<Vec<Arc<dyn Backend>>, Failure> {
    let writer = record
        .map(CassetteWriter::create)
        .transpose()
        .map_err(Failure::Recording)?;
    let mut backends = Vec::new();
    for agent in &plan.agents {
        let backend =
            massgen_backends::build(&agent.backend).map_err(|error| Failure::Backend {
                agent: agent.id.to_string(),
                error,
            })?;
        backends.push(match &writer {
            Some(writer) => Arc::new(Recorder::new(backend, writer.clone())),
            None => backend,
        });
    }
    Ok(backends)
}

fn members(
    plan: &RunPlan,
    backends: Vec<Arc<dyn Backend>>,
    toolboxes: Vec<Toolbox>,
) -> Vec<Member> {
    let parts = plan.agents.iter().zip(backends).zip(toolboxes);
    let member =
        |((agent, backend), toolbox): ((&massgen_config::AgentPlan, Arc<dyn Backend>), Toolbox)| {
            Member {
                id: agent.id.clone(),
                system_message: agent.system_message.clone(),
                backend,
                toolbox,
                context_paths: agent.context_paths.clone(),
            }
        };
    parts.map(member).collect()
}

fn workspace_settings(plan: &RunPlan, here: &Path, log: &LogLayout) -> WorkspaceSettings {
    let contexts = plan
        .agents
        .iter()
        .flat_map(|agent| &agent.context_paths)
        .map(|context| context.path.clone());
    WorkspaceSettings {
        agents: plan
            .agents
            .iter()
            .map(|agent| (agent.id.clone(), agent.workspace.clone()))
            .collect(),
        snapshot_storage: plan.orchestrator.snapshot_storage.clone(),
        temporary_parent: plan.orchestrator.agent_temporary_workspace.clone(),
        keep: contexts
            .chain([here.to_owned(), log.root().to_owned()])
            .collect(),
    }
}

/// Sends the program's own log to the run's log folder.
fn log_to(log: &LogLayout, debug: bool) -> Result<(), Failure> {
    let file = log.open_log()?.into_file();
    let level = if debug {
        tracing::Level::DEBUG
    } else {
        tracing::Level::INFO
    };
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(Mutex::new(file))
        .finish();
    // Set once in the life of the process, so it cannot have been set before.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// The question from the command line, or from standard input when something is piped into it.
fn question(given: Option<String>) -> Result<String, Failure> {
    let question = match given {
        Some(question) => question,
        None if std::io::stdin().is_terminal() => {
            return Err(Failure::Usage(
                "there is no question. Give one as an argument, or pipe it in; interactive mode is not in this version.".to_owned(),
            ));
        }
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|source| match source.kind() {
                    ErrorKind::InvalidData => Failure::Usage(
                        "the question on standard input is not UTF-8 text. Convert it first."
                            .to_owned(),
                    ),
                    _ => Failure::System {
                        doing: "read the question from standard input",
                        source,
                    },
                })?;
            text
        }
    };
    match question.trim() {
        "" => Err(Failure::Usage(
            "the question is empty. Give one as an argument or pipe it in.".to_owned(),
        )),
        question => Ok(question.to_owned()),
    }
}
