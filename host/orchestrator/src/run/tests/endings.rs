//! How a run ends: by its time, by a presentation that fails, or interrupted.

use super::*;

#[tokio::test(start_paused = true)]
async fn at_the_time_limit_the_best_answer_so_far_is_presented() {
    let models = [Model::new(|_| Move::Hang), Model::ordinary("42", "agent2")];
    let finished = run(&models).await;
    let Outcome::TimedOut {
        winner: Some(winner),
        final_text: Some(text),
    } = &finished.result.outcome
    else {
        panic!("the run ended with {:?}", finished.result.outcome)
    };
    assert_eq!(
        (winner.as_str(), text.as_str()),
        ("second-id", "the final text")
    );
    let waiting = finished.count(|kind| {
        matches!(kind, EventKind::TimedOut { limit_ms: 60_000, waiting_for } if waiting_for[0].as_str() == "first-id")
    });
    assert_eq!(waiting, 1);
}

#[tokio::test]
async fn a_time_limit_beyond_every_clock_is_no_limit() {
    let mut ground = Ground::new(&[Model::ordinary("42", "agent1")]);
    ground.options.time_limit = Duration::MAX;
    assert_eq!(ground.run().await.final_text().1, "the final text");
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_without_any_answer_ends_without_a_result() {
    let finished = run(&[Model::new(|_| Move::Hang)]).await;
    assert_eq!(
        finished.result.outcome,
        Outcome::TimedOut {
            winner: None,
            final_text: None
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_presentation_that_hangs_is_cut_off_and_the_stored_answer_stands_in() {
    let model = Model::new(|request| match request.context.stage {
        Stage::Presentation => Move::Hang,
        _ if request.sees("agent1") => vote("agent1"),
        _ => answer("42"),
    });
    let begun = tokio::time::Instant::now();
    let finished = run(&[model]).await;
    assert_eq!(finished.final_text().1, "42");
    assert!(begun.elapsed() <= Duration::from_secs(61) + PRESENTATION_GRACE);
    assert!(
        finished
            .warnings()
            .iter()
            .any(|warning| warning.contains("ran out of time"))
    );
    assert_eq!(finished.read("log/final/first-id/answer.txt"), "42");
}

#[tokio::test]
async fn a_presentation_that_fails_or_says_nothing_gives_way_to_the_stored_answer() {
    for failing in [
        Move::Fail(ErrorKind::Provider),
        Move::Cut("half a pre"),
        Move::Say(""),
        Move::Panic,
    ] {
        let model = Model::new(move |request| match request.context.stage {
            Stage::Presentation => failing.clone(),
            _ if request.sees("agent1") => vote("agent1"),
            _ => answer("42"),
        });
        let finished = run(&[model]).await;
        assert_eq!(finished.final_text().1, "42");
        let stored = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::PresentationFinished {
                    source: FinalTextSource::StoredAnswer,
                    ..
                }
            )
        };
        assert_eq!(finished.count(stored), 1);
    }
}

#[tokio::test]
async fn skipping_coordination_asks_the_first_agent_alone() {
    let models = [
        Model::ordinary("one", "agent1"),
        Model::ordinary("two", "agent1"),
    ];
    let mut ground = Ground::new(&models);
    ground.options.coordination = Coordination::Skipped;
    let finished = ground.run().await;
    assert_eq!(finished.final_text(), ("first-id", "the final text"));
    assert_eq!(
        (models[0].requests().len(), models[1].requests().len()),
        (1, 0)
    );
}

#[tokio::test]
async fn an_interrupted_run_ends_at_once_with_everything_saved() {
    let cancel = CancellationToken::new();
    let interrupt = cancel.clone();
    let model = Model::new(move |request| {
        if request.sees("agent1") {
            interrupt.cancel();
            return Move::Hang;
        }
        answer("42")
    });
    let mut ground = Ground::new(&[model]);
    ground.options.cancel = cancel;
    let finished = ground.run().await;
    assert_eq!(finished.result.outcome, Outcome::Interrupted);
    assert!(finished.read("log/events.jsonl").ends_with("\n"));
    assert!(
        finished
            .read("log/coordination_events.json")
            .contains("agent_cancelled")
    );
    assert_eq!(
        finished
            .read("log/agent_outputs/system_status.txt")
            .lines()
            .next(),
        Some("interrupted")
    );
}
