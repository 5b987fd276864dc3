//! What a provider's wire API must tell the transport: how a turn is asked for, and how its answer is read.

use massgen_config::ApiKey;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::failure::Failure;
use crate::settings::Settings;
use crate::turn::{Chunk, TurnRequest};

/// A provider's wire format, without any I/O.
pub(crate) trait WireApi: Send + Sync + 'static {
    /// Reads the answer to one request.
    type Decoder: TurnDecoder;

    /// The API's name, as errors show it.
    const NAME: &'static str;

    /// The JSON body that asks for this turn.
    fn body(&self, settings: &Settings, request: &TurnRequest) -> Value;

    /// A decoder for the answer to this request.
    fn decoder(&self, request: &TurnRequest) -> Self::Decoder;

    /// The request with the headers that this API wants, the key in one of them.
    fn headers(&self, request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder;
}

/// Turns the payloads of one answer into chunks.
pub(crate) trait TurnDecoder: Send + 'static {
    /// The provider has said why the model stopped: what may still come is usage and the end.
    fn has_finished(&self) -> bool;

    /// Takes the data of one event, or a whole answer in one piece, and appends the chunks that can be shown now.
    ///
    /// # Errors
    /// What breaks the wire format, and errors that the provider reports inside its answer.
    fn payload(&mut self, text: &str, chunks: &mut Vec<Chunk>) -> Result<Progress, Failure>;

    /// Ends the turn: what was held back, the usage, and [`Chunk::Done`].
    ///
    /// # Errors
    /// [`Failure::Cut`] when the provider has not said that the turn is complete.
    fn finish(self) -> Result<Vec<Chunk>, Failure>;
}

/// Whether more payloads belong to the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More may come.
    Open,
    /// The turn is complete.
    Done,
}
