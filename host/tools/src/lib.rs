//! The one registry through which an agent's tool calls go, whatever kind of tool they name.
//!
//! A [`Toolset`] is loaded once: plugins and the tools they offer. [`Toolset::for_agent`] binds it to one agent's files,
//! limits and tool filter as a [`Toolbox`], which announces tools to the model ([`Toolbox::definitions`]) and runs calls
//! ([`Toolbox::call`]). What a call may touch is decided by the handles behind [`massgen_sandbox::GuestFilesystem`],
//! never by the tool's name or its arguments.

mod background;
mod execute_command;
mod files;
mod native;
mod outcome;
mod run_python;
mod toolbox;

pub use files::{AgentPaths, agent_policy, real_location};
pub use outcome::{ToolOutcome, ToolStatus};
pub use toolbox::{BackgroundOfTurn, Toolbox, Toolset, ToolsetError, UnknownTool};
