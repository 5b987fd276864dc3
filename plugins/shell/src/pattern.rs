//! Patterns: `* ? [ ]` and the extended `?( ) *( ) +( ) @( ) !( )`. A backslash quotes the next character.

/// A pattern, ready to match.
#[derive(Debug)]
pub struct Pattern {
    nodes: Vec<Node>,
    ignores_case: bool,
}

#[derive(Debug)]
enum Node {
    Character(char),
    Any,
    Star,
    Set {
        negated: bool,
        members: Vec<Member>,
    },
    Group {
        kind: char,
        branches: Vec<Vec<Node>>,
    },
}

#[derive(Debug)]
enum Member {
    One(char),
    Range(char, char),
    Class(String),
}

/// Whether letters of both cases are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They differ.
    Matters,
    /// They are the same.
    Ignored,
}

/// Whether a text has characters that a pattern gives a meaning to.
pub fn is_pattern(text: &str) -> bool {
    let mut escaped = false;
    let mut before = ' ';
    for (place, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else {
            match character {
                '\\' => escaped = true,
                '*' | '?' => return true,
                // A bracket that nothing closes means itself, as the command `[` does.
                '[' if text.get(place..).is_some_and(|rest| rest.contains(']')) => return true,
                '(' if matches!(before, '+' | '@' | '!') => return true,
                _ => {}
            }
        }
        before = character;
    }
    false
}

/// A text as a pattern that matches only itself.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(
            character,
            '*' | '?' | '[' | ']' | '\\' | '(' | ')' | '|' | '!' | '+' | '@' | '-' | '^'
        ) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

/// A pattern without its quotes.
pub fn unquote(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' {
            characters.next().unwrap_or('\\')
        } else {
            character
        });
    }
    plain
}

/// How many steps a match may take: patterns like `*(*(a))` could take for ever.
const MOST_STEPS: u32 = 4_000_000;

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &str, case: Case) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let mut at = 0;
        let nodes = nodes(&characters, &mut at, 0);
        Self {
            nodes,
            ignores_case: case == Case::Ignored,
        }
    }

    /// Whether it matches all of a text.
    pub fn matches(&self, text: &str) -> bool {
        let characters: Vec<char> = text.chars().collect();
        self.matches_all(&characters)
    }

    /// Whether it matches all of these characters.
    pub fn matches_all(&self, text: &[char]) -> bool {
        let mut matching = Matching {
            steps: MOST_STEPS,
            ignores_case: self.ignores_case,
        };
        matching.run(&self.nodes, text, &mut |rest| rest.is_empty())
    }

    /// The length of the longest or shortest match at the start.
    pub fn prefix(&self, text: &[char], longest: bool) -> Option<usize> {
        if !longest {
            return (0..=text.len()).find(|end| self.matches_all(&text[..*end]));
        }
        let mut best = None;
        let mut matching = Matching {
            steps: MOST_STEPS,
            ignores_case: self.ignores_case,
        };
        matching.run(&self.nodes, text, &mut |rest| {
            let length = text.len() - rest.len();
            best = best.max(Some(length));
            length == text.len()
        });
        best
    }
}

fn nodes(text: &[char], at: &mut usize, depth: u32) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(&character) = text.get(*at) {
        if depth > 0 && matches!(character, '|' | ')') {
            break;
        }
        let next = text.get(*at + 1).copied();
        if next == Some('(') && matches!(character, '?' | '*' | '+' | '@' | '!') && depth < 20 {
            let start = *at;
            *at += 2;
            let mut branches = vec![self::nodes(text, at, depth + 1)];
            while text.get(*at) == Some(&'|') {
                *at += 1;
                branches.push(self::nodes(text, at, depth + 1));
            }
            if text.get(*at) == Some(&')') {
                *at += 1;
                nodes.push(Node::Group {
                    kind: character,
                    branches,
                });
                continue;
            }
            *at = start;
        }
        *at += 1;
        match character {
            '*' if matches!(nodes.last(), Some(Node::Star)) => {}
            '*' => nodes.push(Node::Star),
            '?' => nodes.push(Node::Any),
            '\\' => {
                nodes.push(Node::Character(next.unwrap_or('\\')));
                *at += usize::from(next.is_some());
            }
            '[' => nodes.push(set(text, at).unwrap_or(Node::Character('['))),
            other => nodes.push(Node::Character(other)),
        }
    }
    nodes
}

fn set(text: &[char], at: &mut usize) -> Option<Node> {
    let mut place = *at;
    let negated = matches!(text.get(place), Some('!' | '^'));
    place += usize::from(negated);
    let mut members = Vec::new();
    let first = place;
    loop {
        let character = *text.get(place)?;
        if character == ']' && place > first {
            break;
        }
        if character == '[' && text.get(place + 1) == Some(&':') {
            let rest = text.get(place + 2..)?;
            let length = rest
                .iter()
                .position(|c| *c == ':')
                .filter(|l| rest.get(l + 1) == Some(&']'));
            if let Some(length) = length {
                members.push(Member::Class(rest[..length].iter().collect()));
                place += length + 4;
                continue;
            }
        }
        let low = member(text, &mut place)?;
        if text.get(place) == Some(&'-') && text.get(place + 1).is_some_and(|c| *c != ']') {
            place += 1;
            members.push(Member::Range(low, member(text, &mut place)?));
        } else {
            members.push(Member::One(low));
        }
    }
    *at = place + 1;
    Some(Node::Set { negated, members })
}

fn member(text: &[char], place: &mut usize) -> Option<char> {
    if text.get(*place) == Some(&'\\') && text.len() > *place + 1 {
        *place += 1;
    }
    *place += 1;
    text.get(*place - 1).copied()
}

fn in_class(class: &str, character: char) -> bool {
    match class {
        "alnum" => character.is_alphanumeric(),
        "alpha" => character.is_alphabetic(),
        "blank" => matches!(character, ' ' | '\t'),
        "cntrl" => character.is_control(),
        "digit" => character.is_ascii_digit(),
        "graph" => !character.is_control() && !character.is_whitespace(),
        "lower" => character.is_lowercase(),
        "print" => !character.is_control(),
        "punct" => character.is_ascii_punctuation(),
        "space" => character.is_whitespace(),
        "upper" => character.is_uppercase(),
        "word" => character.is_alphanumeric() || character == '_',
        "xdigit" => character.is_ascii_hexdigit(),
        _ => false,
    }
}

struct Matching {
    steps: u32,
    ignores_case: bool,
}

type Then<'a> = &'a mut dyn FnMut(&[char]) -> bool;

impl Matching {
    fn run(&mut self, nodes: &[Node], text: &[char], then: Then<'_>) -> bool {
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        let (mut nodes, mut text) = (nodes, text);
        loop {
            let Some((node, later)) = nodes.split_first() else {
                return then(text);
            };
            match node {
                Node::Star => {
                    // Without groups only the last star needs to be tried again.
                    return (0..=text.len()).rev().any(|taken| {
                        let quick = match later.first() {
                            Some(Node::Character(c)) if !self.ignores_case => {
                                text.get(taken) == Some(c)
                            }
                            _ => true,
                        };
                        quick && self.run(later, &text[taken..], then)
                    });
                }
                Node::Group { kind, branches } => {
                    return self.group(*kind, branches, later, text, then);
                }
                single => {
                    let Some((first, rest)) = text.split_first() else {
                        return false;
                    };
                    if !self.one(single, *first) {
                        return false;
                    }
                    text = rest;
                    nodes = later;
                }
            }
        }
    }

    fn same(&self, one: char, other: char) -> bool {
        one == other || (self.ignores_case && one.to_lowercase().eq(other.to_lowercase()))
    }

    fn one(&self, node: &Node, character: char) -> bool {
        match node {
            Node::Character(own) => self.same(*own, character),
            Node::Any => true,
            Node::Set { negated, members } => {
                let is_in = |character: char| {
                    members.iter().any(|member| match member {
                        Member::One(own) => *own == character,
                        Member::Range(low, high) => (*low..=*high).contains(&character),
                        Member::Class(class) => in_class(class, character),
                    })
                };
                let found = is_in(character)
                    || (self.ignores_case
                        && (character.to_lowercase().any(is_in)
                            || character.to_uppercase().any(is_in)));
                found != *negated
            }
            Node::Star | Node::Group { .. } => false,
        }
    }

    fn group(
        &mut self,
        kind: char,
        branches: &[Vec<Node>],
        later: &[Node],
        text: &[char],
        then: Then<'_>,
    ) -> bool {
        match kind {
            '!' => (0..=text.len()).rev().any(|end| {
                let part = &text[..end];
                let excluded = branches
                    .iter()
                    .any(|branch| self.run(branch, part, &mut |rest| rest.is_empty()));
                !excluded && self.run(later, &text[end..], then)
            }),
            '@' => self.once(branches, later, text, then),
            '?' => self.once(branches, later, text, then) || self.run(later, text, then),
            '*' => self.many(branches, later, text, then) || self.run(later, text, then),
            _ => self.many(branches, later, text, then),
        }
    }

    fn once(
        &mut self,
        branches: &[Vec<Node>],
        later: &[Node],
        text: &[char],
        then: Then<'_>,
    ) -> bool {
        self.ends(branches, text)
            .into_iter()
            .any(|end| self.run(later, &text[end..], then))
    }

    fn many(
        &mut self,
        branches: &[Vec<Node>],
        later: &[Node],
        text: &[char],
        then: Then<'_>,
    ) -> bool {
        let mut reached = vec![false; text.len() + 1];
        let mut open = vec![0];
        while let Some(start) = open.pop() {
            for end in self.ends(branches, &text[start..]) {
                if !std::mem::replace(&mut reached[start + end], true) {
                    open.push(start + end);
                }
            }
        }
        (0..=text.len())
            .rev()
            .any(|end| reached[end] && self.run(later, &text[end..], then))
    }

    /// Where a branch may end, the furthest first.
    fn ends(&mut self, branches: &[Vec<Node>], text: &[char]) -> Vec<usize> {
        let mut ends = std::collections::BTreeSet::new();
        for branch in branches {
            self.run(branch, text, &mut |rest| {
                ends.insert(text.len() - rest.len());
                false
            });
        }
        ends.into_iter().rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, Case::Matters).matches(text)
    }

    #[test]
    fn patterns_match_as_in_bash() {
        assert!(matches("*.tar.*", "a.tar.gz"));
        assert!(matches("[!a-c]?", "dx"));
        assert!(!matches("[[:digit:]]", "x"));
        assert!(matches("[]]", "]"));
        assert!(matches(r"\*", "*"));
        assert!(!matches(r"\*", "x"));
        assert!(matches("@(a|b)+([0-9])", "b12"));
        assert!(matches("!(*.o)", "a.c"));
        assert!(!matches("!(*.o)", "a.o"));
        assert!(matches("*(ab|c)d", "abcabd"));
    }

    #[test]
    fn a_pattern_with_endless_ways_to_match_comes_to_an_end() {
        assert!(!matches("*a*a*a*a*a*a*a*a*a*a*b", &"a".repeat(60)));
    }
}
