//! For the tests of codecs: an answer that arrives in pieces, and the chunks that it should give.

use proptest::sample::Index;

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

/// The stream cut at these places.
pub(crate) fn cut<'a>(stream: &'a str, places: &[Index]) -> Vec<&'a [u8]> {
    let bytes = stream.as_bytes();
    let mut ends: Vec<usize> = places.iter().map(|cut| cut.index(bytes.len())).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let pieces = starts.zip(&ends).map(|(start, end)| &bytes[start..*end]);
    pieces.collect()
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
