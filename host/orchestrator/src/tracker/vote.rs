//! The content of `vote.json` (`spec/01` §16). Its anonymous names are those of the prompts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use massgen_config::AgentId;
use serde::Serialize;

use crate::answer::{AgentIndex, AnswerLabel};

/// One vote with what is needed to understand it later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VoteRecord {
    /// Who voted.
    pub voter_id: AgentId,
    /// The voter's anonymous name.
    pub voter_anon_id: String,
    /// Whose answer.
    pub voted_for: AgentId,
    /// The anonymous name of whose answer.
    pub voted_for_anon: String,
    /// The very answer that the voter saw.
    pub voted_for_label: AnswerLabel,
    /// Why.
    pub reason: String,
    /// Name of the folder that holds this record; none before there is one.
    pub timestamp: Option<String>,
    /// Seconds since the epoch.
    pub unix_timestamp: f64,
    /// Accepted answers at that time, plus one.
    pub iteration: u32,
    /// Restarts of the voter before.
    pub coordination_round: u32,
    /// Agents that could be voted for.
    pub available_options: Vec<AgentId>,
    /// Their anonymous names.
    pub available_options_anon: Vec<String>,
    /// Anonymous name to id, for all agents.
    pub agent_mapping: BTreeMap<String, AgentId>,
    /// The run around it.
    pub vote_context: VoteContext,
}

/// The run around a vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoteContext {
    /// Agents of the run.
    pub total_agents: usize,
    /// Agents with an answer.
    pub agents_with_answers: usize,
    /// The question.
    pub current_task: String,
}

impl VoteRecord {
    /// The record of a vote that was accepted just now. `agents` are all agents in their order, `standing` the labels
    /// of the answers that stand, `round` counts the voter's restarts.
    pub fn new(
        agents: &[AgentId],
        voter: AgentIndex,
        label: AnswerLabel,
        reason: String,
        standing: &[AnswerLabel],
        round: u32,
        question: &str,
    ) -> Self {
        let anonymous = |position| AgentIndex(position).anonymous();
        Self {
            voter_id: agents[voter.0].clone(),
            voter_anon_id: voter.anonymous(),
            voted_for: agents[label.agent.0].clone(),
            voted_for_anon: label.agent.anonymous(),
            voted_for_label: label,
            reason,
            timestamp: None,
            unix_timestamp: Timestamp::now().as_duration().as_secs_f64(),
            iteration: standing.iter().map(|label| label.number).sum::<u32>() + 1,
            coordination_round: round,
            available_options: standing
                .iter()
                .map(|label| agents[label.agent.0].clone())
                .collect(),
            available_options_anon: standing
                .iter()
                .map(|label| label.agent.anonymous())
                .collect(),
            agent_mapping: agents
                .iter()
                .cloned()
                .enumerate()
                .map(|(position, id)| (anonymous(position), id))
                .collect(),
            vote_context: VoteContext {
                total_agents: agents.len(),
                agents_with_answers: standing.len(),
                current_task: question.to_owned(),
            },
        }
    }
}
