//! The functions of the language.

use std::cmp::Ordering;

use super::ast::{Builtin, Expression, Place, special};
use super::interpreter::{Evaluated, Interpreter, index_number, mistake};
use super::record::Separator;
use super::text;
use super::value::{Text, Value};

/// What `sub` and `gsub` replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Every match.
    All,
    /// One match, counted from 1.
    Nth(usize),
}

impl Interpreter {
    /// Calls a function of the language; the parser checked the number of arguments.
    pub fn builtin(&mut self, builtin: Builtin, arguments: &[Expression]) -> Evaluated<Value> {
        match builtin {
            Builtin::Length => self.length(arguments.first()),
            Builtin::Split => self.split(arguments),
            Builtin::Sub => self.substitute(arguments, Which::Nth(1)),
            Builtin::Gsub => self.substitute(arguments, Which::All),
            Builtin::Gensub => self.gensub(arguments),
            Builtin::Match => self.match_at(arguments),
            Builtin::Sprintf => Ok(Value::text(self.formatted(arguments)?)),
            Builtin::Asort | Builtin::Asorti => self.sort(builtin, arguments),
            Builtin::Fflush => {
                self.streams.flush()?;
                Ok(Value::Number(0.0))
            }
            Builtin::Close => {
                let path = self.evaluated_text(&arguments[0])?;
                Ok(Value::Number(f64::from(self.streams.close(&path)?)))
            }
            Builtin::System => {
                let command = self.evaluated_text(&arguments[0])?;
                self.system(&String::from_utf8_lossy(&command))
            }
            Builtin::Srand => {
                let seed = match arguments.first() {
                    Some(seed) => self.evaluate(seed)?.number(),
                    None => seconds_now(),
                };
                let before = self.random.1;
                self.random = (seed.to_bits(), seed);
                Ok(Value::Number(before))
            }
            Builtin::Rand => Ok(Value::Number(self.rand())),
            Builtin::Systime => Ok(Value::Number(seconds_now())),
            Builtin::Strftime => self.strftime(arguments),
            _ => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.evaluate(argument)?);
                }
                self.pure(builtin, &values)
            }
        }
    }

    /// Functions of values alone.
    fn pure(&mut self, builtin: Builtin, values: &[Value]) -> Evaluated<Value> {
        let number = values[0].number();
        let second = values.get(1).map_or(0.0, Value::number);
        let result = match builtin {
            Builtin::Substr => return Ok(self.substr(values)),
            Builtin::Index => {
                let (whole, part) = (self.text_of(&values[0]), self.text_of(&values[1]));
                text::find(&whole, &part)
                    .map_or(0.0, |at| index_number(text::length(&whole[..at]) + 1))
            }
            Builtin::Tolower => {
                return Ok(self.changed_case(
                    &values[0],
                    str::to_lowercase,
                    <[u8]>::to_ascii_lowercase,
                ));
            }
            Builtin::Toupper => {
                return Ok(self.changed_case(
                    &values[0],
                    str::to_uppercase,
                    <[u8]>::to_ascii_uppercase,
                ));
            }
            Builtin::Atan2 => number.atan2(second),
            Builtin::Cos => number.cos(),
            Builtin::Sin => number.sin(),
            Builtin::Exp => number.exp(),
            Builtin::Log => number.ln(),
            Builtin::Sqrt => number.sqrt(),
            Builtin::Int => number.trunc(),
            Builtin::And => bits(values, |left, right| left & right)?,
            Builtin::Or => bits(values, |left, right| left | right)?,
            Builtin::Xor => bits(values, |left, right| left ^ right)?,
            Builtin::Compl => from_bits(!to_bits(number)? & ((1 << 53) - 1)),
            Builtin::Lshift => from_bits(to_bits(number)?.checked_shl(shift(second)).unwrap_or(0)),
            Builtin::Rshift => from_bits(to_bits(number)?.checked_shr(shift(second)).unwrap_or(0)),
            Builtin::Strtonum => self.strtonum(&values[0]),
            _ => return mistake("this function is not known"),
        };
        Ok(Value::Number(result))
    }

    fn changed_case(
        &self,
        value: &Value,
        valid: fn(&str) -> String,
        bytes: fn(&[u8]) -> Vec<u8>,
    ) -> Value {
        let text = self.text_of(value);
        match std::str::from_utf8(&text) {
            Ok(text) => Value::text(valid(text)),
            Err(_) => Value::text(bytes(&text)),
        }
    }

    fn length(&mut self, argument: Option<&Expression>) -> Evaluated<Value> {
        let count = match argument {
            None => text::length(&self.record_text()),
            Some(Expression::Read(Place::Variable(variable))) if self.is_array(*variable) => {
                self.array(*variable)?.borrow().len()
            }
            Some(argument) => text::length(&self.evaluated_text(argument)?),
        };
        Ok(Value::Number(index_number(count)))
    }

    fn substr(&self, values: &[Value]) -> Value {
        let text = self.text_of(&values[0]);
        // A start before the text is its start, and takes nothing from the length: gawk's and mawk's reading of POSIX.
        let start = round(values[1].number()).max(1.0);
        let end = values
            .get(2)
            .map_or(f64::INFINITY, |length| start + round(length.number()));
        if end.is_nan() || start.is_nan() || end <= start {
            return Value::text("");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and saturates"
        )]
        let (start, end) = (start as usize, end.min(1e15) as usize);
        Value::text(text::between(
            &text,
            start.min(text.len() + 1),
            end.min(text.len() + 1),
        ))
    }

    fn strtonum(&self, value: &Value) -> f64 {
        let Value::Text(text) = value else {
            return value.number();
        };
        let text = String::from_utf8_lossy(text).trim().to_lowercase();
        let digits = |radix: u32, text: &str| {
            let digits: String = text
                .chars()
                .take_while(|digit| digit.is_digit(radix))
                .collect();
            from_bits(u64::from_str_radix(&digits, radix).unwrap_or(0))
        };
        match text.strip_prefix("0x") {
            Some(rest) => digits(16, rest),
            None if text.len() > 1 && text.starts_with('0') && !text.contains('.') => {
                digits(8, &text)
            }
            None => value.number(),
        }
    }

    fn split(&mut self, arguments: &[Expression]) -> Evaluated<Value> {
        let whole = self.evaluated_text(&arguments[0])?;
        let array = self.array_argument(&arguments[1])?;
        let separator = match arguments.get(2) {
            None => self.field_separator()?,
            Some(Expression::Regex(regex)) => Separator::Regex(self.regex(regex)?),
            Some(separator) => {
                let separator = self.evaluated_text(separator)?;
                self.separator_of(&separator)?
            }
        };
        let parts: Vec<Value> = separator
            .split(&whole, false)
            .into_iter()
            .map(Value::from_input)
            .collect();
        if let Some(separators) = arguments.get(3) {
            let separators = self.array_argument(separators)?;
            let mut at = 0;
            let mut between = Vec::new();
            for (number, part) in parts.iter().enumerate() {
                let part = self.text_of(part);
                let start = at + text::find(&whole[at..], &part).unwrap_or(0);
                if number > 0 {
                    between.push((key(number), Value::text(&whole[at..start])));
                }
                at = start + part.len();
            }
            *separators.borrow_mut() = between.into_iter().collect();
        }
        let count = index_number(parts.len());
        *array.borrow_mut() = parts
            .into_iter()
            .enumerate()
            .map(|(number, part)| (key(number + 1), part))
            .collect();
        Ok(Value::Number(count))
    }

    fn substitute(&mut self, arguments: &[Expression], which: Which) -> Evaluated<Value> {
        let regex = self.regex_of(&arguments[0])?;
        let replacement = self.evaluated_text(&arguments[1])?;
        let record = Place::Field(Box::new(Expression::Number(0.0)));
        let target = match arguments.get(2) {
            None => Some(record),
            Some(Expression::Read(place)) => Some(place.clone()),
            // Of a value that is no place only the count is of use.
            Some(_) => None,
        };
        let subject = match (&target, arguments.get(2)) {
            (Some(place), _) => self.evaluated_text(&Expression::Read(place.clone()))?,
            (None, Some(expression)) => self.evaluated_text(expression)?,
            (None, None) => self.record_text(),
        };
        let (changed, count) = replace(&regex, &subject, which, &|captures, out| {
            expand_ampersands(&replacement, &captures[0], out);
        });
        if let (Some(place), true) = (&target, count > 0) {
            self.assign(place, Value::text(changed))?;
        }
        Ok(Value::Number(index_number(count)))
    }

    fn gensub(&mut self, arguments: &[Expression]) -> Evaluated<Value> {
        let regex = self.regex_of(&arguments[0])?;
        let replacement = self.evaluated_text(&arguments[1])?;
        let which = self.evaluate(&arguments[2])?;
        let subject = match arguments.get(3) {
            Some(subject) => self.evaluated_text(subject)?,
            None => self.record_text(),
        };
        let all = matches!(self.text_of(&which).first(), Some(b'g' | b'G'));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and saturates"
        )]
        let which = if all {
            Which::All
        } else {
            Which::Nth(which.number().max(1.0) as usize)
        };
        let (changed, _) = replace(&regex, &subject, which, &|captures, out| {
            expand_groups(&replacement, captures, out);
        });
        Ok(Value::text(changed))
    }

    fn match_at(&mut self, arguments: &[Expression]) -> Evaluated<Value> {
        let subject = self.evaluated_text(&arguments[0])?;
        let regex = self.regex_of(&arguments[1])?;
        let captures = regex.captures(&subject);
        if let Some(array) = arguments.get(2) {
            let array = self.array_argument(array)?;
            let mut array = array.borrow_mut();
            array.clear();
            for (number, group) in captures
                .iter()
                .flat_map(regex::bytes::Captures::iter)
                .enumerate()
            {
                if let Some(group) = group {
                    array.insert(key(number), Value::from_input(group.as_bytes()));
                }
            }
        }
        let (start, length) = match captures.and_then(|captures| captures.get(0)) {
            Some(found) => (
                index_number(text::length(&subject[..found.start()]) + 1),
                index_number(text::length(found.as_bytes())),
            ),
            None => (0.0, -1.0),
        };
        self.set_global(special::RSTART, start);
        self.set_global(special::RLENGTH, length);
        Ok(Value::Number(start))
    }

    /// gawk's `asort` (by values) and `asorti` (by subscripts): the result is numbered from 1.
    fn sort(&mut self, builtin: Builtin, arguments: &[Expression]) -> Evaluated<Value> {
        let source = self.array_argument(&arguments[0])?;
        let mut values: Vec<Value> = match builtin {
            Builtin::Asorti => source.borrow().keys().map(Value::text).collect(),
            _ => source.borrow().values().cloned().collect(),
        };
        values.sort_by(order_of_values);
        let target = match arguments.get(1) {
            Some(target) => self.array_argument(target)?,
            None => source,
        };
        let count = index_number(values.len());
        *target.borrow_mut() = values
            .into_iter()
            .enumerate()
            .map(|(number, value)| (key(number + 1), value))
            .collect();
        Ok(Value::Number(count))
    }

    fn system(&mut self, command: &str) -> Evaluated<Value> {
        self.streams.flush()?;
        let shell = crate::spawn::Command::new("sh", vec!["-c".to_owned(), command.to_owned()]);
        match shell.run() {
            Ok(status) => Ok(Value::Number(f64::from(status))),
            Err(error) => mistake(format!("system(\"{command}\"): {}", error.explain("sh").0)),
        }
    }

    /// A random number of SplitMix64 (Steele, Lea, Flood 2014), not below 0 and below 1.
    fn rand(&mut self) -> f64 {
        self.random.0 = self.random.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        from_bits(mixed >> 11) / from_bits(1 << 53)
    }

    fn strftime(&mut self, arguments: &[Expression]) -> Evaluated<Value> {
        let format = match arguments.first() {
            Some(format) => String::from_utf8_lossy(&self.evaluated_text(format)?).into_owned(),
            None => "%a %b %e %H:%M:%S %Z %Y".to_owned(),
        };
        let seconds = match arguments.get(1) {
            Some(seconds) => self.evaluate(seconds)?.number(),
            None => seconds_now(),
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and times beyond range are refused"
        )]
        match crate::time::format(seconds as i64, 0, &format) {
            Some(text) => Ok(Value::text(text)),
            None => mistake(format!(
                "strftime: {seconds} by the format \"{format}\" is no time"
            )),
        }
    }
}

/// Numbers before text, numbers by value, text by bytes (gawk's order for sorting values).
pub fn order_of_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Text(_), _) => Ordering::Greater,
        (_, Value::Text(_)) => Ordering::Less,
        _ => left.number().total_cmp(&right.number()),
    }
}

fn key(number: usize) -> Text {
    number.to_string().as_bytes().into()
}

fn seconds_now() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0.0, |elapsed| elapsed.as_secs_f64().trunc())
}

/// POSIX has `substr` round its numbers.
fn round(number: f64) -> f64 {
    number.round_ties_even()
}

fn to_bits(number: f64) -> Evaluated<u64> {
    if number < 0.0 || number.is_nan() {
        return mistake(format!(
            "{number} has no bits here: only numbers from 0 have"
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and saturates"
    )]
    Ok(number as u64)
}

fn from_bits(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "awk's numbers are doubles")]
    let number = bits as f64;
    number
}

fn shift(by: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    let by = by as u32;
    by
}

fn bits(values: &[Value], operation: fn(u64, u64) -> u64) -> Evaluated<f64> {
    let mut result = to_bits(values[0].number())?;
    for value in &values[1..] {
        result = operation(result, to_bits(value.number())?);
    }
    Ok(from_bits(result))
}

/// Replaces matches; an empty match right after another match does not count.
fn replace(
    regex: &regex::bytes::Regex,
    subject: &[u8],
    which: Which,
    expand: &dyn Fn(&regex::bytes::Captures<'_>, &mut Vec<u8>),
) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(subject.len());
    let mut rest = 0;
    let mut replaced = 0;
    for (number, captures) in regex.captures_iter(subject).enumerate() {
        if let Which::Nth(wanted) = which
            && number + 1 != wanted
        {
            continue;
        }
        let Some(found) = captures.get(0) else {
            continue;
        };
        out.extend_from_slice(&subject[rest..found.start()]);
        expand(&captures, &mut out);
        rest = found.end();
        replaced += 1;
        if which != Which::All {
            break;
        }
    }
    out.extend_from_slice(&subject[rest..]);
    (out, replaced)
}

/// `&` is the match, `\&` an ampersand, `\\` before an ampersand a backslash.
fn expand_ampersands(replacement: &[u8], found: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < replacement.len() {
        match &replacement[at..] {
            [b'\\', b'\\', b'&', ..] => {
                out.push(b'\\');
                at += 2;
            }
            [b'\\', b'&', ..] => {
                out.push(b'&');
                at += 2;
            }
            [b'&', ..] => {
                out.extend_from_slice(found);
                at += 1;
            }
            [byte, ..] => {
                out.push(*byte);
                at += 1;
            }
            [] => break,
        }
    }
}

/// As [`expand_ampersands`], and `\1` to `\9` are groups, `\0` the match.
fn expand_groups(replacement: &[u8], captures: &regex::bytes::Captures<'_>, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < replacement.len() {
        match &replacement[at..] {
            [b'\\', digit @ b'0'..=b'9', ..] => {
                if let Some(group) = captures.get(usize::from(digit - b'0')) {
                    out.extend_from_slice(group.as_bytes());
                }
                at += 2;
            }
            [b'\\', escaped, ..] => {
                out.push(*escaped);
                at += 2;
            }
            [b'&', ..] => {
                out.extend_from_slice(&captures[0]);
                at += 1;
            }
            [byte, ..] => {
                out.push(*byte);
                at += 1;
            }
            [] => break,
        }
    }
}
