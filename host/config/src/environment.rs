//! What configuration takes from the process: variables, current directory, home directory. Injected, so that tests
//! are hermetic and nothing else reads the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{ConfigError, Diagnostic, Severity};

/// The surroundings of a run.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The names of those that come from `.env` files.
    from_files: BTreeSet<String>,
    current_directory: PathBuf,
    home: Option<PathBuf>,
    warnings: Vec<Diagnostic>,
}

impl Environment {
    /// The surroundings of this process, with `./.env` and then `~/.massgen/.env` filling in what is not set
    /// (`spec/02` §1.2 with the order that its documentation promises).
    ///
    /// # Errors
    /// When the current directory is gone, or when an `.env` file is there and cannot be read.
    pub fn from_process() -> Result<Self, ConfigError> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let mut environment = Self {
            variables: variables.collect(),
            from_files: BTreeSet::new(),
            current_directory: std::env::current_dir().map_err(|error| {
                let message = format!("the current directory cannot be found: {error}.");
                ConfigError::about(".", message, "Change to a folder that exists.")
            })?,
            home: std::env::home_dir(),
            warnings: Vec::new(),
        };
        environment.read_env_files()?;
        Ok(environment)
    }

    /// Takes in `./.env`, then `~/.massgen/.env`. A folder of that name is somebody else's (Python environments are
    /// often called so).
    pub(crate) fn read_env_files(&mut self) -> Result<(), ConfigError> {
        let folders = [
            Some(self.current_directory.clone()),
            self.home.as_ref().map(|home| home.join(".massgen")),
        ];
        for folder in folders.into_iter().flatten() {
            let file = folder.join(".env");
            if !file.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&file).map_err(|error| {
                let help = "Make it a readable UTF-8 text of NAME=value lines, or move it away.";
                ConfigError::about(&file, format!("cannot be read: {error}."), help)
            })?;
            self.fill_in(&file, &text);
        }
        Ok(())
    }

    /// Surroundings made up of these variables.
    pub fn new<'a>(
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        current_directory: impl Into<PathBuf>,
        home: Option<PathBuf>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            variables,
            from_files: BTreeSet::new(),
            current_directory: current_directory.into(),
            home,
            warnings: Vec::new(),
        }
    }

    /// A variable's value; one that is empty counts as not set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// As [`Environment::variable`], but never from an `.env` file: for what a folder that somebody else wrote must not
    /// decide, such as where compiled code is loaded from.
    pub fn own_variable(&self, name: &str) -> Option<&str> {
        self.variable(name)
            .filter(|_| !self.from_files.contains(name))
    }

    /// All variables of the process itself, without those of `.env` files.
    pub(crate) fn own_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter(|(name, _)| !self.from_files.contains(*name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The directory against which relative paths are meant.
    pub fn current_directory(&self) -> &Path {
        &self.current_directory
    }

    /// The user's home directory.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The lines of `.env` files that were left out. A plan that is read in these surroundings tells of them.
    pub(crate) fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Takes the `NAME=value` lines of a file in, without replacing what is set. Quotes and a comment after the value are
    /// left out; so are lines of another form, with a warning.
    pub(crate) fn fill_in(&mut self, file: &Path, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match assignment(line) {
                Ok((name, value)) if self.variable(name).is_none() => {
                    self.variables.insert(name.to_owned(), value.to_owned());
                    self.from_files.insert(name.to_owned());
                }
                Ok(_) => {}
                Err(reason) => self.warnings.push(left_out(file, index + 1, reason)),
            }
        }
    }
}

/// The line may hold a key, so it is not shown.
fn left_out(file: &Path, line: usize, reason: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        file: file.to_owned(),
        place: Some((line as u64, 1)),
        key: String::new(),
        message: format!("{reason}; the line is left out."),
        help: Some("Write NAME=value, or put a # in front of a comment.".to_owned()),
    }
}

/// Name and value of a line, or why it has none.
fn assignment(line: &str) -> Result<(&str, &str), &'static str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("there is no `=`")?;
    let name = name.trim();
    let is_name = |character: char| !character.is_whitespace() && !"\"'#".contains(character);
    if name.is_empty() || !name.chars().all(is_name) {
        return Err("what stands before `=` is no name");
    }
    Ok((name, plain_value(value.trim())?))
}

/// The value without its quotes, or without a comment behind it.
fn plain_value(value: &str) -> Result<&str, &'static str> {
    let Some(quote) = value.chars().next().filter(|first| "\"'".contains(*first)) else {
        return Ok(value
            .split_once(" #")
            .map_or(value, |(value, _)| value.trim_end()));
    };
    let (quoted, behind) = value[1..]
        .split_once(quote)
        .ok_or("a quote is opened and not closed")?;
    let behind = behind.trim_start();
    if behind.is_empty() || behind.starts_with('#') {
        Ok(quoted)
    } else {
        Err("something stands behind the closing quote")
    }
}
