//! The devices below `/dev` that every command has, as programs on Unix expect them: they hold nothing of the host's and
//! give no authority beyond the command's own streams. A mount of the same path comes before them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::{ClosedInputStream, SinkOutputStream};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::open_file::failed;
use crate::process::Streams;

/// Bytes that one read of an endless device gives, at most.
const STEP: usize = 64 << 10;

/// Room that a device which takes nothing offers for a write that is to fail.
const OFFERED: usize = 4_096;

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// At its end, and takes everything.
    Null,
    /// Zeros without end, and takes everything.
    Zero,
    /// Zeros without end, and full for every write.
    Full,
    /// The host's random numbers, and takes everything.
    Random,
    /// The command's standard input.
    Input,
    /// The command's standard output.
    Output,
    /// The command's standard error.
    Error,
}

/// What is found at a path below `/dev`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A directory of devices, by its guest path.
    Directory(Vec<OsString>),
    /// A device.
    Device(Device),
}

const DEVICES: [(&str, Device); 8] = [
    ("full", Device::Full),
    ("null", Device::Null),
    ("random", Device::Random),
    ("stderr", Device::Error),
    ("stdin", Device::Input),
    ("stdout", Device::Output),
    ("urandom", Device::Random),
    ("zero", Device::Zero),
];

const DESCRIPTORS: [(&str, Device); 3] = [
    ("0", Device::Input),
    ("1", Device::Output),
    ("2", Device::Error),
];

/// What lies at a guest path where nothing is mounted.
pub(super) fn find(path: &Path) -> Option<Found> {
    let below = path.strip_prefix("/dev").ok()?;
    let of = |table: &[(&str, Device)], name: &Path| {
        let found = table.iter().find(|(known, _)| Path::new(known) == name);
        found.map(|(_, device)| Found::Device(*device))
    };
    if below == Path::new("") || below == Path::new("fd") {
        let at: PathBuf = path.strip_prefix("/").ok()?.into();
        return Some(Found::Directory(at.iter().map(OsString::from).collect()));
    }
    match below.strip_prefix("fd") {
        Ok(number) => of(&DESCRIPTORS, number),
        Err(_) => of(&DEVICES, below),
    }
}

/// The names in a directory of devices, and whether each is a directory; none where `at` is no such directory.
pub(super) fn entries(at: &[OsString]) -> Vec<(OsString, bool)> {
    let names = |table: &[(&str, Device)]| -> Vec<(OsString, bool)> {
        table.iter().map(|(name, _)| (name.into(), false)).collect()
    };
    match at {
        [dev] if dev == "dev" => {
            let mut all = names(&DEVICES);
            all.insert(0, ("fd".into(), true));
            all
        }
        [dev, fd] if dev == "dev" && fd == "fd" => names(&DESCRIPTORS),
        _ => Vec::new(),
    }
}

impl Device {
    /// What reading the device gives.
    pub(crate) fn input(self, streams: &Streams) -> DynInputStream {
        match self {
            Self::Null => Box::new(ClosedInputStream),
            Self::Zero | Self::Full | Self::Random => self.endless(),
            Self::Input => streams.input.p2_stream(),
            Self::Output | Self::Error => Box::new(ClosedInputStream),
        }
    }

    /// Bytes without end: random ones of [`Device::Random`], else zeros.
    pub(crate) fn endless(self) -> DynInputStream {
        Box::new(match self {
            Self::Random => Endless::Random,
            _ => Endless::Zeros,
        })
    }

    /// What writing to the device does.
    pub(crate) fn output(self, streams: &Streams) -> DynOutputStream {
        match self {
            Self::Null | Self::Zero | Self::Random | Self::Input => Box::new(SinkOutputStream),
            Self::Full => Box::new(Full),
            Self::Output => streams.output.p2_stream(),
            Self::Error => streams.error.p2_stream(),
        }
    }
}

/// Bytes without end.
#[derive(Debug, Clone, Copy)]
enum Endless {
    Zeros,
    Random,
}

#[async_trait]
impl Pollable for Endless {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for Endless {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut bytes = vec![0; size.min(STEP)];
        if let Self::Random = self {
            let mut done = 0;
            while done < bytes.len() {
                done += getrandom(&mut bytes[done..], GetRandomFlags::empty()).map_err(failed)?;
            }
        }
        Ok(bytes.into())
    }
}

/// Refuses every write as a full disk does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Full;

#[async_trait]
impl Pollable for Full {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Full {
    fn write(&mut self, _: Bytes) -> Result<(), StreamError> {
        Err(failed(Errno::NOSPC))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(OFFERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_known_by_their_paths() {
        let device = |path: &str| find(Path::new(path));
        assert_eq!(device("/dev/null"), Some(Found::Device(Device::Null)));
        assert_eq!(device("/dev/fd/1"), Some(Found::Device(Device::Output)));
        assert_eq!(device("/dev"), Some(Found::Directory(vec!["dev".into()])));
        for path in [
            "/dev/sda",
            "/dev/fd/3",
            "/dev/null/x",
            "/device",
            "/null",
            "/",
        ] {
            assert_eq!(device(path), None, "{path}");
        }
    }

    #[test]
    fn a_directory_of_devices_lists_what_is_found_in_it() {
        for directory in [&["dev".into()][..], &["dev".into(), "fd".into()]] {
            let at: PathBuf = directory.iter().collect();
            let entries = entries(directory);
            assert!(!entries.is_empty());
            for (name, is_directory) in entries {
                let found = find(&Path::new("/").join(&at).join(name));
                assert_eq!(
                    matches!(found, Some(Found::Directory(_))),
                    is_directory,
                    "{found:?}"
                );
                assert!(found.is_some());
            }
        }
        assert_eq!(entries(&["home".into()]), []);
    }
}
