//! What a session shows before it reads: `PS1` for a command and `PS2` for the rest of one, with bash's escapes.

use crate::expand;
use crate::shell::Shell;
use crate::syntax::word::{self, Context};

/// Gives the prompts the values that they have until somebody sets them.
pub fn set_defaults(shell: &mut Shell) {
    for (name, value) in [("PS1", "\\w\\$ "), ("PS2", "> ")] {
        if shell.variables.get(name).is_none() {
            // A new variable is not read-only.
            let _ = shell.variables.set(name, value);
        }
    }
}

/// The prompt in this variable, with its escapes and then its parameters and substitutions replaced.
pub async fn expand(shell: &mut Shell, name: &str) -> String {
    let source = shell.variables.text(name).unwrap_or_default();
    let decoded = decode(shell, &source);
    let status = shell.status;
    let words = match word::parse(&decoded, Context::Here) {
        Ok(word) => expand::document(shell, &word).await.unwrap_or(decoded),
        Err(_) => decoded,
    };
    shell.status = status;
    words
}

/// The escapes of bash's prompts (bash 5.2 manual, "Controlling the Prompt") that mean something here; others stay.
fn decode(shell: &Shell, source: &str) -> String {
    let mut decoded = String::with_capacity(source.len());
    let mut rest = source.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            decoded.push(character);
            continue;
        }
        match rest.next() {
            Some('w') => decoded.push_str(&literal(&directory(shell))),
            Some('W') => {
                let directory = directory(shell);
                let base = directory.rsplit('/').next().filter(|base| !base.is_empty());
                decoded.push_str(&literal(base.unwrap_or(&directory)));
            }
            Some('u') => decoded.push_str(&variable(shell, "USER", "user")),
            Some('h' | 'H') => decoded.push_str(&variable(shell, "HOSTNAME", "sandbox")),
            Some('s') => decoded.push_str(&literal(&shell.name)),
            Some('$') => decoded.push_str("\\$"),
            Some('n') => decoded.push('\n'),
            Some('a') => decoded.push('\x07'),
            Some('e') => decoded.push('\x1b'),
            Some('[' | ']') => {}
            Some('\\') => decoded.push_str("\\\\"),
            Some(other) => decoded.extend(['\\', other]),
            None => decoded.push('\\'),
        }
    }
    decoded
}

fn variable(shell: &Shell, name: &str, otherwise: &str) -> String {
    let value = shell.variables.text(name);
    literal(value.as_deref().unwrap_or(otherwise))
}

/// Text that the expansion after this one leaves as it is.
fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '$' | '`' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

/// The working directory, with `~` for the home directory.
fn directory(shell: &Shell) -> String {
    let home = shell.variables.text("HOME").filter(|home| home.len() > 1);
    let below = home.and_then(|home| {
        let rest = shell.directory.strip_prefix(home.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("~{rest}"))
    });
    below.unwrap_or_else(|| shell.directory.to_string())
}
