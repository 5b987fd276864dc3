//! `column -t`: a table with aligned columns; without `-t`, lines are passed on as they are.

use std::ffi::OsString;
use std::io::{BufWriter, Write};

use lexopt::prelude::*;

use crate::arguments;
use crate::awk::text::length;
use crate::outcome::{Failure, Outcome, finish, reason};

/// Runs column.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("column", column(arguments), 1)
}

fn column(arguments: Vec<OsString>) -> Outcome {
    let mut table = false;
    let (mut separators, mut between) = (None::<String>, "  ".to_owned());
    let mut files = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('t') | Long("table") => table = true,
            Short('s') | Long("separator") => separators = Some(arguments::text(&mut parser, 1)?),
            Short('o') | Long("output-separator") => between = arguments::text(&mut parser, 1)?,
            Short('n' | 'e') => {}
            Value(value) => files.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if files.is_empty() {
        files.push("-".to_owned());
    }
    let mut text = String::new();
    for file in &files {
        let contents = crate::input::whole(file)
            .map_err(|error| Failure::new(1, format!("{file}: {}", reason(&error))))?;
        text.push_str(&String::from_utf8_lossy(&contents));
    }
    let mut out = BufWriter::new(std::io::stdout());
    if !table {
        out.write_all(text.as_bytes())?;
        out.flush()?;
        return Ok(0);
    }
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match &separators {
            Some(separators) => line.split(|letter| separators.contains(letter)).collect(),
            None => line.split_whitespace().collect(),
        })
        .collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(length(cell.as_bytes()));
        }
    }
    for row in &rows {
        for (number, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if number + 1 == row.len() {
                writeln!(out, "{cell}")?;
            } else {
                let missing = width - length(cell.as_bytes());
                write!(out, "{cell}{}{between}", " ".repeat(missing))?;
            }
        }
    }
    out.flush()?;
    Ok(0)
}
