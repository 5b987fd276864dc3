//! Does what ordinary programs do with files, by the standard library alone, and finds what POSIX promises. Argument: an
//! empty directory that it may write to. Prints one line a check, `ok` or `BROKEN`.

mod directories;
mod files;
mod names;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A check: its name as a sentence, and what is done in a directory of its own.
type Check = (&'static str, fn(&Path) -> io::Result<()>);

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a directory"));
    let checks = [files::CHECKS, names::CHECKS, directories::CHECKS].concat();
    for (number, (name, check)) in checks.iter().enumerate() {
        let own = folder.join(number.to_string());
        match fs::create_dir(&own).and_then(|()| check(&own)) {
            Ok(()) => println!("ok {name}"),
            Err(error) => println!("BROKEN {name}: {error}"),
        }
    }
}

/// What was found is what was expected, or an error that shows both.
fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> io::Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(io::Error::other(format!("{found:?}, not {expected:?}")))
}

/// The operation failed, and for this reason.
fn fails<T>(result: io::Result<T>, kinds: &[io::ErrorKind]) -> io::Result<()> {
    match result {
        Err(error) if kinds.contains(&error.kind()) => Ok(()),
        Err(error) => Err(io::Error::other(format!("{error}, not {kinds:?}"))),
        Ok(_) => Err(io::Error::other(format!("it worked, without {kinds:?}"))),
    }
}

/// Makes a link to `target`.
#[expect(
    deprecated,
    reason = "the one way in `std` that makes a link on every platform"
)]
fn symlink(target: &str, path: impl AsRef<Path>) -> io::Result<()> {
    fs::soft_link(target, path)
}

/// The directory was not removed or replaced, since something is in it. The standard library has no kind for the code
/// in wasi-libc (`ENOTEMPTY`).
fn is_full<T>(result: io::Result<T>) -> io::Result<()> {
    same(
        result.err().and_then(|error| error.raw_os_error()),
        Some(55),
    )
}
