//! Backslash escapes of `$'…'`, `echo -e`, `printf` and `${x@E}`.

/// Who writes the escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `$'…'`: `\nnn` is octal, `\'` a quote, `\cx` a control character.
    AnsiC,
    /// `echo -e` and printf's `%b`: octal is `\0nnn`, `\c` ends the output.
    Echo,
    /// printf's `%b`, which takes `\nnn` as well.
    PrintfB,
    /// A printf format: `\nnn` is octal.
    Printf,
}

/// Bytes, and whether `\c` has said that nothing may follow.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What the escapes stand for.
    pub bytes: Vec<u8>,
    /// `\c` was met.
    pub ends: bool,
}

/// Resolves the escapes of a text.
pub fn decode(text: &str, dialect: Dialect) -> Decoded {
    let raw = crate::text::to_bytes(text);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some(&letter) = raw.get(at) else {
            bytes.push(b'\\');
            break;
        };
        at += 1;
        match letter {
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b'e' | b'E' => bytes.push(27),
            b'f' => bytes.push(12),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(11),
            b'\\' => bytes.push(b'\\'),
            b'\'' | b'"' | b'?' if dialect == Dialect::AnsiC => bytes.push(letter),
            b'"' if dialect == Dialect::Printf => bytes.push(b'"'),
            b'c' if dialect == Dialect::AnsiC => {
                bytes.extend(raw.get(at).map(|c| c & 0x1F));
                at += 1;
            }
            b'c' if dialect != Dialect::Printf => return Decoded { bytes, ends: true },
            b'x' => at = number(&raw, at, 16, 2, &mut bytes, b"\\x"),
            b'u' => at = code_point(&raw, at, 4, &mut bytes, b"\\u"),
            b'U' => at = code_point(&raw, at, 8, &mut bytes, b"\\U"),
            b'0' if matches!(dialect, Dialect::Echo | Dialect::PrintfB) => {
                at = octal(&raw, at, 3, &mut bytes);
            }
            b'0'..=b'7' if dialect != Dialect::Echo => at = octal(&raw, at - 1, 3, &mut bytes),
            other => bytes.extend([b'\\', other]),
        }
    }
    Decoded { bytes, ends: false }
}

fn digits(raw: &[u8], at: usize, base: u32, most: usize) -> (u32, usize) {
    let mut value = 0_u32;
    let mut length = 0;
    while length < most {
        let digit = raw
            .get(at + length)
            .and_then(|c| char::from(*c).to_digit(base));
        let Some(digit) = digit else { break };
        value = value.wrapping_mul(base).wrapping_add(digit);
        length += 1;
    }
    (value, length)
}

fn octal(raw: &[u8], at: usize, most: usize, bytes: &mut Vec<u8>) -> usize {
    let (value, length) = digits(raw, at, 8, most);
    bytes.push((value & 0xFF) as u8);
    at + length
}

fn number(
    raw: &[u8],
    at: usize,
    base: u32,
    most: usize,
    bytes: &mut Vec<u8>,
    else_: &[u8],
) -> usize {
    let (value, length) = digits(raw, at, base, most);
    if length == 0 {
        bytes.extend_from_slice(else_);
    } else {
        bytes.push((value & 0xFF) as u8);
    }
    at + length
}

fn code_point(raw: &[u8], at: usize, most: usize, bytes: &mut Vec<u8>, else_: &[u8]) -> usize {
    let (value, length) = digits(raw, at, 16, most);
    match char::from_u32(value) {
        Some(character) if length > 0 => {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => bytes.extend_from_slice(else_),
    }
    at + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_reads_octal_in_its_own_way() {
        assert_eq!(decode(r"\101", Dialect::AnsiC).bytes, b"A");
        assert_eq!(decode(r"\0101", Dialect::Echo).bytes, b"A");
        assert_eq!(decode(r"\101", Dialect::Echo).bytes, br"\101");
        assert_eq!(decode(r"\u00e4", Dialect::Printf).bytes, "ä".as_bytes());
        assert!(decode(r"a\cb", Dialect::Echo).ends);
    }
}
