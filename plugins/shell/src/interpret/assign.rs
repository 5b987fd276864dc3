//! Assignments: scalars, elements, whole arrays, and what `+=` and the integer attribute make of them.

use crate::expand::arithmetic::{self, Key};
use crate::expand::{self, parameter};
use crate::shell::{Flow, Shell, Unwind};
use crate::syntax::tree::{Assigned, Assignment, Word};
use crate::variables::{Keyed, ReadOnly, Value, Variable};

/// Which variable of a name is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The visible one, or a new global one.
    Visible,
    /// The innermost function's own.
    Local,
    /// The global one.
    Global,
    /// One that lives as long as the command after it.
    Command,
}

/// The variable of this name in this place, made if need be.
///
/// # Errors
/// When it is read-only.
pub fn variable<'a>(
    shell: &'a mut Shell,
    name: &str,
    place: Place,
) -> Result<&'a mut Variable, ReadOnly> {
    match place {
        Place::Visible => shell.variables.change(name),
        Place::Local => shell.variables.local(name),
        Place::Global => shell.variables.global(name),
        Place::Command => shell.variables.innermost(name),
    }
}

/// Carries out an assignment. The value is given for `set -x`.
///
/// # Errors
/// After an error that has been told.
pub async fn run(
    shell: &mut Shell,
    assignment: &Assignment,
    place: Place,
) -> Result<String, Unwind> {
    let name = &assignment.name;
    match (&assignment.value, &assignment.index) {
        (Assigned::Scalar(word), None) => {
            let text = expand::text(shell, word).await?;
            scalar(shell, name, text.clone(), assignment.append, place).await?;
            Ok(text)
        }
        (Assigned::Scalar(word), Some(index)) => {
            let key = parameter::key(shell, name, index).await?;
            let mut text = expand::text(shell, word).await?;
            let flags = shell
                .variables
                .get(name)
                .map(|variable| variable.flags)
                .unwrap_or_default();
            let before = assignment
                .append
                .then(|| arithmetic::element(shell, name, &key))
                .flatten();
            let traced = text.clone();
            if flags.integer {
                text = integer(shell, before, text).await?;
            } else if let Some(before) = before {
                text = before + &text;
            }
            if place != Place::Visible {
                fetch(shell, name, place).await?.indexed();
            }
            if let Err(words) = arithmetic::set_element(shell, name, &key, text) {
                return fail(shell, &words).await;
            }
            Ok(traced)
        }
        (Assigned::Array(elements), _) => {
            array(shell, assignment, elements, place).await?;
            Ok("(…)".to_owned())
        }
    }
}

async fn fail<T>(shell: &mut Shell, words: &str) -> Result<T, Unwind> {
    shell.complain(words).await;
    shell.status = 1;
    Err(Unwind::Discard)
}

async fn fetch<'a>(
    shell: &'a mut Shell,
    name: &str,
    place: Place,
) -> Result<&'a mut Variable, Unwind> {
    if let Err(error) = variable(shell, name, place) {
        return fail(shell, &error.words()).await;
    }
    // It was just found to be there and writable.
    variable(shell, name, place).map_err(|_| Unwind::Discard)
}

async fn integer(
    shell: &mut Shell,
    before: Option<String>,
    text: String,
) -> Result<String, Unwind> {
    let sum = match before {
        Some(before) => format!("{before}+({text})"),
        None => text,
    };
    match arithmetic::evaluate(shell, &sum) {
        Ok(value) => Ok(value.to_string()),
        Err(words) => fail(shell, &words).await,
    }
}

/// Assigns a text to a variable, or adds it.
///
/// # Errors
/// After an error that has been told.
pub async fn scalar(
    shell: &mut Shell,
    name: &str,
    text: String,
    append: bool,
    place: Place,
) -> Flow {
    let known = shell.variables.get(&shell.variables.resolve(name));
    let before = known
        .filter(|_| append)
        .and_then(|variable| variable.scalar().cloned());
    let integer_flag = known.is_some_and(|variable| variable.flags.integer);
    let text = if integer_flag {
        integer(shell, before, text).await?
    } else {
        before.unwrap_or_default() + &text
    };
    let exports = shell.has("allexport");
    let variable = fetch(shell, name, place).await?;
    let text = Variable::shape(variable.flags, text);
    variable.set_scalar(text);
    variable.flags.exported |= exports || place == Place::Command;
    special(shell, name);
    Ok(())
}

/// What setting some variables changes in the shell.
fn special(shell: &mut Shell, name: &str) {
    match name {
        "SECONDS" => shell.started = std::time::Instant::now(),
        "RANDOM" => {
            let seed = shell
                .variables
                .text("RANDOM")
                .and_then(|text| text.parse().ok());
            shell.random = seed.unwrap_or(0);
        }
        "OPTIND" => shell.option_place = crate::shell::OptionPlace::default(),
        _ => {}
    }
}

async fn array(
    shell: &mut Shell,
    assignment: &Assignment,
    elements: &[(Option<Word>, Vec<Word>)],
    place: Place,
) -> Flow {
    let name = &assignment.name;
    // The values may use the old ones.
    let mut pairs: Vec<(Option<Key>, String)> = Vec::new();
    let resolved = shell.variables.resolve(name);
    let is_keyed = shell
        .variables
        .get(&resolved)
        .is_some_and(Variable::is_keyed);
    let integers = shell
        .variables
        .get(&resolved)
        .is_some_and(|variable| variable.flags.integer);
    for (key, words) in elements {
        match key {
            Some(key) => {
                let key = if is_keyed {
                    Key::Text(expand::text(shell, key).await?)
                } else {
                    Key::Number(expand::arithmetic(shell, key, "").await?)
                };
                let mut text = String::new();
                for word in words {
                    text.push_str(&expand::text(shell, word).await?);
                }
                pairs.push((Some(key), text));
            }
            None => {
                for word in words {
                    let values = expand::words(shell, word).await?;
                    pairs.extend(values.into_iter().map(|value| (None, value)));
                }
            }
        }
    }
    if integers {
        for (_, text) in &mut pairs {
            *text = integer(shell, None, std::mem::take(text)).await?;
        }
    }
    let exports = shell.has("allexport");
    let variable = fetch(shell, name, place).await?;
    variable.flags.exported |= exports;
    let flags = variable.flags;
    let shape = |text: String| Variable::shape(flags, text);
    if let Value::Keyed(known) = &mut variable.value {
        if !assignment.append {
            *known = Keyed::default();
        }
        let mut waiting: Option<String> = None;
        for (key, text) in pairs {
            match (key, waiting.take()) {
                (Some(Key::Text(key)), _) => known.insert(&key, shape(text)),
                (Some(Key::Number(key)), _) => known.insert(&key.to_string(), shape(text)),
                // Without subscripts keys and values take turns.
                (None, Some(key)) => known.insert(&key, shape(text)),
                (None, None) => waiting = Some(text),
            }
        }
        if let Some(key) = waiting {
            known.insert(&key, String::new());
        }
        return Ok(());
    }
    if !assignment.append {
        variable.value = Value::Indexed(std::collections::BTreeMap::new());
    }
    let Some(known) = variable.indexed() else {
        return Ok(());
    };
    let mut next = known.keys().next_back().map_or(0, |last| last + 1);
    for (key, text) in pairs {
        if let Some(Key::Number(number)) = key {
            next = if number < 0 { next + number } else { number };
        }
        known.insert(next.max(0), shape(text));
        next = next.max(0) + 1;
    }
    Ok(())
}
