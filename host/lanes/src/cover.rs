//! What lies over a hidden file: an empty one.

use std::io;
use std::path::PathBuf;

use tempfile::TempDir;

/// An empty file of the host's, in a directory of its own that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Cover(TempDir);

impl Cover {
    pub(crate) fn new() -> io::Result<Self> {
        let cover = Self(tempfile::tempdir()?);
        std::fs::write(cover.empty_file(), "")?;
        Ok(cover)
    }

    /// Its absolute path.
    pub(crate) fn empty_file(&self) -> PathBuf {
        self.0.path().join("empty")
    }
}
