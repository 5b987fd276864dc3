//! Whole streams in the published format, fed to the decoder in every way in which they may arrive.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};

use super::Gemini;
use super::decode::ContentDecoder;
use crate::transport::arriving::{self, call, content, done, events};
use crate::transport::{Failure, WireApi};
use crate::turn::{Chunk, ErrorKind, FinishReason, NativeTurn, Usage};

/// A stream in the published format: a thought in two pieces, text in two pieces, what the provider's own tool did, two
/// calls of which the first is signed and only the second has an id, a signature of its own, counts that grow, CRLF, a
/// comment.
const RECORDED: &str = concat!(
    r#"data: {"candidates":[{"content":{"parts":[{"text":"Let me ","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":25,"totalTokenCount":31,"promptTokensDetails":[{"modality":"TEXT","tokenCount":25}],"thoughtsTokenCount":6},"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n: keep-alive\r\n\r\n",
    r#"data: {"candidates":[{"content":{"parts":[{"text":"see …","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"trafficType":"ON_DEMAND"},"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n",
    r#"data: {"candidates":[{"content":{"parts":[{"text":"Grüße "}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n",
    r#"data: {"candidates":[{"content":{"parts":[{"text":"👋"}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n",
    r#"data: {"candidates":[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"1+1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"2\n"}}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n",
    r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"read_file","args":{"path":"a"}},"thoughtSignature":"CikBAY89a18="},{"functionCall":{"id":"gp737npz","name":"list","args":{}}}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n",
    r#"data: {"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"AY89a18iOcFu"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":25,"candidatesTokenCount":9,"totalTokenCount":57,"promptTokensDetails":[{"modality":"TEXT","tokenCount":25}],"toolUsePromptTokenCount":3,"thoughtsTokenCount":20,"cachedContentTokenCount":10},"modelVersion":"gemini-2.5-flash","responseId":"tTCwacuEBMvnitYP06qsgQY"}"#,
    "\r\n\r\n",
);

fn reasoning(text: &str) -> Chunk {
    Chunk::Reasoning { text: text.into() }
}

fn native(items: Value) -> Chunk {
    Chunk::Native(NativeTurn {
        api: Gemini::NAME.into(),
        items,
    })
}

fn recorded_chunks() -> Vec<Chunk> {
    vec![
        reasoning("Let me "),
        reasoning("see …"),
        content("Grüße "),
        content("👋"),
        Chunk::ProviderTool {
            tool: "code_execution".into(),
            detail: "1+1".into(),
        },
        call("call_3", "read_file", r#"{"path":"a"}"#),
        call("gp737npz", "list", "{}"),
        native(json!([
            { "text": "Let me see …", "thought": true },
            { "text": "Grüße 👋" },
            { "executableCode": { "language": "PYTHON", "code": "1+1" } },
            { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "2\n" } },
            { "functionCall": { "name": "read_file", "args": { "path": "a" } }, "thoughtSignature": "CikBAY89a18=" },
            { "functionCall": { "id": "gp737npz", "name": "list", "args": {} } },
            { "text": "", "thoughtSignature": "AY89a18iOcFu" },
        ])),
        Chunk::Usage(Usage {
            input_tokens: Some(28),
            cached_input_tokens: Some(10),
            cache_write_tokens: None,
            output_tokens: Some(29),
        }),
        done(FinishReason::ToolCalls),
    ]
}

/// Decodes a stream that arrives in these pieces, in a conversation of three calls.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Chunk>, Result<(), Failure>) {
    arriving::decode(ContentDecoder::new(3), pieces)
}

/// Decodes a stream with these payloads.
fn decoded(payloads: &[&str]) -> (Vec<Chunk>, Result<(), Failure>) {
    decode([events(payloads).as_bytes()])
}

/// A payload with these parts.
fn parts(parts: &Value) -> String {
    json!({ "candidates": [{ "content": { "role": "model", "parts": parts } }] }).to_string()
}

/// A payload with this reason to stop.
fn stopped(reason: &str) -> String {
    json!({ "candidates": [{ "finishReason": reason, "finishMessage": "So it is." }] }).to_string()
}

fn hi() -> String {
    parts(&json!([{ "text": "Hi" }]))
}

#[test]
fn a_recorded_stream_gives_its_chunks_however_it_is_cut() {
    arriving::assert_same_however_cut(RECORDED, || ContentDecoder::new(3), &recorded_chunks());
}

#[test]
fn reasons_to_stop_have_their_meaning() {
    for (reason, expected) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter),
        ("RECITATION", FinishReason::ContentFilter),
        ("LANGUAGE", FinishReason::ContentFilter),
        ("BLOCKLIST", FinishReason::ContentFilter),
        ("PROHIBITED_CONTENT", FinishReason::ContentFilter),
        ("SPII", FinishReason::ContentFilter),
    ] {
        let (chunks, outcome) = decoded(&[&hi(), &stopped(reason)]);
        outcome.unwrap();
        assert_eq!(chunks.last(), Some(&done(expected)), "{reason}");
    }
}

#[test]
fn a_reason_that_is_a_failure_or_not_known_is_told_with_what_was_said() {
    for (reason, expected) in [
        (
            "MALFORMED_FUNCTION_CALL",
            "wrote a tool call that cannot be read; ask again, or choose another model",
        ),
        (
            "UNEXPECTED_TOOL_CALL",
            "called a tool that it was not given; ask again, or choose another model",
        ),
        (
            "OTHER",
            "stopped without a reason; ask again, or word the question differently",
        ),
        (
            "A_REASON_OF_NEXT_YEAR",
            "ended the turn with a finish reason that is not known; ask again",
        ),
    ] {
        let (chunks, outcome) = decoded(&[&hi(), &stopped(reason)]);
        assert_eq!(chunks, [content("Hi")]);
        match outcome {
            Err(Failure::Violation(told)) => {
                assert_eq!(told, format!("{expected} ({reason}: So it is.)"));
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[test]
fn a_prompt_that_is_refused_ends_as_withheld() {
    let blocked = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7},"modelVersion":"gemini-2.5-flash"}"#;
    let (chunks, outcome) = decoded(&[blocked]);
    outcome.unwrap();
    let usage = Chunk::Usage(Usage {
        input_tokens: Some(7),
        output_tokens: None,
        ..Usage::default()
    });
    assert_eq!(chunks, [usage, done(FinishReason::ContentFilter)]);
}

#[test]
fn an_error_in_the_stream_has_its_status() {
    for (code, status, expected) in [
        (503, "UNAVAILABLE", ErrorKind::Provider),
        (429, "RESOURCE_EXHAUSTED", ErrorKind::RateLimited),
        (400, "INVALID_ARGUMENT", ErrorKind::Rejected),
        (403, "PERMISSION_DENIED", ErrorKind::Authentication),
    ] {
        let error = json!({ "error": { "code": code, "message": "No.", "status": status } });
        for payload in [error.to_string(), json!([error]).to_string()] {
            let (chunks, outcome) = decoded(&[&hi(), &payload]);
            assert_eq!(chunks, [content("Hi")]);
            assert_eq!(outcome.unwrap_err().kind(), expected, "{payload}");
        }
    }
}

#[test]
fn a_stream_that_ends_before_its_reason_to_stop_was_cut() {
    for payloads in [&[hi()][..], &[hi(), "{}".to_owned()]] {
        let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
        let (chunks, outcome) = decoded(&payloads);
        assert_eq!(chunks, [content("Hi")]);
        assert!(matches!(outcome, Err(Failure::Cut)), "{outcome:?}");
    }
}

#[test]
fn what_breaks_the_format_is_told() {
    for payload in [
        "<html>",
        "7",
        r#"{"candidates":[{"content":{"parts":["x"]}}]}"#,
    ] {
        let (_, outcome) = decoded(&[payload]);
        assert!(matches!(outcome, Err(Failure::Garbage { .. })), "{payload}");
    }
    let nameless = parts(&json!([{ "functionCall": { "args": {} } }]));
    let (_, outcome) = decoded(&[&nameless, &stopped("STOP")]);
    assert!(matches!(outcome, Err(Failure::Violation(_))), "{outcome:?}");
}

#[test]
fn an_answer_in_one_piece_is_read_and_so_is_a_list_of_pieces() {
    let calling = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"},{"functionCall":{"name":"vote"}}],"role":"model"},"finishReason":"STOP","index":0}]}"#;
    let list = format!("[{},{}]", hi(), stopped("STOP"));
    let (chunks, outcome) = decoded(&[calling]);
    outcome.unwrap();
    assert_eq!(chunks[..2], [content("Hi"), call("call_3", "vote", "{}")]);
    assert_eq!(chunks.last(), Some(&done(FinishReason::ToolCalls)));
    let (chunks, outcome) = decoded(&[&list]);
    outcome.unwrap();
    assert_eq!(
        chunks,
        [
            content("Hi"),
            native(json!([{ "text": "Hi" }])),
            done(FinishReason::Stop)
        ]
    );
}

#[test]
fn texts_grow_together_only_where_no_signature_is_lost() {
    let pieces = [
        json!([{ "text": "" }, { "text": "A" }, { "text": "B", "thought": false }]),
        json!([{ "text": "C", "thoughtSignature": "c2ln" }, { "text": "D" }]),
        json!([{ "text": "E", "thought": true }, { "text": "F", "kindOfNextYear": 1 }]),
    ]
    .map(|piece| parts(&piece));
    let (chunks, outcome) = decoded(&[&pieces[0], &pieces[1], &pieces[2], &stopped("STOP")]);
    outcome.unwrap();
    assert_eq!(
        chunks[6],
        native(json!([
            { "text": "AB" },
            { "text": "C", "thoughtSignature": "c2ln" },
            { "text": "D" },
            { "text": "E", "thought": true },
            { "text": "F", "kindOfNextYear": 1 },
        ]))
    );
}

#[test]
fn what_google_searched_for_and_found_is_told() {
    let payload = r#"{"candidates":[{"content":{"parts":[{"text":"So."}],"role":"model"},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["who won"],"searchEntryPoint":{"renderedContent":"<div/>"},"groundingChunks":[{"web":{"uri":"https://example.org/a","title":"example.org"}},{"retrievedContext":{"uri":"gs://x"}}],"groundingSupports":[{"segment":{"endIndex":3,"text":"So."},"groundingChunkIndices":[0]}]},"index":0}]}"#;
    let (chunks, outcome) = decoded(&[payload]);
    outcome.unwrap();
    assert_eq!(
        chunks[..3],
        [
            content("So."),
            Chunk::ProviderTool {
                tool: "google_search".into(),
                detail: "who won".into()
            },
            Chunk::Citation {
                url: "https://example.org/a".into(),
                title: "example.org".into()
            },
        ]
    );
}
