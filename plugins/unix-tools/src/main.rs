//! The usual Unix tools as one command: the last path component of argument 0 says which tool runs.
//!
//! Most are the uutils crates; the others are modules here, each over the best library there is for WASI. A tool that
//! must start other commands (`find -exec`, `xargs`, `env`) does so through [`spawn`].

mod arguments;
mod awk;
mod cmp;
mod column;
mod device;
mod diff;
mod du;
mod env;
mod file;
mod find;
mod glob;
mod grep;
mod gzip;
mod identity;
mod input;
mod jq;
mod mode;
mod outcome;
mod patch;
mod posix_regex;
mod rev;
mod sed;
mod spawn;
mod stat;
mod table;
mod tac;
mod tar;
mod time;
mod tree;
mod unzip;
mod uutils;
mod which;
mod xargs;
mod xxd;
mod zip;

use std::io::Write;

use outcome::end;

/// The status that a shell shows for a process ended by SIGPIPE.
const BROKEN_PIPE: i32 = 141;

/// The status for a defect of a tool: that of a process ended by SIGABRT.
const DEFECT: i32 = 134;

fn main() {
    end_quietly_on_panic();
    spawn::end_on_broken_pipe();
    enter_working_directory();
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let mut name = arguments.first().map(table::called_as).unwrap_or_default();
    if table::find(&name).is_none() && arguments.len() > 1 {
        if arguments[1] == "--list" {
            end(list());
        }
        arguments.remove(0);
        name = table::called_as(&arguments[0]);
    }
    match table::find(&name) {
        Some(tool) => end(tool.run(arguments)),
        None => {
            outcome::complain(format_args!(
                "{name}: not one of these tools; --list names them"
            ));
            end(127);
        }
    }
}

/// Prints the name of every tool.
fn list() -> i32 {
    let names: String = table::names().map(|name| format!("{name}\n")).collect();
    match std::io::stdout().write_all(names.as_bytes()) {
        Ok(()) => 0,
        Err(_) => BROKEN_PIPE,
    }
}

/// Ends a tool that panics with a sentence instead of a trap, and without one if its reader has gone: the standard
/// library's printing functions panic on a broken pipe.
fn end_quietly_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = (payload.downcast_ref::<&str>().copied())
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        if message.contains("Broken pipe") {
            end(BROKEN_PIPE);
        }
        outcome::complain(format_args!("internal error: {message}"));
        end(DEFECT);
    }));
}

/// WASI says in which directory a command starts, but the C library starts in the root.
#[cfg(target_os = "wasi")]
fn enter_working_directory() {
    if let Some(directory) = wasip2::cli::environment::initial_cwd() {
        if let Err(error) = std::env::set_current_dir(&directory) {
            outcome::complain(format_args!(
                "cannot enter the directory '{directory}': {error}"
            ));
            end(126);
        }
    }
}

#[cfg(not(target_os = "wasi"))]
fn enter_working_directory() {}
