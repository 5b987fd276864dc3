//! `massgen`: several agents answer one question together, and what they do runs in a sandbox.

mod approval;
mod check;
mod costs;
mod display;
mod exec;
mod exit;
mod explain;
mod first_party;
mod flags;
mod lanes;
mod models;
mod mounts;
mod numbers;
mod plugins;
mod recover;
mod run;
mod runtime;
mod sandboxing;
mod shell;

use exit::{Exit, Failure};
use flags::{Command, ConfigCommand, Flags, PolicyCommand};

fn main() -> std::process::ExitCode {
    let flags = match Flags::read() {
        Ok(flags) => flags,
        Err(answer) => return exit::of_usage(&answer).into(),
    };
    let done = match flags.into_command() {
        Command::Run(flags) => run::run(flags),
        Command::Policy(PolicyCommand::Explain(flags)) => explain::explain(&flags),
        Command::Config(ConfigCommand::Check(flags)) => check::check_files(&flags),
        Command::Config(ConfigCommand::Examples(flags)) => check::examples(&flags),
        Command::Models(flags) => models::models(&flags),
        Command::Recover(flags) => recover::recover(&flags),
        Command::Exec(flags) => return exec::exec(&flags),
        Command::Shell(flags) => return shell::shell(&flags),
    };
    let exit = match done {
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
