//! Finding the winner (`spec/01` §9): most votes; of several the first in the order of the configuration; without
//! votes the first agent with an answer.

use std::cmp::Reverse;

use super::{Selection, Vote};
use crate::answer::{AgentIndex, Answer};
use crate::event::SelectionBasis;

/// The winner among `answers`, which are in the order of the agents; none without answers.
pub(super) fn select(answers: Vec<Answer>, votes: Vec<Vote>) -> Option<Selection> {
    let count = |answer: &Answer| {
        votes
            .iter()
            .filter(|vote| vote.label == answer.label)
            .count()
    };
    // `min_by_key` gives the first of equals, hence the reversed count.
    let winning = answers.iter().min_by_key(|answer| Reverse(count(answer)))?;
    let most = count(winning);
    let basis = match answers
        .iter()
        .filter(|answer| count(answer) == most)
        .count()
    {
        _ if most == 0 => SelectionBasis::FirstAnswer,
        1 => SelectionBasis::Votes,
        _ => SelectionBasis::Tie,
    };
    let label = winning.label;
    Some(Selection {
        winner: label.agent,
        label: Some(label),
        basis,
        answers,
        votes,
    })
}

/// The first agent, when coordination is skipped.
pub(super) fn skipped() -> Selection {
    Selection {
        winner: AgentIndex(0),
        label: None,
        basis: SelectionBasis::CoordinationSkipped,
        answers: Vec::new(),
        votes: Vec::new(),
    }
}
