//! The lane as the tests use it.

use std::time::Duration;

use massgen_config::{Docker as Settings, DockerNetwork, ImageName, Limits};
use massgen_lanes::{Docker, DockerError, NativeCommand, View};
use massgen_sandbox::{Cancel, Report};

pub(crate) fn settings(image: &str) -> Settings {
    Settings {
        image: ImageName::parse(image).unwrap(),
        memory_bytes: Some(64 << 20),
        nano_cpus: None,
        network: DockerNetwork::None,
    }
}

pub(crate) async fn connect(host: &str, image: &str) -> Result<Docker, DockerError> {
    Docker::connect(Some(host), settings(image), "coder").await
}

pub(crate) fn command(line: &str, time: Duration) -> NativeCommand {
    NativeCommand {
        line: line.to_owned(),
        working_directory: "/".into(),
        limits: Limits {
            call_time: time,
            ..Limits::default()
        },
    }
}

/// Runs a command line that sees no files of the host's.
pub(crate) async fn run(lane: &Docker, line: &str, time: Duration) -> Report {
    lane.run(&command(line, time), &View::default(), &Cancel::default())
        .await
}
