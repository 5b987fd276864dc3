//! The policy filesystem: `wasi:filesystem` 0.2 with a decision before every path operation.
//!
//! Each operation goes the same way: **pin** the parent directory by a lookup that cannot leave the mount
//! ([`resolve`]), **step** through a link in last place by hand, **learn** the real location from the pinned handle,
//! **decide** ([`massgen_permissions::Policy::decide`]), and **act** on the pinned handle with one name and no link
//! following ([`gate`]). Between the decision and the act no path is looked up again.
//!
//! The cost of an open is three more system calls than stock wasmtime-wasi needs (link check, metadata, `/proc` look-up).

mod alias;
mod atlas;
mod denial;
mod gate;
mod handle;
mod ledger;
mod mount;
mod open_file;
mod open_request;
mod resolve;
mod shared_file;
mod stat;
mod trail;
mod wasi;

pub use denial::Denial;
pub(crate) use denial::{DenialLog, Refusals};
pub(crate) use gate::{Call, Disposition, Gate, GateView, HasGate};
pub use mount::{Audit, GuestFilesystem, MountError, MountPoint};
pub(crate) use shared_file::SharedFile;
