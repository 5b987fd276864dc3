//! `grep`, `egrep` and `fgrep` over ripgrep's searcher. What finite automata cannot do, references back and `-P`,
//! goes to `fancy-regex`.

mod lines;
mod matcher;
mod options;
mod search;

use std::ffi::OsString;

use self::matcher::{automaton, fancy};
use self::options::{Language, Options, parse};
use self::search::search_all;
use crate::outcome::{Outcome, finish};
use crate::posix_regex::refers_back;

/// Exit status for mistakes and failures.
const TROUBLE: i32 = 2;

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
