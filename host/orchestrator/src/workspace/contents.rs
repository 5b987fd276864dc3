//! The contents of a file and their digest. Contents pass through here block by block, so that copying and hashing are
//! one pass, and holes cost nothing: a guest can make a huge file out of nothing.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, Stat, seek};
use rustix::io::Errno;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Length in bytes of a block. Part of the meaning of every [`Digest`].
pub(super) const BLOCK: usize = 64 * 1024;

/// Keeps these digests apart from the BLAKE3 of the bare bytes, which they are not.
const CONTEXT: &str = "massgen snapshots 2026-11 contents of a file, without blocks of zeros";

/// Unit of `st_blocks` (`stat(2)`).
const STAT_BLOCK: u64 = 512;

/// Names contents: the BLAKE3 of every [`BLOCK`] that is not all zeros, each after its number in the file (64 bits,
/// little-endian), and of the length at the end. Blocks of zeros are left out, so the digest is the same wherever a
/// filesystem keeps a hole, and that of a huge empty file takes no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest(blake3::Hash);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        blake3::Hash::from_hex(text)
            .map(Self)
            .map_err(de::Error::custom)
    }
}

/// Contents that were read to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) digest: Digest,
    /// Bytes read, holes included.
    pub(super) size: u64,
}

/// Which side of a pass failed.
#[derive(Debug)]
pub(super) enum PassError {
    Reading(io::Error),
    Writing(io::Error),
}

impl From<PassError> for io::Error {
    fn from(error: PassError) -> Self {
        match error {
            PassError::Reading(error) | PassError::Writing(error) => error,
        }
    }
}

/// Reads as many bytes as `stat` promises, or fewer if the file ends before, and hands each block that is not all zeros
/// to `sink` with its position.
pub(super) fn pass(
    source: &File,
    stat: &Stat,
    mut sink: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> Result<Contents, PassError> {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    let mut end = stat.st_size as u64;
    let sparse = (stat.st_blocks as u64).saturating_mul(STAT_BLOCK) < end;
    let mut block = vec![0; end.min(BLOCK as u64) as usize];
    let mut position = 0;
    while position < end {
        if sparse {
            position = next_data(source, position, end).map_err(PassError::Reading)?;
        }
        let wanted = (end - position).min(BLOCK as u64) as usize;
        let read = read_at(source, &mut block[..wanted], position).map_err(PassError::Reading)?;
        let block = &block[..read];
        if block.iter().any(|byte| *byte != 0) {
            hasher.update(&(position / BLOCK as u64).to_le_bytes());
            hasher.update(block);
            sink(position, block).map_err(PassError::Writing)?;
        }
        position += read as u64;
        if read < wanted {
            end = position;
        }
    }
    hasher.update(&end.to_le_bytes());
    Ok(Contents {
        digest: Digest(hasher.finalize()),
        size: end,
    })
}

/// Gives the empty file `destination` the contents of `source`, holes as holes.
pub(super) fn copy(source: &File, stat: &Stat, destination: &File) -> Result<Contents, PassError> {
    let contents = pass(source, stat, |position, block| {
        destination.write_all_at(block, position)
    })?;
    destination
        .set_len(contents.size)
        .map_err(PassError::Writing)?;
    Ok(contents)
}

/// Gives `destination` the blocks of `source` without copying them, where the filesystem can.
#[cfg(target_os = "linux")]
pub(super) fn share_blocks(source: &File, destination: &File) -> bool {
    rustix::fs::ioctl_ficlone(destination, source).is_ok()
}

/// Gives `destination` the blocks of `source` without copying them, where the filesystem can.
#[cfg(not(target_os = "linux"))]
pub(super) fn share_blocks(_source: &File, _destination: &File) -> bool {
    false
}

/// The first block at or after `position` that may hold data; `end` when only a hole is left.
fn next_data(file: &File, position: u64, end: u64) -> io::Result<u64> {
    match seek(file, SeekFrom::Data(position)) {
        Ok(start) if start >= end => Ok(end),
        Ok(start) => Ok(start - start % BLOCK as u64),
        Err(Errno::NXIO) => Ok(end),
        // The filesystem does not tell holes from data.
        Err(Errno::INVAL) => Ok(position),
        Err(error) => Err(error.into()),
    }
}

fn read_at(file: &File, block: &mut [u8], position: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read_at(&mut block[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
