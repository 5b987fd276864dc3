//! About commands: `command`, `builtin`, `type`, `which`, aliases; and what there is little to say about.

use std::rc::Rc;

use super::{NAMES, Operand, Outcome, fail, is_builtin};
use crate::expand::quote;
use crate::interpret::lookup::{self, Found};
use crate::interpret::simple::{self, Lookup};
use crate::shell::Shell;
use crate::text;

const KEYWORDS: &[&str] = &[
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
    "function", "if", "in", "select", "then", "time", "until", "while", "{", "}",
];

/// `command` and `builtin`
pub async fn command(
    shell: &mut Shell,
    name: &str,
    arguments: &[String],
    operands: Vec<Operand<'_>>,
) -> Outcome {
    let mut words = arguments;
    let mut dropped = 1;
    while let Some((first, more)) = words.split_first() {
        match first.as_str() {
            "-p" | "--" if name == "command" => words = more,
            "-v" | "-V" if name == "command" => return describe(shell, more, first == "-V").await,
            _ => break,
        }
        dropped += 1;
    }
    let Some(own) = words.first().cloned() else {
        return Ok(0);
    };
    if name == "builtin" && !NAMES.contains(&own.as_str()) {
        return fail(shell, &format!("builtin: {own}: not a shell builtin"), 1).await;
    }
    let operands = operands.into_iter().skip(dropped).collect();
    simple::dispatch(shell, &own, words.to_vec(), operands, Lookup::NoFunctions).await?;
    Ok(shell.status)
}

/// What a name means: its kind, and its path if it is a program.
fn kinds(shell: &Shell, name: &str) -> Vec<(&'static str, String)> {
    let mut kinds = Vec::new();
    if shell.aliases.contains_key(name) && shell.has("expand_aliases") {
        kinds.push(("alias", String::new()));
    }
    if KEYWORDS.contains(&name) {
        kinds.push(("keyword", String::new()));
    }
    if shell.functions.contains_key(name) {
        kinds.push(("function", String::new()));
    }
    if NAMES.contains(&name) {
        kinds.push(("builtin", String::new()));
    }
    let path = match lookup::find(shell, name) {
        Found::Command(program) if name.contains('/') || program.is_empty() => {
            Some(name.to_owned())
        }
        Found::Command(program) => Some(format!("/usr/bin/{program}")),
        Found::File(path) if name.contains('/') => Some(if name.starts_with('/') {
            path
        } else {
            name.to_owned()
        }),
        Found::File(path) => Some(path),
        _ if super::PROGRAMS.contains(&name) => Some(format!("/usr/bin/{name}")),
        _ => None,
    };
    kinds.extend(path.map(|path| ("file", path)));
    kinds
}

fn describe_one(shell: &Shell, name: &str, kind: &str, path: &str) -> String {
    match kind {
        "keyword" => format!("{name} is a shell keyword\n"),
        "builtin" => format!("{name} is a shell builtin\n"),
        "function" => {
            let text = shell
                .functions
                .get(name)
                .map_or("", |function| &function.text);
            format!("{name} is a function\n{text}\n")
        }
        "alias" => format!(
            "{name} is aliased to `{}'\n",
            shell.aliases.get(name).map_or("", String::as_str)
        ),
        _ => format!("{name} is {path}\n"),
    }
}

async fn describe(shell: &mut Shell, names: &[String], verbose: bool) -> Outcome {
    let mut status = i32::from(!names.is_empty());
    for name in names {
        let Some((kind, path)) = kinds(shell, name).into_iter().next() else {
            if verbose {
                shell.complain(&format!("command: {name}: not found")).await;
            }
            continue;
        };
        status = 0;
        let shown = match kind {
            _ if verbose => describe_one(shell, name, kind, &path),
            "file" => format!("{path}\n"),
            "alias" => format!(
                "alias {name}={}\n",
                quote::single(shell.aliases.get(name).map_or("", String::as_str))
            ),
            _ => format!("{name}\n"),
        };
        shell.print("command", &text::to_bytes(&shown)).await?;
    }
    Ok(status)
}

/// `type`
pub async fn type_of(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let (mut kind_only, mut path_only, mut all, mut forces, mut status) =
        (false, false, false, false, 0);
    for name in arguments {
        if let Some(letters) = name.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            kind_only |= letters.contains('t');
            path_only |= letters.contains('p');
            forces |= letters.contains('P');
            all |= letters.contains('a');
            continue;
        }
        let mut found = kinds(shell, name);
        if forces {
            found.retain(|(kind, _)| *kind == "file");
        }
        if found.is_empty() {
            status = 1;
            if !(kind_only || path_only || forces) {
                shell.complain(&format!("type: {name}: not found")).await;
            }
            continue;
        }
        let many = if all { found.len() } else { 1 };
        for (kind, path) in found.into_iter().take(many) {
            let shown = if kind_only {
                format!("{kind}\n")
            } else if path_only || forces {
                if kind == "file" {
                    format!("{path}\n")
                } else {
                    String::new()
                }
            } else {
                describe_one(shell, name, kind, &path)
            };
            shell.print("type", &text::to_bytes(&shown)).await?;
        }
    }
    Ok(status)
}

/// `which`
pub async fn which(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut status = i32::from(arguments.is_empty());
    for name in arguments.iter().filter(|name| !name.starts_with('-')) {
        let path = kinds(shell, name)
            .into_iter()
            .find(|(kind, _)| *kind == "file")
            .map(|(_, path)| path);
        // Programs that bash has as builtins are files elsewhere, and scripts ask for them.
        let path = path.or_else(|| {
            (is_builtin(name) && crate::system::program("sh").is_some())
                .then(|| format!("/usr/bin/{name}"))
        });
        match path {
            Some(path) => {
                shell
                    .print("which", &text::to_bytes(&format!("{path}\n")))
                    .await?
            }
            None => status = 1,
        }
    }
    Ok(status)
}

/// `hash`: nothing is remembered, so names are only looked up.
pub async fn hash(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut status = 0;
    for name in arguments.iter().filter(|name| !name.starts_with('-')) {
        if kinds(shell, name).is_empty() {
            status = fail(shell, &format!("hash: {name}: not found"), 1).await?;
        }
    }
    Ok(status)
}

/// `alias`
pub async fn alias(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut status = 0;
    let mut shown = String::new();
    if arguments.iter().all(|argument| argument == "-p") {
        for (name, value) in shell.aliases.iter() {
            shown.push_str(&format!("alias {name}={}\n", quote::single(value)));
        }
    }
    for argument in arguments.iter().filter(|argument| *argument != "-p") {
        match argument.split_once('=') {
            Some((name, value)) => {
                Rc::make_mut(&mut shell.aliases).insert(name.to_owned(), value.to_owned());
            }
            None => match shell.aliases.get(argument) {
                Some(value) => {
                    shown.push_str(&format!("alias {argument}={}\n", quote::single(value)))
                }
                None => {
                    shell
                        .complain(&format!("alias: {argument}: not found"))
                        .await;
                    status = 1;
                }
            },
        }
    }
    shell.print("alias", &text::to_bytes(&shown)).await?;
    Ok(status)
}

/// `unalias`
pub async fn unalias(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut status = 0;
    for name in arguments {
        if name == "-a" {
            shell.aliases = Rc::default();
        } else if Rc::make_mut(&mut shell.aliases).remove(name).is_none() {
            shell.complain(&format!("unalias: {name}: not found")).await;
            status = 1;
        }
    }
    Ok(status)
}

/// `umask`. The sandbox's files have no modes, so the mask is only kept and shown.
pub async fn umask(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let symbolic = arguments.iter().any(|argument| argument == "-S");
    if let Some(mask) = arguments.iter().find(|argument| !argument.starts_with('-')) {
        let Ok(mask) = u32::from_str_radix(mask, 8) else {
            return fail(
                shell,
                &format!("umask: {mask}: octal number out of range"),
                1,
            )
            .await;
        };
        shell.umask = mask & 0o777;
        return Ok(0);
    }
    let shown = if symbolic {
        let part = |shift: u32| {
            let allowed = !(shell.umask >> shift) & 7;
            let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
            letters
                .iter()
                .filter(|(bit, _)| allowed & bit != 0)
                .map(|(_, letter)| *letter)
                .collect::<String>()
        };
        format!("u={},g={},o={}\n", part(6), part(3), part(0))
    } else {
        format!("{:04o}\n", shell.umask)
    };
    shell.print("umask", shown.as_bytes()).await?;
    Ok(0)
}

/// `ulimit`: the limits are the call's, and are set outside.
pub async fn ulimit(shell: &mut Shell, arguments: &[String]) -> Outcome {
    if arguments
        .iter()
        .any(|argument| !argument.starts_with('-') && argument != "unlimited")
    {
        return fail(
            shell,
            "ulimit: the limits of the sandbox are set outside of it",
            1,
        )
        .await;
    }
    shell.print("ulimit", b"unlimited\n").await?;
    Ok(0)
}

/// `times`: no CPU time is told to a guest.
pub async fn times(shell: &mut Shell) -> Outcome {
    shell
        .print("times", b"0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n")
        .await?;
    Ok(0)
}

/// `help`
pub async fn help(shell: &mut Shell) -> Outcome {
    let shown = format!(
        "A shell with bash's language. Its builtins:\n{}\n",
        NAMES.join(" ")
    );
    shell.print("help", shown.as_bytes()).await?;
    Ok(0)
}

/// What makes no sense here.
pub async fn refuse(shell: &mut Shell, name: &str) -> Outcome {
    fail(shell, &format!("{name}: not supported by this shell"), 1).await
}
