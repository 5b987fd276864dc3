//! Lists, and the operators between operands: a method for each level of precedence, from `?:` to `*`.

use super::{Context, Parsed, Parser};
use crate::awk::ast::{Arithmetic, BUILTINS, Comparison, Expression, Source};
use crate::awk::lexer::Token;

impl Parser<'_> {
    pub(super) fn list(&mut self, place: Context) -> Parsed<Vec<Expression>> {
        let mut list = vec![self.expression(place)?];
        loop {
            if place == Context::Anywhere {
                // Brackets are open around this list; new lines in it are only legal after a comma.
                if !self.is(",") {
                    return Ok(list);
                }
            }
            if !self.eat(",")? {
                return Ok(list);
            }
            self.skip_newlines()?;
            list.push(self.expression(place)?);
        }
    }

    pub(super) fn expression(&mut self, place: Context) -> Parsed<Expression> {
        self.deeper()?;
        let expression = self.assignment(place);
        self.depth -= 1;
        expression
    }

    pub(super) fn ternary(&mut self, place: Context) -> Parsed<Expression> {
        let condition = self.or(place)?;
        if !self.eat("?")? {
            return Ok(condition);
        }
        self.skip_newlines()?;
        let then = self.expression(place)?;
        self.skip_newlines()?;
        self.expect(":")?;
        self.skip_newlines()?;
        let otherwise = self.expression(place)?;
        Ok(Expression::Choose(
            Box::new(condition),
            Box::new(then),
            Box::new(otherwise),
        ))
    }

    fn or(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.and(place)?;
        let mut links = 0;
        while self.eat("||")? {
            self.another(&mut links)?;
            self.skip_newlines()?;
            left = Expression::Or(Box::new(left), Box::new(self.and(place)?));
        }
        Ok(left)
    }

    fn and(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.membership(place)?;
        let mut links = 0;
        while self.eat("&&")? {
            self.another(&mut links)?;
            self.skip_newlines()?;
            left = Expression::And(Box::new(left), Box::new(self.membership(place)?));
        }
        Ok(left)
    }

    fn membership(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.matching(place)?;
        let mut links = 0;
        while place != Context::ForHeader && self.eat_word("in")? {
            self.another(&mut links)?;
            let Token::Name(array) = self.advance()? else {
                return Err(self.unexpected("an array's name"));
            };
            let subscript = match left {
                Expression::Group(list) => list,
                single => vec![single],
            };
            left = Expression::In(subscript, self.variable(&array));
        }
        Ok(left)
    }

    fn matching(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.comparison(place)?;
        let mut links = 0;
        loop {
            self.another(&mut links)?;
            let expected = self.is("~");
            if !expected && !self.is("!~") {
                return Ok(left);
            }
            self.advance()?;
            let regex = Box::new(self.comparison(place)?);
            left = Expression::Match {
                subject: Box::new(left),
                regex,
                expected,
            };
        }
    }

    pub(super) fn comparison(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.piped(place)?;
        let operator = match self.token {
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessOrEqual,
            Token::Sign("==") => Comparison::Equal,
            Token::Sign("!=") => Comparison::NotEqual,
            Token::Sign(">") if place != Context::Print => Comparison::Greater,
            Token::Sign(">=") => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.advance()?;
        let right = self.piped(place)?;
        left = Expression::Compare(operator, Box::new(left), Box::new(right));
        Ok(left)
    }

    fn piped(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.concatenation(place)?;
        let mut links = 0;
        while self.eat("| getline")? {
            self.another(&mut links)?;
            let target = self.optional_place()?;
            left = Expression::Getline(target, Source::Command(Box::new(left)));
        }
        Ok(left)
    }

    pub(super) fn concatenation(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.additive(place)?;
        let mut links = 0;
        while self.operand_follows(place) {
            self.another(&mut links)?;
            left = Expression::Concatenate(Box::new(left), Box::new(self.additive(place)?));
        }
        Ok(left)
    }

    fn operand_follows(&self, _place: Context) -> bool {
        match &self.token {
            Token::Number(_) | Token::Text(_) | Token::Name(_) | Token::Called(_) => true,
            Token::Word(word) => BUILTINS.iter().any(|(name, _)| name == word),
            Token::Sign(sign) => matches!(*sign, "$" | "(" | "!" | "-" | "+" | "++" | "--"),
            Token::Newline | Token::End => false,
        }
    }

    fn additive(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.multiplicative(place)?;
        let mut links = 0;
        loop {
            self.another(&mut links)?;
            let operator = match self.token {
                Token::Sign("+") => Arithmetic::Add,
                Token::Sign("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.multiplicative(place)?;
            left = Expression::Arithmetic(operator, Box::new(left), Box::new(right));
        }
    }

    fn multiplicative(&mut self, place: Context) -> Parsed<Expression> {
        let mut left = self.unary(place)?;
        let mut links = 0;
        loop {
            self.another(&mut links)?;
            let operator = match self.token {
                Token::Sign("*") => Arithmetic::Multiply,
                Token::Sign("/") => Arithmetic::Divide,
                Token::Sign("%") => Arithmetic::Remainder,
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.unary(place)?;
            left = Expression::Arithmetic(operator, Box::new(left), Box::new(right));
        }
    }
}
