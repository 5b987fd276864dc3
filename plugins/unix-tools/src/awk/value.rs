//! Values of awk: numbers, text, and text from outside that looks like a number and compares like one.

use std::cmp::Ordering;
use std::rc::Rc;

use super::printf::format_number;

/// Text is bytes; what is valid UTF-8 in it counts by characters.
pub type Text = Rc<[u8]>;

/// A value.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Of a variable that was never assigned: both empty and zero.
    #[default]
    Unset,
    /// A number.
    Number(f64),
    /// Text.
    Text(Text),
    /// Text from the input that looks like this number (POSIX: "numeric string").
    Numeric(Text, f64),
}

impl Value {
    /// Text made by the program.
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(bytes.as_ref().into())
    }

    /// Text from outside: fields, `getline`, `-v`, the environment, elements that `split` makes.
    pub fn from_input(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        match whole_number(bytes) {
            Some(number) => Self::Numeric(bytes.into(), number),
            None => Self::text(bytes),
        }
    }

    /// The truth of a value as a condition.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Unset => false,
            Self::Number(number) | Self::Numeric(_, number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    /// As a number: the number that text begins with, or zero.
    pub fn number(&self) -> f64 {
        match self {
            Self::Unset => 0.0,
            Self::Number(number) | Self::Numeric(_, number) => *number,
            Self::Text(text) => leading_number(text),
        }
    }

    /// As text; a number that is not an integer by `format`, which is `CONVFMT` or `OFMT`.
    pub fn to_text(&self, format: &[u8]) -> Text {
        match self {
            Self::Unset => Rc::from(&b""[..]),
            Self::Number(number) => number_to_text(*number, format).into(),
            Self::Text(text) | Self::Numeric(text, _) => text.clone(),
        }
    }

    /// Compares as numbers if both are, else as text.
    pub fn compare(&self, other: &Self, format: &[u8]) -> Option<Ordering> {
        if let (Self::Text(_), _) | (_, Self::Text(_)) = (self, other) {
            return Some(self.to_text(format).cmp(&other.to_text(format)));
        }
        self.number().partial_cmp(&other.number())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Number(f64::from(u8::from(truth)))
    }
}

/// A number as text: integers in full, others by `format`.
pub fn number_to_text(number: f64, format: &[u8]) -> Vec<u8> {
    if number.is_finite() && number == number.trunc() {
        // -0 is 0 in an integer's clothes.
        return format!("{:.0}", number + 0.0).into_bytes();
    }
    format_number(format, number)
}

/// The length of the number at the start of `bytes`, after blanks, and the blanks' length.
fn scan(bytes: &[u8]) -> (usize, usize) {
    let start = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let mut at = start;
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    if matches!(bytes.get(at), Some(b'+' | b'-')) {
        at += 1;
    }
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        if whole + fraction > 0 {
            at += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return (start, start);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    (start, at)
}

fn parse(bytes: &[u8]) -> f64 {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0)
}

/// The number that `bytes` begins with, or zero.
pub fn leading_number(bytes: &[u8]) -> f64 {
    let (start, end) = scan(bytes);
    if start == end {
        0.0
    } else {
        parse(&bytes[start..end])
    }
}

/// The number that `bytes` is, blanks around it aside.
pub fn whole_number(bytes: &[u8]) -> Option<f64> {
    let (start, end) = scan(bytes);
    if start == end || !bytes[end..].iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    Some(parse(&bytes[start..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_number_it_begins_with() {
        for (text, number) in [
            ("", 0.0),
            (" 12abc", 12.0),
            ("-1.5e2x", -150.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e", 1.0),
            ("+x", 0.0),
        ] {
            assert_eq!(leading_number(text.as_bytes()), number, "{text}");
        }
    }

    #[test]
    fn only_text_that_is_wholly_a_number_compares_as_one() {
        assert_eq!(whole_number(b" 10 "), Some(10.0));
        assert_eq!(whole_number(b"10a"), None);
        assert_eq!(whole_number(b""), None);
        assert_eq!(whole_number(b"."), None);
    }

    #[test]
    fn integers_are_written_in_full_and_others_by_the_format() {
        assert_eq!(number_to_text(1e15, b"%.6g"), b"1000000000000000");
        assert_eq!(number_to_text(0.1 + 0.2, b"%.6g"), b"0.3");
        assert_eq!(number_to_text(-0.0, b"%.6g"), b"0");
    }
}
