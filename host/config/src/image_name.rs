//! Names of container images.

use std::fmt;

/// The original's image (`spec/04` E11).
const DEFAULT: &str = "massgen/mcp-runtime:latest";

/// A name as for `docker pull`, with or without host, tag and digest. It holds nothing that has a meaning of its own in the
/// path or the query of a URL; whether there is such an image, Docker knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName(String);

impl ImageName {
    /// Reads a name; none where it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._/:@-".contains(letter);
        let is_name = text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(allowed)
            && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
        is_name.then(|| Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without tag and digest, and one of these; `latest` where there is none.
    pub fn parts(&self) -> (&str, &str) {
        if let Some(parts) = self.0.split_once('@') {
            return parts;
        }
        match self.0.rsplit_once(':') {
            // A colon before a slash is that of a port.
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (&self.0, "latest"),
        }
    }
}

impl Default for ImageName {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_name_is_read_as_docker_reads_it() {
        for (image, parts) in [
            ("debian", ("debian", "latest")),
            (DEFAULT, ("massgen/mcp-runtime", "latest")),
            ("host:5000/a/b", ("host:5000/a/b", "latest")),
            ("host:5000/a/b:1.2", ("host:5000/a/b", "1.2")),
            ("a@sha256:00ff", ("a", "sha256:00ff")),
        ] {
            assert_eq!(ImageName::parse(image).unwrap().parts(), parts);
        }
        for image in [
            "",
            "a b",
            "a?tag=b",
            "../containers",
            "a/../b",
            "a//b",
            "a#b",
            "ä",
            "-a",
        ] {
            assert_eq!(ImageName::parse(image), None, "{image}");
        }
    }
}
