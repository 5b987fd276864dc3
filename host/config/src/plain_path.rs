//! Paths without steps that lead nowhere or back.

use std::path::{Component, Path, PathBuf};

/// The path without `.` and `..`, worked out on its text: where a link is followed on the way, that means another place.
/// Resolve links first wherever they matter.
pub fn plain_path(path: &Path) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_taken_out_and_none_leads_above_the_root() {
        for (path, plain) in [
            ("/a/./b//c/", "/a/b/c"),
            ("/a/../b/c/..", "/b"),
            ("/../../a", "/a"),
            ("a/../../b", "b"),
        ] {
            assert_eq!(plain_path(Path::new(path)), Path::new(plain), "{path}");
        }
    }
}
