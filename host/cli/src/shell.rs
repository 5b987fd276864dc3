//! `massgen shell`: a session with the sandbox's shell, without any agent.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use massgen_config::Environment;
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, Outcome, Plugin, Report, Sandbox, Session, Stdio,
};

use crate::exec::{code, ending, exit_code, explain, tell};
use crate::exit::Failure;
use crate::flags::{SandboxFlags, ShellFlags};
use crate::mounts;
use crate::plugins::Plugins;
use crate::runtime::runtime;
use crate::sandboxing::open_sandbox;

/// A session may last as long as its user wants: the limit on time is that of each command line. Ten years.
const SESSION_TIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Who speaks to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// A user at a terminal: asked for each line, and given a new shell where one is lost.
    Terminal,
    /// A file or a program.
    Pipe,
}

/// How one shell ended.
struct Ended {
    report: Report,
    session: Session,
    /// A command line was interrupted, and the shell did not end it.
    unheeded: bool,
}

/// Runs the session and passes the shell's exit code on.
pub(crate) fn shell(flags: &ShellFlags) -> ExitCode {
    match converse(&flags.sandbox) {
        Ok(code) => code.into(),
        Err(failure) => {
            tell(&failure.to_string());
            code::OURS.into()
        }
    }
}

fn converse(given: &SandboxFlags) -> Result<u8, Failure> {
    let environment = Environment::from_process()?;
    let filesystem = mounts::filesystem(&given.mount, given.workdir.as_deref())?;
    let sandbox = open_sandbox(&environment)?;
    let plugins = Plugins::find(&environment)?;
    let Some((sandbox, plugin)) = plugins.command(&sandbox, "bash")? else {
        return Err(Failure::Usage(
            "this build of massgen has no shell. Build the plugins, then massgen.".to_owned(),
        ));
    };
    let speaker = if io::stdin().is_terminal() {
        Speaker::Terminal
    } else {
        Speaker::Pipe
    };
    if speaker == Speaker::Terminal {
        greet(given);
    }
    let runtime = runtime(tokio::runtime::Builder::new_current_thread())?;
    let variables = given.variables(&environment);
    let told = runtime.block_on(async {
        let stdio = Stdio::of_session().map_err(|source| Failure::System {
            doing: "use the standard streams",
            source,
        })?;
        loop {
            let invocation = invocation(given, speaker, variables.clone());
            let streams = stdio.clone();
            let ended =
                one_shell(&sandbox, &plugin, &filesystem, invocation, streams, speaker).await;
            if let Some(code) = conclude(&ended, speaker) {
                return Ok(code);
            }
        }
    });
    // A thread that waits for standard input must not hold the process up.
    runtime.shutdown_background();
    told
}

fn greet(given: &SandboxFlags) {
    let files = if given.mount.is_empty() {
        "It reads the current directory and writes nothing; --mount gives it more."
    } else {
        "It has the files of its mounts."
    };
    tell(&format!(
        "a shell in the sandbox. {files} Ctrl-C ends a command, Ctrl-D or `exit` the shell."
    ));
}

fn invocation(
    given: &SandboxFlags,
    speaker: Speaker,
    environment: Vec<(String, String)>,
) -> Invocation {
    let mode = match speaker {
        Speaker::Terminal => "-i",
        Speaker::Pipe => "--by-line",
    };
    let entry = Entry::Command {
        arguments: vec!["bash".to_owned(), mode.to_owned()],
        stdin: Vec::new(),
    };
    let mut invocation = Invocation::new(entry, given.limits());
    invocation.environment = environment;
    invocation.network = given.network();
    invocation
}

/// Runs one shell to its end. Ctrl-C reaches what a user's shell runs; where a program speaks it ends all.
async fn one_shell(
    sandbox: &Sandbox,
    plugin: &Plugin,
    filesystem: &Arc<GuestFilesystem>,
    mut invocation: Invocation,
    stdio: Stdio,
    speaker: Speaker,
) -> Ended {
    let time = std::mem::replace(&mut invocation.limits.call_time, SESSION_TIME);
    let session = Session::default();
    invocation.session = Some(session.clone());
    let cancel = Cancel::default();
    let call = sandbox.call_connected(plugin, filesystem, invocation, stdio, &cancel);
    let limit = format!(
        "stopped after {} s, the limit for one command line; --timeout sets another",
        time.as_secs_f64()
    );
    let interrupts = async {
        while tokio::signal::ctrl_c().await.is_ok() {
            match speaker {
                Speaker::Terminal => session.interrupt(),
                Speaker::Pipe => cancel.cancel(),
            }
        }
        std::future::pending::<Infallible>().await
    };
    let mut unheeded = false;
    let hold = async {
        session.hold(time, &limit).await;
        unheeded = true;
        cancel.cancel();
        std::future::pending::<Infallible>().await
    };
    let report = tokio::select! {
        report = call => report,
        never = interrupts => match never {},
        never = hold => match never {},
    };
    Ended {
        report,
        session,
        unheeded,
    }
}

/// Says how the shell ended, and gives the exit code, or none where a user gets a new shell.
fn conclude(ended: &Ended, speaker: Speaker) -> Option<u8> {
    let outcome = &ended.report.outcome;
    if let (Speaker::Terminal, Outcome::Exited { code }) = (speaker, outcome) {
        return Some(*code);
    }
    if ended.unheeded {
        tell("the command did not end when it was told to, and so the shell was ended");
    }
    if matches!(outcome, Outcome::Exited { .. }) || speaker == Speaker::Pipe {
        explain(&ended.report);
        return Some(exit_code(outcome));
    }
    if let (Some(words), false) = (ending(outcome), ended.unheeded) {
        tell(&words);
    }
    // A shell that ends before its first command would end so again.
    if ended.session.lines() == 0 {
        return Some(exit_code(outcome));
    }
    tell(
        "lost with the shell: its variables, functions, jobs and working directory, and what was in /tmp. Files in mounts \
         are as they were. Here is a new shell.",
    );
    None
}
