#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;

use super::*;
use crate::answer::AgentIndex;
use crate::event::{FinalTextSource, SelectionBasis, VoteCount};

fn id(text: &str) -> AgentId {
    AgentId::new(text).unwrap()
}

fn label(agent: usize) -> AnswerLabel {
    AnswerLabel {
        agent: AgentIndex(agent),
        number: 1,
    }
}

fn tracked(kinds: Vec<EventKind>) -> Tracker {
    let agents = ["alpha", "beta"]
        .iter()
        .zip(["agent1", "agent2"])
        .map(|(name, anonymous)| AgentInfo {
            id: id(name),
            anonymous: anonymous.into(),
            provider: "script".into(),
            model: None,
        });
    let started = EventKind::RunStarted {
        question: "Why?".into(),
        agents: agents.collect(),
    };
    let mut tracker = Tracker::default();
    for (kind, seq) in std::iter::once(started).chain(kinds).zip(0..) {
        let at = "2026-11-23T01:02:03Z".parse().unwrap();
        tracker.record(&Event { seq, at, kind });
    }
    tracker
}

fn coordination() -> Vec<EventKind> {
    let (alpha, beta) = (id("alpha"), id("beta"));
    vec![
        EventKind::AgentStarted {
            agent: alpha.clone(),
            round: 0,
            sees: vec![],
        },
        EventKind::AnswerAccepted {
            agent: alpha.clone(),
            label: label(0),
            content: "forty-two\nand more".into(),
            log_entry: Some("alpha/20261123".into()),
        },
        EventKind::RestartCompleted {
            agent: beta.clone(),
        },
        EventKind::AgentStarted {
            agent: beta.clone(),
            round: 1,
            sees: vec![label(0)],
        },
        EventKind::VoteIgnored {
            agent: beta.clone(),
            target: alpha.clone(),
            because: label(0),
        },
        EventKind::VoteCast {
            agent: beta.clone(),
            target: alpha.clone(),
            label: label(0),
            reason: "clear".into(),
            log_entry: None,
        },
        EventKind::WinnerSelected {
            agent: alpha.clone(),
            label: Some(label(0)),
            basis: SelectionBasis::Votes,
            votes: vec![VoteCount {
                agent: alpha.clone(),
                votes: 1,
            }],
        },
        EventKind::PresentationStarted {
            agent: alpha.clone(),
        },
        EventKind::PresentationFinished {
            agent: alpha.clone(),
            text: "42".into(),
            source: FinalTextSource::Presentation,
        },
        EventKind::RunFinished {
            outcome: Outcome::Finished {
                winner: alpha,
                final_text: "42".into(),
            },
            elapsed_ms: 5,
        },
    ]
}

fn types(tracker: &Tracker) -> Vec<String> {
    let events = tracker.coordination_events();
    let name = |event: &Value| event["event_type"].as_str().unwrap().to_owned();
    events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(name)
        .collect()
}

#[test]
fn every_step_has_its_event_type_and_ignored_votes_have_one_too() {
    let expected = [
        "session_start",
        "iteration_start",
        "context_received",
        "status_change",
        "new_answer",
        "restart_triggered",
        "iteration_end",
        "iteration_start",
        "restart_completed",
        "context_received",
        "status_change",
        "vote_ignored",
        "vote_cast",
        "final_agent_selected",
        "final_round_start",
        "final_answer",
        "session_end",
    ];
    assert_eq!(types(&tracked(coordination())), expected);
}

#[test]
fn events_carry_iteration_and_round() {
    let events = tracked(coordination()).coordination_events();
    let vote = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["event_type"] == "vote_cast")
        .unwrap();
    assert_eq!(vote["context"]["iteration"], 2);
    assert_eq!(vote["context"]["round"], 1);
    assert_eq!(vote["context"]["voted_for_label"], "agent1.1");
    assert_eq!(vote["context"]["available_answers"], json!(["agent1.1"]));
    assert_eq!(events["session_metadata"]["final_winner"], "alpha");
    assert_eq!(
        events["session_metadata"]["agent_ids"],
        json!(["alpha", "beta"])
    );
}

#[test]
fn the_final_round_comes_after_the_highest_one() {
    let events = tracked(coordination()).coordination_events();
    let last = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["event_type"] == "final_answer")
        .unwrap();
    assert_eq!(last["context"]["round"], 2);
}

#[test]
fn mappings_lead_from_a_label_to_its_files() {
    let mappings = tracked(coordination()).snapshot_mappings();
    assert_eq!(mappings["agent1.1"]["path"], "alpha/20261123/answer.txt");
    assert_eq!(mappings["agent2.vote1"]["voted_for"], "alpha");
    assert_eq!(mappings["agent2.vote1"]["path"], Value::Null);
    assert_eq!(mappings["agent1.final"]["type"], "final_answer");
}

#[test]
fn the_table_shows_the_event_of_one_agent_and_the_states_of_the_others() {
    let table = tracked(coordination()).table();
    let row = |text: &str| {
        table
            .lines()
            .find(|line| line.contains(text))
            .unwrap_or_else(|| panic!("{text}:\n{table}"))
    };
    assert!(row("Event").contains("agent1 (alpha)"));
    assert!(row("🗳️ VOTE agent1.1").contains("(answered agent1.1)"));
    assert!(row("👁️ forty-two").starts_with("│ E3"));
    assert!(row("🎯 FINAL ANSWER").contains("(completed)"));
    assert!(row("Answers").contains('1') && row("Votes").contains('1'));
    let widths: std::collections::BTreeSet<_> = table
        .lines()
        .filter(|line| line.starts_with('│'))
        .map(|line| line.chars().count())
        .collect();
    assert_eq!(widths.len(), 1, "all rows are of the same width:\n{table}");
}

#[test]
fn an_agent_that_ran_out_of_time_has_the_reason_in_seconds() {
    let timed_out = EventKind::TimedOut {
        limit_ms: 10_000,
        waiting_for: vec![id("beta")],
    };
    let tracker = tracked(vec![timed_out]);
    let events = tracker.coordination_events();
    let event = events["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(event["event_type"], "agent_timeout");
    assert_eq!(event["details"], "Time limit exceeded (0.0s/10.0s)");
}

#[test]
fn an_interruption_cancels_whoever_is_at_work() {
    let finished = EventKind::RunFinished {
        outcome: Outcome::Interrupted,
        elapsed_ms: 5,
    };
    let working = EventKind::AgentStarted {
        agent: id("alpha"),
        round: 0,
        sees: vec![],
    };
    let types = types(&tracked(vec![working, finished]));
    assert_eq!(
        types
            .iter()
            .filter(|name| *name == "agent_cancelled")
            .count(),
        1
    );
}
