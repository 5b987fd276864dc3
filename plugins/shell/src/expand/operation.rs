//! What `${…}` does with values: defaults, trimming, replacing, cutting, changing case, quoting.

use std::collections::VecDeque;

use super::fields::Fragment;
use super::parameter::{self, Values};
use super::{Quoting, Result, quote};
use crate::pattern::{Case, Pattern};
use crate::shell::{Shell, Unwind};
use crate::syntax::escapes::{self, Dialect};
use crate::syntax::tree::{
    Emptiness, Extent, Index, Operation, Parameter, Piece, Place, Subject, Word,
};
use crate::syntax::word::{self, Context};
use crate::text;

/// Expands a parameter into fragments.
pub async fn expand(
    shell: &mut Shell,
    parameter: &Parameter,
    quoting: Quoting,
    into: &mut Vec<Fragment>,
) -> Result<()> {
    let (pointed, referred);
    let mut subject = &parameter.subject;
    let mut index = parameter.index.as_ref();
    if matches!(parameter.operation, Operation::Bad) {
        return fail(shell, &format!("{}: bad substitution", parameter.source)).await;
    }
    if parameter.indirect {
        pointed = follow(shell, parameter).await?;
        referred = pointed.as_deref();
        match referred {
            Some(target) => {
                subject = &target.subject;
                index = target.index.as_ref();
            }
            None => return Ok(()),
        }
    }
    if let Operation::Names(sign) = parameter.operation {
        let Subject::Variable(prefix) = &parameter.subject else {
            return Ok(());
        };
        let names = shell
            .variables
            .names()
            .into_iter()
            .filter(|name| name.starts_with(prefix))
            .collect();
        let names = if sign == '@' {
            Values::Each(names)
        } else {
            Values::Joined(names)
        };
        emit(shell, names, quoting, into);
        return Ok(());
    }
    if matches!(parameter.operation, Operation::Keys) {
        let Subject::Variable(name) = subject else {
            return Ok(());
        };
        let elements = parameter::variable(shell, name)
            .map(|variable| variable.elements())
            .unwrap_or_default();
        let keys = elements.into_iter().map(|(key, _)| key).collect();
        let keys = if matches!(index, Some(Index::Joined)) {
            Values::Joined(keys)
        } else {
            Values::Each(keys)
        };
        emit(shell, keys, quoting, into);
        return Ok(());
    }
    let values = parameter::values(shell, subject, index).await?;
    if let Operation::Default(sign, emptiness, word) = &parameter.operation {
        return default(
            shell,
            parameter,
            values,
            (*sign, *emptiness, word),
            quoting,
            into,
        )
        .await;
    }
    if values == Values::Unset && shell.has("nounset") {
        let is_bare =
            !parameter.source.starts_with("${") && !matches!(subject, Subject::Variable(_));
        let sign = if is_bare { "$" } else { "" };
        let label = parameter::label(parameter);
        shell
            .complain(&format!("{sign}{label}: unbound variable"))
            .await;
        return Err(super::unbound(shell));
    }
    let values = apply(shell, parameter, subject, index, values).await?;
    emit(shell, values, quoting, into);
    Ok(())
}

async fn fail<T>(shell: &mut Shell, words: &str) -> Result<T> {
    shell.complain(words).await;
    shell.status = 1;
    Err(Unwind::Discard)
}

/// The parameter that the value of another names.
async fn follow(
    shell: &mut Shell,
    parameter: &Parameter,
) -> Result<Option<std::rc::Rc<Parameter>>> {
    let values = parameter::values(shell, &parameter.subject, parameter.index.as_ref()).await?;
    let label = parameter::label(parameter);
    let Values::One(name) = values else {
        if matches!(parameter.operation, Operation::Default(..)) {
            let unset = Parameter {
                source: String::new(),
                subject: Subject::Variable(String::new()),
                index: None,
                indirect: false,
                operation: Operation::Value,
            };
            return Ok(Some(unset.into()));
        }
        return fail(shell, &format!("{label}: invalid indirect expansion")).await;
    };
    let parsed = word::parse(&format!("${{{name}}}"), Context::Bare);
    match parsed.as_ref().map(|word| word.pieces.as_slice()) {
        Ok([Piece::Parameter(target)]) if matches!(target.operation, Operation::Value) => {
            Ok(Some(std::rc::Rc::clone(target)))
        }
        _ => fail(shell, &format!("{name}: invalid variable name")).await,
    }
}

fn emit(shell: &Shell, values: Values, quoting: Quoting, into: &mut Vec<Fragment>) {
    let wrap = |text: String| match quoting {
        Quoting::Bare => Fragment::Result(text),
        Quoting::Double => Fragment::Quoted(text),
    };
    match values {
        Values::Unset => into.push(wrap(String::new())),
        Values::One(text) => into.push(wrap(text)),
        Values::Joined(texts) if quoting == Quoting::Double => {
            into.push(Fragment::Quoted(texts.join(&shell.separator())));
        }
        Values::Each(texts) | Values::Joined(texts) => {
            for (index, text) in texts.into_iter().enumerate() {
                if index > 0 {
                    into.push(Fragment::Break);
                }
                into.push(wrap(text));
            }
        }
    }
}

async fn default(
    shell: &mut Shell,
    parameter: &Parameter,
    values: Values,
    (sign, emptiness, word): (char, Emptiness, &Word),
    quoting: Quoting,
    into: &mut Vec<Fragment>,
) -> Result<()> {
    let is_none = match &values {
        Values::Unset => true,
        Values::One(text) => text.is_empty() && emptiness == Emptiness::CountsAsUnset,
        Values::Each(texts) | Values::Joined(texts) => {
            texts.is_empty()
                || (emptiness == Emptiness::CountsAsUnset && texts.iter().all(String::is_empty))
        }
    };
    match (sign, is_none) {
        ('+', true) => emit(shell, Values::One(String::new()), quoting, into),
        ('+', false) | ('-', true) => {
            let fragments = super::pieces(shell, &word.pieces, quoting).await?;
            if fragments.is_empty() {
                emit(shell, Values::One(String::new()), quoting, into);
            }
            into.extend(fragments.into_iter().map(|fragment| match fragment {
                Fragment::Literal(text) => Fragment::Result(text),
                other => other,
            }));
        }
        ('=', true) => {
            let text = super::text(shell, word).await?;
            parameter::assign(shell, parameter, text.clone()).await?;
            emit(shell, Values::One(text), quoting, into);
        }
        ('?', true) => {
            let message = super::text(shell, word).await?;
            let message = match (message.is_empty(), emptiness) {
                (false, _) => message,
                (true, Emptiness::CountsAsUnset) => "parameter null or not set".to_owned(),
                (true, Emptiness::IsAValue) => "parameter not set".to_owned(),
            };
            let label = parameter::label(parameter);
            shell.complain(&format!("{label}: {message}")).await;
            return Err(super::unbound(shell));
        }
        _ => emit(shell, values, quoting, into),
    }
    Ok(())
}

fn each(values: Values, change: impl Fn(&str) -> String) -> Values {
    match values {
        Values::Unset => Values::Unset,
        Values::One(text) => Values::One(change(&text)),
        Values::Each(texts) => Values::Each(texts.iter().map(|text| change(text)).collect()),
        Values::Joined(texts) => Values::Joined(texts.iter().map(|text| change(text)).collect()),
    }
}

async fn apply(
    shell: &mut Shell,
    parameter: &Parameter,
    subject: &Subject,
    index: Option<&Index>,
    values: Values,
) -> Result<Values> {
    Ok(match &parameter.operation {
        Operation::Length => Values::One(match values {
            Values::Unset => "0".to_owned(),
            Values::One(text) => text.chars().count().to_string(),
            Values::Each(texts) | Values::Joined(texts) => texts.len().to_string(),
        }),
        Operation::TrimPrefix(extent, pattern) => {
            let pattern = Pattern::new(&super::pattern(shell, pattern).await?, Case::Matters);
            each(values, |text| {
                let characters: Vec<char> = text.chars().collect();
                let length = pattern
                    .prefix(&characters, *extent == Extent::Most)
                    .unwrap_or(0);
                characters[length..].iter().collect()
            })
        }
        Operation::TrimSuffix(extent, pattern) => {
            let pattern = Pattern::new(&super::pattern(shell, pattern).await?, Case::Matters);
            each(values, |text| trim_suffix(&pattern, text, *extent))
        }
        Operation::Replace(place, pattern, with) => {
            let pattern = Pattern::new(&super::pattern(shell, pattern).await?, case(shell));
            let with = super::pieces(shell, &with.pieces, Quoting::Bare).await?;
            each(values, |text| replace(&pattern, text, *place, &with))
        }
        Operation::Case(direction, extent, pattern) => {
            let pattern = match pattern {
                Some(pattern) => Some(super::pattern(shell, pattern).await?),
                None => None,
            };
            let pattern = pattern.map(|pattern| Pattern::new(&pattern, Case::Matters));
            each(values, |text| {
                change_case(text, *direction, *extent, pattern.as_ref())
            })
        }
        Operation::Substring(offset, length) => {
            let offset = super::arithmetic(shell, offset, "").await?;
            let length = match length {
                Some(length) => Some(super::arithmetic(shell, length, "").await?),
                None => None,
            };
            return cut(shell, subject, index, values, offset, length).await;
        }
        Operation::Transform(letter) => {
            transform(shell, parameter, subject, index, values, *letter).await?
        }
        _ => values,
    })
}

fn case(shell: &Shell) -> Case {
    if shell.has("nocasematch") {
        Case::Ignored
    } else {
        Case::Matters
    }
}

fn trim_suffix(pattern: &Pattern, text: &str, extent: Extent) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut starts: Box<dyn Iterator<Item = usize>> = match extent {
        Extent::Most => Box::new(0..=characters.len()),
        Extent::Least => Box::new((0..=characters.len()).rev()),
    };
    let start = starts.find(|start| pattern.matches_all(&characters[*start..]));
    characters[..start.unwrap_or(characters.len())]
        .iter()
        .collect()
}

/// In the replacement an unquoted `&` is what the pattern matched.
fn replace(pattern: &Pattern, text: &str, place: Place, with: &[Fragment]) -> String {
    let characters: Vec<char> = text.chars().collect();
    let insert = |into: &mut String, matched: &[char]| {
        for fragment in with {
            match fragment {
                Fragment::Literal(text) | Fragment::Result(text) => {
                    for character in text.chars() {
                        if character == '&' {
                            into.extend(matched)
                        } else {
                            into.push(character)
                        }
                    }
                }
                Fragment::Quoted(text) => into.push_str(text),
                Fragment::Break => into.push(' '),
            }
        }
    };
    let mut result = String::new();
    if place == Place::End {
        let start = (0..=characters.len()).find(|start| pattern.matches_all(&characters[*start..]));
        let Some(start) = start else {
            return text.to_owned();
        };
        result.extend(&characters[..start]);
        insert(&mut result, &characters[start..]);
        return result;
    }
    let mut at = 0;
    let mut replaced = false;
    while at < characters.len() || (at == 0 && !replaced) {
        let may = place == Place::All || !replaced && (place == Place::First || at == 0);
        let found = if may {
            pattern.prefix(&characters[at..], true)
        } else {
            None
        };
        match found {
            Some(length) if length > 0 || place == Place::Start => {
                insert(&mut result, &characters[at..at + length]);
                replaced = true;
                at += length;
                if length == 0 {
                    break;
                }
            }
            _ => {
                result.extend(characters.get(at));
                at += 1;
            }
        }
    }
    result.extend(characters.get(at..).unwrap_or_default());
    result
}

fn change_case(text: &str, direction: char, extent: Extent, pattern: Option<&Pattern>) -> String {
    let mut changed = String::new();
    for (index, character) in text.chars().enumerate() {
        let counts = (index == 0 || extent == Extent::Most)
            && pattern.is_none_or(|pattern| pattern.matches_all(&[character]));
        match (counts, direction) {
            (true, '^') => changed.extend(character.to_uppercase()),
            (true, _) => changed.extend(character.to_lowercase()),
            _ => changed.push(character),
        }
    }
    changed
}

async fn cut(
    shell: &mut Shell,
    subject: &Subject,
    index: Option<&Index>,
    values: Values,
    offset: i64,
    length: Option<i64>,
) -> Result<Values> {
    let range = |count: usize, from_zero: i64| -> Option<(usize, usize)> {
        let count = count as i64;
        let start = if offset < 0 {
            offset + count
        } else {
            offset - from_zero
        };
        if start < 0 || start > count {
            return None;
        }
        let end = match length {
            None => count,
            Some(length) if length < 0 => count + length,
            Some(length) => count.min(start.saturating_add(length)),
        };
        (end >= start).then_some((start as usize, end as usize))
    };
    let negative =
        matches!((length, &values), (Some(l), Values::Each(_) | Values::Joined(_)) if l < 0);
    if negative {
        let length = length.unwrap_or(0);
        return fail(shell, &format!("{length}: substring expression < 0")).await;
    }
    let cut_text = |text: &str| -> Option<String> {
        let characters: Vec<char> = text.chars().collect();
        let start = if offset < 0 {
            offset + characters.len() as i64
        } else {
            offset
        };
        if !(0..=characters.len() as i64).contains(&start) {
            return Some(String::new());
        }
        range(characters.len(), 0).map(|(start, end)| characters[start..end].iter().collect())
    };
    Ok(match values {
        Values::Unset => Values::Unset,
        Values::One(text) => match cut_text(&text) {
            Some(text) => Values::One(text),
            None => {
                return fail(
                    shell,
                    &format!("{}: substring expression < 0", length.unwrap_or(0)),
                )
                .await;
            }
        },
        Values::Each(texts) | Values::Joined(texts) => {
            let joined = matches!(index, Some(Index::Joined)) || *subject == Subject::Special('*');
            let mut all: VecDeque<String> = texts.into();
            let mut shift = 0;
            if matches!(subject, Subject::Special(_)) {
                // Counted from $0, which belongs to the values only when it is asked for.
                if offset == 0 {
                    all.push_front(shell.name.to_string())
                } else {
                    shift = i64::from(offset > 0)
                }
            }
            let (start, end) = range(all.len(), shift).unwrap_or((0, 0));
            let some = all.into_iter().take(end).skip(start).collect();
            if joined {
                Values::Joined(some)
            } else {
                Values::Each(some)
            }
        }
    })
}

async fn transform(
    shell: &mut Shell,
    parameter: &Parameter,
    subject: &Subject,
    index: Option<&Index>,
    values: Values,
    letter: char,
) -> Result<Values> {
    let name = match subject {
        Subject::Variable(name) => name.clone(),
        _ => String::new(),
    };
    Ok(match letter {
        'Q' => each(values, quote::single),
        'U' => each(values, str::to_uppercase),
        'L' => each(values, str::to_lowercase),
        'u' => each(values, |text| change_case(text, '^', Extent::Least, None)),
        'E' => each(values, |text| {
            text::from_bytes(&escapes::decode(text, Dialect::AnsiC).bytes)
        }),
        'P' => values,
        'a' => {
            let letters = shell
                .variables
                .get(&name)
                .map(crate::variables::Variable::letters);
            Values::One(letters.unwrap_or_default())
        }
        'A' => {
            let Some(variable) = shell
                .variables
                .get(&shell.variables.resolve(&name))
                .cloned()
            else {
                return Ok(Values::One(String::new()));
            };
            let whole = matches!(index, Some(Index::Each | Index::Joined));
            Values::One(crate::builtins::declaration(&name, &variable, whole))
        }
        'K' | 'k' => {
            let elements = parameter::variable(shell, &name).map(|variable| variable.elements());
            match (index, elements) {
                (Some(_), Some(elements)) if letter == 'k' => Values::Each(
                    elements
                        .into_iter()
                        .flat_map(|(key, value)| [key, value])
                        .collect(),
                ),
                (Some(_), Some(elements)) => Values::One(
                    elements
                        .iter()
                        .map(|(key, value)| format!("{key} {}", quote::double(value)))
                        .collect::<Vec<_>>()
                        .join(" "),
                ),
                _ => each(values, quote::single),
            }
        }
        _ => return fail(shell, &format!("{}: bad substitution", parameter.source)).await,
    })
}
