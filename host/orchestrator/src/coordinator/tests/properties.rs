//! Random schedules: agents answer, repeat each other, vote for anybody, fail, come too late; deadlines and
//! interruptions strike anywhere. The schedule has no say in whether the run ends: its tape is repeated for ever.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::invariants::{Invariant, Step, broken};
use crate::answer::AgentIndex;
use crate::coordinator::{Coordinator, Effect, Input, Rules, Severity};

/// The agent loop allows so many proposals in one attempt (`spec/01` §7.6).
const PROPOSALS_PER_ATTEMPT: u32 = 3;

/// A world around one coordinator: it knows who works and who waits, and lets a tape of numbers choose what comes next.
struct World {
    agents: usize,
    coordinator: Coordinator,
    working: BTreeMap<AgentIndex, u32>,
    waiting: Vec<AgentIndex>,
    presenting: bool,
    trace: Vec<Step>,
}

impl World {
    fn begin(agents: usize, rules: Rules) -> Self {
        let coordinator = Coordinator::new(agents, rules);
        let mut world = Self {
            agents,
            coordinator,
            working: BTreeMap::new(),
            waiting: Vec::new(),
            presenting: false,
            trace: Vec::new(),
        };
        world.tell(Input::Begun);
        world
    }

    fn tell(&mut self, input: Input) {
        let effects = self.coordinator.apply(input.clone());
        for effect in &effects {
            match effect {
                Effect::StartAgent { agent, .. } => {
                    self.working.insert(*agent, 0);
                }
                Effect::RejectProposal { agent, .. } => {
                    *self.working.entry(*agent).or_default() += 1
                }
                Effect::AcceptVote { voter: agent, .. }
                | Effect::CompleteRestart { agent }
                | Effect::RecordFailure { agent, .. }
                | Effect::StopAgent { agent } => {
                    self.working.remove(agent);
                }
                Effect::ScheduleRetry { agent, .. } => self.waiting.push(*agent),
                Effect::Present(_) => self.presenting = true,
                _ => {}
            }
        }
        self.trace.push((input, effects));
    }

    /// What an agent at work does next.
    fn act(&self, agent: AgentIndex, number: u32) -> Input {
        if self.working[&agent] >= PROPOSALS_PER_ATTEMPT {
            let error = "no usable proposal".to_owned();
            return Input::AttemptFailed {
                agent,
                error,
                severity: Severity::Transient,
            };
        }
        let detail = number / 16;
        match number % 16 {
            0..=4 => Input::AnswerProposed {
                agent,
                content: format!("answer {}", self.trace.len()),
            },
            5 => Input::AnswerProposed {
                agent,
                content: format!("answer {}", detail % 4),
            },
            6..=11 => {
                let target = AgentIndex(usize::try_from(detail).unwrap() % (self.agents + 1));
                Input::VoteProposed {
                    agent,
                    target,
                    reason: String::new(),
                }
            }
            12 | 13 => Input::AttemptAbandoned { agent },
            14 => Input::AttemptFailed {
                agent,
                error: "outage".into(),
                severity: Severity::Transient,
            },
            _ if detail.is_multiple_of(8) => Input::AttemptFailed {
                agent,
                error: "bad key".into(),
                severity: Severity::Fatal,
            },
            _ => Input::AttemptFailed {
                agent,
                error: "outage".into(),
                severity: Severity::Transient,
            },
        }
    }

    /// The next thing that can really happen, chosen by `number`.
    fn next(&mut self, number: u32) -> Option<Input> {
        if self.presenting {
            let text = number.is_multiple_of(2).then(|| "final".to_owned());
            return Some(Input::PresentationEnded { text });
        }
        let choice = usize::try_from(number / 7).unwrap();
        let ready = self.working.len() + self.waiting.len();
        let position = choice.checked_rem(ready)?;
        match self.working.keys().nth(position).copied() {
            Some(agent) => Some(self.act(agent, number)),
            None => {
                let agent = self.waiting.remove(position - self.working.len());
                Some(Input::RetryDue { agent })
            }
        }
    }
}

/// Something out of turn: late, repeated, or from nobody.
fn stray(number: u32, agents: usize) -> Input {
    let agent = AgentIndex(agents + usize::try_from(number % 3).unwrap());
    match number % 5 {
        0 => Input::Begun,
        1 => Input::AnswerProposed {
            agent,
            content: "from nobody".into(),
        },
        2 => Input::VoteProposed {
            agent,
            target: AgentIndex(0),
            reason: String::new(),
        },
        3 => Input::RetryDue { agent },
        _ => Input::AttemptFailed {
            agent,
            error: "from nobody".into(),
            severity: Severity::Fatal,
        },
    }
}

/// When the world breaks in from outside.
#[derive(Debug, Clone, Copy)]
enum BreakIn {
    Never,
    Deadline(usize),
    Interruption(usize),
}

impl BreakIn {
    fn at(self, step: usize) -> Option<Input> {
        match self {
            Self::Deadline(at) if at == step => Some(Input::DeadlineReached),
            Self::Interruption(at) if at == step => Some(Input::Interrupted),
            _ => None,
        }
    }
}

/// Plays the tape until the run is over, or panics when it takes more steps than the bounds allow.
fn play(agents: usize, rules: Rules, tape: &[u32], break_in: BreakIn) -> Vec<Step> {
    let answers = agents * usize::try_from(rules.max_answers_per_agent.get()).unwrap();
    let attempts_between_answers =
        agents * (usize::try_from(rules.max_failures.get()).unwrap() + 2);
    let steps_per_attempt = usize::try_from(PROPOSALS_PER_ATTEMPT).unwrap() + 2;
    let bound = (answers + 1) * attempts_between_answers * steps_per_attempt + 1;

    let mut world = World::begin(agents, rules);
    for (step, number) in tape.iter().cycle().copied().take(bound).enumerate() {
        if world.coordinator.is_finished() {
            break;
        }
        if let Some(input) = break_in.at(step) {
            world.tell(input);
        }
        if number.is_multiple_of(11) {
            world.tell(stray(number, agents));
        }
        if let Some(input) = world.next(number) {
            world.tell(input);
        }
    }
    assert!(
        world.coordinator.is_finished(),
        "still running after {bound} steps"
    );
    for number in 0..5 {
        world.tell(stray(number, agents));
    }
    world.trace
}

fn break_in() -> impl Strategy<Value = BreakIn> {
    prop_oneof![
        3 => Just(BreakIn::Never),
        1 => (0_usize..40).prop_map(BreakIn::Deadline),
        1 => (0_usize..40).prop_map(BreakIn::Interruption),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_ends_and_keeps_every_invariant(
        agents in 1_usize..6,
        max_answers in 1_u32..5,
        tape in prop::collection::vec(any::<u32>(), 1..120),
        break_in in break_in(),
    ) {
        let rules = Rules {
            max_answers_per_agent: NonZeroU32::new(max_answers).unwrap(),
            ..Rules::default()
        };
        let trace = play(agents, rules, &tape, break_in);
        prop_assert_eq!(broken(agents, max_answers, &trace), Default::default());
    }
}

/// The invariants are worth something only if a trace can break them: each test damages a sound trace in one way.
mod each_invariant_can_fail {
    use super::*;

    /// Two agents; the first answers, both vote for it, it presents.
    fn sound() -> Vec<Step> {
        let mut world = World::begin(2, Rules::default());
        let [a, b] = [AgentIndex(0), AgentIndex(1)];
        world.tell(Input::AnswerProposed {
            agent: a,
            content: "42".into(),
        });
        world.tell(Input::AttemptAbandoned { agent: b });
        world.tell(Input::VoteProposed {
            agent: a,
            target: a,
            reason: String::new(),
        });
        world.tell(Input::VoteProposed {
            agent: b,
            target: a,
            reason: String::new(),
        });
        world.tell(Input::PresentationEnded {
            text: Some("final".into()),
        });
        world.trace
    }

    fn breaks(trace: &[Step], invariant: Invariant) {
        let broken = broken(2, 1, trace);
        assert!(
            broken.contains(&invariant),
            "{invariant:?} was not noticed, only {broken:?}"
        );
    }

    fn position(trace: &[Step], wanted: impl Fn(&Effect) -> bool) -> (usize, usize) {
        trace
            .iter()
            .enumerate()
            .find_map(|(step, (_, effects))| effects.iter().position(&wanted).map(|at| (step, at)))
            .expect("the sound trace holds the effect")
    }

    fn repeated(wanted: impl Fn(&Effect) -> bool) -> Vec<Step> {
        let mut trace = sound();
        let (step, at) = position(&trace, wanted);
        let effect = trace[step].1[at].clone();
        trace[step].1.insert(at, effect);
        trace
    }

    fn changed(wanted: impl Fn(&Effect) -> bool, change: impl Fn(&mut Effect)) -> Vec<Step> {
        let mut trace = sound();
        let (step, at) = position(&trace, wanted);
        change(&mut trace[step].1[at]);
        trace
    }

    fn is_present(effect: &Effect) -> bool {
        matches!(effect, Effect::Present(_))
    }

    fn is_vote(effect: &Effect) -> bool {
        matches!(effect, Effect::AcceptVote { .. })
    }

    fn is_answer(effect: &Effect) -> bool {
        matches!(effect, Effect::AcceptAnswer(_))
    }

    #[test]
    fn the_undamaged_trace_is_sound() {
        assert_eq!(broken(2, 1, &sound()), Default::default());
    }

    #[test]
    fn a_run_that_does_not_finish() {
        let mut trace = sound();
        trace.pop();
        breaks(&trace, Invariant::Ends);
    }

    #[test]
    fn an_effect_after_the_end() {
        let mut trace = sound();
        let first = trace[0].clone();
        trace.push(first);
        breaks(&trace, Invariant::QuietAfterTheEnd);
    }

    #[test]
    fn an_agent_asked_twice() {
        breaks(
            &repeated(|effect| matches!(effect, Effect::StartAgent { .. })),
            Invariant::AskedOnceAtATime,
        );
    }

    #[test]
    fn a_vote_for_an_answer_that_was_not_shown() {
        let damaged = changed(is_vote, |effect| {
            if let Effect::AcceptVote { label, .. } = effect {
                label.number = 7;
            }
        });
        breaks(&damaged, Invariant::VotesForSeenAnswers);
    }

    #[test]
    fn a_vote_that_did_not_see_the_newest_answer() {
        let mut trace = sound();
        let (step, _) = position(&trace, is_vote);
        let (answered, at) = position(&trace, is_answer);
        let Effect::AcceptAnswer(mut newer) = trace[answered].1[at].clone() else {
            unreachable!()
        };
        newer.label.agent = AgentIndex(1);
        newer.content = "43".into();
        trace[step].1.insert(0, Effect::AcceptAnswer(newer));
        breaks(&trace, Invariant::VotesAreCurrent);
    }

    #[test]
    fn a_killed_agent_that_is_asked() {
        let mut trace = sound();
        trace[0].1.insert(
            0,
            Effect::KillAgent {
                agent: AgentIndex(0),
                error: String::new(),
            },
        );
        breaks(&trace, Invariant::KilledStayOut);
    }

    #[test]
    fn a_winner_without_an_answer() {
        let damaged = changed(is_present, |effect| {
            if let Effect::Present(selection) = effect {
                selection.winner = AgentIndex(1);
            }
        });
        breaks(&damaged, Invariant::WinnerHoldsTheBestAnswer);
    }

    #[test]
    fn a_vote_that_decides_without_having_been_accepted() {
        let damaged = changed(is_present, |effect| {
            if let Effect::Present(selection) = effect {
                selection.votes.pop();
            }
        });
        breaks(&damaged, Invariant::VotesLiveInOnePlace);
    }

    #[test]
    fn a_second_presentation() {
        breaks(&repeated(is_present), Invariant::PresentedOnce);
    }

    #[test]
    fn a_duplicate_answer() {
        breaks(&repeated(is_answer), Invariant::NoDuplicates);
    }

    #[test]
    fn an_answer_too_many() {
        breaks(&repeated(is_answer), Invariant::AnswersAreBounded);
    }

    #[test]
    fn a_presentation_before_everybody_voted() {
        let mut trace = sound();
        let (step, at) = position(&trace, is_vote);
        trace[step].1.remove(at);
        breaks(&trace, Invariant::WaitsForTheLiving);
    }
}
