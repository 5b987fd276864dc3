//! `test` and `[`.

use super::Outcome;
use crate::interpret::test as conditions;
use crate::shell::Shell;

/// Why an expression has no value.
type Parsed = Result<bool, String>;

/// Evaluates its arguments.
pub async fn run(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    let mut words = arguments;
    if name == "[" {
        match arguments.split_last() {
            Some((last, rest)) if last == "]" => words = rest,
            _ => return super::fail(shell, "[: missing `]'", 2).await,
        }
    }
    match evaluate(shell, words) {
        Ok(holds) => Ok(i32::from(!holds)),
        Err(error) => super::fail(shell, &format!("{name}: {error}"), 2).await,
    }
}

/// POSIX decides by the number of arguments, up to four.
fn evaluate(shell: &mut Shell, words: &[String]) -> Parsed {
    match words {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [not, one] if not == "!" => Ok(one.is_empty()),
        [operator, operand] => unary(shell, operator, operand),
        [left, operator, right] if is_binary(operator) => binary(shell, left, operator, right),
        [left, operator, right] if operator == "-a" => Ok(!left.is_empty() && !right.is_empty()),
        [left, operator, right] if operator == "-o" => Ok(!left.is_empty() || !right.is_empty()),
        [not, rest @ ..] if not == "!" && words.len() <= 4 => Ok(!evaluate(shell, rest)?),
        [open, inner @ .., close] if open == "(" && close == ")" && words.len() <= 4 => {
            evaluate(shell, inner)
        }
        [_, operator, _] => Err(format!("{operator}: binary operator expected")),
        _ => {
            let mut parser = Parser {
                shell,
                words,
                at: 0,
                depth: 0,
            };
            let value = parser.or()?;
            if parser.at < words.len() {
                return Err("too many arguments".to_owned());
            }
            Ok(value)
        }
    }
}

fn is_binary(operator: &str) -> bool {
    matches!(
        operator,
        "=" | "=="
            | "!="
            | "<"
            | ">"
            | "-eq"
            | "-ne"
            | "-lt"
            | "-le"
            | "-gt"
            | "-ge"
            | "-nt"
            | "-ot"
            | "-ef"
    )
}

fn unary(shell: &mut Shell, operator: &str, operand: &str) -> Parsed {
    if operator == "-t" {
        return Ok(false);
    }
    conditions::unary(shell, operator, operand)
        .ok_or_else(|| format!("{operator}: unary operator expected"))
}

fn number(text: &str) -> Result<i64, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text}: integer expression expected"))
}

fn binary(shell: &Shell, left: &str, operator: &str, right: &str) -> Parsed {
    if let Some(holds) = conditions::strings(shell, operator, left, right) {
        return Ok(holds);
    }
    Ok(conditions::compare(operator, number(left)?, number(right)?))
}

struct Parser<'a> {
    shell: &'a mut Shell,
    words: &'a [String],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn or(&mut self) -> Parsed {
        let mut value = self.and()?;
        while self.peek() == Some("-o") {
            self.at += 1;
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Parsed {
        let mut value = self.not()?;
        while self.peek() == Some("-a") {
            self.at += 1;
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Parsed {
        let mut negated = false;
        while self.peek() == Some("!") && self.words.len() > self.at + 1 {
            self.at += 1;
            negated = !negated;
        }
        Ok(self.primary()? != negated)
    }

    fn primary(&mut self) -> Parsed {
        let Some(first) = self.words.get(self.at).cloned() else {
            return Err("argument expected".to_owned());
        };
        if let (Some(operator), Some(right)) =
            (self.words.get(self.at + 1), self.words.get(self.at + 2))
        {
            if is_binary(operator) {
                self.at += 3;
                return binary(self.shell, &first, operator, right);
            }
        }
        if first == "(" {
            self.depth += 1;
            if self.depth > 100 {
                return Err("brackets are nested too deep".to_owned());
            }
            self.at += 1;
            let value = self.or()?;
            self.depth -= 1;
            if self.peek() != Some(")") {
                return Err("`)' expected".to_owned());
            }
            self.at += 1;
            return Ok(value);
        }
        let is_unary = first.len() == 2 && first.starts_with('-');
        if let (true, Some(operand)) = (is_unary, self.words.get(self.at + 1)) {
            self.at += 2;
            return unary(self.shell, &first, operand);
        }
        self.at += 1;
        Ok(!first.is_empty())
    }
}
