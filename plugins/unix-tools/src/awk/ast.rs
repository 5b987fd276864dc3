//! The syntax tree of an awk program, with every variable resolved to its place.

use super::value::Text;

/// Where a variable lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// By its number among the globals; those of the language come first, see [`special`].
    Global(usize),
    /// By its number among a function's parameters.
    Local(usize),
}

/// The variables of the language, in the order of their numbers.
pub const SPECIAL: [&str; 19] = [
    "NF",
    "NR",
    "FNR",
    "FS",
    "OFS",
    "ORS",
    "RS",
    "SUBSEP",
    "FILENAME",
    "RSTART",
    "RLENGTH",
    "ENVIRON",
    "CONVFMT",
    "OFMT",
    "ARGC",
    "ARGV",
    "RT",
    "IGNORECASE",
    "PROCINFO",
];

/// Numbers of the variables of the language.
pub mod special {
    #![allow(missing_docs)]
    pub const NF: usize = 0;
    pub const NR: usize = 1;
    pub const FNR: usize = 2;
    pub const FS: usize = 3;
    pub const OFS: usize = 4;
    pub const ORS: usize = 5;
    pub const RS: usize = 6;
    pub const SUBSEP: usize = 7;
    pub const FILENAME: usize = 8;
    pub const RSTART: usize = 9;
    pub const RLENGTH: usize = 10;
    pub const ENVIRON: usize = 11;
    pub const CONVFMT: usize = 12;
    pub const OFMT: usize = 13;
    pub const ARGC: usize = 14;
    pub const ARGV: usize = 15;
    pub const RT: usize = 16;
    pub const IGNORECASE: usize = 17;
    pub const PROCINFO: usize = 18;
}

/// What can be assigned to.
#[derive(Debug, Clone)]
pub enum Place {
    /// A scalar variable.
    Variable(Variable),
    /// An element of an array.
    Element(Variable, Vec<Expression>),
    /// `$` and an expression.
    Field(Box<Expression>),
}

/// Binary operators that compute with numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Not,
    Minus,
    Plus,
}

/// Whether `++` and `--` give the value after or before the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fix {
    Prefix,
    Postfix,
}

/// Where `getline` reads from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The input of the program.
    Input,
    /// `< file`.
    File(Box<Expression>),
    /// `command |`.
    Command(Box<Expression>),
}

/// An expression.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Expression {
    Number(f64),
    Text(Text),
    /// A regular expression by itself: whether the record matches.
    Regex(Text),
    Read(Place),
    Assign(Place, Box<Expression>),
    AssignComputed(Place, Arithmetic, Box<Expression>),
    /// A step by the given amount.
    Step(Place, f64, Fix),
    Unary(Unary, Box<Expression>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    Concatenate(Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `~`, or `!~` if not `expected`.
    Match {
        subject: Box<Expression>,
        regex: Box<Expression>,
        expected: bool,
    },
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Choose(Box<Expression>, Box<Expression>, Box<Expression>),
    In(Vec<Expression>, Variable),
    /// `(a, b)`, which only `in` and `print` understand.
    Group(Vec<Expression>),
    Call(usize, Vec<Expression>),
    Builtin(Builtin, Vec<Expression>),
    Getline(Option<Place>, Source),
}

/// The functions of the language, those of POSIX first, then the ones that gawk adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Builtin {
    Atan2,
    Close,
    Cos,
    Exp,
    Fflush,
    Gsub,
    Index,
    Int,
    Length,
    Log,
    Match,
    Rand,
    Sin,
    Split,
    Sprintf,
    Sqrt,
    Srand,
    Sub,
    Substr,
    System,
    Tolower,
    Toupper,
    And,
    Asort,
    Asorti,
    Compl,
    Gensub,
    Lshift,
    Or,
    Rshift,
    Strftime,
    Strtonum,
    Systime,
    Xor,
}

/// Names of the functions.
pub const BUILTINS: [(&str, Builtin); 34] = [
    ("atan2", Builtin::Atan2),
    ("close", Builtin::Close),
    ("cos", Builtin::Cos),
    ("exp", Builtin::Exp),
    ("fflush", Builtin::Fflush),
    ("gsub", Builtin::Gsub),
    ("index", Builtin::Index),
    ("int", Builtin::Int),
    ("length", Builtin::Length),
    ("log", Builtin::Log),
    ("match", Builtin::Match),
    ("rand", Builtin::Rand),
    ("sin", Builtin::Sin),
    ("split", Builtin::Split),
    ("sprintf", Builtin::Sprintf),
    ("sqrt", Builtin::Sqrt),
    ("srand", Builtin::Srand),
    ("sub", Builtin::Sub),
    ("substr", Builtin::Substr),
    ("system", Builtin::System),
    ("tolower", Builtin::Tolower),
    ("toupper", Builtin::Toupper),
    ("and", Builtin::And),
    ("asort", Builtin::Asort),
    ("asorti", Builtin::Asorti),
    ("compl", Builtin::Compl),
    ("gensub", Builtin::Gensub),
    ("lshift", Builtin::Lshift),
    ("or", Builtin::Or),
    ("rshift", Builtin::Rshift),
    ("strftime", Builtin::Strftime),
    ("strtonum", Builtin::Strtonum),
    ("systime", Builtin::Systime),
    ("xor", Builtin::Xor),
];

/// Where `print` writes to.
#[derive(Debug, Clone)]
pub enum Target {
    /// Standard output.
    Output,
    /// `>` file: emptied when it is first opened.
    Truncate(Expression),
    /// `>>` file.
    Append(Expression),
    /// `|` command.
    Command(Expression),
}

/// A statement.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Statement {
    Expression(Expression),
    Print(Vec<Expression>, Target),
    Printf(Vec<Expression>, Target),
    If(Expression, Box<Statement>, Option<Box<Statement>>),
    While(Expression, Box<Statement>),
    DoWhile(Box<Statement>, Expression),
    For(
        Option<Box<Statement>>,
        Option<Expression>,
        Option<Box<Statement>>,
        Box<Statement>,
    ),
    ForIn(Place, Variable, Box<Statement>),
    Block(Vec<Statement>),
    Next,
    NextFile,
    Exit(Option<Expression>),
    Return(Option<Expression>),
    Break,
    Continue,
    DeleteElement(Variable, Vec<Expression>),
    DeleteAll(Variable),
}

/// What makes a rule run.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Pattern {
    Always,
    When(Expression),
    /// From a record that matches the first to one that matches the second; with the range's number.
    Range(usize, Expression, Expression),
}

/// A pattern and its action; no action means `print`.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Rule {
    pub pattern: Pattern,
    pub action: Option<Vec<Statement>>,
}

/// A function of the program.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Function {
    pub name: String,
    pub parameters: Vec<String>,
    pub body: Vec<Statement>,
    pub defined: bool,
}

/// A program.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Program {
    pub begin: Vec<Vec<Statement>>,
    pub rules: Vec<Rule>,
    pub end: Vec<Vec<Statement>>,
    pub functions: Vec<Function>,
    pub globals: Vec<String>,
    pub ranges: usize,
}
