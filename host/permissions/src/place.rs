//! Absolute paths as bytes, so that a decision compares prefixes and allocates nothing.

use std::borrow::Cow;
use std::path::Path;

/// `path` without empty parts and `.`; none for one that is relative or climbs by `..`, which no real location does.
pub(crate) fn plain(path: &Path) -> Option<Cow<'_, Path>> {
    let bytes = bytes(path);
    let below = bytes.strip_prefix(b"/")?;
    let mut is_plain = true;
    if !below.is_empty() {
        for part in below.split(|byte| *byte == b'/') {
            match part {
                b".." => return None,
                b"" | b"." => is_plain = false,
                _ => {}
            }
        }
    }
    Some(match is_plain {
        true => Cow::Borrowed(path),
        false => Cow::Owned(path.components().collect()),
    })
}

/// The path as bytes, `/` between its parts.
pub(crate) fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// What lies below `root` in `path`, without a leading slash; none where `path` is not in it. `/a/bc` is not in `/a/b`.
pub(crate) fn below<'a>(path: &'a [u8], root: &[u8]) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(root)?;
    if root.ends_with(b"/") || rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(b"/")
}
