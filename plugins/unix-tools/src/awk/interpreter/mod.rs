//! Walks the tree. Here stand the state of a running program and why evaluation stops; what the walk does at each kind
//! of node is in a module for each topic.

mod expressions;
mod fields;
mod functions;
mod input;
mod output;
mod regexes;
mod rules;
mod start;
mod statements;
mod variables;

use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use regex::bytes::Regex;

use super::ast::Program;
use super::record::{Record, Separator};
use super::streams::{Records, Streams};
use super::value::{Text, Value};
use crate::outcome::Failure;

use variables::Cell;

/// Why evaluation does not go on.
pub enum Stop {
    /// A mistake or a failure.
    Failure(Failure),
    /// `next`.
    Next,
    /// `nextfile`.
    NextFile,
    /// `exit`.
    Exit,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failure(Failure::Io(error))
    }
}

/// The result of an evaluation.
pub type Evaluated<T> = Result<T, Stop>;

/// A mistake that shows when the program runs.
pub fn mistake<T>(text: impl Into<String>) -> Evaluated<T> {
    Err(Stop::Failure(Failure::new(2, text)))
}

/// Where execution goes after a statement.
enum Flow {
    Onwards,
    Break,
    Continue,
    Return(Value),
}

/// Calls, statements and expressions together nest no deeper: a guest has a stack of half a megabyte, and overflowing it
/// would be a trap.
const DEEPEST: usize = 1000;

/// A running program.
pub struct Interpreter {
    program: Rc<Program>,
    globals: Vec<Cell>,
    locals: Vec<Cell>,
    depth: usize,
    frame: usize,
    /// The current record.
    pub record: Record,
    /// Open files.
    pub streams: Streams,
    regexes: HashMap<Text, Rc<Regex>>,
    in_range: Vec<bool>,
    arguments: usize,
    input: Option<Records>,
    input_ended: bool,
    status: i32,
    /// The state of `rand`, and the seed that `srand` gives back.
    pub random: (u64, f64),
    separator: Option<(Text, Separator)>,
}

impl Interpreter {
    fn deeper(&mut self) -> Evaluated<()> {
        if self.depth >= DEEPEST {
            return mistake(format!(
                "calls and expressions are nested deeper than {DEEPEST} levels"
            ));
        }
        self.depth += 1;
        Ok(())
    }
}

/// A count as one of awk's numbers.
pub fn index_number(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "awk's numbers are doubles")]
    let number = count as f64;
    number
}
