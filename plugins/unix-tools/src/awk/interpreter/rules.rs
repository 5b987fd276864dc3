//! Runs a program: `BEGIN`, the rules over each record, and `END`.

use super::{Evaluated, Interpreter, Stop};
use crate::awk::ast::{Pattern, Program, Target};
use crate::outcome::{Failure, Outcome};

impl Interpreter {
    /// Runs the program to its exit status.
    pub fn run(mut self) -> Outcome {
        let outcome = self.everything();
        // What was printed before a failure is not lost.
        let flushed = self.streams.finish();
        outcome?;
        flushed?;
        Ok(self.status & 0xff)
    }

    fn everything(&mut self) -> Result<(), Failure> {
        let program = self.program.clone();
        let mut exited = false;
        for action in &program.begin {
            if ends(self.block(action).map(drop))? {
                exited = true;
                break;
            }
        }
        let reads_input = !program.rules.is_empty() || !program.end.is_empty();
        if !exited && reads_input {
            while self.next_record()? {
                match self.rules(&program) {
                    Err(Stop::NextFile) => self.input = None,
                    outcome => {
                        if ends(outcome)? {
                            break;
                        }
                    }
                }
            }
        }
        for action in &program.end {
            if ends(self.block(action).map(drop))? {
                break;
            }
        }
        Ok(())
    }

    fn rules(&mut self, program: &Program) -> Evaluated<()> {
        for rule in &program.rules {
            let runs = match &rule.pattern {
                Pattern::Always => true,
                Pattern::When(condition) => self.evaluate(condition)?.is_true(),
                Pattern::Range(number, first, last) => {
                    let inside = self.in_range[*number] || self.evaluate(first)?.is_true();
                    if inside {
                        self.in_range[*number] = !self.evaluate(last)?.is_true();
                    }
                    inside
                }
            };
            if !runs {
                continue;
            }
            match &rule.action {
                Some(action) => drop(self.block(action)?),
                None => self.print(&[], &Target::Output)?,
            }
        }
        Ok(())
    }
}

/// Whether a rule or action ended the program; `next` ends only itself.
fn ends(outcome: Evaluated<()>) -> Result<bool, Failure> {
    match outcome {
        Ok(()) | Err(Stop::Next | Stop::NextFile) => Ok(false),
        Err(Stop::Exit) => Ok(true),
        Err(Stop::Failure(failure)) => Err(failure),
    }
}
