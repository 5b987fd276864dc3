//! Everything that providers' wire APIs share: sending, retries, timeouts, events, and failures put into words.
//!
//! A codec implements [`WireApi`] and [`TurnDecoder`], which know no I/O; an [`Endpoint`] does the rest.

mod answer;
mod endpoint;
mod failure;
mod http;
mod retry;
mod sse;
mod wire;

#[cfg(test)]
pub(crate) use answer::StreamedAnswer;
pub(crate) use endpoint::Endpoint;
pub(crate) use failure::Failure;
pub use retry::{RetryPolicy, Timeouts};
pub(crate) use wire::{Progress, TurnDecoder, WireApi};
