//! Swaps the paths of one run for names (`${workspace}`) when a cassette is recorded, and back when it is played.
//!
//! Both directions read the text once from left to right. A name that the model itself wrote is kept apart by an
//! escape: `${$}` stands for a dollar sign, so that playing gives back exactly what was recorded.

use crate::turn::{Chunk, Placeholders, ToolCall};

const DOLLAR: &str = "${$}";

/// Which way a chunk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Values become names.
    Record,
    /// Names become values.
    Play,
}

/// The chunk with its placeholders swapped. Arguments are JSON text: there a value is written as inside a JSON string.
pub(crate) fn swap(chunk: Chunk, placeholders: &Placeholders, direction: Direction) -> Chunk {
    let in_text = |text: &str| swap_text(text, placeholders, direction);
    match chunk {
        Chunk::Content { text } => Chunk::Content {
            text: in_text(&text),
        },
        Chunk::Reasoning { text } => Chunk::Reasoning {
            text: in_text(&text),
        },
        Chunk::ToolCall(call) => {
            let arguments = swap_text(&call.arguments, &inside_json(placeholders), direction);
            Chunk::ToolCall(ToolCall { arguments, ..call })
        }
        other => other,
    }
}

fn inside_json(placeholders: &Placeholders) -> Placeholders {
    let escape = |value: &str| {
        let quoted = serde_json::Value::from(value).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    placeholders
        .iter()
        .map(|(name, value)| (name.clone(), escape(value)))
        .collect()
}

fn swap_text(text: &str, placeholders: &Placeholders, direction: Direction) -> String {
    let mut swapped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (piece, consumed) = match direction {
            Direction::Record => record_step(rest, placeholders),
            Direction::Play => play_step(rest, placeholders),
        }
        .unwrap_or((&rest[..next.len_utf8()], next.len_utf8()));
        swapped.push_str(piece);
        rest = &rest[consumed..];
    }
    swapped
}

/// What to write for the beginning of `rest`, and how many bytes of it that stands for.
fn record_step<'a>(rest: &str, placeholders: &'a Placeholders) -> Option<(&'a str, usize)> {
    let value = placeholders
        .iter()
        .find(|(_, value)| !value.is_empty() && rest.starts_with(value.as_str()));
    if let Some((name, value)) = value {
        return Some((name, value.len()));
    }
    let looks_like_a_name = rest.starts_with(DOLLAR)
        || placeholders
            .iter()
            .any(|(name, _)| rest.starts_with(name.as_str()));
    looks_like_a_name.then_some((DOLLAR, 1))
}

fn play_step<'a>(rest: &str, placeholders: &'a Placeholders) -> Option<(&'a str, usize)> {
    if rest.starts_with(DOLLAR) {
        return Some(("$", DOLLAR.len()));
    }
    let (name, value) = placeholders
        .iter()
        .find(|(name, _)| rest.starts_with(name.as_str()))?;
    Some((value, name.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use proptest::prelude::*;

    fn placeholders(pairs: &[(&str, &str)]) -> Placeholders {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn call(arguments: &str) -> Chunk {
        Chunk::ToolCall(ToolCall {
            id: "1".into(),
            name: "write_file".into(),
            arguments: arguments.into(),
        })
    }

    #[test]
    fn a_longer_value_is_named_before_a_value_that_is_its_prefix() {
        let known = placeholders(&[("${workspace}", "/run/a/desk"), ("${run}", "/run/a")]);
        assert_eq!(
            swap_text("/run/a/desk/x and /run/a/log", &known, Direction::Record),
            "${workspace}/x and ${run}/log"
        );
    }

    #[test]
    fn a_value_is_escaped_where_it_stands_in_json() {
        let known = placeholders(&[("${workspace}", r#"C:\tmp\"odd""#)]);
        let played = swap(
            call(r#"{"path":"${workspace}\\a"}"#),
            &known,
            Direction::Play,
        );
        let Chunk::ToolCall(played_call) = &played else {
            panic!("a tool call")
        };
        let arguments: serde_json::Value =
            serde_json::from_str(&played_call.arguments).expect("valid JSON");
        assert_eq!(arguments["path"], r#"C:\tmp\"odd"\a"#);
        assert_eq!(
            swap(played, &known, Direction::Record),
            call(r#"{"path":"${workspace}\\a"}"#)
        );
    }

    #[test]
    fn an_unknown_name_stays_as_it_is() {
        assert_eq!(
            swap_text(
                "${HOME} $5",
                &placeholders(&[("${w}", "/w")]),
                Direction::Play
            ),
            "${HOME} $5"
        );
    }

    proptest! {
        #[test]
        fn playing_gives_back_what_was_recorded(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("/w".to_owned()), Just("/w/x".to_owned()), Just("${w}".to_owned()), Just("${x}".to_owned()),
                    Just("${$}".to_owned()), Just("$".to_owned()), Just("${".to_owned()), Just("}".to_owned()),
                    Just("w".to_owned()), "\\PC{0,3}",
                ],
                0..12,
            ),
        ) {
            let known = placeholders(&[("${x}", "/w/x"), ("${w}", "/w")]);
            for chunk in [Chunk::Content { text: pieces.concat() }, call(&pieces.concat())] {
                let recorded = swap(chunk.clone(), &known, Direction::Record);
                prop_assert_eq!(swap(recorded, &known, Direction::Play), chunk);
            }
        }
    }
}
