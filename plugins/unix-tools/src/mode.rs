//! `chmod`, `chown` and `chgrp`: files here have no modes and no owners, so whoever may change a file has what these
//! commands would give. They check their operands as GNU's do, and change nothing.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// What is said of a tool's first operand and of a refusal.
struct Words {
    name: &'static str,
    /// The change, as messages have it.
    change: &'static str,
    is_valid: fn(&str) -> bool,
    /// The first operand, as messages have it.
    first: &'static str,
}

/// Runs chmod.
pub fn chmod(arguments: Vec<OsString>) -> i32 {
    run(
        arguments,
        &Words {
            name: "chmod",
            change: "changing permissions",
            is_valid: is_mode,
            first: "mode",
        },
    )
}

/// Runs chown.
pub fn chown(arguments: Vec<OsString>) -> i32 {
    run(
        arguments,
        &Words {
            name: "chown",
            change: "changing ownership",
            is_valid: |_| true,
            first: "user",
        },
    )
}

/// Runs chgrp.
pub fn chgrp(arguments: Vec<OsString>) -> i32 {
    run(
        arguments,
        &Words {
            name: "chgrp",
            change: "changing group",
            is_valid: |_| true,
            first: "group",
        },
    )
}

fn run(arguments: Vec<OsString>, words: &Words) -> i32 {
    finish(words.name, check(arguments, words), 1)
}

fn check(arguments: Vec<OsString>, words: &Words) -> Outcome {
    let mut operands = Vec::new();
    let mut options = true;
    let (mut by_reference, mut quiet) = (false, false);
    for argument in arguments::as_text(arguments)?.split_off(1) {
        match argument.as_str() {
            "--" if options => options = false,
            option if options && option.starts_with("--") => {
                by_reference |= option.starts_with("--reference=");
                quiet |= matches!(option, "--quiet" | "--silent");
            }
            // `chmod -x file` takes a right away.
            option if options && option.len() > 1 && option.starts_with('-') => {
                let letters = &option[1..];
                if letters.chars().all(|letter| "RvcfhHLP".contains(letter)) {
                    quiet |= letters.contains('f');
                } else if operands.is_empty() && (words.is_valid)(option) {
                    operands.push(argument);
                } else {
                    let letter = letters.chars().next().unwrap_or('-');
                    return Err(Failure::new(1, format!("invalid option -- '{letter}'")));
                }
            }
            _ => operands.push(argument),
        }
    }
    if !by_reference {
        if operands.is_empty() {
            return Err(Failure::new(1, "missing operand"));
        }
        let first = operands.remove(0);
        if !(words.is_valid)(&first) {
            let what = words.first;
            return Err(Failure::new(1, format!("invalid {what}: '{first}'")));
        }
        if operands.is_empty() {
            return Err(Failure::new(1, format!("missing operand after '{first}'")));
        }
    }
    let mut status = 0;
    for file in &operands {
        let refused = match std::fs::metadata(file) {
            Err(error) => Some(format!("cannot access '{file}': {}", reason(&error))),
            Ok(_) => may_be_changed(Path::new(file))
                .err()
                .map(|error| format!("{} of '{file}': {}", words.change, reason(&error))),
        };
        if let Some(refused) = refused {
            if !quiet {
                complain(format_args!("{}: {refused}", words.name));
            }
            status = 1;
        }
    }
    Ok(status)
}

/// Fails for a file that may not be written; of a directory only its entries could tell.
fn may_be_changed(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_file() {
        OpenOptions::new().append(true).open(path)?;
    }
    Ok(())
}

/// Octal digits, or clauses such as `u+rwX,go=r`.
fn is_mode(text: &str) -> bool {
    let is_octal = |digits: &str| {
        (1..=5).contains(&digits.len())
            && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
    };
    let is_clause = |clause: &str| {
        let actions = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        actions.starts_with(['+', '-', '='])
            && actions.split(['+', '-', '=']).all(|rights| {
                is_octal(rights) || rights.chars().all(|right| "rwxXstugo".contains(right))
            })
    };
    is_octal(text) || text.split(',').all(is_clause)
}

#[cfg(test)]
mod tests {
    use super::is_mode;

    #[test]
    fn modes_are_octal_digits_or_clauses() {
        for mode in [
            "755",
            "0644",
            "+x",
            "-x",
            "u+rwX,go=r",
            "a=",
            "g=u",
            "u+x-w",
            "u=7",
        ] {
            assert!(is_mode(mode), "{mode}");
        }
        for text in ["", "x", "999", "u+q", "755,", "file"] {
            assert!(!is_mode(text), "{text}");
        }
    }
}
