//! Awk's words. Whether a slash divides or opens a regular expression only the parser knows: it asks with
//! [`Lexer::regex`].

use super::value::{Text, leading_number};
use crate::outcome::Failure;

/// A word of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A number.
    Number(f64),
    /// A string, with escapes resolved.
    Text(Text),
    /// A name that is not a keyword.
    Name(String),
    /// A name right before a parenthesis: a call of a function of the program.
    Called(String),
    /// A keyword or the name of a function of the language.
    Word(&'static str),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end of a line.
    Newline,
    /// The end of the program.
    End,
}

const KEYWORDS: [&str; 20] = [
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue",
    "next", "nextfile", "exit", "return", "delete", "in", "getline", "print", "printf",
];

/// The longest come first. `| getline` is one sign, so that `print x | "command"` needs no look further ahead.
const SIGNS: [&str; 44] = [
    "**=", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=", "!=", "++", "--", "&&",
    "||", ">>", "!~", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!",
    ">", "<", "|", "?", ":", "~", "$", "=", "|&", "@", "&",
];

/// Takes a program apart.
pub struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    /// The line that is being read, from 1.
    pub line: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of `source`.
    pub fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            line: 1,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    /// A mistake in the program at the current line.
    pub fn mistake(&self, text: impl std::fmt::Display) -> Failure {
        Failure::new(1, format!("program line {}: {text}", self.line))
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.source[self.at..];
            match rest {
                [b' ' | b'\t' | b'\r', ..] => self.at += 1,
                [b'\\', b'\n', ..] => {
                    self.at += 2;
                    self.line += 1;
                }
                [b'\\', b'\r', b'\n', ..] => {
                    self.at += 3;
                    self.line += 1;
                }
                [b'#', ..] => {
                    self.at += rest
                        .iter()
                        .position(|byte| *byte == b'\n')
                        .unwrap_or(rest.len())
                }
                _ => return,
            }
        }
    }

    /// The next word.
    pub fn next(&mut self) -> Result<Token, Failure> {
        self.skip_blanks();
        let Some(first) = self.peek() else {
            return Ok(Token::End);
        };
        match first {
            b'\n' => {
                self.at += 1;
                self.line += 1;
                Ok(Token::Newline)
            }
            b'"' => self.text(),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if self.source.get(self.at + 1).is_some_and(u8::is_ascii_digit) => {
                Ok(self.number())
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Ok(self.word()),
            _ => self.sign(),
        }
    }

    fn number(&mut self) -> Token {
        let rest = &self.source[self.at..];
        if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
            let digits: Vec<u8> = rest[2..]
                .iter()
                .copied()
                .take_while(u8::is_ascii_hexdigit)
                .collect();
            if !digits.is_empty() {
                self.at += 2 + digits.len();
                let digits = String::from_utf8_lossy(&digits);
                #[expect(clippy::cast_precision_loss, reason = "awk's numbers are doubles")]
                return Token::Number(u64::from_str_radix(&digits, 16).unwrap_or(u64::MAX) as f64);
            }
        }
        let mut end = 0;
        let digits = |from: usize| {
            rest[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        end += digits(end);
        if rest.get(end) == Some(&b'.') {
            end += 1 + digits(end + 1);
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits((end + 1 + sign).min(rest.len()));
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        self.at += end;
        Token::Number(leading_number(&rest[..end]))
    }

    fn word(&mut self) -> Token {
        let rest = &self.source[self.at..];
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length;
        if let Some(keyword) = KEYWORDS.iter().find(|keyword| **keyword == name) {
            return Token::Word(if *keyword == "func" {
                "function"
            } else {
                keyword
            });
        }
        if let Some((name, _)) = super::ast::BUILTINS
            .iter()
            .find(|(builtin, _)| *builtin == name)
        {
            return Token::Word(name);
        }
        if self.peek() == Some(b'(') {
            Token::Called(name)
        } else {
            Token::Name(name)
        }
    }

    fn sign(&mut self) -> Result<Token, Failure> {
        let rest = &self.source[self.at..];
        if rest[0] == b'|' && !rest.starts_with(b"||") && !rest.starts_with(b"|&") {
            let blanks = rest[1..]
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t'))
                .count();
            let after = &rest[1 + blanks..];
            let word_ends = !after
                .get(7)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            if after.starts_with(b"getline") && word_ends {
                self.at += 1 + blanks + 7;
                return Ok(Token::Sign("| getline"));
            }
        }
        let sign = SIGNS
            .iter()
            .find(|sign| rest.starts_with(sign.as_bytes()))
            .ok_or_else(|| {
                let character = String::from_utf8_lossy(rest)
                    .chars()
                    .next()
                    .unwrap_or_default();
                self.mistake(format_args!("'{character}' has no meaning here"))
            })?;
        self.at += sign.len();
        Ok(Token::Sign(match *sign {
            "**" => "^",
            "**=" => "^=",
            other => other,
        }))
    }

    fn text(&mut self) -> Result<Token, Failure> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.peek() {
                None | Some(b'\n') => {
                    return Err(self.mistake("a string is not closed on its line"));
                }
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Token::Text(text.into()));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut text);
                }
                Some(byte) => {
                    self.at += 1;
                    text.push(byte);
                }
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let rest = &self.source[self.at..];
        let (bytes, length) = unescape(rest);
        if rest.first() == Some(&b'\n') {
            self.line += 1;
        }
        self.at += length;
        text.extend_from_slice(&bytes);
    }

    /// Reads a regular expression up to its closing slash; the opening one (or `/=`) was read.
    pub fn regex(&mut self, opening: &str) -> Result<Text, Failure> {
        let mut regex = opening.as_bytes()[1..].to_vec();
        let mut in_brackets = false;
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.mistake("a regular expression is not closed"));
            };
            self.at += 1;
            match byte {
                b'\n' => return Err(self.mistake("a regular expression is not closed on its line")),
                b'\\' => {
                    let next = self.peek().unwrap_or(b'\\');
                    self.at += 1;
                    if next == b'\n' {
                        self.line += 1;
                        continue;
                    }
                    if next != b'/' {
                        regex.push(b'\\');
                    }
                    regex.push(next);
                    continue;
                }
                b'[' if !in_brackets => {
                    in_brackets = true;
                    regex.push(byte);
                    // A bracket that comes first is a member.
                    if self.peek() == Some(b'^') {
                        self.at += 1;
                        regex.push(b'^');
                    }
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        regex.push(b']');
                    }
                    continue;
                }
                b'[' if in_brackets && matches!(self.peek(), Some(b':' | b'.' | b'=')) => {
                    let rest = &self.source[self.at..];
                    let end = rest
                        .iter()
                        .position(|byte| *byte == b']')
                        .map_or(0, |end| end + 1);
                    regex.push(byte);
                    regex.extend_from_slice(&rest[..end]);
                    self.at += end;
                    continue;
                }
                b']' if in_brackets => in_brackets = false,
                b'/' if !in_brackets => return Ok(regex.into()),
                _ => {}
            }
            regex.push(byte);
        }
    }
}

/// What a backslash and `rest` stand for, and how much of `rest` that takes.
pub fn unescape(rest: &[u8]) -> (Vec<u8>, usize) {
    let Some(&first) = rest.first() else {
        return (vec![b'\\'], 0);
    };
    let plain = |byte: u8| (vec![byte], 1);
    match first {
        b'n' => plain(b'\n'),
        b't' => plain(b'\t'),
        b'r' => plain(b'\r'),
        b'\\' => plain(b'\\'),
        b'"' => plain(b'"'),
        b'/' => plain(b'/'),
        b'a' => plain(7),
        b'b' => plain(8),
        b'f' => plain(12),
        b'v' => plain(11),
        b'\n' => (Vec::new(), 1),
        b'0'..=b'7' => {
            let digits = rest
                .iter()
                .take(3)
                .take_while(|byte| matches!(byte, b'0'..=b'7'))
                .count();
            let code = rest[..digits]
                .iter()
                .fold(0u32, |code, digit| code * 8 + u32::from(digit - b'0'));
            #[expect(
                clippy::cast_possible_truncation,
                reason = "three octal digits mean a byte, as in C"
            )]
            (vec![code as u8], digits)
        }
        b'x' if rest.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            let digits = rest[1..]
                .iter()
                .take(2)
                .take_while(|byte| byte.is_ascii_hexdigit())
                .count();
            let text = String::from_utf8_lossy(&rest[1..=digits]).into_owned();
            (vec![u8::from_str_radix(&text, 16).unwrap_or(0)], 1 + digits)
        }
        // Kept with its backslash: a string such as "\." is mostly meant for a regular expression.
        other => (vec![b'\\', other], 1),
    }
}

/// Resolves escapes in a value from the command line.
pub fn unescape_all(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'\\' {
            let (bytes, length) = unescape(&text[at + 1..]);
            out.extend_from_slice(&bytes);
            at += 1 + length;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}
