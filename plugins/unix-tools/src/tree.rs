//! `tree`: directories drawn as trees.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::Path;

use lexopt::prelude::*;

use crate::glob::{Case, matcher};
use crate::outcome::{Failure, Outcome, finish};
use crate::{arguments, outcome};

struct Options {
    hidden: bool,
    only_directories: bool,
    depth: usize,
    ignored: Vec<globset::GlobMatcher>,
}

struct Drawing<W> {
    out: W,
    directories: usize,
    files: usize,
}

/// Deeper directories are not drawn.
const DEEPEST: usize = 128;

/// Runs tree.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("tree", tree(arguments), 1)
}

fn tree(arguments: Vec<OsString>) -> Outcome {
    let mut options = Options {
        hidden: false,
        only_directories: false,
        depth: DEEPEST,
        ignored: Vec::new(),
    };
    let mut report = true;
    let mut roots = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('a') => options.hidden = true,
            Short('d') => options.only_directories = true,
            Short('L') => options.depth = arguments::number::<usize>(&mut parser, 1)?.min(DEEPEST),
            Short('I') => {
                for pattern in arguments::text(&mut parser, 1)?.split('|') {
                    let glob = matcher(pattern, Case::Sensitive);
                    options.ignored.push(
                        glob.map_err(|error| Failure::new(1, format!("'{pattern}': {error}")))?,
                    );
                }
            }
            Long("noreport") => report = false,
            Short('n' | 'C' | 'F') | Long("charset") => {}
            Value(value) => roots.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if roots.is_empty() {
        roots.push(".".to_owned());
    }
    let mut drawing = Drawing {
        out: BufWriter::new(std::io::stdout()),
        directories: 0,
        files: 0,
    };
    let mut status = 0;
    for root in &roots {
        if Path::new(root).is_dir() {
            writeln!(drawing.out, "{root}")?;
            drawing.directories += 1;
            drawing.level(&options, Path::new(root), "", 1)?;
        } else {
            writeln!(drawing.out, "{root}  [error opening dir]")?;
            status = 2;
        }
    }
    if report {
        let (directories, files) = (drawing.directories, drawing.files);
        let directory = if directories == 1 {
            "directory"
        } else {
            "directories"
        };
        let file = if files == 1 { "file" } else { "files" };
        if options.only_directories {
            writeln!(drawing.out, "\n{directories} {directory}")?;
        } else {
            writeln!(drawing.out, "\n{directories} {directory}, {files} {file}")?;
        }
    }
    drawing.out.flush()?;
    Ok(status)
}

impl<W: Write> Drawing<W> {
    fn level(
        &mut self,
        options: &Options,
        directory: &Path,
        indent: &str,
        depth: usize,
    ) -> Result<(), Failure> {
        if depth > options.depth {
            return Ok(());
        }
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => {
                outcome::complain(format_args!(
                    "tree: {}: {}",
                    directory.display(),
                    outcome::reason(&error)
                ));
                return Ok(());
            }
        };
        let mut entries: Vec<_> = entries
            .flatten()
            .map(|entry| {
                (
                    entry.file_name().to_string_lossy().into_owned(),
                    entry.file_type(),
                )
            })
            .filter(|(name, kind)| {
                (options.hidden || !name.starts_with('.'))
                    && !options.ignored.iter().any(|glob| glob.is_match(name))
                    && (!options.only_directories
                        || kind.as_ref().is_ok_and(std::fs::FileType::is_dir))
            })
            .collect();
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        let count = entries.len();
        for (number, (name, kind)) in entries.into_iter().enumerate() {
            let is_last = number + 1 == count;
            let path = directory.join(&name);
            let target = std::fs::read_link(&path)
                .map(|target| format!(" -> {}", target.display()))
                .unwrap_or_default();
            writeln!(
                self.out,
                "{indent}{}{name}{target}",
                if is_last { "└── " } else { "├── " }
            )?;
            if kind.is_ok_and(|kind| kind.is_dir()) {
                self.directories += 1;
                let indent = format!(
                    "{indent}{}",
                    if is_last { "    " } else { "│\u{a0}\u{a0} " }
                );
                self.level(options, &path, &indent, depth + 1)?;
            } else {
                self.files += 1;
            }
        }
        Ok(())
    }
}
