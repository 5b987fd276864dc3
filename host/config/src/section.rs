//! Reading a map key by key: what is asked for is known, what remains is warned about.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::node::{Key, Node, Place, Tree};

/// The findings of one file.
#[derive(Debug)]
pub(crate) struct Findings {
    file: PathBuf,
    found: RefCell<Vec<Diagnostic>>,
}

impl Findings {
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            found: RefCell::default(),
        }
    }

    pub(crate) fn add(
        &self,
        severity: Severity,
        place: Option<Place>,
        key: &str,
        message: String,
        help: Option<String>,
    ) {
        let diagnostic = Diagnostic {
            severity,
            file: self.file.clone(),
            place,
            key: key.to_owned(),
            message,
            help,
        };
        self.found.borrow_mut().push(diagnostic);
    }

    pub(crate) fn error(
        &self,
        place: Place,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(
            Severity::Error,
            Some(place),
            key,
            message.into(),
            some_text(help),
        );
    }

    /// What the configuration needs and this machine does not have.
    pub(crate) fn missing(
        &self,
        place: Place,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(
            Severity::Missing,
            Some(place),
            key,
            message.into(),
            some_text(help),
        );
    }

    pub(crate) fn warning(
        &self,
        place: Place,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(
            Severity::Warning,
            Some(place),
            key,
            message.into(),
            some_text(help),
        );
    }

    /// The findings in the file's order; those without a place come first.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| diagnostic.place);
        found
    }
}

fn some_text(text: impl Into<String>) -> Option<String> {
    Some(text.into()).filter(|text| !text.is_empty())
}

/// A map under reading.
pub(crate) struct Section<'a> {
    pub(crate) findings: &'a Findings,
    pub(crate) path: String,
    pub(crate) place: Place,
    keys: &'a [Key],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// Reads `node` as a map; anything else is an error.
    pub(crate) fn open(findings: &'a Findings, path: &str, node: &'a Node) -> Option<Self> {
        let Tree::Map(keys) = &node.value else {
            findings.error(
                node.place,
                path,
                format!("a map of keys was expected, found {}.", node.kind()),
                "",
            );
            return None;
        };
        Some(Self {
            findings,
            path: path.to_owned(),
            place: node.place,
            keys,
            asked: RefCell::default(),
        })
    }

    /// The path of a key in this section.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Where a key's value stands; the section's place where it has none.
    pub(crate) fn place_of(&self, name: &'static str) -> Place {
        self.get(name).map_or(self.place, |node| node.place)
    }

    /// The value of a key; `null` counts as absent.
    pub(crate) fn get(&self, name: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(name);
        let key = self.keys.iter().find(|key| key.name == name)?;
        (!matches!(key.node.value, Tree::Null)).then_some(&key.node)
    }

    /// Keys that were not asked for yet.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &'a Key> + use<'a> {
        let asked = self.asked.borrow().clone();
        self.keys
            .iter()
            .filter(move |key| !asked.contains(&key.name.as_str()))
    }

    pub(crate) fn mismatch(&self, name: &str, node: &Node, expected: &str) {
        self.findings.error(
            node.place,
            &self.key(name),
            format!("{expected} was expected, found {}.", node.kind()),
            "Correct the value or remove the key.",
        );
    }

    pub(crate) fn text(&self, name: &'static str) -> Option<&'a str> {
        let node = self.get(name)?;
        match &node.value {
            Tree::Text(text) => Some(text),
            _ => {
                self.mismatch(name, node, "text");
                None
            }
        }
    }

    pub(crate) fn boolean(&self, name: &'static str) -> Option<bool> {
        let node = self.get(name)?;
        match node.value {
            Tree::Bool(value) => Some(value),
            _ => {
                self.mismatch(name, node, "true or false");
                None
            }
        }
    }

    /// One of a few words, in any case of letters; another one is an error that names them.
    pub(crate) fn choice<T: Clone>(
        &self,
        key: &'static str,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(key)?;
        let found = known
            .iter()
            .find(|(word, _)| text.eq_ignore_ascii_case(word));
        if found.is_none() {
            let words = known.iter().map(|(word, _)| *word);
            let help = match nearest(&text.to_ascii_lowercase(), words) {
                Some(word) if known.len() > 2 => {
                    format!("It is {}. Did you mean `{word}`?", alternatives(known))
                }
                _ => format!("It is {}.", alternatives(known)),
            };
            let message = format!("there is no {key} `{text}`.");
            self.findings
                .error(self.place_of(key), &self.key(key), message, help);
        }
        found.map(|(_, value)| value.clone())
    }

    /// A text that says something.
    pub(crate) fn filled(&self, name: &'static str) -> Option<&'a str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A count of at least one.
    pub(crate) fn count(&self, name: &'static str) -> Option<u32> {
        let node = self.get(name)?;
        let count = match node.value {
            Tree::Integer(value) => u32::try_from(value).ok().filter(|count| *count > 0),
            _ => None,
        };
        if count.is_none() {
            self.mismatch(
                name,
                node,
                &format!("a whole number from 1 to {}", u32::MAX),
            );
        }
        count
    }

    pub(crate) fn list(&self, name: &'static str) -> Option<&'a [Node]> {
        let node = self.get(name)?;
        match &node.value {
            Tree::List(items) => Some(items),
            _ => {
                self.mismatch(name, node, "a list");
                None
            }
        }
    }

    pub(crate) fn texts(&self, name: &'static str) -> Option<Vec<(Place, String)>> {
        let items = self.list(name)?;
        let text = |item: &Node| match &item.value {
            Tree::Text(text) => Some((item.place, text.clone())),
            _ => {
                self.mismatch(name, item, "a list of texts");
                None
            }
        };
        Some(items.iter().filter_map(text).collect())
    }

    /// A number or text with a unit, read by `read`.
    pub(crate) fn quantity<T>(
        &self,
        name: &'static str,
        example: &str,
        read: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let node = self.get(name)?;
        let text = match &node.value {
            Tree::Integer(value) => value.to_string(),
            Tree::Float(value) => value.to_string(),
            Tree::Text(text) => text.clone(),
            _ => String::new(),
        };
        let value = read(&text);
        if value.is_none() {
            self.mismatch(
                name,
                node,
                &format!("a positive amount such as `{example}`"),
            );
        }
        value
    }

    /// Warns about what nobody asked for, with the nearest name that somebody would have.
    pub(crate) fn warn_about_the_rest(&self, further: &[&str]) {
        let asked = self.asked.borrow().clone();
        for key in self.rest() {
            let known = asked.iter().copied().chain(further.iter().copied());
            let help = match nearest(&key.name, known) {
                Some(name) => format!("Did you mean `{name}`?"),
                None => "Remove it if it is not needed.".to_owned(),
            };
            self.findings.warning(
                key.place,
                &self.key(&key.name),
                "there is no such key; it is ignored.",
                help,
            );
        }
    }
}

/// `a`, `b` or `c`.
pub(crate) fn alternatives<T>(known: &[(&str, T)]) -> String {
    let quoted: Vec<_> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The candidate that `name` is probably a misspelling of: at most one letter in four differs, and one more.
pub fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
