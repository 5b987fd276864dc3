//! Takes words apart: quotes, parameters, substitutions, arithmetic. The shell's own scanner rather than
//! brush-parser's `word`, which fails on a quote inside `"${x:-it's}"` and takes everything up to a slash for a user's
//! name after `~`.

use std::rc::Rc;

use super::parameter;
use super::tree::{Piece, Substitution, Word};
use crate::text;

/// Where a text stands, which decides what quotes and backslashes mean in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Outside quotes.
    Bare,
    /// Outside quotes, as the value of an assignment: `~` also counts after `:`.
    Value,
    /// Inside double quotes.
    Double,
    /// The word of `"${x:-word}"`: double quotes may stand in it, single ones mean themselves.
    DoubleWord,
    /// A here-document: double quotes mean themselves.
    Here,
}

impl Context {
    /// Whether the text is quoted as in double quotes.
    pub fn is_double(self) -> bool {
        matches!(self, Self::Double | Self::DoubleWord | Self::Here)
    }
}

/// Takes a word apart.
///
/// # Errors
/// A sentence on a quote or bracket without end.
pub fn parse(source: &str, context: Context) -> Result<Word, String> {
    let mut scanner = Scanner {
        source,
        at: 0,
        depth: 0,
    };
    let pieces = scanner.pieces(context, &[])?;
    Ok(Word {
        source: source.into(),
        pieces,
    })
}

/// Nested substitutions deeper than this are refused.
const DEEPEST: u32 = 60;

/// A place in a source text.
pub struct Scanner<'a> {
    /// The text.
    pub source: &'a str,
    /// Byte offset of the next character.
    pub at: usize,
    /// How deep the scanner is in braces of parameters.
    pub depth: u32,
}

impl<'a> Scanner<'a> {
    /// What is left.
    pub fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// The next byte.
    pub fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    /// Steps over this text if it comes next.
    pub fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// The next character.
    pub fn character(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// The pieces up to one of these bytes, which is left, or to the end.
    pub fn pieces(&mut self, context: Context, stops: &[u8]) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let start = self.at;
        while let Some(byte) = self.peek() {
            if stops.contains(&byte) {
                break;
            }
            let piece = match byte {
                b'\\' => self.escape(context),
                b'\'' if !context.is_double() => Some(Piece::Quoted(self.single()?)),
                b'"' if context != Context::Here => Some(self.double()?),
                b'$' => self.dollar(context)?,
                b'`' => Some(self.backquoted(context)?),
                b'~' if self.takes_tilde(context, start) => self.tilde(context, stops),
                _ => None,
            };
            let Some(piece) = piece else {
                text.extend(self.character());
                continue;
            };
            if let Piece::Text(more) = piece {
                text.push_str(&more);
                continue;
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(piece);
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(pieces)
    }

    fn escape(&mut self, context: Context) -> Option<Piece> {
        let next = self.source.as_bytes().get(self.at + 1).copied();
        let is_special = match context {
            Context::Bare | Context::Value => next.is_some(),
            Context::Double => matches!(next, Some(b'$' | b'`' | b'"' | b'\\' | b'\n')),
            Context::DoubleWord => matches!(next, Some(b'$' | b'`' | b'"' | b'\\' | b'\n' | b'}')),
            Context::Here => matches!(next, Some(b'$' | b'`' | b'\\' | b'\n')),
        };
        if !is_special {
            return None;
        }
        self.at += 1;
        let character = self.character()?;
        if character == '\n' {
            return Some(Piece::Text(String::new()));
        }
        Some(Piece::Quoted(character.to_string()))
    }

    fn single(&mut self) -> Result<String, String> {
        self.at += 1;
        let length = self.rest().find('\'').ok_or_else(|| unended('\''))?;
        let quoted = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += length + 1;
        Ok(quoted)
    }

    fn double(&mut self) -> Result<Piece, String> {
        self.at += 1;
        let pieces = self.pieces(Context::Double, b"\"")?;
        if !self.take("\"") {
            return Err(unended('"'));
        }
        Ok(Piece::Double(pieces))
    }

    fn takes_tilde(&self, context: Context, start: usize) -> bool {
        match context {
            Context::Bare => self.at == start,
            Context::Value => {
                self.at == start || self.source.as_bytes().get(self.at - 1) == Some(&b':')
            }
            _ => false,
        }
    }

    fn tilde(&mut self, context: Context, stops: &[u8]) -> Option<Piece> {
        let rest = self.rest().get(1..)?;
        let is_end = |c: char| {
            c == '/'
                || (c == ':' && context == Context::Value)
                || stops.iter().any(|s| char::from(*s) == c)
        };
        let length = rest.find(is_end).unwrap_or(rest.len());
        let name = rest.get(..length)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.');
        if !name.chars().all(is_plain) {
            return None;
        }
        self.at += 1 + length;
        Some(Piece::Tilde(name.to_owned()))
    }

    fn dollar(&mut self, context: Context) -> Result<Option<Piece>, String> {
        let rest = self.rest();
        if rest.starts_with("$((") {
            if let Some(piece) = self.arithmetic()? {
                return Ok(Some(piece));
            }
        }
        if rest.starts_with("$(") {
            self.at += 2;
            let start = self.at;
            self.skip_command()?;
            let text = self
                .source
                .get(start..self.at - 1)
                .unwrap_or_default()
                .to_owned();
            return Ok(Some(substitution(text)));
        }
        if rest.starts_with("$[") {
            return self.old_arithmetic().map(Some);
        }
        if rest.starts_with("${") {
            if self.depth >= DEEPEST {
                return Err("too many nested expansions".to_owned());
            }
            self.depth += 1;
            let piece = parameter::braced(self, context);
            self.depth -= 1;
            return piece.map(Some);
        }
        let takes_ansi_c =
            !context.is_double() || (context == Context::DoubleWord && self.depth > 0);
        if takes_ansi_c && rest.starts_with("$'") {
            return self.ansi_c().map(Some);
        }
        if !context.is_double() && rest.starts_with("$\"") {
            self.at += 1;
            return self.double().map(Some);
        }
        Ok(parameter::plain(self))
    }

    /// `$[…]`, as bash still takes it.
    fn old_arithmetic(&mut self) -> Result<Piece, String> {
        self.at += 2;
        let start = self.at;
        let pieces = parameter::bracketed(self, Context::DoubleWord)?;
        let source = self.source.get(start..self.at - 1).unwrap_or_default();
        Ok(Piece::Arithmetic(Rc::new(Word {
            source: source.into(),
            pieces,
        })))
    }

    fn arithmetic(&mut self) -> Result<Option<Piece>, String> {
        let start = self.at;
        self.at += 3;
        let inner = self.at;
        let mut depth = 0_u32;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b')' if self.rest().starts_with("))") => {
                    let source = self.source.get(inner..self.at).unwrap_or_default();
                    self.at += 2;
                    let mut nested = Scanner {
                        source,
                        at: 0,
                        depth: self.depth + 1,
                    };
                    if nested.depth > DEEPEST {
                        return Err("too many nested expansions".to_owned());
                    }
                    let pieces = nested.pieces(Context::DoubleWord, &[])?;
                    let word = Word {
                        source: source.into(),
                        pieces,
                    };
                    return Ok(Some(Piece::Arithmetic(Rc::new(word))));
                }
                b')' => break,
                b'\\' => self.at += 1,
                b'\'' | b'"' => {
                    self.skip_quoted(byte)?;
                    continue;
                }
                b'$' if self.rest().starts_with("$(") => {
                    self.at += 2;
                    self.skip_command()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = start;
        Ok(None)
    }

    fn skip_quoted(&mut self, quote: u8) -> Result<(), String> {
        if quote == b'\'' {
            return self.single().map(drop);
        }
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.at += 2,
                b'$' if self.rest().starts_with("$(") => {
                    self.at += 2;
                    self.skip_command()?;
                }
                b'`' => {
                    self.backquoted(Context::Double)?;
                }
                _ => self.at += 1,
            }
        }
        Err(unended('"'))
    }

    /// Steps over a command up to and with the parenthesis that ends it.
    fn skip_command(&mut self) -> Result<(), String> {
        let mut depth = 0_u32;
        let mut before = b' ';
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    self.at += 1;
                    return Ok(());
                }
                b')' => depth -= 1,
                b'\\' => self.at += 1,
                b'\'' | b'"' => {
                    self.skip_quoted(byte)?;
                    before = byte;
                    continue;
                }
                b'`' => {
                    self.backquoted(Context::Bare)?;
                    before = byte;
                    continue;
                }
                b'#' if matches!(before, b' ' | b'\t' | b'\n' | b';' | b'(') => {
                    let line = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at += line;
                    before = b' ';
                    continue;
                }
                _ => {}
            }
            before = byte;
            self.at += 1;
        }
        Err(unended(')'))
    }

    fn backquoted(&mut self, context: Context) -> Result<Piece, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.character() {
                None => return Err(unended('`')),
                Some('`') => return Ok(substitution(text)),
                Some('\\') => match self.character() {
                    Some(c @ ('$' | '`' | '\\')) => text.push(c),
                    Some('"') if context.is_double() => text.push('"'),
                    Some(other) => text.extend(['\\', other]),
                    None => return Err(unended('`')),
                },
                Some(other) => text.push(other),
            }
        }
    }

    fn ansi_c(&mut self) -> Result<Piece, String> {
        self.at += 2;
        let start = self.at;
        loop {
            match self.character() {
                None => return Err(unended('\'')),
                Some('\'') => break,
                Some('\\') => drop(self.character()),
                Some(_) => {}
            }
        }
        let body = self.source.get(start..self.at - 1).unwrap_or_default();
        let decoded = super::escapes::decode(body, super::escapes::Dialect::AnsiC);
        Ok(Piece::Quoted(text::from_bytes(&decoded.bytes)))
    }
}

fn substitution(text: String) -> Piece {
    Piece::Command(Rc::new(Substitution {
        text,
        ..Substitution::default()
    }))
}

/// bash's words for a quote or bracket that nothing ends.
pub fn unended(what: char) -> String {
    format!("unexpected EOF while looking for matching `{what}'")
}
