//! The frames in which the Engine API sends standard output and standard error over one stream (Engine API v1.41,
//! "Stream format" of `POST /containers/{id}/attach`): one byte for the stream, three of nothing, four for the length, and
//! so many bytes.

use massgen_sandbox::Capture;

const HEADER: usize = 8;

/// Takes a stream apart as it comes, however it is cut into pieces.
#[derive(Debug)]
pub(super) struct Frames {
    stdout: Capture,
    stderr: Capture,
    /// The header of the frame that begins, as far as it has come.
    header: Vec<u8>,
    /// To which stream the frame belongs that is being read, and how many bytes of it are to come.
    open: Option<(Stream, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Output,
    Error,
}

/// What is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Docker daemon sent output of an unknown stream, {0}")]
pub(super) struct UnknownStream(u8);

impl Frames {
    pub(super) fn new(stdout: Capture, stderr: Capture) -> Self {
        Self {
            stdout,
            stderr,
            header: Vec::with_capacity(HEADER),
            open: None,
        }
    }

    /// The next piece.
    pub(super) fn take(&mut self, mut piece: &[u8]) -> Result<(), UnknownStream> {
        while !piece.is_empty() {
            match self.open {
                Some((stream, rest)) => {
                    let (now, later) = piece.split_at(rest.min(piece.len()));
                    match stream {
                        Stream::Output => self.stdout.keep(now),
                        Stream::Error => self.stderr.keep(now),
                    }
                    self.open = (rest > now.len()).then_some((stream, rest - now.len()));
                    piece = later;
                }
                None => {
                    let missing = HEADER - self.header.len();
                    let (now, later) = piece.split_at(missing.min(piece.len()));
                    self.header.extend_from_slice(now);
                    piece = later;
                    self.begin()?;
                }
            }
        }
        Ok(())
    }

    /// Opens the frame whose header is whole.
    fn begin(&mut self) -> Result<(), UnknownStream> {
        let &[stream, _, _, _, a, b, c, d] = self.header.as_slice() else {
            return Ok(());
        };
        self.header.clear();
        let stream = match stream {
            // What a program writes to its terminal's input comes as output, says the API.
            0 | 1 => Stream::Output,
            2 => Stream::Error,
            other => return Err(UnknownStream(other)),
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        self.open = (length > 0).then_some((stream, length));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], bytes].concat()
    }

    /// Standard output and standard error of a stream that comes in these pieces.
    fn taken<'a>(
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(Vec<u8>, Vec<u8>), UnknownStream> {
        let [stdout, stderr] = [Capture::new(1 << 20), Capture::new(1 << 20)];
        let mut frames = Frames::new(stdout.clone(), stderr.clone());
        for piece in pieces {
            frames.take(piece)?;
        }
        Ok((stdout.take().bytes, stderr.take().bytes))
    }

    #[test]
    fn an_empty_frame_is_nothing_and_an_unknown_stream_is_refused() {
        let stream = [frame(1, b""), frame(2, b"e"), frame(0, b"o")].concat();
        assert_eq!(taken([&stream[..]]), Ok((b"o".to_vec(), b"e".to_vec())));
        assert_eq!(taken([&frame(7, b"x")[..]]), Err(UnknownStream(7)));
    }

    proptest! {
        #[test]
        fn the_streams_are_the_same_however_they_are_cut(
            parts in prop::collection::vec((1u8..=2, prop::collection::vec(any::<u8>(), 0..40)), 0..20),
            size in 1usize..50,
        ) {
            let stream: Vec<u8> = parts.iter().flat_map(|(stream, bytes)| frame(*stream, bytes)).collect();
            let of = |wanted: u8| -> Vec<u8> {
                let parts = parts.iter().filter(|(stream, _)| *stream == wanted);
                parts.flat_map(|(_, bytes)| bytes.clone()).collect()
            };
            prop_assert_eq!(taken(stream.chunks(size)), Ok((of(1), of(2))));
        }
    }
}
