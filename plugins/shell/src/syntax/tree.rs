//! A program as the evaluator walks it: brush-parser's tree with each word taken apart once, braces expanded, and the
//! line of every command. Whatever a running task may keep hold of is behind an `Rc`.

use std::cell::OnceCell;
use std::rc::Rc;

/// A source text: its complete commands, one after the other.
#[derive(Debug, Default)]
pub struct Program {
    /// Each is run, and recovers from errors, by itself.
    pub lines: Vec<List>,
}

/// Commands in sequence.
pub type List = Rc<Vec<Item>>;

/// One command list of a sequence.
#[derive(Debug)]
pub struct Item {
    /// Pipelines joined by `&&` and `||`.
    pub chain: Rc<Chain>,
    /// Whether `&` follows.
    pub background: bool,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug)]
pub struct Chain {
    /// The first.
    pub first: Pipeline,
    /// The others, each with what stands before it.
    pub rest: Vec<(Connector, Pipeline)>,
    /// The source, roughly, for `jobs`.
    pub text: String,
}

/// What stands between two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// What `time` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// bash's form.
    Bash,
    /// POSIX's form, `time -p`.
    Posix,
}

/// Commands connected by `|`.
#[derive(Debug)]
pub struct Pipeline {
    /// `time` stands before it.
    pub timing: Option<Timing>,
    /// `!` stands before it.
    pub negated: bool,
    /// The commands.
    pub stages: Vec<Rc<Command>>,
}

/// A command with its redirections.
#[derive(Debug)]
pub struct Command {
    /// Its line in the source, from 1.
    pub line: u32,
    /// What it is.
    pub kind: Kind,
    /// Redirections, in order.
    pub redirects: Vec<Redirect>,
}

/// The kinds of command.
#[derive(Debug)]
pub enum Kind {
    /// Assignments and words.
    Simple(Simple),
    /// `{ …; }`
    Group(List),
    /// `( … )`
    Subshell(List),
    /// `if`; each condition with what it guards.
    If(Vec<(List, List)>, Option<List>),
    /// `while`, or `until`.
    Loop(Until, List, List),
    /// `for name in words`, or over the arguments.
    For(String, Option<Vec<Argument>>, List),
    /// `for ((…; …; …))`
    Counting([Option<Word>; 3], List),
    /// `case`
    Case(Word, Vec<Arm>),
    /// `(( … ))`
    Arithmetic(Word),
    /// `[[ … ]]`
    Test(Test),
    /// A function's definition.
    Function(Rc<Function>),
}

/// When a loop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// `while`: when its condition fails.
    Failure,
    /// `until`: when its condition succeeds.
    Success,
}

/// A shell function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its body with redirections.
    pub body: Rc<Command>,
    /// The definition as `declare -f` shows it.
    pub text: String,
}

/// A branch of `case`.
#[derive(Debug)]
pub struct Arm {
    /// Any of them may match.
    pub patterns: Vec<Word>,
    /// What is run.
    pub body: Option<List>,
    /// What happens afterwards.
    pub then: AfterArm,
}

/// What follows a branch that was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterArm {
    /// `;;`
    Leave,
    /// `;&`
    FallThrough,
    /// `;;&`
    TryOthers,
}

/// A simple command.
#[derive(Debug, Default)]
pub struct Simple {
    /// Before the first word.
    pub assignments: Vec<Assignment>,
    /// Name and arguments.
    pub words: Vec<Argument>,
}

/// A word of a simple command.
#[derive(Debug)]
pub enum Argument {
    /// A word, braces expanded.
    Word(Word),
    /// A word that looks like an assignment: for `declare` and its like it is one.
    Assignment(Assignment, Vec<Word>),
    /// `<(…)` or `>(…)`
    Process(Direction, List),
    /// Braces that would expand to more than [`super::braces::MOST`] words.
    TooMany(String),
}

/// Which way bytes flow through `<(…)` and `>(…)`, as the outer command sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It reads what the list writes.
    In,
    /// It writes what the list reads.
    Out,
}

/// `name=value`, `name[index]=value`, `name=(…)`; with `+=` added to what is there.
#[derive(Debug)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// The element.
    pub index: Option<Word>,
    /// `+=`
    pub append: bool,
    /// The value.
    pub value: Assigned,
}

/// What is assigned.
#[derive(Debug)]
pub enum Assigned {
    /// One word.
    Scalar(Word),
    /// Elements, with or without keys.
    Array(Vec<(Option<Word>, Vec<Word>)>),
}

/// A redirection.
#[derive(Debug)]
pub struct Redirect {
    /// The descriptor, where one is given.
    pub descriptor: Option<Descriptor>,
    /// What becomes of it.
    pub action: Action,
}

/// The left side of a redirection.
#[derive(Debug)]
pub enum Descriptor {
    /// `2>`
    Number(u32),
    /// `{name}>`
    Variable(String),
}

/// The right side of a redirection.
#[derive(Debug)]
pub enum Action {
    /// `<`
    Read(Target),
    /// `>`
    Write(Target),
    /// `>|`
    Clobber(Target),
    /// `>>`
    Append(Target),
    /// `<>`
    ReadWrite(Target),
    /// `<&`
    DuplicateInput(Word),
    /// `>&`
    DuplicateOutput(Word),
    /// `&>` and `&>>`
    OutputAndError(Word, Placement),
    /// `<<` and `<<<`: this text as input, a newline after it in the second case.
    Text(Word, TextEnd),
}

/// Where output goes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// To its start; what was there is gone.
    Truncate,
    /// To its end.
    Append,
}

/// How a text that becomes input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEnd {
    /// As it is.
    AsIs,
    /// With one more newline.
    Newline,
}

/// What a redirection names.
#[derive(Debug)]
pub enum Target {
    /// A file.
    File(Word),
    /// `< <(…)`
    Process(Direction, List),
}

/// A `[[ … ]]` expression.
#[derive(Debug)]
pub enum Test {
    /// `&&`
    And(Box<Test>, Box<Test>),
    /// `||`
    Or(Box<Test>, Box<Test>),
    /// `!`
    Not(Box<Test>),
    /// `-f x`
    Unary(String, Word),
    /// `a == b`; patterns and regular expressions on the right keep their quotes apart.
    Binary(String, Word, Word),
}

/// A word, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// As it stands in the source.
    pub source: Rc<str>,
    /// Its parts.
    pub pieces: Vec<Piece>,
}

/// A part of a word.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text outside quotes: may hold glob characters.
    Text(String),
    /// Text inside quotes.
    Quoted(String),
    /// `"…"`; `Text` in it is quoted too.
    Double(Vec<Piece>),
    /// `$x`, `${…}`
    Parameter(Rc<Parameter>),
    /// `$(…)` and backquotes.
    Command(Rc<Substitution>),
    /// `$((…))`
    Arithmetic(Rc<Word>),
    /// `~`, `~+`, `~-`, `~name`
    Tilde(String),
}

/// A command substitution, parsed when it is first run.
#[derive(Debug, Default)]
pub struct Substitution {
    /// The source.
    pub text: String,
    /// The program, or the message of a syntax error.
    pub program: OnceCell<Result<Rc<Program>, super::SyntaxError>>,
}

/// A parameter expansion.
#[derive(Debug)]
pub struct Parameter {
    /// As it stands in the source, for messages.
    pub source: String,
    /// Whose value.
    pub subject: Subject,
    /// `[…]`
    pub index: Option<Index>,
    /// `!`: the value names the variable that is meant.
    pub indirect: bool,
    /// What is done with the value.
    pub operation: Operation,
}

/// Whose value is expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A variable.
    Variable(String),
    /// An argument; 0 is the shell's name.
    Positional(usize),
    /// `@ * # ? - $ !`
    Special(char),
}

/// The subscript of an array.
#[derive(Clone, Debug)]
pub enum Index {
    /// `[@]`
    Each,
    /// `[*]`
    Joined,
    /// `[expression]` or `[key]`
    At(Word),
}

/// What is done with a parameter's value.
#[derive(Debug)]
pub enum Operation {
    /// Nothing.
    Value,
    /// `${#x}`
    Length,
    /// `${!a[@]}`
    Keys,
    /// `${!prefix@}`, `${!prefix*}`
    Names(char),
    /// `-`, `=`, `?`, `+`; with `:` an empty value counts as none.
    Default(char, Emptiness, Word),
    /// `#`, `##`
    TrimPrefix(Extent, Word),
    /// `%`, `%%`
    TrimSuffix(Extent, Word),
    /// `/`, `//`, `/#`, `/%`
    Replace(Place, Word, Word),
    /// `^`, `^^`, `,`, `,,`
    Case(char, Extent, Option<Word>),
    /// `:offset:length`
    Substring(Word, Option<Word>),
    /// `@Q` and its like
    Transform(char),
    /// Nothing that the language knows.
    Bad,
}

/// Whether an empty value counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emptiness {
    /// With `:`.
    CountsAsUnset,
    /// Without.
    IsAValue,
}

/// How much a pattern takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// As little as it can, or the first only.
    Least,
    /// As much as it can, or all.
    Most,
}

/// Where a pattern is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At its first occurrence.
    First,
    /// Everywhere.
    All,
    /// At the start only.
    Start,
    /// At the end only.
    End,
}
