//! Options and arguments of the shell: `set`, `shopt`, `shift`, `getopts`.

use std::rc::Rc;

use super::{Outcome, fail};
use crate::expand::quote;
use crate::options::{Options, SET, SHOPT};
use crate::shell::Shell;

/// Options of interactive shells, which scripts set and which change nothing here.
const WITHOUT_EFFECT: &[&str] = &[
    "emacs",
    "histexpand",
    "history",
    "ignoreeof",
    "interactive-comments",
    "keyword",
    "nolog",
    "notify",
    "onecmd",
    "physical",
    "vi",
];

/// `set`
pub async fn set(shell: &mut Shell, arguments: &[String]) -> Outcome {
    if arguments.is_empty() {
        return show_variables(shell).await;
    }
    let mut rest = arguments;
    while let Some((first, more)) = rest.split_first() {
        if first == "--" {
            shell.arguments = Rc::new(more.to_vec());
            return Ok(0);
        }
        let on = first.starts_with('-');
        if first.len() < 2 || !(on || first.starts_with('+')) {
            break;
        }
        rest = more;
        for letter in first.chars().skip(1) {
            if letter == 'o' {
                let Some((name, more)) = rest.split_first() else {
                    return show(shell, on).await;
                };
                rest = more;
                if WITHOUT_EFFECT.contains(&name.as_str()) {
                    continue;
                }
                if !SET.iter().any(|(own, _)| own == name) {
                    return fail(shell, &format!("set: {name}: invalid option name"), 2).await;
                }
                shell.options.put(name, on);
                continue;
            }
            match Options::by_letter(letter) {
                Some(name) => drop(shell.options.put(name, on)),
                None if matches!(letter, 'b' | 'H' | 'k' | 'P' | 't') => {}
                None => {
                    shell
                        .complain(&format!("set: -{letter}: invalid option"))
                        .await;
                    shell.remark("set: usage: set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]\n").await;
                    return Ok(2);
                }
            }
        }
    }
    if !rest.is_empty() {
        shell.arguments = Rc::new(rest.to_vec());
    }
    Ok(0)
}

async fn show(shell: &mut Shell, for_people: bool) -> Outcome {
    let mut shown = String::new();
    for (name, _) in SET {
        let on = shell.has(name);
        if for_people {
            shown.push_str(&format!("{name:<15}\t{}\n", if on { "on" } else { "off" }));
        } else {
            shown.push_str(&format!("set {}o {name}\n", if on { '-' } else { '+' }));
        }
    }
    shell.print("set", shown.as_bytes()).await?;
    Ok(0)
}

async fn show_variables(shell: &mut Shell) -> Outcome {
    let mut shown = String::new();
    for name in shell.variables.names() {
        let Some(variable) = shell.variables.get(&name) else {
            continue;
        };
        if let Some(text) = variable.scalar() {
            shown.push_str(&format!("{name}={}\n", quote::if_needed(text)));
        }
    }
    shell.print("set", &crate::text::to_bytes(&shown)).await?;
    Ok(0)
}

/// `shopt`
pub async fn shopt(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let (mut wanted, mut quiet, mut of_set) = (None, false, false);
    let mut names = Vec::new();
    for argument in arguments {
        let Some(letters) = argument.strip_prefix('-') else {
            names.push(argument);
            continue;
        };
        for letter in letters.chars() {
            match letter {
                's' => wanted = Some(true),
                'u' => wanted = Some(false),
                'q' => quiet = true,
                'o' => of_set = true,
                'p' => {}
                _ => return fail(shell, &format!("shopt: -{letter}: invalid option"), 2).await,
            }
        }
    }
    let all: Vec<String> = if of_set {
        SET.iter().map(|(name, _)| (*name).to_owned()).collect()
    } else {
        SHOPT.iter().map(|name| (*name).to_owned()).collect()
    };
    let mut status = 0;
    let mut shown = String::new();
    let chosen: Vec<&String> = if names.is_empty() {
        all.iter().collect()
    } else {
        names
    };
    let prints = wanted.is_none() || arguments.len() == 1;
    for name in chosen {
        if !all.contains(name) {
            shell
                .complain(&format!("shopt: {name}: invalid shell option name"))
                .await;
            status = 1;
        } else if prints {
            let on = shell.has(name);
            status |= i32::from(!on && !arguments.is_empty() && wanted.is_none());
            shown.push_str(&format!("{name:<15}\t{}\n", if on { "on" } else { "off" }));
        } else {
            shell.options.put(name, wanted.unwrap_or(false));
        }
    }
    if !quiet {
        shell.status = status;
        shell.print("shopt", shown.as_bytes()).await?;
    }
    Ok(status)
}

/// `shift`
pub async fn shift(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let count = match arguments.first().map(|text| text.parse::<i64>()) {
        None => 1,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            return fail(
                shell,
                &format!("shift: {}: numeric argument required", arguments[0]),
                1,
            )
            .await;
        }
    };
    let Some(count) = usize::try_from(count)
        .ok()
        .filter(|count| *count <= shell.arguments.len())
    else {
        return Ok(1);
    };
    Rc::make_mut(&mut shell.arguments).drain(..count);
    Ok(0)
}

/// `getopts`
pub async fn getopts(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let [letters, name, rest @ ..] = arguments else {
        shell
            .remark("getopts: usage: getopts optstring name [arg ...]\n")
            .await;
        return Ok(2);
    };
    let words = if rest.is_empty() {
        shell.arguments.to_vec()
    } else {
        rest.to_vec()
    };
    let index = shell
        .variables
        .text("OPTIND")
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(1)
        .max(1);
    let offset = if shell.option_place.index == index {
        shell.option_place.offset.max(1)
    } else {
        1
    };
    let silent = letters.starts_with(':');
    let set = |shell: &mut Shell, name: &str, text: &str| shell.variables.set(name, text).is_ok();
    let word = words.get(index - 1).cloned().unwrap_or_default();
    let at_end = !word.starts_with('-') || word.len() < 2 || word == "--";
    if at_end && offset <= 1 {
        let next = if word == "--" { index + 1 } else { index };
        set(shell, "OPTIND", &next.to_string());
        set(shell, name, "?");
        let _ = shell.variables.unset("OPTARG");
        shell.option_place = crate::shell::OptionPlace::default();
        return Ok(1);
    }
    let letter = word.chars().nth(offset).unwrap_or('?');
    let mut next = (index, offset + 1);
    if word.chars().count() <= offset + 1 {
        next = (index + 1, 1);
    }
    let known = letters
        .trim_start_matches(':')
        .char_indices()
        .find(|(_, own)| *own == letter && letter != ':');
    let takes = known.is_some_and(|(place, own)| {
        letters.trim_start_matches(':')[place + own.len_utf8()..].starts_with(':')
    });
    let _ = shell.variables.unset("OPTARG");
    let mut result = letter.to_string();
    if known.is_none() {
        result = "?".to_owned();
        if silent {
            set(shell, "OPTARG", &letter.to_string());
        } else {
            shell
                .remark(&format!("{}: illegal option -- {letter}\n", shell.name))
                .await;
        }
    } else if takes {
        let glued: String = word.chars().skip(offset + 1).collect();
        if !glued.is_empty() {
            set(shell, "OPTARG", &glued);
            next = (index + 1, 1);
        } else if let Some(value) = words.get(index) {
            set(shell, "OPTARG", value);
            next = (index + 2, 1);
        } else {
            next = (index + 1, 1);
            if silent {
                set(shell, "OPTARG", &letter.to_string());
                result = ":".to_owned();
            } else {
                shell
                    .remark(&format!(
                        "{}: option requires an argument -- {letter}\n",
                        shell.name
                    ))
                    .await;
                result = "?".to_owned();
            }
        }
    }
    set(shell, "OPTIND", &next.0.to_string());
    shell.option_place = crate::shell::OptionPlace {
        index: next.0,
        offset: next.1,
    };
    if !set(shell, name, &result) {
        return fail(shell, &format!("{name}: readonly variable"), 1).await;
    }
    Ok(0)
}
