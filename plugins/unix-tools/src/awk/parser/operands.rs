//! Operands: signs, powers and steps, and the constants, places, calls and `getline` that they stand at.

use super::{Context, Parsed, Parser};
use crate::awk::ast::{Arithmetic, BUILTINS, Builtin, Expression, Fix, Place, Source, Unary};
use crate::awk::lexer::Token;

impl Parser<'_> {
    pub(super) fn unary(&mut self, place: Context) -> Parsed<Expression> {
        let operator = match self.token {
            Token::Sign("!") => Unary::Not,
            Token::Sign("-") => Unary::Minus,
            Token::Sign("+") => Unary::Plus,
            _ => return self.power(place),
        };
        self.deeper()?;
        self.advance()?;
        let operand = self.unary(place)?;
        self.depth -= 1;
        // `! x ~ y` denies the match, as every awk has it.
        if operator == Unary::Not && (self.is("~") || self.is("!~")) {
            let expected = self.is("~");
            self.advance()?;
            let regex = Box::new(self.comparison(place)?);
            let matched = Expression::Match {
                subject: Box::new(operand),
                regex,
                expected,
            };
            return Ok(Expression::Unary(Unary::Not, Box::new(matched)));
        }
        Ok(Expression::Unary(operator, Box::new(operand)))
    }

    fn power(&mut self, place: Context) -> Parsed<Expression> {
        let base = self.postfix(place)?;
        if !self.eat("^")? {
            return Ok(base);
        }
        self.deeper()?;
        let negative = self.is("-");
        let exponent = if negative || self.is("+") || self.is("!") {
            self.unary(place)?
        } else {
            self.power(place)?
        };
        self.depth -= 1;
        Ok(Expression::Arithmetic(
            Arithmetic::Power,
            Box::new(base),
            Box::new(exponent),
        ))
    }

    fn postfix(&mut self, place: Context) -> Parsed<Expression> {
        let operand = self.primary(place)?;
        let step = match self.token {
            Token::Sign("++") => 1.0,
            Token::Sign("--") => -1.0,
            _ => return Ok(operand),
        };
        let Expression::Read(target) = operand else {
            return Ok(operand);
        };
        self.advance()?;
        Ok(Expression::Step(target, step, Fix::Postfix))
    }

    pub(super) fn optional_place(&mut self) -> Parsed<Option<Place>> {
        if !self.is("$") && !matches!(self.token, Token::Name(_)) {
            return Ok(None);
        }
        match self.primary(Context::Anywhere)? {
            Expression::Read(place) => Ok(Some(place)),
            _ => Err(self
                .lexer
                .mistake("getline reads into a variable, an element or a field")),
        }
    }

    fn primary(&mut self, place: Context) -> Parsed<Expression> {
        match self.token.clone() {
            Token::Number(number) => {
                self.advance()?;
                Ok(Expression::Number(number))
            }
            Token::Text(text) => {
                self.advance()?;
                Ok(Expression::Text(text))
            }
            Token::Sign(opening @ ("/" | "/=")) => {
                let regex = self.lexer.regex(opening)?;
                self.advance()?;
                Ok(Expression::Regex(regex))
            }
            Token::Sign("(") => self.parenthesised(),
            Token::Sign("$") => {
                self.advance()?;
                self.deeper()?;
                let number = match self.token {
                    Token::Sign("++" | "--") => self.prefix_step(place)?,
                    Token::Sign("-" | "+" | "!") => self.unary(place)?,
                    _ => self.primary(place)?,
                };
                self.depth -= 1;
                Ok(Expression::Read(Place::Field(Box::new(number))))
            }
            Token::Sign("++" | "--") => self.prefix_step(place),
            Token::Sign("-" | "+" | "!") => self.unary(place),
            Token::Name(name) => self.named(&name),
            Token::Called(name) => self.call(&name),
            Token::Word("getline") => self.getline(),
            Token::Word(word) => match BUILTINS.iter().find(|(name, _)| *name == word) {
                Some((_, builtin)) => self.builtin(*builtin),
                None => Err(self.unexpected("an expression")),
            },
            _ => Err(self.unexpected("an expression")),
        }
    }

    fn prefix_step(&mut self, place: Context) -> Parsed<Expression> {
        let step = if self.is("++") { 1.0 } else { -1.0 };
        self.advance()?;
        match self.primary(place)? {
            Expression::Read(target) => Ok(Expression::Step(target, step, Fix::Prefix)),
            _ => Err(self
                .lexer
                .mistake("++ and -- need a variable, an element or a field")),
        }
    }

    fn parenthesised(&mut self) -> Parsed<Expression> {
        self.expect("(")?;
        self.skip_newlines()?;
        let mut list = self.list(Context::Anywhere)?;
        self.skip_newlines()?;
        self.expect(")")?;
        if list.len() == 1 {
            // Kept as a group of one only to be no place: `(x)++` is not wanted by anybody.
            return Ok(list.remove(0));
        }
        Ok(Expression::Group(list))
    }

    fn named(&mut self, name: &str) -> Parsed<Expression> {
        self.advance()?;
        let variable = self.variable(name);
        if !self.eat("[")? {
            return Ok(Expression::Read(Place::Variable(variable)));
        }
        let subscript = self.list(Context::Anywhere)?;
        self.expect("]")?;
        Ok(Expression::Read(Place::Element(variable, subscript)))
    }

    fn arguments(&mut self) -> Parsed<Vec<Expression>> {
        self.expect("(")?;
        self.skip_newlines()?;
        let mut list = Vec::new();
        while !self.is(")") {
            list.push(self.expression(Context::Anywhere)?);
            self.skip_newlines()?;
            if !self.eat(",")? {
                break;
            }
            self.skip_newlines()?;
        }
        self.expect(")")?;
        Ok(list)
    }

    fn call(&mut self, name: &str) -> Parsed<Expression> {
        self.advance()?;
        let number = self.function(name);
        Ok(Expression::Call(number, self.arguments()?))
    }

    fn getline(&mut self) -> Parsed<Expression> {
        self.advance()?;
        let target = self.optional_place()?;
        if !self.eat("<")? {
            return Ok(Expression::Getline(target, Source::Input));
        }
        let file = self.primary(Context::Anywhere)?;
        Ok(Expression::Getline(target, Source::File(Box::new(file))))
    }

    fn builtin(&mut self, builtin: Builtin) -> Parsed<Expression> {
        self.advance()?;
        let arguments = if builtin != Builtin::Length || self.is("(") {
            self.arguments()?
        } else {
            Vec::new()
        };
        let (least, most) = arity(builtin);
        if arguments.len() < least || arguments.len() > most {
            let name = BUILTINS
                .iter()
                .find(|(_, known)| *known == builtin)
                .map_or("", |(name, _)| name);
            return Err(self.lexer.mistake(format_args!(
                "{name} takes {least} to {most} arguments, not {}",
                arguments.len()
            )));
        }
        Ok(Expression::Builtin(builtin, arguments))
    }
}

/// The least and the greatest number of arguments.
fn arity(builtin: Builtin) -> (usize, usize) {
    match builtin {
        Builtin::Systime | Builtin::Rand => (0, 0),
        Builtin::Length | Builtin::Srand | Builtin::Fflush => (0, 1),
        Builtin::Strftime => (0, 3),
        Builtin::Close => (1, 2),
        Builtin::Cos
        | Builtin::Exp
        | Builtin::Int
        | Builtin::Log
        | Builtin::Sin
        | Builtin::Sqrt
        | Builtin::System
        | Builtin::Tolower
        | Builtin::Toupper
        | Builtin::Compl
        | Builtin::Strtonum => (1, 1),
        Builtin::Asort | Builtin::Asorti => (1, 2),
        Builtin::Atan2 | Builtin::Index | Builtin::Lshift | Builtin::Rshift => (2, 2),
        Builtin::Sub | Builtin::Gsub | Builtin::Match | Builtin::Substr => (2, 3),
        Builtin::Split => (2, 4),
        Builtin::Gensub => (3, 4),
        Builtin::Sprintf => (1, usize::MAX),
        Builtin::And | Builtin::Or | Builtin::Xor => (2, usize::MAX),
    }
}
