//! From a user's YAML to a checked [`RunPlan`].
//!
//! Every error and warning names the file, the line, the column, the key and what was probably meant, and all of them
//! are told at once ([`ConfigError`]). Nothing here touches a provider or changes a file.

mod backend;
mod backend_type;
mod catalogue;
mod claude_code;
mod command_line;
mod context;
mod diagnostic;
mod environment;
mod example;
mod feature;
mod image_name;
mod limits;
mod load;
mod node;
mod pattern;
mod plain_path;
mod plan;
mod program;
mod provider;
mod provider_tool;
mod quantity;
mod section;
mod source;

pub use catalogue::{
    Capability, Catalogue, Model, Price, ProviderEntry, Rate, Tokens, TypeEntry, Usd, catalogue,
    cost_text,
};
pub use diagnostic::{ConfigError, Diagnostic, Severity};
pub use environment::Environment;
pub use example::Example;
pub use image_name::ImageName;
pub use limits::Limits;
pub use load::{check, load, parse};
pub use plain_path::plain_path;
pub use plan::{
    AgentId, AgentPlan, ApiKey, BackendKind, BackendPlan, BuiltInNames, CommandLine, ContextPath,
    DisplayKind, Docker, DockerNetwork, HiddenNames, InvalidAgentId, Lane, OrchestratorPlan,
    PathRule, PathRules, Permission, ReadBeforeDelete, RuleAccess, RunPlan, ToolFilter, UiPlan,
};
pub use program::Program;
pub use provider::Provider;
pub use provider_tool::ProviderTool;
pub use quantity::parse_bytes;
pub use section::nearest;
pub use source::{Source, find};
