//! Tests and actions of `find`, and their evaluation at an entry.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::time::SystemTime;

use globset::GlobMatcher;
use regex::Regex;
use walkdir::DirEntry;

use super::printing::{self, Piece};
use crate::outcome::{complain, reason};
use crate::spawn::Command;

/// More than, exactly, less than: `+n`, `n`, `-n`.
#[derive(Debug, Clone, Copy)]
pub enum Amount {
    /// `+n`.
    More(u64),
    /// `n`.
    Exactly(u64),
    /// `-n`.
    Less(u64),
}

impl Amount {
    fn holds(self, value: u64) -> bool {
        match self {
            Self::More(than) => value > than,
            Self::Exactly(than) => value == than,
            Self::Less(than) => value < than,
        }
    }
}

/// Whether a command runs for each entry, or for many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// `;`
    One,
    /// `+`
    Many,
}

/// The directory a command runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// That of find.
    Here,
    /// That of the entry.
    Beside,
}

/// A test, an action, or a combination.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Expression {
    True,
    False,
    Name(GlobMatcher),
    Path(GlobMatcher),
    LinkName(GlobMatcher),
    Regex(Regex),
    Type(Vec<char>),
    /// Size in units of this many bytes, rounded up.
    Size(Amount, u64),
    /// Age of the contents in units of this many seconds.
    Age(Amount, u64),
    Newer(SystemTime),
    Empty,
    Links(Amount),
    SameFile(std::path::PathBuf),
    /// `-readable`, `-writable`, `-executable`, `-perm`: WASI knows no permissions, what is seen can be used.
    Permitted,
    Prune,
    Quit,
    Print(char),
    PrintTo(String, char),
    Printf(Vec<Piece>),
    List,
    Delete,
    Execute {
        number: usize,
        command: Vec<String>,
        each: Each,
        place: Where,
    },
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Both(Box<Expression>, Box<Expression>),
}

/// Arguments for one command do not take more bytes.
const MOST_ARGUMENT_BYTES: usize = 128 * 1024;

/// The state of a search.
pub struct Evaluation {
    /// Standard output.
    pub out: BufWriter<io::Stdout>,
    /// The exit status so far.
    pub status: i32,
    /// Whether the directory that was just looked at is not to be entered.
    pub pruned: bool,
    /// Whether `-quit` was reached.
    pub quit: bool,
    batches: HashMap<usize, Vec<String>>,
    files: HashMap<String, File>,
    now: SystemTime,
}

impl Evaluation {
    /// At the start of a search.
    pub fn new(out: BufWriter<io::Stdout>) -> Self {
        Self {
            out,
            status: 0,
            pruned: false,
            quit: false,
            batches: HashMap::new(),
            files: HashMap::new(),
            now: SystemTime::now(),
        }
    }

    fn trouble(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        self.out.flush()?;
        complain(format_args!("find: {text}"));
        self.status = 1;
        Ok(())
    }

    fn metadata(&mut self, entry: &DirEntry) -> io::Result<Option<Metadata>> {
        match entry.metadata() {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) => {
                let error = error
                    .into_io_error()
                    .unwrap_or_else(|| io::ErrorKind::Other.into());
                self.trouble(format_args!(
                    "'{}': {}",
                    entry.path().display(),
                    reason(&error)
                ))?;
                Ok(None)
            }
        }
    }

    /// Whether `expression` holds at `entry`; actions are carried out on the way.
    pub fn matches(
        &mut self,
        expression: &Expression,
        entry: &DirEntry,
        root: &str,
    ) -> io::Result<bool> {
        let path = entry.path();
        Ok(match expression {
            Expression::True | Expression::Permitted => true,
            Expression::False => false,
            Expression::Name(glob) => {
                let trimmed = root.trim_end_matches('/');
                let name = if entry.depth() > 0 {
                    entry.file_name().to_string_lossy().into_owned()
                } else {
                    // A root is matched by its last component, as `.` and `..` are.
                    trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned()
                };
                glob.is_match(name)
            }
            Expression::Path(glob) => glob.is_match(path.to_string_lossy().as_ref()),
            Expression::LinkName(glob) => {
                std::fs::read_link(path).is_ok_and(|target| glob.is_match(target))
            }
            Expression::Regex(regex) => regex.is_match(&path.to_string_lossy()),
            Expression::Type(kinds) => kinds.contains(&printing::kind(entry.file_type())),
            Expression::Size(amount, unit) => self
                .metadata(entry)?
                .is_some_and(|metadata| amount.holds(metadata.len().div_ceil(*unit))),
            Expression::Age(amount, unit) => {
                let modified = self
                    .metadata(entry)?
                    .and_then(|metadata| metadata.modified().ok());
                modified.is_some_and(|time| {
                    let age = self.now.duration_since(time).unwrap_or_default().as_secs();
                    amount.holds(age / unit)
                })
            }
            Expression::Newer(than) => {
                let modified = self
                    .metadata(entry)?
                    .and_then(|metadata| metadata.modified().ok());
                modified.is_some_and(|time| time > *than)
            }
            Expression::Empty if entry.file_type().is_dir() => {
                std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
            }
            Expression::Empty => {
                entry.file_type().is_file()
                    && self
                        .metadata(entry)?
                        .is_some_and(|metadata| metadata.len() == 0)
            }
            Expression::Links(amount) => amount.holds(1),
            Expression::SameFile(file) => {
                matches!((std::fs::canonicalize(path), std::fs::canonicalize(file)), (Ok(one), Ok(other)) if one == other)
            }
            Expression::Prune => {
                self.pruned = true;
                true
            }
            Expression::Quit => {
                self.quit = true;
                true
            }
            Expression::Print(end) => {
                write!(self.out, "{}{end}", path.display())?;
                true
            }
            Expression::PrintTo(file, end) => {
                if !self.files.contains_key(file) {
                    self.files.insert(file.clone(), File::create(file)?);
                }
                if let Some(file) = self.files.get_mut(file) {
                    write!(file, "{}{end}", path.display())?;
                }
                true
            }
            Expression::Printf(pieces) => {
                if let Some(metadata) = self.metadata(entry)? {
                    let text = printing::expand(pieces, entry, &metadata, root);
                    self.out.write_all(text.as_bytes())?;
                }
                true
            }
            Expression::List => {
                if let Some(metadata) = self.metadata(entry)? {
                    self.out
                        .write_all(printing::listed(entry, &metadata).as_bytes())?;
                }
                true
            }
            Expression::Delete => self.delete(entry)?,
            Expression::Execute {
                number,
                command,
                each,
                place,
            } => {
                let shown = match place {
                    Where::Here => path.display().to_string(),
                    Where::Beside => format!("./{}", entry.file_name().to_string_lossy()),
                };
                match each {
                    Each::One => {
                        let words = command
                            .iter()
                            .map(|word| word.replace("{}", &shown))
                            .collect();
                        let directory = match place {
                            Where::Here => None,
                            Where::Beside => path
                                .parent()
                                .map(ToOwned::to_owned)
                                .filter(|parent| parent != ""),
                        };
                        self.execute(words, directory)? == 0
                    }
                    Each::Many => {
                        let batch = self.batches.entry(*number).or_default();
                        batch.push(shown);
                        let bytes: usize = batch.iter().map(|path| path.len() + 1).sum();
                        if bytes > MOST_ARGUMENT_BYTES {
                            let batch = std::mem::take(batch);
                            self.execute_batch(command, batch)?;
                        }
                        true
                    }
                }
            }
            Expression::Not(inner) => !self.matches(inner, entry, root)?,
            Expression::And(left, right) => {
                self.matches(left, entry, root)? && self.matches(right, entry, root)?
            }
            Expression::Or(left, right) => {
                self.matches(left, entry, root)? || self.matches(right, entry, root)?
            }
            Expression::Both(left, right) => {
                self.matches(left, entry, root)?;
                self.matches(right, entry, root)?
            }
        })
    }

    fn delete(&mut self, entry: &DirEntry) -> io::Result<bool> {
        let path = entry.path();
        if path == std::path::Path::new(".") {
            return Ok(true);
        }
        let removed = if entry.file_type().is_dir() {
            std::fs::remove_dir(path)
        } else {
            std::fs::remove_file(path)
        };
        if let Err(error) = removed {
            self.trouble(format_args!(
                "cannot delete '{}': {}",
                path.display(),
                reason(&error)
            ))?;
            return Ok(false);
        }
        Ok(true)
    }

    fn execute(
        &mut self,
        mut words: Vec<String>,
        directory: Option<std::path::PathBuf>,
    ) -> io::Result<i32> {
        self.out.flush()?;
        let program = words.remove(0);
        let mut command = Command::new(program.clone(), words);
        command.directory = directory;
        match command.run() {
            Ok(status) => Ok(status),
            Err(error) => {
                let (text, status) = error.explain(&program);
                self.trouble(text)?;
                Ok(status)
            }
        }
    }

    fn execute_batch(&mut self, command: &[String], batch: Vec<String>) -> io::Result<()> {
        let mut words: Vec<String> = command[..command.len() - 1].to_vec();
        words.extend(batch);
        if self.execute(words, None)? != 0 {
            self.status = 1;
        }
        Ok(())
    }

    /// Runs what `-exec … +` has left.
    pub fn run_batches(&mut self, expression: &Expression) -> io::Result<()> {
        match expression {
            Expression::Execute {
                number,
                command,
                each: Each::Many,
                ..
            } => match self.batches.remove(number) {
                Some(batch) if !batch.is_empty() => self.execute_batch(command, batch),
                _ => Ok(()),
            },
            Expression::Not(inner) => self.run_batches(inner),
            Expression::And(left, right)
            | Expression::Or(left, right)
            | Expression::Both(left, right) => {
                self.run_batches(left)?;
                self.run_batches(right)
            }
            _ => Ok(()),
        }
    }
}
