//! The state that a program starts in: the variables of the language, the environment, and assignments on the command
//! line.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use super::variables::Cell;
use super::{Interpreter, index_number};
use crate::awk::ast::{Program, special};
use crate::awk::lexer::unescape_all;
use crate::awk::record::Record;
use crate::awk::streams::Streams;
use crate::awk::value::{Text, Value};
use crate::outcome::Failure;

impl Interpreter {
    /// Prepares a program.
    pub fn new(
        program: Program,
        assignments: Vec<String>,
        separator: Option<String>,
        operands: Vec<String>,
    ) -> Result<Self, Failure> {
        let mut interpreter = Self {
            globals: vec![Cell::Unset; program.globals.len()],
            in_range: vec![false; program.ranges],
            program: Rc::new(program),
            locals: Vec::new(),
            depth: 0,
            frame: 0,
            record: Record::new(),
            streams: Streams::new(),
            regexes: HashMap::new(),
            arguments: 1,
            input: None,
            input_ended: false,
            status: 0,
            random: (0, 0.0),
            separator: None,
        };
        let texts = [
            (special::FS, " "),
            (special::OFS, " "),
            (special::ORS, "\n"),
            (special::RS, "\n"),
            (special::SUBSEP, "\x1c"),
            (special::CONVFMT, "%.6g"),
            (special::OFMT, "%.6g"),
        ];
        for (number, text) in texts {
            interpreter.globals[number] = Cell::Scalar(Value::text(text));
        }
        for number in [special::NR, special::FNR, special::RSTART] {
            interpreter.globals[number] = Cell::Scalar(Value::Number(0.0));
        }
        interpreter.globals[special::RLENGTH] = Cell::Scalar(Value::Number(-1.0));
        let environment: IndexMap<_, _> = std::env::vars_os()
            .map(|(name, value)| {
                let value = value.to_string_lossy().into_owned();
                (
                    Text::from(name.to_string_lossy().as_bytes()),
                    Value::from_input(value),
                )
            })
            .collect();
        interpreter.globals[special::ENVIRON] = Cell::Array(Rc::new(RefCell::new(environment)));
        interpreter.globals[special::ARGC] =
            Cell::Scalar(Value::from(index_number(operands.len() + 1)));
        let argv = std::iter::once("awk".to_owned())
            .chain(operands)
            .enumerate();
        let argv = argv.map(|(number, operand)| {
            (
                Text::from(number.to_string().as_bytes()),
                Value::from_input(operand),
            )
        });
        interpreter.globals[special::ARGV] = Cell::Array(Rc::new(RefCell::new(argv.collect())));
        if let Some(separator) = separator {
            let separator = unescape_all(separator.as_bytes());
            interpreter.globals[special::FS] = Cell::Scalar(Value::text(separator));
        }
        for assignment in assignments {
            let Some((name, value)) = split_assignment(&assignment) else {
                return Err(Failure::new(
                    2,
                    format!("-v {assignment}: NAME=VALUE is expected"),
                ));
            };
            interpreter.assign_from_outside(name, value)?;
        }
        Ok(interpreter)
    }

    /// A variable that the program does not use need not be kept.
    pub(super) fn assign_from_outside(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let number = self
            .program
            .globals
            .iter()
            .position(|global| global == name);
        if let Some(number) = number {
            let value = Value::from_input(unescape_all(value.as_bytes()));
            if number == special::NF {
                return Ok(());
            }
            self.globals[number] = Cell::Scalar(value);
        }
        Ok(())
    }
}

/// The name and value of an operand `name=value`.
pub(super) fn split_assignment(operand: &str) -> Option<(&str, &str)> {
    let (name, value) = operand.split_once('=')?;
    let mut letters = name.chars();
    let starts = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    (starts && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
        .then_some((name, value))
}
