//! One test for each rule of `spec/01` §5–§11, told as a short exchange with the coordinator.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::answer::{AgentIndex, AnswerLabel};
use crate::coordinator::{
    Choices, Coordination, Coordinator, Effect, Ending, Input, Rejection, Rules, Selection,
    Severity,
};
use crate::event::{FinalTextSource, SelectionBasis};

const A: AgentIndex = AgentIndex(0);
const B: AgentIndex = AgentIndex(1);
const C: AgentIndex = AgentIndex(2);

fn label(agent: AgentIndex, number: u32) -> AnswerLabel {
    AnswerLabel { agent, number }
}

fn begun(agents: usize) -> Coordinator {
    begun_with(agents, Rules::default())
}

fn begun_with(agents: usize, rules: Rules) -> Coordinator {
    let mut coordinator = Coordinator::new(agents, rules);
    coordinator.apply(Input::Begun);
    coordinator
}

impl Coordinator {
    fn answer(&mut self, agent: AgentIndex, content: &str) -> Vec<Effect> {
        self.apply(Input::AnswerProposed {
            agent,
            content: content.into(),
        })
    }

    fn vote(&mut self, agent: AgentIndex, target: AgentIndex) -> Vec<Effect> {
        self.apply(Input::VoteProposed {
            agent,
            target,
            reason: "best".into(),
        })
    }

    fn abandon(&mut self, agent: AgentIndex) -> Vec<Effect> {
        self.apply(Input::AttemptAbandoned { agent })
    }

    fn fail(&mut self, agent: AgentIndex, severity: Severity) -> Vec<Effect> {
        self.apply(Input::AttemptFailed {
            agent,
            error: "no connection".into(),
            severity,
        })
    }
}

fn started(effects: &[Effect]) -> Vec<AgentIndex> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::StartAgent { agent, .. } => Some(*agent),
            _ => None,
        })
        .collect()
}

fn selection(effects: &[Effect]) -> Option<&Selection> {
    effects.iter().find_map(|effect| match effect {
        Effect::Present(selection) => Some(selection),
        _ => None,
    })
}

#[test]
fn a_run_begins_by_asking_every_agent_for_an_answer() {
    let mut coordinator = Coordinator::new(2, Rules::default());
    let start = |agent| Effect::StartAgent {
        agent,
        round: 0,
        sees: vec![],
        choices: Choices::Answer,
    };
    assert_eq!(coordinator.apply(Input::Begun), [start(A), start(B)]);
    assert_eq!(coordinator.apply(Input::Begun), [], "a run begins once");
}

#[test]
fn an_answer_restarts_its_author_at_once_and_asks_the_others_to_restart() {
    let mut coordinator = begun(2);
    let effects = coordinator.answer(A, "42");
    let [
        Effect::AcceptAnswer(answer),
        Effect::RequestRestart { agent: B, because },
        Effect::CompleteRestart { agent: A },
        start,
    ] = effects.as_slice()
    else {
        panic!("unexpected effects {effects:?}");
    };
    assert_eq!((answer.label, *because), (label(A, 1), label(A, 1)));
    let sees = vec![answer.clone()];
    assert_eq!(
        *start,
        Effect::StartAgent {
            agent: A,
            round: 1,
            sees,
            choices: Choices::AnswerOrVote
        }
    );
    assert_eq!(started(&coordinator.abandon(B)), [B]);
}

#[test]
fn answers_that_crossed_each_other_both_stand() {
    let mut coordinator = begun(2);
    coordinator.answer(A, "from a");
    coordinator.answer(B, "from b");
    let labels: Vec<_> = coordinator
        .answers()
        .iter()
        .map(|answer| answer.label)
        .collect();
    assert_eq!(labels, [label(A, 1), label(B, 1)]);
}

#[test]
fn a_vote_that_crossed_a_newer_answer_is_ignored_and_its_voter_asked_again() {
    let mut coordinator = begun(2);
    coordinator.answer(A, "42");
    coordinator.abandon(B);
    coordinator.answer(B, "43");
    let effects = coordinator.vote(A, A);
    assert_eq!(
        effects[0],
        Effect::IgnoreVote {
            voter: A,
            target: A,
            because: label(B, 1)
        }
    );
    assert_eq!(started(&effects), [A]);
}

#[test]
fn a_newer_answer_voids_votes_and_wakes_their_voters() {
    let mut coordinator = begun(2);
    coordinator.answer(A, "42");
    coordinator.vote(A, A);
    coordinator.abandon(B);
    assert_eq!(started(&coordinator.answer(B, "43")), [B, A]);
    let effects = [coordinator.vote(A, B), coordinator.vote(B, B)].concat();
    let winner = selection(&effects).unwrap();
    assert_eq!(
        (winner.winner, winner.votes_for(A), winner.votes_for(B)),
        (B, 0, 2)
    );
}

#[test]
fn a_vote_names_the_answer_that_its_voter_saw() {
    let mut coordinator = begun(1);
    coordinator.answer(A, "first");
    coordinator.answer(A, "second");
    let effects = coordinator.vote(A, A);
    assert_eq!(
        effects[0],
        Effect::AcceptVote {
            voter: A,
            label: label(A, 2),
            reason: "best".into()
        }
    );
}

#[test]
fn a_vote_for_somebody_without_a_visible_answer_is_rejected_and_the_agent_goes_on() {
    let mut coordinator = begun(2);
    let rejection = Rejection::UnseenTarget;
    assert_eq!(
        coordinator.vote(A, B),
        [Effect::RejectProposal {
            agent: A,
            rejection
        }]
    );
    assert_eq!(
        coordinator.vote(A, AgentIndex(9)),
        [Effect::RejectProposal {
            agent: A,
            rejection
        }]
    );
    assert!(matches!(
        coordinator.answer(A, "42")[0],
        Effect::AcceptAnswer(_)
    ));
}

#[test]
fn the_run_waits_for_every_living_agent_and_then_the_most_votes_win() {
    let mut coordinator = begun(3);
    coordinator.answer(A, "from a");
    coordinator.answer(B, "from b");
    coordinator.abandon(A);
    coordinator.abandon(C);
    assert_eq!(selection(&coordinator.vote(A, B)), None);
    assert_eq!(selection(&coordinator.vote(B, A)), None);
    let effects = coordinator.vote(C, B);
    let winner = selection(&effects).unwrap();
    assert_eq!(
        (winner.winner, winner.label, winner.basis),
        (B, Some(label(B, 1)), SelectionBasis::Votes)
    );
}

#[test]
fn a_tie_goes_to_the_first_agent_of_the_configuration() {
    let mut coordinator = begun(2);
    coordinator.answer(B, "from b");
    coordinator.abandon(A);
    coordinator.answer(A, "from a");
    coordinator.abandon(B);
    let effects = [coordinator.vote(A, B), coordinator.vote(B, A)].concat();
    let winner = selection(&effects).unwrap();
    assert_eq!((winner.winner, winner.basis), (A, SelectionBasis::Tie));
}

#[test]
fn a_duplicate_answer_is_rejected_each_time_however_it_is_spaced_and_wherever_its_files_lie() {
    let folders = vec!["/ws/a".into(), "/ws/b".into()];
    let mut coordinator = begun_with(
        2,
        Rules {
            folders,
            ..Rules::default()
        },
    );
    coordinator.answer(A, "see /ws/a/x.py");
    coordinator.abandon(B);
    for content in ["see /ws/a/x.py", "  see /ws/b/x.py\n", "see /ws/b/x.py"] {
        let rejection = Rejection::Duplicate(label(A, 1));
        assert_eq!(
            coordinator.answer(B, content),
            [Effect::RejectProposal {
                agent: B,
                rejection
            }]
        );
    }
}

#[test]
fn a_duplicate_of_an_answer_that_its_author_could_not_see_restarts_it_instead() {
    let mut coordinator = begun(2);
    coordinator.answer(A, "42");
    assert_eq!(started(&coordinator.answer(B, "42")), [B]);
    assert_eq!(coordinator.answers().len(), 1);
}

#[test]
fn an_empty_answer_is_rejected() {
    let rejection = Rejection::EmptyAnswer;
    assert_eq!(
        begun(1).answer(A, " \n"),
        [Effect::RejectProposal {
            agent: A,
            rejection
        }]
    );
}

#[test]
fn an_agent_that_used_up_its_answers_may_only_vote() {
    let max_answers_per_agent = NonZeroU32::MIN;
    let mut coordinator = begun_with(
        1,
        Rules {
            max_answers_per_agent,
            ..Rules::default()
        },
    );
    let effects = coordinator.answer(A, "only one");
    assert!(matches!(
        effects.last(),
        Some(Effect::StartAgent {
            choices: Choices::Vote,
            ..
        })
    ));
    let rejection = Rejection::AnswerLimit(1);
    assert_eq!(
        coordinator.answer(A, "one more"),
        [Effect::RejectProposal {
            agent: A,
            rejection
        }]
    );
    assert!(selection(&coordinator.vote(A, A)).is_some());
}

#[test]
fn a_failing_agent_is_asked_again_after_growing_waits_and_then_killed() {
    let mut coordinator = begun(2);
    for (failures, seconds) in [(1, 1), (2, 2)] {
        let effects = coordinator.fail(A, Severity::Transient);
        assert_eq!(
            effects[0],
            Effect::RecordFailure {
                agent: A,
                error: "no connection".into(),
                failures
            }
        );
        assert_eq!(
            effects[1],
            Effect::ScheduleRetry {
                agent: A,
                after: Duration::from_secs(seconds)
            }
        );
        assert_eq!(
            started(&effects),
            [],
            "it is not asked before its wait is over"
        );
        assert_eq!(
            started(&coordinator.apply(Input::RetryDue { agent: A })),
            [A]
        );
    }
    let effects = coordinator.fail(A, Severity::Transient);
    assert_eq!(
        effects[1],
        Effect::KillAgent {
            agent: A,
            error: "no connection".into()
        }
    );
    assert_eq!(coordinator.apply(Input::RetryDue { agent: A }), []);
}

#[test]
fn a_success_between_failures_starts_their_count_again() {
    let mut coordinator = begun(1);
    for _ in 0..2 {
        coordinator.fail(A, Severity::Transient);
        coordinator.apply(Input::RetryDue { agent: A });
    }
    coordinator.answer(A, "42");
    let effects = coordinator.fail(A, Severity::Transient);
    assert!(
        matches!(effects[0], Effect::RecordFailure { failures: 1, .. }),
        "{effects:?}"
    );
}

#[test]
fn a_fatal_failure_kills_at_once_and_the_others_finish_without_the_agent() {
    let mut coordinator = begun(2);
    coordinator.answer(A, "42");
    coordinator.vote(A, A);
    let effects = coordinator.fail(B, Severity::Fatal);
    assert!(matches!(effects[1], Effect::KillAgent { agent: B, .. }));
    assert_eq!(selection(&effects).unwrap().winner, A);
}

#[test]
fn the_answer_of_a_killed_agent_still_stands() {
    let mut coordinator = begun(1);
    coordinator.answer(A, "42");
    let effects = coordinator.fail(A, Severity::Fatal);
    let winner = selection(&effects).unwrap();
    assert_eq!(
        (winner.winner, winner.basis),
        (A, SelectionBasis::FirstAnswer)
    );
}

#[test]
fn a_run_whose_agents_all_fail_without_an_answer_fails_with_a_reason() {
    let mut coordinator = begun(2);
    coordinator.fail(A, Severity::Fatal);
    let effects = coordinator.fail(B, Severity::Fatal);
    assert!(
        matches!(effects.last(), Some(Effect::Finish(Ending::Failed { error })) if error.contains("no agent gave an answer")),
        "{effects:?}"
    );
}

#[test]
fn a_run_without_agents_fails_instead_of_waiting() {
    for coordination in [Coordination::Rounds, Coordination::Skipped] {
        let mut coordinator = Coordinator::new(
            0,
            Rules {
                coordination,
                ..Rules::default()
            },
        );
        let effects = coordinator.apply(Input::Begun);
        assert!(matches!(
            effects.as_slice(),
            [Effect::Finish(Ending::Failed { .. })]
        ));
    }
}

#[test]
fn an_agent_that_stops_without_being_superseded_has_failed() {
    let effects = begun(1).abandon(A);
    assert!(
        matches!(effects[0], Effect::RecordFailure { failures: 1, .. }),
        "{effects:?}"
    );
}

#[test]
fn at_the_deadline_work_is_cut_off_and_the_votes_so_far_decide() {
    let mut coordinator = begun(3);
    coordinator.answer(A, "from a");
    coordinator.answer(B, "from b");
    coordinator.abandon(A);
    coordinator.vote(A, B);
    let effects = coordinator.apply(Input::DeadlineReached);
    assert_eq!(
        effects[0],
        Effect::DeclareTimeout {
            waiting_for: vec![B, C]
        }
    );
    assert_eq!(
        effects[1..3],
        [
            Effect::StopAgent { agent: B },
            Effect::StopAgent { agent: C }
        ]
    );
    assert_eq!(selection(&effects).unwrap().winner, B);
    let effects = coordinator.apply(Input::PresentationEnded {
        text: Some("final".into()),
    });
    assert_eq!(
        effects[1],
        Effect::Finish(Ending::TimedOut {
            result: Some((B, "final".into()))
        })
    );
}

#[test]
fn at_the_deadline_the_first_answer_wins_when_nobody_voted_and_without_answers_there_is_no_result()
{
    let mut coordinator = begun(2);
    coordinator.answer(B, "42");
    let effects = coordinator.apply(Input::DeadlineReached);
    assert_eq!(
        selection(&effects).unwrap().basis,
        SelectionBasis::FirstAnswer
    );

    let effects = begun(2).apply(Input::DeadlineReached);
    assert_eq!(
        effects.last(),
        Some(&Effect::Finish(Ending::TimedOut { result: None }))
    );
}

#[test]
fn the_presented_text_is_the_result_and_the_stored_answer_stands_in_for_an_empty_one() {
    for (text, expected, origin) in [
        (
            Some("presented"),
            "presented",
            FinalTextSource::Presentation,
        ),
        (Some(" \n"), "42", FinalTextSource::StoredAnswer),
        (None, "42", FinalTextSource::StoredAnswer),
    ] {
        let mut coordinator = begun(1);
        coordinator.answer(A, "42");
        coordinator.vote(A, A);
        let effects = coordinator.apply(Input::PresentationEnded {
            text: text.map(str::to_owned),
        });
        assert_eq!(
            effects[0],
            Effect::Conclude {
                winner: A,
                text: expected.into(),
                source: origin
            }
        );
        assert_eq!(
            effects[1],
            Effect::Finish(Ending::Finished {
                winner: A,
                text: expected.into()
            })
        );
        let again = coordinator.apply(Input::PresentationEnded {
            text: Some("twice".into()),
        });
        assert_eq!(again, [], "a run is presented once");
    }
}

#[test]
fn skipping_coordination_lets_the_first_agent_present_at_once() {
    let mut coordinator = Coordinator::new(
        2,
        Rules {
            coordination: Coordination::Skipped,
            ..Rules::default()
        },
    );
    let effects = coordinator.apply(Input::Begun);
    let [Effect::Present(selection)] = effects.as_slice() else {
        panic!("unexpected effects {effects:?}")
    };
    assert_eq!((selection.winner, selection.label), (A, None));

    let effects = coordinator.apply(Input::PresentationEnded { text: None });
    assert!(
        matches!(effects.as_slice(), [Effect::Finish(Ending::Failed { error })] if error.contains("no stored answer")),
        "{effects:?}"
    );
}

#[test]
fn an_interruption_stops_whoever_works_and_ends_the_run() {
    let mut coordinator = begun(2);
    coordinator.answer(A, "42");
    coordinator.vote(A, A);
    let effects = coordinator.apply(Input::Interrupted);
    assert_eq!(
        effects,
        [
            Effect::StopAgent { agent: B },
            Effect::Finish(Ending::Interrupted)
        ]
    );
    assert!(coordinator.is_finished());
    assert_eq!(
        coordinator.answer(B, "late"),
        [],
        "nothing happens after the end"
    );
}

#[test]
fn an_interruption_stops_the_presenter() {
    let mut coordinator = begun(1);
    coordinator.answer(A, "42");
    coordinator.vote(A, A);
    let effects = coordinator.apply(Input::Interrupted);
    assert_eq!(
        effects,
        [
            Effect::StopAgent { agent: A },
            Effect::Finish(Ending::Interrupted)
        ]
    );
}
