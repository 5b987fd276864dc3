//! Arithmetic: 64-bit integers, C's operators, and assignment to variables. The shell's own evaluator: brush-parser's
//! grammar has neither `|=`, `^=` nor bases above 36, and gives no words for errors.

use crate::shell::Shell;
use crate::variables::{Value, Variable};

/// Why an expression has no value, in bash's words.
type Result<T> = std::result::Result<T, String>;

/// Variables may name variables so deep, and brackets be nested so deep.
const DEEPEST: u32 = 200;

/// The value of an expression.
///
/// # Errors
/// bash's words, the expression included.
pub fn evaluate(shell: &mut Shell, expression: &str) -> Result<i64> {
    evaluate_at(shell, expression, 0)
}

fn evaluate_at(shell: &mut Shell, expression: &str, depth: u32) -> Result<i64> {
    if depth > DEEPEST {
        return Err(format!(
            "{expression}: expression recursion level exceeded (error token is \"{expression}\")"
        ));
    }
    let mut evaluation = Evaluation {
        shell,
        text: expression.as_bytes(),
        source: expression,
        at: 0,
        start: 0,
        skips: 0,
        depth,
    };
    evaluation.blanks();
    if evaluation.peek().is_none() {
        return Ok(0);
    }
    let value = evaluation.comma()?;
    if evaluation.peek().is_some() {
        return Err(evaluation.error("syntax error in expression"));
    }
    Ok(value)
}

struct Evaluation<'a> {
    shell: &'a mut Shell,
    text: &'a [u8],
    source: &'a str,
    at: usize,
    /// Where the last token started, for messages.
    start: usize,
    /// Above 0 in an operand that `&&`, `||` or `?:` leaves out.
    skips: u32,
    depth: u32,
}

struct Target {
    name: String,
    index: Option<String>,
}

const BINARY: &[(&str, u8)] = &[
    ("||", 1),
    ("&&", 2),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("==", 6),
    ("!=", 6),
    ("<=", 7),
    (">=", 7),
    ("<<", 8),
    (">>", 8),
    ("<", 7),
    (">", 7),
    ("+", 9),
    ("-", 9),
    ("**", 11),
    ("*", 10),
    ("/", 10),
    ("%", 10),
];

const ASSIGNING: &[&str] = &[
    "=", "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|=",
];

impl Evaluation<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.start = self.at;
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(sign.as_bytes()));
        if found {
            self.start = self.at;
            self.at += sign.len();
            self.skip_blanks();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn error(&self, words: &str) -> String {
        let place = if self.at < self.text.len() {
            self.at
        } else {
            self.start
        };
        let token = self.source.get(place..).unwrap_or_default();
        format!("{}: {words} (error token is \"{token}\")", self.source)
    }

    fn comma(&mut self) -> Result<i64> {
        let mut value = self.assignment()?;
        while self.take(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Result<i64> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!(
                "{}: expression recursion level exceeded (error token is \"\")",
                self.source
            ));
        }
        let value = self.assignment_within();
        self.depth -= 1;
        value
    }

    fn assignment_within(&mut self) -> Result<i64> {
        let before = (self.at, self.start);
        if let Some(target) = self.target()? {
            if let Some(sign) = self.assigning() {
                let right = self.assignment()?;
                let value = match sign.strip_suffix('=') {
                    Some("") | None => right,
                    Some(operator) => {
                        let left = self.value_of(&target)?;
                        self.apply(operator, left, right)?
                    }
                };
                self.store(&target, value)?;
                return Ok(value);
            }
        }
        (self.at, self.start) = before;
        self.conditional()
    }

    fn assigning(&mut self) -> Option<&'static str> {
        let rest = self.text.get(self.at..)?;
        let sign = ASSIGNING
            .iter()
            .find(|sign| rest.starts_with(sign.as_bytes()))?;
        if *sign == "=" && rest.starts_with(b"==") {
            return None;
        }
        self.take(sign);
        Some(sign)
    }

    fn conditional(&mut self) -> Result<i64> {
        let condition = self.binary(1)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let is_true = condition != 0;
        let yes = self.skipping(!is_true, Self::comma)?;
        if !self.take(":") {
            return Err(self.error("`:' expected for conditional expression"));
        }
        let no = self.skipping(is_true, Self::assignment)?;
        Ok(if is_true { yes } else { no })
    }

    fn skipping(&mut self, skip: bool, run: fn(&mut Self) -> Result<i64>) -> Result<i64> {
        self.skips += u32::from(skip);
        let value = run(self);
        self.skips -= u32::from(skip);
        value
    }

    fn operator(&self, least: u8) -> Option<(&'static str, u8)> {
        let rest = self.text.get(self.at..)?;
        let longest = BINARY
            .iter()
            .filter(|(sign, _)| rest.starts_with(sign.as_bytes()));
        let (sign, level) = *longest.max_by_key(|(sign, _)| sign.len())?;
        let assigns = ASSIGNING.iter().any(|other| {
            other.len() > sign.len() && rest.starts_with(other.as_bytes()) && *other != "=="
        });
        (level >= least && !assigns).then_some((sign, level))
    }

    fn binary(&mut self, least: u8) -> Result<i64> {
        let mut left = self.unary()?;
        while let Some((sign, level)) = self.operator(least) {
            self.take(sign);
            if sign == "&&" || sign == "||" {
                let decided = (left != 0) == (sign == "||");
                self.skips += u32::from(decided);
                let right = self.binary(level + 1);
                self.skips -= u32::from(decided);
                let right = right? != 0;
                left = i64::from(if sign == "&&" {
                    left != 0 && right
                } else {
                    left != 0 || right
                });
                continue;
            }
            let right = self.binary(if sign == "**" { level } else { level + 1 })?;
            left = self.apply(sign, left, right)?;
        }
        Ok(left)
    }

    fn apply(&mut self, operator: &str, left: i64, right: i64) -> Result<i64> {
        Ok(match operator {
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => {
                if self.skips == 0 {
                    let token = self.source.get(self.start..).unwrap_or_default();
                    return Err(format!(
                        "{}: division by 0 (error token is \"{token}\")",
                        self.source
                    ));
                }
                0
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "**" if right < 0 => {
                let token = self.source.get(self.start..).unwrap_or_default();
                return Err(format!(
                    "{}: exponent less than 0 (error token is \"{token}\")",
                    self.source
                ));
            }
            "**" => power(left, right),
            "<<" => left.wrapping_shl((right & 63) as u32),
            ">>" => left.wrapping_shr((right & 63) as u32),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "&" => left & right,
            "^" => left ^ right,
            _ => left | right,
        })
    }

    fn unary(&mut self) -> Result<i64> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!(
                "{}: expression recursion level exceeded (error token is \"\")",
                self.source
            ));
        }
        let value = self.unary_within();
        self.depth -= 1;
        value
    }

    fn unary_within(&mut self) -> Result<i64> {
        for (sign, step) in [("++", 1), ("--", -1)] {
            let before = (self.at, self.start);
            if self.take(sign) {
                if let Some(target) = self.target()? {
                    let value = self.value_of(&target)?.wrapping_add(step);
                    self.store(&target, value)?;
                    return Ok(value);
                }
                (self.at, self.start) = before;
            }
        }
        if self.take("!") {
            return Ok(i64::from(self.unary()? == 0));
        }
        if self.take("~") {
            return Ok(!self.unary()?);
        }
        if self.take("-") {
            return Ok(self.unary()?.wrapping_neg());
        }
        if self.take("+") {
            return self.unary();
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<i64> {
        if self.take("(") {
            let value = self.comma()?;
            if !self.take(")") {
                return Err(self.error("missing `)'"));
            }
            return Ok(value);
        }
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.number();
        }
        let Some(target) = self.target()? else {
            return Err(self.error("syntax error: operand expected"));
        };
        let value = self.value_of(&target)?;
        for (sign, step) in [("++", 1), ("--", -1)] {
            if self.take(sign) {
                self.store(&target, value.wrapping_add(step))?;
                break;
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<i64> {
        self.start = self.at;
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'@' | b'_');
        while self.peek().is_some_and(is_part) {
            self.at += 1;
        }
        let token = self.source.get(self.start..self.at).unwrap_or_default();
        let value = number(token).ok_or_else(|| {
            format!(
                "{}: value too great for base (error token is \"{token}\")",
                self.source
            )
        });
        self.skip_blanks();
        value
    }

    fn target(&mut self) -> Result<Option<Target>> {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let length = crate::syntax::parameter::name_length(rest);
        if length == 0 {
            return Ok(None);
        }
        self.start = self.at;
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        let mut index = None;
        if self.peek() == Some(b'[') {
            let start = self.at + 1;
            let mut depth = 0_u32;
            while let Some(byte) = self.peek() {
                self.at += 1;
                match byte {
                    b'[' => depth += 1,
                    b']' if depth == 1 => {
                        index = self.source.get(start..self.at - 1).map(str::to_owned);
                        break;
                    }
                    b']' => depth -= 1,
                    _ => {}
                }
            }
            if index.is_none() {
                return Err(self.error("bad array subscript"));
            }
        }
        self.skip_blanks();
        Ok(Some(Target { name, index }))
    }

    fn value_of(&mut self, target: &Target) -> Result<i64> {
        if self.skips > 0 {
            return Ok(0);
        }
        let text = match &target.index {
            None => super::parameter::variable(self.shell, &target.name)
                .and_then(|v| v.scalar().cloned()),
            Some(index) => {
                let name = self.shell.variables.resolve(&target.name);
                let keyed = self
                    .shell
                    .variables
                    .get(&name)
                    .is_some_and(Variable::is_keyed);
                let key = if keyed {
                    Key::Text(index.clone())
                } else {
                    Key::Number(evaluate_at(self.shell, index, self.depth + 1)?)
                };
                element(self.shell, &name, &key)
            }
        };
        let Some(text) = text else {
            if target.index.is_none() && self.shell.has("nounset") {
                return Err(format!("{}: unbound variable", target.name));
            }
            return Ok(0);
        };
        let plain = text.trim();
        match number(plain) {
            Some(value) => Ok(value),
            None => evaluate_at(self.shell, plain, self.depth + 1),
        }
    }

    fn store(&mut self, target: &Target, value: i64) -> Result<()> {
        if self.skips > 0 {
            return Ok(());
        }
        let stored = match &target.index {
            None => self.shell.variables.set(&target.name, value.to_string()),
            Some(index) => {
                let keyed = self
                    .shell
                    .variables
                    .get(&target.name)
                    .is_some_and(Variable::is_keyed);
                let key = if keyed {
                    Key::Text(index.clone())
                } else {
                    Key::Number(evaluate_at(self.shell, index, self.depth + 1)?)
                };
                return set_element(self.shell, &target.name, &key, value.to_string());
            }
        };
        stored.map_err(|error| error.words())
    }
}

fn power(base: i64, exponent: i64) -> i64 {
    let (mut base, mut exponent, mut result) = (base, exponent, 1_i64);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

/// A literal: decimal, `0x` hexadecimal, `0` octal, or `base#digits`.
pub fn number(token: &str) -> Option<i64> {
    let digits_of = |digits: &str, base: i64| -> Option<i64> {
        let mut value = 0_i64;
        if digits.is_empty() {
            return None;
        }
        for byte in digits.bytes() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'z' => byte - b'a' + 10,
                b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
                b'A'..=b'Z' => byte - b'A' + 36,
                b'@' => 62,
                b'_' => 63,
                _ => return None,
            };
            if i64::from(digit) >= base {
                return None;
            }
            value = value.wrapping_mul(base).wrapping_add(i64::from(digit));
        }
        Some(value)
    };
    if let Some((base, digits)) = token.split_once('#') {
        let base = base.parse().ok().filter(|base| (2..=64).contains(base))?;
        return digits_of(digits, base);
    }
    if let Some(digits) = token
        .strip_prefix("0x")
        .or_else(|| token.strip_prefix("0X"))
    {
        return digits_of(digits, 16);
    }
    if token.len() > 1 && token.starts_with('0') {
        return digits_of(token, 8);
    }
    digits_of(token, 10)
}

/// The key of an array's element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Of an array by numbers; below 0 it counts from the end.
    Number(i64),
    /// Of an array by texts.
    Text(String),
}

/// An element of an array; of a scalar the element 0 is itself.
pub fn element(shell: &mut Shell, name: &str, key: &Key) -> Option<String> {
    let variable = super::parameter::variable(shell, name)?;
    match (&variable.value, key) {
        (Value::Keyed(elements), Key::Text(key)) => elements.get(key).cloned(),
        (Value::Keyed(elements), Key::Number(key)) => elements.get(&key.to_string()).cloned(),
        (Value::Indexed(elements), Key::Number(key)) => {
            let key = if *key < 0 {
                elements.keys().next_back()? + 1 + key
            } else {
                *key
            };
            elements.get(&key).cloned()
        }
        (Value::Scalar(text), Key::Number(0 | -1)) => Some(text.clone()),
        _ => None,
    }
}

/// Sets an element of an array, which is made if need be.
///
/// # Errors
/// bash's words: read-only, or a place before the first element.
pub fn set_element(
    shell: &mut Shell,
    name: &str,
    key: &Key,
    text: String,
) -> std::result::Result<(), String> {
    let variable = shell
        .variables
        .change(name)
        .map_err(|error| error.words())?;
    let text = Variable::shape(variable.flags, text);
    if let Value::Keyed(elements) = &mut variable.value {
        match key {
            Key::Text(key) => elements.insert(key, text),
            Key::Number(key) => elements.insert(&key.to_string(), text),
        }
        return Ok(());
    }
    let bad = || format!("{name}: bad array subscript");
    let Key::Number(number) = key else {
        return Err(bad());
    };
    let elements = variable.indexed().ok_or_else(bad)?;
    let next = elements.keys().next_back().map_or(0, |last| last + 1);
    let place = if *number < 0 { next + number } else { *number };
    if place < 0 {
        return Err(format!("{name}[{number}]: bad array subscript"));
    }
    elements.insert(place, text);
    Ok(())
}
