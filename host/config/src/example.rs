//! The samples of `configs/`, which are part of the program so that `@examples/NAME` works wherever it is installed
//! (`spec/02` §6.4).

/// A sample configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    /// Its path below `configs/` without the suffix, with `/` between folders: `multi/three-providers`.
    pub name: &'static str,
    /// The file, as it stands.
    pub text: &'static str,
}

/// The samples below `configs/`, by name.
macro_rules! examples {
    ($($name:literal),* $(,)?) => {
        &[$(Example {
            name: $name,
            text: include_str!(concat!("../../../configs/", $name, ".yaml")),
        }),*]
    };
}

/// All of them, in the order of their names. The demo is none: it plays a cassette of the repository.
const ALL: &[Example] = examples![
    "chosen-commands",
    "claude-code",
    "coding",
    "docker",
    "first-question",
    "gemini",
    "open-models",
    "own-servers",
    "reasoning",
    "research",
    "single-agent",
    "three-providers",
    "two-providers",
];

impl Example {
    /// All samples, in the order of their names.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The sample of a name. Names that the Python version lists have `_` where others have `/` or `-`.
    pub fn named(name: &str) -> Option<&'static Self> {
        let plain = |name: &str| name.replace(['/', '-'], "_");
        let name = name.strip_suffix(".yaml").unwrap_or(name);
        ALL.iter().find(|example| example.name == name).or_else(|| {
            ALL.iter()
                .find(|example| plain(example.name) == plain(name))
        })
    }

    /// What it is for: the first line of its comment.
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::path::Path;

    use super::*;

    /// The names of all configurations below a folder.
    fn below(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in folder.read_dir().unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            if entry.path().is_dir() {
                below(&entry.path(), &format!("{name}/"), names);
            } else if let Some(name) = name.strip_suffix(".yaml") {
                names.push(name.to_owned());
            }
        }
    }

    #[test]
    fn every_configuration_of_the_repository_but_the_demo_is_a_sample() {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let mut names = Vec::new();
        below(&configs, "", &mut names);
        names.retain(|name| name != "demo");
        names.sort();
        let samples: Vec<_> = Example::all().iter().map(|example| example.name).collect();
        assert_eq!(samples, names);
    }

    #[test]
    fn a_sample_says_in_its_first_line_what_it_is_for() {
        for example in Example::all() {
            assert!(example.text.starts_with("# "), "{}", example.name);
            assert!(example.title().ends_with(['.', ':']), "{}", example.name);
        }
    }
}
