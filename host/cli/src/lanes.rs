//! Command lines outside the sandbox: whether the run lets an agent have them, where they go, and what the user is told.

use massgen_config::{AgentPlan, DockerNetwork, Environment, Lane, RunPlan};
use massgen_lanes::{Docker, DockerError, LaneError, Local, NativeLane};

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
            Lane::Sandbox | Lane::Local | Lane::Docker(_) => {}
        }
    }
    Ok(())
}

/// The native lanes of a run's agents, opened one after the other.
pub(crate) struct Lanes<'a> {
    environment: &'a Environment,
    /// One for each set of settings, for agents to share.
    containers: Vec<Docker>,
}

impl<'a> Lanes<'a> {
    pub(crate) const fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            containers: Vec::new(),
        }
    }

    /// The native lane of an agent; none where its command lines run in the sandbox, or it has none.
    ///
    /// # Errors
    /// When this machine cannot run it.
    pub(crate) async fn open(&mut self, agent: &AgentPlan) -> Result<Option<NativeLane>, Failure> {
        let lane = match lane(agent) {
            Lane::Sandbox => return Ok(None),
            Lane::Local => Local::find()
                .await
                .map(NativeLane::Local)
                .map_err(LaneError::from),
            Lane::Docker(settings) => self
                .docker(settings, agent.id.as_str())
                .await
                .map(NativeLane::Docker)
                .map_err(LaneError::from),
        };
        lane.map(Some).map_err(|error| Failure::Lane {
            agent: agent.id.to_string(),
            error,
        })
    }

    async fn docker(
        &mut self,
        settings: &massgen_config::Docker,
        agent: &str,
    ) -> Result<Docker, DockerError> {
        let mut open = self.containers.iter();
        if let Some(lane) = open.find(|lane| lane.settings() == settings) {
            return Ok(lane.of_agent(agent));
        }
        let host = self.environment.variable("DOCKER_HOST");
        let lane = Docker::connect(host, settings.clone(), agent).await?;
        self.containers.push(lane.clone());
        Ok(lane)
    }
}

/// What is weaker for agents outside the sandbox, as sentences for the user.
pub(crate) fn warnings(plan: &RunPlan) -> Vec<String> {
    const NOT_THERE: &str = "rules for files that do not exist yet, read-before-delete, quotas and the audit of single \
        files do not hold there (docs/native-lanes.md).";
    let of_agent = |agent: &AgentPlan| {
        let id = &agent.id;
        match lane(agent) {
            Lane::Sandbox => None,
            Lane::Local => Some(format!(
                "agent `{id}` runs command lines as processes of this machine. The kernel keeps them to their files and \
                 off the network; {NOT_THERE}"
            )),
            Lane::Docker(settings) => Some(format!(
                "agent `{id}` runs command lines in containers of the image `{}`, with {}. {}{NOT_THERE}",
                settings.image,
                match settings.network {
                    DockerNetwork::None => "no network",
                    DockerNetwork::Bridge => "the network that Docker's bridge leads to",
                    DockerNetwork::Host => "the whole network of this machine",
                },
                "The kernel keeps them to their files; ",
            )),
        }
    };
    plan.agents.iter().filter_map(of_agent).collect()
}

/// Where the agent's command lines run. Without a workspace it has no tools.
fn lane(agent: &AgentPlan) -> &Lane {
    match (&agent.command_line, &agent.workspace) {
        (Some(command_line), Some(_)) => &command_line.lane,
        _ => &Lane::Sandbox,
    }
}
