//! From a plan to toolboxes: the sandbox, the plugins, and each agent's grants.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_config::{AgentPlan, Environment, Limits, RunPlan};
use massgen_lanes::NativeLane;
use massgen_orchestrator::workspace::Workspaces;
use massgen_sandbox::{
    Approver, Audit, AuditLog, Commands, GuestFilesystem, Sandbox, SandboxOptions,
};
use massgen_tools::{AgentPaths, Toolbox, Toolset, agent_policy, real_location};

use crate::exit::Failure;
use crate::lanes::{self, Lanes};
use crate::plugins::Plugins;

/// The audit's file in the log folder of a run.
const AUDIT_FILE: &str = "audit.jsonl";

/// The tools of a run.
pub(crate) struct Tools {
    /// One for each agent, in the order of the plan.
    pub(crate) toolboxes: Vec<Toolbox>,
    /// Where decisions about files are recorded, if any tool can make some.
    pub(crate) audit: Option<AuditLog>,
    /// What is weaker or odd about the agents' tools, as sentences for the user.
    pub(crate) warnings: Vec<String>,
}

/// Makes the tools. `approver` is asked where a rule says `ask`; without one that means no. Without a workspace an agent has none, and where no agent has one the sandbox is not even started.
pub(crate) async fn tools(
    plan: &RunPlan,
    workspaces: &Workspaces,
    environment: &Environment,
    log_folder: &Path,
    approver: Option<&Arc<dyn Approver>>,
) -> Result<Tools, Failure> {
    if plan.agents.iter().all(|agent| agent.workspace.is_none()) {
        return Ok(Tools {
            toolboxes: plan.agents.iter().map(|_| Toolbox::empty()).collect(),
            audit: None,
            warnings: Vec::new(),
        });
    }
    let log =
        AuditLog::append_to(&log_folder.join(AUDIT_FILE)).map_err(|source| Failure::System {
            doing: "open the audit file in the log folder",
            source,
        })?;
    let audit = |agent: &AgentPlan| Audit {
        log: log.clone(),
        run: run_name(log_folder),
        agent: agent.id.to_string(),
    };
    let sandbox = open_sandbox(environment)?;
    let plugins = {
        let (sandbox, plugins) = (sandbox.clone(), Plugins::find(environment)?);
        tokio::task::spawn_blocking(move || plugins.load(&sandbox))
            .await
            .map_err(|panic| Failure::System {
                doing: "load the plugins",
                source: std::io::Error::other(panic),
            })??
    };
    let sandbox = sandbox.with_commands(Commands::of(&plugins)?);
    let toolset = Toolset::load(sandbox, &plugins, &Limits::default()).await?;
    let mut toolboxes = Vec::new();
    let mut lanes = Lanes::new(environment);
    for agent in &plan.agents {
        let lane = lanes.open(agent).await?;
        let audit = audit(agent);
        toolboxes.push(toolbox(&toolset, agent, lane, workspaces, audit, approver)?);
    }
    let mut warnings = lanes::warnings(plan);
    warnings.extend(unknown_tools(&toolset, plan));
    Ok(Tools {
        toolboxes,
        audit: Some(log),
        warnings,
    })
}

/// The run as the audit names it: by its log folder.
pub(crate) fn run_name(log_folder: &Path) -> String {
    let name = log_folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The names in the filters of agents with tools that no tool goes by.
fn unknown_tools(toolset: &Toolset, plan: &RunPlan) -> Vec<String> {
    let with_tools = plan.agents.iter().filter(|agent| agent.workspace.is_some());
    with_tools
        .flat_map(|agent| {
            let unknown = toolset.unknown_in(&agent.tools).into_iter();
            unknown.map(|unknown| format!("agent `{}`: {unknown}", agent.id))
        })
        .collect()
}

fn toolbox(
    toolset: &Toolset,
    agent: &AgentPlan,
    lane: Option<NativeLane>,
    workspaces: &Workspaces,
    audit: Audit,
    approver: Option<&Arc<dyn Approver>>,
) -> Result<Toolbox, Failure> {
    let Some((workspace, temporary)) = workspaces
        .workspace(&agent.id)
        .zip(workspaces.temporary(&agent.id))
    else {
        return Ok(Toolbox::empty());
    };
    let paths = agent_paths(agent, workspace, &temporary);
    let mut filesystem = GuestFilesystem::mirroring(agent_policy(&paths)?, paths.workspace)?
        .with_read_before_delete(agent.path_rules.read_before_delete)
        .with_temporary_directories()
        .audited(audit);
    if let Some(approver) = approver {
        filesystem = filesystem.approved_by(Arc::clone(approver));
    }
    let toolbox = toolset.for_agent(
        Arc::new(filesystem),
        &agent.tools,
        agent.command_line.as_ref(),
        lane,
        agent.limits.clone(),
    );
    Ok(toolbox?)
}

/// What an agent may touch, by the real locations of its folders.
pub(crate) fn agent_paths(agent: &AgentPlan, workspace: &Path, temporary: &Path) -> AgentPaths {
    AgentPaths {
        workspace: real_location(workspace),
        temporary_workspace: real_location(temporary),
        context: agent.context_paths.clone(),
        rules: agent.path_rules.clone(),
    }
}

/// The sandbox, with the user's cache of compiled components.
///
/// # Errors
/// When there is no place for the cache, or the engine cannot be set up.
pub(crate) fn open_sandbox(environment: &Environment) -> Result<Sandbox, Failure> {
    let cache = cache_folder(environment)?;
    Ok(Sandbox::new(SandboxOptions { cache })?)
}

/// `$XDG_CACHE_HOME/massgen/components`, or the same below `~/.cache`. Not as an `.env` file says: what lies there is
/// run as native code.
fn cache_folder(environment: &Environment) -> Result<PathBuf, Failure> {
    let base = environment
        .own_variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| environment.home().map(|home| home.join(".cache")));
    base.map(|base| base.join("massgen/components"))
        .ok_or_else(|| {
            Failure::Usage(
                "there is no home directory for the component cache; set HOME or XDG_CACHE_HOME"
                    .to_owned(),
            )
        })
}
