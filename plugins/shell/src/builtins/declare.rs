//! Declaring and removing variables: `declare` and its like, `unset`, `let`.

use std::rc::Rc;

use super::{Operand, Outcome, fail};
use crate::expand::{arithmetic, quote};
use crate::interpret::assign::{self, Place};
use crate::shell::{Shell, Unwind};
use crate::syntax::parameter::name_length;
use crate::syntax::tree::{Assigned, Assignment};
use crate::variables::{Flags, Keyed, Value, Variable};

/// A declaration that makes this variable again: `declare -p` prints it, and so does `${x@A}` for a whole variable.
pub fn declaration(name: &str, variable: &Variable, whole: bool) -> String {
    let letters = variable.letters();
    let plain = !whole && letters.is_empty();
    if plain {
        return format!(
            "{name}={}",
            quote::single(variable.scalar().map_or("", String::as_str))
        );
    }
    show(name, variable)
}

fn show(name: &str, variable: &Variable) -> String {
    let letters = variable.letters();
    let letters = if letters.is_empty() {
        "-".to_owned()
    } else {
        letters
    };
    let elements = |sign: &str| {
        let all = variable.elements();
        let all = all.iter().map(|(key, value)| {
            let key = if variable.is_keyed()
                && !key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
            {
                quote::double(key)
            } else {
                key.clone()
            };
            format!("[{key}]={}", quote::double(value))
        });
        all.collect::<Vec<_>>().join(" ") + sign
    };
    match &variable.value {
        Value::Unset => format!("declare -{letters} {name}"),
        Value::Scalar(text) => format!("declare -{letters} {name}={}", quote::double(text)),
        Value::Indexed(_) => format!("declare -{letters} {name}=({})", elements("")),
        Value::Keyed(keyed) if keyed.iter().next().is_none() => {
            format!("declare -{letters} {name}=()")
        }
        Value::Keyed(_) => format!("declare -{letters} {name}=({})", elements(" ")),
    }
}

#[derive(Default)]
struct Wishes {
    set: Vec<char>,
    unset: Vec<char>,
    prints: bool,
    functions: bool,
    names_only: bool,
    global: bool,
    removes: bool,
}

/// `declare`, `typeset`, `local`, `export`, `readonly`.
pub async fn run(shell: &mut Shell, name: &str, operands: Vec<Operand<'_>>) -> Outcome {
    let mut wishes = Wishes::default();
    let mut rest = Vec::new();
    let mut options = true;
    for operand in operands.into_iter().skip(1) {
        match &operand {
            Operand::Text(text) if options && text == "--" => options = false,
            Operand::Text(text) if options && text.len() > 1 && text.starts_with(['-', '+']) => {
                if let Err(letter) = take_letters(&mut wishes, name, text) {
                    shell
                        .complain(&format!("{name}: -{letter}: invalid option"))
                        .await;
                    shell.remark(&format!("{name}: usage: {name} [-aAfFgiIlnrtux] [name[=value] ...] or {name} -p [-aAfFilnrtux] [name ...]\n")).await;
                    return Ok(2);
                }
            }
            _ => {
                options = false;
                rest.push(operand);
            }
        }
    }
    match name {
        "export" if !wishes.removes => wishes.set.push('x'),
        "export" => wishes.unset.push('x'),
        "readonly" => wishes.set.push('r'),
        "local" if !shell.variables.in_function() => {
            return fail(shell, "local: can only be used in a function", 1).await;
        }
        _ => {}
    }
    if wishes.functions {
        return functions(shell, &wishes, &rest).await;
    }
    if wishes.prints || rest.is_empty() {
        return print(shell, name, &wishes, &rest).await;
    }
    let place = match name {
        "export" | "readonly" => Place::Visible,
        _ if wishes.global => Place::Global,
        _ if shell.variables.in_function() => Place::Local,
        _ => Place::Visible,
    };
    let mut status = 0;
    for operand in &rest {
        status = status.max(declare(shell, name, &wishes, operand, place).await?);
    }
    // What failed in a command substitution shows in `$?` only without `declare`, as in bash.
    Ok(status)
}

fn take_letters(wishes: &mut Wishes, name: &str, text: &str) -> Result<(), char> {
    let adds = text.starts_with('-');
    for letter in text.chars().skip(1) {
        match letter {
            'p' => wishes.prints = true,
            'f' => wishes.functions = true,
            'F' => (wishes.functions, wishes.names_only) = (true, true),
            'g' => wishes.global = true,
            'n' if name == "export" => wishes.removes = true,
            'a' | 'A' | 'i' | 'l' | 'n' | 'r' | 'u' | 'x' if adds => wishes.set.push(letter),
            'a' | 'A' | 'i' | 'l' | 'n' | 'r' | 'u' | 'x' => wishes.unset.push(letter),
            'I' | 't' => {}
            other => return Err(other),
        }
    }
    Ok(())
}

async fn declare(
    shell: &mut Shell,
    command: &str,
    wishes: &Wishes,
    operand: &Operand<'_>,
    place: Place,
) -> Outcome {
    let (name, text, append, assignment): (String, Option<String>, bool, Option<&Assignment>) =
        match operand {
            Operand::Assignment(assignment) => {
                (assignment.name.clone(), None, false, Some(assignment))
            }
            Operand::Text(word) => match word.split_once('=') {
                Some((name, value)) => match name.strip_suffix('+') {
                    Some(name) => (name.to_owned(), Some(value.to_owned()), true, None),
                    None => (name.to_owned(), Some(value.to_owned()), false, None),
                },
                None => (word.clone(), None, false, None),
            },
        };
    let base = name.split('[').next().unwrap_or_default();
    if base.is_empty() || name_length(base) != base.len() {
        let shown = match operand {
            Operand::Text(word) => word.clone(),
            Operand::Assignment(_) => name.clone(),
        };
        return fail(
            shell,
            &format!("{command}: `{shown}': not a valid identifier"),
            1,
        )
        .await;
    }
    let changes_value = text.is_some() || assignment.is_some();
    if let Err(words) = prepare(shell, base, wishes, place, changes_value) {
        return fail(shell, &format!("{command}: {words}"), 1).await;
    }
    if let Some(assignment) = assignment {
        if let Err(unwind) = assign::run(shell, assignment, place).await {
            return if unwind == Unwind::Discard {
                Ok(1)
            } else {
                Err(unwind)
            };
        }
        if matches!(assignment.value, Assigned::Array(_)) && wishes.set.contains(&'A') {
            debug_assert!(shell.variables.get(base).is_none_or(Variable::is_keyed));
        }
    } else if let Some(text) = text {
        if let Err(unwind) = assign::scalar(shell, base, text, append, place).await {
            return if unwind == Unwind::Discard {
                Ok(1)
            } else {
                Err(unwind)
            };
        }
    }
    finish(shell, base, wishes, place);
    Ok(0)
}

/// Makes the variable with the attributes that decide how a value is taken.
fn prepare(
    shell: &mut Shell,
    name: &str,
    wishes: &Wishes,
    place: Place,
    changes_value: bool,
) -> Result<(), String> {
    let sets = |letter| wishes.set.contains(&letter);
    let inherits = place == Place::Local && !shell.variables.is_local(name);
    let is_only_flag = !changes_value && place == Place::Visible && !sets('a') && !sets('A');
    let read_only = shell
        .variables
        .get(name)
        .is_some_and(|variable| variable.flags.read_only);
    if is_only_flag && read_only {
        return Ok(());
    }
    let variable = assign::variable(shell, name, place).map_err(|error| error.words())?;
    if inherits {
        *variable = Variable::default();
    }
    if sets('A') && !variable.is_keyed() {
        if matches!(variable.value, Value::Indexed(_)) {
            return Err(format!(
                "{name}: cannot convert indexed to associative array"
            ));
        }
        let before = variable.scalar().cloned();
        let mut keyed = Keyed::default();
        if let Some(text) = before {
            keyed.insert("0", text);
        }
        variable.value = Value::Keyed(keyed);
    }
    if sets('a') {
        if variable.is_keyed() {
            return Err(format!(
                "{name}: cannot convert associative to indexed array"
            ));
        }
        variable.indexed();
    }
    let flags = &mut variable.flags;
    flags.integer = (flags.integer || sets('i')) && !wishes.unset.contains(&'i');
    flags.lower = (flags.lower || sets('l')) && !sets('u') && !wishes.unset.contains(&'l');
    flags.upper = (flags.upper || sets('u')) && !sets('l') && !wishes.unset.contains(&'u');
    Ok(())
}

/// Sets the attributes that count only after the value is there.
fn finish(shell: &mut Shell, name: &str, wishes: &Wishes, place: Place) {
    let sets = |letter| wishes.set.contains(&letter);
    let Ok(variable) = assign::variable(shell, name, place) else {
        return;
    };
    let before = variable.flags;
    variable.flags = Flags {
        exported: (before.exported || sets('x')) && !wishes.unset.contains(&'x'),
        read_only: before.read_only || sets('r'),
        reference: (before.reference || sets('n')) && !wishes.unset.contains(&'n'),
        ..before
    };
}

async fn functions(shell: &mut Shell, wishes: &Wishes, operands: &[Operand<'_>]) -> Outcome {
    let names: Vec<String> = if operands.is_empty() {
        shell.functions.keys().cloned().collect()
    } else {
        operands
            .iter()
            .filter_map(|operand| match operand {
                Operand::Text(name) => Some(name.clone()),
                Operand::Assignment(_) => None,
            })
            .collect()
    };
    let mut status = 0;
    let mut shown = String::new();
    for name in names {
        match shell.functions.get(&name) {
            _ if wishes.set.contains(&'x') => {}
            Some(_) if wishes.names_only && !operands.is_empty() => {
                shown.push_str(&format!("{name}\n"))
            }
            Some(_) if wishes.names_only => shown.push_str(&format!("declare -f {name}\n")),
            Some(function) => shown.push_str(&format!("{}\n", function.text)),
            None => status = 1,
        }
    }
    shell.status = status;
    shell.print("declare", shown.as_bytes()).await?;
    Ok(status)
}

async fn print(
    shell: &mut Shell,
    command: &str,
    wishes: &Wishes,
    operands: &[Operand<'_>],
) -> Outcome {
    let mut shown = String::new();
    let mut status = 0;
    if operands.is_empty() {
        for name in shell.variables.names() {
            let Some(variable) = shell.variables.get(&name) else {
                continue;
            };
            let letters = variable.letters();
            if !wishes.set.iter().all(|letter| letters.contains(*letter)) {
                continue;
            }
            if command == "local" && !shell.variables.is_local(&name) {
                continue;
            }
            if wishes.prints || command == "export" || command == "readonly" {
                shown.push_str(&format!("{}\n", show(&name, variable)));
            } else if let Some(text) = variable.scalar() {
                shown.push_str(&format!("{name}={}\n", quote::if_needed(text)));
            }
        }
    }
    for operand in operands {
        let Operand::Text(name) = operand else {
            continue;
        };
        match crate::expand::parameter::variable(shell, name) {
            Some(variable) => shown.push_str(&format!("{}\n", show(name, &variable))),
            None => {
                shell
                    .complain(&format!("{command}: {name}: not found"))
                    .await;
                status = 1;
            }
        }
    }
    shell.status = status;
    shell.print(command, &crate::text::to_bytes(&shown)).await?;
    Ok(status)
}

/// `unset`
pub async fn unset(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let (mut functions, mut variables, mut references) = (false, false, false);
    let mut rest = arguments;
    while let Some((first, more)) = rest.split_first() {
        match first.as_str() {
            "-f" => functions = true,
            "-v" => variables = true,
            "-n" => references = true,
            "--" => {
                rest = more;
                break;
            }
            option if option.starts_with('-') => {
                shell
                    .complain(&format!("unset: {option}: invalid option"))
                    .await;
                shell
                    .remark("unset: usage: unset [-f] [-v] [-n] [name ...]\n")
                    .await;
                return Ok(2);
            }
            _ => break,
        }
        rest = more;
    }
    let mut status = 0;
    for name in rest {
        if functions {
            Rc::make_mut(&mut shell.functions).remove(name);
            continue;
        }
        if let Some((array, index)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            status = status.max(unset_element(shell, array, index).await?);
            continue;
        }
        let target = if references {
            name.clone()
        } else {
            shell.variables.resolve(name)
        };
        match shell.variables.unset(&target) {
            Ok(true) => {}
            Ok(false) if variables => {}
            Ok(false) => drop(Rc::make_mut(&mut shell.functions).remove(name)),
            Err(_) => {
                shell
                    .complain(&format!("unset: {name}: cannot unset: readonly variable"))
                    .await;
                status = 1;
            }
        }
    }
    Ok(status)
}

async fn unset_element(shell: &mut Shell, array: &str, index: &str) -> Outcome {
    let keyed = shell.variables.get(array).is_some_and(Variable::is_keyed);
    let number = if keyed || matches!(index, "@" | "*") {
        0
    } else {
        match arithmetic::evaluate(shell, index) {
            Ok(number) => number,
            Err(words) => return fail(shell, &format!("unset: {words}"), 1).await,
        }
    };
    let variable = match shell.variables.change(array) {
        Ok(variable) => variable,
        Err(error) => return fail(shell, &format!("unset: {}", error.words()), 1).await,
    };
    match &mut variable.value {
        Value::Keyed(elements) => elements.remove(index.trim_matches(['\'', '"'])),
        Value::Indexed(elements) if matches!(index, "@" | "*") => elements.clear(),
        Value::Indexed(elements) => {
            let last = elements.keys().next_back().copied().unwrap_or(-1);
            elements.remove(
                &(if number < 0 {
                    last + 1 + number
                } else {
                    number
                }),
            );
        }
        _ if number == 0 => variable.value = Value::Unset,
        _ => {}
    }
    Ok(0)
}

/// `let`
pub async fn calculate(shell: &mut Shell, arguments: &[String]) -> Outcome {
    if arguments.is_empty() {
        return fail(shell, "let: expression expected", 1).await;
    }
    let mut last = 0;
    for expression in arguments {
        last = match arithmetic::evaluate(shell, expression) {
            Ok(value) => value,
            Err(words) => return fail(shell, &format!("let: {words}"), 1).await,
        };
    }
    Ok(i32::from(last == 0))
}
