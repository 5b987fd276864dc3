//! `which`: where a command is. Commands of the sandbox are no files: they are shown as if they were in `/usr/bin`.

use std::ffi::OsString;
use std::io::Write;

use crate::outcome::{Outcome, finish};

/// Runs which.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("which", which(arguments), 2)
}

fn which(arguments: Vec<OsString>) -> Outcome {
    let names = crate::arguments::as_text(arguments)?.split_off(1);
    let known = crate::spawn::programs();
    let mut out = std::io::stdout().lock();
    let mut status = 0;
    for name in names.iter().filter(|name| !name.starts_with('-')) {
        if known.iter().any(|program| program == name) {
            writeln!(out, "/usr/bin/{name}")?;
        } else if name.contains('/') && std::path::Path::new(name).is_file() {
            writeln!(out, "{name}")?;
        } else {
            status = 1;
        }
    }
    Ok(status)
}
