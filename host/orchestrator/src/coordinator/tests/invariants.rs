//! What must hold for every trace of a coordination, checked from the trace alone: the checker keeps its own account
//! of who works, what they saw and what stands, and knows nothing of the coordinator's state.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::{AgentIndex, AnswerLabel};
use crate::coordinator::{Effect, Input, Selection};

/// One step: what was told, and what was asked for.
pub(super) type Step = (Input, Vec<Effect>);

/// A rule that no trace may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Invariant {
    /// The run ends, with exactly one finish.
    Ends,
    /// Nothing happens after the end.
    QuietAfterTheEnd,
    /// No agent is asked while it still works, and nobody is asked beside a presentation.
    AskedOnceAtATime,
    /// A vote counts only for an answer that its voter was shown in the attempt that it was cast in.
    VotesForSeenAnswers,
    /// A vote counts only while no answer is newer than what the voter was shown.
    VotesAreCurrent,
    /// Who is killed is not asked again.
    KilledStayOut,
    /// The winner holds the answer that it won with, and no other has more votes.
    WinnerHoldsTheBestAnswer,
    /// The votes that decide are exactly those that were accepted and not voided since.
    VotesLiveInOnePlace,
    /// There is at most one presentation.
    PresentedOnce,
    /// No two standing answers are equal.
    NoDuplicates,
    /// Nobody exceeds the bound on answers.
    AnswersAreBounded,
    /// Unless time is up, nobody presents before every living agent has voted.
    WaitsForTheLiving,
}

#[derive(Default)]
struct Account {
    working: BTreeMap<AgentIndex, Vec<AnswerLabel>>,
    answers: BTreeMap<AgentIndex, (AnswerLabel, String)>,
    counts: BTreeMap<AgentIndex, u32>,
    votes: BTreeMap<AgentIndex, AnswerLabel>,
    killed: BTreeSet<AgentIndex>,
    presentations: usize,
    finishes: usize,
    time_is_up: bool,
    broken: BTreeSet<Invariant>,
}

/// Every invariant that the trace of a run with `agents` agents breaks. Ended attempts count as over as soon as the
/// effects say so.
pub(super) fn broken(agents: usize, max_answers: u32, trace: &[Step]) -> BTreeSet<Invariant> {
    let mut account = Account::default();
    for (input, effects) in trace {
        account.time_is_up |= *input == Input::DeadlineReached;
        for effect in effects {
            account.record(agents, max_answers, effect);
        }
    }
    account.require(account.finishes == 1, Invariant::Ends);
    account.broken
}

impl Account {
    fn require(&mut self, holds: bool, invariant: Invariant) {
        if !holds {
            self.broken.insert(invariant);
        }
    }

    fn record(&mut self, agents: usize, max_answers: u32, effect: &Effect) {
        self.require(self.finishes == 0, Invariant::QuietAfterTheEnd);
        match effect {
            Effect::StartAgent { agent, sees, .. } => {
                let idle = !self.working.contains_key(agent) && self.presentations == 0;
                self.require(idle, Invariant::AskedOnceAtATime);
                self.require(!self.killed.contains(agent), Invariant::KilledStayOut);
                self.working
                    .insert(*agent, sees.iter().map(|answer| answer.label).collect());
            }
            Effect::AcceptAnswer(answer) => {
                let duplicate = self
                    .answers
                    .values()
                    .any(|(_, content)| content.trim() == answer.content.trim());
                self.require(!duplicate, Invariant::NoDuplicates);
                let agent = answer.label.agent;
                *self.counts.entry(agent).or_default() += 1;
                self.require(
                    self.counts[&agent] <= max_answers,
                    Invariant::AnswersAreBounded,
                );
                self.answers
                    .insert(agent, (answer.label, answer.content.clone()));
                self.votes.clear();
            }
            Effect::AcceptVote { voter, label, .. } => {
                let sees = self.working.remove(voter).unwrap_or_default();
                self.require(sees.contains(label), Invariant::VotesForSeenAnswers);
                self.require(sees == self.standing(), Invariant::VotesAreCurrent);
                self.votes.insert(*voter, *label);
            }
            Effect::CompleteRestart { agent }
            | Effect::RecordFailure { agent, .. }
            | Effect::StopAgent { agent } => {
                self.working.remove(agent);
            }
            Effect::KillAgent { agent, .. } => {
                self.killed.insert(*agent);
            }
            Effect::Present(selection) => self.record_presentation(agents, selection),
            Effect::Finish(_) => self.finishes += 1,
            Effect::RequestRestart { .. }
            | Effect::RejectProposal { .. }
            | Effect::IgnoreVote { .. }
            | Effect::ScheduleRetry { .. }
            | Effect::DeclareTimeout { .. }
            | Effect::Conclude { .. } => {}
        }
    }

    fn record_presentation(&mut self, agents: usize, selection: &Selection) {
        self.presentations += 1;
        self.require(self.presentations == 1, Invariant::PresentedOnce);
        self.require(self.working.is_empty(), Invariant::AskedOnceAtATime);
        let settled = (0..agents)
            .map(AgentIndex)
            .all(|agent| self.votes.contains_key(&agent) || self.killed.contains(&agent));
        self.require(settled || self.time_is_up, Invariant::WaitsForTheLiving);

        let counted: BTreeMap<_, _> = selection
            .votes
            .iter()
            .map(|vote| (vote.voter, vote.label))
            .collect();
        self.require(counted == self.votes, Invariant::VotesLiveInOnePlace);

        let count = |label| self.votes.values().filter(|voted| **voted == label).count();
        let most = self
            .standing()
            .into_iter()
            .map(count)
            .max()
            .unwrap_or_default();
        let held = self.answers.get(&selection.winner).map(|(label, _)| *label);
        let best = held.is_some() && held == selection.label && held.map(count) == Some(most);
        self.require(best, Invariant::WinnerHoldsTheBestAnswer);
    }

    fn standing(&self) -> Vec<AnswerLabel> {
        self.answers.values().map(|(label, _)| *label).collect()
    }
}
