//! WebAssembly components as tools: loaded with care, run with limits, and given nothing but what was granted.
//!
//! [`Sandbox::load`] takes a component with its [`Manifest`] and refuses one whose imports nothing here gates.
//! [`Sandbox::call`] runs one [`Invocation`] in a fresh instance, against the files of a [`GuestFilesystem`], within
//! [`massgen_config::Limits`], and reports what happened as a [`Report`]; whatever a guest does, the host goes on.
//!
//! An invocation and its report are data: they name the component by digest and hold no live object of the caller's.

mod approval;
mod audit;
mod cache;
mod call;
mod capture;
mod command_filter;
mod commands;
mod egress;
mod engine;
mod filesystem;
mod host_interface;
mod instance;
mod manifest;
mod memory;
mod outcome;
mod plugin;
mod process;
mod session;
mod state;

pub use approval::{Action, Answer, ApprovalRequest, Approver};
pub use audit::AuditLog;
pub use call::{Cancel, Entry, Invocation, Stdio};
pub use capture::Capture;
pub use command_filter::CommandFilter;
pub use commands::{Commands, CommandsError};
pub use egress::NetworkUse;
pub use engine::{Sandbox, SandboxError, SandboxOptions};
pub use filesystem::{Audit, Denial, GuestFilesystem, MountError, MountPoint};
pub use manifest::{Manifest, ManifestError, PluginKind};
pub use outcome::{
    Annotations, Captured, Content, LimitKind, LimitReached, Outcome, Report, ToolSpec,
};
pub use plugin::{LoadError, Plugin};
pub use session::Session;
