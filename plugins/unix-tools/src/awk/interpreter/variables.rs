//! Variables, and the elements of arrays: what they hold, and how any place is read and assigned.

use std::cell::RefCell;
use std::rc::Rc;

use indexmap::IndexMap;

use super::{Evaluated, Interpreter, index_number, mistake};
use crate::awk::ast::{Expression, Place, Variable, special};
use crate::awk::value::{Text, Value};

/// An array, in the order in which its elements came to be.
pub type Array = Rc<RefCell<IndexMap<Text, Value>>>;

/// What a variable holds.
#[derive(Debug, Clone, Default)]
pub enum Cell {
    /// Nothing yet: it may become either.
    #[default]
    Unset,
    /// A value.
    Scalar(Value),
    /// An array.
    Array(Array),
}

impl Interpreter {
    pub(super) fn cell(&self, variable: Variable) -> &Cell {
        match variable {
            Variable::Global(number) => &self.globals[number],
            Variable::Local(number) => &self.locals[self.frame + number],
        }
    }

    pub(super) fn cell_mut(&mut self, variable: Variable) -> &mut Cell {
        match variable {
            Variable::Global(number) => &mut self.globals[number],
            Variable::Local(number) => &mut self.locals[self.frame + number],
        }
    }

    fn name(&self, variable: Variable) -> &str {
        match variable {
            Variable::Global(number) => &self.program.globals[number],
            Variable::Local(_) => "a parameter",
        }
    }

    /// The value of a variable of the language.
    pub fn global_value(&self, number: usize) -> Value {
        match &self.globals[number] {
            Cell::Scalar(value) => value.clone(),
            _ => Value::Unset,
        }
    }

    /// The text of a variable of the language.
    pub fn global_text(&self, number: usize) -> Text {
        self.global_value(number).to_text(b"%.6g")
    }

    /// Assigns a variable of the language.
    pub fn set_global(&mut self, number: usize, value: f64) {
        self.globals[number] = Cell::Scalar(Value::Number(value));
    }

    /// The array that a variable is, or becomes.
    pub fn array(&mut self, variable: Variable) -> Evaluated<Array> {
        match self.cell(variable) {
            Cell::Array(array) => Ok(array.clone()),
            Cell::Unset => {
                let array = Array::default();
                *self.cell_mut(variable) = Cell::Array(array.clone());
                Ok(array)
            }
            Cell::Scalar(_) => mistake(format!(
                "{} holds a value and is used as an array",
                self.name(variable)
            )),
        }
    }

    /// Whether a variable holds an array.
    pub fn is_array(&self, variable: Variable) -> bool {
        matches!(self.cell(variable), Cell::Array(_))
    }

    /// The array that an expression names.
    pub fn array_argument(&mut self, expression: &Expression) -> Evaluated<Array> {
        match expression {
            Expression::Read(Place::Variable(variable)) => self.array(*variable),
            _ => mistake("an array's name is expected as an argument"),
        }
    }

    pub(super) fn key(&mut self, subscript: &[Expression]) -> Evaluated<Text> {
        if let [single] = subscript {
            return self.evaluated_text(single);
        }
        let separator = self.global_text(special::SUBSEP);
        let mut key = Vec::new();
        for (number, part) in subscript.iter().enumerate() {
            if number > 0 {
                key.extend_from_slice(&separator);
            }
            key.extend_from_slice(&self.evaluated_text(part)?);
        }
        Ok(key.into())
    }

    pub(super) fn read(&mut self, place: &Place) -> Evaluated<Value> {
        match place {
            Place::Variable(Variable::Global(special::NF)) => {
                self.split_record()?;
                Ok(Value::from(index_number(self.record.count())))
            }
            Place::Variable(variable) => match self.cell(*variable) {
                Cell::Scalar(value) => Ok(value.clone()),
                Cell::Unset => Ok(Value::Unset),
                Cell::Array(_) => mistake(format!(
                    "{} is an array and is used as a value",
                    self.name(*variable)
                )),
            },
            Place::Element(array, subscript) => {
                let key = self.key(subscript)?;
                let array = self.array(*array)?;
                Ok(array.borrow_mut().entry(key).or_default().clone())
            }
            Place::Field(number) => {
                let number = self.field_number(number)?;
                self.read_field(number)
            }
        }
    }

    /// Assigns to a place.
    pub fn assign(&mut self, place: &Place, value: Value) -> Evaluated<()> {
        match place {
            Place::Variable(Variable::Global(special::NF)) => {
                self.split_record()?;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "saturates"
                )]
                let count = value.number() as usize;
                self.record.resize(count)?;
            }
            Place::Variable(variable) => {
                // The record is split by the separator that it was read under.
                if *variable == Variable::Global(special::FS) {
                    self.split_record()?;
                }
                if let Cell::Array(_) = self.cell(*variable) {
                    return mistake(format!(
                        "{} is an array and is assigned a value",
                        self.name(*variable)
                    ));
                }
                *self.cell_mut(*variable) = Cell::Scalar(value);
            }
            Place::Element(array, subscript) => {
                let key = self.key(subscript)?;
                self.array(*array)?.borrow_mut().insert(key, value);
            }
            Place::Field(number) => {
                let number = self.field_number(number)?;
                if number == 0 {
                    let text = self.text_of(&value);
                    self.record.set(&text);
                } else {
                    self.split_record()?;
                    self.record.set_field(number, value)?;
                }
            }
        }
        Ok(())
    }
}
