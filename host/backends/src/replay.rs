//! Replay: a backend that plays a cassette, with no network and no key.
//!
//! Turns are found by agent, stage and the answers that the agent was shown; turns with the same key play in the order
//! of the file. Agents run freely, so a replayed agent may ask in a situation that the recorded one never met, because
//! there a new answer came in first. Such a turn waits for that answer and then ends empty: the agent loop starts the
//! superseded attempt again, now in the situation that was recorded.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};

use crate::cassette::{Cassette, CassetteTurn, cassette_error};
use crate::placeholders::{Direction, swap};
use crate::turn::{
    Backend, BackendError, BackendInfo, Chunk, ChunkStream, FinishReason, Stage, TurnContext,
    TurnRequest,
};

/// How long a turn waits for an answer of another agent. Tools really run during a replay, and what they do between
/// two answers takes seconds, not minutes.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(30);

/// Plays a cassette.
pub struct Replay(Arc<Player>);

struct Player {
    cassette: Cassette,
    /// Positions of the turns that have been played.
    played: Mutex<HashSet<usize>>,
    patience: Duration,
}

/// What the cassette holds for a request.
enum Lookup {
    /// This turn.
    Turn(Vec<Chunk>),
    /// The recorded agent was not asked here: other answers came first.
    Superseded,
    /// As `Superseded`, but those answers do not exist yet.
    NotYet,
    /// Nothing, for this reason.
    Missing(&'static str),
}

impl Replay {
    /// A backend that plays `cassette` and waits up to `patience` where the recorded run was overtaken by an answer.
    pub fn new(cassette: Cassette, patience: Duration) -> Self {
        Self(Arc::new(Player {
            cassette,
            played: Mutex::default(),
            patience,
        }))
    }
}

impl Backend for Replay {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            provider: "Replay".to_owned(),
            model: None,
        }
    }

    fn stream(&self, request: TurnRequest) -> ChunkStream {
        let player = self.0.clone();
        let turn = async move {
            match player.find(request.context).await {
                Ok(chunks) => stream::iter(chunks.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(error) => stream::iter(vec![Err(error)]),
            }
        };
        Box::pin(stream::once(turn).flatten())
    }
}

impl Player {
    async fn find(&self, context: TurnContext) -> Result<Vec<Chunk>, BackendError> {
        let nothing = || {
            vec![Chunk::Done {
                finish_reason: FinishReason::Stop,
            }]
        };
        match self.look_up(&context) {
            Lookup::Turn(chunks) => {
                let here = |chunk| swap(chunk, &context.placeholders, Direction::Play);
                Ok(chunks.into_iter().map(here).collect())
            }
            Lookup::Superseded => Ok(nothing()),
            Lookup::Missing(reason) => Err(self.missing(&context, reason)),
            Lookup::NotYet => {
                let seen = context.sees.clone();
                let mut answers = context.answers.clone();
                let changed = answers.wait_for(|answers| *answers != seen);
                match tokio::time::timeout(self.patience, changed).await {
                    Ok(Ok(_)) => Ok(nothing()),
                    Ok(Err(_)) => Err(self.missing(&context, "and no further answer can come")),
                    Err(_) => Err(self.missing(
                        &context,
                        "and the answer that came next in the recording did not come",
                    )),
                }
            }
        }
    }

    fn look_up(&self, context: &TurnContext) -> Lookup {
        let of_stage = || {
            self.cassette
                .turns
                .iter()
                .enumerate()
                .filter(|(_, turn)| turn.agent == context.agent && turn.stage == context.stage)
        };
        if of_stage().next().is_none() {
            return Lookup::Missing("as it holds no turn of this agent and stage");
        }
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let next = of_stage()
            .find(|(position, turn)| turn.sees == context.sees && !played.contains(position));
        if let Some((position, turn)) = next {
            played.insert(position);
            return Lookup::Turn(turn.chunks.clone());
        }
        let answers = context.answers.borrow();
        let awaits_more =
            |turn: &CassetteTurn| turn.sees.iter().any(|label| !answers.contains(label));
        if !of_stage().any(|(_, turn)| turn.sees != context.sees) {
            Lookup::Missing("as all its turns in this situation have been played")
        } else if *answers != context.sees {
            Lookup::Superseded
        } else if of_stage().any(|(_, turn)| awaits_more(turn)) {
            Lookup::NotYet
        } else {
            Lookup::Missing("as it holds no further turn for this situation or a later one")
        }
    }

    fn missing(&self, context: &TurnContext, reason: &str) -> BackendError {
        let sees = match context.sees.as_slice() {
            [] => "no answers".to_owned(),
            labels => labels.join(", "),
        };
        let stage = match context.stage {
            Stage::Coordination => "coordination",
            Stage::Presentation => "presentation",
        };
        cassette_error(format!(
            "the cassette {} has no turn for agent {} in the {stage} with {sees} in sight, {reason}; record it again if \
             the configuration or the question has changed",
            self.cassette.path.display(),
            context.agent
        ))
    }
}
