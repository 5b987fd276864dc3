//! `jq` over jaq.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

use jaq_core::data::{DataT, HasLut};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Lut, Vars};
use jaq_json::write::Pp;
use jaq_json::{Val, read};
use jaq_std::input::{HasInputs, Inputs, RcIter};
use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Exit status for mistakes on the command line and for input that cannot be read.
const TROUBLE: i32 = 2;

/// What filters work on besides values: their inputs.
struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

#[derive(Clone)]
struct Data<'a> {
    lut: &'a Lut<Kind>,
    inputs: Inputs<'a, Val>,
}

impl<'a> HasLut<'a, Kind> for Data<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Val> for Data<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

/// How a result that is a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strings {
    Json,
    Raw,
}

/// How input is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    Json,
    Lines,
}

struct Options {
    filter: String,
    files: Vec<String>,
    variables: Vec<(String, Val)>,
    strings: Strings,
    newline: bool,
    take: Take,
    slurp: bool,
    no_input: bool,
    status_by_result: bool,
    printer: Pp,
}

/// Runs jq.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish(
        "jq",
        parse(arguments).and_then(|options| jq(&options)),
        TROUBLE,
    )
}

fn parse(arguments: Vec<OsString>) -> Result<Options, Failure> {
    let mut filter: Option<String> = None;
    let mut from_file = None;
    let mut named: Vec<(String, Val)> = Vec::new();
    let mut positional: Vec<Val> = Vec::new();
    let mut operands_are: Option<Take> = None;
    let mut options = Options {
        filter: String::new(),
        files: Vec::new(),
        variables: Vec::new(),
        strings: Strings::Json,
        newline: true,
        take: Take::Json,
        slurp: false,
        no_input: false,
        status_by_result: false,
        printer: Pp {
            indent: Some("  ".to_owned()),
            sep_space: true,
            ..Pp::default()
        },
    };
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('r') | Long("raw-output") => options.strings = Strings::Raw,
            Short('j') | Long("join-output") => {
                options.strings = Strings::Raw;
                options.newline = false;
            }
            Short('c') | Long("compact-output") => {
                options.printer.indent = None;
                options.printer.sep_space = false;
            }
            Short('n') | Long("null-input") => options.no_input = true,
            Short('s') | Long("slurp") => options.slurp = true,
            Short('R') | Long("raw-input") => options.take = Take::Lines,
            Short('e') | Long("exit-status") => options.status_by_result = true,
            Short('S') | Long("sort-keys") => options.printer.sort_keys = true,
            Short('M' | 'C' | 'a')
            | Long("monochrome-output" | "color-output" | "ascii-output" | "unbuffered") => {}
            Long("tab") => options.printer.indent = Some("\t".to_owned()),
            Long("indent") => {
                let width: usize = arguments::number(&mut parser, TROUBLE)?;
                options.printer.indent = (width > 0).then(|| " ".repeat(width.min(8)));
                options.printer.sep_space = width > 0;
            }
            Short('f') | Long("from-file") => {
                from_file = Some(arguments::text(&mut parser, TROUBLE)?)
            }
            Long("arg") => {
                let name = arguments::text(&mut parser, TROUBLE)?;
                named.push((name, Val::from(arguments::text(&mut parser, TROUBLE)?)));
            }
            Long("argjson") => {
                let name = arguments::text(&mut parser, TROUBLE)?;
                let text = arguments::text(&mut parser, TROUBLE)?;
                named.push((name.clone(), json(&text, &format!("--argjson {name}"))?));
            }
            Long(option @ ("slurpfile" | "rawfile")) => {
                let slurp = option == "slurpfile";
                let name = arguments::text(&mut parser, TROUBLE)?;
                let file = arguments::text(&mut parser, TROUBLE)?;
                let bytes = contents(&file)?;
                if slurp && is_too_deep(&bytes) {
                    return Err(bad_json(&file, "nested too deeply"));
                }
                let value = if slurp {
                    read::parse_many(&bytes)
                        .collect::<Result<Val, _>>()
                        .map_err(|error| bad_json(&file, &error.to_string()))?
                } else {
                    Val::from(String::from_utf8_lossy(&bytes).into_owned())
                };
                named.push((name, value));
            }
            Long("args") => operands_are = Some(Take::Lines),
            Long("jsonargs") => operands_are = Some(Take::Json),
            Value(value) => {
                let value = arguments::operand(value, TROUBLE)?;
                if filter.is_none() && from_file.is_none() {
                    filter = Some(value);
                } else {
                    match operands_are {
                        Some(Take::Lines) => positional.push(Val::from(value)),
                        Some(Take::Json) => positional.push(json(&value, "--jsonargs")?),
                        None => options.files.push(value),
                    }
                }
            }
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    options.filter = match (from_file, filter) {
        (Some(file), first) => {
            if let Some(first) = first {
                options.files.insert(0, first);
            }
            String::from_utf8_lossy(&contents(&file)?).into_owned()
        }
        (None, Some(filter)) => filter,
        (None, None) => {
            return Err(Failure::new(
                TROUBLE,
                "no filter; usage: jq [OPTION]... FILTER [FILE]...",
            ));
        }
    };
    let object = |pairs: &[(String, Val)]| {
        Val::obj(
            pairs
                .iter()
                .map(|(name, value)| (Val::from(name.clone()), value.clone()))
                .collect(),
        )
    };
    let environment: Vec<(String, Val)> = std::env::vars()
        .map(|(name, value)| (name, Val::from(value)))
        .collect();
    let arguments = vec![
        ("positional".to_owned(), positional.into_iter().collect()),
        ("named".to_owned(), object(&named)),
    ];
    options.variables = named;
    options
        .variables
        .push(("ENV".to_owned(), object(&environment)));
    options
        .variables
        .push(("__prog_args".to_owned(), Val::Null));
    options
        .variables
        .push(("ARGS".to_owned(), object(&arguments)));
    Ok(options)
}

fn contents(name: &str) -> Result<Vec<u8>, Failure> {
    crate::input::whole(name).map_err(|error| {
        Failure::new(
            TROUBLE,
            format!("error: Could not open file {name}: {}", reason(&error)),
        )
    })
}

fn bad_json(what: &str, message: &str) -> Failure {
    Failure::new(TROUBLE, format!("{what}: invalid JSON: {message}"))
}

fn json(text: &str, what: &str) -> Result<Val, Failure> {
    if is_too_deep(text.as_bytes()) {
        return Err(bad_json(what, "nested too deeply"));
    }
    read::parse_single(text.as_bytes()).map_err(|error| bad_json(what, &error.to_string()))
}

/// Formats of jq that jaq does not define.
const TABLES: &str = r#"
def @csv: [.[] | if type == "string" then "\"" + gsub("\""; "\"\"") + "\"" elif . == null then "" else tojson end] | join(",");
def @tsv: [.[] | if type == "string" then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r") elif . == null then "" else tojson end] | join("\t");
"#;

/// Deeper nesting of brackets is refused: a guest has a stack of half a megabyte, and overflowing it would be a trap.
const DEEPEST: usize = 256;

/// Whether brackets outside strings nest deeper than [`DEEPEST`].
fn is_too_deep(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' | b'(' if !in_string => depth += 1,
            b']' | b'}' | b')' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

fn compile(options: &Options) -> Result<jaq_core::Filter<Kind>, Failure> {
    if is_too_deep(options.filter.as_bytes()) {
        return Err(Failure::new(
            3,
            format!("error: the filter nests brackets deeper than {DEEPEST} levels"),
        ));
    }
    let invalid = |what: String| {
        Failure::new(
            3,
            format!("error: {what} in the filter: {}", options.filter),
        )
    };
    let tables = jaq_core::load::parse(TABLES, |parser| parser.defs()).unwrap_or_default();
    let definitions = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .chain(tables);
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(
            &arena,
            File {
                code: options.filter.as_str(),
                path: (),
            },
        )
        .map_err(|errors| {
            let found = errors.into_iter().find_map(|(_, error)| match error {
                jaq_core::load::Error::Lex(errors) => errors
                    .first()
                    .map(|(expected, at)| format!("{} is expected at '{at}'", expected.as_str())),
                jaq_core::load::Error::Parse(errors) => {
                    errors.first().map(|(expected, at)| match *at {
                        "" => format!("{} is expected at the end", expected.as_str()),
                        at => format!("{} is expected at '{at}'", expected.as_str()),
                    })
                }
                jaq_core::load::Error::Io(errors) => errors.first().map(|(_, error)| error.clone()),
            });
            invalid(found.map_or_else(
                || "syntax error".to_owned(),
                |found| format!("syntax error: {found}"),
            ))
        })?;
    let functions = jaq_core::funs::<Kind>()
        .chain(jaq_std::funs::<Kind>())
        .chain(
            jaq_std::input::funs::<Kind>()
                .into_vec()
                .into_iter()
                .map(jaq_core::native::run::<Kind>),
        )
        .chain(jaq_json::funs::<Kind>());
    let names: Vec<String> = options
        .variables
        .iter()
        .map(|(name, _)| format!("${name}"))
        .collect();
    let compiler = Compiler::default()
        .with_funs(functions)
        .with_global_vars(names.iter().map(String::as_str));
    compiler.compile(modules).map_err(|errors| {
        let found = errors.into_iter().flat_map(|(_, errors)| errors).next();
        invalid(found.map_or_else(String::new, |(name, undefined)| {
            format!("{name} is an undefined {}", undefined.as_str())
        }))
    })
}

fn jq(options: &Options) -> Outcome {
    let filter = compile(options)?;
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut status = 0;
    let mut last: Option<Val> = None;
    let mut texts = Vec::new();
    let files: Vec<&str> = if options.files.is_empty() {
        vec!["-"]
    } else {
        options.files.iter().map(String::as_str).collect()
    };
    // With -n nothing is read unless the filter asks.
    if !options.no_input || options.filter.contains("input") {
        for file in files {
            match crate::input::whole(file) {
                Ok(text) => texts.extend(text),
                Err(error) => {
                    complain(format_args!(
                        "jq: error: Could not open file {file}: {}",
                        reason(&error)
                    ));
                    status = TROUBLE;
                }
            }
        }
    }
    if options.take == Take::Json && is_too_deep(&texts) {
        return Err(Failure::new(
            TROUBLE,
            format!("error: Exceeds depth limit for parsing: {DEEPEST} levels"),
        ));
    }
    let values = inputs(&texts, options);
    let inputs = RcIter::new(values);
    let inputs: Inputs<'_, Val> = &inputs;
    let data = Data {
        lut: &filter.lut,
        inputs,
    };
    let mut no_input = options.no_input.then(|| Ok(Val::Null));
    loop {
        let next = if options.no_input {
            no_input.take()
        } else {
            let mut rest = inputs;
            rest.next()
        };
        let Some(input) = next else { break };
        let input = match input {
            Ok(input) => input,
            Err(error) => {
                out.flush()?;
                complain(format_args!("jq: error: {error}"));
                status = TROUBLE;
                break;
            }
        };
        let variables = Vars::new(options.variables.iter().map(|(_, value)| value.clone()));
        let context = Ctx::<Kind>::new(data.clone(), variables);
        for result in filter.id.run((context, input)) {
            match jaq_core::unwrap_valr(result) {
                Ok(value) => {
                    print(&mut out, &value, options)?;
                    last = Some(value);
                }
                Err(error) => {
                    out.flush()?;
                    complain(format_args!("jq: error: {error}"));
                    status = 5;
                    break;
                }
            }
        }
    }
    out.flush()?;
    if options.status_by_result && status == 0 {
        return Ok(match last {
            None => 4,
            Some(Val::Null | Val::Bool(false)) => 1,
            Some(_) => 0,
        });
    }
    Ok(status)
}

/// The inputs that the options make of all text.
fn inputs<'t>(
    text: &'t [u8],
    options: &Options,
) -> Box<dyn Iterator<Item = Result<Val, String>> + 't> {
    let string = |bytes: &[u8]| Val::from(String::from_utf8_lossy(bytes).into_owned());
    match (options.take, options.slurp) {
        (Take::Lines, true) => Box::new(std::iter::once(Ok(string(text)))),
        (Take::Lines, false) => {
            let body = text.strip_suffix(b"\n").unwrap_or(text);
            let lines = body
                .split(|byte| *byte == b'\n')
                .map(move |line| Ok(string(line)));
            if text.is_empty() {
                Box::new(std::iter::empty())
            } else {
                Box::new(lines)
            }
        }
        (Take::Json, true) => {
            let all = read::parse_many(text)
                .collect::<Result<Val, _>>()
                .map_err(|error| error.to_string());
            Box::new(std::iter::once(all))
        }
        (Take::Json, false) => {
            Box::new(read::parse_many(text).map(|value| value.map_err(|error| error.to_string())))
        }
    }
}

/// A value in which numbers without a fraction are integers, as jq writes them.
fn with_integers(value: &Val) -> Val {
    match value {
        Val::Num(jaq_json::Num::Float(number)) if number.fract() == 0.0 && number.abs() < 1e17 => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "small enough, or left as it is"
            )]
            let integer = *number as isize;
            if integer as f64 == *number {
                Val::from(integer)
            } else {
                value.clone()
            }
        }
        Val::Arr(items) => items.iter().map(with_integers).collect(),
        Val::Obj(pairs) => Val::obj(
            pairs
                .iter()
                .map(|(key, value)| (key.clone(), with_integers(value)))
                .collect(),
        ),
        _ => value.clone(),
    }
}

fn print(out: &mut impl Write, value: &Val, options: &Options) -> io::Result<()> {
    match value {
        Val::TStr(text) | Val::BStr(text) if options.strings == Strings::Raw => {
            out.write_all(text)?
        }
        _ => jaq_json::write::write(out, &options.printer, 0, &with_integers(value))?,
    }
    if options.newline {
        out.write_all(b"\n")
    } else {
        Ok(())
    }
}
