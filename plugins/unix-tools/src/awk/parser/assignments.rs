//! Assignments, which awk's grammar also lets stand after an operator, as in `a && b = c`.

use super::{Context, Parsed, Parser};
use crate::awk::ast::{Arithmetic, Comparison, Expression, Place, Unary};
use crate::awk::lexer::Token;

/// What stands around an assignment whose place was the last operand of something.
enum Around {
    Nothing,
    Unary(Unary, Box<Around>),
    And(Box<Expression>, Box<Around>),
    Or(Box<Expression>, Box<Around>),
    Compare(Comparison, Box<Expression>, Box<Around>),
    Match(Box<Expression>, bool, Box<Around>),
}

impl Around {
    fn around(self, assignment: Expression) -> Expression {
        match self {
            Self::Nothing => assignment,
            Self::Unary(operator, inner) => {
                Expression::Unary(operator, Box::new(inner.around(assignment)))
            }
            Self::And(first, inner) => Expression::And(first, Box::new(inner.around(assignment))),
            Self::Or(first, inner) => Expression::Or(first, Box::new(inner.around(assignment))),
            Self::Compare(operator, first, inner) => {
                Expression::Compare(operator, first, Box::new(inner.around(assignment)))
            }
            Self::Match(subject, expected, inner) => Expression::Match {
                subject,
                regex: Box::new(inner.around(assignment)),
                expected,
            },
        }
    }
}

impl Parser<'_> {
    pub(super) fn assignment(&mut self, place: Context) -> Parsed<Expression> {
        let left = self.ternary(place)?;
        let Token::Sign(sign) = self.token else {
            return Ok(left);
        };
        let operator = match sign {
            "=" => None,
            "+=" => Some(Arithmetic::Add),
            "-=" => Some(Arithmetic::Subtract),
            "*=" => Some(Arithmetic::Multiply),
            "/=" => Some(Arithmetic::Divide),
            "%=" => Some(Arithmetic::Remainder),
            "^=" => Some(Arithmetic::Power),
            _ => return Ok(left),
        };
        let (wrap, target) = self.assigned(left)?;
        self.advance()?;
        self.skip_newlines()?;
        let value = Box::new(self.expression(place)?);
        let assignment = match operator {
            None => Expression::Assign(target, value),
            Some(operator) => Expression::AssignComputed(target, operator, value),
        };
        Ok(wrap.around(assignment))
    }

    /// The place in `left`. The grammar lets `!x = y` and `a && b = c` assign to the last operand; what stands before
    /// it is put around the assignment.
    fn assigned(&self, left: Expression) -> Parsed<(Around, Place)> {
        match left {
            Expression::Read(place) => Ok((Around::Nothing, place)),
            Expression::Unary(operator, inner) => {
                let (around, place) = self.assigned(*inner)?;
                Ok((Around::Unary(operator, Box::new(around)), place))
            }
            Expression::And(first, last) => {
                let (around, place) = self.assigned(*last)?;
                Ok((Around::And(first, Box::new(around)), place))
            }
            Expression::Or(first, last) => {
                let (around, place) = self.assigned(*last)?;
                Ok((Around::Or(first, Box::new(around)), place))
            }
            Expression::Compare(operator, first, last) => {
                let (around, place) = self.assigned(*last)?;
                Ok((Around::Compare(operator, first, Box::new(around)), place))
            }
            Expression::Match {
                subject,
                regex,
                expected,
            } => {
                let (around, place) = self.assigned(*regex)?;
                Ok((Around::Match(subject, expected, Box::new(around)), place))
            }
            _ => Err(self
                .lexer
                .mistake("only a variable, an element or a field can be assigned to")),
        }
    }
}
