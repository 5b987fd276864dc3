//! `tac`: the parts of each input in reverse order.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

use lexopt::prelude::*;
use regex::bytes::Regex;

use crate::arguments;
use crate::input;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// On which side of a part its separator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attached {
    Behind,
    Before,
}

/// Runs tac.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("tac", tac(arguments), 1)
}

fn tac(arguments: Vec<OsString>) -> Outcome {
    let mut attached = Attached::Behind;
    let mut is_regex = false;
    let mut separator = "\n".to_owned();
    let mut files = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('b') | Long("before") => attached = Attached::Before,
            Short('r') | Long("regex") => is_regex = true,
            Short('s') | Long("separator") => separator = arguments::text(&mut parser, 1)?,
            Value(value) => files.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if files.is_empty() {
        files.push("-".to_owned());
    }
    // An empty separator is a zero byte (GNU tac).
    let pattern = match separator.as_str() {
        "" => r"\x00".to_owned(),
        plain if !is_regex => regex::escape(plain),
        pattern => pattern.to_owned(),
    };
    let pattern = Regex::new(&pattern)
        .map_err(|error| Failure::new(1, format!("invalid regular expression: {error}")))?;
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut status = 0;
    for file in files {
        match input::whole(&file) {
            Ok(contents) => {
                for part in parts(&contents, &pattern, attached).into_iter().rev() {
                    out.write_all(part)?;
                }
            }
            Err(error) => {
                let reason = reason(&error);
                complain(format_args!(
                    "tac: failed to open '{file}' for reading: {reason}"
                ));
                status = 1;
            }
        }
    }
    out.flush()?;
    Ok(status)
}

/// The parts of `contents`, each with its separator.
fn parts<'a>(contents: &'a [u8], separator: &Regex, attached: Attached) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for found in separator
        .find_iter(contents)
        .filter(|found| !found.is_empty())
    {
        let end = match attached {
            Attached::Behind => found.end(),
            Attached::Before => found.start(),
        };
        parts.push(&contents[start..end]);
        start = end;
    }
    parts.push(&contents[start..]);
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn parts_keep_their_separators() {
        let comma = Regex::new(",").unwrap();
        let of = |attached| parts(b"a,b,c", &comma, attached);
        assert_eq!(of(Attached::Behind), [&b"a,"[..], b"b,", b"c"]);
        assert_eq!(of(Attached::Before), [&b"a"[..], b",b", b",c"]);
    }
}
