//! Where a configuration comes from: a file that is named or found, or a sample of this program (`spec/02` §1.1).

use std::path::{Path, PathBuf};

use crate::diagnostic::ConfigError;
use crate::environment::Environment;
use crate::example::Example;
use crate::load::HOME_FOLDER;
use crate::section::nearest;

/// What a sample's name begins with.
const EXAMPLES: &str = "@examples/";

/// A configuration that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A sample; its relative paths are meant from the current directory.
    Example(&'static Example),
}

impl Source {
    /// What people call it: the path, or `@examples/NAME`.
    pub fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Example(example) => PathBuf::from(format!("{EXAMPLES}{}", example.name)),
        }
    }

    /// Its text.
    ///
    /// # Errors
    /// When the file cannot be read, or its name does not end as that of a configuration.
    pub(crate) fn text(&self) -> Result<String, ConfigError> {
        let path = match self {
            Self::File(path) => path,
            Self::Example(example) => return Ok(example.text.to_owned()),
        };
        let known_suffix = path
            .extension()
            .is_some_and(|suffix| ["yaml", "yml", "json"].iter().any(|known| suffix == *known));
        if !known_suffix {
            return Err(ConfigError::about(
                path,
                "a configuration is a .yaml, .yml or .json file.",
                "Rename it or name another.",
            ));
        }
        std::fs::read_to_string(path).map_err(|error| {
            ConfigError::about(
                path,
                format!("cannot be read: {error}."),
                "Check the path and its permissions.",
            )
        })
    }
}

/// Finds the configuration that `name` means, or the user's own where nothing is named (`spec/02` §1.1).
///
/// # Errors
/// When there is none, with the places that were looked at.
pub fn find(name: Option<&str>, environment: &Environment) -> Result<Source, ConfigError> {
    if let Some(name) = name
        && let Some(example) = name.strip_prefix(EXAMPLES)
    {
        return find_example(name, example);
    }
    let candidates = candidates(name, environment);
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(Source::File(found.clone()));
    }
    let looked: Vec<_> = candidates
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let help = format!(
        "Looked at {}. Name a file with --config.",
        looked.join(", ")
    );
    Err(ConfigError::about(
        name.unwrap_or("configuration"),
        "there is no such file.",
        help,
    ))
}

fn find_example(whole: &str, name: &str) -> Result<Source, ConfigError> {
    if let Some(example) = Example::named(name) {
        return Ok(Source::Example(example));
    }
    let help = match nearest(name, Example::all().iter().map(|example| example.name)) {
        Some(nearest) => format!("Did you mean `{EXAMPLES}{nearest}`?"),
        None => "`massgen config examples` lists them.".to_owned(),
    };
    Err(ConfigError::about(whole, "there is no such sample.", help))
}

/// The files that a name may mean, the first of which counts.
fn candidates(name: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    let here = environment.current_directory();
    let at_home = environment.home().map(|home| home.join(".config/massgen"));
    match name {
        Some(name) if Path::new(name).is_absolute() => vec![PathBuf::from(name)],
        Some(name) => {
            let agents = at_home.map(|folder| folder.join("agents"));
            let named = agents.as_ref().map(|folder| folder.join(name));
            let with_suffix = agents.map(|folder| folder.join(format!("{name}.yaml")));
            [Some(here.join(name)), named, with_suffix]
                .into_iter()
                .flatten()
                .collect()
        }
        None => {
            let at_home = at_home.map(|folder| folder.join("config.yaml"));
            [Some(here.join(HOME_FOLDER).join("config.yaml")), at_home]
                .into_iter()
                .flatten()
                .collect()
        }
    }
}
