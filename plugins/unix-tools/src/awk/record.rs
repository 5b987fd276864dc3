//! The record and its fields: split when a field is asked for, put together again when one was assigned.

use std::rc::Rc;

use regex::bytes::Regex;

use super::value::{Text, Value};
use crate::outcome::Failure;

/// How text is split into fields.
#[derive(Debug, Clone)]
pub enum Separator {
    /// Runs of blanks and new lines; those at the ends do not count.
    Blanks,
    /// One byte.
    Byte(u8),
    /// Each character is a field.
    Characters,
    /// What a regular expression matches.
    Regex(Rc<Regex>),
}

impl Separator {
    /// Splits `text`. In paragraph mode a new line separates as well.
    pub fn split<'t>(&self, text: &'t [u8], paragraph: bool) -> Vec<&'t [u8]> {
        if text.is_empty() {
            return Vec::new();
        }
        match self {
            Self::Blanks => text
                .split(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
                .filter(|field| !field.is_empty())
                .collect(),
            Self::Byte(separator) => text
                .split(|byte| byte == separator || (paragraph && *byte == b'\n'))
                .collect(),
            Self::Characters => super::text::characters(text).collect(),
            Self::Regex(regex) => {
                let mut fields = Vec::new();
                let mut rest = 0;
                for found in regex.find_iter(text).filter(|found| !found.is_empty()) {
                    fields.push(&text[rest..found.start()]);
                    rest = found.end();
                }
                fields.push(&text[rest..]);
                if paragraph {
                    fields = fields
                        .into_iter()
                        .flat_map(|field| field.split(|byte| *byte == b'\n'))
                        .collect();
                }
                fields
            }
        }
    }
}

/// Whether the record's text or its fields are the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The fields were not needed yet.
    Unsplit,
    /// Both are true.
    Both,
    /// A field was assigned since.
    FieldsChanged,
}

/// The current record.
#[derive(Debug)]
pub struct Record {
    whole: Value,
    text: Text,
    fields: Vec<Value>,
    state: State,
}

/// No record has more fields.
const MOST_FIELDS: usize = 1 << 24;

impl Record {
    /// An empty record.
    pub fn new() -> Self {
        Self {
            whole: Value::Unset,
            text: Rc::from(&b""[..]),
            fields: Vec::new(),
            state: State::Unsplit,
        }
    }

    /// Replaces the record.
    pub fn set(&mut self, text: &[u8]) {
        self.text = text.into();
        self.whole = Value::from_input(text);
        self.state = State::Unsplit;
    }

    /// The record's text.
    pub fn text(&mut self, joiner: &[u8], format: &[u8]) -> Text {
        self.join(joiner, format);
        self.text.clone()
    }

    fn join(&mut self, joiner: &[u8], format: &[u8]) {
        if self.state != State::FieldsChanged {
            return;
        }
        let mut text = Vec::new();
        for (number, field) in self.fields.iter().enumerate() {
            if number > 0 {
                text.extend_from_slice(joiner);
            }
            text.extend_from_slice(&field.to_text(format));
        }
        self.text = text.into();
        self.whole = Value::from_input(&self.text);
        self.state = State::Both;
    }

    /// `$0`.
    pub fn whole(&mut self, joiner: &[u8], format: &[u8]) -> Value {
        self.join(joiner, format);
        self.whole.clone()
    }

    /// Splits the record if that was not done.
    pub fn split(&mut self, separator: &Separator, paragraph: bool) {
        if self.state == State::Unsplit {
            self.fields = separator
                .split(&self.text, paragraph)
                .into_iter()
                .map(Value::from_input)
                .collect();
            self.state = State::Both;
        }
    }

    /// Whether the fields are known.
    pub fn is_split(&self) -> bool {
        self.state != State::Unsplit
    }

    /// The number of fields, after [`Record::split`].
    pub fn count(&self) -> usize {
        self.fields.len()
    }

    /// Field `number`, from 1, after [`Record::split`].
    pub fn field(&self, number: usize) -> Value {
        self.fields.get(number - 1).cloned().unwrap_or_default()
    }

    /// Assigns field `number`, from 1, after [`Record::split`]; those before it come to be.
    pub fn set_field(&mut self, number: usize, value: Value) -> Result<(), Failure> {
        if number > self.fields.len() {
            self.resize(number)?;
        }
        self.fields[number - 1] = value;
        self.state = State::FieldsChanged;
        Ok(())
    }

    /// Assigns the number of fields, after [`Record::split`].
    pub fn resize(&mut self, count: usize) -> Result<(), Failure> {
        if count > MOST_FIELDS {
            return Err(Failure::new(
                2,
                format!("field {count} is beyond the most that a record has, {MOST_FIELDS}"),
            ));
        }
        self.fields.resize(count, Value::text(""));
        self.state = State::FieldsChanged;
        Ok(())
    }
}
