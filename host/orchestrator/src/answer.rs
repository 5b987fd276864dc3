//! Who answered what: the agents' one anonymous numbering and the labels of their answers. The numbering is fixed for
//! a whole run (order of the configuration), so prompts, votes, folders and logs always mean the same agent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An agent by its place in the configuration, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentIndex(pub usize);

impl AgentIndex {
    /// The name under which other agents know this one: `agent1` for the first.
    pub fn anonymous(self) -> String {
        format!("agent{}", self.0 + 1)
    }
}

/// The name of one answer: `agent2.1` is the first answer of the second agent (`spec/01` §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AnswerLabel {
    /// Whose answer.
    pub agent: AgentIndex,
    /// Which one of that agent's accepted answers, from 1.
    pub number: u32,
}

impl fmt::Display for AnswerLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agent{}.{}", self.agent.0 + 1, self.number)
    }
}

impl From<AnswerLabel> for String {
    fn from(label: AnswerLabel) -> Self {
        label.to_string()
    }
}

/// A text that is no answer label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no answer label; a label looks like `agent2.1`, with both numbers from 1")]
pub struct InvalidLabel(String);

impl FromStr for AnswerLabel {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidLabel(text.to_owned());
        let (agent, number) = text
            .strip_prefix("agent")
            .and_then(|rest| rest.split_once('.'))
            .ok_or_else(invalid)?;
        let position: usize = agent.parse().map_err(|_| invalid())?;
        let number: u32 = number.parse().map_err(|_| invalid())?;
        let label = Self {
            agent: AgentIndex(position.checked_sub(1).ok_or_else(invalid)?),
            number,
        };
        if label.number == 0 || label.to_string() != text {
            return Err(invalid());
        }
        Ok(label)
    }
}

impl TryFrom<String> for AnswerLabel {
    type Error = InvalidLabel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// An accepted answer. It never changes; a better one gets a new label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its name.
    pub label: AnswerLabel,
    /// The text that the agent gave.
    pub content: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_label_reads_back_as_it_was_written() {
        let label = AnswerLabel {
            agent: AgentIndex(1),
            number: 3,
        };
        assert_eq!(label.to_string(), "agent2.3");
        assert_eq!("agent2.3".parse::<AnswerLabel>().unwrap(), label);
    }

    #[test]
    fn texts_that_no_label_prints_are_refused() {
        for text in [
            "agent0.1",
            "agent1.0",
            "agent1",
            "agent01.1",
            "agent1.+1",
            "1.1",
            "agentx.1",
            "",
        ] {
            let error = text.parse::<AnswerLabel>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
