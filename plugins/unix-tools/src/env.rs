//! `env`: prints the environment, or runs a command in a changed one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, finish};
use crate::spawn::Command;

/// Exit status for mistakes of env itself.
const TROUBLE: i32 = 125;

/// Runs env.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("env", env(arguments), TROUBLE)
}

fn env(arguments: Vec<OsString>) -> Outcome {
    let mut environment: BTreeMap<String, String> = std::env::vars().collect();
    let mut order: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    let mut directory = None;
    let mut end = '\n';
    let mut words = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('i') | Long("ignore-environment") => environment.clear(),
            Short('u') | Long("unset") => {
                drop(environment.remove(&arguments::text(&mut parser, TROUBLE)?))
            }
            Short('C') | Long("chdir") => {
                directory = Some(arguments::text(&mut parser, TROUBLE)?.into())
            }
            Short('0') | Long("null") => end = '\0',
            Short('v') | Long("debug") => {}
            Short('S') | Long("split-string") => {
                let value = arguments::text(&mut parser, TROUBLE)?;
                words.extend(value.split_whitespace().map(str::to_owned));
            }
            Value(value) => {
                let value = arguments::operand(value, TROUBLE)?;
                let is_assignment = words.is_empty() && value.contains('=');
                if value == "-" && words.is_empty() {
                    environment.clear();
                } else if let (true, Some((name, value))) = (is_assignment, value.split_once('=')) {
                    order.push(name.to_owned());
                    environment.insert(name.to_owned(), value.to_owned());
                } else {
                    words.push(value);
                    let rest = parser
                        .raw_args()
                        .map_err(|error| arguments::usage(&error, TROUBLE))?;
                    for argument in rest {
                        words.push(arguments::operand(argument, TROUBLE)?);
                    }
                }
            }
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    // Assignments that -S brought along.
    while let Some((name, value)) = words.first().and_then(|word| word.split_once('=')) {
        environment.insert(name.to_owned(), value.to_owned());
        words.remove(0);
    }
    if words.is_empty() {
        let mut out = std::io::stdout().lock();
        for name in order {
            if let Some(value) = environment.remove(&name) {
                write!(out, "{name}={value}{end}")?;
            }
        }
        return Ok(0);
    }
    let program = words.remove(0);
    let mut command = Command::new(program.clone(), words);
    command.environment = Some(environment.into_iter().collect());
    command.directory = directory;
    command.run().map_err(|error| {
        let (text, status) = error.explain(&program);
        Failure::new(status, text)
    })
}
