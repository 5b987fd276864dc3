//! Rules narrow what a grant gives: a pattern below the grant's root, and what holds for the paths it matches.

use std::fmt;
use std::path::PathBuf;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

/// What holds for the paths that a rule matches. Ordered from the most to the least restrictive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// For an agent there is nothing.
    Hide,
    /// Names and metadata are seen; reading and changing need a person's approval.
    Ask,
    /// Reading.
    Read,
    /// All that the grant allows; never more.
    Write,
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hide => "hidden",
            Self::Ask => "ask",
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// The granted directory in which the pattern is anchored.
    pub root: PathBuf,
    /// Which paths below it.
    pub pattern: Pattern,
    /// What holds for them.
    pub effect: Effect,
}

/// Whether letters match letters of the other case (ASCII).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    AsWritten,
    AnyCase,
}

/// How exactly a pattern names what it matches, from the vaguest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Exactness {
    /// By wildcards.
    Vague,
    /// By matching a directory above it.
    Above,
    /// By its own name, without wildcards.
    Name,
    /// By its whole path below the root, without wildcards.
    Path,
}

/// A glob over the path below a root.
///
/// `*`, `?` and `[…]` match within one name, `**` matches any number of directories, `{a,b}` either. A pattern without
/// `/` is a name at any depth; a `/` in it, be it the first character, anchors it at the root. What matches a directory
/// covers everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<String>,
    letters: Letters,
}

/// A pattern that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing is in it.
    #[error("the pattern is empty")]
    Empty,
    /// `.`, `..` or nothing stands between slashes: no real path has that.
    #[error(
        "the pattern `{0}` has an empty part, `.` or `..` in it, which no path below the root has"
    )]
    NoRealPath(String),
    /// The glob's grammar.
    #[error("the pattern `{pattern}` cannot be read: {reason}")]
    Grammar {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// Longer than [`Pattern::MAX_BYTES`].
    #[error("the pattern starting with `{0}` is longer than 512 bytes")]
    TooLong(String),
    /// All patterns of one root together are too large.
    #[error("the patterns are too large together: {0}")]
    TooLarge(String),
    /// The root of a rule is no granted directory, so the rule would reach nothing.
    #[error("a rule is anchored at {}, which is no granted directory", .0.display())]
    RootNotGranted(PathBuf),
}

impl Pattern {
    /// How long a pattern may be, in bytes: room for a deep path, and none for one that takes seconds to compile.
    pub const MAX_BYTES: usize = 512;

    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty, too long, not a glob, or can match no path.
    pub fn new(text: impl Into<String>) -> Result<Self, PatternError> {
        Self::with(text.into(), Letters::AsWritten)
    }

    /// Reads a pattern whose letters match those of the other case too.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn in_any_case(text: impl Into<String>) -> Result<Self, PatternError> {
        Self::with(text.into(), Letters::AnyCase)
    }

    fn with(text: String, letters: Letters) -> Result<Self, PatternError> {
        if text.len() > Self::MAX_BYTES {
            let start = text.chars().take(40).collect();
            return Err(PatternError::TooLong(start));
        }
        let bare = text.strip_suffix('/').unwrap_or(&text);
        let path = bare.strip_prefix("./").unwrap_or(bare);
        let path = path.strip_prefix('/').unwrap_or(path);
        if path.is_empty() {
            return Err(PatternError::Empty);
        }
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        if parts
            .iter()
            .any(|part| matches!(part.as_str(), "" | "." | ".."))
        {
            return Err(PatternError::NoRealPath(text));
        }
        // Doubled `**` mean one, and the compiler of globs wants it that way.
        parts.dedup_by(|next, part| part == "**" && next == "**");
        if !bare.contains('/') && parts[0] != "**" {
            parts.insert(0, "**".to_owned());
        }
        let pattern = Self {
            text,
            parts,
            letters,
        };
        for part in &pattern.parts {
            pattern.glob(part)?;
        }
        Ok(pattern)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How exactly the pattern names the paths that it matches themselves.
    fn exactness(&self) -> Exactness {
        let is_plain = |part: &String| !part.contains(['*', '?', '[', '{', '\\']);
        match self.parts.as_slice() {
            [first, name] if first == "**" && is_plain(name) => Exactness::Name,
            parts if parts.iter().all(is_plain) => Exactness::Path,
            _ => Exactness::Vague,
        }
    }

    /// The path below the root, where the pattern is one.
    pub(crate) fn exact_path(&self) -> Option<PathBuf> {
        (self.exactness() == Exactness::Path).then(|| self.parts.iter().collect())
    }

    /// Glob of what lies below the paths that it matches. Behind a last `**`, which alone matches things of every depth,
    /// that is one level deeper.
    fn below(&self) -> String {
        match self.parts.split_last() {
            Some((last, before)) if last == "**" => {
                let mut parts = before.to_vec();
                parts.extend(["*".to_owned(), "**".to_owned()]);
                parts.join("/")
            }
            _ => format!("{}/**", self.parts.join("/")),
        }
    }

    /// Globs of the directories that may have something below them which the pattern matches, without those that it
    /// matches itself. Below a leading `**` a directory may move: what it holds is matched wherever it goes.
    fn above(&self) -> Vec<String> {
        let start = usize::from(self.parts[0] == "**");
        let mut globs = Vec::new();
        for end in start + 1..self.parts.len() {
            globs.push(self.parts[..end].join("/"));
            if self.parts[end - 1] == "**" {
                // Everything from here on down may lie above a match.
                break;
            }
        }
        globs
    }

    fn glob(&self, text: &str) -> Result<globset::Glob, PatternError> {
        GlobBuilder::new(text)
            .literal_separator(true)
            .case_insensitive(self.letters == Letters::AnyCase)
            .build()
            .map_err(|error| PatternError::Grammar {
                pattern: self.text.clone(),
                reason: error.kind().to_string(),
            })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A rule that matches a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Match<'a> {
    pub(crate) pattern: &'a Pattern,
    pub(crate) effect: Effect,
    pub(crate) exactness: Exactness,
}

/// The rule that counts: the most restrictive of those that name the path from the root; without any, of those that name
/// it by its name or match a directory above it, so that a name lifts nothing from a whole directory; without any name,
/// of all.
pub(crate) fn decisive<'a>(matches: &[Match<'a>]) -> Option<Match<'a>> {
    let least = match matches.iter().map(|rule| rule.exactness).max()? {
        Exactness::Path => Exactness::Path,
        Exactness::Name => Exactness::Above,
        Exactness::Above | Exactness::Vague => Exactness::Vague,
    };
    let counting = matches.iter().filter(|rule| rule.exactness >= least);
    counting.min_by_key(|rule| rule.effect).copied()
}

/// Rules of one root, compiled once.
#[derive(Debug)]
pub(crate) struct RuleSet {
    rules: Vec<(Pattern, Effect)>,
    /// Two globs for each rule: for what it names, and for what lies below.
    globs: GlobSet,
    above: GlobSet,
}

impl RuleSet {
    pub(crate) fn compile(rules: Vec<(Pattern, Effect)>) -> Result<Self, PatternError> {
        let mut globs = GlobSetBuilder::new();
        let mut above = GlobSetBuilder::new();
        for (pattern, _) in &rules {
            globs.add(pattern.glob(&pattern.parts.join("/"))?);
            globs.add(pattern.glob(&pattern.below())?);
            for text in pattern.above() {
                above.add(pattern.glob(&text)?);
            }
        }
        let too_large = |error: globset::Error| PatternError::TooLarge(error.to_string());
        Ok(Self {
            globs: globs.build().map_err(too_large)?,
            above: above.build().map_err(too_large)?,
            rules,
        })
    }

    /// Adds the rules that match `below`, a path below the root. Cheap where none does.
    pub(crate) fn collect<'a>(&'a self, below: &[u8], matches: &mut Vec<Match<'a>>) {
        let candidate = globset::Candidate::from_bytes(below);
        if below.is_empty() || !self.globs.is_match_candidate(&candidate) {
            return;
        }
        let hits = self.globs.matches_candidate(&candidate);
        // They come in order, at most two for each rule.
        for of_rule in hits.chunk_by(|first, second| first / 2 == second / 2) {
            let (pattern, effect) = &self.rules[of_rule[0] / 2];
            let exactness = of_rule.iter().map(|hit| match hit % 2 {
                0 => pattern.exactness(),
                _ => Exactness::Above,
            });
            matches.push(Match {
                pattern,
                effect: *effect,
                exactness: exactness.max().unwrap_or(Exactness::Vague),
            });
        }
    }

    /// True when a directory `below` the root may have something below it that a rule matches by its place.
    pub(crate) fn is_above_match(&self, below: &[u8]) -> bool {
        !self.above.is_empty()
            && self
                .above
                .is_match_candidate(&globset::Candidate::from_bytes(below))
    }
}
