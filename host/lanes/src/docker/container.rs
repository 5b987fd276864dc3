//! The container of one command: what it is made of, and that it is gone afterwards.

use std::path::Path;

use massgen_config::DockerNetwork;
use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::{Engine, EngineError};
use super::owner::Owner;
use crate::{Bind, NativeCommand, Shown, View};

/// The label of all our containers; its value is the process they belong to.
pub(super) const OWNER_LABEL: &str = "massgen.owner";

/// Takes bash where the image has it, as the sandbox's shell is one.
const SHELL: &str =
    r#"if command -v bash >/dev/null 2>&1; then exec bash -c "$1"; else exec sh -c "$1"; fi"#;

/// Everything a container is made from.
pub(super) struct Recipe<'a> {
    pub(super) settings: &'a massgen_config::Docker,
    pub(super) owner: &'a Owner,
    /// The id of the agent whose command it is, for those who list containers.
    pub(super) agent: &'a str,
    pub(super) command: &'a NativeCommand,
    pub(super) view: &'a View,
    /// An empty file of the host's, which covers hidden ones.
    pub(super) empty_file: &'a Path,
    /// `UID:GID` of the processes.
    pub(super) user: &'a str,
}

impl Recipe<'_> {
    /// The body of `POST /containers/create`.
    fn body(&self) -> Value {
        let limits = &self.command.limits;
        let memory = self.settings.memory_bytes.unwrap_or(limits.memory_bytes);
        let mounts: Vec<Value> = self
            .view
            .binds
            .iter()
            .map(|bind| self.mount(bind))
            .collect();
        let mut host = json!({
            "Mounts": mounts,
            "Tmpfs": { "/tmp": format!("rw,nosuid,nodev,exec,mode=1777,size={memory}") },
            "ReadonlyRootfs": true,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "NetworkMode": network(self.settings.network),
            "PidsLimit": self.command.most_processes(),
            "Memory": memory,
            // As much as memory alone: no swap.
            "MemorySwap": memory,
            "Init": true,
            // What it writes goes to us and is kept by us; the daemon would put all of it on disk.
            "LogConfig": { "Type": "none" },
            "Ulimits": [
                { "Name": "core", "Soft": 0, "Hard": 0 },
                { "Name": "fsize", "Soft": limits.largest_file, "Hard": limits.largest_file },
                { "Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files },
            ],
        });
        if let Some(cpus) = self.settings.nano_cpus {
            host["NanoCpus"] = json!(cpus);
        }
        json!({
            "Image": self.settings.image.as_str(),
            "Entrypoint": ["/bin/sh", "-c", SHELL, "sh"],
            "Cmd": [self.command.line],
            "User": self.user,
            "WorkingDir": self.command.working_directory,
            "Env": ["HOME=/tmp", "LANG=C.UTF-8", "TERM=dumb"],
            "Labels": {
                OWNER_LABEL: self.owner.to_string(),
                "massgen.agent": self.agent,
            },
            "AttachStdout": true,
            "AttachStderr": true,
            "Tty": false,
            "OpenStdin": false,
            "HostConfig": host,
        })
    }

    fn mount(&self, bind: &Bind) -> Value {
        let from = |source: &Path, read_only: bool| {
            json!({
                "Type": "bind", "Source": source, "Target": bind.path, "ReadOnly": read_only,
                "BindOptions": { "Propagation": "rprivate" },
            })
        };
        match bind.shown {
            Shown::Writable => from(&bind.path, false),
            Shown::ReadOnly => from(&bind.path, true),
            Shown::EmptyFile => from(self.empty_file, true),
            Shown::EmptyDirectory => json!({
                "Type": "tmpfs", "Target": bind.path, "ReadOnly": true,
                "TmpfsOptions": { "SizeBytes": 4096, "Mode": 0o755 },
            }),
        }
    }
}

const fn network(network: DockerNetwork) -> &'static str {
    match network {
        DockerNetwork::None => "none",
        DockerNetwork::Bridge => "bridge",
        DockerNetwork::Host => "host",
    }
}

/// A container of the daemon's, which is removed with all that runs in it when this is dropped.
#[derive(Debug)]
pub(super) struct Container {
    engine: Engine,
    id: String,
    is_there: bool,
}

impl Container {
    /// Makes it, without starting anything.
    pub(super) async fn create(engine: &Engine, recipe: &Recipe<'_>) -> Result<Self, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Created {
            id: String,
        }
        let name = name(recipe.agent);
        let path = format!("/containers/create?name={name}");
        let (engine, body) = (engine.clone(), recipe.body());
        // A task of its own, so that a container whose command nobody waits for any more is removed once it is made.
        let made = tokio::spawn(async move {
            let created: Created = engine.post(&path, &body).await?;
            Ok(Self {
                engine,
                id: created.id,
                is_there: true,
            })
        });
        made.await
            .unwrap_or_else(|panic| Err(EngineError::Task(panic)))
    }

    /// The path of one of its resources.
    pub(super) fn path(&self, resource: &str) -> String {
        format!("/containers/{}{resource}", self.id)
    }

    /// Ends everything in it and removes it.
    pub(super) async fn remove(mut self) -> Result<(), EngineError> {
        let removed = remove(&self.engine, &self.id).await;
        // Where the daemon said no, another attempt would be told the same; those that come later sweep.
        self.is_there = false;
        removed
    }
}

/// Removes a container that may have gone by itself.
pub(super) async fn remove(engine: &Engine, id: &str) -> Result<(), EngineError> {
    match engine
        .delete(&format!("/containers/{id}?force=1&v=1"))
        .await
    {
        Err(error) if error.is_not_found() => Ok(()),
        removed => removed,
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.is_there {
            let (engine, id) = (self.engine.clone(), std::mem::take(&mut self.id));
            runtime.spawn(async move {
                if let Err(error) = remove(&engine, &id).await {
                    tracing::warn!(%error, id, "a container was not removed");
                }
            });
        }
    }
}

/// A name that no other container has; of the agent's id only what Docker allows in names.
fn name(agent: &str) -> String {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "_.-".contains(*letter);
    let agent: String = agent.chars().filter(allowed).take(40).collect();
    format!("massgen-{agent}-{:016x}", fastrand::u64(..))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_holds_what_docker_allows_and_is_used_once() {
        let first = name("über agent/1");
        assert!(first.starts_with("massgen-beragent1-"), "{first}");
        assert_ne!(first, name("über agent/1"));
    }
}
