//! `print` and `printf`, and where they write.

use std::io::{self, Write};

use super::{Evaluated, Interpreter, mistake};
use crate::awk::ast::{Expression, Target, special};
use crate::awk::printf;
use crate::awk::streams::Opening;

impl Interpreter {
    pub(super) fn print(&mut self, values: &[Expression], target: &Target) -> Evaluated<()> {
        let mut line: Vec<u8>;
        if values.is_empty() {
            line = self.record_text().to_vec();
        } else {
            line = Vec::new();
            let separator = self.global_text(special::OFS);
            for (number, value) in values.iter().enumerate() {
                let value = self.evaluate(value)?;
                if number > 0 {
                    line.extend_from_slice(&separator);
                }
                line.extend_from_slice(&value.to_text(&self.global_text(special::OFMT)));
            }
        }
        line.extend_from_slice(&self.global_text(special::ORS));
        self.write(&line, target)
    }

    pub(super) fn write(&mut self, bytes: &[u8], target: &Target) -> Evaluated<()> {
        let (path, opening) = match target {
            Target::Output => return Ok(self.streams.output().write_all(bytes)?),
            Target::Truncate(path) => (path, Opening::Truncate),
            Target::Append(path) => (path, Opening::Append),
            Target::Command(command) => {
                let command = self.evaluated_text(command)?;
                return Ok(self.streams.write_to_command(&command, bytes)?);
            }
        };
        let path = self.evaluated_text(path)?;
        self.streams.write(&path, opening, bytes).or_else(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Err(error.into());
            }
            let path = String::from_utf8_lossy(&path).into_owned();
            mistake(format!(
                "cannot write to '{path}': {}",
                crate::outcome::reason(&error)
            ))
        })
    }

    /// The text that `values`, a format and its arguments, make.
    pub fn formatted(&mut self, values: &[Expression]) -> Evaluated<Vec<u8>> {
        let mut evaluated = Vec::with_capacity(values.len());
        for value in values {
            evaluated.push(self.evaluate(value)?);
        }
        let format = self.text_of(&evaluated[0]);
        let convert = self.global_text(special::CONVFMT);
        Ok(printf::format(&format, &evaluated[1..], &|value| {
            value.to_text(&convert).to_vec()
        }))
    }
}
