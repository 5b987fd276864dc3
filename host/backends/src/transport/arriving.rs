//! For the tests of codecs: an answer that arrives in pieces, and the chunks that it should give.

use proptest::collection::vec;
use proptest::prelude::*;

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

/// Asserts that a stream gives these chunks however it is cut: not at all, at every byte, and anywhere.
pub(crate) fn assert_same_however_cut<D: TurnDecoder>(
    stream: &str,
    decoder: impl Fn() -> D,
    expected: &[Chunk],
) {
    let bytes = stream.as_bytes();
    for size in [bytes.len(), 1] {
        let (chunks, outcome) = decode(decoder(), bytes.chunks(size));
        assert!(outcome.is_ok(), "in pieces of {size}: {outcome:?}");
        assert_eq!(chunks, expected, "in pieces of {size}");
    }
    proptest!(|(mut cuts in vec(0..=bytes.len(), 0..40))| {
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let (chunks, outcome) = decode(decoder(), pieces);
        prop_assert!(outcome.is_ok(), "{outcome:?}");
        prop_assert_eq!(chunks, expected);
    });
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
