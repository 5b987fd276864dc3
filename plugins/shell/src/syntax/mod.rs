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
    /// Whether the text only ends too early, so that more of it could mend it.
    pub is_open: bool,
}

/// What could be read of a text: what stands before a syntax error is run before the error is told.
pub struct Parsed {
    /// The program.
    pub program: Program,
    /// What ended it early.
    pub error: Option<SyntaxError>,
    /// Here-documents that nothing ends, with the line at which the text does.
    pub warnings: Vec<(u32, String)>,
}

/// Whether the text, whole lines of a program, ends within a command: in quotes, a here-document, a compound command, or
/// after an operator or a backslash that wants more.
pub fn is_open(text: &str) -> bool {
    let last = text
        .trim_end_matches('\n')
        .lines()
        .last()
        .unwrap_or_default();
    let backslashes = last.len() - last.trim_end_matches('\\').len();
    let goes_on = backslashes % 2 == 1 && !last.trim_start().starts_with('#');
    if goes_on && text.ends_with('\n') {
        return true;
    }
    let parsed = parse(text, 1);
    !parsed.warnings.is_empty() || parsed.error.is_some_and(|error| error.is_open)
}

/// Brackets nested deeper than this are refused, for the grammar is recursive.
const DEEPEST: usize = 200;

/// Reads a program whose first line has this number.
pub fn parse(text: &str, first_line: u32) -> Parsed {
    let failed = |error| Parsed {
        program: Program::default(),
        error: Some(error),
        warnings: Vec::new(),
    };
    if depth(text) > DEEPEST {
        return failed(SyntaxError {
            line: first_line,
            words: format!("syntax error: brackets are nested deeper than {DEEPEST}"),
            shows_line: false,
            is_open: false,
        });
    }
    let options = ParserOptions::default();
    let mut complete = text.to_owned();
    let mut warnings = Vec::new();
    let mut tokens = loop {
        match brush_parser::uncached_tokenize_str(&complete, &options.tokenizer_options()) {
            Ok(tokens) => break tokens,
            Err(TokenizerError::UnterminatedHereDocuments(tags, places))
                if warnings.len() < MOST_UNENDED =>
            {
                let last = end_of_file(text, first_line).line;
                warnings.push(end_document(&mut complete, &tags, &places, last));
            }
            Err(error) => return failed(unended(&error, text, first_line)),
        }
    };
    split_semicolons(&mut tokens);
    let named = lower::name_descriptors(&mut tokens);
    let source = SourceInfo::default();
    let mut error = None;
    let program = loop {
        match brush_parser::parse_tokens(&tokens, &options, &source) {
            Ok(program) => break program,
            Err(_) if tokens.is_empty() => return failed(end_of_file(text, first_line)),
            Err(found) => {
                let place = unexpected(&tokens, place(&found, &tokens));
                if error.is_none() {
                    let token = tokens.get(place);
                    error = Some(token.map_or_else(
                        || end_of_file(text, first_line),
                        |token| near(token, first_line),
                    ));
                }
                let line = tokens.iter().take(place).rposition(is_newline).unwrap_or(0);
                tokens.truncate(line.min(tokens.len() - 1));
            }
        }
    };
    match lower::program(&program, &tokens, first_line, &named) {
        Ok(program) => Parsed {
            program,
            error,
            warnings,
        },
        Err(error) => failed(error),
    }
}

/// Here-documents without an end that are ended by the end of the text.
const MOST_UNENDED: usize = 8;

/// Ends the first of the open here-documents where the text ends, and says so in bash's words.
fn end_document(text: &mut String, tags: &str, places: &str, last: u32) -> (u32, String) {
    let tag = tags.split(", ").next().unwrap_or_default();
    let plain: String = tag
        .chars()
        .filter(|c| !matches!(c, '\'' | '"' | '\\'))
        .collect();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&plain);
    text.push('\n');
    let line = places.split_whitespace().nth(1).unwrap_or("1");
    let words = format!(
        "warning: here-document at line {line} delimited by end-of-file (wanted `{plain}')"
    );
    (last, words)
}

/// `for ((;;))` has two semicolons, where the tokenizer sees the end of a branch of `case`.
fn split_semicolons(tokens: &mut Vec<Token>) {
    let is = |token: Option<&Token>, text: &str| token.is_some_and(|token| token.to_str() == text);
    let mut index = 0;
    while index < tokens.len() {
        if is(tokens.get(index), "for")
            && is(tokens.get(index + 1), "(")
            && is(tokens.get(index + 2), "(")
        {
            let mut place = index + 3;
            while place < tokens.len() && !is(tokens.get(place), ")") {
                if let Some(Token::Operator(text, location)) =
                    tokens.get(place).filter(|token| token.to_str() == ";;")
                {
                    debug_assert_eq!(text, ";;");
                    let one = Token::Operator(";".to_owned(), location.clone());
                    tokens.splice(place..=place, [one.clone(), one]);
                }
                place += 1;
            }
        }
        index += 1;
    }
}

fn is_newline(token: &Token) -> bool {
    matches!(token, Token::Operator(text, _) if text == "\n")
}

fn place(error: &ParseError, tokens: &[Token]) -> usize {
    match error {
        ParseError::ParsingNearToken(token) => {
            let index = token.location().start.index;
            tokens
                .iter()
                .position(|token| token.location().start.index >= index)
                .unwrap_or(0)
        }
        _ => tokens.len(),
    }
}

/// The grammar takes a reserved word for a function's name before it gives up, and so complains of the token after it.
/// A word that closes more than is open is the one that is wrong.
fn unexpected(tokens: &[Token], place: usize) -> usize {
    let Some(before) = place.checked_sub(1).and_then(|index| tokens.get(index)) else {
        return place;
    };
    let (opening, closing): (&[&str], &str) = match before.to_str() {
        "fi" | "then" | "elif" | "else" => (&["if"], "fi"),
        "done" | "do" => (&["for", "while", "until"], "done"),
        "esac" => (&["case"], "esac"),
        "}" => (&["{"], "}"),
        _ => return place,
    };
    let starts = |index: &usize| match index.checked_sub(1).and_then(|before| tokens.get(before)) {
        None => true,
        Some(Token::Operator(text, _)) => !text.starts_with(['<', '>']) || text == "\n",
        Some(Token::Word(text, _)) => matches!(
            text.as_str(),
            "then" | "do" | "else" | "{" | "!" | "if" | "while" | "until" | "elif" | "time"
        ),
    };
    let words = (0..place - 1)
        .filter(starts)
        .filter_map(|index| tokens.get(index))
        .map(Token::to_str);
    let (mut open, mut closed) = (0, 0);
    for word in words {
        open += usize::from(opening.contains(&word));
        closed += usize::from(word == closing);
    }
    if closed >= open && starts(&(place - 1)) {
        place - 1
    } else {
        place
    }
}

fn near(token: &Token, first_line: u32) -> SyntaxError {
    let line = first_line + u32::try_from(token.location().start.line - 1).unwrap_or(0);
    let name = if is_newline(token) {
        "newline"
    } else {
        token.to_str()
    };
    let words = format!("syntax error near unexpected token `{name}'");
    SyntaxError {
        line,
        words,
        shows_line: true,
        is_open: false,
    }
}

fn end_of_file(text: &str, first_line: u32) -> SyntaxError {
    let lines = u32::try_from(text.trim_end_matches('\n').split('\n').count()).unwrap_or(u32::MAX);
    SyntaxError {
        line: first_line.saturating_add(lines),
        words: "syntax error: unexpected end of file".to_owned(),
        shows_line: false,
        is_open: true,
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
    SyntaxError {
        line,
        words: word::unended(what),
        shows_line: false,
        is_open: true,
    }
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

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn a_text_is_open_until_its_command_is_whole() {
        for open in [
            "for i in 1 2; do\n",
            "if true; then echo 1\n",
            "f() {\n",
            "case x in\n",
            "(echo a\n",
            "echo 'one\n",
            "echo \"one\n",
            "echo $(date\n",
            "echo ${x\n",
            "echo a |\n",
            "true &&\n",
            "echo a \\\n",
            "cat <<END\ntext\n",
            "cat <<'A' <<B\nA\n",
        ] {
            assert!(is_open(open), "{open}");
        }
        for whole in [
            "",
            "\n",
            "# a comment \\\n",
            "echo a \\\\\n",
            "echo a \\\nb\n",
            "cat <<END\ntext\nEND\n",
            "echo a; done\n",
            "echo )\n",
            "f() {\n echo 'a'\n}\n",
            "echo no newline",
        ] {
            assert!(!is_open(whole), "{whole}");
        }
    }
}
