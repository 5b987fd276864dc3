//! Conditions: `[[ … ]]`, and the tests of files, strings and numbers that it shares with `test`.

use std::fs::Metadata;

use crate::expand::{self, Boxed, arithmetic};
use crate::pattern::{Case, Pattern};
use crate::shell::{Shell, Unwind};
use crate::syntax::tree::{Test, Word};
use crate::text;

/// Why a condition has no value.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was told; this is the status.
    Told(i32),
    /// An expansion unwinds.
    Unwinds(Unwind),
}

impl From<Unwind> for Failure {
    fn from(unwind: Unwind) -> Self {
        Self::Unwinds(unwind)
    }
}

/// Evaluates `[[ … ]]`.
pub fn evaluate<'a>(shell: &'a mut Shell, test: &'a Test) -> Boxed<'a, Result<bool, Failure>> {
    Box::pin(async move {
        match test {
            Test::And(left, right) => {
                Ok(evaluate(shell, left).await? && evaluate(shell, right).await?)
            }
            Test::Or(left, right) => {
                Ok(evaluate(shell, left).await? || evaluate(shell, right).await?)
            }
            Test::Not(inner) => Ok(!evaluate(shell, inner).await?),
            Test::Unary(operator, word) => {
                let operand = expand::text(shell, word).await?;
                Ok(unary(shell, operator, &operand).unwrap_or(false))
            }
            Test::Binary(operator, left, right) => binary(shell, operator, left, right).await,
        }
    })
}

async fn binary(
    shell: &mut Shell,
    operator: &str,
    left: &Word,
    right: &Word,
) -> Result<bool, Failure> {
    let text = expand::text(shell, left).await?;
    let case = if shell.has("nocasematch") {
        Case::Ignored
    } else {
        Case::Matters
    };
    match operator {
        "==" | "!=" => {
            let pattern = expand::pattern(shell, right).await?;
            Ok(Pattern::new(&pattern, case).matches(&text) == (operator == "=="))
        }
        "=~" => matches(shell, &text, right).await,
        "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
            let other = expand::text(shell, right).await?;
            let mut numbers = [0; 2];
            for (place, expression) in numbers.iter_mut().zip([text, other]) {
                *place = match arithmetic::evaluate(shell, &expression) {
                    Ok(value) => value,
                    Err(words) => {
                        shell.complain(&format!("[[: {words}")).await;
                        return Err(Failure::Told(1));
                    }
                };
            }
            Ok(compare(operator, numbers[0], numbers[1]))
        }
        _ => {
            let other = expand::text(shell, right).await?;
            Ok(strings(shell, operator, &text, &other).unwrap_or(false))
        }
    }
}

async fn matches(shell: &mut Shell, text: &str, right: &Word) -> Result<bool, Failure> {
    let source = expand::regular_expression(shell, right).await?;
    let ignores = shell.has("nocasematch");
    let Ok(expression) = regex_lite::RegexBuilder::new(&source)
        .case_insensitive(ignores)
        .build()
    else {
        shell
            .complain(&format!("[[: invalid regular expression `{source}'"))
            .await;
        return Err(Failure::Told(2));
    };
    let captures = expression.captures(text);
    let groups = captures.as_ref().map(|captures| {
        captures
            .iter()
            .map(|group| group.map_or_else(String::new, |group| group.as_str().to_owned()))
            .collect()
    });
    let found = groups.is_some();
    // The variable is the shell's own: nobody has made it read-only with sense.
    let _ = shell
        .variables
        .set_array("BASH_REMATCH", groups.unwrap_or_default());
    Ok(found)
}

/// Compares numbers.
pub fn compare(operator: &str, left: i64, right: i64) -> bool {
    match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        _ => left >= right,
    }
}

/// Compares strings, or the files that they name; none if the operator is another one.
pub fn strings(shell: &Shell, operator: &str, left: &str, right: &str) -> Option<bool> {
    let time = |name: &str| data(shell, name).and_then(|data| data.modified().ok());
    Some(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" => time(left).is_some_and(|own| time(right).is_none_or(|other| own > other)),
        "-ot" => time(right).is_some_and(|other| time(left).is_none_or(|own| own < other)),
        "-ef" => {
            let real = |name: &str| std::fs::canonicalize(text::path(&shell.path(name))).ok();
            real(left).is_some() && real(left) == real(right)
        }
        _ => return None,
    })
}

fn data(shell: &Shell, name: &str) -> Option<Metadata> {
    if name.is_empty() {
        return None;
    }
    std::fs::metadata(text::path(&shell.path(name))).ok()
}

/// A test of one operand; none if there is no such operator.
pub fn unary(shell: &mut Shell, operator: &str, operand: &str) -> Option<bool> {
    let is_device = operand == "/dev/null" || super::redirect::device(operand).is_some();
    Some(match operator {
        "-z" => operand.is_empty(),
        "-n" => !operand.is_empty(),
        "-e" | "-a" | "-r" | "-w" if is_device => true,
        "-c" if is_device => true,
        "-e" | "-a" => data(shell, operand).is_some(),
        "-f" => data(shell, operand).is_some_and(|data| data.is_file()),
        "-d" => data(shell, operand).is_some_and(|data| data.is_dir()),
        "-s" => data(shell, operand).is_some_and(|data| data.len() > 0),
        "-h" | "-L" => std::fs::symlink_metadata(text::path(&shell.path(operand)))
            .is_ok_and(|data| data.is_symlink()),
        "-r" | "-O" | "-G" => data(shell, operand).is_some(),
        "-w" => data(shell, operand).is_some_and(|data| !data.permissions().readonly()),
        "-x" => data(shell, operand)
            .is_some_and(|data| data.is_dir() || super::lookup::is_executable(&data)),
        "-b" | "-c" | "-g" | "-k" | "-p" | "-u" | "-S" | "-N" | "-t" => false,
        "-o" => shell.has(operand),
        "-v" => is_set(shell, operand),
        "-R" => shell
            .variables
            .get(operand)
            .is_some_and(|variable| variable.flags.reference),
        _ => return None,
    })
}

fn is_set(shell: &mut Shell, name: &str) -> bool {
    if let Ok(number) = name.parse::<usize>() {
        return number <= shell.arguments.len();
    }
    let Some((name, index)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
        return expand::parameter::variable(shell, name)
            .is_some_and(|variable| variable.scalar().is_some());
    };
    let keyed = shell
        .variables
        .get(name)
        .is_some_and(crate::variables::Variable::is_keyed);
    if index == "@" || index == "*" {
        return shell
            .variables
            .get(name)
            .is_some_and(|variable| !variable.elements().is_empty());
    }
    let key = if keyed {
        arithmetic::Key::Text(index.trim_matches(['\'', '"']).to_owned())
    } else {
        let Ok(number) = arithmetic::evaluate(shell, index) else {
            return false;
        };
        arithmetic::Key::Number(number)
    };
    arithmetic::element(shell, name, &key).is_some()
}

/// A condition as `set -x` shows it.
pub fn show<'a>(shell: &'a mut Shell, test: &'a Test) -> Boxed<'a, String> {
    Box::pin(async move {
        match test {
            Test::And(left, _) | Test::Or(left, _) => show(shell, left).await,
            Test::Not(inner) => format!("! {}", show(shell, inner).await),
            Test::Unary(operator, word) => {
                let text = expand::text(shell, word).await.unwrap_or_default();
                format!("{operator} {}", expand::quote::if_needed(&text))
            }
            Test::Binary(operator, left, right) => {
                let text = expand::text(shell, left).await.unwrap_or_default();
                let other = expand::pattern(shell, right).await.unwrap_or_default();
                format!("{} {operator} {other}", expand::quote::if_needed(&text))
            }
        }
    })
}
