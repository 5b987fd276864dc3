//! The values of parameters: variables, arguments, and what the shell itself knows.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Result;
use super::arithmetic::{self, Key};
use crate::shell::{Shell, Unwind};
use crate::syntax::tree::{Index, Parameter, Subject};
use crate::system;
use crate::variables::{Flags, Value, Variable};

/// What a parameter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// It is unset.
    Unset,
    /// A text.
    One(String),
    /// Several, each for itself when quoted: `$@`.
    Each(Vec<String>),
    /// Several, joined when quoted: `$*`.
    Joined(Vec<String>),
}

/// A variable, those that the shell computes included.
pub fn variable<'a>(shell: &'a mut Shell, name: &str) -> Option<Cow<'a, Variable>> {
    if let Some(value) = computed(shell, name) {
        return Some(Cow::Owned(Variable {
            value,
            flags: Flags::default(),
        }));
    }
    let name = shell.variables.resolve(name);
    shell.variables.get(&name).map(Cow::Borrowed)
}

fn array(elements: impl IntoIterator<Item = String>) -> Value {
    Value::Indexed((0..).zip(elements).collect())
}

fn computed(shell: &mut Shell, name: &str) -> Option<Value> {
    if !name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
        return None;
    }
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    };
    let text = match name {
        "RANDOM" => shell.draw().to_string(),
        "SRANDOM" => (shell.draw() << 15 | shell.draw()).to_string(),
        "SECONDS" => {
            let offset = shell
                .variables
                .text("SECONDS")
                .and_then(|text| text.parse::<i64>().ok());
            let seconds = i64::try_from(shell.started.elapsed().as_secs()).unwrap_or(i64::MAX);
            (offset.unwrap_or(0).saturating_add(seconds)).to_string()
        }
        "LINENO" => shell.line.to_string(),
        "BASHPID" => (system::id() + shell.depth).to_string(),
        "PPID" => "1".to_owned(),
        "BASH_SUBSHELL" => shell.depth.to_string(),
        "EPOCHSECONDS" => now().as_secs().to_string(),
        "EPOCHREALTIME" => format!("{}.{:06}", now().as_secs(), now().subsec_micros()),
        "_" => shell.last_argument.clone(),
        "PIPESTATUS" => return Some(array(shell.statuses.iter().map(i32::to_string))),
        "FUNCNAME" => {
            if shell.calls.is_empty() {
                return None;
            }
            let names = shell.calls.iter().rev().map(|call| call.name.to_string());
            let main = (shell.origin.is_empty()).then(|| "main".to_owned());
            return Some(array(names.chain(main)));
        }
        "BASH_SOURCE" => {
            let own = (shell.origin.is_empty()).then(|| shell.name.to_string());
            return Some(array(
                shell
                    .calls
                    .iter()
                    .rev()
                    .map(|call| call.source.to_string())
                    .chain(own),
            ));
        }
        "BASH_LINENO" => {
            let lines = shell.calls.iter().rev().map(|call| call.line.to_string());
            return Some(array(lines.chain(["0".to_owned()])));
        }
        "DIRSTACK" => {
            let all = std::iter::once(&shell.directory).chain(shell.directories.iter().rev());
            return Some(array(all.map(|directory| directory.to_string())));
        }
        "SHELLOPTS" => {
            let on = crate::options::SET
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| shell.has(name));
            on.collect::<Vec<_>>().join(":")
        }
        _ => return None,
    };
    Some(Value::Scalar(text))
}

/// What a parameter is called in messages.
pub fn label(parameter: &Parameter) -> String {
    let name = match &parameter.subject {
        Subject::Variable(name) => name.clone(),
        Subject::Positional(number) => number.to_string(),
        Subject::Special(sign) => sign.to_string(),
    };
    match &parameter.index {
        None => name,
        Some(Index::Each) => format!("{name}[@]"),
        Some(Index::Joined) => format!("{name}[*]"),
        Some(Index::At(word)) => format!("{name}[{}]", word.source),
    }
}

/// The key that a subscript means for this variable.
///
/// # Errors
/// After an error that has been told.
pub async fn key(shell: &mut Shell, name: &str, word: &crate::syntax::tree::Word) -> Result<Key> {
    let name = shell.variables.resolve(name);
    if shell.variables.get(&name).is_some_and(Variable::is_keyed) {
        return Ok(Key::Text(super::text(shell, word).await?));
    }
    Ok(Key::Number(super::arithmetic(shell, word, "").await?))
}

/// The values of a parameter, without its operation.
///
/// # Errors
/// After an error that has been told.
pub async fn values(shell: &mut Shell, subject: &Subject, index: Option<&Index>) -> Result<Values> {
    let name = match subject {
        Subject::Variable(name) => name,
        Subject::Positional(0) => return Ok(Values::One(shell.name.to_string())),
        Subject::Positional(number) => {
            let value = shell.arguments.get(number - 1).cloned();
            return Ok(value.map_or(Values::Unset, Values::One));
        }
        Subject::Special(sign) => return Ok(special(shell, *sign)),
    };
    match index {
        None => {
            let text = variable(shell, name).and_then(|variable| variable.scalar().cloned());
            Ok(text.map_or(Values::Unset, Values::One))
        }
        Some(Index::At(word)) => {
            let key = key(shell, name, word).await?;
            Ok(arithmetic::element(shell, name, &key).map_or(Values::Unset, Values::One))
        }
        Some(each) => {
            let elements = variable(shell, name)
                .map(|variable| variable.elements())
                .unwrap_or_default();
            let values = elements.into_iter().map(|(_, value)| value).collect();
            Ok(if matches!(each, Index::Each) {
                Values::Each(values)
            } else {
                Values::Joined(values)
            })
        }
    }
}

fn special(shell: &Shell, sign: char) -> Values {
    Values::One(match sign {
        '@' => return Values::Each(shell.arguments.to_vec()),
        '*' => return Values::Joined(shell.arguments.to_vec()),
        '#' => shell.arguments.len().to_string(),
        '?' => shell.status.to_string(),
        '-' => shell.options.letters(shell.origin),
        '$' => system::id().to_string(),
        '!' => match shell.last_job {
            Some(id) => id.to_string(),
            None => return Values::Unset,
        },
        _ => return Values::Unset,
    })
}

/// Sets the variable that a parameter names.
///
/// # Errors
/// After an error that has been told.
pub async fn assign(shell: &mut Shell, parameter: &Parameter, text: String) -> Result<()> {
    let Subject::Variable(name) = &parameter.subject else {
        shell
            .complain(&format!("${}: cannot assign in this way", label(parameter)))
            .await;
        shell.status = 1;
        return Err(Unwind::Discard);
    };
    let set = match &parameter.index {
        Some(Index::At(word)) => {
            let key = key(shell, name, word).await?;
            arithmetic::set_element(shell, name, &key, text)
        }
        _ => shell
            .variables
            .set(name, text)
            .map_err(|error| error.words()),
    };
    if let Err(words) = set {
        shell.complain(&words).await;
        shell.status = 1;
        return Err(Unwind::Discard);
    }
    Ok(())
}
