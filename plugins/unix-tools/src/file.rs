//! `file`: what a file is, by its first bytes; the kinds that agents meet, and text.

use std::ffi::OsString;
use std::io::{Read, Write};

use lexopt::prelude::*;

use crate::arguments;
use crate::outcome::{Outcome, finish, reason};

/// First bytes, description, media type.
const KINDS: [(&[u8], &str, &str); 12] = [
    (b"\x89PNG\r\n\x1a\n", "PNG image data", "image/png"),
    (b"\xff\xd8\xff", "JPEG image data", "image/jpeg"),
    (b"GIF8", "GIF image data", "image/gif"),
    (b"%PDF-", "PDF document", "application/pdf"),
    (b"PK\x03\x04", "Zip archive data", "application/zip"),
    (b"\x1f\x8b", "gzip compressed data", "application/gzip"),
    (b"\x7fELF", "ELF", "application/x-executable"),
    (
        b"\0asm",
        "WebAssembly (wasm) binary module",
        "application/wasm",
    ),
    (
        b"SQLite format 3\0",
        "SQLite 3.x database",
        "application/vnd.sqlite3",
    ),
    (b"BZh", "bzip2 compressed data", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "XZ compressed data", "application/x-xz"),
    (b"#!", "script, text executable", "text/x-script"),
];

/// How much of a file is looked at.
const LOOK: u64 = 64 * 1024;

/// Runs file.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("file", file(arguments), 1)
}

fn file(arguments: Vec<OsString>) -> Outcome {
    let (mut brief, mut media_type) = (false, false);
    let mut files = Vec::new();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, 1)? {
        match argument {
            Short('b') | Long("brief") => brief = true,
            Short('i') | Long("mime" | "mime-type") => media_type = true,
            Short('L' | 'k') | Long("dereference") => {}
            Value(value) => files.push(arguments::operand(value, 1)?),
            other => return Err(arguments::unknown(&other, 1)),
        }
    }
    let width = files.iter().map(String::len).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for name in &files {
        let (description, media) = describe(name);
        let said = if media_type { media } else { description };
        if brief {
            writeln!(out, "{said}")?;
        } else {
            writeln!(out, "{:<1$} {said}", format!("{name}:"), width + 1)?;
        }
    }
    Ok(0)
}

fn describe(name: &str) -> (String, String) {
    let said = |description: &str, media: &str| (description.to_owned(), media.to_owned());
    let metadata = match std::fs::symlink_metadata(name) {
        Ok(metadata) => metadata,
        Err(error) => {
            let text = format!("cannot open `{name}' ({})", reason(&error));
            return (text.clone(), text);
        }
    };
    if metadata.is_dir() {
        return said("directory", "inode/directory");
    }
    if let Ok(target) = std::fs::read_link(name) {
        return (
            format!("symbolic link to {}", target.display()),
            "inode/symlink".to_owned(),
        );
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(name).and_then(|file| file.take(LOOK).read_to_end(&mut start));
    if let Err(error) = read {
        return said(
            &format!("cannot read `{name}' ({})", reason(&error)),
            "application/octet-stream",
        );
    }
    if start.is_empty() {
        return said("empty", "inode/x-empty");
    }
    if let Some((_, description, media)) =
        KINDS.iter().find(|(magic, _, _)| start.starts_with(magic))
    {
        return said(description, media);
    }
    text_kind(&start)
}

fn text_kind(start: &[u8]) -> (String, String) {
    let said = |description: String, media: &str| (description, media.to_owned());
    // The look may have cut a character.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return said("data".to_owned(), "application/octet-stream"),
    };
    if text.contains('\0') {
        return said("data".to_owned(), "application/octet-stream");
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        && text.trim_start().starts_with(['{', '['])
    {
        return said("JSON text data".to_owned(), "application/json");
    }
    let encoding = if text.is_ascii() {
        "ASCII text"
    } else {
        "Unicode text, UTF-8 text"
    };
    let ending = if text.contains("\r\n") {
        ", with CRLF line terminators"
    } else if text.contains('\n') {
        ""
    } else {
        ", with no line terminators"
    };
    said(format!("{encoding}{ending}"), "text/plain")
}
