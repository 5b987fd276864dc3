//! What one store holds for its guest: WASI context, gate, limits and the host interface's data.

use std::time::Instant;

use wasmtime::ResourceLimiter;
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};

use crate::LimitKind;
use crate::call::Cancel;
use crate::filesystem::{Gate, GateView};
use crate::host_interface::HostView;

/// The data of one store.
pub(crate) struct State {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) gate: Gate,
    pub(crate) meter: Meter,
    pub(crate) deadline: Instant,
    pub(crate) cancel: Cancel,
    pub(crate) guest: crate::host_interface::GuestFacts,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl State {
    pub(crate) fn gate(&mut self) -> GateView<'_> {
        GateView {
            gate: &mut self.gate,
            ctx: self.wasi.filesystem(),
            table: &mut self.table,
        }
    }

    pub(crate) fn host(&mut self) -> HostView<'_> {
        HostView {
            facts: &mut self.guest,
            gate: GateView {
                gate: &mut self.gate,
                ctx: self.wasi.filesystem(),
                table: &mut self.table,
            },
        }
    }
}

/// Counts linear memory and tables, over all instances of the store, and refuses growth beyond the limit.
///
/// A refused growth is only noted: the guest is told, and many programs live on with less. It counts as the end of a
/// call only if the guest then crashes.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_limit: usize,
    memory: usize,
    pub(crate) peak_memory: usize,
    pub(crate) refused: Option<LimitKind>,
}

impl Meter {
    /// Elements of all tables together: function references, a few words each.
    const TABLE_ELEMENTS: usize = 1_000_000;

    pub(crate) fn new(memory_bytes: u64) -> Self {
        let memory_limit = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
        Self {
            memory_limit,
            memory: 0,
            peak_memory: 0,
            refused: None,
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let whole = self.memory.saturating_add(desired.saturating_sub(current));
        if whole > self.memory_limit {
            self.refused = Some(LimitKind::Memory);
            return Ok(false);
        }
        self.memory = whole;
        self.peak_memory = self.peak_memory.max(whole);
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
