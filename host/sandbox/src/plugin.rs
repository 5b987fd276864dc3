//! Loading a component: what it is, what it wants, and whether it may have that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre};

use crate::engine::Sandbox;
use crate::filesystem::Brought;
use crate::state::State;
use crate::{Manifest, MountError, PluginKind};

/// Interface packages that the host gates, with the version line it speaks. WASI 0.3 and wasip1 have other traits and
/// other holes: they are not here until something stands in front of them.
const GATED: [(&str, &str); 8] = [
    ("wasi:cli", "0.2."),
    ("wasi:clocks", "0.2."),
    ("wasi:filesystem", "0.2."),
    ("wasi:http", "0.2."),
    ("wasi:io", "0.2."),
    ("wasi:random", "0.2."),
    ("wasi:sockets", "0.2."),
    ("massgen:plugin", "0.1."),
];

/// A component that was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It imports something that nothing here gates.
    #[error("plugin `{plugin}` wants {}: this host does not offer it. Build the plugin without it.", .imports.join(", "))]
    Ungated {
        /// The plugin.
        plugin: String,
        /// The imports, with versions.
        imports: Vec<String>,
    },
    /// It imports something that its manifest does not declare.
    #[error("plugin `{plugin}` imports {}, which its manifest does not declare. Add it to `imports` in plugin.toml if the plugin is meant to have it.", .imports.join(", "))]
    Undeclared {
        /// The plugin.
        plugin: String,
        /// The imports, with versions.
        imports: Vec<String>,
    },
    /// It does not export what its kind promises.
    #[error("plugin `{plugin}` is declared as {kind} but does not export {export}")]
    WrongKind {
        /// The plugin.
        plugin: String,
        /// The declared kind.
        kind: &'static str,
        /// What is missing.
        export: &'static str,
    },
    /// Its component cannot be read.
    #[error(
        "plugin `{plugin}`: cannot read its component {component}: {source}. Install the plugin again, or remove its folder."
    )]
    Unreadable {
        /// The plugin.
        plugin: String,
        /// The file, or what stands for it.
        component: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its component is not the one that the digest names.
    #[error(
        "plugin `{plugin}`: its component has the digest {found} and not {digest}, which its manifest names. Install the plugin again, or correct `digest` if you have changed the component."
    )]
    Changed {
        /// The plugin.
        plugin: String,
        /// The digest that was named.
        digest: String,
        /// The component's own.
        found: String,
    },
    /// Its manifest names files, and there is no folder in which they could be.
    #[error(
        "plugin `{plugin}`: its manifest names files, which only a plugin in a folder of its own can bring along"
    )]
    NoFolder {
        /// The plugin.
        plugin: String,
    },
    /// The folder that the plugin's files are in cannot be opened.
    #[error("plugin `{plugin}` brings files: {reason}")]
    Files {
        /// The plugin.
        plugin: String,
        /// What is wrong with which folder.
        reason: MountError,
    },
    /// The bytes are no component, or the component cannot be linked.
    #[error(
        "plugin `{plugin}` cannot be loaded: {reason:#}. It must be a WebAssembly component (wasm32-wasip2)."
    )]
    Invalid {
        /// The plugin.
        plugin: String,
        /// The engine's reason.
        reason: wasmtime::Error,
    },
}

impl LoadError {
    fn unreadable(manifest: &Manifest, component: &Path, source: std::io::Error) -> Self {
        Self::Unreadable {
            plugin: manifest.name.clone(),
            component: component.display().to_string(),
            source,
        }
    }
}

/// A loaded component. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<PluginInner>,
}

pub(crate) struct PluginInner {
    pub(crate) manifest: Manifest,
    pub(crate) digest: String,
    pub(crate) instance: InstancePre<State>,
    /// Where it is installed, if not in the binary.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) files: Option<Brought>,
}

/// Where a plugin lies that has a folder of its own, and what it brings along.
#[derive(Default)]
struct Installed {
    folder: Option<PathBuf>,
    files: Option<Brought>,
}

impl Plugin {
    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The folder in which the user has installed it; none for what came in bytes.
    pub fn folder(&self) -> Option<&Path> {
        self.inner.folder.as_deref()
    }

    /// BLAKE3 of the component's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }
}

impl Sandbox {
    /// True when a component of this digest can be loaded without compiling it.
    pub fn is_prepared(&self, digest: &str) -> bool {
        self.inner.cache.holds(digest)
    }

    /// Loads a component, compiling it unless it was compiled before. `bytes` is asked only when it must be compiled;
    /// `digest` is the BLAKE3 of those bytes in hexadecimal. Compiling takes from a fraction of a second to half a
    /// minute for an interpreter: call it where blocking is allowed.
    ///
    /// # Errors
    /// When the component imports something that is not gated or not declared, or is not what its manifest says.
    pub fn load(
        &self,
        manifest: Manifest,
        digest: &str,
        bytes: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<Plugin, LoadError> {
        self.load_installed(manifest, digest, bytes, Installed::default())
    }

    fn load_installed(
        &self,
        manifest: Manifest,
        digest: &str,
        bytes: impl FnOnce() -> std::io::Result<Vec<u8>>,
        installed: Installed,
    ) -> Result<Plugin, LoadError> {
        if installed.folder.is_none() && !manifest.files.is_empty() {
            return Err(LoadError::NoFolder {
                plugin: manifest.name,
            });
        }
        let component = match self.inner.cache.load(&self.inner.engine, digest) {
            Some(component) => component,
            None => self.compile(&manifest, digest, bytes)?,
        };
        self.check(&manifest, &component)?;
        let instance = self
            .inner
            .linker
            .instantiate_pre(&component)
            .map_err(|reason| LoadError::Invalid {
                plugin: manifest.name.clone(),
                reason,
            })?;
        Ok(Plugin {
            inner: Arc::new(PluginInner {
                manifest,
                digest: digest.to_owned(),
                instance,
                folder: installed.folder,
                files: installed.files,
            }),
        })
    }

    /// Loads the plugin of this manifest from the folder in which it lies with its component and its files.
    ///
    /// # Errors
    /// As [`Sandbox::load`], and when a folder that the manifest names cannot be opened.
    pub fn load_folder(&self, manifest: Manifest, folder: &Path) -> Result<Plugin, LoadError> {
        let component = folder.join(&manifest.component);
        let digest = manifest
            .digest_in(folder)
            .map_err(|source| LoadError::unreadable(&manifest, &component, source))?;
        let files = Brought::open(folder, &manifest.files).map_err(|reason| LoadError::Files {
            plugin: manifest.name.clone(),
            reason,
        })?;
        let installed = Installed {
            folder: Some(folder.to_owned()),
            files,
        };
        self.load_installed(manifest, &digest, || std::fs::read(&component), installed)
    }

    /// Loads a component from its bytes.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub fn load_bytes(&self, manifest: Manifest, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let digest = blake3::hash(bytes).to_hex();
        self.load(manifest, &digest, || Ok(bytes.to_vec()))
    }

    fn compile(
        &self,
        manifest: &Manifest,
        digest: &str,
        bytes: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<Component, LoadError> {
        let invalid = |reason| LoadError::Invalid {
            plugin: manifest.name.clone(),
            reason,
        };
        let bytes = bytes()
            .map_err(|source| LoadError::unreadable(manifest, &manifest.component, source))?;
        let found = blake3::hash(&bytes).to_hex();
        if found.as_str() != digest {
            return Err(LoadError::Changed {
                plugin: manifest.name.clone(),
                digest: digest.to_owned(),
                found: found.to_string(),
            });
        }
        let component = Component::new(&self.inner.engine, &bytes).map_err(invalid)?;
        if let Err(error) = self.inner.cache.store(digest, &component) {
            tracing::warn!(plugin = %manifest.name, "compiled component not kept, it will be compiled again: {error}");
        }
        Ok(component)
    }

    /// Holds the component's imports and exports against what the host gates and the manifest declares.
    fn check(&self, manifest: &Manifest, component: &Component) -> Result<(), LoadError> {
        let shape = component.component_type();
        let imports: Vec<String> = shape
            .imports(&self.inner.engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        let plugin = manifest.name.clone();
        let ungated: Vec<_> = imports
            .iter()
            .filter(|import| !is_gated(import))
            .cloned()
            .collect();
        if !ungated.is_empty() {
            return Err(LoadError::Ungated {
                plugin,
                imports: ungated,
            });
        }
        let undeclared: Vec<_> = imports
            .iter()
            .filter(|import| !manifest.declares(split_version(import).0))
            .cloned()
            .collect();
        if !undeclared.is_empty() {
            return Err(LoadError::Undeclared {
                plugin,
                imports: undeclared,
            });
        }
        let (kind, export) = match manifest.kind {
            PluginKind::Tools => ("a tool plugin", "massgen:plugin/tools"),
            PluginKind::Command => ("a command", "wasi:cli/run"),
        };
        let mut exports = shape.exports(&self.inner.engine);
        let exported = exports.any(|(name, item)| {
            split_version(name).0 == export
                && matches!(item.ty, ComponentItem::ComponentInstance(_))
        });
        if exported {
            Ok(())
        } else {
            Err(LoadError::WrongKind {
                plugin,
                kind,
                export,
            })
        }
    }
}

/// `wasi:io/streams@0.2.6` as `wasi:io/streams` and `0.2.6`.
fn split_version(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

fn is_gated(import: &str) -> bool {
    let (interface, version) = split_version(import);
    let package = interface
        .split_once('/')
        .map_or(interface, |(package, _)| package);
    GATED
        .iter()
        .any(|(gated, line)| *gated == package && version.starts_with(line))
}
