//! The working directory, which is the shell's own: `cd`, `pwd`, and the stack of `pushd` and `popd`.

use std::rc::Rc;

use super::{Outcome, fail};
use crate::shell::Shell;
use crate::text;

/// A path without `.`, `..` and doubled slashes.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn enter(shell: &mut Shell, path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Ok(());
    }
    let target = tidy(&shell.path(path));
    match std::fs::metadata(text::path(&target)) {
        Err(error) => {
            let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
            Err(format!(
                "{path}: {}",
                if denied {
                    "Permission denied"
                } else {
                    "No such file or directory"
                }
            ))
        }
        Ok(data) if !data.is_dir() => Err(format!("{path}: Not a directory")),
        Ok(_) => {
            let before = shell.directory.to_string();
            shell.directory = target.as_str().into();
            // Whoever makes these read-only keeps them as they are.
            let _ = shell.variables.set("OLDPWD", before);
            let _ = shell.variables.set("PWD", target);
            for name in ["OLDPWD", "PWD"] {
                if let Ok(variable) = shell.variables.change(name) {
                    variable.flags.exported = true;
                }
            }
            Ok(())
        }
    }
}

/// `cd`
pub async fn cd(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut rest = arguments;
    while let Some((first, more)) = rest.split_first() {
        match first.as_str() {
            "-L" | "-e" | "-@" | "--" => rest = more,
            "-P" => rest = more,
            option if option.len() > 1 && option.starts_with('-') => {
                shell
                    .complain(&format!("cd: {option}: invalid option"))
                    .await;
                shell
                    .remark("cd: usage: cd [-L|[-P [-e]] [-@]] [dir]\n")
                    .await;
                return Ok(2);
            }
            _ => break,
        }
    }
    if rest.len() > 1 {
        return fail(shell, "cd: too many arguments", 1).await;
    }
    let (path, tells) = match rest.first().map(String::as_str) {
        None => match shell.variables.text("HOME") {
            Some(home) => (home, false),
            None => return fail(shell, "cd: HOME not set", 1).await,
        },
        Some("-") => match shell
            .variables
            .text("OLDPWD")
            .filter(|path| !path.is_empty())
        {
            Some(path) => (path, true),
            None => return fail(shell, "cd: OLDPWD not set", 1).await,
        },
        Some(path) => match from_path(shell, path) {
            Some(found) => (found, true),
            None => (path.to_owned(), false),
        },
    };
    if let Err(words) = enter(shell, &path) {
        return fail(shell, &format!("cd: {words}"), 1).await;
    }
    if tells {
        let line = format!("{}\n", shell.directory);
        shell.print("cd", &text::to_bytes(&line)).await?;
    }
    Ok(0)
}

fn from_path(shell: &Shell, path: &str) -> Option<String> {
    let places = shell
        .variables
        .text("CDPATH")
        .filter(|_| !path.starts_with(['/', '.']))?;
    let mut candidates = places
        .split(':')
        .filter(|place| !place.is_empty())
        .map(|place| format!("{place}/{path}"));
    candidates.find(|candidate| {
        std::fs::metadata(text::path(&shell.path(candidate))).is_ok_and(|data| data.is_dir())
    })
}

/// `pwd`
pub async fn pwd(shell: &mut Shell, _arguments: &[String]) -> Outcome {
    let line = format!("{}\n", shell.directory);
    shell.status = 0;
    shell.print("pwd", &text::to_bytes(&line)).await?;
    Ok(shell.status)
}

/// `pushd`
pub async fn pushd(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let before = Rc::clone(&shell.directory);
    let target = match arguments.iter().find(|argument| *argument != "-n") {
        Some(path) if !path.starts_with('+') => path.clone(),
        Some(_) => return fail(shell, "pushd: rotating the stack is not supported", 1).await,
        None => match shell.directories.pop() {
            Some(directory) => directory.to_string(),
            None => return fail(shell, "pushd: no other directory", 1).await,
        },
    };
    if let Err(words) = enter(shell, &target) {
        return fail(shell, &format!("pushd: {words}"), 1).await;
    }
    shell.directories.push(before);
    dirs(shell, &[]).await
}

/// `popd`
pub async fn popd(shell: &mut Shell, _arguments: &[String]) -> Outcome {
    let Some(directory) = shell.directories.pop() else {
        return fail(shell, "popd: directory stack empty", 1).await;
    };
    if let Err(words) = enter(shell, &directory) {
        return fail(shell, &format!("popd: {words}"), 1).await;
    }
    dirs(shell, &[]).await
}

/// `dirs`
pub async fn dirs(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let has = |letter| {
        arguments
            .iter()
            .any(|argument| argument.starts_with('-') && argument.contains(letter))
    };
    if has('c') {
        shell.directories.clear();
        return Ok(0);
    }
    let home = shell.variables.text("HOME").filter(|home| home.len() > 1);
    let all: Vec<String> = std::iter::once(&shell.directory)
        .chain(shell.directories.iter().rev())
        .map(|directory| match &home {
            Some(home) if !has('l') => match directory.strip_prefix(home.as_str()) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
                _ => directory.to_string(),
            },
            _ => directory.to_string(),
        })
        .collect();
    let shown = if has('v') {
        all.iter()
            .enumerate()
            .map(|(index, path)| format!("{index:2}  {path}\n"))
            .collect()
    } else if has('p') {
        all.join("\n") + "\n"
    } else {
        all.join(" ") + "\n"
    };
    shell.print("dirs", &text::to_bytes(&shown)).await?;
    Ok(0)
}
