//! `massgen`: several agents answer one question together, and what they do runs in a sandbox.

mod display;
mod exit;
mod first_party;
mod flags;
mod run;
mod sandboxing;

use exit::{Exit, Failure};
use flags::Flags;

fn main() -> std::process::ExitCode {
    let flags = match Flags::read() {
        Ok(flags) => flags,
        Err(answer) => return exit::of_usage(&answer).into(),
    };
    let exit = match run::run(flags.into_run()) {
        Ok(exit) => exit,
        Err(failure) => report(&failure),
    };
    exit.into()
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where a failed start is told"
)]
fn report(failure: &Failure) -> Exit {
    eprintln!("{failure}");
    failure.exit()
}
