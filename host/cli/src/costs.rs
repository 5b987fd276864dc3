//! What a run used and cost, as lines for a person.

use std::fmt::Write as _;

use massgen_config::{Usd, cost_text};
use massgen_orchestrator::Spending;

use crate::numbers::grouped;

/// A line for each agent and one for all; one line where nothing is known, as of a recording. `as_of` is the day of the
/// prices.
pub(crate) fn lines(agents: &[Spending], all: Option<Usd>, as_of: &str) -> String {
    if agents.iter().all(is_unknown) {
        return "💲 Tokens and cost: unknown\n".to_owned();
    }
    let mut text: String = agents.iter().map(line).collect();
    // Writing to a string cannot fail.
    let _ = match all {
        Some(_) => writeln!(
            text,
            "💲 Cost in all: {} at the list prices of {as_of}",
            cost_text(all)
        ),
        None => writeln!(text, "💲 Cost in all: {}", cost_text(None)),
    };
    text
}

fn is_unknown(spending: &Spending) -> bool {
    let known = [spending.input_tokens, spending.output_tokens];
    spending.cost_usd.is_none() && known == [None, None]
}

fn line(spending: &Spending) -> String {
    let count = |tokens: Option<u64>| tokens.map_or_else(|| "unknown".to_owned(), grouped);
    format!(
        "[{}] 💲 tokens in: {}, out: {}; cost: {}\n",
        spending.agent,
        count(spending.input_tokens),
        count(spending.output_tokens),
        cost_text(spending.cost_usd)
    )
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

    #[test]
    fn where_nothing_is_known_one_line_says_so() {
        let nothing = Spending {
            output_tokens: None,
            ..spending("a", None, None)
        };
        assert_eq!(
            lines(&[nothing.clone(), nothing], None, "2025-11-30"),
            "💲 Tokens and cost: unknown\n"
        );
    }
}
