//! Linear memory: one limit for all commands of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use crate::LimitKind;

/// What the commands of a call hold together.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: usize,
    held: AtomicUsize,
    peak: AtomicUsize,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            held: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    /// The most that was held at one time, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed) as u64
    }

    /// Takes `bytes`, unless that goes beyond the limit.
    fn take(&self, bytes: usize) -> bool {
        let held = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                held.checked_add(bytes).filter(|sum| *sum <= self.limit)
            });
        if let Ok(held) = held {
            self.peak.fetch_max(held + bytes, Ordering::Relaxed);
        }
        held.is_ok()
    }
}

/// Counts linear memory and tables, over all instances of the store, and refuses growth beyond the limit.
///
/// A refused growth is only noted: the guest is told, and many programs live on with less. It counts as the end of a
/// call only if the guest then crashes.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: Arc<Memory>,
    held: usize,
    pub(crate) refused: Option<LimitKind>,
}

impl Meter {
    /// Elements of all tables together: function references, a few words each.
    const TABLE_ELEMENTS: usize = 1_000_000;

    pub(crate) fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            held: 0,
            refused: None,
        }
    }
}

impl Drop for Meter {
    /// The instance is gone, and its memory with it.
    fn drop(&mut self) {
        self.memory.held.fetch_sub(self.held, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if !self.memory.take(more) {
            self.refused = Some(LimitKind::Memory);
            return Ok(false);
        }
        self.held += more;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= Self::TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        // Components built from dynamically linked C libraries hold one core instance a library.
        1_000
    }

    fn tables(&self) -> usize {
        1_000
    }

    fn memories(&self) -> usize {
        100
    }
}
