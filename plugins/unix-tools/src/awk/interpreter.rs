//! Walks the tree: rules over records, statements, expressions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

use indexmap::IndexMap;
use regex::bytes::{Regex, RegexBuilder};

use super::ast::{
    Arithmetic, Comparison, Expression, Fix, Pattern, Place, Program, Source, Statement, Target,
    Unary, Variable, special,
};
use super::lexer::unescape_all;
use super::record::{Record, Separator};
use super::streams::{Ending, Opening, Records, Streams};
use super::value::{Text, Value};
use crate::outcome::{Failure, Outcome};
use crate::posix_regex::{Syntax, translate};

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

/// Why evaluation does not go on.
pub enum Stop {
    /// A mistake or a failure.
    Failure(Failure),
    /// `next`.
    Next,
    /// `nextfile`.
    NextFile,
    /// `exit`.
    Exit,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failure(Failure::Io(error))
    }
}

/// The result of an evaluation.
pub type Evaluated<T> = Result<T, Stop>;

/// A mistake that shows when the program runs.
pub fn mistake<T>(text: impl Into<String>) -> Evaluated<T> {
    Err(Stop::Failure(Failure::new(2, text)))
}

/// Where execution goes after a statement.
enum Flow {
    Onwards,
    Break,
    Continue,
    Return(Value),
}

/// Calls, statements and expressions together nest no deeper: a guest has a stack of half a megabyte, and overflowing it
/// would be a trap.
const DEEPEST: usize = 1000;

/// A running program.
pub struct Interpreter {
    program: Rc<Program>,
    globals: Vec<Cell>,
    locals: Vec<Cell>,
    depth: usize,
    frame: usize,
    /// The current record.
    pub record: Record,
    /// Open files.
    pub streams: Streams,
    regexes: HashMap<Text, Rc<Regex>>,
    in_range: Vec<bool>,
    arguments: usize,
    input: Option<Records>,
    input_ended: bool,
    status: i32,
    /// The state of `rand`, and the seed that `srand` gives back.
    pub random: (u64, f64),
    separator: Option<(Text, Separator)>,
}

impl Interpreter {
    /// Prepares a program.
    pub fn new(
        program: Program,
        assignments: Vec<String>,
        separator: Option<String>,
        operands: Vec<String>,
    ) -> Result<Self, Failure> {
        let mut interpreter = Self {
            globals: vec![Cell::Unset; program.globals.len()],
            in_range: vec![false; program.ranges],
            program: Rc::new(program),
            locals: Vec::new(),
            depth: 0,
            frame: 0,
            record: Record::new(),
            streams: Streams::new(),
            regexes: HashMap::new(),
            arguments: 1,
            input: None,
            input_ended: false,
            status: 0,
            random: (0, 0.0),
            separator: None,
        };
        let texts = [
            (special::FS, " "),
            (special::OFS, " "),
            (special::ORS, "\n"),
            (special::RS, "\n"),
            (special::SUBSEP, "\x1c"),
            (special::CONVFMT, "%.6g"),
            (special::OFMT, "%.6g"),
        ];
        for (number, text) in texts {
            interpreter.globals[number] = Cell::Scalar(Value::text(text));
        }
        for number in [special::NR, special::FNR, special::RSTART] {
            interpreter.globals[number] = Cell::Scalar(Value::Number(0.0));
        }
        interpreter.globals[special::RLENGTH] = Cell::Scalar(Value::Number(-1.0));
        let environment: IndexMap<_, _> = std::env::vars_os()
            .map(|(name, value)| {
                let value = value.to_string_lossy().into_owned();
                (
                    Text::from(name.to_string_lossy().as_bytes()),
                    Value::from_input(value),
                )
            })
            .collect();
        interpreter.globals[special::ENVIRON] = Cell::Array(Rc::new(RefCell::new(environment)));
        interpreter.globals[special::ARGC] =
            Cell::Scalar(Value::from(index_number(operands.len() + 1)));
        let argv = std::iter::once("awk".to_owned())
            .chain(operands)
            .enumerate();
        let argv = argv.map(|(number, operand)| {
            (
                Text::from(number.to_string().as_bytes()),
                Value::from_input(operand),
            )
        });
        interpreter.globals[special::ARGV] = Cell::Array(Rc::new(RefCell::new(argv.collect())));
        if let Some(separator) = separator {
            let separator = unescape_all(separator.as_bytes());
            interpreter.globals[special::FS] = Cell::Scalar(Value::text(separator));
        }
        for assignment in assignments {
            let Some((name, value)) = split_assignment(&assignment) else {
                return Err(Failure::new(
                    2,
                    format!("-v {assignment}: NAME=VALUE is expected"),
                ));
            };
            interpreter.assign_from_outside(name, value)?;
        }
        Ok(interpreter)
    }

    /// A variable that the program does not use need not be kept.
    fn assign_from_outside(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let number = self
            .program
            .globals
            .iter()
            .position(|global| global == name);
        if let Some(number) = number {
            let value = Value::from_input(unescape_all(value.as_bytes()));
            if number == special::NF {
                return Ok(());
            }
            self.globals[number] = Cell::Scalar(value);
        }
        Ok(())
    }

    /// Runs the program to its exit status.
    pub fn run(mut self) -> Outcome {
        let outcome = self.everything();
        // What was printed before a failure is not lost.
        let flushed = self.streams.flush();
        outcome?;
        flushed?;
        Ok(self.status & 0xff)
    }

    fn everything(&mut self) -> Result<(), Failure> {
        let program = self.program.clone();
        let mut exited = false;
        for action in &program.begin {
            if ends(self.block(action).map(drop))? {
                exited = true;
                break;
            }
        }
        let reads_input = !program.rules.is_empty() || !program.end.is_empty();
        if !exited && reads_input {
            while self.next_record()? {
                match self.rules(&program) {
                    Err(Stop::NextFile) => self.input = None,
                    outcome => {
                        if ends(outcome)? {
                            break;
                        }
                    }
                }
            }
        }
        for action in &program.end {
            if ends(self.block(action).map(drop))? {
                break;
            }
        }
        Ok(())
    }

    fn rules(&mut self, program: &Program) -> Evaluated<()> {
        for rule in &program.rules {
            let runs = match &rule.pattern {
                Pattern::Always => true,
                Pattern::When(condition) => self.evaluate(condition)?.is_true(),
                Pattern::Range(number, first, last) => {
                    let inside = self.in_range[*number] || self.evaluate(first)?.is_true();
                    if inside {
                        self.in_range[*number] = !self.evaluate(last)?.is_true();
                    }
                    inside
                }
            };
            if !runs {
                continue;
            }
            match &rule.action {
                Some(action) => drop(self.block(action)?),
                None => self.print(&[], &Target::Output)?,
            }
        }
        Ok(())
    }

    /// Reads the next record of the main input into `$0`.
    fn next_record(&mut self) -> Result<bool, Failure> {
        match self.main_input()? {
            Some(record) => {
                self.record.set(&record);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn main_input(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if self.input.is_none() && !self.open_next_input()? {
                return Ok(None);
            }
            let ending = self.ending()?;
            let Some(input) = &mut self.input else {
                return Ok(None);
            };
            if let Some((record, ended)) = input.next(&ending)? {
                self.globals[special::RT] = Cell::Scalar(Value::text(ended));
                self.count(special::NR);
                self.count(special::FNR);
                return Ok(Some(record));
            }
            self.input = None;
        }
    }

    fn count(&mut self, variable: usize) {
        let value = self.global_value(variable).number() + 1.0;
        self.globals[variable] = Cell::Scalar(Value::Number(value));
    }

    /// Opens the next file among the operands, and carries out assignments before it.
    fn open_next_input(&mut self) -> Result<bool, Failure> {
        if self.input_ended {
            return Ok(false);
        }
        let count = self.global_value(special::ARGC).number();
        while index_number(self.arguments) < count {
            let key = Text::from(self.arguments.to_string().as_bytes());
            self.arguments += 1;
            let Cell::Array(argv) = &self.globals[special::ARGV] else {
                break;
            };
            let operand = argv.borrow().get(&key).map(|value| value.to_text(b"%.6g"));
            let Some(operand) = operand.filter(|operand| !operand.is_empty()) else {
                continue;
            };
            let operand = String::from_utf8_lossy(&operand).into_owned();
            if let Some((name, value)) = split_assignment(&operand) {
                self.assign_from_outside(name, value)?;
                continue;
            }
            match crate::input::open(&operand) {
                Ok(file) => {
                    self.input = Some(Records::new(file));
                    self.start_input(&operand);
                    return Ok(true);
                }
                Err(error) => {
                    self.streams.output().flush()?;
                    crate::outcome::complain(format_args!(
                        "awk: cannot open '{operand}': {}",
                        crate::outcome::reason(&error)
                    ));
                    self.status = 2;
                    // With a file named, standard input is not read instead.
                    self.input_ended |= index_number(self.arguments) >= count;
                    self.globals[special::FILENAME] = Cell::Scalar(Value::from_input(operand));
                }
            }
        }
        let nothing_read =
            matches!(self.globals[special::FILENAME], Cell::Unset) && !self.input_ended;
        self.input_ended = true;
        if nothing_read {
            self.input = Some(Records::new(Box::new(io::stdin())));
            self.start_input("");
        }
        Ok(nothing_read)
    }

    fn start_input(&mut self, name: &str) {
        self.globals[special::FILENAME] = Cell::Scalar(Value::text(name));
        self.globals[special::FNR] = Cell::Scalar(Value::Number(0.0));
    }

    fn ending(&mut self) -> Result<Ending, Failure> {
        let separator = self.global_text(special::RS);
        match &*separator {
            [] => Ok(Ending::Paragraph),
            [byte] => Ok(Ending::Byte(*byte)),
            _ => match self.regex(&separator) {
                Ok(regex) => Ok(Ending::Regex((*regex).clone())),
                Err(Stop::Failure(failure)) => Err(failure),
                Err(_) => Ok(Ending::Byte(b'\n')),
            },
        }
    }

    // Statements

    fn block(&mut self, statements: &[Statement]) -> Evaluated<Flow> {
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

    fn deeper(&mut self) -> Evaluated<()> {
        if self.depth >= DEEPEST {
            return mistake(format!(
                "calls and expressions are nested deeper than {DEEPEST} levels"
            ));
        }
        self.depth += 1;
        Ok(())
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
            keys.sort_by(|left, right| {
                super::builtins::order_of_values(&array[left], &array[right])
            });
        }
        if order.ends_with("desc") {
            keys.reverse();
        }
        keys
    }

    fn print(&mut self, values: &[Expression], target: &Target) -> Evaluated<()> {
        let mut line: Vec<u8>;
        if values.is_empty() {
            line = self.record_text().to_vec();
        } else {
            line = Vec::new();
            let separator = self.global_text(special::OFS);
            for (number, value) in values.iter().enumerate() {
                let value = self.evaluate(value)?;
                if number > 0 {
                    line.extend_from_slice(&separator);
                }
                line.extend_from_slice(&value.to_text(&self.global_text(special::OFMT)));
            }
        }
        line.extend_from_slice(&self.global_text(special::ORS));
        self.write(&line, target)
    }

    fn write(&mut self, bytes: &[u8], target: &Target) -> Evaluated<()> {
        let (path, opening) = match target {
            Target::Output => return Ok(self.streams.output().write_all(bytes)?),
            Target::Truncate(path) => (path, Opening::Truncate),
            Target::Append(path) => (path, Opening::Append),
            Target::Command(command) => {
                let command = self.evaluated_text(command)?;
                return mistake(format!(
                    "print | \"{}\": awk cannot write to a command here; pipe awk's output in the shell instead",
                    String::from_utf8_lossy(&command)
                ));
            }
        };
        let path = self.evaluated_text(path)?;
        self.streams.write(&path, opening, bytes).or_else(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Err(error.into());
            }
            let path = String::from_utf8_lossy(&path).into_owned();
            mistake(format!(
                "cannot write to '{path}': {}",
                crate::outcome::reason(&error)
            ))
        })
    }

    /// The text that `values`, a format and its arguments, make.
    pub fn formatted(&mut self, values: &[Expression]) -> Evaluated<Vec<u8>> {
        let mut evaluated = Vec::with_capacity(values.len());
        for value in values {
            evaluated.push(self.evaluate(value)?);
        }
        let format = self.text_of(&evaluated[0]);
        let convert = self.global_text(special::CONVFMT);
        Ok(super::printf::format(&format, &evaluated[1..], &|value| {
            value.to_text(&convert).to_vec()
        }))
    }

    // Variables

    fn cell(&self, variable: Variable) -> &Cell {
        match variable {
            Variable::Global(number) => &self.globals[number],
            Variable::Local(number) => &self.locals[self.frame + number],
        }
    }

    fn cell_mut(&mut self, variable: Variable) -> &mut Cell {
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

    /// The array that an expression names.
    pub fn array_argument(&mut self, expression: &Expression) -> Evaluated<Array> {
        match expression {
            Expression::Read(Place::Variable(variable)) => self.array(*variable),
            _ => mistake("an array's name is expected as an argument"),
        }
    }

    fn key(&mut self, subscript: &[Expression]) -> Evaluated<Text> {
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

    /// The field separator now.
    pub fn field_separator(&mut self) -> Evaluated<Separator> {
        let text = self.global_text(special::FS);
        if let Some((known, separator)) = &self.separator
            && *known == text
        {
            return Ok(separator.clone());
        }
        let separator = self.separator_of(&text)?;
        self.separator = Some((text, separator.clone()));
        Ok(separator)
    }

    /// What `text` means as a field separator.
    pub fn separator_of(&mut self, text: &Text) -> Evaluated<Separator> {
        Ok(match &**text {
            b" " => Separator::Blanks,
            [] => Separator::Characters,
            [byte] if *byte != b'\\' => Separator::Byte(*byte),
            _ => Separator::Regex(self.regex(text)?),
        })
    }

    /// Splits the record into fields.
    pub fn split_record(&mut self) -> Evaluated<()> {
        if !self.record.is_split() {
            let separator = self.field_separator()?;
            let paragraph = self.global_text(special::RS).is_empty();
            self.record.split(&separator, paragraph);
        }
        Ok(())
    }

    /// The text of the record.
    pub fn record_text(&mut self) -> Text {
        let (joiner, format) = (
            self.global_text(special::OFS),
            self.global_text(special::CONVFMT),
        );
        self.record.text(&joiner, &format)
    }

    fn field_number(&mut self, expression: &Expression) -> Evaluated<usize> {
        let number = self.evaluate(expression)?.number();
        if number < 0.0 || number.is_nan() {
            return mistake(format!("${number} is no field: fields are numbered from 0"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and saturates"
        )]
        Ok(number as usize)
    }

    fn read(&mut self, place: &Place) -> Evaluated<Value> {
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

    fn read_field(&mut self, number: usize) -> Evaluated<Value> {
        if number == 0 {
            let (joiner, format) = (
                self.global_text(special::OFS),
                self.global_text(special::CONVFMT),
            );
            return Ok(self.record.whole(&joiner, &format));
        }
        self.split_record()?;
        Ok(self.record.field(number))
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

    // Expressions

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

    fn getline(&mut self, place: Option<&Place>, source: &Source) -> Evaluated<Value> {
        let record = match source {
            Source::Command(command) => {
                let command = self.evaluated_text(command)?;
                return mistake(format!(
                    "\"{}\" | getline: awk cannot read from a command here; pass its output in with the shell instead",
                    String::from_utf8_lossy(&command)
                ));
            }
            Source::Input => self.main_input()?,
            Source::File(file) => {
                let path = self.evaluated_text(file)?;
                let ending = self.ending()?;
                match self.streams.read(&path, &ending) {
                    Ok(record) => record.map(|(record, _)| record),
                    Err(_) => return Ok(Value::Number(-1.0)),
                }
            }
        };
        let Some(record) = record else {
            return Ok(Value::Number(0.0));
        };
        match place {
            Some(place) => self.assign(place, Value::from_input(record))?,
            None => self.record.set(&record),
        }
        Ok(Value::Number(1.0))
    }

    fn call(&mut self, number: usize, arguments: &[Expression]) -> Evaluated<Value> {
        let program = self.program.clone();
        let function = &program.functions[number];
        if arguments.len() > function.parameters.len() {
            return mistake(format!(
                "{} takes {} arguments and is given {}",
                function.name,
                function.parameters.len(),
                arguments.len()
            ));
        }
        let mut cells = Vec::with_capacity(function.parameters.len());
        for argument in arguments {
            cells.push(self.argument(argument)?);
        }
        cells.resize(function.parameters.len(), Cell::Unset);
        let (caller, base) = (self.frame, self.locals.len());
        self.locals.append(&mut cells);
        self.frame = base;
        let flow = self.block(&function.body);
        self.frame = caller;
        let cells = self.locals.split_off(base);
        // A variable without a value that the function used as an array is one now.
        for (argument, cell) in arguments.iter().zip(cells) {
            if let (Expression::Read(Place::Variable(variable)), Cell::Array(_)) = (argument, &cell)
                && let Cell::Unset = self.cell(*variable)
            {
                *self.cell_mut(*variable) = cell;
            }
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Value::Unset),
        }
    }

    /// An argument of a call: arrays go by reference.
    fn argument(&mut self, argument: &Expression) -> Evaluated<Cell> {
        if let Expression::Read(Place::Variable(variable)) = argument {
            match self.cell(*variable) {
                Cell::Array(array) => return Ok(Cell::Array(array.clone())),
                Cell::Unset if *variable != Variable::Global(special::NF) => {
                    return Ok(Cell::Unset);
                }
                _ => {}
            }
        }
        Ok(Cell::Scalar(self.evaluate(argument)?))
    }

    /// The regular expression that an expression is: one in slashes, or text that is one.
    pub fn regex_of(&mut self, expression: &Expression) -> Evaluated<Rc<Regex>> {
        if let Expression::Regex(regex) = expression {
            return self.regex(regex);
        }
        let text = self.evaluated_text(expression)?;
        self.regex(&text)
    }

    /// The compiled form of a regular expression.
    pub fn regex(&mut self, text: &Text) -> Evaluated<Rc<Regex>> {
        if let Some(regex) = self.regexes.get(text) {
            return Ok(regex.clone());
        }
        let pattern = String::from_utf8_lossy(text);
        let ignore_case = self.global_value(special::IGNORECASE).is_true();
        let compiled = RegexBuilder::new(&translate(&pattern, Syntax::Extended))
            .case_insensitive(ignore_case)
            .dot_matches_new_line(true)
            .build();
        match compiled {
            Ok(regex) => {
                let regex = Rc::new(regex);
                self.regexes.insert(text.clone(), regex.clone());
                Ok(regex)
            }
            Err(error) => mistake(format!(
                "/{pattern}/ is no regular expression: {}",
                last_line(&error.to_string())
            )),
        }
    }
}

/// The last line of a message of the regex crate says what is wrong; the others show where.
fn last_line(message: &str) -> &str {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}

/// A count as one of awk's numbers.
pub fn index_number(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "awk's numbers are doubles")]
    let number = count as f64;
    number
}

/// A number without its fraction.
fn truncated(number: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let whole = number as i32;
    whole
}

/// Whether a rule or action ended the program; `next` ends only itself.
fn ends(outcome: Evaluated<()>) -> Result<bool, Failure> {
    match outcome {
        Ok(()) | Err(Stop::Next | Stop::NextFile) => Ok(false),
        Err(Stop::Exit) => Ok(true),
        Err(Stop::Failure(failure)) => Err(failure),
    }
}

/// The name and value of an operand `name=value`.
fn split_assignment(operand: &str) -> Option<(&str, &str)> {
    let (name, value) = operand.split_once('=')?;
    let mut letters = name.chars();
    let starts = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    (starts && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
        .then_some((name, value))
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

impl Interpreter {
    /// Whether a variable holds an array.
    pub fn is_array(&self, variable: Variable) -> bool {
        matches!(self.cell(variable), Cell::Array(_))
    }
}
