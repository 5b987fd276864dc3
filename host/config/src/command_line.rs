//! The keys about an agent's command lines: whether it has any, which programs they may start, and where they run
//! (`spec/02` §2.2, `spec/04` §11).

use crate::image_name::ImageName;
use crate::plan::{CommandLine, Docker, DockerNetwork, Lane};
use crate::quantity;
use crate::section::Section;

/// Where command lines run. The original's default is `local`, which runs them with all that the user may do: so much is
/// given to nobody who has not asked for it.
#[derive(Clone, Default)]
enum Mode {
    #[default]
    Sandbox,
    Local,
    Docker,
}

const MODES: [(&str, Mode); 3] = [
    ("sandbox", Mode::Sandbox),
    ("local", Mode::Local),
    ("docker", Mode::Docker),
];

const NETWORKS: [(&str, DockerNetwork); 3] = [
    ("none", DockerNetwork::None),
    ("bridge", DockerNetwork::Bridge),
    ("host", DockerNetwork::Host),
];

/// Docker's own lower bound for a container's memory.
const LEAST_MEMORY: u64 = 6 << 20;

const MODE: &str = "command_line_execution_mode";
const ALLOWED: &str = "command_line_allowed_commands";
const BLOCKED: &str = "command_line_blocked_commands";
const IMAGE: &str = "command_line_docker_image";
const MEMORY: &str = "command_line_docker_memory_limit";
const CPUS: &str = "command_line_docker_cpu_limit";
const NETWORK: &str = "command_line_docker_network_mode";

/// The keys that are read here.
pub(crate) const KEYS: [&str; 8] = [
    "enable_mcp_command_line",
    MODE,
    ALLOWED,
    BLOCKED,
    IMAGE,
    MEMORY,
    CPUS,
    NETWORK,
];

/// Reads the keys of a `backend` section; none where the agent runs no command lines.
pub(crate) fn read(backend: &Section<'_>) -> Option<CommandLine> {
    let command_line = CommandLine {
        allowed: patterns(backend, ALLOWED),
        blocked: patterns(backend, BLOCKED),
        lane: lane(backend),
    };
    refuse_patterns_outside_the_sandbox(backend, &command_line);
    let enabled = backend.boolean("enable_mcp_command_line") == Some(true);
    enabled.then_some(command_line)
}

/// Regular expressions for whole commands (`spec/04` E3 to E5).
fn patterns(backend: &Section<'_>, key: &'static str) -> Vec<String> {
    let given = backend.texts(key).unwrap_or_default();
    for (place, pattern) in &given {
        if let Err(error) = regex::Regex::new(pattern) {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().to_owned();
            backend.findings.error(
                *place,
                &backend.key(key),
                format!("`{pattern}` is no regular expression: {reason}."),
                "Write a pattern for the whole command, for example `python .*`.",
            );
        }
    }
    given.into_iter().map(|(_, pattern)| pattern).collect()
}

/// A host process starts others without asking anybody, so that a pattern could be compared with the text of the command
/// line alone: any `sh -c`, variable or script goes round it (`spec/04` E4).
fn refuse_patterns_outside_the_sandbox(backend: &Section<'_>, command_line: &CommandLine) {
    if command_line.lane == Lane::Sandbox {
        return;
    }
    let given = [
        (ALLOWED, &command_line.allowed),
        (BLOCKED, &command_line.blocked),
    ];
    for (key, patterns) in given {
        if !patterns.is_empty() {
            backend.findings.error(
                backend.place_of(key),
                &backend.key(key),
                "patterns for commands hold in the sandbox alone: outside it nothing tells which programs a command \
                 line starts.",
                format!("Remove the patterns, or `{MODE}`."),
            );
        }
    }
}

fn lane(backend: &Section<'_>) -> Lane {
    let lane = match backend.choice(MODE, &MODES).unwrap_or_default() {
        Mode::Docker => return Lane::Docker(docker(backend)),
        Mode::Local => Lane::Local,
        Mode::Sandbox => Lane::Sandbox,
    };
    for key in [IMAGE, MEMORY, CPUS, NETWORK] {
        if let Some(node) = backend.get(key) {
            backend.findings.warning(
                node.place,
                &backend.key(key),
                "there is no container here; it is ignored.",
                format!("Add `{MODE}: docker`, or remove it."),
            );
        }
    }
    lane
}

fn docker(backend: &Section<'_>) -> Docker {
    Docker {
        image: image(backend).unwrap_or_default(),
        memory_bytes: memory(backend),
        nano_cpus: backend.quantity(CPUS, "2.0", nano_cpus),
        network: backend.choice(NETWORK, &NETWORKS).unwrap_or_default(),
    }
}

fn image(backend: &Section<'_>) -> Option<ImageName> {
    let text = backend.text(IMAGE)?;
    let image = ImageName::parse(text);
    if image.is_none() {
        backend.findings.error(
            backend.place_of(IMAGE),
            &backend.key(IMAGE),
            format!("`{text}` is no name of an image."),
            format!(
                "Write it as for `docker pull`, for example `{}`.",
                ImageName::default()
            ),
        );
    }
    image
}

fn memory(backend: &Section<'_>) -> Option<u64> {
    let bytes = backend.quantity(MEMORY, "2g", quantity::bytes)?;
    if bytes >= LEAST_MEMORY {
        return Some(bytes);
    }
    backend.findings.error(
        backend.place_of(MEMORY),
        &backend.key(MEMORY),
        format!("{bytes} bytes are less than Docker's least, 6m."),
        "Give it more, for example `2g`.",
    );
    None
}

/// A number of processors in units of 10⁻⁹. Docker knows none below 0.01; how many there are only the daemon can tell.
fn nano_cpus(text: &str) -> Option<u64> {
    let cpus: f64 = text.parse().ok()?;
    (0.01..=1e6)
        .contains(&cpus)
        .then_some((cpus * 1e9).round() as u64)
}
