//! The command line of `find`: roots, then an expression with `!`, `-a`, `-o`, `,` and parentheses.

use std::time::{Duration, SystemTime};

use regex::{Regex, RegexBuilder};

use super::expression::{Amount, Each, Expression, Where};
use super::printing;
use crate::glob::{self, Case};
use crate::outcome::{Failure, reason};
use crate::posix_regex::{Syntax, translate};

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    /// Where the walks start.
    pub roots: Vec<String>,
    /// What is evaluated at each entry.
    pub expression: Expression,
    /// Whether links are followed.
    pub follow: bool,
    /// Entries above are not evaluated.
    pub least_depth: usize,
    /// Entries below are not looked at.
    pub greatest_depth: usize,
    /// Whether a directory comes after what is in it.
    pub contents_first: bool,
}

/// Deeper nesting of parentheses is refused.
const DEEPEST: usize = 100;

struct Parser<'a> {
    words: std::iter::Peekable<std::slice::Iter<'a, String>>,
    plan: Plan,
    syntax: Syntax,
    acts: bool,
    commands: usize,
    depth: usize,
}

/// Parses the arguments after the name.
pub fn parse(arguments: &[String]) -> Result<Plan, Failure> {
    let plan = Plan {
        roots: Vec::new(),
        expression: Expression::True,
        follow: false,
        least_depth: 0,
        greatest_depth: usize::MAX,
        contents_first: false,
    };
    let mut parser = Parser {
        words: arguments.iter().peekable(),
        plan,
        syntax: Syntax::Basic,
        acts: false,
        commands: 0,
        depth: 0,
    };
    parser.roots();
    if parser.words.peek().is_some() {
        parser.plan.expression = parser.list()?;
        if let Some(word) = parser.words.next() {
            return Err(failure(format!("'{word}' is not expected here")));
        }
    }
    let mut plan = parser.plan;
    if !parser.acts {
        let tests = std::mem::replace(&mut plan.expression, Expression::True);
        plan.expression = Expression::And(Box::new(tests), Box::new(Expression::Print('\n')));
    }
    if plan.roots.is_empty() {
        plan.roots.push(".".to_owned());
    }
    Ok(plan)
}

fn failure(text: String) -> Failure {
    Failure::new(1, text)
}

fn begins_expression(word: &str) -> bool {
    (word.starts_with('-') && word.len() > 1) || matches!(word, "(" | "!" | ")" | ",")
}

impl<'a> Parser<'a> {
    fn roots(&mut self) {
        while let Some(word) = self.words.peek() {
            match word.as_str() {
                "-L" => self.plan.follow = true,
                "-H" | "-P" => {}
                word if begins_expression(word) => return,
                word => self.plan.roots.push(word.to_owned()),
            }
            self.words.next();
        }
    }

    fn eat(&mut self, wanted: &[&str]) -> bool {
        let found = self
            .words
            .peek()
            .is_some_and(|word| wanted.contains(&word.as_str()));
        if found {
            self.words.next();
        }
        found
    }

    fn list(&mut self) -> Result<Expression, Failure> {
        let mut left = self.or()?;
        while self.eat(&[","]) {
            left = Expression::Both(Box::new(left), Box::new(self.or()?));
        }
        Ok(left)
    }

    fn or(&mut self) -> Result<Expression, Failure> {
        let mut left = self.and()?;
        while self.eat(&["-o", "-or"]) {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, Failure> {
        let mut left = self.not()?;
        loop {
            self.eat(&["-a", "-and"]);
            match self.words.peek().map(|word| word.as_str()) {
                None | Some(")" | "," | "-o" | "-or") => return Ok(left),
                Some(_) => left = Expression::And(Box::new(left), Box::new(self.not()?)),
            }
        }
    }

    fn not(&mut self) -> Result<Expression, Failure> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(failure(format!(
                "the expression is nested deeper than {DEEPEST} levels"
            )));
        }
        let expression = if self.eat(&["!", "-not"]) {
            Expression::Not(Box::new(self.not()?))
        } else if self.eat(&["("]) {
            let inner = self.list()?;
            if !self.eat(&[")"]) {
                return Err(failure("'(' is not closed by ')'".to_owned()));
            }
            inner
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn value(&mut self, option: &str) -> Result<&'a str, Failure> {
        match self.words.next() {
            Some(value) => Ok(value),
            None => Err(failure(format!("missing argument to '{option}'"))),
        }
    }

    fn glob(&mut self, option: &str, case: Case) -> Result<globset::GlobMatcher, Failure> {
        let pattern = self.value(option)?;
        glob::matcher(pattern, case)
            .map_err(|error| failure(format!("{option} '{pattern}': {error}")))
    }

    fn regex(&mut self, option: &str, case: Case) -> Result<Regex, Failure> {
        let pattern = self.value(option)?;
        // find's own syntax is that of Emacs: alternation and groups with a backslash, `+` and `?` without.
        let adapted = match self.syntax {
            Syntax::Basic => pattern
                .replace('+', "\\+")
                .replace('?', "\\?")
                .replace("\\\\+", "+")
                .replace("\\\\?", "?"),
            Syntax::Extended => pattern.to_owned(),
        };
        RegexBuilder::new(&format!("^(?:{})$", translate(&adapted, self.syntax)))
            .case_insensitive(case == Case::Insensitive)
            .dot_matches_new_line(true)
            .build()
            .map_err(|_| failure(format!("{option}: '{pattern}' is no regular expression")))
    }

    fn amount(&mut self, option: &str) -> Result<Amount, Failure> {
        let value = self.value(option)?;
        amount(value).ok_or_else(|| {
            failure(format!(
                "{option} '{value}': a number is expected, with + or - before it"
            ))
        })
    }

    fn depth_value(&mut self, option: &str) -> Result<usize, Failure> {
        let value = self.value(option)?;
        value
            .parse()
            .map_err(|_| failure(format!("{option} '{value}': a number from 0 is expected")))
    }

    fn primary(&mut self) -> Result<Expression, Failure> {
        let Some(word) = self.words.next() else {
            return Err(failure("an expression is expected at the end".to_owned()));
        };
        let option = word.as_str();
        Ok(match option {
            "-true"
            | "-noleaf"
            | "-xdev"
            | "-mount"
            | "-daystart"
            | "-warn"
            | "-nowarn"
            | "-ignore_readdir_race" => Expression::True,
            "-false" => Expression::False,
            "-name" => Expression::Name(self.glob(option, Case::Sensitive)?),
            "-iname" => Expression::Name(self.glob(option, Case::Insensitive)?),
            "-path" | "-wholename" => Expression::Path(self.glob(option, Case::Sensitive)?),
            "-ipath" | "-iwholename" => Expression::Path(self.glob(option, Case::Insensitive)?),
            "-lname" => Expression::LinkName(self.glob(option, Case::Sensitive)?),
            "-regex" => Expression::Regex(self.regex(option, Case::Sensitive)?),
            "-iregex" => Expression::Regex(self.regex(option, Case::Insensitive)?),
            "-regextype" => {
                self.syntax = match self.value(option)? {
                    "posix-extended" | "egrep" | "posix-egrep" | "awk" | "gnu-awk" => {
                        Syntax::Extended
                    }
                    _ => Syntax::Basic,
                };
                Expression::True
            }
            "-type" | "-xtype" => {
                let value = self.value(option)?;
                let kinds: Vec<char> = value.chars().filter(|letter| *letter != ',').collect();
                if kinds.is_empty() || !kinds.iter().all(|kind| "bcdpfls".contains(*kind)) {
                    return Err(failure(format!("Unknown argument to {option}: {value}")));
                }
                Expression::Type(kinds)
            }
            "-maxdepth" => {
                self.plan.greatest_depth = self.depth_value(option)?;
                Expression::True
            }
            "-mindepth" => {
                self.plan.least_depth = self.depth_value(option)?;
                Expression::True
            }
            "-depth" | "-d" => {
                self.plan.contents_first = true;
                Expression::True
            }
            "-follow" => {
                self.plan.follow = true;
                Expression::True
            }
            "-size" => {
                let value = self.value(option)?;
                let (number, unit) = match value.char_indices().next_back() {
                    Some((at, 'c')) => (&value[..at], 1),
                    Some((at, 'w')) => (&value[..at], 2),
                    Some((at, 'b')) => (&value[..at], 512),
                    Some((at, 'k')) => (&value[..at], 1 << 10),
                    Some((at, 'M')) => (&value[..at], 1 << 20),
                    Some((at, 'G')) => (&value[..at], 1 << 30),
                    _ => (value, 512),
                };
                let amount =
                    amount(number).ok_or_else(|| failure(format!("invalid -size '{value}'")))?;
                Expression::Size(amount, unit)
            }
            "-mtime" | "-atime" | "-ctime" => Expression::Age(self.amount(option)?, 24 * 60 * 60),
            "-mmin" | "-amin" | "-cmin" => {
                // Minutes are rounded up, days down.
                match self.amount(option)? {
                    Amount::Less(minutes) => {
                        Expression::Age(Amount::Less(minutes.saturating_mul(60)), 1)
                    }
                    Amount::More(minutes) => {
                        Expression::Age(Amount::More(minutes.saturating_mul(60)), 1)
                    }
                    Amount::Exactly(minutes) => {
                        Expression::Age(Amount::Exactly(minutes.saturating_sub(1)), 60)
                    }
                }
            }
            "-newer" | "-anewer" | "-cnewer" | "-newermm" => {
                let file = self.value(option)?;
                let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified());
                Expression::Newer(
                    modified.map_err(|error| failure(format!("'{file}': {}", reason(&error))))?,
                )
            }
            "-newermt" => {
                let value = self.value(option)?;
                Expression::Newer(moment(value).ok_or_else(|| {
                    failure(format!("-newermt '{value}': a date such as 2026-01-31 or 2026-01-31 12:00:00 is expected"))
                })?)
            }
            "-empty" => Expression::Empty,
            "-links" => Expression::Links(self.amount(option)?),
            "-samefile" => Expression::SameFile(self.value(option)?.into()),
            "-readable" | "-writable" | "-executable" => Expression::Permitted,
            "-perm" | "-user" | "-group" | "-uid" | "-gid" | "-inum" | "-nouser" | "-nogroup" => {
                return Err(failure(format!(
                    "{option}: files have no owners, modes or numbers in the sandbox"
                )));
            }
            "-prune" => Expression::Prune,
            "-quit" => self.act(Expression::Quit),
            "-print" => self.act(Expression::Print('\n')),
            "-print0" => self.act(Expression::Print('\0')),
            "-fprint" => {
                let file = self.value(option)?.to_owned();
                self.act(Expression::PrintTo(file, '\n'))
            }
            "-fprint0" => {
                let file = self.value(option)?.to_owned();
                self.act(Expression::PrintTo(file, '\0'))
            }
            "-printf" => {
                let format = self.value(option)?;
                self.act(Expression::Printf(printing::parse(format)))
            }
            "-ls" => self.act(Expression::List),
            "-delete" => {
                self.plan.contents_first = true;
                self.act(Expression::Delete)
            }
            "-exec" => self.command(option, Where::Here)?,
            "-execdir" => self.command(option, Where::Beside)?,
            "-ok" | "-okdir" => {
                return Err(failure(format!(
                    "{option}: there is nobody to ask; use -exec"
                )));
            }
            other => return Err(failure(format!("unknown predicate '{other}'"))),
        })
    }

    fn act(&mut self, action: Expression) -> Expression {
        self.acts = true;
        action
    }

    fn command(&mut self, option: &str, place: Where) -> Result<Expression, Failure> {
        self.acts = true;
        let mut command: Vec<String> = Vec::new();
        loop {
            let Some(word) = self.words.next() else {
                return Err(failure(format!(
                    "missing argument to '{option}': it ends with ';' or '{{}} +'"
                )));
            };
            let many = word == "+" && command.last().is_some_and(|last| last == "{}");
            if word == ";" || many {
                if command.is_empty() || (many && command.len() < 2) {
                    return Err(failure(format!("'{option}' has no command")));
                }
                self.commands += 1;
                // In the directory of an entry a command runs for that entry alone.
                let each = if many && place == Where::Here {
                    Each::Many
                } else {
                    Each::One
                };
                return Ok(Expression::Execute {
                    number: self.commands,
                    command,
                    each,
                    place,
                });
            }
            command.push(word.clone());
        }
    }
}

fn amount(value: &str) -> Option<Amount> {
    if let Some(number) = value.strip_prefix('+') {
        return number.parse().ok().map(Amount::More);
    }
    if let Some(number) = value.strip_prefix('-') {
        return number.parse().ok().map(Amount::Less);
    }
    value.parse().ok().map(Amount::Exactly)
}

/// A date, or a date and time, in UTC.
fn moment(value: &str) -> Option<SystemTime> {
    let civil = value
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| value.replace(' ', "T").parse())
        .ok();
    let civil = civil.or_else(|| Some(value.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)))?;
    let seconds = civil
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_second();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}
