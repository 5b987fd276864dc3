//! Whole streams in the published format, fed to the decoder in every way in which they may arrive.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::Messages;
use super::decode::MessageDecoder;
use crate::transport::arriving::{self, call, content, done, events};
use crate::transport::{Failure, WireApi};
use crate::turn::{Chunk, ErrorKind, FinishReason, NativeTurn, Usage};

/// A stream in the published format: thinking with its signature, redacted thinking, text, two calls of which one has no
/// arguments, pings, a comment, CRLF.
const RECORDED: &str = concat!(
    "event: message_start\r\n",
    r#"data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":3,"cache_read_input_tokens":100,"output_tokens":1}}}"#,
    "\r\n\r\n: keep-alive\r\n\r\nevent: content_block_start\r\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    "\r\n\r\nevent: content_block_delta\r\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me see …"}}"#,
    "\r\n\r\nevent: content_block_delta\r\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}"#,
    "\r\n\r\nevent: content_block_delta\r\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"CkYI"}}"#,
    "\r\n\r\nevent: content_block_stop\r\n",
    r#"data: {"type":"content_block_stop","index":0}"#,
    "\r\n\r\nevent: content_block_start\r\n",
    r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwK"}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_stop","index":1}"#,
    "\r\n\r\nevent: ping\r\n",
    r#"data: {"type": "ping"}"#,
    "\r\n\r\nevent: content_block_start\r\n",
    r#"data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
    "\r\n\r\nevent: content_block_delta\r\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Grüße 👋"}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_stop","index":2}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"read_file","input":{}}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"pa"}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"th\": \"a\"}"}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_stop","index":3}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"list","input":{}}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_stop","index":4}"#,
    "\r\n\r\n",
    r#"data: {"type":"a_kind_of_next_year","index":4}"#,
    "\r\n\r\nevent: message_delta\r\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}"#,
    "\r\n\r\nevent: message_stop\r\n",
    r#"data: {"type":"message_stop"}"#,
    "\r\n\r\n",
);

fn native(items: serde_json::Value) -> Chunk {
    Chunk::Native(NativeTurn {
        api: Messages::NAME.into(),
        items,
    })
}

fn recorded_chunks() -> Vec<Chunk> {
    vec![
        Chunk::Reasoning {
            text: "Let me see …".into(),
        },
        content("Grüße 👋"),
        call("toolu_1", "read_file", r#"{"path": "a"}"#),
        call("toolu_2", "list", "{}"),
        native(json!([
            { "type": "thinking", "thinking": "Let me see …", "signature": "EqQBCkYI" },
            { "type": "redacted_thinking", "data": "EmwK" },
            { "type": "text", "text": "Grüße 👋" },
            { "type": "tool_use", "id": "toolu_1", "name": "read_file", "input": { "path": "a" } },
            { "type": "tool_use", "id": "toolu_2", "name": "list", "input": {} },
        ])),
        Chunk::Usage(Usage {
            input_tokens: Some(128),
            cached_input_tokens: Some(100),
            cache_write_tokens: Some(3),
            output_tokens: Some(15),
        }),
        done(FinishReason::ToolCalls),
    ]
}

/// Decodes a stream that arrives in these pieces.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Chunk>, Result<(), Failure>) {
    arriving::decode(MessageDecoder::default(), pieces)
}

/// Decodes a stream with these payloads.
fn decoded(payloads: &[&str]) -> (Vec<Chunk>, Result<(), Failure>) {
    decode([events(payloads).as_bytes()])
}

const TEXT: &str =
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}"#;
const STOPPED: &str = r#"{"type":"message_stop"}"#;

fn stops_with(reason: &str) -> FinishReason {
    let delta = format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}},"usage":{{"output_tokens":1}}}}"#
    );
    let (chunks, outcome) = decoded(&[TEXT, &delta, STOPPED]);
    outcome.unwrap();
    match chunks.last() {
        Some(Chunk::Done { finish_reason }) => *finish_reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recorded_stream_gives_its_chunks_however_it_is_cut() {
    arriving::assert_same_however_cut(RECORDED, MessageDecoder::default, &recorded_chunks());
}

#[test]
fn reasons_to_stop_have_their_meaning() {
    for (reason, expected) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("pause_turn", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("refusal", FinishReason::ContentFilter),
        ("a reason of next year", FinishReason::Stop),
    ] {
        assert_eq!(stops_with(reason), expected, "{reason}");
    }
}

#[test]
fn an_error_in_the_stream_has_the_status_of_its_kind() {
    for (kind, expected) in [
        ("overloaded_error", ErrorKind::Provider),
        ("rate_limit_error", ErrorKind::RateLimited),
        ("invalid_request_error", ErrorKind::Rejected),
        ("authentication_error", ErrorKind::Authentication),
        ("something_new", ErrorKind::Provider),
    ] {
        let error =
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"Overloaded"}}}}"#);
        let (chunks, outcome) = decoded(&[TEXT, &error]);
        assert_eq!(chunks, [content("Hi")]);
        assert_eq!(outcome.unwrap_err().kind(), expected, "{kind}");
    }
}

#[test]
fn a_stream_that_ends_before_its_reason_to_stop_was_cut() {
    let (chunks, outcome) = decoded(&[TEXT]);
    assert_eq!(chunks, [content("Hi")]);
    assert!(matches!(outcome, Err(Failure::Cut)), "{outcome:?}");
}

#[test]
fn the_end_of_the_stream_counts_where_the_last_event_is_missing() {
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let (chunks, outcome) = decoded(&[TEXT, delta]);
    outcome.unwrap();
    assert_eq!(chunks.last(), Some(&done(FinishReason::Stop)));
}

#[test]
fn what_breaks_the_format_is_told() {
    let piece =
        r#"{"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"x"}}"#;
    assert!(matches!(decoded(&[piece]).1, Err(Failure::Violation(_))));
    assert!(matches!(
        decoded(&["<html>"]).1,
        Err(Failure::Garbage { .. })
    ));
}

#[test]
fn an_answer_in_one_piece_is_read() {
    let whole = r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"toolu_1","name":"vote","input":{"agent_id":"agent1"}}],"stop_reason":"tool_use","usage":{"input_tokens":2,"output_tokens":3}}"#;
    let (chunks, outcome) = decoded(&[whole]);
    outcome.unwrap();
    assert_eq!(
        chunks,
        [
            content("Hi"),
            call("toolu_1", "vote", r#"{"agent_id":"agent1"}"#),
            native(json!([
                { "type": "text", "text": "Hi" },
                { "type": "tool_use", "id": "toolu_1", "name": "vote", "input": { "agent_id": "agent1" } },
            ])),
            Chunk::Usage(Usage {
                input_tokens: Some(2),
                output_tokens: Some(3),
                ..Usage::default()
            }),
            done(FinishReason::ToolCalls),
        ]
    );
}

#[test]
fn what_the_providers_own_tools_did_goes_back_as_it_came() {
    let used = json!({ "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "x" } });
    let start = json!({ "type": "content_block_start", "index": 0, "content_block": used });
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let (chunks, outcome) = decoded(&[&start.to_string(), delta, STOPPED]);
    outcome.unwrap();
    assert_eq!(chunks, [native(json!([used])), done(FinishReason::Stop)]);
}

#[test]
fn a_search_is_told_with_its_query_and_the_sources_of_what_was_said() {
    let found = json!({ "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{ "type": "web_search_result", "url": "https://example.org", "title": "Example", "encrypted_content": "Eo8" }] });
    let citation = json!({ "type": "web_search_result_location", "url": "https://example.org", "title": "Example", "encrypted_index": "Eo9", "cited_text": "It is." });
    let events = [
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": "{\"query\":" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": "\"is it?\"}" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_start", "index": 1, "content_block": found }),
        json!({ "type": "content_block_stop", "index": 1 }),
        json!({ "type": "content_block_start", "index": 2, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 2, "delta": { "type": "text_delta", "text": "It is." } }),
        json!({ "type": "content_block_delta", "index": 2, "delta": { "type": "citations_delta", "citation": citation } }),
        json!({ "type": "content_block_stop", "index": 2 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
    ];
    let mut texts = events.map(|event| event.to_string()).to_vec();
    texts.push(STOPPED.to_owned());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (chunks, outcome) = decoded(&texts);
    outcome.unwrap();
    assert_eq!(
        chunks,
        [
            Chunk::ProviderTool {
                tool: "web_search".into(),
                detail: "is it?".into()
            },
            content("It is."),
            Chunk::Citation {
                url: "https://example.org".into(),
                title: "Example".into()
            },
            native(json!([
                { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "is it?" } },
                found,
                { "type": "text", "text": "It is.", "citations": [citation] },
            ])),
            done(FinishReason::Stop),
        ]
    );
}
