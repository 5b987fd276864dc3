//! From words to the tree, by the grammar of POSIX awk with gawk's `**`, `nextfile`, `delete array` and `func`. Here
//! stand the parser's state, its names and how it takes words; what the words make is in a module for each topic.

mod assignments;
mod expressions;
mod items;
mod operands;
mod statements;

use std::collections::HashMap;

use super::ast::{Function, Program, SPECIAL, Variable};
use super::lexer::{Lexer, Token};
use crate::outcome::Failure;

type Parsed<T> = Result<T, Failure>;

/// Deeper nesting is refused, so that no program overflows the stack of a guest.
const DEEPEST: usize = 120;

/// A longer chain of operators is refused for the same reason.
const LONGEST_CHAIN: usize = 500;

/// What `>` and `in` mean where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// Operators.
    Anywhere,
    /// `>` redirects: in `print` without parentheses.
    Print,
    /// `in` belongs to the loop: at the start of `for (`.
    ForHeader,
}

/// Parses a program.
pub fn parse(source: &[u8]) -> Parsed<Program> {
    let mut parser = Parser::new(source)?;
    parser.program()?;
    Ok(parser.program)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    program: Program,
    globals: HashMap<String, usize>,
    functions: HashMap<String, usize>,
    parameters: Vec<String>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u8]) -> Parsed<Self> {
        let mut lexer = Lexer::new(source);
        let token = lexer.next()?;
        let mut parser = Self {
            lexer,
            token,
            program: Program::default(),
            globals: HashMap::new(),
            functions: HashMap::new(),
            parameters: Vec::new(),
            depth: 0,
        };
        for name in SPECIAL {
            parser.global(name);
        }
        Ok(parser)
    }

    fn global(&mut self, name: &str) -> usize {
        if let Some(number) = self.globals.get(name) {
            return *number;
        }
        let number = self.program.globals.len();
        self.program.globals.push(name.to_owned());
        self.globals.insert(name.to_owned(), number);
        number
    }

    fn variable(&mut self, name: &str) -> Variable {
        match self
            .parameters
            .iter()
            .position(|parameter| parameter == name)
        {
            Some(number) => Variable::Local(number),
            None => Variable::Global(self.global(name)),
        }
    }

    fn function(&mut self, name: &str) -> usize {
        if let Some(number) = self.functions.get(name) {
            return *number;
        }
        let number = self.program.functions.len();
        self.program.functions.push(Function {
            name: name.to_owned(),
            ..Function::default()
        });
        self.functions.insert(name.to_owned(), number);
        number
    }

    fn advance(&mut self) -> Parsed<Token> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if *found == word)
    }

    fn eat(&mut self, sign: &str) -> Parsed<bool> {
        let found = self.is(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn eat_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign)? {
            Ok(())
        } else {
            Err(self.unexpected(&format!("'{sign}'")))
        }
    }

    fn unexpected(&self, wanted: &str) -> Failure {
        let found = match &self.token {
            Token::Number(number) => format!("the number {number}"),
            Token::Text(text) => format!("the string \"{}\"", String::from_utf8_lossy(text)),
            Token::Name(name) | Token::Called(name) => format!("'{name}'"),
            Token::Word(word) => format!("'{word}'"),
            Token::Sign(sign) => format!("'{sign}'"),
            Token::Newline => "the end of the line".to_owned(),
            Token::End => "the end of the program".to_owned(),
        };
        self.lexer.mistake(format_args!(
            "syntax error: {wanted} is expected instead of {found}"
        ))
    }

    fn skip_newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn skip_separators(&mut self) -> Parsed<()> {
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        Ok(())
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self
                .lexer
                .mistake(format_args!("nested deeper than {DEEPEST} levels")));
        }
        Ok(())
    }

    /// Counts the operators of a chain such as `a + b + c`, whose tree is as deep as the chain is long.
    fn another(&self, links: &mut usize) -> Parsed<()> {
        *links += 1;
        if *links > LONGEST_CHAIN {
            return Err(self.lexer.mistake(format_args!(
                "more than {LONGEST_CHAIN} operators follow each other"
            )));
        }
        Ok(())
    }
}
