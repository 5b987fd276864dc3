//! Reads the body of an answer: as a stream of events, or in one piece.
//!
//! [`StreamedAnswer`] is the decoder without I/O; around it this file waits for bytes, never for longer than the idle
//! time.

use std::collections::VecDeque;
use std::time::Duration;

use futures::stream::{self, Stream};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::failure::Failure;
use super::sse::EventDecoder;
use super::wire::{Progress, TurnDecoder};
use crate::turn::Chunk;

/// The largest answer in one piece, and the largest error page, that is read, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// How long the end of a body is waited for once its turn is complete. It usually lies in the same packet.
const END_OF_BODY: Duration = Duration::from_millis(50);

/// A stream of events on its way to chunks.
pub(crate) struct StreamedAnswer<D> {
    events: EventDecoder,
    /// `None` once the turn is complete.
    turn: Option<D>,
}

impl<D: TurnDecoder> StreamedAnswer<D> {
    /// An answer of which nothing has arrived.
    pub(crate) fn new(turn: D) -> Self {
        Self {
            events: EventDecoder::default(),
            turn: Some(turn),
        }
    }

    fn is_complete(&self) -> bool {
        self.turn.is_none()
    }

    /// Takes the next bytes. What was decoded before a failure is in `chunks` all the same.
    pub(crate) fn feed(&mut self, bytes: &[u8], chunks: &mut Vec<Chunk>) -> Result<(), Failure> {
        let Some(turn) = &mut self.turn else {
            return Ok(());
        };
        let events = self
            .events
            .feed(bytes)
            .map_err(|_| Failure::Violation("sent an event that has no end".to_owned()))?;
        for data in events {
            if turn.payload(&data, chunks)? == Progress::Done {
                return self.complete(chunks);
            }
        }
        Ok(())
    }

    /// Takes the end of the body. An event that was left open counts when it is whole; half of one means that the
    /// stream was cut, unless the model had already finished.
    pub(crate) fn end(&mut self, chunks: &mut Vec<Chunk>) -> Result<(), Failure> {
        if let (Some(turn), Some(data)) = (&mut self.turn, self.events.finish()) {
            match turn.payload(&data, chunks) {
                Ok(_) | Err(Failure::Garbage { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        self.complete(chunks)
    }

    /// Takes a broken connection, which is the end where the model had already finished.
    fn broken(&mut self, failure: Failure, chunks: &mut Vec<Chunk>) -> Result<(), Failure> {
        match &self.turn {
            Some(turn) if !turn.has_finished() => Err(failure),
            _ => self.complete(chunks),
        }
    }

    fn complete(&mut self, chunks: &mut Vec<Chunk>) -> Result<(), Failure> {
        if let Some(turn) = self.turn.take() {
            chunks.extend(turn.finish()?);
        }
        Ok(())
    }
}

/// The chunks of an answer, as they arrive; the last item is [`Chunk::Done`] or a failure.
pub(super) fn chunks<D: TurnDecoder>(
    response: Response,
    turn: D,
    idle: Duration,
) -> impl Stream<Item = Result<Chunk, Failure>> + Send + use<D> {
    let reading = if is_event_stream(&response) {
        Reading::Stream {
            response,
            answer: StreamedAnswer::new(turn),
        }
    } else {
        Reading::Whole { response, turn }
    };
    let start = (reading, VecDeque::new());
    stream::unfold(start, move |(mut reading, mut ready)| async move {
        loop {
            if let Some(item) = ready.pop_front() {
                return Some((item, (reading, ready)));
            }
            let mut chunks = Vec::new();
            let (next, failure) = match reading {
                Reading::Ended => return None,
                Reading::Whole { response, turn } => (
                    Reading::Ended,
                    whole(response, turn, idle, &mut chunks).await.err(),
                ),
                Reading::Stream {
                    mut response,
                    mut answer,
                } => match read(&mut response, &mut answer, idle, &mut chunks).await {
                    Ok(()) if answer.is_complete() => {
                        read_to_end(&mut response).await;
                        (Reading::Ended, None)
                    }
                    Ok(()) => (Reading::Stream { response, answer }, None),
                    Err(failure) => (Reading::Ended, Some(failure)),
                },
            };
            reading = next;
            ready.extend(chunks.into_iter().map(Ok).chain(failure.map(Err)));
        }
    })
}

enum Reading<D> {
    Stream {
        response: Response,
        answer: StreamedAnswer<D>,
    },
    Whole {
        response: Response,
        turn: D,
    },
    Ended,
}

/// A stream says so; some servers leave the type out. Everything else is read as one piece.
fn is_event_stream(response: &Response) -> bool {
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type
        .is_none_or(|content_type| content_type.trim_start().starts_with("text/event-stream"))
}

/// The next piece of a streamed answer.
async fn read<D: TurnDecoder>(
    response: &mut Response,
    answer: &mut StreamedAnswer<D>,
    idle: Duration,
    chunks: &mut Vec<Chunk>,
) -> Result<(), Failure> {
    match next_bytes(response, idle).await {
        Ok(Some(bytes)) => answer.feed(bytes.as_ref(), chunks),
        Ok(None) => answer.end(chunks),
        Err(failure) => answer.broken(failure, chunks),
    }
}

/// Reads what follows a complete turn: only a connection whose answer was read to its end can carry the next request.
async fn read_to_end(response: &mut Response) {
    let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
    // Whoever sends on, or never ends, only loses the connection.
    let _best_effort = tokio::time::timeout(END_OF_BODY, rest).await;
}

/// An answer in one piece: one payload that holds the whole turn.
async fn whole<D: TurnDecoder>(
    response: Response,
    mut turn: D,
    idle: Duration,
    chunks: &mut Vec<Chunk>,
) -> Result<(), Failure> {
    let text = read_body(response, idle).await?;
    turn.payload(&text, chunks)?;
    chunks.extend(turn.finish()?);
    Ok(())
}

/// The text of a body, up to [`MAX_BODY_BYTES`].
pub(super) async fn read_body(mut response: Response, idle: Duration) -> Result<String, Failure> {
    let mut body = Vec::new();
    while let Some(bytes) = next_bytes(&mut response, idle).await? {
        let bytes = bytes.as_ref();
        if body.len() + bytes.len() > MAX_BODY_BYTES {
            return Err(Failure::Violation(format!(
                "sent an answer of more than {MAX_BODY_BYTES} bytes"
            )));
        }
        body.extend_from_slice(bytes);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

async fn next_bytes(
    response: &mut Response,
    idle: Duration,
) -> Result<Option<impl AsRef<[u8]> + use<>>, Failure> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Failure::Cut),
        Err(_) => Err(Failure::Stalled(idle)),
    }
}
