//! `zip`: makes archives, stored or deflated.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, DateTime, ZipWriter};
use lexopt::prelude::*;

use crate::arguments;
use crate::glob::{Case, matcher};
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Runs zip.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("zip", make(arguments), 12)
}

struct Options {
    recursive: bool,
    quiet: bool,
    junk_paths: bool,
    method: CompressionMethod,
    exclude: Vec<globset::GlobMatcher>,
}

fn make(arguments: Vec<OsString>) -> Outcome {
    let mut options = Options {
        recursive: false,
        quiet: false,
        junk_paths: false,
        method: CompressionMethod::Deflated,
        exclude: Vec::new(),
    };
    let mut operands = Vec::new();
    let mut excluding = false;
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 16)? {
        match argument {
            Short('r') | Long("recurse-paths") => options.recursive = true,
            Short('q') | Long("quiet") => options.quiet = true,
            Short('j') | Long("junk-paths") => options.junk_paths = true,
            Short('0') => options.method = CompressionMethod::Stored,
            Short('1'..='9' | 'X' | 'y') => {}
            Short('x') | Long("exclude") => excluding = true,
            Value(value) if excluding && operands.len() > 1 => {
                let pattern = arguments::operand(value, 16)?;
                let glob = matcher(&pattern, Case::Sensitive);
                options
                    .exclude
                    .push(glob.map_err(|error| Failure::new(16, format!("'{pattern}': {error}")))?);
            }
            Value(value) => operands.push(arguments::operand(value, 16)?),
            other => return Err(arguments::unknown(&other, 16)),
        }
    }
    if operands.len() < 2 {
        return Err(Failure::new(
            16,
            "an archive and files are expected: zip [-r] ARCHIVE FILE...",
        ));
    }
    let mut archive = operands.remove(0);
    if archive != "-" && Path::new(&archive).extension().is_none() {
        archive.push_str(".zip");
    }
    if archive == "-" {
        return Err(Failure::new(
            16,
            "an archive cannot be written to standard output: name a file",
        ));
    }
    if Path::new(&archive).exists() {
        return Err(Failure::new(
            15,
            format!("{archive} exists, and archives are not changed: remove it first"),
        ));
    }
    let file = File::create(&archive)
        .map_err(|error| Failure::new(15, format!("{archive}: {}", reason(&error))))?;
    let mut writer = ZipWriter::new(BufWriter::new(file));
    let broken = |error: ::zip::result::ZipError| Failure::new(14, format!("{archive}: {error}"));
    let own = std::fs::canonicalize(&archive).ok();
    let mut status = 0;
    for operand in &operands {
        let depth = if options.recursive { usize::MAX } else { 0 };
        for entry in walkdir::WalkDir::new(operand)
            .max_depth(depth)
            .sort_by_file_name()
            .follow_links(true)
        {
            let Ok(entry) = entry else {
                complain(format_args!("zip warning: name not matched: {operand}"));
                status = 18;
                continue;
            };
            let path = entry.path();
            let shown = path.to_string_lossy();
            let shown = shown.trim_start_matches('/').trim_start_matches("./");
            if options.exclude.iter().any(|glob| glob.is_match(shown))
                || std::fs::canonicalize(path).ok() == own
            {
                continue;
            }
            let name = if options.junk_paths {
                entry.file_name().to_string_lossy().into_owned()
            } else {
                shown.to_owned()
            };
            let when = entry
                .metadata()
                .ok()
                .and_then(|metadata| metadata.modified().ok())
                .and_then(dos_time);
            let attributes = SimpleFileOptions::default()
                .compression_method(options.method)
                .unix_permissions(if entry.file_type().is_dir() {
                    0o755
                } else {
                    0o644
                })
                .last_modified_time(when.unwrap_or_default());
            if entry.file_type().is_dir() {
                if options.junk_paths || name.is_empty() || name == "." {
                    continue;
                }
                writer
                    .add_directory(format!("{name}/"), attributes)
                    .map_err(broken)?;
            } else {
                writer.start_file(&name, attributes).map_err(broken)?;
                let mut input = File::open(path)
                    .map_err(|error| Failure::new(18, format!("{shown}: {}", reason(&error))))?;
                io::copy(&mut input, &mut writer)?;
            }
            if !options.quiet {
                writeln!(io::stdout(), "  adding: {name}")?;
            }
        }
    }
    writer.finish().map_err(broken)?.flush()?;
    Ok(status)
}

/// A time as archives have it: to two seconds, from 1980.
fn dos_time(time: std::time::SystemTime) -> Option<DateTime> {
    let (seconds, _) = crate::time::since_epoch(time);
    let text = crate::time::format(seconds, 0, "%Y %m %d %H %M %S")?;
    let mut parts = text.split(' ').map(|part| part.parse::<u16>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let year = part();
    let [month, day, hour, minute, second] =
        [part(), part(), part(), part(), part()].map(|part| part.try_into().unwrap_or(0));
    DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
}
