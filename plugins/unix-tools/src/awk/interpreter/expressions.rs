//! Evaluates expressions.

use super::{Evaluated, Interpreter, mistake};
use crate::awk::ast::{Arithmetic, Comparison, Expression, Fix, Unary, special};
use crate::awk::value::{Text, Value};

impl Interpreter {
    /// The text of a value.
    pub fn text_of(&self, value: &Value) -> Text {
        match value {
            Value::Text(text) | Value::Numeric(text, _) => text.clone(),
            _ => value.to_text(&self.global_text(special::CONVFMT)),
        }
    }

    /// The text of an expression's value.
    pub fn evaluated_text(&mut self, expression: &Expression) -> Evaluated<Text> {
        let value = self.evaluate(expression)?;
        Ok(self.text_of(&value))
    }

    /// The value of an expression.
    pub fn evaluate(&mut self, expression: &Expression) -> Evaluated<Value> {
        self.deeper()?;
        let value = self.any_expression(expression);
        self.depth -= 1;
        value
    }

    fn any_expression(&mut self, expression: &Expression) -> Evaluated<Value> {
        match expression {
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Text(text) => Ok(Value::Text(text.clone())),
            Expression::Regex(regex) => {
                let regex = self.regex(regex)?;
                let record = self.record_text();
                Ok(regex.is_match(&record).into())
            }
            Expression::Read(place) => self.read(place),
            Expression::Assign(place, value) => {
                let value = self.evaluate(value)?;
                self.assign(place, value.clone())?;
                Ok(value)
            }
            Expression::AssignComputed(place, operator, operand) => {
                let operand = self.evaluate(operand)?.number();
                let value = Value::Number(compute(*operator, self.read(place)?.number(), operand)?);
                self.assign(place, value.clone())?;
                Ok(value)
            }
            Expression::Step(place, step, fix) => {
                let before = self.read(place)?.number();
                self.assign(place, Value::Number(before + step))?;
                Ok(Value::Number(if *fix == Fix::Prefix {
                    before + step
                } else {
                    before
                }))
            }
            Expression::Unary(operator, operand) => {
                let operand = self.evaluate(operand)?;
                Ok(match operator {
                    Unary::Not => (!operand.is_true()).into(),
                    Unary::Minus => Value::Number(-operand.number()),
                    Unary::Plus => Value::Number(operand.number()),
                })
            }
            Expression::Arithmetic(operator, left, right) => {
                let left = self.evaluate(left)?.number();
                let right = self.evaluate(right)?.number();
                Ok(Value::Number(compute(*operator, left, right)?))
            }
            Expression::Concatenate(left, right) => {
                let mut text = self.evaluated_text(left)?.to_vec();
                text.extend_from_slice(&self.evaluated_text(right)?);
                Ok(Value::text(text))
            }
            Expression::Compare(operator, left, right) => {
                let left = self.evaluate(left)?;
                let right = self.evaluate(right)?;
                let order = left.compare(&right, &self.global_text(special::CONVFMT));
                Ok(match operator {
                    Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
                    Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
                    Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
                    Comparison::NotEqual => order.is_none_or(std::cmp::Ordering::is_ne),
                    Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
                    Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
                }
                .into())
            }
            Expression::Match {
                subject,
                regex,
                expected,
            } => {
                let subject = self.evaluated_text(subject)?;
                let regex = self.regex_of(regex)?;
                Ok((regex.is_match(&subject) == *expected).into())
            }
            Expression::And(left, right) => {
                Ok((self.evaluate(left)?.is_true() && self.evaluate(right)?.is_true()).into())
            }
            Expression::Or(left, right) => {
                Ok((self.evaluate(left)?.is_true() || self.evaluate(right)?.is_true()).into())
            }
            Expression::Choose(condition, then, otherwise) => {
                if self.evaluate(condition)?.is_true() {
                    self.evaluate(then)
                } else {
                    self.evaluate(otherwise)
                }
            }
            Expression::In(subscript, array) => {
                let key = self.key(subscript)?;
                Ok(self.array(*array)?.borrow().contains_key(&key).into())
            }
            Expression::Group(_) => mistake("(a, b) is only meant before 'in' or for print"),
            Expression::Call(function, arguments) => self.call(*function, arguments),
            Expression::Builtin(builtin, arguments) => self.builtin(*builtin, arguments),
            Expression::Getline(place, source) => self.getline(place.as_ref(), source),
        }
    }
}

fn compute(operator: Arithmetic, left: f64, right: f64) -> Evaluated<f64> {
    Ok(match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide if right == 0.0 => return mistake("division by zero"),
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder if right == 0.0 => return mistake("division by zero in %"),
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    })
}
