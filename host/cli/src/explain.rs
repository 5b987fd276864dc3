//! `massgen policy explain`: whether an agent may do something to a path, and by which rules. Reads the configuration as
//! a run does, and makes, empties and starts nothing.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use massgen_config::{AgentPlan, Environment, RunPlan, plain_path};
use massgen_permissions::audit::Phase;
use massgen_permissions::{Bearing, Operation, Policy, Rule, Step, Verdict};
use massgen_tools::{agent_policy, real_location};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::flags::{ExplainFlags, Output, Part};
use crate::sandboxing::agent_paths;

/// The answer, as it is printed.
#[derive(Debug, Serialize)]
struct Explanation<'a> {
    agent: &'a str,
    /// As it was asked for, from the root.
    path: PathBuf,
    /// Where that really is; decisions are made about this.
    real: PathBuf,
    operation: Operation,
    phase: Phase,
    verdict: Verdict,
    rule: Rule,
    reason: String,
    steps: Vec<Step>,
}

/// Prints the decision and the chain of rules behind it.
pub(crate) fn explain(flags: &ExplainFlags) -> Result<Exit, Failure> {
    let environment = Environment::from_process()?;
    let source = massgen_config::find(flags.config.as_deref(), &environment)?;
    let plan = massgen_config::load(&source, &environment)?;
    let agent = chosen(&plan, flags.agent.as_deref())?;
    let policy = policy(&plan, agent, flags.phase)?;
    let path = environment.current_directory().join(&flags.path);
    let explanation = Explanation::of(&policy, agent, path, flags.op);
    let text = match flags.output {
        Output::Plain => explanation.text(),
        Output::Json => explanation.json()?,
    };
    writeln!(std::io::stdout(), "{text}").map_err(|source| Failure::System {
        doing: "write to standard output",
        source,
    })?;
    Ok(match explanation.verdict {
        Verdict::Allow => Exit::Ok,
        Verdict::Ask | Verdict::Deny | Verdict::Hide => Exit::Refused,
    })
}

/// The agent of that id, or the only one.
fn chosen<'a>(plan: &'a RunPlan, id: Option<&str>) -> Result<&'a AgentPlan, Failure> {
    let found = match (id, plan.agents.as_slice()) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(id), agents) => agents.iter().find(|agent| agent.id.as_str() == id),
    };
    found.ok_or_else(|| {
        let ids: Vec<_> = plan.agents.iter().map(|agent| agent.id.as_str()).collect();
        let ids = ids.join(", ");
        Failure::Usage(match id {
            Some(id) => format!("there is no agent `{id}`. The agents are: {ids}."),
            None => format!("which agent is meant? Name one with --agent: {ids}."),
        })
    })
}

/// The agent's policy in a run of this plan. Without a workspace an agent has no tools and may touch nothing.
fn policy(plan: &RunPlan, agent: &AgentPlan, phase: Part) -> Result<Policy, Failure> {
    let temporary = &plan.orchestrator.agent_temporary_workspace;
    let mut policy = match &agent.workspace {
        None => Policy::new(Vec::new()),
        Some(workspace) => {
            let temporary = temporary.join(agent.id.as_str());
            agent_policy(&agent_paths(agent, workspace, &temporary))?
        }
    };
    policy.final_presentation = phase == Part::Final;
    Ok(policy)
}

impl<'a> Explanation<'a> {
    fn of(policy: &Policy, agent: &'a AgentPlan, path: PathBuf, operation: Operation) -> Self {
        let real = plain_path(&real_location(&path));
        let decision = policy.decide(&real, operation);
        let reason = match agent.workspace {
            Some(_) => policy.explain(decision, &real, operation),
            None => format!(
                "cannot {} {}: the agent has no workspace (`cwd`), and so no tools.",
                operation.verb(),
                real.display()
            ),
        };
        Self {
            agent: agent.id.as_str(),
            operation,
            phase: if policy.final_presentation {
                Phase::FinalPresentation
            } else {
                Phase::Coordination
            },
            verdict: decision.verdict,
            rule: decision.rule,
            reason,
            steps: policy.trace(&real, operation),
            path,
            real,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{} {}", self.agent, self.reason);
        if plain_path(&self.path) != self.real {
            let (path, real) = (self.path.display(), self.real.display());
            // Writing to a string does not fail.
            let _ = write!(text, "\n{path} leads by a link to {real}.");
        }
        text.push_str("\n\nThe rules, in the order in which they were looked at:");
        for step in &self.steps {
            let bearing = match step.bearing {
                Bearing::None => "-",
                Bearing::Applies => "applies",
                Bearing::Decides => "decides",
            };
            let (rule, detail) = (step.rule.name(), &step.detail);
            let _ = write!(text, "\n  {bearing:<8} {rule:<22} {detail}");
        }
        text
    }

    fn json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map_err(|error| Failure::System {
            doing: "write the path as JSON",
            source: error.into(),
        })
    }
}
