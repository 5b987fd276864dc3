//! Shell patterns as `fnmatch` has them, for names and for whole paths.

use globset::{GlobBuilder, GlobMatcher};

/// Whether letters match in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// As they are written.
    Sensitive,
    /// In both.
    Insensitive,
}

/// A matcher of `pattern`, in which `*` matches slashes too; braces are no special characters.
pub fn matcher(pattern: &str, case: Case) -> Result<GlobMatcher, String> {
    let mut escaped = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // Two stars are special to globset, and mean the same as one here.
            '*' => {
                escaped.push('*');
                while characters.next_if_eq(&'*').is_some() {}
            }
            '\\' => {
                escaped.push('\\');
                escaped.push(characters.next().unwrap_or('\\'));
            }
            other => escaped.push(other),
        }
    }
    GlobBuilder::new(&escaped)
        .literal_separator(false)
        .backslash_escape(true)
        .case_insensitive(case == Case::Insensitive)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}
