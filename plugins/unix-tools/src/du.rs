//! `du`: how much is in directories. WASI tells lengths, not blocks, so sizes are lengths in blocks of 4 KiB.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Outcome, complain, finish, reason};

/// How sizes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Unit(u64),
    Human,
}

/// Runs du.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("du", du(arguments), 1)
}

fn du(arguments: Vec<OsString>) -> Outcome {
    let (mut scale, mut all, mut apparent, mut total) = (Scale::Unit(1024), false, false, false);
    let mut depth = usize::MAX;
    let mut roots = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('h') | Long("human-readable") => scale = Scale::Human,
            Short('k') => scale = Scale::Unit(1024),
            Short('m') => scale = Scale::Unit(1 << 20),
            Short('b') | Long("bytes") => {
                apparent = true;
                scale = Scale::Unit(1);
            }
            Long("apparent-size") => apparent = true,
            Short('s') | Long("summarize") => depth = 0,
            Short('a') | Long("all") => all = true,
            Short('c') | Long("total") => total = true,
            Short('d') | Long("max-depth") => depth = arguments::number(&mut parser, 1)?,
            Short('x' | 'L' | 'P') => {}
            Value(value) => roots.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if roots.is_empty() {
        roots.push(".".to_owned());
    }
    let mut out = BufWriter::new(io::stdout());
    let mut status = 0;
    let mut sum = 0;
    for root in roots {
        let mut inside: HashMap<PathBuf, u64> = HashMap::new();
        for entry in walkdir::WalkDir::new(&root).contents_first(true) {
            let found = entry.and_then(|entry| entry.metadata().map(|metadata| (entry, metadata)));
            let (entry, metadata) = match found {
                Ok(found) => found,
                Err(error) => {
                    let path = error
                        .path()
                        .map_or_else(|| root.clone(), |path| path.display().to_string());
                    let error = error
                        .into_io_error()
                        .unwrap_or_else(|| io::ErrorKind::Other.into());
                    complain(format_args!(
                        "du: cannot access '{path}': {}",
                        reason(&error)
                    ));
                    status = 1;
                    continue;
                }
            };
            let is_directory = entry.file_type().is_dir();
            let length = if is_directory { 4096 } else { metadata.len() };
            let own = if apparent {
                length
            } else {
                length.div_ceil(4096) * 4096
            };
            let size = own + inside.remove(entry.path()).unwrap_or(0);
            if let (true, Some(parent)) = (entry.depth() > 0, entry.path().parent()) {
                *inside.entry(parent.to_owned()).or_default() += size;
            } else {
                sum += size;
            }
            if entry.depth() <= depth && (is_directory || all || entry.depth() == 0) {
                writeln!(out, "{}\t{}", written(size, scale), entry.path().display())?;
            }
        }
    }
    if total {
        writeln!(out, "{}\ttotal", written(sum, scale))?;
    }
    out.flush()?;
    Ok(status)
}

fn written(bytes: u64, scale: Scale) -> String {
    let Scale::Unit(unit) = scale else {
        return human(bytes);
    };
    bytes.div_ceil(unit).to_string()
}

/// With one decimal below ten, rounded up, as GNU tools do.
fn human(bytes: u64) -> String {
    let mut unit = 1_u64;
    for suffix in ["", "K", "M", "G", "T"] {
        if bytes < unit * 1024 {
            let tenths = (bytes * 10).div_ceil(unit);
            return if suffix.is_empty() || tenths >= 100 {
                format!("{}{suffix}", bytes.div_ceil(unit))
            } else {
                format!("{}.{}{suffix}", tenths / 10, tenths % 10)
            };
        }
        unit *= 1024;
    }
    format!("{}P", bytes.div_ceil(unit))
}
