//! Programs of this machine that a backend runs, and what they get of the environment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::environment::Environment;

/// A program and the variables that it is started with.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    environment: BTreeMap<String, String>,
}

/// Variables that a provider's program gets: where it and its settings are, how it reaches the network, and what its
/// provider is set by. Nothing else is told to it, keys of other providers least of all.
const NAMES: [&str; 17] = [
    "ALL_PROXY",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];
const PREFIXES: [&str; 5] = ["ANTHROPIC_", "AWS_", "CLAUDE_", "GOOGLE_CLOUD_", "XDG_"];

impl Program {
    /// A program with no variables.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            environment: BTreeMap::new(),
        }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// The program of this name on the `PATH` of this process. What an `.env` file says of `PATH` does not count: it may
    /// be somebody else's, and must not choose what is run.
    pub(crate) fn find(name: &str, environment: &Environment) -> Option<Self> {
        let folders = environment.own_variable("PATH")?;
        let path = std::env::split_paths(folders)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())?;
        let told = environment.own_variables().filter(|(name, _)| {
            NAMES.contains(name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        });
        Some(told.fold(Self::new(path), |program, (name, value)| {
            program.with(name, value)
        }))
    }

    /// The variables it is started with.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }
}

/// Values may be keys.
impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.environment.keys().collect();
        formatter
            .debug_struct("Program")
            .field("path", &self.path)
            .field("environment", &names)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_and_told_of_its_provider_alone() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("claude");
        let path = format!("relative:/nowhere:{}", folder.path().display());
        let variables = [
            ("PATH", path.as_str()),
            ("HOME", "/home/me"),
            ("ANTHROPIC_API_KEY", "sk-claude"),
            ("OPENAI_API_KEY", "sk-other"),
            ("LD_PRELOAD", "evil.so"),
        ];
        let mut environment = Environment::new(variables, "/", None);
        environment.fill_in(Path::new(".env"), "CLAUDE_CONFIG_DIR=/somebody/elses\n");
        assert_eq!(Program::find("claude", &environment), None);

        fs::write(&program, "").unwrap();
        let found = Program::find("claude", &environment).unwrap();
        assert_eq!(found.path, program);
        let names: Vec<_> = found.environment().keys().collect();
        assert_eq!(names, ["ANTHROPIC_API_KEY", "HOME", "PATH"]);
        assert!(!format!("{found:?}").contains("sk-claude"));
    }

    #[test]
    fn a_path_in_an_env_file_chooses_no_program() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("claude"), "").unwrap();
        let mut environment = Environment::new([], "/", None);
        let line = format!("PATH={}\n", folder.path().display());
        environment.fill_in(Path::new(".env"), &line);
        assert_eq!(Program::find("claude", &environment), None);
    }
}
