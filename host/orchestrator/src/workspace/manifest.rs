//! What a workspace held at a moment: an immutable list of its entries, in which contents stand by their digest. It is
//! stored as JSON Lines, a header and then one entry a line, so that it can be read without MassGen.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rustix::fs::{Stat, Timespec, Timestamps, UTIME_OMIT};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::contents::{Contents, Digest};

/// Version of the format, in the header.
const VERSION: u32 = 1;

/// The entries of a tree, each directory before what it holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) entries: Vec<Entry>,
}

/// An entry of a tree. It has a depth and no path: in a deep tree the paths would need space of the square of the depth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Number of directories above it. It belongs to the last directory before it that is one less deep.
    pub(super) depth: usize,
    pub(super) name: Name,
    pub(super) modified: Time,
    #[serde(rename = "is")]
    pub(super) node: Node,
}

/// What an entry is. Modes are the permission bits of `stat(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Node {
    Directory {
        mode: u32,
    },
    File {
        mode: u32,
        size: u64,
        digest: Digest,
    },
    Link {
        target: Name,
    },
}

impl Node {
    pub(super) fn file(mode: u32, contents: Contents) -> Self {
        Self::File {
            mode,
            size: contents.size,
            digest: contents.digest,
        }
    }
}

/// A file name or link target: any bytes. Written as text where it is UTF-8, else as a list of byte values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(pub(super) OsString);

/// Seconds and nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Time(pub(super) i64, pub(super) u32);

impl Time {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the types of these fields differ from platform to platform"
    )]
    pub(super) fn modified(stat: &Stat) -> Self {
        Self(stat.st_mtime as i64, stat.st_mtime_nsec as u32)
    }

    #[expect(
        clippy::unnecessary_cast,
        reason = "the types of these fields differ from platform to platform"
    )]
    pub(super) fn changed(stat: &Stat) -> Self {
        Self(stat.st_ctime as i64, stat.st_ctime_nsec as u32)
    }

    /// As a time of modification; the time of access stays what it is.
    pub(super) fn to_set(self) -> Timestamps {
        Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: self.0 as _,
                tv_nsec: self.1 as _,
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    massgen_snapshot: u32,
    entries: usize,
}

impl Manifest {
    /// The manifest as it is stored.
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let header = Header {
            massgen_snapshot: VERSION,
            entries: self.entries.len(),
        };
        let mut bytes = serde_json::to_vec(&header)?;
        bytes.push(b'\n');
        for entry in &self.entries {
            serde_json::to_writer(&mut bytes, entry)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// Reads a stored manifest. It is taken for what a stranger may have written: names lead nowhere but into their
    /// own directory, and each entry has one.
    ///
    /// # Errors
    /// A line cannot be read or does not fit the lines before it, or lines are missing.
    pub(super) fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let header: Header = serde_json::from_slice(lines.next().unwrap_or_default())
            .map_err(|error| invalid(1, &error.to_string()))?;
        if header.massgen_snapshot != VERSION {
            let found = header.massgen_snapshot;
            let reason = format!("its version is {found}, and this MassGen reads {VERSION}");
            return Err(invalid(1, &reason));
        }
        let mut entries: Vec<Entry> = Vec::new();
        for (line, number) in lines.zip(2..) {
            let entry: Entry = serde_json::from_slice(line)
                .map_err(|error| invalid(number, &error.to_string()))?;
            check(&entry, entries.last()).map_err(|reason| invalid(number, reason))?;
            entries.push(entry);
        }
        if entries.len() != header.entries {
            let reason = format!("{} entries follow, not {}", entries.len(), header.entries);
            return Err(invalid(1, &reason));
        }
        Ok(Self { entries })
    }

    /// The files and links with their paths in the tree.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (PathBuf, &Node)> {
        let mut above: Vec<&OsStr> = Vec::new();
        self.entries.iter().filter_map(move |entry| {
            above.truncate(entry.depth);
            if let Node::Directory { .. } = entry.node {
                above.push(&entry.name.0);
                return None;
            }
            let path = above.iter().copied().chain([entry.name.0.as_os_str()]);
            Some((path.collect(), &entry.node))
        })
    }
}

fn check(entry: &Entry, before: Option<&Entry>) -> Result<(), &'static str> {
    let name = entry.name.0.as_bytes();
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Err("the name is none that a directory can hold");
    }
    let deepest = before.map_or(0, |before| {
        before.depth + usize::from(matches!(before.node, Node::Directory { .. }))
    });
    if entry.depth > deepest {
        return Err("no directory before it is one less deep");
    }
    Ok(())
}

fn invalid(line: usize, reason: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("line {line} of the manifest cannot be used: {reason}"),
    )
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelling {
    Text(String),
    Bytes(Vec<u8>),
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_seq(self.0.as_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Spelling::deserialize(deserializer)? {
            Spelling::Text(text) => text.into(),
            Spelling::Bytes(bytes) => OsString::from_vec(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn entry(depth: usize, name: &[u8], node: Node) -> Entry {
        Entry {
            depth,
            name: Name(OsString::from_vec(name.to_vec())),
            modified: Time(1_000_000_000, 5),
            node,
        }
    }

    fn read(lines: &str) -> String {
        Manifest::from_bytes(lines.as_bytes())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_written_whatever_its_names() {
        let link = || Node::Link {
            target: Name(OsString::from_vec(b"\xff/../..".to_vec())),
        };
        let manifest = Manifest {
            entries: vec![
                entry(0, b"caf\xe9", Node::Directory { mode: 0o750 }),
                entry(1, b"line\nbreak \"quoted\"", link()),
                entry(1, "Größe".as_bytes(), Node::Directory { mode: 0o777 }),
                entry(0, b"z", link()),
            ],
        };
        let bytes = manifest.to_bytes().unwrap();
        assert_eq!(Manifest::from_bytes(&bytes).unwrap(), manifest);
        let paths: Vec<PathBuf> = manifest.leaves().map(|(path, _)| path).collect();
        let first = OsString::from_vec(b"caf\xe9/line\nbreak \"quoted\"".to_vec());
        assert_eq!(paths, [PathBuf::from(first), PathBuf::from("z")]);
    }

    #[test]
    fn names_that_lead_out_of_their_directory_are_refused() {
        for name in ["..", ".", "", "a/b", "/etc", "nul\\u0000"] {
            let lines = format!(
                "{{\"massgen_snapshot\":1,\"entries\":1}}\n{{\"depth\":0,\"name\":\"{name}\",\"modified\":[0,0],\"is\":{{\"directory\":{{\"mode\":0}}}}}}\n"
            );
            let error = read(&lines);
            assert!(
                error.contains("line 2") && error.contains("none that a directory"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_entry_without_its_directory_is_refused() {
        let link = "\"name\":\"a\",\"modified\":[0,0],\"is\":{\"link\":{\"target\":\"b\"}}}";
        let header = "{\"massgen_snapshot\":1,\"entries\":2}";
        let lines = format!("{header}\n{{\"depth\":0,{link}\n{{\"depth\":1,{link}\n");
        assert!(read(&lines).contains("line 3 of the manifest cannot be used: no directory"));
    }

    #[test]
    fn half_a_manifest_and_one_of_another_version_are_refused() {
        assert!(read("").contains("line 1"));
        assert!(
            read("{\"massgen_snapshot\":1,\"entries\":3}\n").contains("0 entries follow, not 3")
        );
        assert!(read("{\"massgen_snapshot\":9,\"entries\":0}\n").contains("its version is 9"));
    }
}
