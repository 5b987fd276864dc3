//! Editing passages of a text file.

use massgen_plugin::{Failure, paths};
use schemars::JsonSchema;
use serde::Deserialize;
use similar::TextDiff;

use crate::{read, write};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EditFile {
    /// The file.
    path: String,
    /// The replacements, made one after another.
    edits: Vec<Edit>,
    /// Only show what would change.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Edit {
    /// The passage to replace. It must occur exactly once.
    old_text: String,
    /// What takes its place.
    new_text: String,
}

pub fn file(arguments: EditFile) -> Result<String, Failure> {
    let path = paths::resolve(&arguments.path)?;
    let before = read::text(&path)?;
    // Edits are written with plain line ends; a file with CRLF gets them back.
    let is_crlf = before.contains("\r\n");
    let mut after = before.replace("\r\n", "\n");
    for (index, edit) in arguments.edits.iter().enumerate() {
        after = apply(&after, edit).map_err(|reason| {
            Failure::new(format!(
                "Edit {} of {}: {reason}",
                index + 1,
                path.display()
            ))
        })?;
    }
    let shown = path.display().to_string();
    let plain = before.replace("\r\n", "\n");
    let diff = TextDiff::from_lines(&plain, &after)
        .unified_diff()
        .header(&shown, &shown)
        .to_string();
    if !arguments.dry_run {
        let content = if is_crlf {
            after.replace('\n', "\r\n")
        } else {
            after
        };
        write::replace(&path, &content).map_err(|error| Failure::at("write", &path, &error))?;
    }
    Ok(if diff.is_empty() {
        "Nothing changed.".to_owned()
    } else {
        format!("```diff\n{diff}```")
    })
}

fn apply(text: &str, edit: &Edit) -> Result<String, String> {
    let (old, new) = (
        edit.old_text.replace("\r\n", "\n"),
        edit.new_text.replace("\r\n", "\n"),
    );
    if old.is_empty() {
        return Err(
            "`oldText` is empty. Give the passage to replace, or use write_file.".to_owned(),
        );
    }
    match text.matches(&old).count() {
        1 => return Ok(text.replacen(&old, &new, 1)),
        0 => {}
        several => {
            return Err(format!(
                "`oldText` occurs {several} times. Take more of its surroundings in."
            ));
        }
    }
    by_lines(text, &old, &new)
}

/// Looks for the lines of `old` with any indentation, and gives the new lines that of the place they go to.
fn by_lines(text: &str, old: &str, new: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let wanted: Vec<&str> = old.trim_end_matches('\n').split('\n').collect();
    let matches_at = |start: usize| {
        lines[start..start + wanted.len()]
            .iter()
            .zip(&wanted)
            .all(|(line, old)| line.trim() == old.trim())
    };
    let starts: Vec<usize> = (0..=lines.len().saturating_sub(wanted.len()))
        .filter(|start| wanted.len() <= lines.len() && matches_at(*start))
        .collect();
    let start =
        match starts.as_slice() {
            [start] => *start,
            [] => return Err(
                "`oldText` does not occur. Read the file again and copy the passage as it stands."
                    .to_owned(),
            ),
            several => {
                return Err(format!(
                    "`oldText` occurs {} times. Take more of its surroundings in.",
                    several.len()
                ));
            }
        };
    let (have, given) = (indentation(lines[start]), indentation(wanted[0]));
    let reindented =
        new.trim_end_matches('\n')
            .split('\n')
            .map(|line| match line.strip_prefix(given) {
                Some(rest) if !line.trim().is_empty() => format!("{have}{rest}"),
                _ => line.to_owned(),
            });
    let mut result: Vec<String> = lines[..start]
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    result.extend(reindented);
    result.extend(
        lines[start + wanted.len()..]
            .iter()
            .map(|line| (*line).to_owned()),
    );
    Ok(result.join("\n"))
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}
