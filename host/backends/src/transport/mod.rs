//! Everything that providers' wire APIs share: sending, retries, timeouts, events, and failures put into words.
//!
//! A codec implements [`WireApi`] and [`TurnDecoder`], which know no I/O; an [`Endpoint`] does the rest.

mod answer;
#[cfg(test)]
pub(crate) mod arriving;
mod endpoint;
mod failure;
mod http;
mod retry;
mod sse;
mod wire;

pub(crate) use endpoint::Endpoint;
pub(crate) use failure::Failure;
pub use retry::{RetryPolicy, Timeouts};
pub(crate) use wire::{Progress, TurnDecoder, WireApi};
