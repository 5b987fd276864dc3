//! `printf` of awk: conversions as in C, with text as bytes.

use super::value::Value;

/// One conversion of a format.
#[derive(Debug, Clone, Copy, Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// No field is wider, so that a format cannot ask for all memory.
const WIDEST: usize = 1 << 20;

/// Formats `arguments`; missing ones are empty. `text` turns a value into text.
pub fn format(format: &[u8], arguments: &[Value], text: &dyn Fn(&Value) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len() + 16);
    let mut arguments = arguments.iter();
    let mut at = 0;
    while at < format.len() {
        if format[at] != b'%' {
            out.push(format[at]);
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        let mut conversion = Conversion::default();
        while let Some(flag) = format.get(at) {
            match flag {
                b'-' => conversion.left = true,
                b'+' => conversion.plus = true,
                b' ' => conversion.space = true,
                b'#' => conversion.alternate = true,
                b'0' => conversion.zero = true,
                _ => break,
            }
            at += 1;
        }
        let width = amount(format, &mut at, &mut arguments).unwrap_or(0);
        conversion.left |= width < 0;
        conversion.width = usize::try_from(width.unsigned_abs())
            .unwrap_or(WIDEST)
            .min(WIDEST);
        if format.get(at) == Some(&b'.') {
            at += 1;
            let precision = amount(format, &mut at, &mut arguments).unwrap_or(0);
            conversion.precision = usize::try_from(precision)
                .ok()
                .map(|precision| precision.min(WIDEST));
        }
        while matches!(
            format.get(at),
            Some(b'h' | b'l' | b'L' | b'q' | b'j' | b'z' | b't')
        ) {
            at += 1;
        }
        let Some(&letter) = format.get(at) else {
            out.extend_from_slice(&format[start..]);
            break;
        };
        at += 1;
        match letter {
            b'%' => out.push(b'%'),
            b'd' | b'i' | b'o' | b'x' | b'X' | b'u' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let number = arguments.next().map_or(0.0, Value::number);
                conversion.number(letter, number, &mut out);
            }
            b'c' => {
                let character = arguments
                    .next()
                    .map(|value| character(value, text))
                    .unwrap_or_default();
                conversion.pad(&character, &mut out);
            }
            b's' => {
                let value = arguments.next().map(text).unwrap_or_default();
                conversion.text(&value, &mut out);
            }
            _ => out.extend_from_slice(&format[start..at]),
        }
    }
    out
}

/// A number by a format that has one conversion, such as `OFMT`.
pub fn format_number(pattern: &[u8], number: f64) -> Vec<u8> {
    format(pattern, &[Value::Number(number)], &|_| Vec::new())
}

/// A width or precision: digits, or `*` for the next argument.
fn amount<'a>(
    format: &[u8],
    at: &mut usize,
    arguments: &mut impl Iterator<Item = &'a Value>,
) -> Option<i64> {
    if format.get(*at) == Some(&b'*') {
        *at += 1;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and widths are bounded afterwards"
        )]
        return arguments.next().map(|value| value.number() as i64);
    }
    let mut amount: Option<i64> = None;
    while let Some(digit) = format.get(*at).filter(|byte| byte.is_ascii_digit()) {
        amount = Some(
            amount
                .unwrap_or(0)
                .saturating_mul(10)
                .saturating_add(i64::from(digit - b'0')),
        );
        *at += 1;
    }
    amount
}

/// `%c`: the character with a number, or the first one of text.
fn character(value: &Value, text: &dyn Fn(&Value) -> Vec<u8>) -> Vec<u8> {
    match value {
        Value::Number(number) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            let code = *number as u32;
            char::from_u32(code)
                .map(|character| character.to_string().into_bytes())
                .unwrap_or_default()
        }
        _ => {
            let text = text(value);
            let length = crate::awk::text::characters(&text)
                .next()
                .map_or(0, <[u8]>::len);
            text[..length].to_vec()
        }
    }
}

impl Conversion {
    fn text(&self, value: &[u8], out: &mut Vec<u8>) {
        let end = self.precision.map_or(value.len(), |precision| {
            crate::awk::text::characters(value)
                .take(precision)
                .map(<[u8]>::len)
                .sum()
        });
        self.pad(&value[..end], out);
    }

    fn pad(&self, value: &[u8], out: &mut Vec<u8>) {
        let missing = self.width.saturating_sub(crate::awk::text::length(value));
        if !self.left {
            out.resize(out.len() + missing, b' ');
        }
        out.extend_from_slice(value);
        if self.left {
            out.resize(out.len() + missing, b' ');
        }
    }

    fn number(&self, letter: u8, number: f64, out: &mut Vec<u8>) {
        if !number.is_finite() {
            let word = if number.is_nan() { "nan" } else { "inf" };
            let word = if number.is_sign_negative() {
                format!("-{word}")
            } else {
                format!("+{word}")
            };
            return Self {
                zero: false,
                ..*self
            }
            .pad(word.as_bytes(), out);
        }
        let magnitude = number.abs();
        let (digits, integer) = match letter {
            b'd' | b'i' | b'u' => (format!("{:.0}", magnitude.trunc()), true),
            b'o' | b'x' | b'X' => (self.radix(letter, magnitude), true),
            b'e' | b'E' => (
                scientific(magnitude, self.precision.unwrap_or(6), letter),
                false,
            ),
            b'g' | b'G' => (self.general(magnitude, letter), false),
            _ => (
                format!("{magnitude:.*}", self.precision.unwrap_or(6)),
                false,
            ),
        };
        let negative =
            number.is_sign_negative() && (!integer || digits.bytes().any(|digit| digit != b'0'));
        let sign = if negative {
            "-"
        } else if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        };
        let mut digits = digits;
        if let (true, Some(precision)) = (integer, self.precision) {
            let missing = precision.saturating_sub(digits.len());
            digits.insert_str(0, &"0".repeat(missing));
        }
        if self.zero && !self.left && !(integer && self.precision.is_some()) {
            let missing = self.width.saturating_sub(digits.len() + sign.len());
            digits.insert_str(0, &"0".repeat(missing));
        }
        self.pad(format!("{sign}{digits}").as_bytes(), out);
    }

    fn radix(&self, letter: u8, magnitude: f64) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates as C's awk does"
        )]
        let value = magnitude as u64;
        match (letter, self.alternate && value != 0) {
            (b'o', true) => format!("0{value:o}"),
            (b'o', false) => format!("{value:o}"),
            (b'x', true) => format!("{value:#x}"),
            (b'x', false) => format!("{value:x}"),
            (_, true) => format!("0X{value:X}"),
            (_, false) => format!("{value:X}"),
        }
    }

    /// `%g` by the rule of C: scientific if the exponent is below -4 or not below the precision.
    fn general(&self, magnitude: f64, letter: u8) -> String {
        let precision = self.precision.unwrap_or(6).max(1);
        let rounded = format!("{magnitude:.*e}", precision - 1);
        let exponent: i32 = rounded
            .rsplit('e')
            .next()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0);
        let limit = i32::try_from(precision).unwrap_or(i32::MAX);
        let text = if exponent < -4 || exponent >= limit {
            scientific(magnitude, precision - 1, letter - 2)
        } else {
            let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
            format!("{magnitude:.decimals$}")
        };
        if self.alternate {
            text
        } else {
            without_trailing_zeros(&text)
        }
    }
}

/// `%e` as in C: at least two digits of exponent.
fn scientific(magnitude: f64, precision: usize, letter: u8) -> String {
    let text = format!("{magnitude:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "{mantissa}{}{sign}{:02}",
        char::from(letter),
        exponent.abs()
    )
}

fn without_trailing_zeros(text: &str) -> String {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    if !mantissa.contains('.') {
        return text.to_owned();
    }
    format!(
        "{}{exponent}",
        mantissa.trim_end_matches('0').trim_end_matches('.')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_as_in_c() {
        let cases: [(&str, f64, &str); 16] = [
            ("%d", -3.9, "-3"),
            ("%05d", -42.0, "-0042"),
            ("%+d", 7.0, "+7"),
            ("%-5d|", 7.0, "7    |"),
            ("%.3d", 7.0, "007"),
            ("%x", 255.0, "ff"),
            ("%#o", 8.0, "010"),
            ("%e", 12345.678, "1.234568e+04"),
            ("%.2f", 2.675, "2.67"),
            ("%8.3f", 3.24159, "   3.242"),
            ("%g", 1e-5, "1e-05"),
            ("%g", 123456789.0, "1.23457e+08"),
            ("%g", 100000.0, "100000"),
            ("%.3g", 0.00012345, "0.000123"),
            ("%G", 1e20, "1E+20"),
            ("%c", 65.0, "A"),
        ];
        for (pattern, number, expected) in cases {
            assert_eq!(
                String::from_utf8_lossy(&format_number(pattern.as_bytes(), number)),
                expected,
                "{pattern}"
            );
        }
    }
}
