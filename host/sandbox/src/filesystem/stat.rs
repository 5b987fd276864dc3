//! Metadata in the words of WASI.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{FileType, Stat, Timespec, Timestamps};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp,
};

use super::device::Device;
use super::handle;

/// The kind of a file.
pub(super) fn descriptor_type(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::Unknown => DescriptorType::Unknown,
    }
}

/// The metadata of a file.
pub(super) fn descriptor_stat(stat: &Stat) -> DescriptorStat {
    DescriptorStat {
        type_: descriptor_type(handle::file_type(stat)),
        link_count: stat.st_nlink,
        size: u64::try_from(stat.st_size).unwrap_or_default(),
        data_access_timestamp: time(stat.st_atime, stat.st_atime_nsec),
        data_modification_timestamp: time(stat.st_mtime, stat.st_mtime_nsec),
        status_change_timestamp: time(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// Times before 1970 cannot be told (`wasi:clocks` counts upwards from there).
fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> Option<Datetime> {
    Some(Datetime {
        seconds: u64::try_from(seconds).ok()?,
        nanoseconds: nanoseconds.try_into().ok()?,
    })
}

/// The metadata of a directory that exists only to lead to a mount.
pub(super) fn virtual_stat() -> DescriptorStat {
    DescriptorStat {
        type_: DescriptorType::Directory,
        link_count: 1,
        size: 0,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

/// The metadata of a device.
pub(super) fn device_stat() -> DescriptorStat {
    DescriptorStat {
        type_: DescriptorType::CharacterDevice,
        ..virtual_stat()
    }
}

/// Tells devices apart.
pub(super) fn device_hash(device: Device) -> MetadataHashValue {
    virtual_hash(&["dev".into(), format!("{device:?}").into()])
}

/// Tells files apart: the same value for every name of a file.
pub(super) fn metadata_hash(stat: &Stat) -> MetadataHashValue {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&stat.st_dev.to_le_bytes());
    hasher.update(&stat.st_ino.to_le_bytes());
    value(&hasher)
}

/// A virtual directory is one object per guest path; the hash of the path tells them apart.
pub(super) fn virtual_hash(at: &[OsString]) -> MetadataHashValue {
    let mut hasher = blake3::Hasher::new();
    for name in at {
        hasher.update(name.as_bytes());
        hasher.update(b"/");
    }
    value(&hasher)
}

fn value(hasher: &blake3::Hasher) -> MetadataHashValue {
    let mut words = hasher.finalize_xof();
    let mut bytes = [0; 8];
    words.fill(&mut bytes);
    let lower = u64::from_le_bytes(bytes);
    words.fill(&mut bytes);
    MetadataHashValue {
        lower,
        upper: u64::from_le_bytes(bytes),
    }
}

/// The times that a guest wants a file to have. Fails with `overflow` for one that no signed count of seconds holds.
pub(super) fn timestamps(
    accessed: NewTimestamp,
    modified: NewTimestamp,
) -> Result<Timestamps, ErrorCode> {
    Ok(Timestamps {
        last_access: timespec(accessed)?,
        last_modification: timespec(modified)?,
    })
}

const NANOSECONDS: u32 = 1_000_000_000;

fn timespec(time: NewTimestamp) -> Result<Timespec, ErrorCode> {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    Ok(match time {
        NewTimestamp::NoChange => special(rustix::fs::UTIME_OMIT),
        NewTimestamp::Now => special(rustix::fs::UTIME_NOW),
        NewTimestamp::Timestamp(at) => {
            let carried = u64::from(at.nanoseconds / NANOSECONDS);
            let seconds = at.seconds.checked_add(carried);
            let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
            Timespec {
                tv_sec: seconds.ok_or(ErrorCode::Overflow)?,
                tv_nsec: i64::from(at.nanoseconds % NANOSECONDS),
            }
        }
    })
}
