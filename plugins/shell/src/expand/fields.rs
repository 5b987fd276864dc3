//! From the fragments of an expanded word to fields: splitting by IFS, and what of a field is still a pattern.

use crate::pattern;

/// A part of an expanded word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// Stood in the source outside quotes: no splitting, but globs.
    Literal(String),
    /// Was quoted: neither.
    Quoted(String),
    /// Came from an expansion outside quotes: both.
    Result(String),
    /// Here a field ends, as between the values of `"$@"`.
    Break,
}

/// A field: its text, and the same as a pattern in which what was quoted is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The text.
    pub text: String,
    /// The pattern.
    pub pattern: String,
}

/// Splits fragments into fields.
pub fn split(fragments: Vec<Fragment>, separators: &str) -> Vec<Field> {
    let mut splitting = Splitting::default();
    for fragment in fragments {
        match fragment {
            Fragment::Literal(text) => splitting.add(&text, &text),
            Fragment::Quoted(text) => splitting.add(&text, &pattern::quote(&text)),
            Fragment::Result(text) => splitting.result(&text, separators),
            Fragment::Break => {
                splitting.finish();
                splitting.absorbs = false;
            }
        }
    }
    splitting.finish();
    splitting.fields
}

#[derive(Default)]
struct Splitting {
    fields: Vec<Field>,
    current: Option<Field>,
    /// White space has ended a field, and a separator after it belongs to the same end.
    absorbs: bool,
}

impl Splitting {
    fn add(&mut self, text: &str, pattern: &str) {
        let field = self.current.get_or_insert_default();
        field.text.push_str(text);
        field.pattern.push_str(pattern);
    }

    fn finish(&mut self) -> bool {
        let field = self.current.take();
        let had = field.is_some();
        self.fields.extend(field);
        had
    }

    fn result(&mut self, text: &str, separators: &str) {
        let mut plain = String::new();
        for character in text.chars() {
            if !separators.contains(character) {
                plain.push(character);
                continue;
            }
            if !plain.is_empty() {
                self.add(&plain, &plain);
                plain.clear();
            }
            let had = self.finish();
            if matches!(character, ' ' | '\t' | '\n') {
                self.absorbs |= had;
            } else {
                if !had && !self.absorbs {
                    self.fields.push(Field::default());
                }
                self.absorbs = false;
            }
        }
        if !plain.is_empty() {
            self.add(&plain, &plain);
        }
    }
}

/// The text of fragments in a place where nothing is split.
pub fn join(fragments: Vec<Fragment>) -> String {
    let mut joined = String::new();
    for fragment in fragments {
        match fragment {
            Fragment::Literal(text) | Fragment::Quoted(text) | Fragment::Result(text) => {
                joined.push_str(&text)
            }
            Fragment::Break => joined.push(' '),
        }
    }
    joined
}

/// The pattern that fragments make where nothing is split.
pub fn join_pattern(fragments: Vec<Fragment>) -> String {
    let mut joined = String::new();
    for fragment in fragments {
        match fragment {
            Fragment::Literal(text) | Fragment::Result(text) => joined.push_str(&text),
            Fragment::Quoted(text) => joined.push_str(&pattern::quote(&text)),
            Fragment::Break => joined.push(' '),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(fragments: Vec<Fragment>, separators: &str) -> Vec<String> {
        split(fragments, separators)
            .into_iter()
            .map(|field| field.text)
            .collect()
    }

    #[test]
    fn white_space_and_other_separators_split_in_their_own_ways() {
        let result = |text: &str| vec![Fragment::Result(text.to_owned())];
        assert_eq!(texts(result("  a  b "), " \t\n"), ["a", "b"]);
        assert_eq!(texts(result(":a::b:"), ":"), ["", "a", "", "b"]);
        assert_eq!(texts(result("a , b"), ", "), ["a", "b"]);
        assert_eq!(texts(result(""), " "), Vec::<String>::new());
    }

    #[test]
    fn quoted_text_joins_its_neighbours_and_is_never_split() {
        let fragments = vec![
            Fragment::Result("a b".to_owned()),
            Fragment::Quoted(" c*".to_owned()),
        ];
        let fields = split(fragments, " ");
        assert_eq!(fields[1].text, "b c*");
        assert_eq!(fields[1].pattern, r"b c\*");
    }
}
