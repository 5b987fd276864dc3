//! What configuration takes from the process: variables, current directory, home directory. Injected, so that tests
//! are hermetic and nothing else reads the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::ConfigError;

/// The surroundings of a run.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    current_directory: PathBuf,
    home: Option<PathBuf>,
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
            current_directory: std::env::current_dir().map_err(|error| {
                let message = format!("the current directory cannot be found: {error}.");
                ConfigError::about(".", message, "Change to a folder that exists.")
            })?,
            home: std::env::home_dir(),
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
            self.fill_in(&text);
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
            current_directory: current_directory.into(),
            home,
        }
    }

    /// A variable's value; one that is empty counts as not set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The directory against which relative paths are meant.
    pub fn current_directory(&self) -> &Path {
        &self.current_directory
    }

    /// The user's home directory.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Takes `NAME=value` lines in, without replacing what is set. Quotes and a comment after the value are left out.
    pub fn fill_in(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let name = name.trim();
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            if self.variable(name).is_none() {
                self.variables
                    .insert(name.to_owned(), plain_value(value.trim()).to_owned());
            }
        }
    }
}

fn plain_value(value: &str) -> &str {
    let quoted = |quote: char| {
        value
            .strip_prefix(quote)?
            .split_once(quote)
            .map(|(quoted, _)| quoted)
    };
    let unquoted = || {
        value
            .split_once(" #")
            .map_or(value, |(value, _)| value.trim_end())
    };
    quoted('"')
        .or_else(|| quoted('\''))
        .unwrap_or_else(unquoted)
}
