//! Agents that fail, say nothing or go on for ever: each ends by itself, within bounds.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_agent_that_never_calls_a_tool_is_reminded_then_given_up_within_bounds() {
    let model = Model::new(|_| Move::Say("I think it is 42."));
    let finished = run(&[Arc::clone(&model)]).await;
    assert!(
        matches!(&finished.result.outcome, Outcome::Failed { error } if error.contains("no agent gave an answer"))
    );
    assert_eq!(
        model.requests().len(),
        9,
        "three tries in each of three attempts"
    );
    assert_eq!(finished.killed().len(), 1);
    assert!(
        finished.killed()[0].1.contains(&format!("{TRIES} tries")),
        "{:?}",
        finished.killed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_only_calls_other_tools_is_stopped_by_a_bound() {
    let model = Model::new(|_| Move::Call("no_such_tool", json!({})));
    let finished = run(&[Arc::clone(&model)]).await;
    assert!(matches!(finished.result.outcome, Outcome::Failed { .. }));
    let turns = usize::try_from(MAX_TOOL_TURNS + TRIES).unwrap();
    assert_eq!(model.requests().len(), 3 * turns);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out_and_the_agent_takes_part_again() {
    let asked = AtomicBool::new(false);
    let failing = Model::new(move |request| match asked.swap(true, Ordering::Relaxed) {
        false => Move::Cut("half a thou"),
        true if request.context.stage == Stage::Presentation => Move::Say("final"),
        true if request.sees("agent1") => vote("agent1"),
        true => Move::WaitForNews,
    });
    let finished = run(&[Model::ordinary("42", "agent1"), failing]).await;
    finished.final_text();
    assert_eq!(
        finished.count(|kind| matches!(kind, EventKind::RetryScheduled { after_ms: 1000, .. })),
        1
    );
    assert_eq!(finished.killed(), []);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_an_agent_without_a_second_request_and_the_others_go_on() {
    let refused = Model::new(|_| Move::Fail(ErrorKind::Authentication));
    let finished = run(&[Arc::clone(&refused), Model::ordinary("42", "agent2")]).await;
    assert_eq!(refused.requests().len(), 1);
    assert_eq!(finished.killed(), [("first-id", "the provider said no")]);
    assert_eq!(finished.final_text().0, "second-id");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_failure_of_one_agent() {
    let finished = run(&[Model::new(|_| Move::Panic), Model::ordinary("42", "agent2")]).await;
    assert_eq!(finished.final_text().0, "second-id");
    let [(killed, error)] = finished.killed()[..] else {
        panic!("{:?}", finished.killed())
    };
    assert_eq!(killed, "first-id");
    assert!(error.contains("scripted panic"), "{error}");
}

#[tokio::test]
async fn a_superseded_turn_that_says_nothing_is_no_failure() {
    let waiting = Model::new(|request| match request.context.stage {
        Stage::Coordination if request.sees("agent2") => vote("agent2"),
        _ => Move::WaitForNews,
    });
    let finished = run(&[waiting, Model::ordinary("42", "agent2")]).await;
    assert_eq!(finished.final_text().0, "second-id");
    let troubles = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::AgentFailed { .. } | EventKind::Enforced { .. }
        )
    };
    assert_eq!(finished.count(troubles), 0);
    assert!(finished.count(|kind| matches!(kind, EventKind::RestartRequested { .. })) >= 1);
}
