//! Where things are in the repository.

use std::path::{Path, PathBuf};

/// The repository's folders.
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The checkout that this program was built from.
    pub(crate) fn of_this_repository() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.ancestors().nth(2).unwrap_or(xtask);
        Self {
            root: root.to_owned(),
        }
    }

    /// The checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The plugin contract and, under `deps`, the WASI interfaces.
    pub(crate) fn wit(&self) -> PathBuf {
        self.root.join("wit")
    }

    /// The workspace of the first-party plugins.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    /// The workspace of the guests that only tests run.
    pub(crate) fn test_guests(&self) -> PathBuf {
        self.root.join("tests/guests")
    }

    /// The binary that users run.
    pub(crate) fn release_binary(&self) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.root.join("target"), PathBuf::from);
        target
            .join("release")
            .join(format!("massgen{}", std::env::consts::EXE_SUFFIX))
    }
}
