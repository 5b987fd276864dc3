//! What is wrong with a configuration, where, and what to do.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Whether a run may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may not: the configuration is wrong.
    Error,
    /// It may not on this machine as it is: the configuration is right and needs a key, a file or a folder that is not
    /// there.
    Missing,
    /// It may; something has no effect or is probably not meant.
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether a run may start.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1; `None` where the finding has no place.
    pub place: Option<(u64, u64)>,
    /// The key's path: `agents[0].backend.type`; empty for the whole file.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Missing => "missing",
            Severity::Warning => "warning",
        };
        write!(formatter, "{severity}: {}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(formatter, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(formatter, ": `{}`", self.key)?;
        }
        write!(formatter, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(formatter, " {help}"),
            None => Ok(()),
        }
    }
}

/// A configuration that cannot be run, with everything that is wrong with it, warnings included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The findings, in the file's order as far as they have a place.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigError {
    /// One error about a whole file, or about a file that is not there.
    pub(crate) fn about(
        file: impl Into<PathBuf>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (message, help) = (message.into(), Some(help.into()));
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            file: file.into(),
            place: None,
            key: String::new(),
            message,
            help,
        };
        Self {
            diagnostics: vec![diagnostic],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
