//! Whether a text is a pattern over paths, before anything is built from it.

use globset::Glob;

/// Characters by which a text is a pattern and no path.
const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

/// How long a pattern may be, in bytes.
const MAX_BYTES: usize = 512;

/// True when the text means more than the one path it spells.
pub(crate) fn has_wildcards(text: &str) -> bool {
    text.contains(WILDCARDS)
}

/// What is wrong with a pattern over the path below a root.
pub(crate) fn fault(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return Some(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let bare = text.strip_suffix('/').unwrap_or(text);
    let path = bare.strip_prefix("./").unwrap_or(bare);
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Some("it is empty".to_owned());
    }
    path.split('/').find_map(|part| match part {
        "" | "." | ".." => Some("a part of it is empty, `.` or `..`".to_owned()),
        // Part by part, since no bracket spans a `/`.
        part => Glob::new(part).err().map(|error| error.kind().to_string()),
    })
}
