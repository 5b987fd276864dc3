//! Native lanes: command lines that run as host processes, in a container or in a sandbox of the operating system. They
//! are weaker than the components of [`massgen_sandbox`], never the default, and marked as weaker wherever they show.
//!
//! Every lane is given the same [`View`] of an agent's files, made from its policy, runs the same [`NativeCommand`] and
//! answers with the same [`massgen_sandbox::Report`] as a call into the sandbox.

mod command;
mod confinement;
mod cover;
mod docker;
mod lane;
mod local;
mod process_limit;
mod survey;
mod view;

pub use command::NativeCommand;
pub use docker::{Docker, DockerError};
pub use lane::{LaneError, NativeLane};
pub use local::{Local, LocalError};
pub use view::{Bind, Shown, View, ViewError};
