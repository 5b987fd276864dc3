//! `diff` of files and directories, over `similar`: normal, unified and context-free output, `-q`, `-r`, `-N`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use lexopt::prelude::*;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Exit status for trouble.
const TROUBLE: i32 = 2;

/// What is written of two files that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Normal,
    Unified(usize),
    Brief,
}

/// How blanks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Count,
    RunsAreOne,
    Ignored,
}

struct Options {
    style: Style,
    blanks: Blanks,
    ignore_case: bool,
    ignore_blank_lines: bool,
    strip_carriage_returns: bool,
    recursive: bool,
    new_files: bool,
    report_identical: bool,
    labels: Vec<String>,
    exclude: Vec<globset::GlobMatcher>,
    shown: Vec<String>,
}

/// Runs diff.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("diff", diff(arguments), TROUBLE)
}

fn diff(arguments: Vec<OsString>) -> Outcome {
    let mut options = Options {
        style: Style::Normal,
        blanks: Blanks::Count,
        ignore_case: false,
        ignore_blank_lines: false,
        strip_carriage_returns: false,
        recursive: false,
        new_files: false,
        report_identical: false,
        labels: Vec::new(),
        exclude: Vec::new(),
        shown: Vec::new(),
    };
    let mut operands = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('u') => options.style = Style::Unified(3),
            Short('U') => options.style = Style::Unified(arguments::number(&mut parser, TROUBLE)?),
            Long("unified") => {
                let context = parser
                    .optional_value()
                    .and_then(|value| value.to_str()?.parse().ok());
                options.style = Style::Unified(context.unwrap_or(3));
            }
            Long("normal") => options.style = Style::Normal,
            Short('q') | Long("brief") => options.style = Style::Brief,
            Short('r') | Long("recursive") => options.recursive = true,
            Short('N') | Long("new-file") => options.new_files = true,
            Short('s') | Long("report-identical-files") => options.report_identical = true,
            Short('b') | Long("ignore-space-change") => options.blanks = Blanks::RunsAreOne,
            Short('w') | Long("ignore-all-space") => options.blanks = Blanks::Ignored,
            Short('i') | Long("ignore-case") => options.ignore_case = true,
            Short('B') | Long("ignore-blank-lines") => options.ignore_blank_lines = true,
            Long("strip-trailing-cr") => options.strip_carriage_returns = true,
            Long("label") | Short('L') => {
                options.labels.push(arguments::text(&mut parser, TROUBLE)?)
            }
            Short('x') | Long("exclude") => {
                let pattern = arguments::text(&mut parser, TROUBLE)?;
                let glob = crate::glob::matcher(&pattern, crate::glob::Case::Sensitive);
                options.exclude.push(
                    glob.map_err(|error| Failure::new(TROUBLE, format!("'{pattern}': {error}")))?,
                );
            }
            Long("color" | "colour") => drop(parser.optional_value()),
            Short('a' | 'd' | 'p') | Long("text" | "minimal" | "show-c-function") => {}
            Short('c' | 'C' | 'y' | 'e') => {
                return Err(Failure::new(
                    TROUBLE,
                    "this output format is not supported: use -u, or none for normal output",
                ));
            }
            Value(value) => operands.push(arguments::operand(value, TROUBLE)?),
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    let [left, right] = operands.as_slice() else {
        return Err(Failure::new(
            TROUBLE,
            "two operands are expected: diff [OPTION]... FILES",
        ));
    };
    if options.recursive {
        options.shown.push("-r".to_owned());
    }
    if let Style::Unified(context) = options.style {
        options.shown.push(if context == 3 {
            "-u".to_owned()
        } else {
            format!("-U{context}")
        });
    }
    if options.new_files {
        options.shown.push("-N".to_owned());
    }
    let mut out = BufWriter::new(io::stdout());
    let mut comparison = Comparison {
        options: &options,
        out: &mut out,
        status: 0,
    };
    comparison.operands(left, right)?;
    let status = comparison.status;
    out.flush()?;
    Ok(status)
}

struct Comparison<'a, W> {
    options: &'a Options,
    out: &'a mut W,
    status: i32,
}

fn is_directory(path: &str) -> bool {
    path != "-" && Path::new(path).is_dir()
}

fn joined(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

impl<W: Write> Comparison<'_, W> {
    fn trouble(&mut self, path: &str, error: &io::Error) -> io::Result<()> {
        self.out.flush()?;
        complain(format_args!("diff: {path}: {}", reason(error)));
        self.status = TROUBLE;
        Ok(())
    }

    fn differ(&mut self) {
        self.status = self.status.max(1);
    }

    fn operands(&mut self, left: &str, right: &str) -> io::Result<()> {
        match (is_directory(left), is_directory(right)) {
            (true, true) => self.directories(left, right),
            (true, false) => self.files(
                &joined(left, right.rsplit('/').next().unwrap_or(right)),
                right,
                None,
            ),
            (false, true) => self.files(
                left,
                &joined(right, left.rsplit('/').next().unwrap_or(left)),
                None,
            ),
            (false, false) => self.files(left, right, None),
        }
    }

    fn directories(&mut self, left: &str, right: &str) -> io::Result<()> {
        let mut names = BTreeSet::new();
        for directory in [left, right] {
            match std::fs::read_dir(directory) {
                Ok(entries) => {
                    for entry in entries {
                        names.insert(entry?.file_name().to_string_lossy().into_owned());
                    }
                }
                // Under -N a directory that is not there is empty.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.options.new_files => {
                }
                Err(error) => self.trouble(directory, &error)?,
            }
        }
        for name in names {
            if self.options.exclude.iter().any(|glob| glob.is_match(&name)) {
                continue;
            }
            let (one, other) = (joined(left, &name), joined(right, &name));
            let (one_there, other_there) = (Path::new(&one).exists(), Path::new(&other).exists());
            let is_tree = is_directory(&one) || is_directory(&other);
            let one_missing = !one_there || !other_there;
            if one_missing && !self.options.new_files {
                let directory = if one_there { left } else { right };
                writeln!(self.out, "Only in {directory}: {name}")?;
                self.differ();
            } else if is_tree
                && (is_directory(&one) || !one_there)
                && (is_directory(&other) || !other_there)
            {
                if self.options.recursive {
                    self.directories(&one, &other)?;
                } else {
                    writeln!(self.out, "Common subdirectories: {one} and {other}")?;
                }
            } else if is_tree {
                let kind = |path: &str| {
                    if is_directory(path) {
                        "directory"
                    } else {
                        "regular file"
                    }
                };
                let (first, second) = (kind(&one), kind(&other));
                writeln!(
                    self.out,
                    "File {one} is a {first} while file {other} is a {second}"
                )?;
                self.differ();
            } else {
                let options: String = self
                    .options
                    .shown
                    .iter()
                    .map(|option| format!("{option} "))
                    .collect();
                self.files(&one, &other, Some(format!("diff {options}{one} {other}\n")))?;
            }
        }
        Ok(())
    }

    fn contents(&mut self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match crate::input::whole(path) {
            Ok(contents) => Ok(Some(contents)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.options.new_files => {
                Ok(Some(Vec::new()))
            }
            Err(error) => {
                self.trouble(path, &error)?;
                Ok(None)
            }
        }
    }

    fn files(&mut self, left: &str, right: &str, header: Option<String>) -> io::Result<()> {
        let one = self.contents(left)?;
        let other = self.contents(right)?;
        let (Some(one), Some(other)) = (one, other) else {
            return Ok(());
        };
        if one == other {
            return self.identical(left, right);
        }
        if self.options.style == Style::Brief {
            let keys = (
                keys(&lines(&one), self.options),
                keys(&lines(&other), self.options),
            );
            if keys.0 == keys.1 {
                return self.identical(left, right);
            }
            self.differ();
            return writeln!(self.out, "Files {left} and {right} differ");
        }
        if is_binary(&one) || is_binary(&other) {
            self.differ();
            return writeln!(self.out, "Binary files {left} and {right} differ");
        }
        let (one, other) = (lines(&one), lines(&other));
        let operations = capture_diff_slices(
            Algorithm::Myers,
            &keys(&one, self.options),
            &keys(&other, self.options),
        );
        let operations = self.relevant(operations, &one, &other);
        if operations
            .iter()
            .all(|operation| operation.tag() == DiffTag::Equal)
        {
            return self.identical(left, right);
        }
        self.differ();
        if let Some(header) = header {
            self.out.write_all(header.as_bytes())?;
        }
        match self.options.style {
            Style::Unified(context) => {
                for (number, (mark, path)) in
                    [("---", left), ("+++", right)].into_iter().enumerate()
                {
                    match self.options.labels.get(number) {
                        Some(label) => writeln!(self.out, "{mark} {label}")?,
                        None => writeln!(self.out, "{mark} {path}\t{}", modified(path))?,
                    }
                }
                for group in group_diff_ops(operations, context) {
                    self.hunk(&group, &one, &other)?;
                }
            }
            _ => {
                for operation in operations
                    .iter()
                    .filter(|operation| operation.tag() != DiffTag::Equal)
                {
                    self.change(operation, &one, &other)?;
                }
            }
        }
        Ok(())
    }

    fn identical(&mut self, left: &str, right: &str) -> io::Result<()> {
        if self.options.report_identical {
            writeln!(self.out, "Files {left} and {right} are identical")?;
        }
        Ok(())
    }

    /// With `-B`, changes of blank lines alone are none.
    fn relevant(&self, operations: Vec<DiffOp>, one: &[&[u8]], other: &[&[u8]]) -> Vec<DiffOp> {
        if !self.options.ignore_blank_lines {
            return operations;
        }
        let blank = |lines: &[&[u8]]| lines.iter().all(|line| line.trim_ascii().is_empty());
        let only_blank = |operation: &DiffOp| {
            operation.tag() != DiffTag::Equal
                && blank(&one[operation.old_range()])
                && blank(&other[operation.new_range()])
        };
        if operations
            .iter()
            .all(|operation| operation.tag() == DiffTag::Equal || only_blank(operation))
        {
            return Vec::new();
        }
        operations
    }

    fn line(&mut self, mark: &str, line: &[u8]) -> io::Result<()> {
        self.out.write_all(mark.as_bytes())?;
        self.out.write_all(line)?;
        if line.last() == Some(&b'\n') {
            Ok(())
        } else {
            self.out.write_all(b"\n\\ No newline at end of file\n")
        }
    }

    fn hunk(&mut self, group: &[DiffOp], one: &[&[u8]], other: &[&[u8]]) -> io::Result<()> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return Ok(());
        };
        let old = unified_range(first.old_range().start, last.old_range().end);
        let new = unified_range(first.new_range().start, last.new_range().end);
        writeln!(self.out, "@@ -{old} +{new} @@")?;
        for operation in group {
            if operation.tag() == DiffTag::Equal {
                for line in &one[operation.old_range()] {
                    self.line(" ", line)?;
                }
                continue;
            }
            for line in &one[operation.old_range()] {
                self.line("-", line)?;
            }
            for line in &other[operation.new_range()] {
                self.line("+", line)?;
            }
        }
        Ok(())
    }

    fn change(&mut self, operation: &DiffOp, one: &[&[u8]], other: &[&[u8]]) -> io::Result<()> {
        let (old, new) = (operation.old_range(), operation.new_range());
        let letter = match operation.tag() {
            DiffTag::Delete => 'd',
            DiffTag::Insert => 'a',
            _ => 'c',
        };
        writeln!(
            self.out,
            "{}{letter}{}",
            normal_range(old.start, old.end),
            normal_range(new.start, new.end)
        )?;
        for line in &one[old.clone()] {
            self.line("< ", line)?;
        }
        if letter == 'c' {
            writeln!(self.out, "---")?;
        }
        for line in &other[new] {
            self.line("> ", line)?;
        }
        Ok(())
    }
}

fn unified_range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

fn normal_range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start}"),
        1 => format!("{end}"),
        _ => format!("{},{end}", start + 1),
    }
}

fn is_binary(contents: &[u8]) -> bool {
    contents[..contents.len().min(8192)].contains(&0)
}

fn lines(contents: &[u8]) -> Vec<&[u8]> {
    contents.split_inclusive(|byte| *byte == b'\n').collect()
}

/// What of each line counts.
fn keys(lines: &[&[u8]], options: &Options) -> Vec<Vec<u8>> {
    lines.iter().map(|line| key(line, options)).collect()
}

fn key(line: &[u8], options: &Options) -> Vec<u8> {
    let mut key = line.to_vec();
    if options.strip_carriage_returns && key.ends_with(b"\r\n") {
        key.truncate(key.len() - 2);
        key.push(b'\n');
    }
    match options.blanks {
        Blanks::Count => {}
        Blanks::Ignored => key.retain(|byte| !byte.is_ascii_whitespace()),
        Blanks::RunsAreOne => {
            let mut squeezed = Vec::with_capacity(key.len());
            for byte in key.trim_ascii_end() {
                if !byte.is_ascii_whitespace() {
                    squeezed.push(*byte);
                } else if squeezed.last() != Some(&b' ') {
                    squeezed.push(b' ');
                }
            }
            key = squeezed;
        }
    }
    if options.ignore_case {
        key = String::from_utf8_lossy(&key).to_lowercase().into_bytes();
    }
    key
}

fn modified(path: &str) -> String {
    let time = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let (seconds, nanoseconds) = time.map_or((0, 0), crate::time::since_epoch);
    let format = format!("%Y-%m-%d %H:%M:%S.{nanoseconds:09} +0000");
    crate::time::format(seconds, nanoseconds, &format).unwrap_or_default()
}
