//! POSIX regular expressions in the syntax of the `regex` crate: the same characters are special, or escaped, as in
//! grep, sed and awk. Where POSIX takes the longest alternative, the crate takes the first one that matches.

/// Which characters are special without a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `grep`, `find -regex` in part: `\(`, `\{`, `\|`, `\+`, `\?` are special.
    Basic,
    /// `grep -E`, `awk`: `(`, `{`, `|`, `+`, `?` are special.
    Extended,
}

/// Whether a pattern refers back to what a group matched, which finite automata cannot.
pub fn refers_back(pattern: &str) -> bool {
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == '\\'
            && characters
                .next()
                .is_some_and(|next| matches!(next, '1'..='9'))
        {
            return true;
        }
    }
    false
}

/// Rewrites `pattern`. What is no valid regular expression stays invalid and is refused by the crate.
pub fn translate(pattern: &str, syntax: Syntax) -> String {
    let characters: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 8);
    // At the start of the pattern or a group, where `*` is itself in a basic expression.
    let mut at_start = true;
    let mut at = 0;
    while at < characters.len() {
        let character = characters[at];
        at += 1;
        let starts_here = std::mem::replace(&mut at_start, false);
        match character {
            '\\' => {
                let Some(&next) = characters.get(at) else {
                    out.push_str("\\\\");
                    continue;
                };
                at += 1;
                match next {
                    '(' | '|' if syntax == Syntax::Basic => {
                        out.push(next);
                        at_start = true;
                    }
                    ')' | '+' | '?' if syntax == Syntax::Basic => {
                        if starts_here && next != ')' {
                            out.push_str(&literal(next))
                        } else {
                            out.push(next)
                        }
                    }
                    '{' if syntax == Syntax::Basic => at = bound(&characters, at, "\\}", &mut out),
                    '<' => out.push_str("\\b{start}"),
                    '>' => out.push_str("\\b{end}"),
                    '`' => out.push_str("\\A"),
                    '\'' => out.push_str("\\z"),
                    'b' | 'B' | 'w' | 'W' | 's' | 'S' | 'n' | 't' | 'r' | 'f' | 'v' | '1'..='9' => {
                        out.push('\\');
                        out.push(next);
                    }
                    'y' => out.push_str("\\b"),
                    other => out.push_str(&literal(other)),
                }
            }
            '[' => at = bracket(&characters, at, &mut out),
            '*' if starts_here => out.push_str(if syntax == Syntax::Basic { "\\*" } else { "" }),
            '^' => {
                // Anchors by place in a basic expression.
                if syntax == Syntax::Basic && !starts_here {
                    out.push_str("\\^");
                } else {
                    out.push('^');
                    at_start = true;
                }
            }
            '$' => {
                let ends_here = match &characters[at..] {
                    [] => true,
                    ['\\', ')' | '|', ..] => true,
                    _ => syntax == Syntax::Extended,
                };
                out.push_str(if ends_here { "$" } else { "\\$" });
            }
            '(' | '|' if syntax == Syntax::Extended => {
                out.push(character);
                at_start = true;
            }
            '+' | '?' if syntax == Syntax::Extended && starts_here => {
                out.push_str(&literal(character))
            }
            ')' | '+' | '?' if syntax == Syntax::Extended => out.push(character),
            '{' if syntax == Syntax::Extended => {
                if starts_here || !is_bound(&characters[at..]) {
                    out.push_str("\\{");
                } else {
                    at = bound(&characters, at, "}", &mut out);
                }
            }
            '.' | '*' => out.push(character),
            other => out.push_str(&literal(other)),
        }
    }
    out
}

fn literal(character: char) -> String {
    regex::escape(character.encode_utf8(&mut [0; 4]))
}

/// Whether `rest`, after a brace, is a bound such as `2,3}`.
fn is_bound(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|character| *character == '}') else {
        return false;
    };
    end > 0
        && rest[..end]
            .iter()
            .all(|character| character.is_ascii_digit() || *character == ',')
}

/// Copies a bound whose opening brace was read; gives the place after its end.
fn bound(characters: &[char], mut at: usize, end: &str, out: &mut String) -> usize {
    let end: Vec<char> = end.chars().collect();
    let mut inner = String::new();
    while at < characters.len() && !characters[at..].starts_with(&end) {
        inner.push(characters[at]);
        at += 1;
    }
    // `{,3}` counts from nothing.
    if inner.starts_with(',') {
        inner.insert(0, '0');
    }
    out.push('{');
    out.push_str(&inner);
    out.push('}');
    at + end.len()
}

/// Copies a bracket expression whose opening bracket was read; gives the place after its end. A backslash is itself
/// in POSIX; here it keeps its meaning before letters that awk and agents use in brackets, and is doubled otherwise.
fn bracket(characters: &[char], mut at: usize, out: &mut String) -> usize {
    let start = at;
    let mut inner = String::from("[");
    if characters.get(at) == Some(&'^') {
        inner.push('^');
        at += 1;
    }
    let mut first = true;
    while let Some(&character) = characters.get(at) {
        at += 1;
        match character {
            ']' if !first => {
                inner.push(']');
                out.push_str(&inner);
                return at;
            }
            '[' if characters.get(at) == Some(&':') => {
                let end = characters[at..]
                    .windows(2)
                    .position(|pair| pair == [':', ']'])
                    .filter(|end| *end > 0);
                match end {
                    Some(end) => {
                        inner.push('[');
                        inner.extend(&characters[at..at + end + 2]);
                        at += end + 2;
                    }
                    None => inner.push_str("\\["),
                }
            }
            '[' if matches!(characters.get(at), Some('.' | '='))
                && characters.get(at + 3) == Some(&']') =>
            {
                inner.push_str(&literal(characters[at + 1]));
                at += 4;
            }
            '\\' => match characters.get(at) {
                Some('n' | 't' | 'r' | 'f' | 'v' | 'd' | 'w' | 's' | 'D' | 'W' | 'S') => {
                    inner.push('\\');
                    inner.push(characters[at]);
                    at += 1;
                }
                Some(
                    next @ ('\\' | ']' | '[' | '/' | '"' | '.' | '-' | '^' | '$' | '*' | '+' | '?'
                    | '(' | ')' | '|' | '{' | '}'),
                ) if *next != ']' || characters[at + 1..].contains(&']') => {
                    inner.push_str(&bracket_literal(*next));
                    at += 1;
                }
                _ => inner.push_str("\\\\"),
            },
            '[' | '&' | '~' | ']' | '^' => inner.push_str(&bracket_literal(character)),
            other => inner.push(other),
        }
        first = false;
    }
    // Never closed: an error, which the crate states.
    out.push('[');
    out.extend(&characters[start..]);
    at
}

fn bracket_literal(character: char) -> String {
    format!("\\{character}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_and_extended_expressions_become_the_same() {
        assert_eq!(
            translate(r"\(a\|b\)\{2,3\}c\+", Syntax::Basic),
            "(a|b){2,3}c+"
        );
        assert_eq!(translate("(a|b){2,3}c+", Syntax::Extended), "(a|b){2,3}c+");
    }

    #[test]
    fn what_is_not_special_is_literal() {
        assert_eq!(translate("a+b(c)", Syntax::Basic), r"a\+b\(c\)");
        assert_eq!(translate("*a", Syntax::Basic), r"\*a");
        assert_eq!(translate("a{x", Syntax::Extended), r"a\{x");
        assert_eq!(translate("a$b^c", Syntax::Basic), r"a\$b\^c");
    }

    #[test]
    fn brackets_keep_their_members() {
        assert_eq!(translate("[]a[]", Syntax::Extended), r"[\]a\[]");
        assert_eq!(
            translate("[[:alpha:]_&&~]", Syntax::Extended),
            r"[[:alpha:]_\&\&\~]"
        );
        assert_eq!(translate("[^^]", Syntax::Extended), r"[^\^]");
    }

    #[test]
    fn references_back_are_found() {
        assert!(refers_back(r"\(a\)\1"));
        assert!(!refers_back(r"\\1"));
    }
}
