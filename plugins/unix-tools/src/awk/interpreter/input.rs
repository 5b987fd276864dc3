//! Reads records: the main input, which the operands name, and `getline`.

use std::io::{self, Write};

use super::start::split_assignment;
use super::variables::Cell;
use super::{Evaluated, Interpreter, Stop, index_number};
use crate::awk::ast::{Place, Source, special};
use crate::awk::streams::{Ending, Records};
use crate::awk::value::{Text, Value};
use crate::outcome::Failure;

impl Interpreter {
    /// Reads the next record of the main input into `$0`.
    pub(super) fn next_record(&mut self) -> Result<bool, Failure> {
        match self.main_input()? {
            Some(record) => {
                self.record.set(&record);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn main_input(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if self.input.is_none() && !self.open_next_input()? {
                return Ok(None);
            }
            let ending = self.ending()?;
            let Some(input) = &mut self.input else {
                return Ok(None);
            };
            if let Some((record, ended)) = input.next(&ending)? {
                self.globals[special::RT] = Cell::Scalar(Value::text(ended));
                self.count(special::NR);
                self.count(special::FNR);
                return Ok(Some(record));
            }
            self.input = None;
        }
    }

    pub(super) fn count(&mut self, variable: usize) {
        let value = self.global_value(variable).number() + 1.0;
        self.globals[variable] = Cell::Scalar(Value::Number(value));
    }

    /// Opens the next file among the operands, and carries out assignments before it.
    fn open_next_input(&mut self) -> Result<bool, Failure> {
        if self.input_ended {
            return Ok(false);
        }
        let count = self.global_value(special::ARGC).number();
        while index_number(self.arguments) < count {
            let key = Text::from(self.arguments.to_string().as_bytes());
            self.arguments += 1;
            let Cell::Array(argv) = &self.globals[special::ARGV] else {
                break;
            };
            let operand = argv.borrow().get(&key).map(|value| value.to_text(b"%.6g"));
            let Some(operand) = operand.filter(|operand| !operand.is_empty()) else {
                continue;
            };
            let operand = String::from_utf8_lossy(&operand).into_owned();
            if let Some((name, value)) = split_assignment(&operand) {
                self.assign_from_outside(name, value)?;
                continue;
            }
            match crate::input::open(&operand) {
                Ok(file) => {
                    self.input = Some(Records::new(file));
                    self.start_input(&operand);
                    return Ok(true);
                }
                Err(error) => {
                    self.streams.output().flush()?;
                    crate::outcome::complain(format_args!(
                        "awk: cannot open '{operand}': {}",
                        crate::outcome::reason(&error)
                    ));
                    self.status = 2;
                    // With a file named, standard input is not read instead.
                    self.input_ended |= index_number(self.arguments) >= count;
                    self.globals[special::FILENAME] = Cell::Scalar(Value::from_input(operand));
                }
            }
        }
        let nothing_read =
            matches!(self.globals[special::FILENAME], Cell::Unset) && !self.input_ended;
        self.input_ended = true;
        if nothing_read {
            self.input = Some(Records::new(Box::new(io::stdin())));
            self.start_input("");
        }
        Ok(nothing_read)
    }

    fn start_input(&mut self, name: &str) {
        self.globals[special::FILENAME] = Cell::Scalar(Value::text(name));
        self.globals[special::FNR] = Cell::Scalar(Value::Number(0.0));
    }

    fn ending(&mut self) -> Result<Ending, Failure> {
        let separator = self.global_text(special::RS);
        match &*separator {
            [] => Ok(Ending::Paragraph),
            [byte] => Ok(Ending::Byte(*byte)),
            _ => match self.regex(&separator) {
                Ok(regex) => Ok(Ending::Regex((*regex).clone())),
                Err(Stop::Failure(failure)) => Err(failure),
                Err(_) => Ok(Ending::Byte(b'\n')),
            },
        }
    }

    pub(super) fn getline(&mut self, place: Option<&Place>, source: &Source) -> Evaluated<Value> {
        let record = match source {
            Source::Command(command) => {
                let command = self.evaluated_text(command)?;
                let ending = self.ending()?;
                // NR stays as it is, as in gawk.
                let record = self.streams.read_from_command(&command, &ending)?;
                record.map(|(record, _)| record)
            }
            Source::Input => self.main_input()?,
            Source::File(file) => {
                let path = self.evaluated_text(file)?;
                let ending = self.ending()?;
                match self.streams.read(&path, &ending) {
                    Ok(record) => record.map(|(record, _)| record),
                    Err(_) => return Ok(Value::Number(-1.0)),
                }
            }
        };
        let Some(record) = record else {
            return Ok(Value::Number(0.0));
        };
        match place {
            Some(place) => self.assign(place, Value::from_input(record))?,
            None => self.record.set(&record),
        }
        Ok(Value::Number(1.0))
    }
}
