//! What `find` prints of an entry: `-printf` and `-ls`.

use std::fs::{FileType, Metadata};

use walkdir::DirEntry;

/// A piece of a `-printf` format.
#[derive(Debug, Clone)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// A directive, with its width; negative is to the left.
    Directive(char, i32),
    /// A part of a time: `%T` and a letter.
    Time(char, i32),
}

/// Parses a `-printf` format.
pub fn parse(format: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('0') => text.push('\0'),
                Some('\\') | None => text.push('\\'),
                Some(other) => {
                    text.push('\\');
                    text.push(other);
                }
            },
            '%' => {
                let mut width = String::new();
                while let Some(digit) =
                    characters.next_if(|next| next.is_ascii_digit() || *next == '-')
                {
                    width.push(digit);
                }
                let width = width.parse().unwrap_or(0);
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                match characters.next() {
                    Some('%') | None => text.push('%'),
                    Some('T' | 'A' | 'C') => {
                        pieces.push(Piece::Time(characters.next().unwrap_or('@'), width))
                    }
                    Some(letter) => pieces.push(Piece::Directive(letter, width)),
                }
            }
            other => text.push(other),
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// The letter of a kind of file.
pub fn kind(kind: FileType) -> char {
    if kind.is_dir() {
        'd'
    } else if kind.is_symlink() {
        'l'
    } else if kind.is_file() {
        'f'
    } else {
        'c'
    }
}

/// The text that `pieces` make of an entry.
pub fn expand(pieces: &[Piece], entry: &DirEntry, metadata: &Metadata, root: &str) -> String {
    let mut out = String::new();
    for piece in pieces {
        let (text, width) = match piece {
            Piece::Text(text) => (text.clone(), 0),
            Piece::Directive(letter, width) => (directive(*letter, entry, metadata, root), *width),
            Piece::Time(letter, width) => (time(*letter, metadata), *width),
        };
        let places = usize::try_from(width.unsigned_abs())
            .unwrap_or(0)
            .min(1 << 16);
        if width < 0 {
            out.push_str(&format!("{text:<places$}"));
        } else {
            out.push_str(&format!("{text:>places$}"));
        }
    }
    out
}

fn directive(letter: char, entry: &DirEntry, metadata: &Metadata, root: &str) -> String {
    let path = entry.path().display().to_string();
    match letter {
        'p' => path,
        'P' => path
            .strip_prefix(root)
            .unwrap_or(&path)
            .trim_start_matches('/')
            .to_owned(),
        'f' => path
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(&path)
            .to_owned(),
        'h' => match path.rsplit_once('/') {
            Some((parent, _)) => parent.to_owned(),
            None => ".".to_owned(),
        },
        'H' => root.to_owned(),
        'd' => entry.depth().to_string(),
        's' => metadata.len().to_string(),
        'b' => metadata.len().div_ceil(512).to_string(),
        'k' => metadata.len().div_ceil(1024).to_string(),
        'y' | 'Y' => kind(entry.file_type()).to_string(),
        'l' => std::fs::read_link(entry.path())
            .map(|target| target.display().to_string())
            .unwrap_or_default(),
        'm' => if metadata.is_dir() { "755" } else { "644" }.to_owned(),
        'M' => mode(metadata),
        'u' | 'g' => "agent".to_owned(),
        'U' | 'G' => "1000".to_owned(),
        'n' => "1".to_owned(),
        't' | 'a' | 'c' => modified(metadata, "%a %b %e %H:%M:%S.%f0 %Y"),
        other => format!("%{other}"),
    }
}

fn time(letter: char, metadata: &Metadata) -> String {
    match letter {
        '@' => modified(metadata, "%s.%f0"),
        '+' => modified(metadata, "%Y-%m-%d+%H:%M:%S.%f0"),
        'S' => modified(metadata, "%S.%f0"),
        'T' => modified(metadata, "%H:%M:%S.%f0"),
        letter => modified(metadata, &format!("%{letter}")),
    }
}

fn modified(metadata: &Metadata, format: &str) -> String {
    let Ok(time) = metadata.modified() else {
        return String::new();
    };
    let (seconds, nanoseconds) = crate::time::since_epoch(time);
    let format = format.replace("%f", &format!("{nanoseconds:09}"));
    crate::time::format(seconds, nanoseconds, &format).unwrap_or_default()
}

/// Modes as everything here has them: WASI knows none.
pub fn mode(metadata: &Metadata) -> String {
    let kind = metadata.file_type();
    if kind.is_dir() {
        "drwxr-xr-x"
    } else if kind.is_symlink() {
        "lrwxrwxrwx"
    } else {
        "-rw-r--r--"
    }
    .to_owned()
}

/// A line of `-ls`.
pub fn listed(entry: &DirEntry, metadata: &Metadata) -> String {
    format!(
        "{:>9} {:>6} {} 1 agent    agent    {:>8} {} {}\n",
        0,
        metadata.len().div_ceil(1024),
        mode(metadata),
        metadata.len(),
        modified(metadata, "%b %e %H:%M"),
        entry.path().display()
    )
}
