//! `stat`: what is known of a file. Owners and modes are those that everything in the sandbox has.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, Write};

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Whether each result ends its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `-c`
    Line,
    /// `--printf`
    Bare,
}

/// Runs stat.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("stat", stat(arguments), 1)
}

fn stat(arguments: Vec<OsString>) -> Outcome {
    let mut format: Option<(String, Format)> = None;
    let mut follow = false;
    let mut files = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('c') | Long("format") => {
                format = Some((arguments::text(&mut parser, 1)?, Format::Line))
            }
            Long("printf") => {
                let text = arguments::text(&mut parser, 1)?;
                let text = crate::awk::unescaped(text.as_bytes());
                format = Some((String::from_utf8_lossy(&text).into_owned(), Format::Bare));
            }
            Short('L') | Long("dereference") => follow = true,
            Value(value) => files.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if files.is_empty() {
        return Err(Failure::new(1, "missing operand"));
    }
    let mut out = io::stdout().lock();
    let mut status = 0;
    for file in &files {
        let metadata = if follow {
            std::fs::metadata(file)
        } else {
            std::fs::symlink_metadata(file)
        };
        match metadata {
            Ok(metadata) => {
                let text = match &format {
                    Some((format, Format::Line)) => expand(format, file, &metadata) + "\n",
                    Some((format, Format::Bare)) => expand(format, file, &metadata),
                    None => expand(FULL, file, &metadata),
                };
                out.write_all(text.as_bytes())?;
            }
            Err(error) => {
                complain(format_args!(
                    "stat: cannot statx '{file}': {}",
                    reason(&error)
                ));
                status = 1;
            }
        }
    }
    Ok(status)
}

const FULL: &str = "  File: %N\n  Size: %s\tBlocks: %b\tIO Block: 4096\t%F\nAccess: (0%a/%A)\nAccess: %x\nModify: %y\nChange: %z\n Birth: -\n";

fn expand(format: &str, file: &str, metadata: &Metadata) -> String {
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some(letter) => out.push_str(&directive(letter, file, metadata)),
            None => out.push('%'),
        }
    }
    out
}

fn directive(letter: char, file: &str, metadata: &Metadata) -> String {
    let kind = metadata.file_type();
    match letter {
        'n' => file.to_owned(),
        'N' => match std::fs::read_link(file) {
            Ok(target) => format!("{file} -> {}", target.display()),
            Err(_) => file.to_owned(),
        },
        's' => metadata.len().to_string(),
        'b' => metadata.len().div_ceil(4096).saturating_mul(8).to_string(),
        'B' => "512".to_owned(),
        'o' => "4096".to_owned(),
        'h' => "1".to_owned(),
        'F' if kind.is_dir() => "directory".to_owned(),
        'F' if kind.is_symlink() => "symbolic link".to_owned(),
        'F' if metadata.len() == 0 => "regular empty file".to_owned(),
        'F' => "regular file".to_owned(),
        'a' => if kind.is_dir() { "755" } else { "644" }.to_owned(),
        'A' => crate::find::mode(metadata),
        'u' | 'g' => "1000".to_owned(),
        'U' | 'G' => "agent".to_owned(),
        'x' | 'y' | 'z' => {
            let (seconds, nanoseconds) = modified(metadata);
            let format = format!("%Y-%m-%d %H:%M:%S.{nanoseconds:09} +0000");
            crate::time::format(seconds, nanoseconds, &format).unwrap_or_default()
        }
        'X' | 'Y' | 'Z' => modified(metadata).0.to_string(),
        '%' => "%".to_owned(),
        other => format!("?{other}"),
    }
}

fn modified(metadata: &Metadata) -> (i64, u32) {
    metadata.modified().map_or((0, 0), crate::time::since_epoch)
}
