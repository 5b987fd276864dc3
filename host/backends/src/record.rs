//! Recording: any backend, with every completed turn appended to a cassette.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, StreamExt};

use crate::cassette::{CassetteTurn, cassette_error, header_line};
use crate::placeholders::{Direction, swap};
use crate::turn::{
    Backend, BackendError, BackendInfo, Chunk, ChunkStream, TurnContext, TurnRequest,
};

/// A new cassette that the backends of one run write to together.
#[derive(Debug, Clone)]
pub struct CassetteWriter(Arc<Tape>);

#[derive(Debug)]
struct Tape {
    path: PathBuf,
    file: Mutex<File>,
}

impl CassetteWriter {
    /// Creates the file and writes its header.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Cassette`] when the file exists already (a recording is never overwritten) or cannot be
    /// written.
    pub fn create(path: &Path) -> Result<Self, BackendError> {
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|error| {
                let advice = match error.kind() {
                    std::io::ErrorKind::AlreadyExists => {
                        "a recording is never overwritten: remove it or name another file"
                    }
                    _ => "name a file in a folder that exists and can be written",
                };
                cassette_error(format!(
                    "the cassette {} cannot be created ({error}); {advice}",
                    path.display()
                ))
            })?;
        let writer = Self(Arc::new(Tape {
            path: path.to_owned(),
            file: Mutex::new(file),
        }));
        writer.append_line(header_line())?;
        Ok(writer)
    }

    fn append(&self, turn: &CassetteTurn) -> Result<(), BackendError> {
        self.append_line(serde_json::to_string(turn))
    }

    /// One `write` a line: a reader, or a run that is killed, never sees lines mixed.
    fn append_line(&self, line: Result<String, serde_json::Error>) -> Result<(), BackendError> {
        let written = line.map_err(std::io::Error::from).and_then(|mut line| {
            line.push('\n');
            let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes())?;
            file.flush()
        });
        written.map_err(|error| {
            cassette_error(format!(
                "the cassette {} could not be written: {error}",
                self.0.path.display()
            ))
        })
    }
}

/// A backend whose completed turns are recorded. A turn that fails or is cancelled leaves nothing on the cassette.
pub struct Recorder {
    backend: Arc<dyn Backend>,
    writer: CassetteWriter,
}

impl Recorder {
    /// Records what `backend` says with `writer`.
    pub fn new(backend: Arc<dyn Backend>, writer: CassetteWriter) -> Self {
        Self { backend, writer }
    }
}

impl Backend for Recorder {
    fn info(&self) -> BackendInfo {
        self.backend.info()
    }

    fn stream(&self, request: TurnRequest) -> ChunkStream {
        let take = Take {
            writer: self.writer.clone(),
            context: request.context.clone(),
            chunks: Vec::new(),
        };
        Box::pin(stream::unfold(
            (self.backend.stream(request), take),
            |(mut live, mut take)| async move {
                let item = take.note(live.next().await?);
                Some((item, (live, take)))
            },
        ))
    }
}

/// One turn while it is being recorded.
struct Take {
    writer: CassetteWriter,
    context: TurnContext,
    chunks: Vec<Chunk>,
}

impl Take {
    /// Notes one item and hands it on. When the turn is complete but cannot be recorded, the failure takes the place
    /// of [`Chunk::Done`]: a gap in a cassette must not pass in silence.
    fn note(&mut self, item: Result<Chunk, BackendError>) -> Result<Chunk, BackendError> {
        let chunk = item?;
        self.push(chunk.clone());
        if matches!(chunk, Chunk::Done { .. }) {
            self.save()?;
        }
        Ok(chunk)
    }

    /// Adjacent pieces of text are joined, so that a path that the provider split is still recognised.
    fn push(&mut self, chunk: Chunk) {
        match (self.chunks.last_mut(), chunk) {
            (Some(Chunk::Content { text }), Chunk::Content { text: more })
            | (Some(Chunk::Reasoning { text }), Chunk::Reasoning { text: more }) => {
                text.push_str(&more)
            }
            (_, Chunk::Native(_)) => {}
            (_, chunk) => self.chunks.push(chunk),
        }
    }

    fn save(&mut self) -> Result<(), BackendError> {
        let named = |chunk| swap(chunk, &self.context.placeholders, Direction::Record);
        self.writer.append(&CassetteTurn {
            agent: self.context.agent.clone(),
            stage: self.context.stage,
            sees: self.context.sees.clone(),
            chunks: std::mem::take(&mut self.chunks)
                .into_iter()
                .map(named)
                .collect(),
        })
    }
}
