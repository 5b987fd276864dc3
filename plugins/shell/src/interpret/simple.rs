//! Simple commands: expanding their words, then a function, a builtin or a program.

use std::rc::Rc;

use super::assign::{self, Place};
use super::{call, lookup, redirect};
use crate::builtins::{self, Operand};
use crate::expand::{self, quote};
use crate::shell::{Flow, Shell, Unwind};
use crate::syntax::tree::{Argument, Assigned, Assignment, Redirect, Simple, Word};
use crate::variables::ScopeKind;

/// The names after which words that look like assignments are some.
const DECLARING: &[&str] = &["declare", "typeset", "local", "export", "readonly"];

/// Runs a simple command.
pub async fn run(shell: &mut Shell, simple: &Simple, redirects: &[Redirect]) -> Flow {
    // Where nothing comes after this command in its subshell, nobody keeps the old ends open.
    let saved = (!std::mem::take(&mut shell.unhooked)).then(|| Rc::clone(&shell.files));
    shell.substituted = None;
    let flow = run_with(shell, simple, redirects).await;
    if let (Some(saved), false) = (saved, std::mem::take(&mut shell.keeps_files)) {
        shell.files = saved;
    }
    flow
}

async fn run_with(shell: &mut Shell, simple: &Simple, redirects: &[Redirect]) -> Flow {
    let (words, operands) = expand_command(shell, &simple.words).await?;
    let Some(name) = words.first().cloned() else {
        return assign_only(shell, simple, redirects).await;
    };
    if !redirect::apply(shell, redirects).await? {
        shell.status = 1;
        return Ok(());
    }
    if shell.has("xtrace") {
        let shown: Vec<String> = words.iter().map(|word| quote::if_needed(word)).collect();
        trace(shell, &shown.join(" ")).await;
    }
    let scoped = !simple.assignments.is_empty();
    if scoped {
        shell.variables.push(ScopeKind::Command);
        for assignment in &simple.assignments {
            if let Err(unwind) = assign::run(shell, assignment, Place::Command).await {
                shell.variables.pop();
                return Err(unwind);
            }
        }
    }
    let last = words.last().cloned().unwrap_or_default();
    let flow = dispatch(shell, &name, words, operands, Lookup::All).await;
    if scoped {
        shell.variables.pop();
    }
    shell.last_argument = last;
    flow
}

/// Where a command's name is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Functions, builtins, programs.
    All,
    /// `command`: builtins and programs.
    NoFunctions,
    /// `exec`, `timeout` and their like: programs only.
    Programs,
}

/// Runs a command by its name; `words` includes the name.
pub async fn dispatch(
    shell: &mut Shell,
    name: &str,
    words: Vec<String>,
    operands: Vec<Operand<'_>>,
    lookup: Lookup,
) -> Flow {
    if lookup == Lookup::All {
        if let Some(function) = shell.functions.get(name).cloned() {
            return call::function(shell, function, words.into_iter().skip(1).collect()).await;
        }
    }
    if lookup != Lookup::Programs && builtins::is_builtin(name) {
        let arguments = words.get(1..).unwrap_or_default();
        return Box::pin(builtins::run(shell, name, arguments, operands)).await;
    }
    lookup::run(shell, name, &words).await
}

async fn assign_only(shell: &mut Shell, simple: &Simple, redirects: &[Redirect]) -> Flow {
    if !redirect::apply(shell, redirects).await? {
        shell.status = 1;
        return Ok(());
    }
    for assignment in &simple.assignments {
        let value = match assign::run(shell, assignment, Place::Visible).await {
            Err(Unwind::Discard) if shell.status == 1 && is_read_only(shell, &assignment.name) => {
                return Err(Unwind::Exit);
            }
            value => value?,
        };
        if shell.has("xtrace") {
            let shown = shown(assignment, &value);
            trace(shell, &shown).await;
        }
    }
    shell.status = shell.substituted.unwrap_or(0);
    Ok(())
}

fn is_read_only(shell: &Shell, name: &str) -> bool {
    shell
        .variables
        .get(name)
        .is_some_and(|variable| variable.flags.read_only)
}

fn shown(assignment: &Assignment, value: &str) -> String {
    let name = &assignment.name;
    let sign = if assignment.append { "+=" } else { "=" };
    match (&assignment.value, &assignment.index) {
        (Assigned::Array(elements), _) => {
            let all: Vec<String> = elements
                .iter()
                .map(|(key, words)| {
                    let text: String = words
                        .iter()
                        .map(|word| word.source.to_string())
                        .collect::<Vec<_>>()
                        .join(" ");
                    key.as_ref()
                        .map_or_else(|| text.clone(), |key| format!("[{}]={text}", key.source))
                })
                .collect();
            format!("{name}{sign}({})", all.join(" "))
        }
        (_, Some(index)) => format!("{name}[{}]{sign}{}", index.source, quote::if_needed(value)),
        _ if value.is_empty() => format!("{name}{sign}"),
        _ => format!("{name}{sign}{}", quote::if_needed(value)),
    }
}

/// Prints a line of `set -x`.
pub async fn trace(shell: &mut Shell, words: &str) {
    let prompt = shell.variables.text("PS4").unwrap_or_default();
    let prompt = if prompt.contains(['$', '`']) {
        let status = shell.status;
        shell.options.put("xtrace", false);
        let parsed = crate::syntax::word::parse(&prompt, crate::syntax::word::Context::Here);
        let expanded = match &parsed {
            Ok(word) => expand::document(shell, word).await.unwrap_or_default(),
            Err(_) => prompt,
        };
        shell.options.put("xtrace", true);
        shell.status = status;
        expanded
    } else {
        prompt
    };
    let first: String = prompt.chars().take(1).collect();
    let depth = shell.depth.saturating_sub(shell.untraced) as usize;
    shell
        .remark(&format!("{}{prompt}{words}\n", first.repeat(depth.min(20))))
        .await;
}

/// A word as it stands in the source.
pub fn source_of(argument: &Argument) -> String {
    match argument {
        Argument::Word(word) => word.source.to_string(),
        Argument::Assignment(_, words) => words
            .iter()
            .map(|word| word.source.to_string())
            .collect::<Vec<_>>()
            .join(" "),
        Argument::Process(..) => "<(…)".to_owned(),
        Argument::TooMany(text) => text.clone(),
    }
}

async fn expand_command<'a>(
    shell: &mut Shell,
    arguments: &'a [Argument],
) -> Result<(Vec<String>, Vec<Operand<'a>>), Unwind> {
    let mut words = Vec::new();
    let mut operands = Vec::new();
    let mut declares = false;
    for argument in arguments {
        if let (Argument::Assignment(assignment, plain), true) = (argument, declares) {
            words.extend(plain.iter().map(|word: &Word| word.source.to_string()));
            operands.push(match (&assignment.value, &assignment.index) {
                (Assigned::Scalar(word), None) => {
                    let sign = if assignment.append { "+=" } else { "=" };
                    let value = expand::text(shell, word).await?;
                    Operand::Text(format!("{}{sign}{value}", assignment.name))
                }
                _ => Operand::Assignment(assignment),
            });
            continue;
        }
        let first = words.len();
        expand_argument(shell, argument, &mut words).await?;
        if first == 0 {
            let name = words
                .iter()
                .find(|word| *word != "command" && *word != "builtin");
            declares = name.is_some_and(|name| DECLARING.contains(&name.as_str()));
        }
        operands.extend(words.iter().skip(first).cloned().map(Operand::Text));
    }
    Ok((words, operands))
}

/// The fields of words outside of a command's name.
///
/// # Errors
/// After an error that has been told.
pub async fn expand_arguments(
    shell: &mut Shell,
    arguments: &[Argument],
) -> Result<Vec<String>, Unwind> {
    let mut words = Vec::new();
    for argument in arguments {
        expand_argument(shell, argument, &mut words).await?;
    }
    Ok(words)
}

async fn expand_argument(shell: &mut Shell, argument: &Argument, into: &mut Vec<String>) -> Flow {
    match argument {
        Argument::Word(word) => into.append(&mut expand::words(shell, word).await?),
        Argument::Assignment(_, words) => {
            for word in words {
                into.append(&mut expand::words(shell, word).await?);
            }
        }
        Argument::Process(direction, body) => {
            let Some(number) = redirect::substitute_process(shell, *direction, body).await else {
                return Err(Unwind::Discard);
            };
            into.push(format!("/dev/fd/{number}"));
        }
        Argument::TooMany(text) => {
            let most = crate::syntax::braces::MOST;
            shell
                .complain(&format!("brace expansion: {text}: more than {most} words"))
                .await;
            shell.status = 1;
            return Err(Unwind::Discard);
        }
    }
    Ok(())
}
