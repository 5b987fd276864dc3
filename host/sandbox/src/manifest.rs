//! `plugin.toml`: what a plugin is and what it asks for.

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
}

impl Manifest {
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
        match manifest.provides.iter().find(|name| !is_plain(name)) {
            Some(name) => Err(ManifestError::Provided(name.clone())),
            None => Ok(manifest),
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
