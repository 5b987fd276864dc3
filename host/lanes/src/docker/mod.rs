//! The Docker lane: each command line in a container of its own (`spec/04` §11.1, mended).
//!
//! The container is made from the agent's [`View`] at that moment, so that it shows what the policy allows now, the
//! winner's write access in the final presentation included; it has no capabilities, no network unless the configuration
//! says so, a read-only root and limits, and it is removed with everything in it when the command ends.

mod container;
mod engine;
mod frames;
mod image;
mod owner;

use std::sync::Arc;

use massgen_sandbox::{Cancel, Capture, LimitKind, Outcome, Report};
use reqwest::Response;
use serde::Deserialize;

use self::container::{Container, OWNER_LABEL, Recipe};
use self::engine::{Engine, EngineError};
use self::frames::Frames;
use self::owner::Owner;
use crate::command::LAST_OUTPUT;
use crate::cover::Cover;
use crate::{NativeCommand, View};

/// Why command lines cannot run in containers here.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// `DOCKER_HOST` is none that can be used.
    #[error(
        "DOCKER_HOST is `{0}`, and agents' containers run on this machine alone, for they show its files. Set it to \
         unix:///PATH/TO/docker.sock or tcp://127.0.0.1:PORT, or unset it."
    )]
    Address(String),
    /// Nothing answers.
    #[error(
        "no Docker daemon answers at {place}: {reason}. Start it (for example `sudo systemctl start docker`), see that this \
         user may use it, or remove `command_line_execution_mode: docker`: then command lines run in the sandbox."
    )]
    NoDaemon {
        /// Where.
        place: String,
        /// What came instead.
        reason: String,
    },
    /// The daemon is from before 2020.
    #[error(
        "the Docker daemon speaks version {version} of its API, and 1.41 is the oldest that will do. Install Docker 20.10 or newer."
    )]
    TooOld {
        /// Its newest version.
        version: String,
    },
    /// The image is not there and cannot be fetched.
    #[error(
        "the image `{image}` is not on this machine and could not be pulled: {reason}. Run `docker pull {image}` or build it, \
         or name another one with `command_line_docker_image`."
    )]
    Image {
        /// Its name.
        image: String,
        /// What the daemon said.
        reason: String,
    },
    /// The image is there and no command runs in it.
    #[error(
        "no command runs in a container of the image `{image}`: {reason}. It needs /bin/sh; name another image with \
         `command_line_docker_image`."
    )]
    Unusable {
        /// Its name.
        image: String,
        /// What went wrong.
        reason: String,
    },
    /// The daemon refused something else.
    #[error(
        "the Docker daemon cannot {doing}: {reason}. Look into its log, or remove `command_line_execution_mode: docker`: \
         then command lines run in the sandbox."
    )]
    Daemon {
        /// What was wanted.
        doing: &'static str,
        /// What it said.
        reason: String,
    },
    /// It could not be told later whose the containers are.
    #[error(
        "/proc does not tell about this process, and without it the containers of a run that is killed would stay for ever. \
         Mount /proc, or remove `command_line_execution_mode: docker`."
    )]
    Unowned,
    /// A place for what covers hidden files.
    #[error(
        "cannot make a temporary directory for the Docker lane: {0}. See that TMPDIR names one that may be written."
    )]
    Temporary(#[source] std::io::Error),
}

/// The Docker lane of one agent. Agents with the same settings share all but their names.
#[derive(Debug, Clone)]
pub struct Docker {
    agent: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    settings: massgen_config::Docker,
    owner: Owner,
    user: String,
    cover: Cover,
}

impl Docker {
    /// Finds the daemon at `host`, the value of `DOCKER_HOST`; removes the containers of runs that were killed; pulls
    /// the image if it is missing, and tries it.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub async fn connect(
        host: Option<&str>,
        settings: massgen_config::Docker,
        agent: &str,
    ) -> Result<Self, DockerError> {
        let engine = Engine::connect(host).await?;
        remove_abandoned(&engine).await?;
        image::ensure(&engine, &settings.image).await?;
        let shared = Shared {
            user: user(&engine).await?,
            owner: Owner::this_process().ok_or(DockerError::Unowned)?,
            engine,
            settings,
            cover: Cover::new().map_err(DockerError::Temporary)?,
        };
        let lane = Self {
            agent: agent.to_owned(),
            shared: Arc::new(shared),
        };
        lane.try_out().await?;
        Ok(lane)
    }

    /// The lane of another agent with the same settings; nothing is asked or tried again.
    #[must_use]
    pub fn of_agent(&self, agent: &str) -> Self {
        Self {
            agent: agent.to_owned(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// With what it was connected.
    pub fn settings(&self) -> &massgen_config::Docker {
        &self.shared.settings
    }

    async fn try_out(&self) -> Result<(), DockerError> {
        let report = self
            .run(
                &NativeCommand::nothing(),
                &View::default(),
                &Cancel::default(),
            )
            .await;
        let reason = match report.outcome {
            Outcome::Exited { code: 0 } => return Ok(()),
            Outcome::HostError { message } => message,
            other => format!("{other:?} {}", report.stderr.to_text()),
        };
        Err(DockerError::Unusable {
            image: self.shared.settings.image.to_string(),
            reason,
        })
    }

    /// Runs a command line until it has ended, its time is over or `cancel` says so; what it wrote by then is kept. All
    /// that it started has ended then too.
    pub async fn run(&self, command: &NativeCommand, view: &View, cancel: &Cancel) -> Report {
        let run = async |output: &[Capture; 2]| {
            let outcome = self.outcome(command, view, cancel, output).await;
            outcome.unwrap_or_else(|error| Outcome::HostError {
                message: format!("the Docker daemon did not run the command: {error}"),
            })
        };
        command.reported(run).await
    }

    async fn outcome(
        &self,
        command: &NativeCommand,
        view: &View,
        cancel: &Cancel,
        [stdout, stderr]: &[Capture; 2],
    ) -> Result<Outcome, EngineError> {
        let Shared {
            engine,
            settings,
            owner,
            user,
            cover,
        } = &*self.shared;
        let recipe = Recipe {
            settings,
            owner,
            agent: &self.agent,
            command,
            view,
            empty_file: &cover.empty_file(),
            user,
        };
        let container = Container::create(engine, &recipe).await?;
        // Before it starts, or what it says first would be lost.
        let attached = container.path("/attach?stream=1&stdout=1&stderr=1");
        let attached = engine.stream(&attached).await?;
        let frames = Frames::new(stdout.clone(), stderr.clone());
        let mut reading = tokio::spawn(keep(attached, frames));
        let start = container.path("/start");
        tokio::select! {
            started = engine.tell(&start) => started?,
            () = cancel.cancelled() => {
                container.remove().await?;
                return Ok(Outcome::Cancelled);
            }
        }
        let wait = container.path("/wait?condition=not-running");
        let ended = tokio::select! {
            ended = engine.wait::<Waited>(&wait) => Some(ended?),
            () = tokio::time::sleep(command.limits.call_time) => None,
            () = cancel.cancelled() => None,
        };
        let outcome = match ended {
            Some(waited) => {
                let _ = tokio::time::timeout(LAST_OUTPUT, &mut reading).await;
                self.ended(&container, waited.status_code, command).await?
            }
            None if cancel.is_cancelled() => Outcome::Cancelled,
            None => Outcome::Timeout {
                after: command.limits.call_time,
            },
        };
        container.remove().await?;
        if !reading.is_finished() {
            let _ = tokio::time::timeout(LAST_OUTPUT, &mut reading).await;
            reading.abort();
        }
        Ok(outcome)
    }

    /// How a command that ended by itself did.
    async fn ended(
        &self,
        container: &Container,
        status: i64,
        command: &NativeCommand,
    ) -> Result<Outcome, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Inspected {
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            #[serde(rename = "OOMKilled")]
            oom_killed: bool,
        }
        let inspected: Inspected = self.shared.engine.get(&container.path("/json")).await?;
        if inspected.state.oom_killed && status != 0 {
            let settings = &self.shared.settings;
            let memory = settings.memory_bytes.unwrap_or(command.limits.memory_bytes);
            return Ok(Outcome::Limit {
                limit: LimitKind::Memory,
                message: format!(
                    "the command wanted more than the {memory} bytes of memory of its container"
                ),
            });
        }
        Ok(Outcome::Exited {
            code: u8::try_from(status).unwrap_or(u8::MAX),
        })
    }
}

/// The answer to `POST /containers/{id}/wait`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Waited {
    status_code: i64,
}

/// Reads a container's output to its end.
async fn keep(mut attached: Response, mut frames: Frames) {
    loop {
        match attached.chunk().await {
            Ok(Some(piece)) => {
                if let Err(error) = frames.take(&piece) {
                    tracing::warn!(%error, "the rest of a command's output is lost");
                    return;
                }
            }
            // A container that is removed takes its connection along.
            Ok(None) | Err(_) => return,
        }
    }
}

/// Who the processes are: this user, to whom the agents' folders belong. A daemon without root maps its root to the user.
async fn user(engine: &Engine) -> Result<String, DockerError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Info {
        #[serde(default)]
        security_options: Vec<String>,
    }
    let info: Info = engine
        .get("/info")
        .await
        .map_err(|error| DockerError::Daemon {
            doing: "tell about itself",
            reason: error.to_string(),
        })?;
    let rootless = info
        .security_options
        .iter()
        .any(|option| option.contains("name=rootless"));
    Ok(match rootless {
        true => "0:0".to_owned(),
        false => format!(
            "{}:{}",
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw()
        ),
    })
}

/// Removes the containers of processes that were killed.
async fn remove_abandoned(engine: &Engine) -> Result<(), DockerError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Listed {
        id: String,
        labels: std::collections::BTreeMap<String, String>,
    }
    let failed = |error: EngineError| DockerError::Daemon {
        doing: "remove the containers of a run that was killed",
        reason: error.to_string(),
    };
    // {"label":["massgen.owner"]}
    let filter = format!("%7B%22label%22%3A%5B%22{OWNER_LABEL}%22%5D%7D");
    let path = format!("/containers/json?all=1&filters={filter}");
    let listed: Vec<Listed> = engine.get(&path).await.map_err(failed)?;
    for container in listed {
        let owner = container.labels.get(OWNER_LABEL);
        if owner
            .and_then(|text| Owner::parse(text))
            .is_some_and(|owner| owner.has_ended())
        {
            container::remove(engine, &container.id)
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}
