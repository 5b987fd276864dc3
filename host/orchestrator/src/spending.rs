//! What a run's model turns used and cost: adds up what the event stream tells, agent by agent, at the list prices of the
//! catalogue. What is not known stays unknown in every sum that it belongs to; it never counts as nothing.

use massgen_backends::Usage;
use massgen_config::{AgentId, Price, Usd, catalogue};
use serde::{Deserialize, Serialize};

use crate::event::{AgentInfo, EventKind};

/// What one agent's completed turns used and cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// Whose turns.
    pub agent: AgentId,
    /// How many.
    pub turns: u64,
    /// Tokens of all requests; none where a provider did not count them.
    pub input_tokens: Option<u64>,
    /// Tokens of all answers; none where a provider did not count them.
    pub output_tokens: Option<u64>,
    /// In US dollars, at list prices; none where a count or a price is not known.
    pub cost_usd: Option<Usd>,
}

/// Follows the event stream of one run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    agents: Vec<Account>,
}

#[derive(Debug)]
struct Account {
    price: Option<&'static Price>,
    spending: Spending,
}

impl Ledger {
    /// Takes the next event.
    pub(crate) fn record(&mut self, kind: &EventKind) {
        match kind {
            EventKind::RunStarted { agents, .. } => {
                self.agents = agents.iter().map(Account::open).collect();
            }
            EventKind::Usage { agent, usage, .. } => {
                let mut agents = self.agents.iter_mut();
                if let Some(account) = agents.find(|account| account.spending.agent == *agent) {
                    account.add(usage);
                }
            }
            _ => {}
        }
    }

    /// What was spent until now; none without any turn.
    pub(crate) fn spent(&self) -> Option<EventKind> {
        let agents: Vec<_> = self
            .agents
            .iter()
            .map(|account| account.spending.clone())
            .collect();
        let any = agents.iter().any(|spending| spending.turns > 0);
        any.then(|| EventKind::Spent {
            cost_usd: agents.iter().map(|spending| spending.cost_usd).sum(),
            agents,
            prices_as_of: catalogue().as_of.clone(),
        })
    }
}

impl Account {
    fn open(agent: &AgentInfo) -> Self {
        let model = agent.model.as_deref();
        Self {
            price: model.and_then(|model| catalogue().price(&agent.provider, model)),
            spending: Spending {
                agent: agent.id.clone(),
                turns: 0,
                input_tokens: Some(0),
                output_tokens: Some(0),
                cost_usd: Some(Usd::ZERO),
            },
        }
    }

    fn add(&mut self, usage: &Usage) {
        let spent = &mut self.spending;
        let cost = self.price.and_then(|price| usage.cost(price));
        spent.turns += 1;
        spent.input_tokens = sum(spent.input_tokens, usage.input_tokens);
        spent.output_tokens = sum(spent.output_tokens, usage.output_tokens);
        spent.cost_usd = spent.cost_usd.zip(cost).map(|(one, other)| one + other);
    }
}

/// Counts come from outside: a sum that has no place in a number is not known.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one?.checked_add(other?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use massgen_backends::Stage;
    use massgen_config::cost_text;

    use super::*;

    const MILLION: u64 = 1_000_000;

    fn id(name: &str) -> AgentId {
        AgentId::new(name).unwrap()
    }

    /// A run of these agents: name, provider and model.
    fn run(agents: &[(&str, &str, Option<&str>)]) -> Ledger {
        let info = |&(name, provider, model): &(&str, &str, Option<&str>)| AgentInfo {
            id: id(name),
            anonymous: String::new(),
            provider: provider.into(),
            model: model.map(str::to_owned),
        };
        let mut ledger = Ledger::default();
        ledger.record(&EventKind::RunStarted {
            question: "?".into(),
            agents: agents.iter().map(info).collect(),
        });
        ledger
    }

    fn turn(ledger: &mut Ledger, agent: &str, input: Option<u64>, output: Option<u64>) {
        ledger.record(&EventKind::Usage {
            agent: id(agent),
            stage: Stage::Coordination,
            usage: Usage {
                input_tokens: input,
                output_tokens: output,
                ..Usage::default()
            },
        });
    }

    /// The agents' costs and their sum, as they are shown.
    fn costs(ledger: &Ledger) -> (Vec<String>, String) {
        let Some(EventKind::Spent {
            agents, cost_usd, ..
        }) = ledger.spent()
        else {
            panic!("nothing was spent")
        };
        let costs = agents.iter().map(|agent| cost_text(agent.cost_usd));
        (costs.collect(), cost_text(cost_usd))
    }

    #[test]
    fn turns_are_added_up_by_agent_and_in_all() {
        let mut ledger = run(&[
            ("a", "OpenAI", Some("gpt-4.1")),
            ("b", "Claude", Some("claude-sonnet-4-5")),
        ]);
        turn(&mut ledger, "a", Some(MILLION), Some(0));
        turn(&mut ledger, "a", Some(MILLION), Some(MILLION));
        turn(&mut ledger, "b", Some(100_000), Some(0));
        let (agents, all) = costs(&ledger);
        assert_eq!(agents, ["$12.00", "$0.300"]);
        assert_eq!(all, "$12.30");
        let Some(EventKind::Spent { agents, .. }) = ledger.spent() else {
            panic!("nothing was spent")
        };
        assert_eq!(agents[0].turns, 2);
        assert_eq!(agents[0].input_tokens, Some(2 * MILLION));
        assert_eq!(agents[0].output_tokens, Some(MILLION));
    }

    #[test]
    fn a_model_without_a_price_makes_its_agents_cost_and_the_sum_unknown() {
        let mut ledger = run(&[
            ("a", "OpenAI", Some("gpt-4.1")),
            ("b", "Ollama", Some("llama3")),
        ]);
        turn(&mut ledger, "a", Some(MILLION), Some(0));
        turn(&mut ledger, "b", Some(10), Some(10));
        let (agents, all) = costs(&ledger);
        assert_eq!(agents, ["$2.00", "unknown"]);
        assert_eq!(all, "unknown");
    }

    #[test]
    fn one_turn_without_counts_makes_an_agents_tokens_and_cost_unknown() {
        let mut ledger = run(&[("a", "OpenAI", Some("gpt-4.1"))]);
        turn(&mut ledger, "a", Some(MILLION), Some(MILLION));
        turn(&mut ledger, "a", None, None);
        turn(&mut ledger, "a", Some(1), Some(1));
        assert_eq!(costs(&ledger).0, ["unknown"]);
        let Some(EventKind::Spent { agents, .. }) = ledger.spent() else {
            panic!("nothing was spent")
        };
        assert_eq!((agents[0].input_tokens, agents[0].turns), (None, 3));
    }

    #[test]
    fn an_agent_that_had_no_turn_spent_nothing_whatever_its_model() {
        let mut ledger = run(&[
            ("a", "OpenAI", Some("gpt-4.1")),
            ("b", "Ollama", Some("llama3")),
        ]);
        turn(&mut ledger, "a", Some(MILLION), Some(0));
        assert_eq!(costs(&ledger).1, "$2.00");
    }

    #[test]
    fn counts_that_no_number_holds_are_unknown() {
        let mut ledger = run(&[("a", "OpenAI", Some("gpt-4.1"))]);
        turn(&mut ledger, "a", Some(u64::MAX), Some(0));
        turn(&mut ledger, "a", Some(1), Some(0));
        let Some(EventKind::Spent { agents, .. }) = ledger.spent() else {
            panic!("nothing was spent")
        };
        assert_eq!(agents[0].input_tokens, None);
    }

    #[test]
    fn a_run_without_turns_has_nothing_to_tell() {
        assert_eq!(run(&[("a", "OpenAI", Some("gpt-4.1"))]).spent(), None);
    }
}
