//! The lanes behind one type, so that whoever runs a command line knows no more than that there is one.

use massgen_sandbox::{Cancel, Report};

use crate::{Docker, DockerError, Local, LocalError, NativeCommand, View};

/// Where an agent's command lines run when they do not run in the sandbox.
#[derive(Debug)]
pub enum NativeLane {
    /// As processes of this machine.
    Local(Local),
    /// In containers.
    Docker(Docker),
}

/// Why this machine cannot run a lane.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The local one.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The one in containers.
    #[error(transparent)]
    Docker(#[from] DockerError),
}

impl NativeLane {
    /// Its name, as the configuration writes it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Local(_) => "local",
            Self::Docker(_) => "docker",
        }
    }

    /// What a model is told about the place in which its command lines run.
    pub const fn description(&self) -> &'static str {
        match self {
            Self::Local(_) => {
                "on the user's machine, confined to the files of the workspace and of granted paths, with the machine's \
                 programs, a private /tmp and no network"
            }
            Self::Docker(_) => {
                "in a new container for every call, with the files of the workspace and of granted paths, the programs of its \
                 image, a private /tmp and a read-only root: only files in the workspace last"
            }
        }
    }

    /// Runs a command line to its end; see the lane's own.
    pub async fn run(&self, command: &NativeCommand, view: &View, cancel: &Cancel) -> Report {
        match self {
            Self::Local(lane) => lane.run(command, view, cancel).await,
            Self::Docker(lane) => lane.run(command, view, cancel).await,
        }
    }
}
