//! What one store holds for its guest: WASI context, gate, limits and the host interface's data.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::call::Cancel;
use crate::egress::Outgoing;
use crate::filesystem::{Gate, GateView};
use crate::host_interface::HostView;
use crate::instance::Family;
use crate::memory::Meter;
use crate::process::{Children, ProcessView, Streams};
use crate::session::{Session, SessionView};

/// The data of one store.
pub(crate) struct State {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) http: WasiHttpCtx,
    pub(crate) outgoing: Outgoing,
    pub(crate) gate: Gate,
    pub(crate) meter: Meter,
    pub(crate) streams: Streams,
    pub(crate) session: Option<Session>,
    pub(crate) ends_on_broken_pipe: Arc<AtomicBool>,
    pub(crate) children: Children,
    pub(crate) family: Arc<Family>,
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

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outgoing,
            table: &mut self.table,
            ctx: &mut self.http,
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

    pub(crate) fn session(&mut self) -> SessionView<'_> {
        SessionView {
            session: self.session.as_ref(),
            table: &mut self.table,
        }
    }

    pub(crate) fn process(&mut self) -> ProcessView<'_> {
        ProcessView {
            streams: &self.streams,
            ends_on_broken_pipe: &self.ends_on_broken_pipe,
            children: &mut self.children,
            family: &self.family,
            gate: GateView {
                gate: &mut self.gate,
                ctx: self.wasi.filesystem(),
                table: &mut self.table,
            },
        }
    }
}
