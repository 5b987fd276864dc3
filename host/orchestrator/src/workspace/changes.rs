//! What the winner changed in its workspace after the answer that won: a comparison of two manifests by contents.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::manifest::{Manifest, Node};

/// Files and links that differ between two trees, by their path in the tree, sorted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In the new tree only.
    pub added: Vec<PathBuf>,
    /// In both, with other contents, another target or of another kind.
    pub modified: Vec<PathBuf>,
    /// In the old tree only.
    pub removed: Vec<PathBuf>,
}

/// Compares a workspace with an older state of it.
pub(super) fn between(old: &Manifest, new: &Manifest) -> Changes {
    let mut before: BTreeMap<PathBuf, &Node> = old.leaves().collect();
    let mut changes = Changes::default();
    for (path, node) in new.leaves() {
        match before.remove(&path) {
            Some(previous) if same(previous, node) => {}
            Some(_) => changes.modified.push(path),
            None => changes.added.push(path),
        }
    }
    changes.added.sort();
    changes.modified.sort();
    changes.removed = before.into_keys().collect();
    changes
}

/// Modes do not count: nobody who reads a delivery looks for them.
fn same(left: &Node, right: &Node) -> bool {
    match (left, right) {
        (Node::File { digest: left, .. }, Node::File { digest: right, .. }) => left == right,
        _ => left == right,
    }
}
