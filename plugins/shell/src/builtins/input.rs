//! `read` and `mapfile`. They take no byte more than they need, for the next reader of the same end may be a child.

use std::time::Duration;

use super::{Outcome, fail};
use crate::executor;
use crate::interpret::assign::{self, Place};
use crate::shell::Shell;
use crate::system::Reader;
use crate::text;

struct Line {
    /// Bytes, each with whether a backslash quotes it.
    bytes: Vec<(u8, bool)>,
    complete: bool,
}

struct Wanted {
    raw: bool,
    delimiter: u8,
    most: Option<usize>,
    /// `-N`: the delimiter means nothing.
    exact: bool,
}

/// Bytes that are asked for at one time, at most.
const PART: usize = 4096;

async fn take(reader: &Reader, wanted: &Wanted) -> std::io::Result<Line> {
    let mut line = Line {
        bytes: Vec::new(),
        complete: false,
    };
    let mut escaped = false;
    let mut characters = 0;
    let mut part = Vec::new().into_iter();
    while wanted.most.is_none_or(|most| characters < most) {
        if part.as_slice().is_empty() {
            // A character is a byte at least, and each of what is asked for is wanted.
            let most = wanted
                .most
                .map_or(PART, |most| (most - characters).min(PART));
            part = reader.read_until(wanted.delimiter, most).await?.into_iter();
        }
        let Some(byte) = part.next() else {
            return Ok(line);
        };
        if escaped {
            escaped = false;
            if byte != b'\n' {
                line.bytes.push((byte, true));
            }
        } else if byte == b'\\' && !wanted.raw {
            escaped = true;
            continue;
        } else if byte == wanted.delimiter && !wanted.exact {
            line.complete = true;
            return Ok(line);
        } else if byte != 0 {
            line.bytes.push((byte, false));
        }
        if wanted.most.is_none() || ends_character(&line.bytes) {
            characters += 1;
        }
    }
    line.complete = true;
    Ok(line)
}

/// Whether the last byte is the end of a character, or of none.
fn ends_character(line: &[(u8, bool)]) -> bool {
    let last: Vec<u8> = line.iter().rev().take(4).map(|(byte, _)| *byte).collect();
    last.first().is_none_or(|byte| *byte < 0x80)
        || (1..=last.len()).any(|length| {
            let mut character = last[..length].to_vec();
            character.reverse();
            std::str::from_utf8(&character).is_ok()
        })
}

/// Splits a line by IFS into so many fields at most; the last one takes the rest.
fn fields(line: &[(char, bool)], separators: &str, most: usize) -> Vec<String> {
    let is_blank = |(c, quoted): &(char, bool)| {
        !quoted && separators.contains(*c) && matches!(c, ' ' | '\t' | '\n')
    };
    let is_separator = |(c, quoted): &(char, bool)| !quoted && separators.contains(*c);
    let mut rest = line;
    let trim = |mut rest: &'_ [(char, bool)]| -> usize {
        let before = rest.len();
        while let Some((first, more)) = rest.split_first() {
            if !is_blank(first) {
                break;
            }
            rest = more;
        }
        before - rest.len()
    };
    rest = &rest[trim(rest)..];
    let mut fields = Vec::new();
    while !rest.is_empty() {
        if fields.len() + 1 == most {
            let mut end = rest.len();
            while end > 0 && is_blank(&rest[end - 1]) {
                end -= 1;
            }
            let inner = &rest[..end];
            // One separator at the very end belongs to the last field only if there are others in it.
            let count = inner
                .iter()
                .filter(|c| is_separator(c) && !is_blank(c))
                .count();
            let ends = inner
                .last()
                .is_some_and(|c| is_separator(c) && !is_blank(c));
            let inner = if count == 1 && ends {
                &inner[..inner.len() - 1]
            } else {
                inner
            };
            fields.push(inner.iter().map(|(c, _)| *c).collect());
            break;
        }
        let end = rest.iter().position(is_separator).unwrap_or(rest.len());
        fields.push(rest[..end].iter().map(|(c, _)| *c).collect());
        rest = &rest[end..];
        rest = &rest[trim(rest)..];
        if rest.first().is_some_and(is_separator) {
            rest = &rest[1..];
            rest = &rest[trim(rest)..];
        }
    }
    fields
}

fn decode(bytes: &[(u8, bool)]) -> Vec<(char, bool)> {
    let plain: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
    let decoded = text::from_bytes(&plain);
    let mut at = 0;
    let mut characters = Vec::with_capacity(bytes.len());
    for character in decoded.chars() {
        let quoted = bytes.get(at).is_some_and(|(_, quoted)| *quoted);
        characters.push((character, quoted));
        at += text::to_bytes(&character.to_string()).len();
    }
    characters
}

struct ReadOptions {
    wanted: Wanted,
    array: Option<String>,
    prompt: Option<String>,
    timeout: Option<f64>,
    descriptor: u32,
}

/// Reads a line into variables.
pub async fn read(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let wanted = Wanted {
        raw: false,
        delimiter: b'\n',
        most: None,
        exact: false,
    };
    let mut options = ReadOptions {
        wanted,
        array: None,
        prompt: None,
        timeout: None,
        descriptor: 0,
    };
    let mut rest = arguments;
    while let Some((first, more)) = rest.split_first() {
        let Some(letters) = first
            .strip_prefix('-')
            .filter(|letters| !letters.is_empty())
        else {
            break;
        };
        rest = more;
        if letters == "-" {
            break;
        }
        for (index, letter) in letters.char_indices() {
            if matches!(letter, 'r' | 's' | 'e') {
                options.wanted.raw |= letter == 'r';
                continue;
            }
            let glued = &letters[index + letter.len_utf8()..];
            let value = if glued.is_empty() {
                let Some((value, more)) = rest.split_first() else {
                    return fail(
                        shell,
                        &format!("read: -{letter}: option requires an argument"),
                        2,
                    )
                    .await;
                };
                rest = more;
                value.as_str()
            } else {
                glued
            };
            if !option(&mut options, letter, value) {
                return fail(shell, &format!("read: -{letter}: invalid option"), 2).await;
            }
            break;
        }
    }
    for name in rest {
        if crate::syntax::parameter::name_length(name) != name.len() && !name.contains('[') {
            return fail(shell, &format!("read: `{name}': not a valid identifier"), 1).await;
        }
    }
    if let Some(prompt) = &options.prompt {
        shell.remark(prompt).await;
    }
    let Some(reader) = shell.reader(options.descriptor).cloned() else {
        return fail(
            shell,
            &format!(
                "read: {}: invalid file descriptor: Bad file descriptor",
                options.descriptor
            ),
            1,
        )
        .await;
    };
    let reading = take(&reader, &options.wanted);
    let line = match options.timeout {
        Some(seconds) => {
            let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            match executor::within(limit, reading).await {
                Some(line) => line,
                None => return Ok(142),
            }
        }
        None => reading.await,
    };
    let line = match line {
        Ok(line) => line,
        Err(error) => {
            return fail(
                shell,
                &format!("read: read error: {}", crate::system::reason(&error)),
                1,
            )
            .await;
        }
    };
    let status = i32::from(!line.complete);
    assign_fields(shell, &options, rest, &decode(&line.bytes)).await?;
    Ok(status)
}

fn option(options: &mut ReadOptions, letter: char, value: &str) -> bool {
    match letter {
        'a' => options.array = Some(value.to_owned()),
        'd' => options.wanted.delimiter = value.bytes().next().unwrap_or(0),
        'n' => options.wanted.most = value.parse().ok(),
        'N' => {
            options.wanted.most = value.parse().ok();
            options.wanted.exact = true;
        }
        'p' => options.prompt = Some(value.to_owned()),
        't' => options.timeout = value.parse().ok(),
        'u' => options.descriptor = value.parse().unwrap_or(u32::MAX),
        'i' => {}
        _ => return false,
    }
    true
}

async fn assign_fields(
    shell: &mut Shell,
    options: &ReadOptions,
    names: &[String],
    line: &[(char, bool)],
) -> Result<(), crate::shell::Unwind> {
    let separators = shell
        .variables
        .text("IFS")
        .unwrap_or_else(|| " \t\n".to_owned());
    if let Some(array) = &options.array {
        let fields = fields(line, &separators, usize::MAX);
        if let Err(error) = shell.variables.set_array(array, fields) {
            shell.complain(&format!("read: {}", error.words())).await;
        }
        return Ok(());
    }
    let whole = || line.iter().map(|(c, _)| *c).collect::<String>();
    if names.is_empty() {
        return assign::scalar(shell, "REPLY", whole(), false, Place::Visible).await;
    }
    let fields = if options.wanted.exact {
        vec![whole()]
    } else {
        fields(line, &separators, names.len())
    };
    for (index, name) in names.iter().enumerate() {
        let value = fields.get(index).cloned().unwrap_or_default();
        assign_to(shell, name, value).await?;
    }
    Ok(())
}

async fn assign_to(
    shell: &mut Shell,
    name: &str,
    value: String,
) -> Result<(), crate::shell::Unwind> {
    use crate::expand::arithmetic::{Key, evaluate, set_element};
    let Some((array, index)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
        return assign::scalar(shell, name, value, false, Place::Visible).await;
    };
    let keyed = shell
        .variables
        .get(array)
        .is_some_and(crate::variables::Variable::is_keyed);
    let key = if keyed {
        Key::Text(index.to_owned())
    } else {
        Key::Number(evaluate(shell, index).unwrap_or(0))
    };
    if let Err(words) = set_element(shell, array, &key, value) {
        shell.complain(&format!("read: {words}")).await;
    }
    Ok(())
}

/// Reads lines into an array.
pub async fn mapfile(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    let (mut trims, mut delimiter, mut most, mut skips, mut origin, mut descriptor) =
        (false, b'\n', usize::MAX, 0_usize, None, 0);
    let mut array = "MAPFILE".to_owned();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else {
            array.clone_from(word);
            continue;
        };
        for (index, letter) in letters.char_indices() {
            if letter == 't' {
                trims = true;
                continue;
            }
            let glued = &letters[index + 1..];
            let value = if glued.is_empty() {
                words.next().cloned().unwrap_or_default()
            } else {
                glued.to_owned()
            };
            match letter {
                'd' => delimiter = value.bytes().next().unwrap_or(0),
                'n' => most = value.parse().ok().filter(|n| *n > 0).unwrap_or(usize::MAX),
                's' => skips = value.parse().unwrap_or(0),
                'O' => origin = value.parse::<i64>().ok(),
                'u' => descriptor = value.parse().unwrap_or(u32::MAX),
                'C' | 'c' => {
                    return fail(
                        shell,
                        &format!("{name}: -{letter}: callbacks are not supported"),
                        2,
                    )
                    .await;
                }
                _ => return fail(shell, &format!("{name}: -{letter}: invalid option"), 2).await,
            }
            break;
        }
    }
    let Some(reader) = shell.reader(descriptor).cloned() else {
        return fail(
            shell,
            &format!("{name}: {descriptor}: invalid file descriptor: Bad file descriptor"),
            1,
        )
        .await;
    };
    let mut lines = Vec::new();
    let mut bytes = Vec::new();
    'reading: loop {
        // Where all lines are wanted nothing is left for another reader, and the input may be taken in blocks.
        let more = match most {
            usize::MAX => reader.read(65536).await,
            _ => reader.read_until(delimiter, PART).await,
        };
        let more = match more {
            Ok(more) => more,
            Err(error) => {
                return fail(
                    shell,
                    &format!("{name}: {}", crate::system::reason(&error)),
                    1,
                )
                .await;
            }
        };
        if more.is_empty() {
            break;
        }
        for byte in more {
            bytes.push(byte);
            if byte == delimiter {
                if trims {
                    bytes.pop();
                }
                lines.push(text::from_bytes(&std::mem::take(&mut bytes)));
                if lines.len() >= most.saturating_add(skips) {
                    break 'reading;
                }
            }
        }
    }
    if !bytes.is_empty() {
        lines.push(text::from_bytes(&bytes));
    }
    let lines = lines.into_iter().skip(skips).take(most);
    let stored = match origin {
        None => shell.variables.set_array(&array, lines.collect()),
        Some(origin) => shell.variables.change(&array).map(|variable| {
            if let Some(elements) = variable.indexed() {
                elements.extend((origin..).zip(lines));
            }
        }),
    };
    match stored {
        Ok(()) => Ok(0),
        Err(error) => fail(shell, &format!("{name}: {}", error.words()), 1).await,
    }
}
