//! `grep`, `egrep` and `fgrep` over ripgrep's searcher. What finite automata cannot do, references back and `-P`,
//! goes to `fancy-regex`.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use globset::GlobMatcher;
use grep_matcher::{Match, Matcher, NoCaptures, NoError};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkFinish, SinkMatch,
};
use lexopt::prelude::*;

use crate::glob::Case;
use crate::outcome::{Failure, Outcome, complain, finish, reason};
use crate::posix_regex::{Syntax, refers_back, translate};
use crate::{arguments, glob};

/// Exit status for mistakes and failures.
const TROUBLE: i32 = 2;

/// The language of the patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Basic,
    Extended,
    Fixed,
    Perl,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Lines,
    OnlyMatching,
    Count,
    FilesWith,
    FilesWithout,
    Nothing,
}

/// How directories are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directories {
    Complain,
    Skip,
    Recurse,
}

/// How a file that is not text is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Tell,
    AsText,
    WithoutMatch,
}

/// What `[ -w ]` and `[ -x ]` ask of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Any,
    Word,
    Line,
}

struct Options {
    language: Language,
    patterns: Vec<String>,
    operands: Vec<String>,
    case: Case,
    invert: bool,
    whole: Whole,
    report: Report,
    line_numbers: bool,
    byte_offsets: bool,
    file_names: Option<bool>,
    silent: bool,
    before: usize,
    after: usize,
    limit: Option<u64>,
    directories: Directories,
    binary: Binary,
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    exclude_directories: Vec<GlobMatcher>,
    null_after_name: bool,
    null_data: bool,
    label: String,
    separator: Option<String>,
    color: bool,
}

/// Runs grep, in the language that the name asks for.
pub fn run(arguments: Vec<OsString>) -> i32 {
    let name = arguments
        .first()
        .map(crate::table::called_as)
        .unwrap_or_default();
    let language = match name.as_str() {
        "egrep" => Language::Extended,
        "fgrep" => Language::Fixed,
        _ => Language::Basic,
    };
    finish("grep", parse(arguments, language).and_then(grep), TROUBLE)
}

fn parse(arguments: Vec<OsString>, language: Language) -> Result<Options, Failure> {
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

fn grep(options: Options) -> Outcome {
    let needs_more = match options.language {
        Language::Fixed => false,
        Language::Perl => true,
        _ => options.patterns.iter().any(|pattern| refers_back(pattern)),
    };
    if needs_more {
        search_all(&options, &fancy(&options)?)
    } else {
        search_all(&options, &automaton(&options)?)
    }
}

fn translated(options: &Options) -> Vec<String> {
    options
        .patterns
        .iter()
        .map(|pattern| match options.language {
            Language::Basic => translate(pattern, Syntax::Basic),
            Language::Extended => translate(pattern, Syntax::Extended),
            Language::Fixed => regex::escape(pattern),
            Language::Perl => pattern.clone(),
        })
        .collect()
}

fn invalid(options: &Options, message: &str) -> Failure {
    let line = message.lines().last().unwrap_or(message);
    let line = line.strip_prefix("error: ").unwrap_or(line);
    Failure::new(
        TROUBLE,
        format!(
            "'{}' is no regular expression: {line}",
            options.patterns.join("\\n")
        ),
    )
}

fn automaton(options: &Options) -> Result<RegexMatcher, Failure> {
    let mut builder = RegexMatcherBuilder::new();
    builder
        .case_insensitive(options.case == Case::Insensitive)
        .multi_line(true)
        .line_terminator(Some(if options.null_data { 0 } else { b'\n' }))
        .whole_line(options.whole == Whole::Line)
        .word(options.whole == Whole::Word);
    builder
        .build_many(&translated(options))
        .map_err(|error| invalid(options, &error.to_string()))
}

fn fancy(options: &Options) -> Result<Fancy, Failure> {
    let alternatives: Vec<String> = translated(options)
        .iter()
        .map(|pattern| {
            // A group around one pattern would shift its references, so only several get one.
            if options.patterns.len() > 1 {
                format!("(?:{pattern})")
            } else {
                pattern.clone()
            }
        })
        .collect();
    let pattern = alternatives.join("|");
    let flags = if options.case == Case::Insensitive {
        "(?i)"
    } else {
        ""
    };
    let pattern = match options.whole {
        Whole::Any => format!("{flags}(?m){pattern}"),
        Whole::Word => format!(r"{flags}(?m)(?<!\w)(?:{pattern})(?!\w)"),
        Whole::Line => format!("{flags}(?m)^(?:{pattern})$"),
    };
    let regex = fancy_regex::RegexBuilder::new(&pattern)
        .backtrack_limit(10_000_000)
        .build();
    regex
        .map(Fancy)
        .map_err(|error| invalid(options, &error.to_string()))
}

/// `fancy-regex` as a matcher. It matches text alone: what is not UTF-8 is matched as if it were replaced.
struct Fancy(fancy_regex::Regex);

impl Matcher for Fancy {
    type Captures = NoCaptures;
    type Error = String;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, String> {
        let text = match std::str::from_utf8(haystack) {
            Ok(text) => text,
            // The lines before the first bad byte can be matched; searching goes line by line.
            Err(error) => std::str::from_utf8(&haystack[..error.valid_up_to()]).unwrap_or_default(),
        };
        if at > text.len() || !text.is_char_boundary(at) {
            return Ok(None);
        }
        let found = self
            .0
            .find_from_pos(text, at)
            .map_err(|error| error.to_string())?;
        Ok(found.map(|found| Match::new(found.start(), found.end())))
    }

    fn new_captures(&self) -> Result<NoCaptures, String> {
        Ok(NoCaptures::new())
    }

    fn line_terminator(&self) -> Option<grep_matcher::LineTerminator> {
        None
    }
}

/// An error of a matcher as an error of input, in which searches report theirs.
trait MatchError {
    fn into_io(self) -> io::Error;
}

impl MatchError for String {
    fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}

impl MatchError for NoError {
    fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}

fn search_all<M: Matcher>(options: &Options, matcher: &M) -> Outcome
where
    M::Error: MatchError,
{
    let recursive = options.directories == Directories::Recurse;
    let mut operands = options.operands.clone();
    let implied = operands.is_empty() && recursive;
    if operands.is_empty() {
        operands.push(if recursive { "." } else { "-" }.to_owned());
    }
    let mut search = Search {
        options,
        matcher,
        searcher: searcher(options),
        out: BufWriter::with_capacity(64 * 1024, io::stdout()),
        names: options
            .file_names
            .unwrap_or(operands.len() > 1 || recursive),
        found: false,
        troubled: false,
        groups: 0,
    };
    for operand in &operands {
        if search.found && options.report == Report::Nothing {
            break;
        }
        if operand == "-" {
            search.input(&options.label.clone(), io::stdin())?;
        } else if recursive {
            search.tree(operand, implied)?;
        } else {
            search.file(operand)?;
        }
    }
    search.out.flush()?;
    if search.found && (options.report == Report::Nothing || !search.troubled) {
        return Ok(0);
    }
    Ok(if search.troubled { TROUBLE } else { 1 })
}

fn searcher(options: &Options) -> Searcher {
    let reports_lines = matches!(options.report, Report::Lines);
    let mut builder = SearcherBuilder::new();
    builder
        .line_number(options.line_numbers)
        .invert_match(options.invert)
        .before_context(if reports_lines { options.before } else { 0 })
        .after_context(if reports_lines { options.after } else { 0 })
        .max_matches(options.limit)
        .binary_detection(match options.binary {
            Binary::AsText => BinaryDetection::none(),
            _ if options.null_data => BinaryDetection::none(),
            _ => BinaryDetection::convert(0),
        });
    if options.null_data {
        builder.line_terminator(grep_matcher::LineTerminator::byte(0));
    }
    builder.build()
}

struct Search<'a, M> {
    options: &'a Options,
    matcher: &'a M,
    searcher: Searcher,
    out: BufWriter<io::Stdout>,
    names: bool,
    found: bool,
    troubled: bool,
    groups: usize,
}

impl<M: Matcher> Search<'_, M>
where
    M::Error: MatchError,
{
    fn trouble(&mut self, name: &str, error: &io::Error) -> io::Result<()> {
        self.troubled = true;
        if !self.options.silent {
            self.out.flush()?;
            complain(format_args!("grep: {name}: {}", reason(error)));
        }
        Ok(())
    }

    fn tree(&mut self, root: &str, implied: bool) -> Result<(), Failure> {
        let options = self.options;
        let walk = walkdir::WalkDir::new(root)
            .follow_links(false)
            .follow_root_links(true)
            .into_iter();
        let entered = move |entry: &walkdir::DirEntry| {
            let name = Path::new(entry.file_name());
            !(entry.file_type().is_dir()
                && entry.depth() > 0
                && options
                    .exclude_directories
                    .iter()
                    .any(|glob| glob.is_match(name)))
        };
        for entry in walk.filter_entry(entered) {
            if self.found && options.report == Report::Nothing {
                break;
            }
            match entry {
                Ok(entry) => {
                    // Links are followed only where the command line names them.
                    let is_file = entry.file_type().is_file()
                        || (entry.depth() == 0 && entry.path().is_file());
                    if !is_file || !self.wanted(entry.path()) {
                        continue;
                    }
                    let path = entry.path().to_string_lossy();
                    let shown = if implied {
                        path.strip_prefix("./").unwrap_or(&path)
                    } else {
                        &path
                    };
                    self.file(shown)?;
                }
                Err(error) => {
                    let path = error
                        .path()
                        .map_or_else(|| root.to_owned(), |path| path.display().to_string());
                    let error = error
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("a loop of links"));
                    self.trouble(&path, &error)?;
                }
            }
        }
        Ok(())
    }

    /// Whether `--include` and `--exclude` let a file be searched.
    fn wanted(&self, path: &Path) -> bool {
        let name = path.file_name().map_or(path, Path::new);
        let options = self.options;
        (options.include.is_empty() || options.include.iter().any(|glob| glob.is_match(name)))
            && !options
                .exclude
                .iter()
                .any(|glob| glob.is_match(name) || glob.is_match(path))
    }

    fn file(&mut self, name: &str) -> Result<(), Failure> {
        if std::fs::metadata(name).is_ok_and(|metadata| metadata.is_dir()) {
            if self.options.directories == Directories::Complain {
                self.trouble(name, &io::ErrorKind::IsADirectory.into())?;
            }
            return Ok(());
        }
        if self.options.directories != Directories::Recurse && !self.wanted(Path::new(name)) {
            return Ok(());
        }
        match std::fs::File::open(name) {
            Ok(file) => self.input(name, file),
            Err(error) => Ok(self.trouble(name, &error)?),
        }
    }

    fn input(&mut self, name: &str, input: impl io::Read) -> Result<(), Failure> {
        let options = self.options;
        let matcher = self.matcher;
        let mut searcher = self.searcher.clone();
        let mut sink = Lines {
            search: self,
            name,
            matches: 0,
            binary: false,
            said: false,
        };
        if options.limit != Some(0) {
            match searcher.search_reader(matcher, input, &mut sink) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error.into()),
                Err(error) => {
                    let search = &mut *sink.search;
                    search.trouble(name, &error)?;
                }
            }
        }
        let (matches, binary) = (sink.matches, sink.binary);
        let found = matches > 0;
        self.found |= found;
        let end = if options.null_after_name { "\0" } else { "\n" };
        match options.report {
            Report::Count => {
                if self.names {
                    let separator = if options.null_after_name { "\0" } else { ":" };
                    write!(self.out, "{name}{separator}")?;
                }
                writeln!(self.out, "{matches}")?;
            }
            Report::FilesWith if found => write!(self.out, "{name}{end}")?,
            Report::FilesWithout if !found => write!(self.out, "{name}{end}")?,
            Report::Lines | Report::OnlyMatching
                if found && binary && options.binary == Binary::Tell =>
            {
                writeln!(self.out, "grep: {name}: binary file matches")?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Takes the lines of one file.
struct Lines<'s, 'a, M> {
    search: &'s mut Search<'a, M>,
    name: &'s str,
    matches: u64,
    binary: bool,
    said: bool,
}

impl<M: Matcher> Lines<'_, '_, M>
where
    M::Error: MatchError,
{
    fn prefix(&mut self, number: Option<u64>, offset: u64, mark: char) -> io::Result<()> {
        let search = &mut *self.search;
        if search.names {
            if search.options.null_after_name {
                write!(search.out, "{}\0", self.name)?;
            } else {
                write!(search.out, "{}{mark}", self.name)?;
            }
        }
        if let Some(number) = number {
            write!(search.out, "{number}{mark}")?;
        }
        if search.options.byte_offsets {
            write!(search.out, "{offset}{mark}")?;
        }
        Ok(())
    }

    fn end(&mut self, line: &[u8]) -> io::Result<()> {
        let end = if self.search.options.null_data {
            0
        } else {
            b'\n'
        };
        if line.last() != Some(&end) {
            self.search.out.write_all(&[end])?;
        }
        Ok(())
    }

    /// The places in `line`, without its end, that match and are not empty.
    fn places(&self, line: &[u8]) -> io::Result<Vec<Match>> {
        let mut places = Vec::new();
        let search = &*self.search;
        search
            .matcher
            .find_iter(line, |found| {
                if !found.is_empty() {
                    places.push(found);
                }
                true
            })
            .map_err(MatchError::into_io)?;
        Ok(places)
    }

    /// The line with its matches in red, as terminals show them.
    fn coloured(&mut self, line: &[u8]) -> io::Result<()> {
        let mut rest = 0;
        for place in self.places(line)? {
            let out = &mut self.search.out;
            out.write_all(&line[rest..place.start()])?;
            out.write_all(b"\x1b[01;31m\x1b[K")?;
            out.write_all(&line[place])?;
            out.write_all(b"\x1b[m\x1b[K")?;
            rest = place.end();
        }
        self.search.out.write_all(&line[rest..])
    }
}

fn without_end(line: &[u8], end: u8) -> &[u8] {
    line.strip_suffix(&[end]).unwrap_or(line)
}

impl<M: Matcher> Sink for Lines<'_, '_, M>
where
    M::Error: MatchError,
{
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        let options = self.search.options;
        if self.binary && options.binary == Binary::WithoutMatch {
            return Ok(false);
        }
        self.matches += 1;
        let reports = matches!(
            options.report,
            Report::Lines | Report::OnlyMatching | Report::Count
        );
        if !reports {
            return Ok(false);
        }
        if options.report == Report::Count {
            return Ok(true);
        }
        if self.binary && options.binary == Binary::Tell {
            return Ok(false);
        }
        let line = found.bytes();
        let offset = found.absolute_byte_offset();
        let body = without_end(line, if options.null_data { 0 } else { b'\n' });
        if options.report == Report::OnlyMatching {
            if options.invert {
                return Ok(true);
            }
            for place in self.places(body)? {
                self.prefix(found.line_number(), offset + place.start() as u64, ':')?;
                self.search.out.write_all(&body[place])?;
                self.end(b"")?;
            }
            return Ok(true);
        }
        self.group()?;
        self.prefix(found.line_number(), offset, ':')?;
        if options.color && !options.invert {
            self.coloured(body)?;
            self.end(b"")?;
        } else {
            self.search.out.write_all(line)?;
            self.end(line)?;
        }
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        if self.binary && self.search.options.binary != Binary::AsText {
            return Ok(true);
        }
        self.group()?;
        self.prefix(context.line_number(), context.absolute_byte_offset(), '-')?;
        self.search.out.write_all(context.bytes())?;
        self.end(context.bytes())?;
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        self.said = false;
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> io::Result<bool> {
        self.binary = true;
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        self.binary |= finish.binary_byte_offset().is_some();
        Ok(())
    }
}

impl<M: Matcher> Lines<'_, '_, M> {
    /// Separates groups of lines, also those of several files.
    fn group(&mut self) -> io::Result<()> {
        if self.said {
            return Ok(());
        }
        self.said = true;
        let search = &mut *self.search;
        let options = search.options;
        search.groups += 1;
        if search.groups > 1
            && options.before + options.after > 0
            && let Some(separator) = &options.separator
        {
            writeln!(search.out, "{separator}")?;
        }
        Ok(())
    }
}
