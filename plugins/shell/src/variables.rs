//! Variables: scalars, arrays, attributes, and the scopes of functions. A clone shares everything until it changes.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A variable.
#[derive(Clone, Debug, Default)]
pub struct Variable {
    /// What it holds.
    pub value: Value,
    /// What `declare` has said about it.
    pub flags: Flags,
}

/// What a variable holds.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing: declared only.
    #[default]
    Unset,
    /// A text.
    Scalar(String),
    /// An array by numbers.
    Indexed(BTreeMap<i64, String>),
    /// An array by texts.
    Keyed(Keyed),
}

/// An associative array, in the order in which bash goes through its own: that of the hash of the key.
#[derive(Clone, Debug, Default)]
pub struct Keyed(BTreeMap<(u32, String), String>);

impl Keyed {
    /// The bucket that bash 5 puts a key in: 32-bit FNV-1 over its bytes, 1024 buckets.
    fn place(key: &str) -> (u32, String) {
        let hash = key.bytes().fold(2_166_136_261_u32, |hash, byte| {
            hash.wrapping_mul(16_777_619) ^ u32::from(byte)
        });
        (hash & 1023, key.to_owned())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&String> {
        self.0.get(&Self::place(key))
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: &str, value: String) {
        self.0.insert(Self::place(key), value);
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(&Self::place(key));
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter().map(|((_, key), value)| (key, value))
    }
}

/// Attributes of a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of `declare`")]
pub struct Flags {
    /// `-x`
    pub exported: bool,
    /// `-r`
    pub read_only: bool,
    /// `-i`
    pub integer: bool,
    /// `-l`
    pub lower: bool,
    /// `-u`
    pub upper: bool,
    /// `-n`
    pub reference: bool,
}

impl Variable {
    /// The value that `$name` has: of an array the element 0.
    pub fn scalar(&self) -> Option<&String> {
        match &self.value {
            Value::Unset => None,
            Value::Scalar(text) => Some(text),
            Value::Indexed(elements) => elements.get(&0),
            Value::Keyed(elements) => elements.get("0"),
        }
    }

    /// All elements with their keys.
    pub fn elements(&self) -> Vec<(String, String)> {
        match &self.value {
            Value::Unset => Vec::new(),
            Value::Scalar(text) => vec![("0".to_owned(), text.clone())],
            Value::Indexed(elements) => elements
                .iter()
                .map(|(key, value)| (key.to_string(), value.clone()))
                .collect(),
            Value::Keyed(elements) => elements
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }

    /// Whether it is an array by texts.
    pub fn is_keyed(&self) -> bool {
        matches!(self.value, Value::Keyed(_))
    }

    /// The letters that `declare -p` shows.
    pub fn letters(&self) -> String {
        let flags = self.flags;
        let letters = [
            (matches!(self.value, Value::Indexed(_)), 'a'),
            (self.is_keyed(), 'A'),
            (flags.integer, 'i'),
            (flags.lower, 'l'),
            (flags.reference, 'n'),
            (flags.read_only, 'r'),
            (flags.upper, 'u'),
            (flags.exported, 'x'),
        ];
        letters
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, letter)| *letter)
            .collect()
    }

    /// The text as the attributes want it.
    pub fn shape(flags: Flags, text: String) -> String {
        if flags.lower {
            text.to_lowercase()
        } else if flags.upper {
            text.to_uppercase()
        } else {
            text
        }
    }

    /// The scalar that an assignment without subscript changes.
    pub fn set_scalar(&mut self, text: String) {
        match &mut self.value {
            Value::Indexed(elements) => drop(elements.insert(0, text)),
            Value::Keyed(elements) => elements.insert("0", text),
            value => *value = Value::Scalar(text),
        }
    }

    /// The elements of an array by numbers; a scalar becomes its element 0.
    pub fn indexed(&mut self) -> Option<&mut BTreeMap<i64, String>> {
        if !matches!(self.value, Value::Indexed(_) | Value::Keyed(_)) {
            let first = self.scalar().map(|text| (0, text.clone()));
            self.value = Value::Indexed(first.into_iter().collect());
        }
        match &mut self.value {
            Value::Indexed(elements) => Some(elements),
            _ => None,
        }
    }
}

/// Why a variable does not change.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadOnly(pub String);

impl ReadOnly {
    /// bash's words.
    pub fn words(&self) -> String {
        format!("{}: readonly variable", self.0)
    }
}

#[derive(Clone, Debug, Default)]
struct Scope {
    variables: Rc<HashMap<String, Variable>>,
    kind: ScopeKind,
}

/// What a scope belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScopeKind {
    /// The shell, or a command with assignments before it.
    #[default]
    Command,
    /// A function.
    Function,
}

/// All variables.
#[derive(Clone, Debug)]
pub struct Variables {
    scopes: Vec<Scope>,
}

impl Default for Variables {
    fn default() -> Self {
        Self {
            scopes: vec![Scope::default()],
        }
    }
}

impl Variables {
    /// Opens a scope.
    pub fn push(&mut self, kind: ScopeKind) {
        self.scopes.push(Scope {
            kind,
            ..Scope::default()
        });
    }

    /// Closes the innermost scope.
    pub fn pop(&mut self) {
        if self.scopes.len() > 1 {
            self.scopes.pop();
        }
    }

    /// How many scopes are open.
    pub fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// Closes scopes until so many are open.
    pub fn close_to(&mut self, depth: usize) {
        self.scopes.truncate(depth.max(1));
    }

    /// Whether a function runs.
    pub fn in_function(&self) -> bool {
        self.scopes
            .iter()
            .any(|scope| scope.kind == ScopeKind::Function)
    }

    /// The name that a reference leads to.
    pub fn resolve(&self, name: &str) -> String {
        let mut name = name.to_owned();
        for _ in 0..8 {
            match self.get(&name) {
                Some(variable) if variable.flags.reference => match variable.scalar() {
                    Some(next) => name.clone_from(next),
                    None => break,
                },
                _ => break,
            }
        }
        name
    }

    /// The variable of this name, without following references.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.variables.get(name))
    }

    /// The scalar value of a variable, references followed.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(&self.resolve(name))?.scalar().cloned()
    }

    /// The variable of this name for a change, made if need be; references followed.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn change(&mut self, name: &str) -> Result<&mut Variable, ReadOnly> {
        let name = self.resolve(name);
        let place = self
            .scopes
            .iter()
            .rposition(|scope| scope.variables.contains_key(&name));
        self.entry(place.unwrap_or(0), &name)
    }

    fn entry(&mut self, scope: usize, name: &str) -> Result<&mut Variable, ReadOnly> {
        let scope = &mut self.scopes[scope];
        let variables = Rc::make_mut(&mut scope.variables);
        let variable = variables.entry(name.to_owned()).or_default();
        if variable.flags.read_only {
            Err(ReadOnly(name.to_owned()))
        } else {
            Ok(variable)
        }
    }

    /// The variable in the innermost function's scope, or outside functions the global one; made if need be.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn local(&mut self, name: &str) -> Result<&mut Variable, ReadOnly> {
        let function = self
            .scopes
            .iter()
            .rposition(|scope| scope.kind == ScopeKind::Function);
        let global = self
            .get(name)
            .is_some_and(|variable| variable.flags.read_only);
        let scope = function.unwrap_or(0);
        if global && !self.scopes[scope].variables.contains_key(name) {
            return Err(ReadOnly(name.to_owned()));
        }
        self.entry(scope, name)
    }

    /// The variable in the outermost scope.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn global(&mut self, name: &str) -> Result<&mut Variable, ReadOnly> {
        self.entry(0, name)
    }

    /// The variable in the innermost scope of any kind: an assignment before a command.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn innermost(&mut self, name: &str) -> Result<&mut Variable, ReadOnly> {
        if self
            .get(name)
            .is_some_and(|variable| variable.flags.read_only)
        {
            return Err(ReadOnly(name.to_owned()));
        }
        self.entry(self.scopes.len() - 1, name)
    }

    /// Whether the innermost function has a variable of this name of its own.
    pub fn is_local(&self, name: &str) -> bool {
        let function = self
            .scopes
            .iter()
            .rfind(|scope| scope.kind == ScopeKind::Function);
        function.is_some_and(|scope| scope.variables.contains_key(name))
    }

    /// Sets a scalar.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn set(&mut self, name: &str, text: impl Into<String>) -> Result<(), ReadOnly> {
        let variable = self.change(name)?;
        let text = Variable::shape(variable.flags, text.into());
        variable.set_scalar(text);
        Ok(())
    }

    /// Sets an array by numbers, anew.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn set_array(&mut self, name: &str, elements: Vec<String>) -> Result<(), ReadOnly> {
        let elements = (0..).zip(elements).collect();
        self.change(name)?.value = Value::Indexed(elements);
        Ok(())
    }

    /// Removes a variable; a function's own one is only emptied of its value.
    ///
    /// # Errors
    /// When it is read-only.
    pub fn unset(&mut self, name: &str) -> Result<bool, ReadOnly> {
        let place = self
            .scopes
            .iter()
            .rposition(|scope| scope.variables.contains_key(name));
        let Some(place) = place else { return Ok(false) };
        self.entry(place, name)?;
        let scope = &mut self.scopes[place];
        let variables = Rc::make_mut(&mut scope.variables);
        if scope.kind == ScopeKind::Function {
            variables.insert(name.to_owned(), Variable::default());
        } else {
            variables.remove(name);
        }
        Ok(true)
    }

    /// All visible names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<&String> = self
            .scopes
            .iter()
            .flat_map(|scope| scope.variables.keys())
            .collect();
        names.sort();
        names.dedup();
        names.into_iter().cloned().collect()
    }

    /// What children get.
    pub fn environment(&self) -> Vec<(String, String)> {
        let exported = self.names().into_iter().filter_map(|name| {
            let variable = self.get(&name).filter(|variable| variable.flags.exported)?;
            let text = variable.scalar()?.clone();
            Some((name, text))
        });
        exported.collect()
    }
}
