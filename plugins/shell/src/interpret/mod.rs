//! Running a program: lists, chains and pipelines of commands, each stage, subshell and job a task of its own.

pub mod assign;
mod call;
mod compound;
pub mod jobs;
pub mod lookup;
mod pipeline;
pub mod redirect;
pub mod simple;
pub mod test;

use std::rc::Rc;

use crate::executor;
use crate::expand::{self, Boxed};
use crate::shell::{End, Flow, Shell, Unwind};
use crate::syntax::tree::{Action, Command, Kind, List, Program, Substitution, Target};
use crate::syntax::{self, SyntaxError};
use crate::{system, text};

pub use call::source;
pub use pipeline::pipeline;

/// Functions, sourced files, evaluations and subshells nested deeper than this are refused, for each takes stack.
pub const DEEPEST: u32 = 700;

/// Output of a command substitution longer than this is refused.
const MOST_SUBSTITUTED: usize = 256 << 20;

/// Where a program's text came from, which decides what an error in it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The shell's own program: an error ends its line.
    Main,
    /// `eval`, a trap or a sourced file: an error ends the line around it as well.
    Inner,
}

/// Runs the text of a program.
///
/// # Errors
/// When something in it ends more than the text.
pub async fn program(shell: &mut Shell, text: &str, origin: Origin) -> Flow {
    let first_line = if origin == Origin::Main {
        1
    } else {
        shell.line.max(1)
    };
    from_line(shell, text, first_line, origin).await
}

/// Runs the text of a program, or of a part of one, whose first line has this number.
///
/// # Errors
/// As [`program`].
pub async fn from_line(shell: &mut Shell, text: &str, first_line: u32, origin: Origin) -> Flow {
    let parsed = syntax::parse(text, first_line);
    if shell.has("noexec") && origin == Origin::Main {
        return report(shell, text, first_line, parsed.error.as_ref()).await;
    }
    if shell.has("verbose") && origin == Origin::Main {
        shell.remark(text).await;
    }
    for (line, words) in &parsed.warnings {
        let own = std::mem::replace(&mut shell.line, line.saturating_sub(1));
        shell.complain(words).await;
        shell.line = own;
    }
    lines(shell, &parsed.program, origin).await?;
    report(shell, text, first_line, parsed.error.as_ref()).await
}

async fn report(
    shell: &mut Shell,
    text: &str,
    first_line: u32,
    error: Option<&SyntaxError>,
) -> Flow {
    if let Some(error) = error {
        complain_of(shell, text, first_line, error).await;
        shell.status = 2;
    }
    Ok(())
}

async fn lines(shell: &mut Shell, program: &Program, origin: Origin) -> Flow {
    for line in &program.lines {
        match list(shell, line).await {
            Err(Unwind::Discard) if origin == Origin::Main && !shell.has("errexit") => {}
            Err(Unwind::Discard) if origin == Origin::Main => return Err(Unwind::Exit),
            Err(Unwind::Break(_) | Unwind::Continue(_)) if origin == Origin::Main => {}
            flow => flow?,
        }
        if shell.has("noexec") {
            break;
        }
    }
    Ok(())
}

async fn complain_of(shell: &Shell, text: &str, first_line: u32, error: &SyntaxError) {
    let place = match shell.calls.last() {
        Some(call) => call.source.to_string(),
        None if shell.origin == "c" => format!("{}: -c", shell.name),
        None => shell.name.to_string(),
    };
    let (line, words) = (error.line, &error.words);
    let mut message = format!("{place}: line {line}: {words}\n");
    let source = text.lines().nth(line.saturating_sub(first_line) as usize);
    if let Some(source) = source.filter(|_| error.shows_line) {
        message.push_str(&format!("{place}: line {line}: `{source}'\n"));
    }
    shell.remark(&message).await;
}

/// Runs commands in sequence.
pub fn list<'a>(shell: &'a mut Shell, list: &'a List) -> Boxed<'a, Flow> {
    Box::pin(async move {
        for item in list.iter() {
            if item.background {
                jobs::start(shell, item).await;
            } else {
                pipeline::chain(shell, &item.chain).await?;
            }
        }
        Ok(())
    })
}

/// Runs one command with its redirections.
pub fn command<'a>(shell: &'a mut Shell, command: &'a Command) -> Boxed<'a, Flow> {
    Box::pin(async move {
        if !matches!(command.kind, Kind::Group(_)) {
            shell.line = command.line;
        }
        if let Kind::Simple(simple) = &command.kind {
            return simple::run(shell, simple, &command.redirects).await;
        }
        if command.redirects.is_empty() {
            return compound::run(shell, command).await;
        }
        let saved = Rc::clone(&shell.files);
        if !redirect::apply(shell, &command.redirects).await? {
            shell.files = saved;
            shell.status = 1;
            return Ok(());
        }
        let flow = compound::run(shell, command).await;
        shell.files = saved;
        flow
    })
}

/// Runs something in a subshell and gives its status: what unwinds further ends here.
pub async fn enclosed(mut shell: Shell, run: impl AsyncFnOnce(&mut Shell) -> Flow) -> i32 {
    let flow = run(&mut shell).await;
    finish(shell, flow).await
}

/// Ends a shell: runs its `EXIT` trap, and gives its status.
pub async fn finish(mut shell: Shell, _flow: Flow) -> i32 {
    if let Some(command) = shell
        .traps
        .remove("EXIT")
        .filter(|command| !command.is_empty())
    {
        let status = shell.status;
        if program(&mut shell, &command, Origin::Inner).await != Err(Unwind::Exit) {
            shell.status = status;
        }
    }
    shell.status & 0xFF
}

/// Whether one more level may be entered; says so if not.
pub async fn enter(shell: &mut Shell, what: &str) -> Flow {
    let own = shell
        .variables
        .text("FUNCNEST")
        .and_then(|text| text.parse().ok());
    let most = own.filter(|most| *most > 0).unwrap_or(DEEPEST).min(DEEPEST);
    if shell.nesting >= most {
        shell
            .complain(&format!(
                "{what}: maximum function nesting level exceeded ({most})"
            ))
            .await;
        shell.status = 1;
        return Err(Unwind::Exit);
    }
    shell.nesting += 1;
    Ok(())
}

/// The output of a command substitution, without newlines at its end.
///
/// # Errors
/// When it is no program, or nested too deep.
pub async fn substitute(shell: &mut Shell, substitution: &Substitution) -> expand::Result<String> {
    let program = substitution.program.get_or_init(|| {
        let parsed = syntax::parse(&substitution.text, shell.line);
        parsed.error.map_or(Ok(Rc::new(parsed.program)), Err)
    });
    let program = match program {
        Ok(program) => Rc::clone(program),
        Err(error) => {
            let error = SyntaxError {
                shows_line: false,
                ..error.clone()
            };
            complain_of(shell, &substitution.text, 1, &error).await;
            shell.status = 2;
            return Err(Unwind::Discard);
        }
    };
    enter(shell, "command substitution").await?;
    let output = match only_reads(&program) {
        Some(target) => read_file(shell, target).await,
        None => run_substituted(shell, program).await,
    };
    shell.nesting -= 1;
    let mut output = output?;
    output.retain(|byte| *byte != 0);
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    Ok(text::from_bytes(&output))
}

/// The file of `$(< file)`.
fn only_reads(program: &Program) -> Option<&Target> {
    let [line] = program.lines.as_slice() else {
        return None;
    };
    let [item] = line.as_slice() else { return None };
    let [stage] = item.chain.first.stages.as_slice() else {
        return None;
    };
    match (&stage.kind, stage.redirects.as_slice()) {
        (Kind::Simple(simple), [redirect]) if item.chain.rest.is_empty() => {
            match &redirect.action {
                Action::Read(target)
                    if simple.words.is_empty() && simple.assignments.is_empty() =>
                {
                    Some(target)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

async fn read_file(shell: &mut Shell, target: &Target) -> expand::Result<Vec<u8>> {
    let Some(reader) = redirect::open_for_reading(shell, target).await? else {
        shell.substituted = Some(1);
        return Ok(Vec::new());
    };
    shell.substituted = Some(0);
    drain(shell, &reader).await
}

async fn run_substituted(shell: &mut Shell, program: Rc<Program>) -> expand::Result<Vec<u8>> {
    let (reader, writer) = match system::pipe() {
        Ok(ends) => ends,
        Err(error) => {
            shell
                .complain(&format!(
                    "cannot make pipe for command substitution: {}",
                    system::reason(&error)
                ))
                .await;
            shell.status = 1;
            return Err(Unwind::Discard);
        }
    };
    let mut inner = shell.onlooker();
    inner.attach(1, Some(End::Writer(writer)));
    inner.untraced -= 1;
    if !shell.has("inherit_errexit") && !shell.has("posix") {
        inner.options.put("errexit", false);
    }
    let task = executor::start(enclosed(inner, async move |shell| {
        lines(shell, &program, Origin::Main).await
    }));
    let output = drain(shell, &reader).await?;
    let status = task.join().await.unwrap_or(1);
    shell.status = status;
    shell.substituted = Some(status);
    Ok(output)
}

/// All bytes of a reader.
async fn drain(shell: &mut Shell, reader: &system::Reader) -> expand::Result<Vec<u8>> {
    let mut output = Vec::new();
    loop {
        match reader.read(65536).await {
            Ok(bytes) if bytes.is_empty() => return Ok(output),
            Ok(bytes) => output.extend_from_slice(&bytes),
            Err(error) => {
                shell
                    .complain(&format!("cannot read: {}", system::reason(&error)))
                    .await;
                return Ok(output);
            }
        }
        if output.len() > MOST_SUBSTITUTED {
            let most = MOST_SUBSTITUTED >> 20;
            shell
                .complain(&format!(
                    "command substitution: more than {most} MiB of output"
                ))
                .await;
            shell.status = 1;
            return Err(Unwind::Discard);
        }
    }
}

/// A future that a subshell runs.
pub async fn run_list(shell: Shell, body: List) -> i32 {
    enclosed(shell, async move |shell| list(shell, &body).await).await
}
