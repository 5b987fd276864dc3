//! The search through operands: standard input, files and trees.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use grep_matcher::Matcher;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};

use super::TROUBLE;
use super::lines::Lines;
use super::matcher::MatchError;
use super::options::{Binary, Directories, Options, Report};
use crate::outcome::{Failure, Outcome, complain, reason};

pub(super) fn search_all<M: Matcher>(options: &Options, matcher: &M) -> Outcome
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

pub(super) struct Search<'a, M> {
    pub(super) options: &'a Options,
    pub(super) matcher: &'a M,
    pub(super) searcher: Searcher,
    pub(super) out: BufWriter<io::Stdout>,
    pub(super) names: bool,
    pub(super) found: bool,
    pub(super) troubled: bool,
    pub(super) groups: usize,
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
