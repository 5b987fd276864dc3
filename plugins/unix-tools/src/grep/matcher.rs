//! The patterns as a matcher: a finite automaton, or `fancy-regex` for what automata cannot do.

use std::io;

use grep_matcher::{Match, Matcher, NoCaptures, NoError};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};

use super::TROUBLE;
use super::options::{Language, Options, Whole};
use crate::glob::Case;
use crate::outcome::Failure;
use crate::posix_regex::{Syntax, translate};

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

pub(super) fn automaton(options: &Options) -> Result<RegexMatcher, Failure> {
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

pub(super) fn fancy(options: &Options) -> Result<Fancy, Failure> {
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
pub(super) struct Fancy(fancy_regex::Regex);

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
pub(super) trait MatchError {
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
