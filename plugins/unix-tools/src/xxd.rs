//! `xxd`: bytes as hexadecimal digits, and back.

use std::ffi::OsString;
use std::io::{BufWriter, Read, Write};

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, finish, reason};

/// The shape of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Dump,
    Plain,
}

/// Runs xxd.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("xxd", xxd(arguments), 1)
}

fn xxd(arguments: Vec<OsString>) -> Outcome {
    let (mut shape, mut reverse, mut upper) = (Shape::Dump, false, false);
    let (mut columns, mut group) = (None::<usize>, 2_usize);
    let (mut skip, mut limit) = (0_usize, usize::MAX);
    let mut files = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('p') => shape = Shape::Plain,
            Short('r') => reverse = true,
            Short('u') => upper = true,
            Short('c') => columns = Some(arguments::number(&mut parser, 1)?),
            Short('g') => group = arguments::number(&mut parser, 1)?,
            Short('s') => skip = arguments::number(&mut parser, 1)?,
            Short('l') => limit = arguments::number(&mut parser, 1)?,
            Value(value) => files.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    let name = files.first().map_or("-", String::as_str);
    let mut input = crate::input::open(name)
        .map_err(|error| Failure::new(2, format!("{name}: {}", reason(&error))))?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let out: Box<dyn Write> = match files.get(1) {
        Some(file) => Box::new(std::fs::File::create(file)?),
        None => Box::new(std::io::stdout()),
    };
    let mut out = BufWriter::new(out);
    if reverse {
        out.write_all(&from_hex(&bytes, shape))?;
        out.flush()?;
        return Ok(0);
    }
    let start = skip.min(bytes.len());
    let end = start.saturating_add(limit).min(bytes.len());
    let columns = columns
        .unwrap_or(if shape == Shape::Plain { 30 } else { 16 })
        .clamp(1, 256);
    let digits = |byte: &u8| {
        if upper {
            format!("{byte:02X}")
        } else {
            format!("{byte:02x}")
        }
    };
    for (number, row) in bytes[start..end].chunks(columns).enumerate() {
        if shape == Shape::Plain {
            writeln!(out, "{}", row.iter().map(digits).collect::<String>())?;
            continue;
        }
        let group = if group == 0 { columns } else { group };
        let hex: Vec<String> = row
            .chunks(group)
            .map(|part| part.iter().map(digits).collect())
            .collect();
        let width = columns * 2 + columns.div_ceil(group) - 1;
        let text: String = row
            .iter()
            .map(|byte| {
                if (32..127).contains(byte) {
                    char::from(*byte)
                } else {
                    '.'
                }
            })
            .collect();
        writeln!(
            out,
            "{:08x}: {:<width$}  {text}",
            start + number * columns,
            hex.join(" ")
        )?;
    }
    out.flush()?;
    Ok(0)
}

/// The bytes of a dump: after the colon, up to two blanks; or of plain digits.
fn from_hex(text: &[u8], shape: Shape) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in String::from_utf8_lossy(text).lines() {
        let line = match (shape, line.split_once(": ")) {
            (Shape::Dump, Some((_, rest))) => rest.split("  ").next().unwrap_or(rest).to_owned(),
            _ => line.to_owned(),
        };
        let digits: Vec<u32> = line
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .collect();
        let pairs = digits
            .chunks_exact(2)
            .filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok());
        bytes.extend(pairs);
    }
    bytes
}
