//! A scripted turn as the events of a Chat Completions stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::script::{Call, Turn};

/// Characters of one piece of text or arguments: short and odd, so that pieces end inside words and JSON tokens.
const PIECE: usize = 7;

/// The events of a turn up to its finish reason, each as the bytes of one `data:` line and its empty line.
pub(crate) fn turn_events(turn: &Turn, request: u64) -> Vec<Bytes> {
    let mut deltas = vec![json!({ "role": "assistant", "content": "" })];
    deltas.extend(pieces(&turn.text).map(|piece| json!({ "content": piece })));
    for (index, call) in turn.calls.iter().enumerate() {
        deltas.extend(call_deltas(call, index, request));
    }
    deltas
        .into_iter()
        .map(|delta| payload(json!([{ "index": 0, "delta": delta, "finish_reason": null }])))
        .collect()
}

/// The events that complete a turn: finish reason, usage, end.
pub(crate) fn closing_events(turn: &Turn) -> Vec<Bytes> {
    let finish_reason = if turn.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    let written = turn.text.len()
        + turn
            .calls
            .iter()
            .map(|call| call.arguments.to_string().len())
            .sum::<usize>();
    let usage = json!({
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "choices": [],
        "usage": { "prompt_tokens": 100, "completion_tokens": written, "total_tokens": 100 + written },
    });
    vec![
        payload(json!([{ "index": 0, "delta": {}, "finish_reason": finish_reason }])),
        event(&usage.to_string()),
        event("[DONE]"),
    ]
}

/// One event with this data.
pub(crate) fn event(data: &str) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

/// An event under its own name, which its data repeats.
pub(crate) fn named(value: &Value) -> Bytes {
    let name = value["type"].as_str().unwrap_or_default();
    let data = event(&value.to_string());
    [format!("event: {name}\n").as_bytes(), data.as_ref()]
        .concat()
        .into()
}

fn payload(choices: Value) -> Bytes {
    event(
        &json!({ "id": "chatcmpl-test", "object": "chat.completion.chunk", "choices": choices })
            .to_string(),
    )
}

/// Id and name first, then the arguments in pieces, as the API streams them.
fn call_deltas(call: &Call, index: usize, request: u64) -> Vec<Value> {
    let start = json!({ "tool_calls": [{
        "index": index,
        "id": format!("call_{request}_{index}"),
        "type": "function",
        "function": { "name": call.name, "arguments": "" },
    }] });
    let arguments = call.arguments.to_string();
    let rest = pieces(&arguments).map(
        |piece| json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] }),
    );
    std::iter::once(start).chain(rest).collect()
}

pub(crate) fn pieces(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters
        .chunks(PIECE)
        .map(|piece| piece.iter().collect())
        .collect();
    pieces.into_iter()
}
