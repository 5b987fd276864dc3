//! Takes `$x` and `${…}` apart.

use std::rc::Rc;

use super::tree::{Emptiness, Extent, Index, Operation, Parameter, Piece, Place, Subject, Word};
use super::word::{Context, Scanner, unended};

/// `$x`, `$1`, `$@`; none if the dollar sign means itself.
pub fn plain(scanner: &mut Scanner<'_>) -> Option<Piece> {
    let rest = scanner.rest().get(1..)?;
    let first = rest.chars().next()?;
    let (subject, length) = if first.is_ascii_digit() {
        (Subject::Positional(first as usize - '0' as usize), 1)
    } else if is_special(first) {
        (Subject::Special(first), 1)
    } else {
        let length = name_length(rest);
        (Subject::Variable(rest.get(..length)?.to_owned()), length)
    };
    if length == 0 {
        return None;
    }
    let source = scanner.rest().get(..=length)?.to_owned();
    scanner.at += 1 + length;
    let (index, indirect, operation) = (None, false, Operation::Value);
    Some(Piece::Parameter(Rc::new(Parameter {
        source,
        subject,
        index,
        indirect,
        operation,
    })))
}

fn is_special(character: char) -> bool {
    matches!(character, '@' | '*' | '#' | '?' | '-' | '$' | '!')
}

/// The length of the name at the start of a text.
pub fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    bytes
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || **c == b'_')
        .count()
}

/// `${…}`
pub fn braced(scanner: &mut Scanner<'_>, context: Context) -> Result<Piece, String> {
    let start = scanner.at;
    scanner.at += 2;
    let parsed = inner(scanner, context)?;
    let (subject, index, indirect, operation) = match parsed {
        Some(parsed) if scanner.take("}") => parsed,
        _ => {
            scanner.pieces(context, b"}")?;
            if !scanner.take("}") {
                return Err(unended('}'));
            }
            (Subject::Special('?'), None, false, Operation::Bad)
        }
    };
    let source = scanner
        .source
        .get(start..scanner.at)
        .unwrap_or_default()
        .to_owned();
    Ok(Piece::Parameter(Rc::new(Parameter {
        source,
        subject,
        index,
        indirect,
        operation,
    })))
}

type Parsed = (Subject, Option<Index>, bool, Operation);

fn inner(scanner: &mut Scanner<'_>, context: Context) -> Result<Option<Parsed>, String> {
    if scanner.peek() == Some(b'#') {
        let before = scanner.at;
        scanner.at += 1;
        if let Some(subject) = subject(scanner) {
            let index = index(scanner)?;
            if scanner.peek() == Some(b'}') {
                return Ok(Some((subject, index, false, Operation::Length)));
            }
        }
        scanner.at = before;
    }
    let mut indirect = false;
    if scanner.peek() == Some(b'!') {
        let next = scanner.source.as_bytes().get(scanner.at + 1).copied();
        indirect = next.is_some_and(|c| {
            c.is_ascii_alphanumeric() || matches!(c, b'_' | b'@' | b'*' | b'#' | b'?' | b'!')
        });
        scanner.at += usize::from(indirect);
    }
    let Some(subject) = subject(scanner) else {
        return Ok(None);
    };
    let index = index(scanner)?;
    if indirect {
        if matches!(index, Some(Index::Each | Index::Joined)) && scanner.peek() == Some(b'}') {
            return Ok(Some((subject, index, false, Operation::Keys)));
        }
        for sign in ['@', '*'] {
            if scanner.rest().starts_with(&format!("{sign}}}")) {
                scanner.at += 1;
                return Ok(Some((subject, None, false, Operation::Names(sign))));
            }
        }
    }
    let operation = operation(scanner, context)?;
    Ok(operation.map(|operation| (subject, index, indirect, operation)))
}

fn subject(scanner: &mut Scanner<'_>) -> Option<Subject> {
    let rest = scanner.rest();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        scanner.at += digits;
        return Some(Subject::Positional(
            rest.get(..digits)?.parse().unwrap_or(usize::MAX),
        ));
    }
    let length = name_length(rest);
    if length > 0 {
        scanner.at += length;
        return Some(Subject::Variable(rest.get(..length)?.to_owned()));
    }
    let first = rest.chars().next().filter(|c| is_special(*c))?;
    scanner.at += 1;
    Some(Subject::Special(first))
}

fn index(scanner: &mut Scanner<'_>) -> Result<Option<Index>, String> {
    if scanner.take("[@]") {
        return Ok(Some(Index::Each));
    }
    if scanner.take("[*]") {
        return Ok(Some(Index::Joined));
    }
    if !scanner.take("[") {
        return Ok(None);
    }
    let start = scanner.at;
    let pieces = bracketed(scanner, Context::Bare)?;
    let source = scanner
        .source
        .get(start..scanner.at - 1)
        .unwrap_or_default();
    Ok(Some(Index::At(Word {
        source: source.into(),
        pieces,
    })))
}

/// The pieces up to the `]` that belongs to a `[` before them.
pub fn bracketed(scanner: &mut Scanner<'_>, context: Context) -> Result<Vec<Piece>, String> {
    let mut pieces = scanner.pieces(context, b"[]")?;
    while scanner.take("[") {
        pieces.push(Piece::Text("[".to_owned()));
        pieces.append(&mut bracketed(scanner, context)?);
        pieces.push(Piece::Text("]".to_owned()));
        pieces.append(&mut scanner.pieces(context, b"[]")?);
    }
    if scanner.take("]") {
        Ok(pieces)
    } else {
        Err(unended(']'))
    }
}

fn operation(scanner: &mut Scanner<'_>, context: Context) -> Result<Option<Operation>, String> {
    if scanner.peek() == Some(b'}') {
        return Ok(Some(Operation::Value));
    }
    let colon = scanner.rest().starts_with(':');
    let sign = scanner.rest().chars().nth(usize::from(colon));
    if let Some(sign @ ('-' | '=' | '?' | '+')) = sign {
        scanner.at += 1 + usize::from(colon);
        let emptiness = if colon {
            Emptiness::CountsAsUnset
        } else {
            Emptiness::IsAValue
        };
        let inside = if context.is_double() {
            Context::DoubleWord
        } else {
            Context::Bare
        };
        return Ok(Some(Operation::Default(
            sign,
            emptiness,
            word(scanner, inside, b"}")?,
        )));
    }
    if scanner.take(":") {
        let offset = arithmetic(scanner)?;
        let length = if scanner.take(":") {
            Some(arithmetic(scanner)?)
        } else {
            None
        };
        return Ok(Some(Operation::Substring(offset, length)));
    }
    // Quotes in patterns count even inside double quotes.
    let pattern = |scanner: &mut Scanner<'_>| word(scanner, Context::Bare, b"}");
    for (sign, extent) in [("##", Extent::Most), ("#", Extent::Least)] {
        if scanner.take(sign) {
            return Ok(Some(Operation::TrimPrefix(extent, pattern(scanner)?)));
        }
    }
    for (sign, extent) in [("%%", Extent::Most), ("%", Extent::Least)] {
        if scanner.take(sign) {
            return Ok(Some(Operation::TrimSuffix(extent, pattern(scanner)?)));
        }
    }
    for (sign, place) in [
        ("//", Place::All),
        ("/#", Place::Start),
        ("/%", Place::End),
        ("/", Place::First),
    ] {
        if scanner.take(sign) {
            return replacement(scanner, place, context).map(Some);
        }
    }
    for (sign, extent) in [
        ("^^", Extent::Most),
        ("^", Extent::Least),
        (",,", Extent::Most),
        (",", Extent::Least),
    ] {
        if scanner.take(sign) {
            let pattern = pattern(scanner)?;
            let pattern = (!pattern.pieces.is_empty()).then_some(pattern);
            let direction = if sign.starts_with('^') { '^' } else { ',' };
            return Ok(Some(Operation::Case(direction, extent, pattern)));
        }
    }
    if scanner.take("@") {
        return Ok(scanner.character().map(Operation::Transform));
    }
    Ok(None)
}

fn replacement(
    scanner: &mut Scanner<'_>,
    place: Place,
    context: Context,
) -> Result<Operation, String> {
    let start = scanner.at;
    let mut pieces = Vec::new();
    // A slash right at the start belongs to the pattern.
    if place != Place::All && scanner.take("/") {
        pieces.push(Piece::Text("/".to_owned()));
    }
    pieces.append(&mut scanner.pieces(Context::Bare, b"/}")?);
    let source = scanner.source.get(start..scanner.at).unwrap_or_default();
    let pattern = Word {
        source: source.into(),
        pieces,
    };
    let with = if scanner.take("/") {
        let inside = if context.is_double() {
            Context::DoubleWord
        } else {
            Context::Bare
        };
        word(scanner, inside, b"}")?
    } else {
        Word::default()
    };
    Ok(Operation::Replace(place, pattern, with))
}

fn word(scanner: &mut Scanner<'_>, context: Context, stops: &[u8]) -> Result<Word, String> {
    let start = scanner.at;
    let pieces = scanner.pieces(context, stops)?;
    let source = scanner.source.get(start..scanner.at).unwrap_or_default();
    Ok(Word {
        source: source.into(),
        pieces,
    })
}

/// An expression up to `:` or `}` outside of parentheses and of `?:`.
fn arithmetic(scanner: &mut Scanner<'_>) -> Result<Word, String> {
    let start = scanner.at;
    let mut pieces = Vec::new();
    let (mut depth, mut questions) = (0_u32, 0_u32);
    loop {
        pieces.append(&mut scanner.pieces(Context::DoubleWord, b"():?}")?);
        match scanner.peek() {
            Some(b'(') => depth += 1,
            Some(b')') => depth = depth.saturating_sub(1),
            Some(b'?') => questions += 1,
            Some(b':') if depth > 0 => {}
            Some(b':') if questions > 0 => questions -= 1,
            _ => break,
        }
        pieces.extend(scanner.character().map(|c| Piece::Text(c.to_string())));
    }
    let source = scanner.source.get(start..scanner.at).unwrap_or_default();
    Ok(Word {
        source: source.into(),
        pieces,
    })
}
