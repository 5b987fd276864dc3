//! Regular expressions, each compiled once.

use std::rc::Rc;

use regex::bytes::{Regex, RegexBuilder};

use super::{Evaluated, Interpreter, mistake};
use crate::awk::ast::{Expression, special};
use crate::awk::value::Text;
use crate::posix_regex::{Syntax, translate};

impl Interpreter {
    /// The regular expression that an expression is: one in slashes, or text that is one.
    pub fn regex_of(&mut self, expression: &Expression) -> Evaluated<Rc<Regex>> {
        if let Expression::Regex(regex) = expression {
            return self.regex(regex);
        }
        let text = self.evaluated_text(expression)?;
        self.regex(&text)
    }

    /// The compiled form of a regular expression.
    pub fn regex(&mut self, text: &Text) -> Evaluated<Rc<Regex>> {
        if let Some(regex) = self.regexes.get(text) {
            return Ok(regex.clone());
        }
        let pattern = String::from_utf8_lossy(text);
        let ignore_case = self.global_value(special::IGNORECASE).is_true();
        let compiled = RegexBuilder::new(&translate(&pattern, Syntax::Extended))
            .case_insensitive(ignore_case)
            .dot_matches_new_line(true)
            .build();
        match compiled {
            Ok(regex) => {
                let regex = Rc::new(regex);
                self.regexes.insert(text.clone(), regex.clone());
                Ok(regex)
            }
            Err(error) => mistake(format!(
                "/{pattern}/ is no regular expression: {}",
                last_line(&error.to_string())
            )),
        }
    }
}

/// The last line of a message of the regex crate says what is wrong; the others show where.
fn last_line(message: &str) -> &str {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}
