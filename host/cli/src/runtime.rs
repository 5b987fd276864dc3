//! The async runtime of a command of this program.

use tokio::runtime::{Builder, Runtime};

use crate::exit::Failure;

/// Starts it with timers, sockets and signals.
///
/// # Errors
/// When the system refuses it what it needs.
pub(crate) fn runtime(mut builder: Builder) -> Result<Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            doing: "start the async runtime",
            source,
        })
}
