//! `xargs`: words of standard input become arguments of a command.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, Read};

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish};
use crate::spawn::{Command, Input, Running, SpawnError};

/// Arguments for one command do not take more bytes.
const MOST_BYTES: usize = 128 * 1024;

/// How the input is cut into items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Items {
    /// At blanks, with quotes and backslashes.
    Words,
    /// At this byte.
    EndedBy(u8),
}

struct Options {
    items: Items,
    per_command: Option<usize>,
    lines_per_command: Option<usize>,
    replace: Option<String>,
    skip_if_empty: bool,
    trace: bool,
    most_bytes: usize,
    /// Commands that run at one time.
    at_once: usize,
    command: Vec<String>,
}

/// More commands do not run at one time, so that some are left for what the commands start themselves.
const MOST_AT_ONCE: usize = 8;

/// Runs xargs.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish(
        "xargs",
        parse(arguments).and_then(|options| xargs(&options)),
        1,
    )
}

fn parse(arguments: Vec<OsString>) -> Result<Options, Failure> {
    let mut options = Options {
        items: Items::Words,
        per_command: None,
        lines_per_command: None,
        replace: None,
        skip_if_empty: false,
        trace: false,
        most_bytes: MOST_BYTES,
        at_once: 1,
        command: Vec::new(),
    };
    let mut input = None;
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('0') | Long("null") => options.items = Items::EndedBy(0),
            Short('d') | Long("delimiter") => {
                let value = arguments::text(&mut parser, 1)?;
                let bytes = crate::awk::unescaped(value.as_bytes());
                let [byte] = bytes.as_slice() else {
                    return Err(Failure::new(
                        1,
                        format!("-d '{value}': one character is expected"),
                    ));
                };
                options.items = Items::EndedBy(*byte);
            }
            Short('n') | Long("max-args") => {
                options.per_command = Some(positive(&mut parser, "-n")?)
            }
            Short('L') | Long("max-lines") => {
                options.lines_per_command = Some(positive(&mut parser, "-L")?)
            }
            Short('I') => options.replace = Some(arguments::text(&mut parser, 1)?),
            Short('i') | Long("replace") => {
                let value = parser.optional_value();
                options.replace = Some(value.map_or_else(
                    || "{}".to_owned(),
                    |value| value.to_string_lossy().into_owned(),
                ));
            }
            Short('P') | Long("max-procs") => {
                let wanted: usize = arguments::number(&mut parser, 1)?;
                options.at_once = match wanted {
                    0 => MOST_AT_ONCE,
                    wanted => wanted.min(MOST_AT_ONCE),
                };
            }
            Short('s') | Long("max-chars") => options.most_bytes = positive(&mut parser, "-s")?,
            Short('a') | Long("arg-file") => input = Some(arguments::text(&mut parser, 1)?),
            Short('r') | Long("no-run-if-empty") => options.skip_if_empty = true,
            Short('t') | Long("verbose") => options.trace = true,
            Short('x' | 'o') | Long("exit" | "open-tty") => {}
            Value(program) => {
                options.command.push(arguments::operand(program, 1)?);
                let rest = parser
                    .raw_args()
                    .map_err(|error| arguments::usage(&error, 1))?;
                for argument in rest {
                    options.command.push(arguments::operand(argument, 1)?);
                }
            }
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    if input.is_some() {
        return Err(Failure::new(
            1,
            "-a is not supported: redirect standard input instead",
        ));
    }
    if options.command.is_empty() {
        options.command.push("echo".to_owned());
    }
    Ok(options)
}

fn positive(parser: &mut lexopt::Parser, option: &str) -> Result<usize, Failure> {
    let value: usize = arguments::number(parser, 1)?;
    if value == 0 {
        Err(Failure::new(
            1,
            format!("{option} 0: a number from 1 is expected"),
        ))
    } else {
        Ok(value)
    }
}

fn xargs(options: &Options) -> Outcome {
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input)?;
    let lines = items(&input, options)?;
    let mut runner = Runner {
        options,
        running: VecDeque::new(),
        status: 0,
    };
    if let Some(mark) = &options.replace {
        for item in lines.iter().flatten() {
            let command = options
                .command
                .iter()
                .map(|word| word.replace(mark.as_str(), item))
                .collect();
            if !runner.start(command)? {
                break;
            }
        }
        return runner.finish();
    }
    let groups = grouped(&lines, options);
    if groups.is_empty() && !options.skip_if_empty {
        runner.start(options.command.clone())?;
    }
    for group in groups {
        let command = options.command.iter().cloned().chain(group).collect();
        if !runner.start(command)? {
            break;
        }
    }
    runner.finish()
}

/// The items of each line; with a delimiter each is a line of its own.
fn items(input: &[u8], options: &Options) -> Result<Vec<Vec<String>>, Failure> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Items::EndedBy(end) = options.items {
        let body = input.strip_suffix(&[end]).unwrap_or(input);
        if input.is_empty() {
            return Ok(Vec::new());
        }
        return Ok(body
            .split(|byte| *byte == end)
            .map(|item| vec![text(item)])
            .collect());
    }
    let mut lines = Vec::new();
    let mut reader = input;
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(lines);
        }
        let line = text(line.strip_suffix(b"\n").unwrap_or(&line));
        let words = if options.replace.is_some() {
            // With -I a line is one item, without the blanks before it; quotes still quote.
            let item = words(line.trim_start(), Blanks::Kept)?.concat();
            if item.is_empty() {
                Vec::new()
            } else {
                vec![item]
            }
        } else {
            words(&line, Blanks::Separate)?
        };
        if !words.is_empty() {
            lines.push(words);
        }
    }
}

/// What blanks outside quotes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Separate,
    Kept,
}

fn words(line: &str, blanks: Blanks) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' if blanks == Blanks::Separate => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            quote @ ('\'' | '"') => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        Some(inside) if inside == quote => break,
                        Some(inside) => word.push(inside),
                        None => {
                            let name = if quote == '"' { "double" } else { "single" };
                            return Err(Failure::new(
                                1,
                                format!(
                                    "unmatched {name} quote; by default quotes are special to xargs unless you use the -0 option"
                                ),
                            ));
                        }
                    }
                }
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The items for each command.
fn grouped(lines: &[Vec<String>], options: &Options) -> Vec<Vec<String>> {
    if let Some(count) = options.lines_per_command {
        return lines.chunks(count).map(<[Vec<String>]>::concat).collect();
    }
    let fixed: usize = options.command.iter().map(|word| word.len() + 1).sum();
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for item in lines.iter().flatten() {
        bytes += item.len() + 1;
        match groups.last_mut() {
            Some(group)
                if fixed + bytes <= options.most_bytes
                    && options.per_command.is_none_or(|most| group.len() < most) =>
            {
                group.push(item.clone());
            }
            _ => {
                bytes = item.len() + 1;
                groups.push(vec![item.clone()]);
            }
        }
    }
    groups
}

/// A word as a shell would read it back.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_-./=:,+%@^".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

struct Runner<'a> {
    options: &'a Options,
    /// The programs that run, the oldest first.
    running: VecDeque<(String, Running)>,
    status: i32,
}

impl Runner<'_> {
    /// Starts a command; false if no further one is to be started.
    fn start(&mut self, mut words: Vec<String>) -> Result<bool, Failure> {
        if self.options.trace {
            complain(
                words
                    .iter()
                    .map(|word| quoted(word))
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        let program = words.remove(0);
        let mut command = Command::new(program.clone(), words);
        command.input = Input::Nothing;
        let started = command.start();
        let running = started.map_err(|error| failure(&program, &error))?;
        self.running.push_back((program, running));
        if self.running.len() < self.options.at_once {
            return Ok(true);
        }
        self.wait_for_oldest()
    }

    /// Waits for all that still run, and gives the status.
    fn finish(mut self) -> Outcome {
        while !self.running.is_empty() {
            self.wait_for_oldest()?;
        }
        Ok(self.status)
    }

    /// Waits for a command; false if no further one is to be started.
    fn wait_for_oldest(&mut self) -> Result<bool, Failure> {
        let Some((program, running)) = self.running.pop_front() else {
            return Ok(true);
        };
        match running.wait() {
            Ok(0) => Ok(true),
            Ok(255) => {
                complain(format_args!(
                    "xargs: {program}: exited with status 255; aborting"
                ));
                self.status = 124;
                Ok(false)
            }
            Ok(_) => {
                self.status = 123;
                Ok(true)
            }
            Err(error) => Err(failure(&program, &error)),
        }
    }
}

fn failure(program: &str, error: &SpawnError) -> Failure {
    let (text, status) = error.explain(program);
    Failure::new(status, text)
}
