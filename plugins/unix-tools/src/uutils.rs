//! The tools of uutils. Their words are messages of a translation that is set up by the tool's name.

use std::ffi::OsString;

/// Runs `uumain` of the crate whose messages are those of `name`.
pub fn run(
    name: &str,
    uumain: fn(std::vec::IntoIter<OsString>) -> i32,
    arguments: Vec<OsString>,
) -> i32 {
    // The English messages are compiled in, so that this fails for a name without messages alone; the tool then
    // speaks in the names of its messages, and still works.
    if let Err(error) = uucore::locale::setup_localization(name) {
        crate::outcome::complain(format_args!("{name}: no messages: {error}"));
    }
    uumain(arguments.into_iter())
}
