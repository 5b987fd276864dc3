//! Standard output and standard error. Output is gathered, and leaves before anything that takes
//! time or that others may see: a write to the other stream, a read, a wait, the end.

use std::{
    cell::RefCell,
    io::{self, Write},
};

use crate::surroundings;

/// Bytes gathered before they are written.
const GATHERED: usize = 32 << 10;

/// The exit code when nobody reads what is written, as a shell reports a death by SIGPIPE.
const BROKEN_PIPE: u8 = 141;

thread_local! {
    static PENDING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A stream that takes bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Writes bytes. Ends the process if the stream is closed.
pub(crate) fn write(stream: Stream, bytes: &[u8]) {
    match stream {
        Stream::Output => {
            let is_full = PENDING.with_borrow_mut(|pending| {
                pending.extend_from_slice(bytes);
                pending.len() >= GATHERED
            });
            if is_full {
                flush();
            }
        }
        Stream::Error => {
            flush();
            deliver(io::stderr().lock(), bytes);
        }
    }
}

/// Hands what is gathered to the operating system.
pub(crate) fn flush() {
    // Taken out first: a closed stream ends the process, which flushes again.
    let pending = PENDING.with_borrow_mut(std::mem::take);
    if !pending.is_empty() {
        deliver(io::stdout().lock(), &pending);
    }
}

fn deliver(mut stream: impl Write, bytes: &[u8]) {
    if stream
        .write_all(bytes)
        .and_then(|()| stream.flush())
        .is_err()
    {
        surroundings::exit(BROKEN_PIPE);
    }
}
