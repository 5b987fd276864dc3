//! `awk`: POSIX awk with the functions of gawk that are used most. Lexer, parser and a tree interpreter, a module each.

mod ast;
mod builtins;
mod interpreter;
mod lexer;
mod parser;
mod printf;
mod record;
mod streams;
pub mod text;
mod value;

use std::ffi::OsString;

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, finish};

/// Exit status for mistakes and failures.
const TROUBLE: i32 = 2;

/// Runs awk.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("awk", awk(arguments), TROUBLE)
}

fn awk(arguments: Vec<OsString>) -> Outcome {
    let mut parser = lexopt::Parser::from_iter(arguments);
    let mut source: Option<Vec<u8>> = None;
    let mut assignments = Vec::new();
    let mut separator = None;
    let mut operands = Vec::new();
    loop {
        // Operands follow the program: whatever they look like, they are not options.
        if source.is_some() {
            let rest = parser
                .raw_args()
                .map_err(|error| arguments::usage(&error, TROUBLE))?;
            if rest
                .peek()
                .is_none_or(|next| next == "-" || !next.to_string_lossy().starts_with('-'))
            {
                operands.extend(rest.map(|operand| operand.to_string_lossy().into_owned()));
                break;
            }
        }
        let Some(argument) = arguments::next(&mut parser, TROUBLE)? else {
            break;
        };
        match argument {
            Short('F') | Long("field-separator") => {
                let value = arguments::text(&mut parser, TROUBLE)?;
                separator = Some(if value == "t" { "\t".to_owned() } else { value });
            }
            Short('v') | Long("assign") => assignments.push(arguments::text(&mut parser, TROUBLE)?),
            Short('f') | Long("file") => {
                let name = arguments::text(&mut parser, TROUBLE)?;
                let text = crate::input::whole(&name).map_err(|error| {
                    Failure::new(
                        TROUBLE,
                        format!(
                            "cannot open the program '{name}': {}",
                            crate::outcome::reason(&error)
                        ),
                    )
                })?;
                let source = source.get_or_insert_default();
                source.extend_from_slice(&text);
                source.push(b'\n');
            }
            Short('e') | Long("source") => {
                let text = arguments::text(&mut parser, TROUBLE)?;
                let source = source.get_or_insert_default();
                source.extend_from_slice(text.as_bytes());
                source.push(b'\n');
            }
            Long("version") | Short('V') => {
                use std::io::Write;
                writeln!(
                    std::io::stdout(),
                    "awk (massgen unix-tools) {}",
                    env!("CARGO_PKG_VERSION")
                )?;
                return Ok(0);
            }
            // Modes of gawk that change nothing here.
            Long("posix" | "re-interval" | "traditional" | "sandbox") | Short('P' | 'r' | 'c') => {}
            Value(program) => source = Some(arguments::operand(program, TROUBLE)?.into_bytes()),
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    let Some(source) = source else {
        return Err(Failure::new(
            TROUBLE,
            "no program; usage: awk [-F separator] [-v name=value] 'program' [file...]",
        ));
    };
    let program = parser::parse(&source)?;
    interpreter::Interpreter::new(program, assignments, separator, operands)?.run()
}

/// `text` with its escapes resolved as in a string of awk.
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    lexer::unescape_all(text)
}
