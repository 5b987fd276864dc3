//! `cmp`: the first byte in which two files differ.

use std::ffi::OsString;
use std::io::Write;

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Exit status for trouble.
const TROUBLE: i32 = 2;

/// What is said of files that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Say {
    First,
    All,
    Nothing,
}

/// Runs cmp.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("cmp", cmp(arguments), TROUBLE)
}

fn cmp(arguments: Vec<OsString>) -> Outcome {
    let mut say = Say::First;
    let mut operands = Vec::new();
    let mut limit = usize::MAX;
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('s') | Long("quiet" | "silent") => say = Say::Nothing,
            Short('l') | Long("verbose") => say = Say::All,
            Short('n') | Long("bytes") => limit = arguments::number(&mut parser, TROUBLE)?,
            Short('b') => {}
            Value(value) => operands.push(arguments::operand(value, TROUBLE)?),
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    if operands.len() == 1 {
        operands.push("-".to_owned());
    }
    let [left, right] = operands.as_slice() else {
        return Err(Failure::new(
            TROUBLE,
            "one or two files are expected: cmp FILE1 [FILE2]",
        ));
    };
    let read = |name: &str| {
        crate::input::whole(name)
            .map_err(|error| Failure::new(TROUBLE, format!("{name}: {}", reason(&error))))
    };
    let (mut one, mut other) = (read(left)?, read(right)?);
    one.truncate(limit);
    other.truncate(limit);
    let mut out = std::io::stdout().lock();
    let mut differs = false;
    let mut line = 1;
    for (number, (first, second)) in one.iter().zip(&other).enumerate() {
        if first != second {
            differs = true;
            match say {
                Say::Nothing => return Ok(1),
                Say::First => {
                    writeln!(
                        out,
                        "{left} {right} differ: byte {}, line {line}",
                        number + 1
                    )?;
                    return Ok(1);
                }
                Say::All => {
                    let width = one.len().max(other.len()).to_string().len();
                    writeln!(out, "{:>width$} {first:3o} {second:3o}", number + 1)?;
                }
            }
        }
        line += usize::from(*first == b'\n');
    }
    if one.len() == other.len() {
        return Ok(i32::from(differs));
    }
    if say != Say::Nothing {
        let (shorter, name) = if one.len() < other.len() {
            (&one, left)
        } else {
            (&other, right)
        };
        match shorter.len() {
            0 => complain(format_args!("cmp: EOF on {name} which is empty")),
            length if shorter.ends_with(b"\n") => {
                complain(format_args!(
                    "cmp: EOF on {name} after byte {length}, line {}",
                    line - 1
                ));
            }
            length => complain(format_args!(
                "cmp: EOF on {name} after byte {length}, in line {line}"
            )),
        }
    }
    Ok(1)
}
