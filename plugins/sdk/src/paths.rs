//! Paths as models write them.

use std::path::{Component, Path, PathBuf};

use crate::{Failure, host};

/// The path that `text` means: absolute as it stands, relative from the working directory. `.` and `..` are worked out
/// on the text, so that what is checked by name, as against [`is_granted_root`], is also what is acted on.
///
/// # Errors
/// When it is empty, begins with `~` (there is no home directory here) or holds a NUL character.
pub fn resolve(text: &str) -> Result<PathBuf, Failure> {
    if text.is_empty() {
        return Err(Failure::new(
            "The path is empty. Give an absolute path, or one relative to the workspace.",
        ));
    }
    if text.starts_with('~') {
        return Err(Failure::new(format!(
            "There is no home directory here: give `{text}` as an absolute path."
        )));
    }
    if text.contains('\0') {
        return Err(Failure::new(
            "The path holds a NUL character, which no path can.",
        ));
    }
    Ok(without_steps(&host::working_directory().join(text)))
}

fn without_steps(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            // Above `/` there is only `/`, where `pop` does nothing.
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// True when `path` is the root of a granted tree or a file granted alone.
pub fn is_granted_root(path: &Path) -> bool {
    host::granted_paths()
        .iter()
        .any(|granted| granted.path == path)
}

/// What of `path`, itself or a directory above it within the grant that holds it, is a symbolic link. What is refused by
/// name must not be reached by such a way: its name there may be any.
pub fn link_on_the_way(path: &Path) -> Option<&Path> {
    path.ancestors()
        .take_while(|part| !is_granted_root(part))
        .find(|part| part.is_symlink())
}
