//! Cassettes: recorded model turns as JSON Lines.
//!
//! The first line is `{"massgen_cassette":1}`; every further line is one [`CassetteTurn`]. Lines are read strictly:
//! a cassette that is not understood is refused with the line that is wrong, never played in part.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::turn::{BackendError, Chunk, ErrorKind, Stage};

/// The version that this program writes and reads.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    massgen_cassette: u64,
}

/// One recorded model turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CassetteTurn {
    /// The agent that asked.
    pub agent: String,
    /// The stage of the run.
    pub stage: Stage,
    /// Labels of the answers that the agent was shown, sorted.
    #[serde(default)]
    pub sees: Vec<String>,
    /// What the model said, with placeholders; the last is [`Chunk::Done`].
    pub chunks: Vec<Chunk>,
}

/// A cassette in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Cassette {
    /// Where it was read from.
    pub path: PathBuf,
    /// Its turns in the order of the file.
    pub turns: Vec<CassetteTurn>,
}

impl Cassette {
    /// Reads a cassette file.
    ///
    /// # Errors
    /// [`ErrorKind::Cassette`] with file and line when the file cannot be read or a line is not understood.
    pub fn load(path: &Path) -> Result<Self, BackendError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            cassette_error(format!(
                "the cassette {} cannot be read: {error}",
                path.display()
            ))
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a cassette; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Cassette::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, BackendError> {
        let at = |number: usize, reason: String| {
            cassette_error(format!(
                "the cassette {}, line {number}: {reason}",
                path.display()
            ))
        };
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim().is_empty());
        let (number, first) = lines.next().unwrap_or((1, ""));
        check_header(first).map_err(|reason| at(number, reason))?;
        let turns = lines
            .map(|(number, line)| parse_turn(line).map_err(|reason| at(number, reason)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            path: path.to_owned(),
            turns,
        })
    }
}

/// The header line of a new cassette, without its line end.
pub(crate) fn header_line() -> Result<String, serde_json::Error> {
    serde_json::to_string(&Header {
        massgen_cassette: VERSION,
    })
}

pub(crate) fn cassette_error(message: String) -> BackendError {
    BackendError {
        kind: ErrorKind::Cassette,
        message,
    }
}

fn check_header(line: &str) -> Result<(), String> {
    match serde_json::from_str::<Header>(line) {
        Ok(Header {
            massgen_cassette: VERSION,
        }) => Ok(()),
        Ok(Header {
            massgen_cassette: other,
        }) => Err(format!(
            "version {other} is not known to this program, which plays version {VERSION}"
        )),
        Err(error) => Err(format!(
            "expected the header {{\"massgen_cassette\":{VERSION}}} as the first line ({error}); is this a cassette?"
        )),
    }
}

fn parse_turn(line: &str) -> Result<CassetteTurn, String> {
    let mut turn: CassetteTurn = serde_json::from_str(line)
        .map_err(|error| format!("this is not a recorded turn: {error}"))?;
    let done = turn
        .chunks
        .iter()
        .position(|chunk| matches!(chunk, Chunk::Done { .. }));
    if done.map(|position| position + 1) != Some(turn.chunks.len()) {
        return Err(
            "the turn must hold exactly one chunk of type \"done\", as its last".to_owned(),
        );
    }
    turn.sees.sort();
    Ok(turn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::turn::FinishReason;

    const TURN: &str = r#"{"agent":"a","stage":"coordination","sees":["b.1","a.1"],"chunks":[{"type":"content","text":"Hi"},{"type":"tool_call","id":"1","name":"vote","arguments":"{}"},{"type":"usage","input_tokens":3,"output_tokens":null},{"type":"done","finish_reason":"tool_calls"}]}"#;

    fn parse(lines: &[&str]) -> Result<Cassette, BackendError> {
        Cassette::parse(&lines.join("\n"), Path::new("demo.jsonl"))
    }

    fn error(lines: &[&str]) -> String {
        let error = parse(lines).expect_err("a refused cassette");
        assert_eq!(error.kind, ErrorKind::Cassette);
        error.message
    }

    #[test]
    fn a_hand_written_turn_is_read() {
        let cassette = parse(&[r#"{"massgen_cassette":1}"#, "", TURN]).expect("a cassette");
        let [turn] = cassette.turns.as_slice() else {
            panic!("one turn")
        };
        assert_eq!(
            (turn.agent.as_str(), turn.stage),
            ("a", Stage::Coordination)
        );
        assert_eq!(turn.sees, ["a.1", "b.1"]);
        assert_eq!(turn.chunks.len(), 4);
        assert_eq!(
            turn.chunks[3],
            Chunk::Done {
                finish_reason: FinishReason::ToolCalls
            }
        );
    }

    #[test]
    fn a_file_without_the_header_is_refused() {
        assert!(error(&[]).starts_with("the cassette demo.jsonl, line 1: expected the header"));
        assert!(error(&[TURN]).contains("line 1: expected the header"));
        assert!(error(&[r#"{"massgen_cassette":2}"#]).contains("version 2 is not known"));
    }

    #[test]
    fn a_malformed_line_is_named() {
        for (line, reason) in [
            ("{", "not a recorded turn"),
            (r#"{"agent":"a","stage":"lunch","chunks":[]}"#, "lunch"),
            (
                r#"{"agent":"a","stage":"presentation","seen":[],"chunks":[]}"#,
                "seen",
            ),
            (
                r#"{"agent":"a","stage":"presentation","chunks":[]}"#,
                "as its last",
            ),
            (
                r#"{"agent":"a","stage":"presentation","chunks":[{"type":"done","finish_reason":"stop"},{"type":"content","text":""}]}"#,
                "as its last",
            ),
        ] {
            let message = error(&[r#"{"massgen_cassette":1}"#, TURN, line]);
            assert!(
                message.starts_with("the cassette demo.jsonl, line 3: "),
                "{message}"
            );
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Cassette::load(Path::new("/no/such/tape.jsonl")).expect_err("no file");
        assert!(error.message.contains("/no/such/tape.jsonl"), "{error}");
    }
}
