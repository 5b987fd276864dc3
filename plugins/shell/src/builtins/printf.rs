//! `printf`: the format is used again until the arguments are used up.

use super::{Outcome, fail};
use crate::expand::arithmetic;
use crate::expand::quote;
use crate::interpret::assign::{self, Place};
use crate::shell::Shell;
use crate::syntax::escapes::{self, Dialect};
use crate::text;

struct Output<'a> {
    bytes: Vec<u8>,
    arguments: std::slice::Iter<'a, String>,
    errors: Vec<String>,
    ends: bool,
}

#[derive(Default)]
struct Spec {
    left: bool,
    sign: Option<char>,
    alternative: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// Wider fields than this are cut to it.
const WIDEST: usize = 1 << 20;

/// Prints by a format.
pub async fn run(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut rest = arguments;
    let mut variable = None;
    loop {
        match rest {
            [option, name, more @ ..] if option == "-v" => {
                variable = Some(name.clone());
                rest = more;
            }
            [option, more @ ..] if option == "--" => {
                rest = more;
                break;
            }
            _ => break,
        }
    }
    let Some((format, values)) = rest.split_first() else {
        shell
            .remark("printf: usage: printf [-v var] format [arguments]\n")
            .await;
        return Ok(2);
    };
    let mut output = Output {
        bytes: Vec::new(),
        arguments: values.iter(),
        errors: Vec::new(),
        ends: false,
    };
    loop {
        let before = output.arguments.len();
        let consumed = output.format(shell, format);
        if output.ends
            || output.arguments.len() == 0
            || !consumed
            || output.arguments.len() == before
        {
            break;
        }
    }
    for error in &output.errors {
        shell.complain(&format!("printf: {error}")).await;
    }
    let status = i32::from(!output.errors.is_empty());
    match variable {
        Some(name) => {
            let text = text::from_bytes(&output.bytes);
            if let Some((name, index)) =
                name.strip_suffix(']').and_then(|name| name.split_once('['))
            {
                let keyed = shell
                    .variables
                    .get(name)
                    .is_some_and(crate::variables::Variable::is_keyed);
                let key = if keyed {
                    arithmetic::Key::Text(index.to_owned())
                } else {
                    arithmetic::Key::Number(arithmetic::evaluate(shell, index).unwrap_or(0))
                };
                if let Err(words) = arithmetic::set_element(shell, name, &key, text) {
                    return fail(shell, &format!("printf: {words}"), 1).await;
                }
            } else {
                assign::scalar(shell, &name, text, false, Place::Visible).await?;
            }
            Ok(status)
        }
        None => {
            shell.status = status;
            shell.print("printf", &output.bytes).await?;
            Ok(shell.status)
        }
    }
}

impl Output<'_> {
    /// Goes through the format once; false if it takes no argument.
    fn format(&mut self, shell: &mut Shell, format: &str) -> bool {
        let mut consumes = false;
        let mut rest = format;
        while !rest.is_empty() && !self.ends {
            let plain = rest.find('%').unwrap_or(rest.len());
            let (before, after) = rest.split_at(plain);
            self.bytes
                .extend(escapes::decode(before, Dialect::Printf).bytes);
            let Some(after) = after.strip_prefix('%') else {
                break;
            };
            if let Some(after) = after.strip_prefix('%') {
                self.bytes.push(b'%');
                rest = after;
                continue;
            }
            consumes = true;
            rest = self.directive(shell, after);
        }
        consumes
    }

    fn next(&mut self) -> Option<&String> {
        self.arguments.next()
    }

    fn directive<'a>(&mut self, shell: &mut Shell, text: &'a str) -> &'a str {
        let mut spec = Spec::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next().filter(|c| "-+ #0".contains(*c)) {
            match flag {
                '-' => spec.left = true,
                '#' => spec.alternative = true,
                '0' => spec.zero = true,
                sign => spec.sign = Some(sign),
            }
            rest = &rest[1..];
        }
        let width;
        (width, rest) = self.size(shell, rest);
        if let Some(width) = width {
            spec.left |= width < 0;
            spec.width = usize::try_from(width.unsigned_abs())
                .unwrap_or(WIDEST)
                .min(WIDEST);
        }
        if let Some(after) = rest.strip_prefix('.') {
            let precision;
            (precision, rest) = self.size(shell, after);
            spec.precision = usize::try_from(precision.unwrap_or(0))
                .ok()
                .map(|p| p.min(WIDEST));
        }
        if let Some((layout, after)) = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(")T"))
        {
            let seconds = self.next().cloned().unwrap_or_else(|| "-1".to_owned());
            let seconds = seconds.parse::<i64>().unwrap_or(-1);
            let shown = super::wrappers::date(layout, seconds);
            self.pad(&spec, shown.as_bytes());
            return after;
        }
        rest = rest.trim_start_matches(['l', 'h', 'j', 'z', 't', 'L']);
        let Some(letter) = rest.chars().next() else {
            self.errors.push("`%': missing format character".to_owned());
            return "";
        };
        let after = &rest[letter.len_utf8()..];
        self.convert(shell, letter, &spec);
        after
    }

    fn size<'a>(&mut self, shell: &mut Shell, text: &'a str) -> (Option<i64>, &'a str) {
        if let Some(after) = text.strip_prefix('*') {
            let value = self.next().cloned().unwrap_or_default();
            return (Some(self.integer(shell, &value)), after);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = text.split_at(digits);
        (digits.parse().ok(), after)
    }

    fn convert(&mut self, shell: &mut Shell, letter: char, spec: &Spec) {
        match letter {
            's' => {
                let value = self.next().cloned().unwrap_or_default();
                let cut: String = match spec.precision {
                    Some(most) => value.chars().take(most).collect(),
                    None => value,
                };
                self.pad(spec, &text::to_bytes(&cut));
            }
            'c' => {
                let value = self.next().cloned().unwrap_or_default();
                let first: String = value.chars().take(1).collect();
                self.pad(spec, &text::to_bytes(&first));
            }
            'b' => {
                let value = self.next().cloned().unwrap_or_default();
                let decoded = escapes::decode(&value, Dialect::PrintfB);
                self.pad(spec, &decoded.bytes);
                self.ends |= decoded.ends;
            }
            'q' => {
                let value = self.next().cloned().unwrap_or_default();
                self.pad(spec, &text::to_bytes(&quote::backslashed(&value)));
            }
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
                let value = self.next().cloned();
                let value = value.map_or(0, |value| self.integer(shell, &value));
                self.number(spec, letter, value);
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'a' | 'A' => {
                let value = self.next().cloned().unwrap_or_default();
                let value = self.float(&value);
                let shown = float(letter, spec, value);
                let is_negative = shown.starts_with('-');
                let digits = shown.trim_start_matches('-');
                self.signed(spec, is_negative, digits, value.is_finite());
            }
            other => {
                self.errors
                    .push(format!("`{other}': invalid format character"));
                self.ends = true;
            }
        }
    }

    fn integer(&mut self, _shell: &mut Shell, value: &str) -> i64 {
        let trimmed = value.trim_start();
        if let Some(quoted) = trimmed.strip_prefix(['\'', '"']) {
            return quoted.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let (sign, digits) = match trimmed.as_bytes().first() {
            Some(b'-') => (-1, &trimmed[1..]),
            Some(b'+') => (1, &trimmed[1..]),
            _ => (1, trimmed),
        };
        if digits.is_empty() && value.is_empty() {
            return 0;
        }
        if !digits.contains('#') {
            if let Some(number) = arithmetic::number(digits) {
                return number.wrapping_mul(sign);
            }
        }
        self.errors.push(format!("{value}: invalid number"));
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        arithmetic::number(&digits[..length])
            .unwrap_or(0)
            .wrapping_mul(sign)
    }

    fn float(&mut self, value: &str) -> f64 {
        let trimmed = value.trim_start();
        if let Some(quoted) = trimmed.strip_prefix(['\'', '"']) {
            return quoted
                .chars()
                .next()
                .map_or(0.0, |c| f64::from(u32::from(c)));
        }
        if trimmed.is_empty() {
            return 0.0;
        }
        if let Ok(number) = trimmed.parse() {
            return number;
        }
        if let Some(number) = arithmetic::number(trimmed) {
            return number as f64;
        }
        self.errors.push(format!("{value}: invalid number"));
        let ends = (0..=trimmed.len())
            .rev()
            .filter(|end| trimmed.is_char_boundary(*end));
        ends.into_iter()
            .find_map(|end| trimmed[..end].parse().ok())
            .unwrap_or(0.0)
    }

    fn number(&mut self, spec: &Spec, letter: char, value: i64) {
        let unsigned = value as u64;
        let (is_negative, mut digits) = match letter {
            'd' | 'i' => (value < 0, value.unsigned_abs().to_string()),
            'u' => (false, unsigned.to_string()),
            'o' => (false, format!("{unsigned:o}")),
            'x' => (false, format!("{unsigned:x}")),
            _ => (false, format!("{unsigned:X}")),
        };
        if let Some(least) = spec.precision {
            if digits.len() < least {
                digits = "0".repeat(least - digits.len()) + &digits;
            }
        }
        if spec.alternative && value != 0 {
            digits = match letter {
                'x' => format!("0x{digits}"),
                'X' => format!("0X{digits}"),
                'o' => format!("0{digits}"),
                _ => digits,
            };
        }
        let plain = Spec {
            sign: spec.sign.filter(|_| matches!(letter, 'd' | 'i')),
            ..*spec
        };
        self.signed(&plain, is_negative, &digits, spec.precision.is_none());
    }

    fn signed(&mut self, spec: &Spec, is_negative: bool, digits: &str, zeros: bool) {
        let sign = match (is_negative, spec.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(_)) => " ",
            _ => "",
        };
        let missing = spec.width.saturating_sub(sign.len() + digits.len());
        if spec.zero && !spec.left && zeros {
            self.bytes.extend_from_slice(sign.as_bytes());
            self.bytes.extend(std::iter::repeat_n(b'0', missing));
            self.bytes.extend_from_slice(digits.as_bytes());
        } else {
            self.pad(spec, format!("{sign}{digits}").as_bytes());
        }
    }

    fn pad(&mut self, spec: &Spec, bytes: &[u8]) {
        let missing = spec.width.saturating_sub(bytes.len());
        let spaces = std::iter::repeat_n(b' ', missing);
        if spec.left {
            self.bytes.extend_from_slice(bytes);
            self.bytes.extend(spaces);
        } else {
            self.bytes.extend(spaces);
            self.bytes.extend_from_slice(bytes);
        }
    }
}

fn float(letter: char, spec: &Spec, value: f64) -> String {
    let precision = spec.precision.unwrap_or(6);
    let shown = if !value.is_finite() {
        if value.is_nan() {
            "nan".to_owned()
        } else if value < 0.0 {
            "-inf".to_owned()
        } else {
            "inf".to_owned()
        }
    } else {
        match letter.to_ascii_lowercase() {
            'e' => exponential(value, precision),
            'g' => general(value, precision.max(1), spec.alternative),
            _ => format!("{value:.precision$}"),
        }
    };
    if letter.is_ascii_uppercase() {
        shown.to_uppercase()
    } else {
        shown
    }
}

fn exponential(value: f64, precision: usize) -> String {
    let shown = format!("{value:.precision$e}");
    let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

fn general(value: f64, precision: usize, keeps_zeros: bool) -> String {
    let shown = format!("{value:.*e}", precision - 1);
    let exponent: i32 = shown
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    let trim = |shown: String| {
        if keeps_zeros || !shown.contains('.') {
            return shown;
        }
        shown.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if exponent < -4 || exponent >= precision as i32 {
        let shown = exponential(value, precision - 1);
        let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "+00"));
        return format!("{}e{exponent}", trim(mantissa.to_owned()));
    }
    let decimals = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
    trim(format!("{value:.decimals$}"))
}
