//! Text by characters: what is not UTF-8 counts byte by byte.

/// The characters of `text`, each with its bytes.
pub fn characters(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let length = match first {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        let length = if rest
            .get(..length)
            .is_some_and(|bytes| std::str::from_utf8(bytes).is_ok())
        {
            length
        } else {
            1
        };
        let (character, tail) = rest.split_at(length);
        rest = tail;
        Some(character)
    })
}

/// The number of characters.
pub fn length(text: &[u8]) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        characters(text).count()
    }
}

/// The characters from number `start`, counted from 1, to before number `end`.
pub fn between(text: &[u8], start: usize, end: usize) -> &[u8] {
    if end <= start {
        return &[];
    }
    if text.is_ascii() {
        let end = (end - 1).min(text.len());
        return text.get(start - 1..end).unwrap_or_default();
    }
    let skipped: usize = characters(text).take(start - 1).map(<[u8]>::len).sum();
    let taken: usize = characters(&text[skipped..])
        .take(end - start)
        .map(<[u8]>::len)
        .sum();
    &text[skipped..skipped + taken]
}

/// Where `part` begins in `text`, in bytes.
pub fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}
