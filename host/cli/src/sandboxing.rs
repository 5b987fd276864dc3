//! From a plan to toolboxes: the sandbox, the plugins, and each agent's grants.

use std::path::PathBuf;
use std::sync::Arc;

use massgen_config::{AgentPlan, Environment, Limits, RunPlan};
use massgen_orchestrator::workspace::Workspaces;
use massgen_sandbox::{GuestFilesystem, Sandbox, SandboxOptions};
use massgen_tools::{AgentPaths, Toolbox, Toolset, agent_policy};

use crate::exit::Failure;
use crate::first_party;

/// A toolbox for each agent, in the order of the plan. Without a workspace an agent has no tools, and where no agent has
/// one the sandbox is not even started.
pub(crate) async fn toolboxes(
    plan: &RunPlan,
    workspaces: &Workspaces,
    environment: &Environment,
) -> Result<Vec<Toolbox>, Failure> {
    if plan.agents.iter().all(|agent| agent.workspace.is_none()) {
        return Ok(plan.agents.iter().map(|_| Toolbox::empty()).collect());
    }
    let sandbox = Sandbox::new(SandboxOptions {
        cache: cache_folder(environment)?,
    })?;
    let plugins = {
        let sandbox = sandbox.clone();
        tokio::task::spawn_blocking(move || first_party::load(&sandbox))
            .await
            .map_err(|panic| Failure::System {
                doing: "load the plugins",
                source: std::io::Error::other(panic),
            })??
    };
    let toolset = Toolset::load(sandbox, &plugins, &Limits::default()).await?;
    plan.agents
        .iter()
        .map(|agent| toolbox(&toolset, agent, workspaces))
        .collect()
}

fn toolbox(
    toolset: &Toolset,
    agent: &AgentPlan,
    workspaces: &Workspaces,
) -> Result<Toolbox, Failure> {
    let real = |path: PathBuf| {
        path.canonicalize().map_err(|source| Failure::System {
            doing: "find an agent's workspace",
            source,
        })
    };
    let Some((workspace, temporary)) = workspaces
        .workspace(&agent.id)
        .zip(workspaces.temporary(&agent.id))
    else {
        return Ok(Toolbox::empty());
    };
    let paths = AgentPaths {
        workspace: real(workspace.to_owned())?,
        temporary_workspace: real(temporary)?,
        context: agent.context_paths.clone(),
    };
    let filesystem = GuestFilesystem::mirroring(agent_policy(&paths), paths.workspace)?;
    Ok(toolset.for_agent(Arc::new(filesystem), &agent.tools, agent.limits.clone()))
}

/// `$XDG_CACHE_HOME/massgen/components`, or the same below `~/.cache`.
fn cache_folder(environment: &Environment) -> Result<PathBuf, Failure> {
    let base = environment
        .variable("XDG_CACHE_HOME")
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
