//! Statements: blocks, branches, loops, and the simple ones that a semicolon or a new line ends.

use super::{Context, Parsed, Parser};
use crate::awk::ast::{Expression, Place, Statement, Target};
use crate::awk::lexer::Token;

impl Parser<'_> {
    pub(super) fn braces(&mut self) -> Parsed<Vec<Statement>> {
        self.expect("{")?;
        let mut statements = Vec::new();
        self.skip_separators()?;
        while !self.is("}") {
            if self.token == Token::End {
                return Err(self.unexpected("'}'"));
            }
            statements.push(self.statement()?);
            self.skip_separators()?;
        }
        self.expect("}")?;
        Ok(statements)
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.deeper()?;
        let statement = self.any_statement();
        self.depth -= 1;
        statement
    }

    fn any_statement(&mut self) -> Parsed<Statement> {
        if self.is("{") {
            return Ok(Statement::Block(self.braces()?));
        }
        if self.eat(";")? {
            return Ok(Statement::Block(Vec::new()));
        }
        let Token::Word(word) = self.token else {
            return self.ended_simple();
        };
        match word {
            "if" => self.if_statement(),
            "while" => {
                self.advance()?;
                let condition = self.condition()?;
                if self.eat(";")? {
                    return Ok(Statement::While(
                        condition,
                        Box::new(Statement::Block(Vec::new())),
                    ));
                }
                Ok(Statement::While(condition, Box::new(self.body()?)))
            }
            "do" => {
                self.advance()?;
                let body = self.body()?;
                self.skip_separators()?;
                if !self.eat_word("while")? {
                    return Err(self.unexpected("'while'"));
                }
                let condition = self.condition()?;
                self.end_of_statement()?;
                Ok(Statement::DoWhile(Box::new(body), condition))
            }
            "for" => self.for_statement(),
            _ => self.ended_simple(),
        }
    }

    fn body(&mut self) -> Parsed<Statement> {
        self.skip_newlines()?;
        self.statement()
    }

    fn condition(&mut self) -> Parsed<Expression> {
        self.expect("(")?;
        self.skip_newlines()?;
        let condition = self.expression(Context::Anywhere)?;
        self.skip_newlines()?;
        self.expect(")")?;
        Ok(condition)
    }

    fn if_statement(&mut self) -> Parsed<Statement> {
        self.advance()?;
        let condition = self.condition()?;
        let then = self.body()?;
        // `else` may follow a semicolon and new lines; if none follows, these end the statement.
        self.skip_separators()?;
        let otherwise = if self.eat_word("else")? {
            Some(Box::new(self.body()?))
        } else {
            None
        };
        Ok(Statement::If(condition, Box::new(then), otherwise))
    }

    fn for_statement(&mut self) -> Parsed<Statement> {
        self.advance()?;
        self.expect("(")?;
        let first = if self.is(";") {
            None
        } else {
            Some(self.simple(Context::ForHeader)?)
        };
        if let Some(Statement::Expression(Expression::Read(place @ Place::Variable(_)))) = &first
            && self.eat_word("in")?
        {
            let place = place.clone();
            let Token::Name(array) = self.advance()? else {
                return Err(self.unexpected("an array's name"));
            };
            let array = self.variable(&array);
            self.expect(")")?;
            return Ok(Statement::ForIn(place, array, Box::new(self.body()?)));
        }
        self.expect(";")?;
        self.skip_newlines()?;
        let condition = if self.is(";") {
            None
        } else {
            Some(self.expression(Context::Anywhere)?)
        };
        self.expect(";")?;
        self.skip_newlines()?;
        let step = if self.is(")") {
            None
        } else {
            Some(Box::new(self.simple(Context::Anywhere)?))
        };
        self.expect(")")?;
        let body = if self.eat(";")? {
            Statement::Block(Vec::new())
        } else {
            self.body()?
        };
        Ok(Statement::For(
            first.map(Box::new),
            condition,
            step,
            Box::new(body),
        ))
    }

    fn end_of_statement(&mut self) -> Parsed<()> {
        if self.is("}") || self.token == Token::End || self.token == Token::Newline {
            return Ok(());
        }
        // The word before `else` in `if (x) print; else` was eaten with its semicolon.
        if self.eat(";")? {
            Ok(())
        } else {
            Err(self.unexpected("';' or a new line"))
        }
    }

    fn ended_simple(&mut self) -> Parsed<Statement> {
        let statement = self.simple(Context::Anywhere)?;
        self.end_of_statement()?;
        Ok(statement)
    }

    fn value_follows(&self) -> bool {
        !(self.is(";") || self.is("}") || matches!(self.token, Token::Newline | Token::End))
    }

    fn optional_value(&mut self) -> Parsed<Option<Expression>> {
        if self.value_follows() {
            Ok(Some(self.expression(Context::Anywhere)?))
        } else {
            Ok(None)
        }
    }

    fn simple(&mut self, place: Context) -> Parsed<Statement> {
        let Token::Word(word) = self.token else {
            return Ok(Statement::Expression(self.expression(place)?));
        };
        match word {
            "print" => {
                self.advance()?;
                let (values, target) = self.printed()?;
                Ok(Statement::Print(values, target))
            }
            "printf" => {
                self.advance()?;
                let (values, target) = self.printed()?;
                if values.is_empty() {
                    return Err(self.unexpected("a format"));
                }
                Ok(Statement::Printf(values, target))
            }
            "next" => self.advance().map(|_| Statement::Next),
            "nextfile" => self.advance().map(|_| Statement::NextFile),
            "break" => self.advance().map(|_| Statement::Break),
            "continue" => self.advance().map(|_| Statement::Continue),
            "exit" => {
                self.advance()?;
                Ok(Statement::Exit(self.optional_value()?))
            }
            "return" => {
                self.advance()?;
                Ok(Statement::Return(self.optional_value()?))
            }
            "delete" => self.delete(),
            _ => Ok(Statement::Expression(self.expression(place)?)),
        }
    }

    fn delete(&mut self) -> Parsed<Statement> {
        self.advance()?;
        let Token::Name(name) = self.advance()? else {
            return Err(self.unexpected("an array's name"));
        };
        let array = self.variable(&name);
        if !self.eat("[")? {
            return Ok(Statement::DeleteAll(array));
        }
        let subscript = self.list(Context::Anywhere)?;
        self.expect("]")?;
        Ok(Statement::DeleteElement(array, subscript))
    }

    fn printed(&mut self) -> Parsed<(Vec<Expression>, Target)> {
        let mut values = Vec::new();
        let redirected = |parser: &Self| parser.is(">") || parser.is(">>") || parser.is("|");
        if self.value_follows() && !redirected(self) {
            values = self.list(Context::Print)?;
        }
        if let [Expression::Group(_)] = values.as_slice()
            && let Some(Expression::Group(group)) = values.pop()
        {
            values = group;
        }
        let target = if self.eat(">")? {
            Target::Truncate(self.concatenation(Context::Print)?)
        } else if self.eat(">>")? {
            Target::Append(self.concatenation(Context::Print)?)
        } else if self.eat("|")? {
            Target::Command(self.concatenation(Context::Print)?)
        } else {
            Target::Output
        };
        Ok((values, target))
    }
}
