//! Builtins: the commands that run in the shell itself.

mod commands;
mod control;
mod declare;
mod directories;
mod input;
mod jobs;
mod options;
mod output;
mod printf;
mod test;
mod wrappers;

pub use declare::declaration;

use crate::shell::{Flow, Shell};
use crate::syntax::tree::Assignment;

/// A word of a declaring command: a text, or an assignment as it stands in the source.
#[derive(Clone, Debug)]
pub enum Operand<'a> {
    /// A word, expanded.
    Text(String),
    /// An assignment.
    Assignment(&'a Assignment),
}

/// All names, sorted.
pub const NAMES: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Programs that the shell provides itself, for they need nothing that a child of their own would give.
pub const PROGRAMS: &[&str] = &["nice", "nohup", "sleep", "time", "timeout", "which"];

/// Whether the shell runs a command of this name itself.
pub fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name) || PROGRAMS.contains(&name)
}

/// Runs a builtin; its status is the shell's.
pub async fn run(
    shell: &mut Shell,
    name: &str,
    arguments: &[String],
    operands: Vec<Operand<'_>>,
) -> Flow {
    let flow = dispatch(shell, name, arguments, operands);
    match flow.await {
        Ok(status) => {
            shell.status = status;
            Ok(())
        }
        Err(unwind) => Err(unwind),
    }
}

/// What a builtin gives: its status, or what it unwinds to.
pub type Outcome = Result<i32, crate::shell::Unwind>;

async fn dispatch(
    shell: &mut Shell,
    name: &str,
    arguments: &[String],
    operands: Vec<Operand<'_>>,
) -> Outcome {
    match name {
        ":" | "true" => Ok(0),
        "false" => Ok(1),
        "echo" => output::echo(shell, arguments).await,
        "printf" => printf::run(shell, arguments).await,
        "test" | "[" => test::run(shell, name, arguments).await,
        "read" => input::read(shell, arguments).await,
        "mapfile" | "readarray" => input::mapfile(shell, name, arguments).await,
        "declare" | "typeset" | "local" | "export" | "readonly" => {
            declare::run(shell, name, operands).await
        }
        "unset" => declare::unset(shell, arguments).await,
        "let" => declare::calculate(shell, arguments).await,
        "shift" => options::shift(shell, arguments).await,
        "getopts" => options::getopts(shell, arguments).await,
        "set" => options::set(shell, arguments).await,
        "shopt" => options::shopt(shell, arguments).await,
        "cd" => directories::cd(shell, arguments).await,
        "pwd" => directories::pwd(shell, arguments).await,
        "pushd" => directories::pushd(shell, arguments).await,
        "popd" => directories::popd(shell, arguments).await,
        "dirs" => directories::dirs(shell, arguments).await,
        "break" | "continue" => control::leave_loop(shell, name, arguments).await,
        "return" => control::leave_function(shell, arguments).await,
        "exit" => control::exit(shell, arguments).await,
        "eval" => control::eval(shell, arguments).await,
        "source" | "." => control::source(shell, name, arguments).await,
        "exec" => control::exec(shell, arguments).await,
        "trap" => control::trap(shell, arguments).await,
        "caller" => control::caller(shell).await,
        "jobs" => jobs::list(shell, arguments).await,
        "wait" => jobs::wait(shell, arguments).await,
        "kill" => jobs::kill(shell, arguments).await,
        "fg" | "bg" | "disown" => jobs::resume(shell, name, arguments).await,
        "command" | "builtin" => commands::command(shell, name, arguments, operands).await,
        "type" => commands::type_of(shell, arguments).await,
        "which" => commands::which(shell, arguments).await,
        "hash" => commands::hash(shell, arguments).await,
        "alias" => commands::alias(shell, arguments).await,
        "unalias" => commands::unalias(shell, arguments).await,
        "umask" => commands::umask(shell, arguments).await,
        "ulimit" => commands::ulimit(shell, arguments).await,
        "times" => commands::times(shell).await,
        "help" => commands::help(shell).await,
        "enable" | "history" => commands::refuse(shell, name).await,
        _ => wrappers::run(shell, name, arguments).await,
    }
}

/// Says that something is wrong and gives this status.
async fn fail(shell: &Shell, words: &str, status: i32) -> Outcome {
    shell.complain(words).await;
    Ok(status)
}
