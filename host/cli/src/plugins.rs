//! The plugins that a run can have: those in the binary, and those that the user has installed in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use massgen_config::Environment;
use massgen_sandbox::{Commands, CommandsError, LoadError, Manifest, Plugin, Sandbox};

use crate::exit::Failure;
use crate::first_party::{PLUGINS, Packed};

/// The manifest in the folder of an installed plugin.
const MANIFEST: &str = "plugin.toml";

/// A folder of installed plugins, one folder each, instead of `~/.local/share/massgen/plugins`.
const FOLDER_VARIABLE: &str = "MASSGEN_PLUGINS";

/// Plugins that can be loaded. None of them is yet.
pub(crate) struct Plugins(Vec<Offered>);

struct Offered {
    manifest: Manifest,
    source: Source,
}

enum Source {
    Binary(&'static Packed),
    Folder(PathBuf),
}

impl Plugins {
    /// Reads the manifests.
    ///
    /// # Errors
    /// When a folder or a manifest cannot be read, or a manifest is none.
    pub(crate) fn find(environment: &Environment) -> Result<Self, Failure> {
        let mut found = Vec::new();
        for packed in PLUGINS {
            found.push(Offered {
                manifest: Manifest::parse(packed.manifest)?,
                source: Source::Binary(packed),
            });
        }
        if let Some(folder) = folder(environment) {
            for folder in installed(&folder)? {
                found.push(Offered {
                    manifest: manifest(&folder)?,
                    source: Source::Folder(folder),
                });
            }
        }
        refuse_names_given_twice(&found)?;
        Ok(Self(found))
    }

    /// Loads all of them. What was not compiled for this machine yet is compiled now, with a word about it: an
    /// interpreter takes half a minute, once.
    pub(crate) fn load(&self, sandbox: &Sandbox) -> Result<Vec<Plugin>, Failure> {
        let loaded = self.0.iter().map(|offered| offered.load(sandbox));
        loaded.collect()
    }

    /// Loads the command of this name, and what it may start: all commands, if its manifest declares that it starts
    /// some. None if no plugin provides the name.
    pub(crate) fn command(
        &self,
        sandbox: &Sandbox,
        name: &str,
    ) -> Result<Option<(Sandbox, Plugin)>, Failure> {
        let provides = |offered: &&Offered| offered.manifest.provides.iter().any(|it| it == name);
        let Some(offered) = self.0.iter().find(provides) else {
            return Ok(None);
        };
        if !offered.manifest.starts_commands() {
            return Ok(Some((sandbox.clone(), offered.load(sandbox)?)));
        }
        let commands = Commands::of(&self.load(sandbox)?)?;
        let plugin = commands.find(name);
        Ok(plugin.map(|plugin| (sandbox.clone().with_commands(commands), plugin)))
    }

    /// The names of all commands, sorted.
    pub(crate) fn command_names(&self) -> Vec<&str> {
        let provided = self.0.iter().flat_map(|offered| &offered.manifest.provides);
        let mut names: Vec<_> = provided.map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

impl Offered {
    fn load(&self, sandbox: &Sandbox) -> Result<Plugin, Failure> {
        let mut manifest = self.manifest.clone();
        let size = match &self.source {
            Source::Binary(packed) => {
                manifest.digest = Some(packed.digest.to_owned());
                packed.size as u64
            }
            Source::Folder(folder) => {
                // What cannot be read is told by the loading.
                manifest.digest = manifest.digest_in(folder).ok();
                let component = folder.join(&manifest.component).metadata();
                component.map_or(0, |file| file.len())
            }
        };
        let is_prepared = |digest: &String| sandbox.is_prepared(digest);
        if manifest.digest.as_ref().is_none_or(is_prepared) {
            return Ok(self.load_now(sandbox, manifest)?);
        }
        let name = manifest.name.clone();
        notice(&format!(
            "Preparing the plugin `{name}` ({:.1} MB) for this machine; this happens once ...",
            size as f64 / 1e6
        ));
        let started = Instant::now();
        let plugin = self.load_now(sandbox, manifest)?;
        notice(&format!(
            "The plugin `{name}` is ready after {:.1} s.",
            started.elapsed().as_secs_f64()
        ));
        Ok(plugin)
    }

    fn load_now(&self, sandbox: &Sandbox, manifest: Manifest) -> Result<Plugin, LoadError> {
        match &self.source {
            Source::Binary(packed) => {
                let unpack = || zstd::decode_all(packed.compressed);
                sandbox.load(manifest, packed.digest, unpack)
            }
            Source::Folder(folder) => sandbox.load_folder(manifest, folder),
        }
    }
}

fn refuse_names_given_twice(offered: &[Offered]) -> Result<(), CommandsError> {
    let mut provided = BTreeMap::new();
    for Offered { manifest, .. } in offered {
        for name in &manifest.provides {
            if let Some(first) = provided.insert(name, &manifest.name) {
                return Err(CommandsError::Twice {
                    name: name.clone(),
                    first: first.clone(),
                    second: manifest.name.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Where plugins are installed. Not as an `.env` file says: a folder that somebody else wrote must not add commands.
fn folder(environment: &Environment) -> Option<PathBuf> {
    if let Some(folder) = environment.own_variable(FOLDER_VARIABLE) {
        return Some(folder.into());
    }
    let data = environment
        .own_variable("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| environment.home().map(|home| home.join(".local/share")));
    data.map(|data| data.join("massgen/plugins"))
}

/// The folders of installed plugins, in the order of their names.
fn installed(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Usage(format!(
            "cannot read the folder of installed plugins, {}: {error}. Mend its permissions or name another in {FOLDER_VARIABLE}.",
            folder.display()
        ))
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.join(MANIFEST).is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn manifest(folder: &Path) -> Result<Manifest, Failure> {
    let file = folder.join(MANIFEST);
    let unusable = |reason: String| {
        Failure::Usage(format!(
            "the installed plugin {} cannot be used: {reason}. Mend it or remove the folder.",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(&file).map_err(|error| unusable(error.to_string()))?;
    Manifest::parse(&text).map_err(|error| unusable(error.to_string()))
}

#[expect(
    clippy::print_stderr,
    reason = "progress of a long start, before any display exists"
)]
fn notice(text: &str) {
    eprintln!("{text}");
}
