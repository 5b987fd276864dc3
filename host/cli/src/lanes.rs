//! Command lines outside the sandbox: whether the run lets an agent have them, where they go, and what the user is told.

use massgen_config::{AgentPlan, Lane, RunPlan};
use massgen_lanes::{Local, NativeLane};

use crate::exit::Failure;

/// Whether the user who starts the run lets agents run command lines as processes of the machine. The configuration
/// alone may come from somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalCommands {
    Refused,
    Allowed,
}

/// Refuses a plan that asks for what the run does not allow.
///
/// # Errors
/// With what to do, before anything was begun.
pub(crate) fn check(plan: &RunPlan, local: LocalCommands) -> Result<(), Failure> {
    for agent in &plan.agents {
        match lane(agent) {
            Lane::Local if local == LocalCommands::Refused => {
                return Err(Failure::Usage(format!(
                    "agent `{}` is to run command lines as processes of this machine (`command_line_execution_mode: \
                     local`), which are held less closely than in the sandbox. Start the run with \
                     --allow-local-commands if you trust the configuration, or remove the key",
                    agent.id
                )));
            }
            Lane::Docker(_) => {
                return Err(Failure::Usage(format!(
                    "agent `{}` asks for `command_line_execution_mode: docker`, which this version does not have. Remove \
                     the key: command lines run in the sandbox",
                    agent.id
                )));
            }
            Lane::Sandbox | Lane::Local => {}
        }
    }
    Ok(())
}

/// The native lane of an agent; none where its command lines run in the sandbox, or it has none.
///
/// # Errors
/// When this machine cannot run it.
pub(crate) async fn open(agent: &AgentPlan) -> Result<Option<NativeLane>, Failure> {
    match lane(agent) {
        Lane::Sandbox | Lane::Docker(_) => Ok(None),
        Lane::Local => match Local::find().await {
            Ok(lane) => Ok(Some(NativeLane::Local(lane))),
            Err(error) => Err(Failure::Lane {
                agent: agent.id.to_string(),
                error,
            }),
        },
    }
}

/// What is weaker for agents outside the sandbox, as sentences for the user.
pub(crate) fn warnings(plan: &RunPlan) -> Vec<String> {
    let local = plan
        .agents
        .iter()
        .filter(|agent| *lane(agent) == Lane::Local);
    local
        .map(|agent| {
            format!(
                "agent `{}` runs command lines as processes of this machine. The kernel keeps them to their files and off \
                 the network; rules for files that do not exist yet, read-before-delete, quotas and the audit of single \
                 files do not hold there (docs/native-lanes.md).",
                agent.id
            )
        })
        .collect()
}

/// Where the agent's command lines run. Without a workspace it has no tools.
fn lane(agent: &AgentPlan) -> &Lane {
    match (&agent.command_line, &agent.workspace) {
        (Some(command_line), Some(_)) => &command_line.lane,
        _ => &Lane::Sandbox,
    }
}
