//! `patch`: applies unified diffs, also those of git: hunks may have moved, and their outer context may differ (fuzz).

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, finish, reason};

/// Exit status for trouble; 1 means that hunks failed.
const TROUBLE: i32 = 2;

/// Whether a patch is applied or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Reverse,
}

struct Options {
    strip: Option<usize>,
    direction: Direction,
    dry_run: bool,
    silent: bool,
    backup: bool,
    skip_applied: bool,
    fuzz: usize,
    directory: Option<PathBuf>,
    output: Option<String>,
    input: Option<String>,
    file: Option<String>,
}

/// What a line of a hunk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Context,
    Removed,
    Added,
}

#[derive(Debug, Clone)]
struct Hunk {
    /// Line numbers, from 1; of an empty side the line before.
    old_start: usize,
    new_start: usize,
    lines: Vec<(Role, Vec<u8>)>,
    header: String,
}

#[derive(Debug, Default)]
struct FilePatch {
    old: String,
    new: String,
    hunks: Vec<Hunk>,
}

/// Runs patch.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish(
        "patch",
        parse(arguments).and_then(|options| patch(&options)),
        TROUBLE,
    )
}

fn parse(arguments: Vec<OsString>) -> Result<Options, Failure> {
    let mut options = Options {
        strip: None,
        direction: Direction::Forward,
        dry_run: false,
        silent: false,
        backup: false,
        skip_applied: false,
        fuzz: 2,
        directory: None,
        output: None,
        input: None,
        file: None,
    };
    let mut operands = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('p') | Long("strip") => {
                options.strip = Some(arguments::number(&mut parser, TROUBLE)?)
            }
            Short('R') | Long("reverse") => options.direction = Direction::Reverse,
            Long("dry-run") => options.dry_run = true,
            Short('s') | Long("quiet" | "silent") => options.silent = true,
            Short('b') | Long("backup") => options.backup = true,
            Short('N') | Long("forward") => options.skip_applied = true,
            Short('F') | Long("fuzz") => options.fuzz = arguments::number(&mut parser, TROUBLE)?,
            Short('i') | Long("input") => {
                options.input = Some(arguments::text(&mut parser, TROUBLE)?)
            }
            Short('o') | Long("output") => {
                options.output = Some(arguments::text(&mut parser, TROUBLE)?)
            }
            Short('d') | Long("directory") => {
                options.directory = Some(arguments::text(&mut parser, TROUBLE)?.into())
            }
            Short('u' | 'f' | 't' | 'E' | 'l')
            | Long("unified" | "force" | "batch" | "remove-empty-files" | "verbose") => {}
            Long("no-backup-if-mismatch" | "merge") => {}
            Value(value) => operands.push(arguments::operand(value, TROUBLE)?),
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    let mut operands = operands.into_iter();
    options.file = operands.next();
    options.input = options.input.or(operands.next());
    Ok(options)
}

fn patch(options: &Options) -> Outcome {
    let mut text = Vec::new();
    match &options.input {
        Some(name) => {
            text = crate::input::whole(name).map_err(|error| {
                Failure::new(
                    TROUBLE,
                    format!("**** Can't open patch file {name} : {}", reason(&error)),
                )
            })?;
        }
        None => drop(std::io::stdin().read_to_end(&mut text)?),
    }
    if let Some(directory) = &options.directory {
        std::env::set_current_dir(directory).map_err(|error| {
            Failure::new(
                TROUBLE,
                format!(
                    "**** Can't change to directory {} : {}",
                    directory.display(),
                    reason(&error)
                ),
            )
        })?;
    }
    let mut patches = read(&text)?;
    if patches.is_empty() {
        return Err(Failure::new(
            TROUBLE,
            "**** Only garbage was found in the patch input: a unified diff is expected (diff -u).",
        ));
    }
    if options.direction == Direction::Reverse {
        patches.iter_mut().for_each(reverse);
    }
    let mut status = 0;
    for patch in &patches {
        status = status.max(apply_to_file(options, patch)?);
    }
    Ok(status)
}

fn reverse(patch: &mut FilePatch) {
    std::mem::swap(&mut patch.old, &mut patch.new);
    for hunk in &mut patch.hunks {
        std::mem::swap(&mut hunk.old_start, &mut hunk.new_start);
        for (role, _) in &mut hunk.lines {
            *role = match role {
                Role::Context => Role::Context,
                Role::Removed => Role::Added,
                Role::Added => Role::Removed,
            };
        }
    }
}

/// The name on a `---` or `+++` line: up to the tab before the time.
fn name_on(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let name = line[4..].trim_end_matches(['\n', '\r']);
    name.split('\t').next().unwrap_or(name).to_owned()
}

fn read(text: &[u8]) -> Result<Vec<FilePatch>, Failure> {
    let mut patches: Vec<FilePatch> = Vec::new();
    let mut lines = text
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .peekable();
    let mut old = None;
    while let Some((number, line)) = lines.next() {
        if line.starts_with(b"--- ") {
            old = Some(name_on(line));
        } else if line.starts_with(b"+++ ") {
            if let Some(old) = old.take() {
                patches.push(FilePatch {
                    old,
                    new: name_on(line),
                    hunks: Vec::new(),
                });
            }
        } else if line.starts_with(b"@@ -") {
            let Some(patch) = patches.last_mut() else {
                continue;
            };
            let header = String::from_utf8_lossy(line).trim_end().to_owned();
            let malformed = |number: usize| {
                Failure::new(
                    TROUBLE,
                    format!("**** malformed patch at line {}: {header}", number + 1),
                )
            };
            let (mut old_left, mut new_left, old_start, new_start) =
                ranges(&header).ok_or_else(|| malformed(number))?;
            let mut hunk = Hunk {
                old_start,
                new_start,
                lines: Vec::new(),
                header: header.clone(),
            };
            while old_left > 0
                || new_left > 0
                || lines
                    .peek()
                    .is_some_and(|(_, line)| line.starts_with(b"\\"))
            {
                let Some((number, line)) = lines.next() else {
                    return Err(malformed(number));
                };
                let (role, body) = match line {
                    [b' ', body @ ..] => (Role::Context, body),
                    [b'-', body @ ..] => (Role::Removed, body),
                    [b'+', body @ ..] => (Role::Added, body),
                    // An empty context line whose blank an editor took away.
                    [b'\n'] => (Role::Context, line),
                    [b'\\', ..] => {
                        if let Some((_, last)) = hunk.lines.last_mut() {
                            last.pop_if(|byte| *byte == b'\n');
                        }
                        continue;
                    }
                    _ => return Err(malformed(number)),
                };
                let takes = |left: usize| left.checked_sub(1).ok_or_else(|| malformed(number));
                if role != Role::Added {
                    old_left = takes(old_left)?;
                }
                if role != Role::Removed {
                    new_left = takes(new_left)?;
                }
                hunk.lines.push((role, body.to_vec()));
            }
            patch.hunks.push(hunk);
        }
    }
    patches.retain(|patch| !patch.hunks.is_empty());
    Ok(patches)
}

/// The two lengths and the two starts of `@@ -a,b +c,d @@`.
fn ranges(header: &str) -> Option<(usize, usize, usize, usize)> {
    let mut words = header.split(' ').skip(1);
    let mut range = |sign: char| {
        let word = words.next()?.strip_prefix(sign)?;
        match word.split_once(',') {
            Some((start, length)) => Some((start.parse().ok()?, length.parse().ok()?)),
            None => Some((word.parse().ok()?, 1)),
        }
    };
    let ((old_start, old), (new_start, new)) = (range('-')?, range('+')?);
    Some((old, new, old_start, new_start))
}

/// A name without its first components, and never one that leads out of the directory.
fn stripped(name: &str, strip: Option<usize>) -> Option<String> {
    if name == "/dev/null" {
        return None;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    let skipped = strip
        .unwrap_or(parts.len().saturating_sub(1))
        .min(parts.len().saturating_sub(1));
    let kept = &parts[skipped..];
    if kept.contains(&"..") {
        None
    } else {
        Some(kept.join("/"))
    }
}

fn target(options: &Options, patch: &FilePatch) -> Result<String, Failure> {
    if let Some(file) = &options.file {
        return Ok(file.clone());
    }
    let names = [
        stripped(&patch.old, options.strip),
        stripped(&patch.new, options.strip),
    ];
    let existing = names.iter().flatten().find(|name| Path::new(name).exists());
    let created = names[1]
        .as_ref()
        .filter(|_| patch.old == "/dev/null" || patch.hunks[0].old_start == 0);
    existing.or(created).cloned().ok_or_else(|| {
        Failure::new(
            1,
            format!(
                "can't find file to patch: neither {} nor {} is there; try another -p",
                patch.old, patch.new
            ),
        )
    })
}

fn apply_to_file(options: &Options, patch: &FilePatch) -> Outcome {
    let name = target(options, patch)?;
    let mut out = std::io::stdout().lock();
    let before = match std::fs::read(&name) {
        Ok(contents) => contents,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            return Err(Failure::new(
                TROUBLE,
                format!("**** Can't open file {name} : {}", reason(&error)),
            ));
        }
    };
    if !options.silent {
        writeln!(
            out,
            "{} file {name}",
            if options.dry_run {
                "checking"
            } else {
                "patching"
            }
        )?;
    }
    let mut lines: Vec<Vec<u8>> = before
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let mut moved: isize = 0;
    // Lines before it belong to hunks that were applied.
    let mut finished = 0;
    let mut rejected = Vec::new();
    for (number, hunk) in patch.hunks.iter().enumerate() {
        match place(&lines, hunk, moved, finished, options.fuzz) {
            Some(found) => {
                let expected = hunk.old_start.max(1).saturating_add_signed(moved);
                if !options.silent
                    && (found.fuzz > 0
                        || found.at + 1 != expected + found.skipped && hunk.old_start > 0)
                {
                    let offset = signed(found.at + 1) - signed(expected + found.skipped);
                    let fuzz = if found.fuzz > 0 {
                        format!(" with fuzz {}", found.fuzz)
                    } else {
                        String::new()
                    };
                    let plural = if offset.abs() == 1 { "" } else { "s" };
                    let offset = if offset == 0 {
                        String::new()
                    } else {
                        format!(" (offset {offset} line{plural})")
                    };
                    writeln!(
                        out,
                        "Hunk #{} succeeded at {}{fuzz}{offset}.",
                        number + 1,
                        found.at + 1 - found.skipped
                    )?;
                }
                let expected_at = signed(hunk.old_start.max(1) - 1 + found.skipped);
                let added: Vec<Vec<u8>> = found.new.clone();
                moved =
                    signed(found.at) - expected_at + signed(added.len()) - signed(found.old_length);
                finished = found.at + added.len();
                lines.splice(found.at..found.at + found.old_length, added);
            }
            None => {
                writeln!(out, "Hunk #{} FAILED at {}.", number + 1, hunk.old_start)?;
                rejected.push(hunk);
            }
        }
    }
    let after = lines.concat();
    if !options.dry_run {
        write(options, patch, &name, &before, &after)?;
    }
    if rejected.is_empty() {
        return Ok(0);
    }
    let (failed, all) = (rejected.len(), patch.hunks.len());
    let plural = if all == 1 { "" } else { "s" };
    if options.dry_run {
        writeln!(out, "{failed} out of {all} hunk{plural} FAILED")?;
        return Ok(1);
    }
    writeln!(
        out,
        "{failed} out of {all} hunk{plural} FAILED -- saving rejects to file {name}.rej"
    )?;
    std::fs::write(format!("{name}.rej"), rejects(patch, &rejected))?;
    Ok(1)
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

fn write(
    options: &Options,
    patch: &FilePatch,
    name: &str,
    before: &[u8],
    after: &[u8],
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            TROUBLE,
            format!("**** Can't write {name} : {}", reason(&error)),
        )
    };
    if options.backup {
        std::fs::write(format!("{name}.orig"), before).map_err(failed)?;
    }
    let name = options.output.as_deref().unwrap_or(name);
    if patch.new == "/dev/null" && after.is_empty() {
        return std::fs::remove_file(name).map_err(failed);
    }
    if let Some(parent) = Path::new(name)
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(name, after).map_err(failed)
}

fn rejects(patch: &FilePatch, hunks: &[&Hunk]) -> Vec<u8> {
    let mut text = format!("--- {}\n+++ {}\n", patch.old, patch.new).into_bytes();
    for hunk in hunks {
        text.extend_from_slice(hunk.header.as_bytes());
        text.push(b'\n');
        for (role, line) in &hunk.lines {
            text.push(match role {
                Role::Context => b' ',
                Role::Removed => b'-',
                Role::Added => b'+',
            });
            text.extend_from_slice(line);
            if line.last() != Some(&b'\n') {
                text.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
    text
}

/// Where a hunk fits.
struct Fit {
    /// The line, from 0, of what is left of the hunk after `skipped` lines of context.
    at: usize,
    old_length: usize,
    new: Vec<Vec<u8>>,
    skipped: usize,
    fuzz: usize,
}

/// Looks for a hunk near where it should be, with as little fuzz as it can.
fn place(
    lines: &[Vec<u8>],
    hunk: &Hunk,
    moved: isize,
    finished: usize,
    most_fuzz: usize,
) -> Option<Fit> {
    let leading = hunk
        .lines
        .iter()
        .take_while(|(role, _)| *role == Role::Context)
        .count();
    let trailing = hunk
        .lines
        .iter()
        .rev()
        .take_while(|(role, _)| *role == Role::Context)
        .count();
    let context = leading.max(trailing);
    for fuzz in 0..=most_fuzz.min(context) {
        let skipped = (leading + fuzz).saturating_sub(context);
        let dropped = (trailing + fuzz).saturating_sub(context);
        let body = &hunk.lines[skipped..hunk.lines.len() - dropped];
        let side = |left_out: Role| -> Vec<Vec<u8>> {
            body.iter()
                .filter(|(role, _)| *role != left_out)
                .map(|(_, line)| line.clone())
                .collect()
        };
        let (old, new) = (side(Role::Added), side(Role::Removed));
        let wanted =
            hunk.old_start.max(1) - 1 + skipped + usize::from(old.is_empty() && hunk.old_start > 0);
        let wanted = wanted.saturating_add_signed(moved).min(lines.len());
        // Context at one end alone means that the hunk touches the file's start or end.
        let at_start = fuzz == 0 && leading < trailing && hunk.old_start <= 1;
        let at_end = fuzz == 0 && trailing < leading;
        let fits = |at: usize| {
            lines.get(at..at + old.len()) == Some(&old[..])
                // Context that fuzz leaves out needs its place nevertheless.
                && at >= finished + skipped
                && (!at_start || at == 0)
                && (!at_end || at + old.len() == lines.len())
        };
        let found = (0..=lines.len()).find_map(|distance| {
            let after = Some(wanted + distance).filter(|at| fits(*at));
            after.or_else(|| wanted.checked_sub(distance).filter(|at| fits(*at)))
        });
        if let Some(at) = found {
            return Some(Fit {
                at,
                old_length: old.len(),
                new,
                skipped,
                fuzz,
            });
        }
    }
    None
}
