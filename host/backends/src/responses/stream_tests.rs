//! Whole streams in the published format, fed to the decoder in every way in which they may arrive.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::Responses;
use super::decode::ResponseDecoder;
use crate::transport::arriving::{self, call, content, done, events};
use crate::transport::{Failure, WireApi};
use crate::turn::{Chunk, ErrorKind, FinishReason, NativeTurn, Usage};

/// A stream in the published format: a summary of the reasoning in two parts, text, a call whose arguments come in
/// pieces, the whole answer at the end, CRLF, a comment.
const RECORDED: &str = concat!(
    "event: response.created\r\n",
    r#"data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","output":[]}}"#,
    "\r\n\r\n: keep-alive\r\n\r\n",
    r#"data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.reasoning_summary_part.added","sequence_number":2,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.reasoning_summary_text.delta","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Hm."}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.reasoning_summary_part.added","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.reasoning_summary_text.delta","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Yes."}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."},{"type":"summary_text","text":"Yes."}],"encrypted_content":"gAAA","status":null}}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Grüße 👋","logprobs":[]}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.output_item.done","sequence_number":8,"output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Grüße 👋"}]}}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.function_call_arguments.delta","sequence_number":9,"item_id":"fc_1","output_index":2,"delta":"{\"pa"}"#,
    "\r\n\r\n",
    r#"data: {"type":"response.output_item.done","sequence_number":10,"output_index":2,"item":{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"path\":\"a\"}","call_id":"call_1","name":"read_file"}}"#,
    "\r\n\r\nevent: response.completed\r\n",
    r#"data: {"type":"response.completed","sequence_number":11,"response":{"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."},{"type":"summary_text","text":"Yes."}],"encrypted_content":"gAAA","status":null},{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Grüße 👋"}]},{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"path\":\"a\"}","call_id":"call_1","name":"read_file"}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"output_tokens":12,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":21}}}"#,
    "\r\n\r\n",
);

fn reasoning(text: &str) -> Chunk {
    Chunk::Reasoning { text: text.into() }
}

fn recorded_chunks() -> Vec<Chunk> {
    vec![
        reasoning("Hm."),
        reasoning("\n\n"),
        reasoning("Yes."),
        content("Grüße 👋"),
        call("call_1", "read_file", r#"{"path":"a"}"#),
        Chunk::Native(NativeTurn {
            api: Responses::NAME.into(),
            items: json!([
                {
                    "id": "rs_1",
                    "type": "reasoning",
                    "summary": [
                        { "type": "summary_text", "text": "Hm." },
                        { "type": "summary_text", "text": "Yes." },
                    ],
                    "encrypted_content": "gAAA",
                },
                { "role": "assistant", "content": "Grüße 👋" },
                { "type": "function_call", "call_id": "call_1", "name": "read_file", "arguments": "{\"path\":\"a\"}" },
            ]),
        }),
        Chunk::Usage(Usage {
            input_tokens: Some(9),
            cached_input_tokens: Some(4),
            cache_write_tokens: Some(0),
            output_tokens: Some(12),
        }),
        done(FinishReason::ToolCalls),
    ]
}

/// Decodes a stream that arrives in these pieces.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Chunk>, Result<(), Failure>) {
    arriving::decode(ResponseDecoder::default(), pieces)
}

/// Decodes a stream with these payloads.
fn decoded(payloads: &[&str]) -> (Vec<Chunk>, Result<(), Failure>) {
    decode([events(payloads).as_bytes()])
}

#[test]
fn a_recorded_stream_gives_its_chunks_however_it_is_cut() {
    arriving::assert_same_however_cut(RECORDED, ResponseDecoder::default, &recorded_chunks());
}

#[test]
fn an_answer_that_was_not_finished_says_why() {
    for (reason, expected) in [
        ("max_output_tokens", FinishReason::Length),
        ("content_filter", FinishReason::ContentFilter),
    ] {
        let end = format!(
            r#"{{"type":"response.incomplete","response":{{"status":"incomplete","incomplete_details":{{"reason":"{reason}"}},"output":[]}}}}"#
        );
        let (chunks, outcome) = decoded(&[&end]);
        outcome.unwrap();
        assert_eq!(chunks, [done(expected)]);
    }
}

#[test]
fn a_failure_in_the_stream_has_the_status_of_its_code() {
    for (code, expected) in [
        ("rate_limit_exceeded", ErrorKind::RateLimited),
        ("server_error", ErrorKind::Provider),
        ("invalid_prompt", ErrorKind::Rejected),
        ("something_new", ErrorKind::Provider),
    ] {
        let failed = format!(
            r#"{{"type":"response.failed","response":{{"status":"failed","error":{{"code":"{code}","message":"No."}}}}}}"#
        );
        let error = format!(r#"{{"type":"error","code":"{code}","message":"No.","param":null}}"#);
        for payload in [failed, error] {
            let (_, outcome) = decoded(&[&payload]);
            assert_eq!(outcome.unwrap_err().kind(), expected, "{payload}");
        }
    }
}

#[test]
fn a_refusal_is_what_the_model_said() {
    let refusal = r#"{"type":"response.refusal.delta","delta":"I cannot."}"#;
    let end = r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#;
    let (chunks, outcome) = decoded(&[refusal, end]);
    outcome.unwrap();
    assert_eq!(chunks, [content("I cannot."), done(FinishReason::Stop)]);
}

#[test]
fn a_stream_without_its_last_event_was_cut() {
    let (chunks, outcome) = decoded(&[r#"{"type":"response.output_text.delta","delta":"Hi"}"#]);
    assert_eq!(chunks, [content("Hi")]);
    assert!(matches!(outcome, Err(Failure::Cut)), "{outcome:?}");
    assert!(matches!(
        decoded(&["<html>"]).1,
        Err(Failure::Garbage { .. })
    ));
}

#[test]
fn an_answer_in_one_piece_is_read_and_reasoning_in_the_clear_does_not_go_back() {
    let whole = r#"{"id":"resp_1","object":"response","status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":2,"output_tokens":3}}"#;
    let (chunks, outcome) = decoded(&[whole]);
    outcome.unwrap();
    assert_eq!(
        chunks[..2],
        [
            content("Hi"),
            Chunk::Native(NativeTurn {
                api: Responses::NAME.into(),
                items: json!([{ "role": "assistant", "content": "Hi" }]),
            }),
        ]
    );
}

#[test]
fn what_the_providers_own_tools_did_is_told_and_does_not_go_back() {
    let payloads = [
        r#"{"type":"response.web_search_call.searching","sequence_number":1,"output_index":0,"item_id":"ws_1"}"#,
        r#"{"type":"response.output_item.done","sequence_number":2,"output_index":0,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"is it?"}}}"#,
        r#"{"type":"response.output_item.done","sequence_number":3,"output_index":1,"item":{"id":"ci_1","type":"code_interpreter_call","status":"completed","code":"1+1","container_id":"cntr_1","outputs":null}}"#,
        r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":2,"content_index":0,"delta":"It is.","logprobs":[]}"#,
        r#"{"type":"response.output_text.annotation.added","sequence_number":5,"item_id":"msg_1","output_index":2,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"https://example.org","title":"Example","start_index":0,"end_index":6}}"#,
        r#"{"type":"response.output_item.done","sequence_number":6,"output_index":2,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"It is."}]}}"#,
        r#"{"type":"response.completed","sequence_number":7,"response":{"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"output":[]}}"#,
    ];
    let (chunks, outcome) =
        arriving::decode(ResponseDecoder::default(), [events(&payloads).as_bytes()]);
    outcome.unwrap();
    let used = |tool: &str, detail: &str| Chunk::ProviderTool {
        tool: tool.into(),
        detail: detail.into(),
    };
    assert_eq!(
        chunks,
        [
            used("web_search", "is it?"),
            used("code_interpreter", "1+1"),
            content("It is."),
            Chunk::Citation {
                url: "https://example.org".into(),
                title: "Example".into()
            },
            Chunk::Native(NativeTurn {
                api: Responses::NAME.into(),
                items: json!([{ "role": "assistant", "content": "It is." }]),
            }),
            done(FinishReason::Stop),
        ]
    );
}
