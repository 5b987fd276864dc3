//! The lines of one file, as they are printed.

use std::io::{self, Write};

use grep_matcher::{Match, Matcher};
use grep_searcher::{Searcher, Sink, SinkContext, SinkFinish, SinkMatch};

use super::matcher::MatchError;
use super::options::{Binary, Report};
use super::search::Search;

/// Takes the lines of one file.
pub(super) struct Lines<'s, 'a, M> {
    pub(super) search: &'s mut Search<'a, M>,
    pub(super) name: &'s str,
    pub(super) matches: u64,
    pub(super) binary: bool,
    pub(super) said: bool,
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
