//! `curl` and `wget` as one command: the last path component of argument 0 says which runs.
//!
//! [`curl`] and [`wget`] read their command lines and say what becomes of an answer; [`transfer`] follows redirects and
//! tries again; [`client`] is the way out, which the host checks.

mod client;
mod curl;
mod failure;
mod form;
mod options;
mod transfer;
mod wget;
mod write_out;

use std::ffi::OsString;
use std::path::Path;

use client::Client;

fn main() {
    enter_working_directory();
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
    end(run(&name, arguments.collect(), &mut client::of_host()));
}

fn run(name: &std::ffi::OsStr, arguments: Vec<OsString>, client: &mut dyn Client) -> i32 {
    match name == "wget" {
        true => wget::run(arguments, client),
        false => curl::run(arguments, client),
    }
}

/// WASI says in which directory a command starts, but the C library starts in the root.
fn enter_working_directory() {
    #[cfg(target_os = "wasi")]
    if let Some(directory) = wasip2::cli::environment::initial_cwd() {
        // Where it cannot be entered, relative paths fail and say so.
        let _ = std::env::set_current_dir(directory);
    }
}

fn end(status: i32) -> ! {
    #[cfg(target_os = "wasi")]
    wasip2::cli::exit::exit_with_code(u8::try_from(status & 0xff).unwrap_or(u8::MAX));
    std::process::exit(status)
}
