//! What a run used and cost, as lines for a person.

use std::fmt::Write as _;

use massgen_config::{Usd, cost_text};
use massgen_orchestrator::Spending;

use crate::numbers::grouped;

/// A line for each agent and one for all. `as_of` is the day of the prices.
pub(crate) fn lines(agents: &[Spending], all: Option<Usd>, as_of: &str) -> String {
    let mut text = String::new();
    for spending in agents {
        let count = |tokens: Option<u64>| tokens.map_or_else(|| "unknown".to_owned(), grouped);
        let (input, output) = (spending.input_tokens, spending.output_tokens);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "[{}] 💲 tokens in: {}, out: {}; cost: {}",
            spending.agent,
            count(input),
            count(output),
            cost_text(spending.cost_usd)
        );
    }
    let prices = match all {
        Some(_) => format!(" at the list prices of {as_of}"),
        None => String::new(),
    };
    let _ = writeln!(text, "💲 Cost in all: {}{prices}", cost_text(all));
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use massgen_config::AgentId;

    use super::*;

    fn spending(agent: &str, input: Option<u64>, cost: Option<&str>) -> Spending {
        Spending {
            agent: AgentId::new(agent).unwrap(),
            turns: 1,
            input_tokens: input,
            output_tokens: Some(20),
            cost_usd: cost.map(dollars),
        }
    }

    fn dollars(amount: &str) -> Usd {
        serde_json::from_str(amount).unwrap()
    }

    #[test]
    fn agents_and_their_sum_are_told_with_the_day_of_the_prices() {
        let agents = [
            spending("a", Some(12_345), Some("0.0042")),
            spending("b", Some(0), Some("1.5")),
        ];
        assert_eq!(
            lines(&agents, Some(dollars("1.5042")), "2025-11-30"),
            "[a] 💲 tokens in: 12,345, out: 20; cost: $0.0042\n\
             [b] 💲 tokens in: 0, out: 20; cost: $1.50\n\
             💲 Cost in all: $1.50 at the list prices of 2025-11-30\n"
        );
    }

    #[test]
    fn what_is_not_known_is_called_unknown() {
        assert_eq!(
            lines(&[spending("a", None, None)], None, "2025-11-30"),
            "[a] 💲 tokens in: unknown, out: 20; cost: unknown\n💲 Cost in all: unknown\n"
        );
    }
}
