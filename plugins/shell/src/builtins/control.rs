//! Control: leaving loops, functions and the shell, evaluating text, traps.

use super::{Outcome, fail};
use crate::expand::quote;
use crate::interpret::simple::{self, Lookup};
use crate::interpret::{self, Origin, lookup, redirect};
use crate::shell::{Shell, Unwind};
use crate::{system, text};

/// `break` and `continue`
pub async fn leave_loop(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    let levels = match arguments.first().map(|text| text.parse::<i64>()) {
        None => 1,
        Some(Ok(levels)) if levels > 0 => u32::try_from(levels).unwrap_or(u32::MAX),
        Some(Ok(_)) => {
            return fail(
                shell,
                &format!("{name}: {}: loop count out of range", arguments[0]),
                1,
            )
            .await;
        }
        Some(Err(_)) => {
            shell
                .complain(&format!(
                    "{name}: {}: numeric argument required",
                    arguments[0]
                ))
                .await;
            shell.status = 128;
            return Err(Unwind::Exit);
        }
    };
    if shell.loops == 0 {
        return fail(
            shell,
            &format!("{name}: only meaningful in a `for', `while', or `until' loop"),
            0,
        )
        .await;
    }
    shell.status = 0;
    let levels = levels.min(shell.loops);
    Err(if name == "break" {
        Unwind::Break(levels)
    } else {
        Unwind::Continue(levels)
    })
}

async fn status_of(shell: &mut Shell, name: &str, arguments: &[String]) -> Result<i32, ()> {
    match arguments.first().map(|text| text.parse::<i64>()) {
        None => Ok(shell.status),
        Some(Ok(status)) => Ok((status & 0xFF) as i32),
        Some(Err(_)) => {
            shell
                .complain(&format!(
                    "{name}: {}: numeric argument required",
                    arguments[0]
                ))
                .await;
            Err(())
        }
    }
}

/// `return`
pub async fn leave_function(shell: &mut Shell, arguments: &[String]) -> Outcome {
    if shell.calls.is_empty() {
        return fail(
            shell,
            "return: can only `return' from a function or sourced script",
            2,
        )
        .await;
    }
    shell.status = status_of(shell, "return", arguments).await.unwrap_or(2);
    Err(Unwind::Return)
}

/// `exit`
pub async fn exit(shell: &mut Shell, arguments: &[String]) -> Outcome {
    shell.status = status_of(shell, "exit", arguments).await.unwrap_or(2);
    shell.leaves = true;
    Err(Unwind::Exit)
}

/// `eval`
pub async fn eval(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let text = arguments.join(" ");
    shell.status = 0;
    interpret::enter(shell, "eval").await?;
    let flow = Box::pin(interpret::program(shell, &text, Origin::Inner)).await;
    shell.nesting -= 1;
    flow?;
    Ok(shell.status)
}

/// `source` and `.`
pub async fn source(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    let arguments = arguments
        .strip_prefix(&["--".to_owned()])
        .unwrap_or(arguments);
    let Some((file, rest)) = arguments.split_first() else {
        shell
            .complain(&format!("{name}: filename argument required"))
            .await;
        shell
            .remark(&format!("{name}: usage: {name} filename [arguments]\n"))
            .await;
        return Ok(2);
    };
    let content = match redirect::device(file) {
        Some(number) => match shell.reader(number).cloned() {
            Some(reader) => {
                let mut all = Vec::new();
                while let Some(bytes) = reader
                    .read(65536)
                    .await
                    .ok()
                    .filter(|bytes| !bytes.is_empty())
                {
                    all.extend(bytes);
                }
                Ok(all)
            }
            None => Err("No such file or directory".to_owned()),
        },
        None => std::fs::read(text::path(&find(shell, file)))
            .map_err(|error| crate::system::reason(&error)),
    };
    match content {
        Ok(bytes) => {
            interpret::source(shell, file, &text::from_bytes(&bytes), rest).await?;
            Ok(shell.status)
        }
        Err(words) => fail(shell, &format!("{file}: {words}"), 1).await,
    }
}

/// A name without a slash is looked for on PATH first.
fn find(shell: &Shell, file: &str) -> String {
    let path = shell.variables.text("PATH").unwrap_or_default();
    let on_path = path
        .split(':')
        .filter(|directory| {
            !file.contains('/')
                && (system::RUNS_FILES || !lookup::PROGRAM_DIRECTORIES.contains(directory))
        })
        .map(|directory| format!("{directory}/{file}"));
    let found = on_path
        .map(|path| shell.path(&path))
        .find(|path| std::fs::metadata(text::path(path)).is_ok_and(|data| data.is_file()));
    found.unwrap_or_else(|| shell.path(file))
}

/// `exec`
pub async fn exec(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut words = arguments;
    while let Some((first, more)) = words.split_first() {
        match first.as_str() {
            "--" | "-c" | "-l" => words = more,
            "-a" => words = more.get(1..).unwrap_or_default(),
            _ => break,
        }
    }
    let Some(name) = words.first().cloned() else {
        redirect::keep(shell)?;
        return Ok(0);
    };
    if !super::PROGRAMS.contains(&name.as_str())
        && lookup::find(shell, &name) == lookup::Found::Missing
    {
        let words = if name.contains('/') {
            "No such file or directory"
        } else {
            "not found"
        };
        shell.complain(&format!("exec: {name}: {words}")).await;
        shell.status = 127;
        return Err(Unwind::Exit);
    }
    simple::dispatch(shell, &name, words.to_vec(), Vec::new(), Lookup::Programs).await?;
    shell.traps.remove("EXIT");
    shell.leaves = true;
    Err(Unwind::Exit)
}

const SIGNALS: &[(&str, i32)] = &[
    ("EXIT", 0),
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("WINCH", 28),
];

/// A signal's number and name, by either.
pub fn signal(name: &str) -> Option<(&'static str, i32)> {
    let plain = name.to_ascii_uppercase();
    let plain = plain.strip_prefix("SIG").unwrap_or(&plain);
    let number = plain.parse::<i32>().ok();
    SIGNALS
        .iter()
        .copied()
        .find(|(own, code)| *own == plain || Some(*code) == number)
}

/// `trap`. Of the signals only `EXIT` and `ERR` come; the others are kept and shown.
pub async fn trap(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let arguments = arguments
        .strip_prefix(&["--".to_owned()])
        .unwrap_or(arguments);
    if matches!(arguments, [option] if option == "-l") {
        return super::jobs::signals(shell).await;
    }
    let shows = arguments.is_empty() || arguments.first().is_some_and(|first| first == "-p");
    if shows {
        let mut shown = String::new();
        let asked: Vec<&str> = arguments
            .iter()
            .skip(1)
            .filter_map(|name| signal(name))
            .map(|(name, _)| name)
            .collect();
        let mut all: Vec<(&String, &String)> = shell.traps.iter().collect();
        all.sort_by_key(|(name, _)| signal(name).map_or(i32::MAX, |(_, number)| number));
        for (name, command) in all {
            if arguments.len() > 1 && !asked.contains(&name.as_str()) {
                continue;
            }
            let prefix = if matches!(name.as_str(), "EXIT" | "ERR" | "DEBUG" | "RETURN") {
                ""
            } else {
                "SIG"
            };
            shown.push_str(&format!(
                "trap -- {} {prefix}{name}\n",
                quote::single(command)
            ));
        }
        shell.print("trap", &text::to_bytes(&shown)).await?;
        return Ok(0);
    }
    let is_number = |text: &str| text.parse::<i32>().is_ok();
    let (command, names) = match arguments {
        [only] => (None, std::slice::from_ref(only)),
        [first, names @ ..] if first == "-" => (None, names),
        [first, ..] if is_number(first) => (None, arguments),
        [first, names @ ..] => (Some(first.clone()), names),
        [] => return Ok(0),
    };
    let mut status = 0;
    for name in names {
        let own = match name.as_str() {
            "ERR" => Some("ERR"),
            "DEBUG" | "RETURN" => {
                return fail(
                    shell,
                    &format!("trap: {name}: traps of this kind are not supported by this shell"),
                    1,
                )
                .await;
            }
            other => signal(other).map(|(name, _)| name),
        };
        let Some(own) = own else {
            status = fail(
                shell,
                &format!("trap: {name}: invalid signal specification"),
                1,
            )
            .await?;
            continue;
        };
        match &command {
            Some(command) => drop(shell.traps.insert(own.to_owned(), command.clone())),
            None => drop(shell.traps.remove(own)),
        }
    }
    Ok(status)
}

/// `caller`
pub async fn caller(shell: &mut Shell) -> Outcome {
    let Some(call) = shell.calls.last() else {
        return Ok(1);
    };
    let line = format!("{} {}\n", call.line, call.source);
    shell.print("caller", &text::to_bytes(&line)).await?;
    Ok(0)
}
