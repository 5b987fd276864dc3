//! From words to the tree, by the grammar of POSIX awk with gawk's `**`, `nextfile`, `delete array` and `func`.

use std::collections::HashMap;

use super::ast::{
    Arithmetic, BUILTINS, Builtin, Comparison, Expression, Fix, Function, Pattern, Place, Program,
    Rule, SPECIAL, Source, Statement, Target, Unary, Variable,
};
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

    fn program(&mut self) -> Parsed<()> {
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

    fn braces(&mut self) -> Parsed<Vec<Statement>> {
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

    fn list(&mut self, place: Context) -> Parsed<Vec<Expression>> {
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

    fn expression(&mut self, place: Context) -> Parsed<Expression> {
        self.deeper()?;
        let expression = self.assignment(place);
        self.depth -= 1;
        expression
    }

    fn assignment(&mut self, place: Context) -> Parsed<Expression> {
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

    fn ternary(&mut self, place: Context) -> Parsed<Expression> {
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

    fn comparison(&mut self, place: Context) -> Parsed<Expression> {
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

    fn concatenation(&mut self, place: Context) -> Parsed<Expression> {
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

    fn unary(&mut self, place: Context) -> Parsed<Expression> {
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

    fn optional_place(&mut self) -> Parsed<Option<Place>> {
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
