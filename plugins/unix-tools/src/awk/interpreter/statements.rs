//! Carries out statements, and says where execution goes after each.

use super::variables::{Array, Cell};
use super::{Evaluated, Flow, Interpreter, Stop};
use crate::awk::ast::{Expression, Place, Statement, Variable, special};
use crate::awk::builtins::order_of_values;
use crate::awk::value::{Text, Value};

impl Interpreter {
    pub(super) fn block(&mut self, statements: &[Statement]) -> Evaluated<Flow> {
        for statement in statements {
            match self.execute(statement)? {
                Flow::Onwards => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Onwards)
    }

    fn execute(&mut self, statement: &Statement) -> Evaluated<Flow> {
        self.deeper()?;
        let flow = self.any_statement(statement);
        self.depth -= 1;
        flow
    }

    fn any_statement(&mut self, statement: &Statement) -> Evaluated<Flow> {
        match statement {
            Statement::Expression(expression) => drop(self.evaluate(expression)?),
            Statement::Print(values, target) => self.print(values, target)?,
            Statement::Printf(values, target) => {
                let text = self.formatted(values)?;
                self.write(&text, target)?;
            }
            Statement::Block(statements) => return self.block(statements),
            Statement::If(condition, then, otherwise) => {
                if self.evaluate(condition)?.is_true() {
                    return self.execute(then);
                } else if let Some(otherwise) = otherwise {
                    return self.execute(otherwise);
                }
            }
            Statement::While(condition, body) => {
                while self.evaluate(condition)?.is_true() {
                    match self.execute(body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        Flow::Onwards | Flow::Continue => {}
                    }
                }
            }
            Statement::DoWhile(body, condition) => loop {
                match self.execute(body)? {
                    Flow::Break => break,
                    Flow::Return(value) => return Ok(Flow::Return(value)),
                    Flow::Onwards | Flow::Continue => {}
                }
                if !self.evaluate(condition)?.is_true() {
                    break;
                }
            },
            Statement::For(first, condition, step, body) => {
                return self.counted_loop(
                    first.as_deref(),
                    condition.as_ref(),
                    step.as_deref(),
                    body,
                );
            }
            Statement::ForIn(place, array, body) => return self.array_loop(place, *array, body),
            Statement::Next => return Err(Stop::Next),
            Statement::NextFile => return Err(Stop::NextFile),
            Statement::Exit(status) => {
                if let Some(status) = status {
                    self.status = truncated(self.evaluate(status)?.number());
                }
                return Err(Stop::Exit);
            }
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.evaluate(value)?,
                    None => Value::Unset,
                };
                return Ok(Flow::Return(value));
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::DeleteElement(array, subscript) => {
                let key = self.key(subscript)?;
                self.array(*array)?.borrow_mut().swap_remove(&key);
            }
            Statement::DeleteAll(array) => self.array(*array)?.borrow_mut().clear(),
        }
        Ok(Flow::Onwards)
    }

    fn counted_loop(
        &mut self,
        first: Option<&Statement>,
        condition: Option<&Expression>,
        step: Option<&Statement>,
        body: &Statement,
    ) -> Evaluated<Flow> {
        if let Some(first) = first {
            self.execute(first)?;
        }
        loop {
            if let Some(condition) = condition
                && !self.evaluate(condition)?.is_true()
            {
                return Ok(Flow::Onwards);
            }
            match self.execute(body)? {
                Flow::Break => return Ok(Flow::Onwards),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Onwards | Flow::Continue => {}
            }
            if let Some(step) = step {
                self.execute(step)?;
            }
        }
    }

    fn array_loop(&mut self, place: &Place, array: Variable, body: &Statement) -> Evaluated<Flow> {
        let array = self.array(array)?;
        let keys = self.ordered_keys(&array);
        for key in keys {
            // The body may have deleted it.
            if !array.borrow().contains_key(&key) {
                continue;
            }
            self.assign(place, Value::from_input(&key))?;
            match self.execute(body)? {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Onwards | Flow::Continue => {}
            }
        }
        Ok(Flow::Onwards)
    }

    /// The keys of an array, in gawk's `PROCINFO["sorted_in"]` order if that is set.
    fn ordered_keys(&self, array: &Array) -> Vec<Text> {
        let array = array.borrow();
        let mut keys: Vec<Text> = array.keys().cloned().collect();
        let order = match &self.globals[special::PROCINFO] {
            Cell::Array(info) => info
                .borrow()
                .get(&b"sorted_in"[..])
                .map(|order| order.to_text(b"%.6g")),
            _ => None,
        };
        let Some(order) = order else { return keys };
        let order = String::from_utf8_lossy(&order).into_owned();
        let number = |key: &Text| Value::from_input(key).number();
        if order.starts_with("@ind_num") {
            keys.sort_by(|left, right| {
                number(left)
                    .total_cmp(&number(right))
                    .then_with(|| left.cmp(right))
            });
        } else if order.starts_with("@ind_str") {
            keys.sort();
        } else if order.starts_with("@val") {
            keys.sort_by(|left, right| order_of_values(&array[left], &array[right]));
        }
        if order.ends_with("desc") {
            keys.reverse();
        }
        keys
    }
}

/// A number without its fraction.
fn truncated(number: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let whole = number as i32;
    whole
}
