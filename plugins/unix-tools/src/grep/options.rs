//! What the command line asks of grep.

use std::ffi::OsString;
use std::io::{self, Write};

use globset::GlobMatcher;
use lexopt::prelude::*;

use super::TROUBLE;
use crate::glob::Case;
use crate::outcome::{Failure, reason};
use crate::{arguments, glob};

/// The language of the patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Basic,
    Extended,
    Fixed,
    Perl,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    Lines,
    OnlyMatching,
    Count,
    FilesWith,
    FilesWithout,
    Nothing,
}

/// How directories are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directories {
    Complain,
    Skip,
    Recurse,
}

/// How a file that is not text is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Tell,
    AsText,
    WithoutMatch,
}

/// What `[ -w ]` and `[ -x ]` ask of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Any,
    Word,
    Line,
}

pub(super) struct Options {
    pub(super) language: Language,
    pub(super) patterns: Vec<String>,
    pub(super) operands: Vec<String>,
    pub(super) case: Case,
    pub(super) invert: bool,
    pub(super) whole: Whole,
    pub(super) report: Report,
    pub(super) line_numbers: bool,
    pub(super) byte_offsets: bool,
    pub(super) file_names: Option<bool>,
    pub(super) silent: bool,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) limit: Option<u64>,
    pub(super) directories: Directories,
    pub(super) binary: Binary,
    pub(super) include: Vec<GlobMatcher>,
    pub(super) exclude: Vec<GlobMatcher>,
    pub(super) exclude_directories: Vec<GlobMatcher>,
    pub(super) null_after_name: bool,
    pub(super) null_data: bool,
    pub(super) label: String,
    pub(super) separator: Option<String>,
    pub(super) color: bool,
}

pub(super) fn parse(arguments: Vec<OsString>, language: Language) -> Result<Options, Failure> {
    let mut options = Options {
        language,
        patterns: Vec::new(),
        operands: Vec::new(),
        case: Case::Sensitive,
        invert: false,
        whole: Whole::Any,
        report: Report::Lines,
        line_numbers: false,
        byte_offsets: false,
        file_names: None,
        silent: false,
        before: 0,
        after: 0,
        limit: None,
        directories: Directories::Complain,
        binary: Binary::Tell,
        include: Vec::new(),
        exclude: Vec::new(),
        exclude_directories: Vec::new(),
        null_after_name: false,
        null_data: false,
        label: "(standard input)".to_owned(),
        separator: Some("--".to_owned()),
        color: false,
    };
    let mut patterns_given = false;
    let mut context = (None, None, None);
    let mut parser = lexopt::Parser::from_iter(bound_context(arguments));
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('E') | Long("extended-regexp") => options.language = Language::Extended,
            Short('F') | Long("fixed-strings") => options.language = Language::Fixed,
            Short('G') | Long("basic-regexp") => options.language = Language::Basic,
            Short('P') | Long("perl-regexp") => options.language = Language::Perl,
            Short('e') | Long("regexp") => {
                patterns_given = true;
                let pattern = arguments::text(&mut parser, TROUBLE)?;
                options
                    .patterns
                    .extend(pattern.split('\n').map(str::to_owned));
            }
            Short('f') | Long("file") => {
                patterns_given = true;
                let name = arguments::text(&mut parser, TROUBLE)?;
                let text = crate::input::whole(&name).map_err(|error| {
                    Failure::new(TROUBLE, format!("{name}: {}", reason(&error)))
                })?;
                options
                    .patterns
                    .extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
            }
            Short('i' | 'y') | Long("ignore-case") => options.case = Case::Insensitive,
            Long("no-ignore-case") => options.case = Case::Sensitive,
            Short('v') | Long("invert-match") => options.invert = true,
            Short('w') | Long("word-regexp") => options.whole = Whole::Word,
            Short('x') | Long("line-regexp") => options.whole = Whole::Line,
            Short('c') | Long("count") => options.report = Report::Count,
            Short('l') | Long("files-with-matches") => options.report = Report::FilesWith,
            Short('L') | Long("files-without-match") => options.report = Report::FilesWithout,
            Short('q') | Long("quiet" | "silent") => options.report = Report::Nothing,
            Short('o') | Long("only-matching") => {
                if options.report == Report::Lines {
                    options.report = Report::OnlyMatching;
                }
            }
            Short('s') | Long("no-messages") => options.silent = true,
            Short('n') | Long("line-number") => options.line_numbers = true,
            Short('b') | Long("byte-offset") => options.byte_offsets = true,
            Short('H') | Long("with-filename") => options.file_names = Some(true),
            Short('h') | Long("no-filename") => options.file_names = Some(false),
            Short('r' | 'R') | Long("recursive" | "dereference-recursive") => {
                options.directories = Directories::Recurse;
            }
            Short('d') | Long("directories") => {
                options.directories = match arguments::text(&mut parser, TROUBLE)?.as_str() {
                    "read" => Directories::Complain,
                    "skip" => Directories::Skip,
                    "recurse" => Directories::Recurse,
                    other => {
                        return Err(Failure::new(
                            TROUBLE,
                            format!("invalid argument '{other}' for '--directories'"),
                        ));
                    }
                }
            }
            Short('A') | Long("after-context") => {
                context.1 = Some(arguments::number(&mut parser, TROUBLE)?)
            }
            Short('B') | Long("before-context") => {
                context.0 = Some(arguments::number(&mut parser, TROUBLE)?)
            }
            Short('C') | Long("context") => {
                context.2 = Some(arguments::number(&mut parser, TROUBLE)?)
            }
            Short('m') | Long("max-count") => {
                options.limit = Some(arguments::number(&mut parser, TROUBLE)?)
            }
            Short('a') | Long("text") => options.binary = Binary::AsText,
            Short('I') => options.binary = Binary::WithoutMatch,
            Long("binary-files") => {
                options.binary = match arguments::text(&mut parser, TROUBLE)?.as_str() {
                    "text" => Binary::AsText,
                    "without-match" => Binary::WithoutMatch,
                    _ => Binary::Tell,
                }
            }
            Short('Z') | Long("null") => options.null_after_name = true,
            Short('z') | Long("null-data") => options.null_data = true,
            Long("include") => options.include.push(globbed(&mut parser)?),
            Long("exclude") => options.exclude.push(globbed(&mut parser)?),
            Long("exclude-dir") => options.exclude_directories.push(globbed(&mut parser)?),
            Long("label") => options.label = arguments::text(&mut parser, TROUBLE)?,
            Long("group-separator") => {
                options.separator = Some(arguments::text(&mut parser, TROUBLE)?)
            }
            Long("no-group-separator") => options.separator = None,
            Long("color" | "colour") => {
                options.color = parser.optional_value().is_some_and(|when| when == "always");
            }
            Short('T' | 'U') | Long("initial-tab" | "binary" | "line-buffered") => {}
            Short('V') | Long("version") => {
                writeln!(
                    io::stdout(),
                    "grep (massgen unix-tools) {}",
                    env!("CARGO_PKG_VERSION")
                )?;
                crate::outcome::end(0);
            }
            Value(value) => {
                let value = arguments::operand(value, TROUBLE)?;
                options.operands.push(value);
            }
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    if !patterns_given {
        if options.operands.is_empty() {
            return Err(Failure::new(
                TROUBLE,
                "no pattern; usage: grep [OPTION]... PATTERNS [FILE]...",
            ));
        }
        let pattern = options.operands.remove(0);
        options.patterns = pattern.split('\n').map(str::to_owned).collect();
    }
    options.before = context.0.or(context.2).unwrap_or(0);
    options.after = context.1.or(context.2).unwrap_or(0);
    Ok(options)
}

/// `-3` is `-C3`.
fn bound_context(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut only_operands = false;
    arguments
        .into_iter()
        .map(|argument| {
            only_operands |= argument == "--";
            match argument.to_str().and_then(|text| text.strip_prefix('-')) {
                Some(digits)
                    if !only_operands
                        && !digits.is_empty()
                        && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
                {
                    format!("-C{digits}").into()
                }
                _ => argument,
            }
        })
        .collect()
}

fn globbed(parser: &mut lexopt::Parser) -> Result<GlobMatcher, Failure> {
    let pattern = arguments::text(parser, TROUBLE)?;
    glob::matcher(&pattern, Case::Sensitive)
        .map_err(|error| Failure::new(TROUBLE, format!("'{pattern}': {error}")))
}
