//! `whoami`, `hostname`, `uname`: the sandbox has one user and one name, whatever machine it runs on.

use std::ffi::OsString;
use std::io::Write;

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Outcome, finish};

const HOST: &str = "sandbox";

/// Runs whoami.
pub fn whoami(_: Vec<OsString>) -> i32 {
    let user = std::env::var("USER").unwrap_or_else(|_| "agent".to_owned());
    finish("whoami", say(&user), 1)
}

/// Runs hostname.
pub fn hostname(_: Vec<OsString>) -> i32 {
    let name = std::env::var("HOSTNAME").unwrap_or_else(|_| HOST.to_owned());
    finish("hostname", say(&name), 1)
}

/// Runs uname.
pub fn uname(arguments: Vec<OsString>) -> i32 {
    finish("uname", system(arguments), 1)
}

fn say(line: &str) -> Outcome {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(0)
}

/// Kernel name, node name, release, version, machine, operating system.
const PARTS: [(char, &str); 6] = [
    ('s', "WASI"),
    ('n', HOST),
    ('r', "0.2"),
    ('v', "MassGen"),
    ('m', "wasm32"),
    ('o', "WASI"),
];

fn system(arguments: Vec<OsString>) -> Outcome {
    let mut wanted = String::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('a') | Long("all") => wanted.push_str("snrvmo"),
            Short('p') | Long("processor") | Short('i') | Long("hardware-platform") => {
                wanted.push('m')
            }
            Short(letter) if PARTS.iter().any(|(known, _)| *known == letter) => wanted.push(letter),
            Long("kernel-name") => wanted.push('s'),
            Long("nodename") => wanted.push('n'),
            Long("kernel-release") => wanted.push('r'),
            Long("kernel-version") => wanted.push('v'),
            Long("machine") => wanted.push('m'),
            Long("operating-system") => wanted.push('o'),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if wanted.is_empty() {
        wanted.push('s');
    }
    let parts: Vec<&str> = PARTS
        .iter()
        .filter(|(letter, _)| wanted.contains(*letter))
        .map(|(_, part)| *part)
        .collect();
    say(&parts.join(" "))
}
