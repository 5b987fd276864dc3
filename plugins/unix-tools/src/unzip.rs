//! `unzip`: lists and extracts archives.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use ::zip::ZipArchive;
use lexopt::prelude::*;

use crate::arguments;
use crate::glob::{Case, matcher};
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// What is done with the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Extract,
    List,
    Names,
    Print,
    Test,
}

/// Runs unzip.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("unzip", unzip(arguments), 2)
}

fn unzip(arguments: Vec<OsString>) -> Outcome {
    let mut action = Action::Extract;
    let (mut quiet, mut overwrite, mut keep, mut junk_paths) = (false, false, false, false);
    let mut directory = ".".to_owned();
    let mut operands = Vec::new();
    let mut exclude = Vec::new();
    let mut excluding = false;
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 10)? {
        match argument {
            Short('l' | 'v') => action = Action::List,
            Short('Z' | '1') => action = Action::Names,
            Short('p' | 'c') => action = Action::Print,
            Short('t') => action = Action::Test,
            Short('q') => quiet = true,
            Short('o') => overwrite = true,
            Short('n') => keep = true,
            Short('j') => junk_paths = true,
            Short('d') => {
                directory = arguments::text(&mut parser, 10)?;
                excluding = false;
            }
            Short('x') => excluding = true,
            Value(value) if excluding && !operands.is_empty() => {
                exclude.push(globbed(arguments::operand(value, 10)?)?)
            }
            Value(value) => operands.push(arguments::operand(value, 10)?),
            other => return Err(arguments::unknown(&other, 10)),
        }
    }
    if operands.is_empty() {
        return Err(Failure::new(
            10,
            "an archive is expected: unzip [-l] ARCHIVE [FILE...] [-d DIRECTORY]",
        ));
    }
    let name = operands.remove(0);
    let file = crate::input::open_file(&name)
        .or_else(|error| File::open(format!("{name}.zip")).map_err(|_| error))
        .map_err(|error| {
            Failure::new(9, format!("cannot find or open {name}: {}", reason(&error)))
        })?;
    let broken = |error: ::zip::result::ZipError| Failure::new(9, format!("{name}: {error}"));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let wanted: Vec<_> = operands
        .into_iter()
        .map(globbed)
        .collect::<Result<_, _>>()?;
    let mut out = BufWriter::new(io::stdout());
    if !quiet && matches!(action, Action::Extract | Action::List | Action::Test) {
        writeln!(out, "Archive:  {name}")?;
    }
    if action == Action::List {
        writeln!(
            out,
            "  Length      Date    Time    Name\n---------  ---------- -----   ----"
        )?;
    }
    let (mut status, mut found, mut total) = (if wanted.is_empty() { 0 } else { 11 }, 0_u64, 0_u64);
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).map_err(broken)?;
        let shown = member.name().to_owned();
        let is_wanted = wanted.is_empty() || wanted.iter().any(|glob| glob.is_match(&shown));
        if !is_wanted
            || exclude
                .iter()
                .any(|glob: &globset::GlobMatcher| glob.is_match(&shown))
        {
            continue;
        }
        if status == 11 {
            status = 0;
        }
        found += 1;
        total += member.size();
        match action {
            Action::Names => writeln!(out, "{shown}")?,
            Action::List => {
                let when = member.last_modified().unwrap_or_default();
                let (year, month, day) = (when.year(), when.month(), when.day());
                let (hour, minute) = (when.hour(), when.minute());
                writeln!(
                    out,
                    "{:>9}  {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}   {shown}",
                    member.size()
                )?;
            }
            Action::Print => drop(io::copy(&mut member, &mut out)?),
            Action::Test => {
                let outcome = io::copy(&mut member, &mut io::sink());
                writeln!(
                    out,
                    "    testing: {shown}   {}",
                    if outcome.is_ok() { "OK" } else { "bad" }
                )?;
                status = if outcome.is_ok() { status } else { 2 };
            }
            Action::Extract => {
                // Names that lead out of the directory have no enclosed name.
                let Some(inside) = member.enclosed_name() else {
                    complain(format_args!(
                        "unzip: {shown}: leads out of the directory, skipped"
                    ));
                    status = 1;
                    continue;
                };
                let inside = if junk_paths {
                    inside.file_name().map(Into::into).unwrap_or_default()
                } else {
                    inside
                };
                let target = Path::new(&directory).join(inside);
                if member.is_dir() {
                    if !junk_paths {
                        std::fs::create_dir_all(&target)?;
                    }
                    continue;
                }
                if target.exists() && !overwrite {
                    if !keep {
                        complain(format_args!(
                            "unzip: {} exists and is kept; use -o to overwrite",
                            target.display()
                        ));
                        status = 1;
                    }
                    continue;
                }
                if let Some(parent) = target.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                if target.symlink_metadata().is_ok() {
                    // Replaced and not written through: it may be a link.
                    std::fs::remove_file(&target)?;
                }
                io::copy(&mut member, &mut File::create(&target)?)?;
                if !quiet {
                    writeln!(out, "  inflating: {}  ", target.display())?;
                }
            }
        }
    }
    if action == Action::List {
        let plural = if found == 1 { "" } else { "s" };
        writeln!(
            out,
            "---------                     -------\n{total:>9}                     {found} file{plural}"
        )?;
    }
    out.flush()?;
    if status == 11 {
        complain("unzip: caution: filename not matched");
    }
    Ok(status)
}

fn globbed(pattern: String) -> Result<globset::GlobMatcher, Failure> {
    matcher(&pattern, Case::Sensitive)
        .map_err(|error| Failure::new(10, format!("'{pattern}': {error}")))
}
