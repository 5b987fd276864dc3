//! `plugin.toml`: what a plugin is and what it asks for.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a component is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginKind {
    /// Exports `massgen:plugin/tools`.
    Tools,
    /// Exports `wasi:cli/run`: arguments and standard input in; output and an exit code out.
    Command,
}

/// The manifest of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its id; `[a-z0-9_-]{1,64}`.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// How it is run.
    pub kind: PluginKind,
    /// Interface packages (`wasi:filesystem`) or interfaces (`massgen:plugin/host`) that the component may import.
    pub imports: Vec<String>,
    /// The names under which guests start the command, e.g. `python` and `python3`.
    #[serde(default)]
    pub provides: Vec<String>,
    /// The component of a plugin in a folder of its own, beside the manifest.
    #[serde(default = "default_component")]
    pub component: PathBuf,
    /// BLAKE3 of the component in hexadecimal. Where it is given, the component is held against it, and read only when
    /// it must be compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Folders beside the manifest that the command needs, by the absolute path at which every command of a call finds
    /// them. They are read-only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<PathBuf, PathBuf>,
    /// Arguments of the command's that come before those of the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Folders in which the command looks for what a system may have. That it may not look there is in the audit, and is
    /// not told to the user and the model as something refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<PathBuf>,
    /// Environment variables that the command has where the call sets no others; `${cwd}` in a value stands for the
    /// directory of the call.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

fn default_component() -> PathBuf {
    "plugin.wasm".into()
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not the fields of a manifest.
    #[error("plugin manifest: {0}")]
    Syntax(#[from] toml::de::Error),
    /// The name has characters that tool names and paths cannot have.
    #[error(
        "plugin manifest: the name `{0}` must be 1 to 64 of the characters a-z, 0-9, `_` and `-`"
    )]
    Name(String),
    /// A command name that no command line could name.
    #[error(
        "plugin manifest: `{0}` cannot be a command's name: it must be a plain name without `/`, blanks or control characters"
    )]
    Provided(String),
    /// A path that leads out of the plugin's folder.
    #[error(
        "plugin manifest: `{}` must be a path below the manifest's own folder, without `..`",
        .0.display()
    )]
    Outside(PathBuf),
    /// A place for files that no guest path could name.
    #[error(
        "plugin manifest: files can be put at an absolute path without `..` that is not the root, which `{}` is not",
        .0.display()
    )]
    Place(PathBuf),
}

impl Manifest {
    /// The manifest of a component that imports these packages and provides no commands.
    pub fn new<'a>(
        name: &str,
        kind: PluginKind,
        imports: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            description: String::new(),
            kind,
            imports: imports.into_iter().map(str::to_owned).collect(),
            provides: Vec::new(),
            component: default_component(),
            digest: None,
            files: BTreeMap::new(),
            arguments: Vec::new(),
            probes: Vec::new(),
            environment: BTreeMap::new(),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When the text is no manifest or the name is not usable.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        let name = manifest.name.as_bytes();
        let plain = |byte: &u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
        };
        if name.is_empty() || name.len() > 64 || !name.iter().all(plain) {
            return Err(ManifestError::Name(manifest.name));
        }
        let is_plain = |name: &String| {
            !name.is_empty()
                && !name.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control())
        };
        if let Some(name) = manifest.provides.iter().find(|name| !is_plain(name)) {
            return Err(ManifestError::Provided(name.clone()));
        }
        let beside = manifest.files.values().chain([&manifest.component]);
        if let Some(path) = beside.into_iter().find(|path| !descends(path)) {
            return Err(ManifestError::Outside(path.clone()));
        }
        let is_place = |path: &Path| path.strip_prefix("/").is_ok_and(descends);
        match manifest.files.keys().find(|path| !is_place(path)) {
            Some(path) => Err(ManifestError::Place(path.clone())),
            None => Ok(manifest),
        }
    }

    /// The digest of the component in this folder: as given, or of what lies there, which is then read whole.
    ///
    /// # Errors
    /// When it must be read and cannot.
    pub fn digest_in(&self, folder: &Path) -> std::io::Result<String> {
        match &self.digest {
            Some(digest) => Ok(digest.clone()),
            None => {
                let component = std::fs::read(folder.join(&self.component))?;
                Ok(blake3::hash(&component).to_hex().to_string())
            }
        }
    }

    /// True when it asks for the right to start commands.
    pub fn starts_commands(&self) -> bool {
        self.declares("massgen:plugin/process")
    }

    /// True when the manifest declares the import `interface`, given without its version.
    pub(crate) fn declares(&self, interface: &str) -> bool {
        self.imports.iter().any(|declared| {
            interface == declared
                || interface
                    .strip_prefix(declared.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// True for a relative path that names something below where it starts.
fn descends(path: &Path) -> bool {
    let is_name = |part| matches!(part, Component::Normal(_));
    path.components().next().is_some() && path.components().all(is_name)
}
