//! A command that starts commands: itself, in other roles, through `massgen:plugin/process`.
//!
//! The first argument names the role. What is seen goes to standard output, one line each.

mod scenes;

use std::io::{Read, Write};
use std::process::ExitCode;

/// The generated bindings of the contract.
#[allow(clippy::all)]
pub(crate) mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "massgen:plugin/shell",
        generate_all,
    });
}

/// Ends the program. Rust's `ExitCode` tells only whether it is zero.
fn leave(code: u8) -> ! {
    bindings::wasi::cli::exit::exit_with_code(code);
    unreachable!("exit-with-code does not return")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        // Roles of children.
        ["say", text] => println!("{text}"),
        ["upper"] => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).expect("text");
            print!("{}", text.to_uppercase());
        }
        ["first-line"] => {
            // Rust's own standard input would read on and keep the rest from the next reader.
            let input = bindings::massgen::plugin::process::standard_input().stream();
            let mut line = Vec::new();
            while !line.ends_with(b"\n") {
                line.extend(input.blocking_read(1).expect("a byte"));
            }
            std::io::stdout().write_all(&line).expect("output");
        }
        ["signalled-flood"] => {
            bindings::massgen::plugin::process::end_on_broken_pipe();
            loop {
                let _ = std::io::stdout().write_all(&[b'x'; 4096]);
            }
        }
        ["flood"] => {
            let block = [b'x'; 4096];
            loop {
                if std::io::stdout().write_all(&block).is_err() {
                    leave(141);
                }
            }
        }
        ["exit", code] => leave(code.parse().expect("a code")),
        ["spin"] => loop {
            std::hint::spin_loop();
        },
        ["sleep"] => std::thread::sleep(std::time::Duration::from_secs(3_600)),
        ["hog", mebibytes] => {
            let bytes = mebibytes.parse::<usize>().expect("a number") << 20;
            let held = vec![1_u8; bytes];
            println!(
                "{}",
                held.iter().map(|byte| usize::from(*byte)).sum::<usize>() >> 20
            );
        }
        ["fill", path, bytes] => {
            let bytes = bytes.parse::<usize>().expect("a number");
            if let Err(error) = std::fs::write(path, vec![b'x'; bytes]) {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
        ["show", path] => match std::fs::read_to_string(path) {
            Ok(text) => print!("{text}"),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        },
        ["where"] => println!(
            "{}",
            bindings::wasi::cli::environment::initial_cwd().expect("a directory")
        ),
        ["environment"] => std::env::vars().for_each(|(key, value)| println!("{key}={value}")),
        [scene, rest @ ..] => return scenes::play(scene, rest),
        [] => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}
