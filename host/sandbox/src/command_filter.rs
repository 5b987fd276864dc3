//! Which commands a call may start, by patterns of the user's.
//!
//! A pattern is held against a command's name and arguments as they are when it is started, after the shell has taken
//! the line apart: `cd x; rm -rf y`, `xargs rm` and a script that calls `rm` all start the command `rm …`. A pattern
//! must match the whole (`spec/04` E4 mended). It keeps agents to what the user had in mind; what they may touch is the
//! gate's business.

use regex::Regex;

/// Patterns of commands that may, and that may not, be started.
#[derive(Debug, Clone, Default)]
pub struct CommandFilter {
    /// Where there is one, a command must match one of these.
    allowed: Vec<Regex>,
    /// A command must match none of these.
    blocked: Vec<Regex>,
}

impl CommandFilter {
    /// Reads the patterns.
    ///
    /// # Errors
    /// The first that is no regular expression.
    pub fn new(allowed: &[String], blocked: &[String]) -> Result<Self, regex::Error> {
        let read = |patterns: &[String]| -> Result<Vec<_>, _> {
            patterns.iter().map(|one| whole(one)).collect()
        };
        Ok(Self {
            allowed: read(allowed)?,
            blocked: read(blocked)?,
        })
    }

    /// Why the command may not be started; none if it may.
    pub(crate) fn refusal(&self, program: &str, arguments: &[String]) -> Option<String> {
        let words: Vec<&str> = std::iter::once(program)
            .chain(arguments.iter().skip(1).map(String::as_str))
            .collect();
        let command = words.join(" ");
        if let Some(pattern) = self.blocked.iter().find(|one| one.is_match(&command)) {
            let pattern = pattern.as_str();
            let pattern = pattern.strip_prefix(OPENING).unwrap_or(pattern);
            let pattern = pattern.strip_suffix(CLOSING).unwrap_or(pattern);
            return Some(format!(
                "the configuration blocks it (`command_line_blocked_commands`: {pattern})"
            ));
        }
        let is_allowed =
            self.allowed.is_empty() || self.allowed.iter().any(|one| one.is_match(&command));
        (!is_allowed).then(|| {
            "it is not among the commands that the configuration allows \
             (`command_line_allowed_commands`)"
                .to_owned()
        })
    }
}

/// What makes a pattern match the whole, of several lines too.
const OPENING: &str = "^(?s:";
const CLOSING: &str = ")$";

/// The pattern, to match the whole text, of several lines too.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("{OPENING}{pattern}{CLOSING}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn refused(filter: &CommandFilter, line: &str) -> bool {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        filter.refusal(&words[0], &words).is_some()
    }

    fn filter(allowed: &[&str], blocked: &[&str]) -> CommandFilter {
        let owned = |patterns: &[&str]| -> Vec<String> {
            patterns.iter().map(|one| (*one).to_owned()).collect()
        };
        CommandFilter::new(&owned(allowed), &owned(blocked)).unwrap()
    }

    #[test]
    fn a_pattern_matches_the_whole_command_and_not_its_beginning() {
        let filter = filter(&["python .*", "ls"], &[]);
        assert!(!refused(&filter, "python x.py"));
        assert!(!refused(&filter, "ls"));
        assert!(refused(&filter, "ls -la"));
        assert!(refused(&filter, "lsof"));
        assert!(refused(&filter, "rm y"));
    }

    #[test]
    fn a_block_wins_over_an_allowance() {
        let filter = filter(&["git .*"], &["git push.*"]);
        assert!(!refused(&filter, "git status"));
        assert!(refused(&filter, "git push origin"));
        let words = ["git".to_owned(), "push".to_owned()];
        let told = filter.refusal("git", &words).unwrap();
        assert!(
            told.contains("(`command_line_blocked_commands`: git push.*)"),
            "{told}"
        );
    }

    #[test]
    fn without_patterns_every_command_may_be_started() {
        assert!(!refused(&CommandFilter::default(), "rm -rf x"));
    }

    #[test]
    fn a_pattern_that_is_none_is_an_error() {
        assert!(CommandFilter::new(&["(".to_owned()], &[]).is_err());
        assert!(CommandFilter::new(&[], &["a{2".to_owned(), "[".to_owned()]).is_err());
    }

    #[test]
    fn an_alternative_in_a_pattern_is_as_whole_as_the_rest() {
        let filter = filter(&["ls|cat .*"], &[]);
        assert!(refused(&filter, "ls -la"));
        assert!(refused(&filter, "catalogue x"));
        assert!(!refused(&filter, "cat x"));
    }
}
