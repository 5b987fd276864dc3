//! Expansion in bash's order: tilde, parameters, substitutions and arithmetic piece by piece, then splitting, then
//! globs. Braces were expanded when the source was read.

pub mod arithmetic;
pub mod fields;
mod glob;
mod operation;
pub mod parameter;
pub mod quote;

use std::future::Future;
use std::pin::Pin;

use crate::interpret;
use crate::shell::{Shell, Unwind};
use crate::syntax::tree::{Piece, Word};
use fields::Fragment;

/// What an expansion gives, or why the command is not run.
pub type Result<T> = std::result::Result<T, Unwind>;

/// Whether the pieces stand inside double quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Outside.
    Bare,
    /// Inside.
    Double,
}

/// The fields of a word: split and globbed.
///
/// # Errors
/// After an error that has been told.
pub async fn words(shell: &mut Shell, word: &Word) -> Result<Vec<String>> {
    if let [Piece::Text(text)] = word.pieces.as_slice() {
        if !crate::pattern::is_pattern(text) {
            return Ok(vec![text.clone()]);
        }
    }
    let fragments = pieces(shell, &word.pieces, Quoting::Bare).await?;
    let separators = shell
        .variables
        .text("IFS")
        .unwrap_or_else(|| " \t\n".to_owned());
    let fields = fields::split(fragments, &separators);
    if shell.has("noglob") {
        return Ok(fields.into_iter().map(|field| field.text).collect());
    }
    let mut words = Vec::with_capacity(fields.len());
    for field in fields {
        if !crate::pattern::is_pattern(&field.pattern) {
            words.push(field.text);
            continue;
        }
        let found = glob::expand(shell, &field.pattern);
        if found.is_empty() && shell.has("failglob") {
            shell.complain(&format!("no match: {}", field.text)).await;
            shell.status = 1;
            return Err(Unwind::Discard);
        }
        if found.is_empty() && !shell.has("nullglob") {
            words.push(field.text);
        }
        words.extend(found);
    }
    Ok(words)
}

/// The text of a word where nothing is split or globbed.
///
/// # Errors
/// After an error that has been told.
pub async fn text(shell: &mut Shell, word: &Word) -> Result<String> {
    if let [Piece::Text(text) | Piece::Quoted(text)] = word.pieces.as_slice() {
        return Ok(text.clone());
    }
    Ok(fields::join(
        pieces(shell, &word.pieces, Quoting::Bare).await?,
    ))
}

/// The text of a word in which everything is quoted: a here-document.
///
/// # Errors
/// After an error that has been told.
pub async fn document(shell: &mut Shell, word: &Word) -> Result<String> {
    Ok(fields::join(
        pieces(shell, &word.pieces, Quoting::Double).await?,
    ))
}

/// The pattern that a word is, what was quoted in it escaped.
///
/// # Errors
/// After an error that has been told.
pub async fn pattern(shell: &mut Shell, word: &Word) -> Result<String> {
    Ok(fields::join_pattern(
        pieces(shell, &word.pieces, Quoting::Bare).await?,
    ))
}

/// The regular expression that a word is, what was quoted in it escaped.
///
/// # Errors
/// After an error that has been told.
pub async fn regular_expression(shell: &mut Shell, word: &Word) -> Result<String> {
    let fragments = pieces(shell, &word.pieces, Quoting::Bare).await?;
    let mut expression = String::new();
    for fragment in fragments {
        match fragment {
            Fragment::Literal(text) | Fragment::Result(text) => expression.push_str(&text),
            Fragment::Quoted(text) => expression.push_str(&regex_lite::escape(&text)),
            Fragment::Break => expression.push(' '),
        }
    }
    Ok(expression)
}

/// The value of an arithmetic expression; `before` starts the message of an error.
///
/// # Errors
/// After an error that has been told.
pub async fn arithmetic(shell: &mut Shell, word: &Word, before: &str) -> Result<i64> {
    let expression = document(shell, word).await?;
    match arithmetic::evaluate(shell, &expression) {
        Ok(value) => Ok(value),
        Err(words) => {
            shell.complain(&format!("{before}{words}")).await;
            shell.status = 1;
            Err(if words.ends_with("unbound variable") {
                unbound(shell)
            } else {
                Unwind::Discard
            })
        }
    }
}

/// What an unbound variable ends under `set -u`.
fn unbound(shell: &mut Shell) -> Unwind {
    shell.status = if shell.origin == "c" && !shell.has("errexit") {
        127
    } else {
        1
    };
    Unwind::Exit
}

/// A future that may hold futures of its kind.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Expands pieces to fragments.
pub fn pieces<'a>(
    shell: &'a mut Shell,
    pieces: &'a [Piece],
    quoting: Quoting,
) -> Boxed<'a, Result<Vec<Fragment>>> {
    Box::pin(async move {
        let mut fragments = Vec::with_capacity(pieces.len());
        for piece in pieces {
            expand_piece(shell, piece, quoting, &mut fragments).await?;
        }
        Ok(fragments)
    })
}

async fn expand_piece(
    shell: &mut Shell,
    piece: &Piece,
    quoting: Quoting,
    into: &mut Vec<Fragment>,
) -> Result<()> {
    let result = |text: String| match quoting {
        Quoting::Bare => Fragment::Result(text),
        Quoting::Double => Fragment::Quoted(text),
    };
    match piece {
        Piece::Text(text) if quoting == Quoting::Bare => into.push(Fragment::Literal(text.clone())),
        Piece::Text(text) | Piece::Quoted(text) => into.push(Fragment::Quoted(text.clone())),
        Piece::Double(inner) if inner.is_empty() => into.push(Fragment::Quoted(String::new())),
        Piece::Double(inner) => into.append(&mut pieces(shell, inner, Quoting::Double).await?),
        Piece::Parameter(parameter) => operation::expand(shell, parameter, quoting, into).await?,
        Piece::Command(substitution) => {
            let output = interpret::substitute(shell, substitution).await?;
            into.push(result(output));
        }
        Piece::Arithmetic(word) => {
            let value = arithmetic(shell, word, "").await?;
            into.push(result(value.to_string()));
        }
        Piece::Tilde(name) => into.push(tilde(shell, name)),
    }
    Ok(())
}

fn tilde(shell: &Shell, name: &str) -> Fragment {
    let path = match name {
        "" => shell
            .variables
            .text("HOME")
            .or_else(|| Some("/".to_owned())),
        "+" => Some(shell.directory.to_string()),
        "-" => shell.variables.text("OLDPWD"),
        "root" => Some("/root".to_owned()),
        _ => None,
    };
    path.map_or_else(|| Fragment::Literal(format!("~{name}")), Fragment::Quoted)
}
