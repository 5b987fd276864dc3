//! The sandbox as the world around the shell: the host's `massgen:plugin/process`, and `wasi:io/poll` to wait.

use std::cell::OnceCell;
use std::io;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Disposition, Ended, Interruption, NotStarted, Start};
use crate::executor;
use crate::text;

#[allow(
    clippy::all,
    reason = "written by wit-bindgen; the contract is described in wit/"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package massgen:shell-component;
            world guest {
                include massgen:plugin/shell@0.1.0;
                import wasi:clocks/monotonic-clock@0.2.12;
            }
        ",
        world: "massgen:shell-component/guest",
        generate_all,
    });
}

use bindings::massgen::plugin::{process, session};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::filesystem::types::ErrorCode;
use bindings::wasi::io::poll::{self as wasi_poll, Pollable};
use bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// Something that becomes ready.
#[derive(Clone)]
pub struct Source(Rc<Pollable>);

/// Waits until a source is ready, at most so long; tells of each whether it is.
pub fn poll(sources: &[Source], timeout: Option<Duration>) -> Vec<bool> {
    let timer = timeout.map(|time| {
        monotonic_clock::subscribe_duration(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    });
    let mut entries: Vec<&Pollable> = sources.iter().map(|source| &*source.0).collect();
    entries.extend(&timer);
    let mut ready = vec![false; entries.len()];
    for index in wasi_poll::poll(&entries) {
        if let Some(place) = ready.get_mut(index as usize) {
            *place = true;
        }
    }
    ready.truncate(sources.len());
    ready
}

/// The fields are dropped in their order: what stands on another first. An end that is only handed on has no stream.
struct ReadingEnd {
    opened: OnceCell<(Source, InputStream)>,
    end: process::Reader,
}

/// Where bytes come from.
#[derive(Clone)]
pub struct Reader(Rc<ReadingEnd>);

impl Reader {
    fn of(end: process::Reader) -> Self {
        Self(Rc::new(ReadingEnd {
            opened: OnceCell::new(),
            end,
        }))
    }

    fn opened(&self) -> &(Source, InputStream) {
        self.0.opened.get_or_init(|| {
            let stream = self.0.end.stream();
            (Source(Rc::new(stream.subscribe())), stream)
        })
    }

    /// The shell's standard input.
    pub fn standard() -> Self {
        Self::of(process::standard_input())
    }

    /// At its end from the start.
    pub fn nothing() -> Self {
        Self::of(process::nothing())
    }

    /// Opens a file by its absolute path.
    pub fn open(path: &str) -> io::Result<Self> {
        process::open_reader(path).map(Self::of).map_err(error)
    }

    /// What comes up to the first `delimiter`, which is among it, and at most so much, without a byte behind it; none at
    /// the end. May give less than there will be.
    pub async fn read_until(&self, delimiter: u8, most: usize) -> io::Result<Vec<u8>> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        loop {
            match self.0.end.read_until(delimiter, most).map_err(error)? {
                Some(bytes) if bytes.is_empty() => executor::ready(&self.opened().0).await,
                Some(bytes) => return Ok(bytes),
                None => return Ok(Vec::new()),
            }
        }
    }

    /// Up to so many bytes; none at the end.
    pub async fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        let (source, stream) = self.opened();
        loop {
            match stream.read(most as u64) {
                Ok(bytes) if bytes.is_empty() => executor::ready(source).await,
                Ok(bytes) => return Ok(bytes),
                Err(StreamError::Closed) => return Ok(Vec::new()),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(io::Error::other(error.to_debug_string()));
                }
            }
        }
    }
}

struct WritingEnd {
    opened: OnceCell<(Source, OutputStream)>,
    end: process::Writer,
}

/// Where bytes go.
#[derive(Clone)]
pub struct Writer(Rc<WritingEnd>);

impl Writer {
    fn of(end: process::Writer) -> Self {
        Self(Rc::new(WritingEnd {
            opened: OnceCell::new(),
            end,
        }))
    }

    fn opened(&self) -> &(Source, OutputStream) {
        self.0.opened.get_or_init(|| {
            let stream = self.0.end.stream();
            (Source(Rc::new(stream.subscribe())), stream)
        })
    }

    /// The shell's standard output.
    pub fn standard_output() -> Self {
        Self::of(process::standard_output())
    }

    /// The shell's standard error.
    pub fn standard_error() -> Self {
        Self::of(process::standard_error())
    }

    /// Takes everything and keeps nothing.
    pub fn void() -> Self {
        Self::of(process::void())
    }

    /// Opens a file by its absolute path.
    pub fn open(path: &str, disposition: Disposition) -> io::Result<Self> {
        let disposition = match disposition {
            Disposition::Truncate => process::Disposition::Truncate,
            Disposition::Append => process::Disposition::Append,
            Disposition::Create => process::Disposition::Create,
            Disposition::Keep => process::Disposition::Keep,
        };
        process::open_writer(path, disposition)
            .map(Self::of)
            .map_err(error)
    }

    /// Writes all of it.
    pub async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        let (source, stream) = self.opened();
        while !bytes.is_empty() {
            let room = usize::try_from(stream.check_write().map_err(failed)?).unwrap_or(usize::MAX);
            if room == 0 {
                executor::ready(source).await;
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            stream.write(now).map_err(failed)?;
            bytes = later;
        }
        stream.flush().map_err(failed)?;
        // The stream is ready again once it has passed on what it was given.
        while stream.check_write().map_err(failed)? == 0 {
            executor::ready(source).await;
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

fn failed(error: StreamError) -> io::Error {
    match error {
        StreamError::Closed => io::ErrorKind::BrokenPipe.into(),
        StreamError::LastOperationFailed(error) => io::Error::other(error.to_debug_string()),
    }
}

/// A new pipe.
pub fn pipe() -> io::Result<(Reader, Writer)> {
    let (reader, writer) = process::pipe().map_err(|_| io::Error::other(TOO_MANY))?;
    Ok((Reader::of(reader), Writer::of(writer)))
}

/// A started command; ended when the handle is dropped before it has ended.
pub struct Child {
    ended: Source,
    child: process::Child,
}

impl Child {
    /// Waits for its end.
    pub async fn wait(&self) -> Ended {
        loop {
            match self.child.exit() {
                None => executor::ready(&self.ended).await,
                Some(process::Exit::Exited(status)) => return Ended::Exited(i32::from(status)),
                Some(process::Exit::Killed) => return Ended::Killed(9),
                Some(process::Exit::Limit(words) | process::Exit::Failed(words)) => {
                    return Ended::Failed(words);
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.child.kill();
    }
}

/// How the C library words that no more handles may be held.
const TOO_MANY: &str = "Too many open files";

/// Starts a command. The contract's strings are UTF-8, so bytes of an argument that are not become U+FFFD.
pub fn start(program: Start<'_>) -> Result<Child, NotStarted> {
    let shared = || -> Result<_, String> {
        Ok((
            program.input.0.end.share()?,
            program.output.0.end.share()?,
            program.error.0.end.share()?,
        ))
    };
    let (input, output, error) = shared().map_err(|_| NotStarted::Because(TOO_MANY.to_owned()))?;
    let plain = |words: &str| String::from_utf8_lossy(&text::to_bytes(words)).into_owned();
    let command = process::Command {
        program: program.program.to_owned(),
        arguments: program.arguments.iter().map(|word| plain(word)).collect(),
        environment: program
            .environment
            .iter()
            .map(|(name, value)| (plain(name), plain(value)))
            .collect(),
        working_directory: program.directory.to_owned(),
        files: process::Files::Same,
        input,
        output,
        error,
    };
    match process::spawn(command) {
        Ok(child) => Ok(Child {
            ended: Source(Rc::new(child.ended())),
            child,
        }),
        Err(process::SpawnError::NotFound) => Err(NotStarted::NotFound),
        Err(process::SpawnError::Limit(words) | process::SpawnError::Failed(words)) => {
            Err(NotStarted::Because(words))
        }
    }
}

/// A registered command's name for a word that names a program without a path.
pub fn program(name: &str) -> Option<String> {
    static PROGRAMS: OnceLock<Vec<String>> = OnceLock::new();
    let programs = PROGRAMS.get_or_init(process::programs);
    programs
        .binary_search_by(|known| known.as_str().cmp(name))
        .ok()
        .map(|_| name.to_owned())
}

/// Whether files say by their mode that they are programs, and machine code can be run.
pub const RUNS_FILES: bool = false;

/// The directory in which the shell was started.
pub fn initial_directory() -> Option<String> {
    bindings::wasi::cli::environment::initial_cwd()
}

/// A command line of the user's session begins.
pub fn begin_line() {
    session::begin();
}

/// The next command line is awaited.
pub fn await_line() {
    session::await_line();
}

/// Why the command line, or the wait for one, is to end, if it is.
pub fn interrupted() -> Option<Interruption> {
    session::interrupted().map(|why| match why {
        session::Interruption::ByUser => Interruption::ByUser,
        session::Interruption::Limit(words) => Interruption::Limit(words),
    })
}

/// Ready while something interrupts.
pub fn interruption() -> Source {
    Source(Rc::new(session::on_interruption()))
}

/// A process id of the shell: there is none, so one that stays the same within the instance.
pub fn id() -> u32 {
    static ID: OnceLock<u32> = OnceLock::new();
    *ID.get_or_init(|| 1000 + (monotonic_clock::now() / 1000 % 30000) as u32)
}

fn error(code: ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::NoEntry => io::ErrorKind::NotFound,
        ErrorCode::Exist => io::ErrorKind::AlreadyExists,
        ErrorCode::IsDirectory => io::ErrorKind::IsADirectory,
        ErrorCode::NotDirectory => io::ErrorKind::NotADirectory,
        ErrorCode::Access | ErrorCode::NotPermitted => io::ErrorKind::PermissionDenied,
        ErrorCode::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
        ErrorCode::InsufficientMemory => return io::Error::other(TOO_MANY),
        other => return io::Error::other(other.message()),
    };
    kind.into()
}

/// An error as the C library words it.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        io::ErrorKind::AlreadyExists => "File exists".to_owned(),
        io::ErrorKind::IsADirectory => "Is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "Not a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "Permission denied".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "Read-only file system".to_owned(),
        io::ErrorKind::BrokenPipe => "Broken pipe".to_owned(),
        _ => error.to_string(),
    }
}

/// Ends the shell. What `main` returns tells success and failure alone.
pub fn exit(status: u8) -> ! {
    bindings::wasi::cli::exit::exit_with_code(status);
    unreachable!("exit-with-code does not return")
}
