//! Whole streams in the published format, fed to the decoder in every way in which they may arrive.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::decode::ChatDecoder;
use crate::transport::Failure;
use crate::transport::arriving::{self, call, content, done, events};
use crate::turn::{Chunk, FinishReason, Usage};
use proptest::prelude::*;

/// A stream in the published format: text cut inside a character's line, two calls whose arguments are split
/// inside tokens and interleaved, usage in a last payload without choices, CRLF, a comment.
const RECORDED: &str = concat!(
    ": keep-alive\r\n\r\n",
    r#"data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm."},"finish_reason":null}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"Grüße 👋"},"finish_reason":null}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"read_file","arguments":""}}]}}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"pa"}}]}}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"vote","arguments":"{"}}]}}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"th\":\"a\"}"}},{"index":1,"function":{"arguments":"}"}}]}}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    "\r\n\r\n",
    r#"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#,
    "\r\n\r\n",
    "data: [DONE]\r\n\r\n",
);

fn recorded_chunks() -> Vec<Chunk> {
    vec![
        Chunk::Reasoning { text: "Hm.".into() },
        content("Grüße 👋"),
        call("call_a", "read_file", r#"{"path":"a"}"#),
        call("call_b", "vote", "{}"),
        Chunk::Usage(Usage {
            input_tokens: Some(9),
            output_tokens: Some(12),
            ..Usage::default()
        }),
        done(FinishReason::ToolCalls),
    ]
}

/// Decodes a stream that arrives in these pieces.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Chunk>, Result<(), Failure>) {
    arriving::decode(ChatDecoder::new(3), pieces)
}

/// Decodes a stream with these payloads, and asserts that it is complete.
fn complete(payloads: &[&str]) -> Vec<Chunk> {
    let (chunks, outcome) = decode([events(payloads).as_bytes()]);
    outcome.expect("a complete turn");
    chunks
}

fn failure(stream: &str) -> (Vec<Chunk>, Failure) {
    let (chunks, outcome) = decode([stream.as_bytes()]);
    (chunks, outcome.expect_err("a failed turn"))
}

#[test]
fn every_split_into_two_pieces_gives_the_same_chunks() {
    for cut in 0..=RECORDED.len() {
        let (first, second) = RECORDED.as_bytes().split_at(cut);
        assert_eq!(
            decode([first, second]).0,
            recorded_chunks(),
            "split at byte {cut}"
        );
    }
}

#[test]
fn a_stream_cut_before_the_finish_reason_is_an_error_at_every_byte() {
    let finished = RECORDED
        .find(r#""finish_reason":"tool_calls"}]}"#)
        .expect("the finish reason");
    for cut in 0..finished {
        let (chunks, outcome) = decode([&RECORDED.as_bytes()[..cut]]);
        assert!(
            matches!(outcome, Err(Failure::Cut)),
            "cut at byte {cut}: {outcome:?}"
        );
        assert!(
            !chunks
                .iter()
                .any(|chunk| matches!(chunk, Chunk::Done { .. } | Chunk::ToolCall(_)))
        );
    }
}

#[test]
fn a_stream_that_ends_after_the_finish_reason_is_complete_without_done() {
    let chunks = complete(&[r#"{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#]);
    assert_eq!(chunks, [content("Hi"), done(FinishReason::Stop)]);
}

#[test]
fn each_finish_reason_of_the_api_is_understood() {
    for (reason, expected) in [
        ("stop", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("content_filter", FinishReason::ContentFilter),
    ] {
        let payload = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        assert_eq!(complete(&[&payload]), [done(expected)]);
    }
    let (_, failure) =
        failure("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"gone\"}]}\n\n");
    assert!(matches!(failure, Failure::Violation(_)), "{failure:?}");
}

#[test]
fn a_call_without_an_id_gets_one_that_counts_on_from_the_conversation() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"a","arguments":"{}"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"name":"b","arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
    ]);
    assert_eq!(
        chunks,
        [
            call("call_3", "a", "{}"),
            call("call_4", "b", "{}"),
            done(FinishReason::ToolCalls)
        ]
    );
}

#[test]
fn calls_without_an_index_are_told_apart_by_id_and_name() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"{\"k\""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":":1}"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"id":"y","function":{"name":"a","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
    ]);
    assert_eq!(
        chunks[..2],
        [call("x", "a", r#"{"k":1}"#), call("y", "a", "{}")]
    );
}

#[test]
fn calls_that_all_claim_index_zero_are_told_apart_by_id() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{}"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"y","function":{"name":"b","arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
    ]);
    assert_eq!(chunks[..2], [call("x", "a", "{}"), call("y", "b", "{}")]);
}

#[test]
fn a_name_that_is_repeated_or_split_comes_out_once() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"read_","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"file","arguments":"{"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"read_file","arguments":"}"}}]},"finish_reason":"tool_calls"}]}"#,
    ]);
    assert_eq!(chunks[0], call("x", "read_file", "{}"));
}

#[test]
fn usage_that_every_payload_repeats_is_reported_once_with_its_last_value() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#,
        r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
    ]);
    let usage = Chunk::Usage(Usage {
        input_tokens: Some(5),
        output_tokens: Some(2),
        ..Usage::default()
    });
    assert_eq!(
        chunks,
        [content("a"), content("b"), usage, done(FinishReason::Stop)]
    );
}

#[test]
fn an_error_object_in_the_stream_fails_the_turn_after_what_was_said() {
    let (chunks, failure) = failure(concat!(
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n",
        "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n",
    ));
    assert_eq!(chunks, [content("Hi")]);
    assert!(
        matches!(failure, Failure::Reported { status: Some(_), ref message } if message == "overloaded")
    );
}

#[test]
fn a_payload_that_is_not_json_fails_the_turn() {
    assert!(matches!(
        failure("data: <html>\n\n").1,
        Failure::Garbage { .. }
    ));
}

#[test]
fn a_call_without_a_name_fails_the_turn() {
    let (_, failure) = failure(
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\"}]},\"finish_reason\":\"stop\"}]}\n\n",
    );
    assert!(matches!(failure, Failure::Violation(_)), "{failure:?}");
}

proptest! {
    #[test]
    fn arbitrary_payloads_never_panic(payload in "\\PC{0,80}", tail in any::<Vec<u8>>()) {
        let stream = [format!("data: {payload}\n\n").as_bytes(), &tail].concat();
        let _outcome = decode([stream.as_slice()]);
    }
}

#[test]
fn what_came_from_a_cache_and_what_was_written_to_one_is_counted() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":50,"completion_tokens":2,"total_tokens":52,"prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":5,"audio_tokens":0}}}"#,
    ]);
    let usage = Chunk::Usage(Usage {
        input_tokens: Some(50),
        cached_input_tokens: Some(40),
        cache_write_tokens: Some(5),
        output_tokens: Some(2),
    });
    assert_eq!(chunks, [content("a"), usage, done(FinishReason::Stop)]);
}

#[test]
fn reasoning_that_a_provider_counts_beside_the_completion_is_output() {
    let chunks = complete(&[
        r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":50,"completion_tokens":2,"total_tokens":352,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":300}}}"#,
    ]);
    let usage = Chunk::Usage(Usage {
        input_tokens: Some(50),
        output_tokens: Some(302),
        ..Usage::default()
    });
    assert_eq!(chunks, [content("a"), usage, done(FinishReason::Stop)]);
}

#[test]
fn a_recorded_stream_gives_its_chunks_however_it_is_cut() {
    arriving::assert_same_however_cut(RECORDED, || ChatDecoder::new(3), &recorded_chunks());
}
