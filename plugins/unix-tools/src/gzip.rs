//! `gzip`, `gunzip` and `zcat` over `flate2`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Compress,
    Decompress,
    Test,
}

#[derive(Debug)]
struct Options {
    way: Way,
    to_output: bool,
    keep: bool,
    force: bool,
    recursive: bool,
    level: u32,
    suffix: String,
    files: Vec<String>,
}

/// Runs gzip, in the way that the name asks for.
pub fn run(arguments: Vec<OsString>) -> i32 {
    let name = arguments
        .first()
        .map(crate::table::called_as)
        .unwrap_or_default();
    finish(
        "gzip",
        parse(&name, arguments).and_then(|options| gzip(&options)),
        1,
    )
}

fn parse(name: &str, arguments: Vec<OsString>) -> Result<Options, Failure> {
    let mut options = Options {
        way: if name == "gzip" {
            Way::Compress
        } else {
            Way::Decompress
        },
        to_output: name == "zcat",
        keep: false,
        force: false,
        recursive: false,
        level: 6,
        suffix: ".gz".to_owned(),
        files: Vec::new(),
    };
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('d') | Long("decompress" | "uncompress") => options.way = Way::Decompress,
            Short('t') | Long("test") => options.way = Way::Test,
            Short('c') | Long("stdout" | "to-stdout") => options.to_output = true,
            Short('k') | Long("keep") => options.keep = true,
            Short('f') | Long("force") => options.force = true,
            Short('r') | Long("recursive") => options.recursive = true,
            Short('S') | Long("suffix") => options.suffix = arguments::text(&mut parser, 1)?,
            Short(digit @ '1'..='9') => options.level = digit.to_digit(10).unwrap_or(6),
            Long("fast") => options.level = 1,
            Long("best") => options.level = 9,
            Short('n' | 'N' | 'q' | 'v') | Long("no-name" | "name" | "quiet" | "verbose") => {}
            Value(value) => options.files.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    Ok(options)
}

fn gzip(options: &Options) -> Outcome {
    if options.files.is_empty() {
        stream(options, io::stdin(), io::stdout())?;
        return Ok(0);
    }
    let mut status = 0;
    for name in &options.files {
        let files: Vec<String> = if options.recursive && Path::new(name).is_dir() {
            let entries = walkdir::WalkDir::new(name).into_iter().flatten();
            entries
                .filter(|entry| entry.file_type().is_file())
                .map(|entry| entry.path().display().to_string())
                .collect()
        } else {
            vec![name.clone()]
        };
        for file in files {
            match one(options, &file) {
                Err(Failure::Io(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    complain(format_args!("gzip: {file}: {}", reason(&error)));
                    status = 1;
                }
                Err(Failure::Message { text, status: told }) => {
                    complain(format_args!("gzip: {text}"));
                    status = status.max(told);
                }
                Err(broken) => return Err(broken),
                Ok(()) => {}
            }
        }
    }
    Ok(status)
}

fn one(options: &Options, name: &str) -> Result<(), Failure> {
    if name == "-" {
        return stream(options, io::stdin(), io::stdout());
    }
    let metadata = std::fs::metadata(name)?;
    if metadata.is_dir() {
        return Err(Failure::new(2, format!("{name} is a directory -- ignored")));
    }
    if options.to_output || options.way == Way::Test {
        return stream(options, File::open(name)?, io::stdout());
    }
    let target = match options.way {
        Way::Compress if name.ends_with(&options.suffix) => {
            return Err(Failure::new(
                2,
                format!("{name} already has {} suffix -- unchanged", options.suffix),
            ));
        }
        Way::Compress => format!("{name}{}", options.suffix),
        _ => match (
            name.strip_suffix(&options.suffix),
            name.strip_suffix(".tgz"),
        ) {
            (Some(target), _) => target.to_owned(),
            (None, Some(target)) => format!("{target}.tar"),
            (None, None) => {
                return Err(Failure::new(
                    2,
                    format!("{name}: unknown suffix -- ignored"),
                ));
            }
        },
    };
    if Path::new(&target).exists() && !options.force {
        return Err(Failure::new(
            2,
            format!("{target} already exists; use -f to overwrite"),
        ));
    }
    let made = stream(options, File::open(name)?, File::create(&target)?);
    if made.is_err() {
        // What is incomplete is not left behind; the failure that led here is the one to tell.
        let _ = std::fs::remove_file(&target);
        return made;
    }
    if let Ok(modified) = metadata.modified() {
        File::options()
            .write(true)
            .open(&target)?
            .set_modified(modified)?;
    }
    if !options.keep {
        std::fs::remove_file(name)?;
    }
    Ok(())
}

fn stream(options: &Options, input: impl Read, mut output: impl Write) -> Result<(), Failure> {
    let bad = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Failure::new(1, "stdin: not in gzip format")
        }
        io::ErrorKind::UnexpectedEof => Failure::new(1, "stdin: unexpected end of file"),
        _ => Failure::Io(error),
    };
    match options.way {
        Way::Compress => {
            let mut encoder = GzEncoder::new(output, Compression::new(options.level));
            io::copy(&mut BufReader::new(input), &mut encoder)?;
            encoder.finish()?.flush()?;
        }
        Way::Decompress => {
            io::copy(&mut MultiGzDecoder::new(BufReader::new(input)), &mut output).map_err(bad)?;
            output.flush()?;
        }
        Way::Test => {
            io::copy(
                &mut MultiGzDecoder::new(BufReader::new(input)),
                &mut io::sink(),
            )
            .map_err(bad)?;
        }
    }
    Ok(())
}
