//! For the tests of codecs: an answer that arrives in pieces, and the chunks that it should give.

use super::answer::StreamedAnswer;
use super::failure::Failure;
use super::wire::TurnDecoder;
use crate::turn::{Chunk, FinishReason, ToolCall};

/// Decodes a stream that arrives in these pieces.
pub(crate) fn decode<'a>(
    decoder: impl TurnDecoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Chunk>, Result<(), Failure>) {
    let mut answer = StreamedAnswer::new(decoder);
    let mut chunks = Vec::new();
    let outcome = pieces
        .into_iter()
        .try_for_each(|piece| answer.feed(piece, &mut chunks))
        .and_then(|()| answer.end(&mut chunks));
    (chunks, outcome)
}

/// A stream with these payloads.
pub(crate) fn events(payloads: &[&str]) -> String {
    payloads
        .iter()
        .map(|payload| format!("data: {payload}\n\n"))
        .collect()
}

pub(crate) fn content(text: &str) -> Chunk {
    Chunk::Content { text: text.into() }
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Chunk {
    Chunk::ToolCall(ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    })
}

pub(crate) fn done(finish_reason: FinishReason) -> Chunk {
    Chunk::Done { finish_reason }
}
