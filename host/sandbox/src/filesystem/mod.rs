//! The policy filesystem: `wasi:filesystem` 0.2 with a decision before every path operation.
//!
//! Each operation goes the same way: **pin** the parent directory by a lookup that cannot leave the mount
//! ([`resolve`]), **step** through a link in last place by hand, **learn** the real location from the pinned handle,
//! **decide** ([`massgen_permissions::Policy::decide`]), and **act** on the pinned handle with one name and no link
//! following ([`gate`], [`opening`]). Between the decision and the act no path is looked up again; where a file is only to be
//! read, [`quick_open`] lets the kernel prove instead that the path is still the one decided about.
//!
//! The first open in a directory costs three more system calls than in stock wasmtime-wasi (link check, metadata, `/proc`
//! look-up); the usual further one, to read, two (what the name stands for, and what was opened; [`quick_open`]).

mod alias;
mod atlas;
mod brought;
mod denial;
mod derived;
pub(crate) mod device;
mod gate;
mod handle;
mod ledger;
mod mount;
mod open_file;
mod open_request;
mod opening;
mod quick_open;
mod resolve;
mod scratch;
mod shared_file;
mod stat;
mod trail;
mod wasi;

pub(crate) use brought::Brought;
pub use denial::Denial;
pub(crate) use denial::{DenialLog, Refusals};
pub(crate) use device::Device;
pub(crate) use gate::{Call, Gate, GateView, HasGate};
pub use mount::{Audit, GuestFilesystem, MountError, MountPoint};
pub(crate) use opening::{Disposition, Shared};
pub(crate) use resolve::error_code;
pub(crate) use shared_file::SharedFile;
