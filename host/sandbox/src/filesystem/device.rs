//! The devices below `/dev` that every command has, as programs on Unix expect them: they hold nothing of the host's and
//! give no authority beyond the command's own streams. A mount of the same path comes before them.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::open_file::failed;

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
    /// Bytes without end: random ones of [`Device::Random`], else zeros.
    pub(crate) fn endless(self) -> Endless {
        match self {
            Self::Random => Endless::Random,
            _ => Endless::Zeros,
        }
    }
}

/// Bytes without end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endless {
    Zeros,
    Random,
}

impl Endless {
    fn fill(self, bytes: &mut [u8]) -> Result<(), Errno> {
        match self {
            Self::Zeros => bytes.fill(0),
            Self::Random => {
                let mut done = 0;
                while done < bytes.len() {
                    done += getrandom(&mut bytes[done..], GetRandomFlags::empty())?;
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Pollable for Endless {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for Endless {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut bytes = vec![0; size.min(STEP)];
        self.fill(&mut bytes).map_err(failed)?;
        Ok(bytes.into())
    }
}

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = self.fill(buffer.initialize_unfilled());
        buffer.advance(buffer.remaining());
        Poll::Ready(filled.map_err(io::Error::from))
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

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(Errno::NOSPC.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
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
