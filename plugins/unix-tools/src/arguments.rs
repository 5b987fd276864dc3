//! Arguments of the tools that are written here. They are text: WASI has no other, and elsewhere a tool says so.

use std::ffi::OsString;

use lexopt::prelude::*;

use crate::outcome::Failure;

/// All arguments as text.
pub fn as_text(arguments: Vec<OsString>) -> Result<Vec<String>, Failure> {
    arguments
        .into_iter()
        .map(|argument| {
            argument.into_string().map_err(|argument| {
                Failure::new(
                    2,
                    format!("the argument {argument:?} is not UTF-8, and only that is understood"),
                )
            })
        })
        .collect()
}

/// An option's value as text.
pub fn text(parser: &mut lexopt::Parser, status: i32) -> Result<String, Failure> {
    let value = parser.value().map_err(|error| usage(&error, status))?;
    value.string().map_err(|error| usage(&error, status))
}

/// An option's value as a number.
pub fn number<T: std::str::FromStr>(parser: &mut lexopt::Parser, status: i32) -> Result<T, Failure>
where
    T::Err: Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
{
    let value = parser.value().map_err(|error| usage(&error, status))?;
    value.parse().map_err(|error| usage(&error, status))
}

/// A mistake on the command line.
pub fn usage(error: &lexopt::Error, status: i32) -> Failure {
    Failure::new(status, error.to_string())
}

/// The next argument of `parser`.
pub fn next<'a>(
    parser: &'a mut lexopt::Parser,
    status: i32,
) -> Result<Option<lexopt::Arg<'a>>, Failure> {
    parser.next().map_err(|error| usage(&error, status))
}

/// An option that the tool does not have.
pub fn unknown(argument: &lexopt::Arg<'_>, status: i32) -> Failure {
    let text = match argument {
        Short(letter) => format!("invalid option -- '{letter}'"),
        Long(name) => format!("unrecognized option '--{name}'"),
        Value(value) => format!("extra operand '{}'", value.to_string_lossy()),
    };
    Failure::new(status, text)
}

/// An operand as text.
pub fn operand(value: OsString, status: i32) -> Result<String, Failure> {
    value.string().map_err(|error| usage(&error, status))
}
