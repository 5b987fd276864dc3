//! Precompiled components on disk, so that a component is compiled once for each machine and engine version.
//!
//! A file is named by the component's digest and by a hash of everything that the compiled code depends on: wasmtime's
//! version, the engine's settings and the CPU's features. The folder belongs to the user alone, which is checked
//! before every load, since loading compiled code means trusting it.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

/// The folder of precompiled components.
#[derive(Debug)]
pub(crate) struct ComponentCache {
    folder: PathBuf,
    engine_hash: u64,
}

impl ComponentCache {
    /// Opens or makes the folder, for the user alone.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        check_owned_by_user_alone(folder)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            engine_hash: hasher.finish(),
        })
    }

    fn file(&self, digest: &str) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.cwasm", self.engine_hash))
    }

    /// True when the component need not be compiled.
    pub(crate) fn holds(&self, digest: &str) -> bool {
        self.file(digest).is_file()
    }

    /// The precompiled component, or `None` where there is none that this engine can use.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let file = self.file(digest);
        if !file.is_file()
            || check_owned_by_user_alone(&self.folder).is_err()
            || check_owned_by_user_alone(&file).is_err()
        {
            return None;
        }
        // SAFETY: `deserialize_file` trusts the file to be what `Component::serialize` wrote. The folder and the file
        // belong to this user and nobody else may write them (just checked), files are put in place by an atomic
        // rename after a complete write (`store`), and only this module writes there. Whoever could change the file
        // could as well change this program. wasmtime itself checks version, settings and CPU features.
        #[expect(unsafe_code, reason = "proved above")]
        let component = unsafe { Component::deserialize_file(engine, &file) };
        component.inspect_err(|error| tracing::warn!(file = %file.display(), "precompiled component not used: {error}")).ok()
    }

    /// Keeps the compiled component for next time.
    pub(crate) fn store(&self, digest: &str, component: &Component) -> io::Result<()> {
        let bytes = component.serialize().map_err(io::Error::other)?;
        let file = self.file(digest);
        let unfinished = self
            .folder
            .join(format!("{digest}.{}.partial", std::process::id()));
        let mut writer = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        writer.write_all(&bytes)?;
        writer.sync_all()?;
        fs::rename(&unfinished, &file)
    }
}

/// Fails unless `path` belongs to this user and nobody else may write it.
fn check_owned_by_user_alone(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let is_mine = metadata.uid() == rustix::process::geteuid().as_raw();
    if metadata.is_symlink() || !is_mine || metadata.mode() & 0o022 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} must belong to you and be writable by nobody else; remove it or set XDG_CACHE_HOME",
                path.display()
            ),
        ));
    }
    Ok(())
}
