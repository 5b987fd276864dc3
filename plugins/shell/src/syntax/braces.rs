//! Brace expansion: `a{b,c}d`, `{1..9}`, `{01..10..3}`, `{a..e}`. It works on the source of a word, before anything else.

/// More words than this are refused, so that `{1..1000000000}` cannot eat the memory.
pub const MOST: usize = 100_000;

/// The words that a word's braces stand for; none if they are too many.
pub fn expand(word: &str) -> Option<Vec<String>> {
    if !word.contains('{') {
        return Some(vec![word.to_owned()]);
    }
    let mut left = MOST;
    let words = expand_within(word, &mut left, 0)?;
    Some(words)
}

const DEEPEST: u32 = 50;

fn expand_within(word: &str, left: &mut usize, depth: u32) -> Option<Vec<String>> {
    let bytes = word.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' && depth < DEEPEST {
            if let Some((end, commas)) = closing(bytes, at) {
                let members = members(word, at, end, &commas, left, depth)?;
                if let Some(members) = members {
                    let head = word.get(..at)?;
                    let tails = expand_within(word.get(end + 1..)?, left, depth + 1)?;
                    *left = left.checked_sub(members.len().checked_mul(tails.len())?)?;
                    let mut words = Vec::new();
                    for member in &members {
                        words.extend(tails.iter().map(|tail| format!("{head}{member}{tail}")));
                    }
                    return Some(words);
                }
            }
        }
        at = skip(bytes, at);
    }
    Some(vec![word.to_owned()])
}

/// The next place at which braces may stand: quotes, escapes and expansions are stepped over.
fn skip(bytes: &[u8], at: usize) -> usize {
    let after = |from: usize, end: u8, escapes: bool| {
        let mut at = from;
        while at < bytes.len() && bytes[at] != end {
            at += 1 + usize::from(escapes && bytes[at] == b'\\');
        }
        at + 1
    };
    match bytes[at] {
        b'\\' => at + 2,
        b'\'' => after(at + 1, b'\'', false),
        b'"' => after(at + 1, b'"', true),
        b'`' => after(at + 1, b'`', true),
        b'$' => match bytes.get(at + 1) {
            Some(b'{') => balanced(bytes, at + 1, b'{', b'}'),
            Some(b'(') => balanced(bytes, at + 1, b'(', b')'),
            _ => at + 1,
        },
        _ => at + 1,
    }
}

fn balanced(bytes: &[u8], from: usize, open: u8, close: u8) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at < bytes.len() {
        if bytes[at] == open {
            depth += 1;
            at += 1;
        } else if bytes[at] == close {
            depth -= 1;
            at += 1;
            if depth == 0 {
                return at;
            }
        } else {
            at = skip(bytes, at);
        }
    }
    bytes.len()
}

/// The `}` that belongs to the `{` at this place, and the commas between them.
fn closing(bytes: &[u8], open: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0_u32;
    let mut commas = Vec::new();
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some((at, commas)),
            b'}' => depth -= 1,
            b',' if depth == 0 => commas.push(at),
            _ => {
                at = skip(bytes, at);
                continue;
            }
        }
        at += 1;
    }
    None
}

/// What stands between the braces, expanded. `Some(None)` if they mean themselves.
#[expect(
    clippy::option_option,
    reason = "too many words differ from no brace expansion"
)]
fn members(
    word: &str,
    open: usize,
    end: usize,
    commas: &[usize],
    left: &mut usize,
    depth: u32,
) -> Option<Option<Vec<String>>> {
    if commas.is_empty() {
        return sequence(word.get(open + 1..end)?, *left);
    }
    let mut members = Vec::new();
    let mut start = open + 1;
    for stop in commas.iter().copied().chain([end]) {
        members.extend(expand_within(word.get(start..stop)?, left, depth + 1)?);
        start = stop + 1;
    }
    Some(Some(members))
}

#[expect(
    clippy::option_option,
    reason = "too many words differ from no brace expansion"
)]
fn sequence(inner: &str, left: usize) -> Option<Option<Vec<String>>> {
    let parts: Vec<&str> = inner.split("..").collect();
    let (first, last, step) = match parts.as_slice() {
        [first, last] => (*first, *last, "1"),
        [first, last, step] => (*first, *last, *step),
        _ => return Some(None),
    };
    let Ok(step) = step.parse::<i64>() else {
        return Some(None);
    };
    let step = step.unsigned_abs().max(1);
    let letter = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(i64::from(*byte)),
        _ => None,
    };
    let (from, to, show): (i64, i64, Box<dyn Fn(i64) -> String>) =
        if let (Ok(from), Ok(to)) = (first.parse::<i64>(), last.parse::<i64>()) {
            let is_padded = |text: &str| {
                let digits = text.trim_start_matches('-');
                digits.len() > 1 && digits.starts_with('0')
            };
            let width = if is_padded(first) || is_padded(last) {
                first.len().max(last.len())
            } else {
                0
            };
            (from, to, Box::new(move |value| format!("{value:0width$}")))
        } else if let (Some(from), Some(to)) = (letter(first), letter(last)) {
            let show = |value| {
                u8::try_from(value).map_or_else(|_| String::new(), |c| char::from(c).to_string())
            };
            (from, to, Box::new(show))
        } else {
            return Some(None);
        };
    let distance = from.abs_diff(to);
    let count = usize::try_from(distance / step).ok()?.checked_add(1)?;
    if count > left {
        return None;
    }
    let nth = |index: u64| {
        let offset = index.wrapping_mul(step) as i64;
        if from <= to {
            from.wrapping_add(offset)
        } else {
            from.wrapping_sub(offset)
        }
    };
    Some(Some(
        (0..count as u64).map(|index| show(nth(index))).collect(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::expand;

    #[test]
    fn braces_expand_as_in_bash() {
        assert_eq!(expand("a{b,c{d,e}}f").unwrap(), ["abf", "acdf", "acef"]);
        assert_eq!(expand("{01..10..4}").unwrap(), ["01", "05", "09"]);
        assert_eq!(expand("{c..a}").unwrap(), ["c", "b", "a"]);
        assert_eq!(expand("{a}{}").unwrap(), ["{a}{}"]);
        assert_eq!(expand("'{a,b}'${x}").unwrap(), ["'{a,b}'${x}"]);
    }

    #[test]
    fn too_many_words_are_refused_before_they_are_made() {
        assert_eq!(expand("{1..1000000000}"), None);
        assert_eq!(expand("{1..999}{1..999}"), None);
    }
}
