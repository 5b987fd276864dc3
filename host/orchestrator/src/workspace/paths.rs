//! Rewriting of paths in answers, so that a text names a file where its reader can find it (`spec/01` §7.3, §7.1).

use std::cmp::Reverse;
use std::path::Path;

/// Replaces each occurrence of a path, alone or as the beginning of a longer path, by its replacement. Where several
/// paths fit, the longest one counts; `/w/agent1` does not fit in `/w/agent10` or `/other/w/agent1`. Replaced text is
/// not looked at again. Paths that are not UTF-8 cannot occur in a text.
pub fn normalise_paths<P: AsRef<Path>, R: AsRef<str>>(
    text: &str,
    replacements: &[(P, R)],
) -> String {
    let mut known: Vec<(&str, &str)> = replacements
        .iter()
        .filter_map(|(path, with)| Some((path.as_ref().to_str()?, with.as_ref())))
        .map(|(path, with)| (path.trim_end_matches('/'), with))
        .filter(|(path, _)| !path.is_empty())
        .collect();
    known.sort_by_key(|(path, _)| Reverse(path.len()));

    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let may_begin = !result.ends_with(|last: char| is_name(last) || last == '.');
        let found = known
            .iter()
            .find(|(path, _)| may_begin && rest.strip_prefix(path).is_some_and(ends_a_component));
        let taken = if let Some((path, with)) = found {
            result.push_str(with);
            path.len()
        } else {
            result.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    result
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// True if a path that stands before `rest` is not merely the beginning of a longer name. A full stop at the end of a
/// sentence ends the name, one before a file extension does not.
fn ends_a_component(rest: &str) -> bool {
    let mut following = rest.trim_start_matches('.').chars();
    !following.next().is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalise(text: &str) -> String {
        let replacements = [
            ("/w/agent1", "/tmp/a/agent1"),
            ("/w/agent10", "/tmp/a/agent10"),
            ("/tmp/a", "LOOP"),
            ("", "NOTHING"),
        ];
        normalise_paths(text, &replacements)
    }

    #[test]
    fn a_path_is_replaced_alone_and_as_the_beginning_of_a_longer_one() {
        assert_eq!(
            normalise("see /w/agent1/main.py in /w/agent1."),
            "see /tmp/a/agent1/main.py in /tmp/a/agent1."
        );
        assert_eq!(
            normalise("`/w/agent1`: cwd=/w/agent1"),
            "`/tmp/a/agent1`: cwd=/tmp/a/agent1"
        );
        assert_eq!(normalise("file:///w/agent1/x"), "file:///tmp/a/agent1/x");
    }

    #[test]
    fn the_longest_path_that_fits_counts() {
        assert_eq!(normalise("/w/agent10/x"), "/tmp/a/agent10/x");
    }

    #[test]
    fn names_that_merely_begin_or_end_like_a_path_stay() {
        for text in [
            "/w/agent12/x",
            "/w/agent1_old",
            "/w/agent1-x",
            "/w/agent1.bak",
            "/other/w/agent1",
            "../w/agent1",
        ] {
            assert_eq!(normalise(text), text);
        }
    }

    #[test]
    fn a_replacement_is_not_replaced_again() {
        assert_eq!(normalise("/w/agent1 /tmp/a"), "/tmp/a/agent1 LOOP");
    }

    #[test]
    fn text_beyond_ascii_survives() {
        assert_eq!(
            normalise("Größe → /w/agent1 ✅"),
            "Größe → /tmp/a/agent1 ✅"
        );
    }
}
