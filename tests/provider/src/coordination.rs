//! A ready script for a whole run: every agent works, answers, votes, and the winner presents.
//!
//! The script keeps no state. What an agent does next follows from its request alone: from the tools it is offered,
//! the answers it is shown, and the calls it has made in this conversation.

use crate::request::ChatRequest;
use crate::script::{Call, Reply, Turn};
use serde_json::json;

/// What one agent does. It is chosen by the model name: `agent-1` is the first.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentScript {
    /// Tools that it calls one after another before it answers.
    pub tools: Vec<Call>,
    /// Its answer; must differ from those of the other agents.
    pub answer: String,
    /// The anonymous id for which it votes once all answers are visible, e.g. `agent2`.
    pub vote: String,
    /// Tools that it calls one after another before it presents.
    pub presentation_tools: Vec<Call>,
    /// What it says when it presents.
    pub presentation: String,
}

/// The scripts of all agents of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordination {
    /// One script an agent, in order.
    pub agents: Vec<AgentScript>,
}

impl Coordination {
    /// `count` agents that answer at once, all vote for `winner` (from 1), and call no other tools.
    pub fn unanimous(count: usize, winner: usize) -> Self {
        let agent = |number: usize| AgentScript {
            tools: Vec::new(),
            answer: format!("Answer number {number}."),
            vote: format!("agent{winner}"),
            presentation_tools: Vec::new(),
            presentation: format!("The final answer, presented by agent {number}."),
        };
        Self {
            agents: (1..=count).map(agent).collect(),
        }
    }

    /// What the agent that asks says next.
    pub fn reply(&self, request: &ChatRequest) -> Reply {
        let number = request
            .model
            .strip_prefix("agent-")
            .and_then(|number| number.parse::<usize>().ok());
        let Some(agent) = number.and_then(|number| self.agents.get(number.checked_sub(1)?)) else {
            return Reply::status(404, format!("the model {:?} does not exist", request.model));
        };
        let presenting = !request.offers("new_answer") && !request.offers("vote");
        let turn = if presenting {
            agent.present(request)
        } else {
            self.coordinate(agent, request)
        };
        turn.into()
    }

    fn coordinate(&self, agent: &AgentScript, request: &ChatRequest) -> Turn {
        let visible = visible_answers(request);
        let answered = visible.iter().any(|(_, text)| text.contains(&agent.answer));
        if !answered {
            let answer = Call::new("new_answer", json!({ "content": agent.answer }));
            return next_call(&agent.tools, request)
                .map_or_else(|| Turn::calling(answer), Turn::calling);
        }
        // Until all have answered it votes for what there is: the next answer makes it vote again.
        let target = match visible.first() {
            Some((first, _)) if visible.len() < self.agents.len() => first.clone(),
            _ => agent.vote.clone(),
        };
        Turn::calling(Call::new(
            "vote",
            json!({ "agent_id": target, "reason": "It is the most complete answer." }),
        ))
    }
}

impl AgentScript {
    fn present(&self, request: &ChatRequest) -> Turn {
        next_call(&self.presentation_tools, request)
            .map_or_else(|| Turn::saying(&self.presentation), Turn::calling)
    }
}

/// The first scripted call that this conversation does not hold yet.
fn next_call(calls: &[Call], request: &ChatRequest) -> Option<Call> {
    calls.get(request.calls_made().count()).cloned()
}

/// The answers between the tags `<agentK> … <end of agentK>` of the user's messages, with their ids, in order.
fn visible_answers(request: &ChatRequest) -> Vec<(String, String)> {
    let text = request.texts("user").collect::<Vec<_>>().join("\n");
    let find = |number: usize| {
        let id = format!("agent{number}");
        let (_, from) = text.split_once(&format!("<{id}>"))?;
        let (answer, _) = from.split_once(&format!("<end of {id}>"))?;
        Some((id, answer.trim().to_owned()))
    };
    // Ids may have gaps: an id belongs to an agent, whether it has answered or not.
    (1..=MAX_AGENTS).filter_map(find).collect()
}

/// More agents than any run of the tests has.
const MAX_AGENTS: usize = 100;
