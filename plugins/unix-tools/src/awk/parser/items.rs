//! The items of a program: rules with their patterns, and definitions of functions.

use super::{Context, Parsed, Parser};
use crate::awk::ast::{Function, Pattern, Rule};
use crate::awk::lexer::Token;
use crate::outcome::Failure;

impl Parser<'_> {
    pub(super) fn program(&mut self) -> Parsed<()> {
        self.skip_separators()?;
        while self.token != Token::End {
            self.item()?;
            self.skip_separators()?;
        }
        if let Some(function) = self
            .program
            .functions
            .iter()
            .find(|function| !function.defined)
        {
            return Err(Failure::new(
                1,
                format!("the function '{}' is called and not defined", function.name),
            ));
        }
        Ok(())
    }

    fn item(&mut self) -> Parsed<()> {
        if self.eat_word("function")? {
            return self.definition();
        }
        if self.eat_word("BEGIN")? {
            let action = self.braces()?;
            self.program.begin.push(action);
            return Ok(());
        }
        if self.eat_word("END")? {
            let action = self.braces()?;
            self.program.end.push(action);
            return Ok(());
        }
        let pattern = if self.is("{") {
            Pattern::Always
        } else {
            let first = self.expression(Context::Anywhere)?;
            if self.eat(",")? {
                self.skip_newlines()?;
                let last = self.expression(Context::Anywhere)?;
                self.program.ranges += 1;
                Pattern::Range(self.program.ranges - 1, first, last)
            } else {
                Pattern::When(first)
            }
        };
        let action = if self.is("{") {
            Some(self.braces()?)
        } else {
            None
        };
        self.program.rules.push(Rule { pattern, action });
        Ok(())
    }

    fn definition(&mut self) -> Parsed<()> {
        let (Token::Name(name) | Token::Called(name)) = self.advance()? else {
            return Err(self
                .lexer
                .mistake("a function's name is expected after 'function'"));
        };
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.is(")") {
            let Token::Name(parameter) = self.advance()? else {
                return Err(self
                    .lexer
                    .mistake(format_args!("function {name}: a parameter is a name")));
            };
            parameters.push(parameter);
            self.skip_newlines()?;
            if !self.eat(",")? {
                break;
            }
            self.skip_newlines()?;
        }
        self.expect(")")?;
        self.skip_newlines()?;
        let number = self.function(&name);
        if self.program.functions[number].defined {
            return Err(self
                .lexer
                .mistake(format_args!("the function '{name}' is defined twice")));
        }
        self.parameters = parameters.clone();
        let body = self.braces()?;
        self.parameters.clear();
        self.program.functions[number] = Function {
            name,
            parameters,
            body,
            defined: true,
        };
        Ok(())
    }
}
