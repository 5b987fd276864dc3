//! Writing text so that the shell reads it back.

/// As `set -x` and `printf %q` do: bare if it can be.
pub fn if_needed(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    if text.chars().any(|c| c.is_control()) {
        return ansi_c(text);
    }
    let is_bare = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "_-+=/.,:@%^".contains(c);
    if text.chars().all(is_bare) && !text.starts_with('~') {
        text.to_owned()
    } else {
        single(text)
    }
}

/// With backslashes, as `printf %q` does.
pub fn backslashed(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    if text.chars().any(|c| c.is_control()) {
        return ansi_c(text);
    }
    let mut quoted = String::new();
    for (index, c) in text.chars().enumerate() {
        let is_bare = !c.is_ascii() || c.is_ascii_alphanumeric() || "_-+=/.:@%".contains(c);
        if !(is_bare || matches!(c, '~' | '#') && index > 0) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// In single quotes, as `${x@Q}` and `alias` do.
pub fn single(text: &str) -> String {
    if text.chars().any(|c| c.is_control()) {
        return ansi_c(text);
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// In double quotes, as `declare -p` does.
pub fn double(text: &str) -> String {
    if text.chars().any(|c| c.is_control()) {
        return ansi_c(text);
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        if matches!(c, '"' | '$' | '`' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn ansi_c(text: &str) -> String {
    let mut quoted = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\u{1b}' => quoted.push_str("\\E"),
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\{:03o}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}
