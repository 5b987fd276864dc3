//! A digest over the content of files and folders, to skip work whose inputs did not change.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::run::Failure;

/// The SHA-256, in hexadecimal, of every file under `inputs`: relative names and contents, in a
/// stable order.
///
/// # Errors
/// An input cannot be read.
pub(crate) fn of(inputs: &[PathBuf]) -> Result<String, Failure> {
    let mut digest = Sha256::new();
    for input in inputs {
        let mut files = files_under(input)?;
        files.sort();
        for file in files {
            let name = file
                .strip_prefix(input)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            let content = fs::read(&file).map_err(Failure::file("read", &file))?;
            // Lengths keep "ab" + "c" apart from "a" + "bc".
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name);
            digest.update((content.len() as u64).to_le_bytes());
            digest.update(content);
        }
    }
    Ok(digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Every file under `path`, or `path` itself where it is a file. Caches of bytecode do not count.
///
/// # Errors
/// A folder cannot be read.
pub(crate) fn files_under(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(Failure::file("list", path))? {
        let entry = entry.map_err(Failure::file("list", path))?;
        if entry.file_name() != "__pycache__" {
            files.extend(files_under(&entry.path())?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("sub")).unwrap();
        fs::write(tree.path().join("a"), "bc").unwrap();
        fs::write(tree.path().join("sub/d"), "e").unwrap();
        tree
    }

    fn fingerprint(tree: &tempfile::TempDir) -> String {
        of(&[tree.path().to_owned()]).unwrap()
    }

    #[test]
    fn equal_trees_have_equal_fingerprints() {
        assert_eq!(fingerprint(&tree()), fingerprint(&tree()));
    }

    #[test]
    fn a_changed_byte_a_new_name_and_a_moved_boundary_each_change_the_fingerprint() {
        let original = fingerprint(&tree());
        let (changed, renamed, shifted) = (tree(), tree(), tree());
        fs::write(changed.path().join("sub/d"), "f").unwrap();
        fs::rename(renamed.path().join("a"), renamed.path().join("b")).unwrap();
        fs::remove_file(shifted.path().join("a")).unwrap();
        fs::write(shifted.path().join("ab"), "c").unwrap();
        for tree in [changed, renamed, shifted] {
            assert_ne!(fingerprint(&tree), original);
        }
    }

    #[test]
    fn bytecode_caches_do_not_count() {
        let tree = tree();
        let original = fingerprint(&tree);
        fs::create_dir(tree.path().join("sub/__pycache__")).unwrap();
        fs::write(tree.path().join("sub/__pycache__/x.pyc"), "x").unwrap();
        assert_eq!(fingerprint(&tree), original);
    }

    #[test]
    fn a_missing_input_is_an_error_that_names_it() {
        let failure = of(&[PathBuf::from("/nonexistent/input")]).unwrap_err();
        assert!(
            failure
                .to_string()
                .starts_with("cannot read /nonexistent/input: "),
            "{failure}"
        );
    }
}
