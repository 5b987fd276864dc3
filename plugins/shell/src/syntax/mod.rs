//! From source text to the tree that is evaluated. The grammar is brush-parser's; words, braces and parameters are
//! taken apart here, once, and each command gets its line.

pub mod braces;
pub mod escapes;
mod lower;
pub mod parameter;
pub mod tree;
pub mod word;

use brush_parser::{ParseError, ParserOptions, SourceInfo, Token, TokenizerError};

use tree::Program;

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: u32,
    /// bash's words for it.
    pub words: String,
    /// Whether bash shows the line's text too.
    pub shows_line: bool,
}

/// What could be read of a text: what stands before a syntax error is run before the error is told.
pub struct Parsed {
    /// The program.
    pub program: Program,
    /// What ended it early.
    pub error: Option<SyntaxError>,
}

/// Brackets nested deeper than this are refused, for the grammar is recursive.
const DEEPEST: usize = 200;

/// Reads a program whose first line has this number.
pub fn parse(text: &str, first_line: u32) -> Parsed {
    let failed = |error| Parsed { program: Program::default(), error: Some(error) };
    if depth(text) > DEEPEST {
        return failed(SyntaxError {
            line: first_line,
            words: format!("syntax error: brackets are nested deeper than {DEEPEST}"),
            shows_line: false,
        });
    }
    let options = ParserOptions::default();
    let mut tokens = match brush_parser::uncached_tokenize_str(text, &options.tokenizer_options()) {
        Ok(tokens) => tokens,
        Err(error) => return failed(unended(&error, text, first_line)),
    };
    let named = lower::name_descriptors(&mut tokens);
    let source = SourceInfo::default();
    let mut error = None;
    let program = loop {
        match brush_parser::parse_tokens(&tokens, &options, &source) {
            Ok(program) => break program,
            Err(_) if tokens.is_empty() => return failed(end_of_file(text, first_line)),
            Err(found) => {
                let place = place(&found, &tokens);
                if error.is_none() {
                    error = Some(syntax_error(&found, text, first_line));
                }
                let line = tokens.iter().take(place).rposition(is_newline).unwrap_or(0);
                tokens.truncate(line.min(tokens.len() - 1));
            }
        }
    };
    match lower::program(&program, &tokens, first_line, &named) {
        Ok(program) => Parsed { program, error },
        Err(error) => failed(error),
    }
}

fn is_newline(token: &Token) -> bool {
    matches!(token, Token::Operator(text, _) if text == "\n")
}

fn place(error: &ParseError, tokens: &[Token]) -> usize {
    match error {
        ParseError::ParsingNearToken(token) => {
            let index = token.location().start.index;
            tokens.iter().position(|token| token.location().start.index >= index).unwrap_or(0)
        }
        _ => tokens.len(),
    }
}

fn syntax_error(error: &ParseError, text: &str, first_line: u32) -> SyntaxError {
    let ParseError::ParsingNearToken(token) = error else {
        return end_of_file(text, first_line);
    };
    let line = first_line + u32::try_from(token.location().start.line - 1).unwrap_or(0);
    let name = if is_newline(token) { "newline" } else { token.to_str() };
    let words = format!("syntax error near unexpected token `{name}'");
    SyntaxError { line, words, shows_line: true }
}

fn end_of_file(text: &str, first_line: u32) -> SyntaxError {
    let lines = u32::try_from(text.trim_end_matches('\n').split('\n').count()).unwrap_or(u32::MAX);
    SyntaxError {
        line: first_line.saturating_add(lines),
        words: "syntax error: unexpected end of file".to_owned(),
        shows_line: false,
    }
}

fn unended(error: &TokenizerError, text: &str, first_line: u32) -> SyntaxError {
    let at = |line: i32| first_line + u32::try_from(line - 1).unwrap_or(0);
    let (what, line) = match error {
        TokenizerError::UnterminatedSingleQuote(place)
        | TokenizerError::UnterminatedAnsiCQuote(place) => ('\'', at(place.line)),
        TokenizerError::UnterminatedDoubleQuote(place) => ('"', at(place.line)),
        TokenizerError::UnterminatedBackquote(place) => ('`', at(place.line)),
        TokenizerError::UnterminatedCommandSubstitution => (')', first_line),
        TokenizerError::UnterminatedVariable => ('}', first_line),
        TokenizerError::UnterminatedExtendedGlob(place) => (')', at(place.line)),
        _ => return end_of_file(text, first_line),
    };
    SyntaxError { line, words: word::unended(what), shows_line: false }
}

/// How deep brackets may be nested in a text, at most: quotes are not looked at, so it may be less.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'{' => now += 1,
            b')' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}
