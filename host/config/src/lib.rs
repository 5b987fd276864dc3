//! From a user's YAML to a checked [`RunPlan`].
//!
//! Every error and warning names the file, the line, the column, the key and what was probably meant, and all of them
//! are told at once ([`ConfigError`]). Nothing here touches a provider or changes a file.

mod backend;
mod diagnostic;
mod environment;
mod limits;
mod load;
mod node;
mod plan;
mod quantity;
mod section;

pub use diagnostic::{ConfigError, Diagnostic, Severity};
pub use environment::Environment;
pub use limits::Limits;
pub use load::{find, load, parse};
pub use plan::{
    AgentId, AgentPlan, ApiKey, BackendKind, BackendPlan, ContextPath, DisplayKind, InvalidAgentId,
    OrchestratorPlan, Permission, RunPlan, ToolFilter, UiPlan,
};
