//! The files that a program reads with `getline` and writes with `print`, open until `close` or the end.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufWriter, Read, Write};

use regex::bytes::Regex;

use crate::spawn::{Command, Running, SpawnError};

/// How records end.
#[derive(Debug, Clone)]
pub enum Ending {
    /// A byte.
    Byte(u8),
    /// Blank lines.
    Paragraph,
    /// What a regular expression matches.
    Regex(Regex),
}

/// Records of one input.
pub struct Records {
    input: io::BufReader<Box<dyn Read>>,
    /// Read and not yet given, for endings that need a look ahead.
    rest: Vec<u8>,
    at_end: bool,
}

impl Records {
    /// Records of `input`.
    pub fn new(input: Box<dyn Read>) -> Self {
        Self {
            input: io::BufReader::with_capacity(64 * 1024, input),
            rest: Vec::new(),
            at_end: false,
        }
    }

    /// The next record, and what ended it.
    pub fn next(&mut self, ending: &Ending) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        match ending {
            Ending::Byte(end) if self.rest.is_empty() => {
                let mut record = Vec::new();
                if self.input.read_until(*end, &mut record)? == 0 {
                    return Ok(None);
                }
                let ended = record.last() == Some(end);
                if ended {
                    record.pop();
                }
                Ok(Some((record, if ended { vec![*end] } else { Vec::new() })))
            }
            Ending::Byte(end) => self.until(|bytes| {
                bytes
                    .iter()
                    .position(|byte| byte == end)
                    .map(|at| (at, at + 1))
            }),
            Ending::Paragraph => self.paragraph(),
            Ending::Regex(regex) => self.until(|bytes| {
                regex
                    .find(bytes)
                    .filter(|found| !found.is_empty())
                    .map(|found| (found.start(), found.end()))
            }),
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let buffer = self.input.fill_buf()?;
        let length = buffer.len();
        self.rest.extend_from_slice(buffer);
        self.input.consume(length);
        self.at_end |= length == 0;
        Ok(())
    }

    /// Up to where `find` sees an end that more input cannot lengthen.
    fn until(
        &mut self,
        find: impl Fn(&[u8]) -> Option<(usize, usize)>,
    ) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        loop {
            match find(&self.rest) {
                Some((start, end)) if end < self.rest.len() || self.at_end => {
                    let tail = self.rest.split_off(end);
                    let mut record = std::mem::replace(&mut self.rest, tail);
                    let ended = record.split_off(start);
                    return Ok(Some((record, ended)));
                }
                _ if self.at_end => {
                    if self.rest.is_empty() {
                        return Ok(None);
                    }
                    let mut record = std::mem::take(&mut self.rest);
                    // A new line at the very end of the input is no part of a record.
                    let ended = if record.last() == Some(&b'\n') {
                        record.pop().into_iter().collect()
                    } else {
                        Vec::new()
                    };
                    return Ok(Some((record, ended)));
                }
                _ => self.fill()?,
            }
        }
    }

    fn paragraph(&mut self) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        loop {
            let blank = self.rest.iter().take_while(|byte| **byte == b'\n').count();
            self.rest.drain(..blank);
            if !self.rest.is_empty() || self.at_end {
                break;
            }
            self.fill()?;
        }
        self.until(|bytes| {
            let start = bytes.windows(2).position(|pair| pair == b"\n\n")?;
            let length = bytes[start..]
                .iter()
                .take_while(|byte| **byte == b'\n')
                .count();
            Some((start, start + length))
        })
    }
}

/// Shows a command the end of its input, and waits for its own.
fn end_of_fed(mut writer: Feed, running: Running) -> io::Result<i32> {
    unless_gone(writer.flush())?;
    // What could not be written is of no use to anybody, and is not tried again when this is dropped.
    drop(writer.into_parts());
    running.wait().map_err(|error| not_started(&error))
}

/// A command that has ended before it read everything wanted no more.
fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// How a file is opened for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Emptied first.
    Truncate,
    /// Written to at its end.
    Append,
}

/// What a command reads, as it is printed.
type Feed = BufWriter<Box<dyn Write>>;

/// The open files of a program.
pub struct Streams {
    output: BufWriter<io::Stdout>,
    writers: HashMap<Vec<u8>, BufWriter<File>>,
    readers: HashMap<Vec<u8>, Records>,
    /// Commands that read what is printed.
    fed: HashMap<Vec<u8>, (Feed, Running)>,
    /// Commands whose output is read.
    read: HashMap<Vec<u8>, (Records, Running)>,
}

fn shell(command: &[u8]) -> Command {
    Command::new("sh", vec!["-c".to_owned(), name(command)])
}

fn not_started(error: &SpawnError) -> io::Error {
    io::Error::other(error.explain("sh").0)
}

fn name(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

impl Streams {
    /// With standard output alone.
    pub fn new() -> Self {
        Self {
            output: BufWriter::with_capacity(64 * 1024, io::stdout()),
            writers: HashMap::new(),
            readers: HashMap::new(),
            fed: HashMap::new(),
            read: HashMap::new(),
        }
    }

    /// Standard output.
    pub fn output(&mut self) -> &mut BufWriter<io::Stdout> {
        &mut self.output
    }

    /// Writes to the file `path`, which is opened when it is first written to.
    pub fn write(&mut self, path: &[u8], opening: Opening, bytes: &[u8]) -> io::Result<()> {
        match path {
            b"/dev/stdout" | b"-" => return self.output.write_all(bytes),
            b"/dev/stderr" => {
                self.output.flush()?;
                return io::stderr().write_all(bytes);
            }
            b"/dev/null" => return Ok(()),
            _ => {}
        }
        if !self.writers.contains_key(path) {
            let mut options = OpenOptions::new();
            match opening {
                Opening::Truncate => options.write(true).create(true).truncate(true),
                Opening::Append => options.append(true).create(true),
            };
            self.writers
                .insert(path.to_vec(), BufWriter::new(options.open(name(path))?));
        }
        match self.writers.get_mut(path) {
            Some(writer) => writer.write_all(bytes),
            None => Ok(()),
        }
    }

    /// The next record of the file `path`; an error if it cannot be opened.
    pub fn read(&mut self, path: &[u8], ending: &Ending) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        // A file that this program writes is read as it was written.
        if let Some(writer) = self.writers.get_mut(path) {
            writer.flush()?;
        }
        if !self.readers.contains_key(path) {
            let file = match path {
                b"-" | b"/dev/stdin" => Box::new(io::stdin()) as Box<dyn Read>,
                _ => crate::input::open(&name(path))?,
            };
            self.readers.insert(path.to_vec(), Records::new(file));
        }
        match self.readers.get_mut(path) {
            Some(records) => records.next(ending),
            None => Ok(None),
        }
    }

    /// Writes to the command, which is started when it is first written to.
    pub fn write_to_command(&mut self, command: &[u8], bytes: &[u8]) -> io::Result<()> {
        if !self.fed.contains_key(command) {
            self.flush()?;
            let started = shell(command).start_written_to();
            let (writer, running) = started.map_err(|error| not_started(&error))?;
            let writer = BufWriter::with_capacity(64 * 1024, writer);
            self.fed.insert(command.to_vec(), (writer, running));
        }
        match self.fed.get_mut(command) {
            Some((writer, _)) => writer.write_all(bytes),
            None => Ok(()),
        }
    }

    /// The next record of what the command writes; it is started when it is first read from.
    pub fn read_from_command(
        &mut self,
        command: &[u8],
        ending: &Ending,
    ) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        if !self.read.contains_key(command) {
            self.flush()?;
            let started = shell(command).start_read_from();
            let (reader, running) = started.map_err(|error| not_started(&error))?;
            self.read
                .insert(command.to_vec(), (Records::new(reader), running));
        }
        match self.read.get_mut(command) {
            Some((records, _)) => records.next(ending),
            None => Ok(None),
        }
    }

    /// Closes a file, or a command and waits for its end. Gives 0 or the command's status, and -1 if nothing of this name
    /// was open.
    pub fn close(&mut self, path: &[u8]) -> io::Result<i32> {
        let mut status = self.readers.remove(path).map_or(-1, |_| 0);
        if let Some(mut writer) = self.writers.remove(path) {
            writer.flush()?;
            status = 0;
        }
        if let Some((writer, running)) = self.fed.remove(path) {
            status = end_of_fed(writer, running)?;
        }
        if let Some((records, running)) = self.read.remove(path) {
            drop(records);
            status = running.wait().map_err(|error| not_started(&error))?;
        }
        Ok(status)
    }

    /// Flushes everything, and waits for the commands that were written to.
    pub fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.read.clear();
        for (_, (writer, running)) in self.fed.drain() {
            end_of_fed(writer, running)?;
        }
        Ok(())
    }

    /// Flushes everything.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()?;
        self.writers.values_mut().try_for_each(Write::flush)?;
        for (writer, _) in self.fed.values_mut() {
            unless_gone(writer.flush())?;
        }
        Ok(())
    }
}
