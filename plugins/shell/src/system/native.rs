//! The operating system as the world around the shell, for tests against bash. Files and pipes are descriptors, a child
//! is waited for by its process descriptor, and `poll(2)` waits for all of them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::{Disposition, Ended, Interruption, NotStarted, Start};
use crate::executor;
use crate::text;

/// Something that becomes ready.
#[derive(Clone)]
pub struct Source(Rc<OwnedFd>, PollFlags);

/// Waits until a source is ready, at most so long; tells of each whether it is.
pub fn poll(sources: &[Source], timeout: Option<Duration>) -> Vec<bool> {
    let mut entries: Vec<PollFd<'_>> = sources
        .iter()
        .map(|source| PollFd::new(&source.0, source.1))
        .collect();
    let timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
    // An interrupted call is as good as one in which nothing became ready.
    let _ = rustix::event::poll(&mut entries, timeout.as_ref());
    entries
        .iter()
        .map(|entry| !entry.revents().is_empty())
        .collect()
}

/// Where bytes come from.
#[derive(Clone)]
pub struct Reader(Rc<OwnedFd>);

impl Reader {
    /// The shell's standard input.
    pub fn standard() -> Self {
        duplicate(io::stdin().as_fd()).map_or_else(|_| Self::nothing(), |fd| Self(Rc::new(fd)))
    }

    /// At its end from the start.
    #[expect(
        clippy::expect_used,
        reason = "a machine without /dev/null runs no tests"
    )]
    pub fn nothing() -> Self {
        Self(Rc::new(
            File::open("/dev/null").expect("/dev/null opens").into(),
        ))
    }

    /// Opens a file by its absolute path.
    pub fn open(path: &str) -> io::Result<Self> {
        Ok(Self(Rc::new(File::open(os(path))?.into())))
    }

    /// What comes up to the first `delimiter`, which is among it, and at most so much, without a byte behind it; none at
    /// the end. Natively one byte, for nothing but a file can be asked to take bytes back.
    pub async fn read_until(&self, _delimiter: u8, most: usize) -> io::Result<Vec<u8>> {
        self.read(most.min(1)).await
    }

    /// Up to so many bytes; none at the end.
    pub async fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        executor::ready(&Source(Rc::clone(&self.0), PollFlags::IN)).await;
        let mut bytes = vec![0; most];
        let length = rustix::io::read(&*self.0, &mut bytes)?;
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Where bytes go.
#[derive(Clone)]
pub struct Writer(Rc<OwnedFd>);

/// What surely fits into a pipe that is ready for writing (POSIX's `PIPE_BUF` on Linux).
const FITS: usize = 4096;

impl Writer {
    /// The shell's standard output.
    pub fn standard_output() -> Self {
        duplicate(io::stdout().as_fd()).map_or_else(|_| Self::void(), |fd| Self(Rc::new(fd)))
    }

    /// The shell's standard error.
    pub fn standard_error() -> Self {
        duplicate(io::stderr().as_fd()).map_or_else(|_| Self::void(), |fd| Self(Rc::new(fd)))
    }

    /// Takes everything and keeps nothing.
    #[expect(
        clippy::expect_used,
        reason = "a machine without /dev/null runs no tests"
    )]
    pub fn void() -> Self {
        let file = OpenOptions::new().write(true).open("/dev/null");
        Self(Rc::new(file.expect("/dev/null opens").into()))
    }

    /// Opens a file by its absolute path.
    pub fn open(path: &str, disposition: Disposition) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        match disposition {
            Disposition::Truncate => options.write(true).create(true).truncate(true),
            Disposition::Append => options.append(true).create(true),
            Disposition::Create => options.write(true).create_new(true),
            Disposition::Keep => options.write(true).create(true).truncate(false),
        };
        Ok(Self(Rc::new(options.open(os(path))?.into())))
    }

    /// Writes all of it.
    pub async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            executor::ready(&Source(Rc::clone(&self.0), PollFlags::OUT)).await;
            let length = rustix::io::write(&*self.0, &bytes[..bytes.len().min(FITS)])?;
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// How many handles of this shell are on the same end.
    pub fn holders(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    /// Whether both handles are on the same end.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

fn duplicate(fd: std::os::fd::BorrowedFd<'_>) -> io::Result<OwnedFd> {
    fd.try_clone_to_owned()
}

fn os(path: &str) -> std::path::PathBuf {
    text::path(path)
}

/// A new pipe.
pub fn pipe() -> io::Result<(Reader, Writer)> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    Ok((Reader(Rc::new(reader)), Writer(Rc::new(writer))))
}

/// A started program; ended when the handle is dropped before it has ended.
pub struct Child {
    process: std::cell::RefCell<std::process::Child>,
    ended: Source,
}

impl Child {
    /// Waits for its end.
    pub async fn wait(&self) -> Ended {
        executor::ready(&self.ended).await;
        match self.process.borrow_mut().wait() {
            Ok(status) => status.code().map_or_else(
                || Ended::Killed(status.signal().unwrap_or(9)),
                Ended::Exited,
            ),
            Err(error) => Ended::Failed(error.to_string()),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let process = self.process.get_mut();
        if matches!(process.try_wait(), Ok(None)) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Starts a program.
pub fn start(program: Start<'_>) -> Result<Child, NotStarted> {
    let handle = |fd: &OwnedFd| fd.try_clone().map(Stdio::from);
    let open = || -> io::Result<_> {
        Ok((
            handle(&program.input.0)?,
            handle(&program.output.0)?,
            handle(&program.error.0)?,
        ))
    };
    let (input, output, error) = open().map_err(|error| NotStarted::Because(error.to_string()))?;
    let mut command = std::process::Command::new(os(program.program));
    if let Some(name) = program.arguments.first() {
        command.arg0(os(name));
    }
    command
        .args(
            program
                .arguments
                .iter()
                .skip(1)
                .map(|argument| os(argument)),
        )
        .env_clear()
        .envs(
            program
                .environment
                .iter()
                .map(|(name, value)| (os(name), os(value))),
        )
        .current_dir(program.directory)
        .stdin(input)
        .stdout(output)
        .stderr(error);
    let process = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NotStarted::NotFound,
        _ => NotStarted::Because(reason(&error)),
    })?;
    let id = i32::try_from(process.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let descriptor = id
        .ok_or(rustix::io::Errno::SRCH)
        .and_then(|id| rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()))
        .map_err(|error| NotStarted::Because(error.to_string()))?;
    Ok(Child {
        process: process.into(),
        ended: Source(Rc::new(descriptor), PollFlags::IN),
    })
}

/// A registered command's name for a word that names a program without a path. Natively programs are files.
pub fn program(_name: &str) -> Option<String> {
    None
}

/// Whether files say by their mode that they are programs, and machine code can be run.
pub const RUNS_FILES: bool = true;

/// The directory in which the shell was started.
pub fn initial_directory() -> Option<String> {
    std::env::current_dir()
        .ok()?
        .into_os_string()
        .into_string()
        .ok()
}

/// A command line of the user's session begins; natively nobody counts its time.
pub fn begin_line() {}

/// The next command line is awaited.
pub fn await_line() {}

/// Why the command line is to end: natively a signal ends the whole shell instead.
pub fn interrupted() -> Option<Interruption> {
    None
}

/// Never ready, for nothing interrupts: the reading end of a pipe whose writing end stays open.
#[expect(clippy::expect_used, reason = "a machine without pipes runs no tests")]
pub fn interruption() -> Source {
    let (reader, writer) = pipe().expect("a pipe can be made");
    std::mem::forget(writer);
    Source(reader.0, PollFlags::IN)
}

/// A process id of the shell.
pub fn id() -> u32 {
    std::process::id()
}

/// An error as the C library words it.
pub fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    words
        .split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Ends the shell.
pub fn exit(status: u8) -> ! {
    std::process::exit(i32::from(status))
}
