//! Bodies: data of forms, JSON, and parts of a multipart body.

use std::fs;
use std::io::Read;

use crate::failure::{Failure, status};

/// The bytes that need no escape in a form (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A piece of the body, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// `-d`: text, or `@FILE` without its line ends.
    Text(String),
    /// `--data-raw`: text.
    Raw(String),
    /// `--data-binary`: text, or `@FILE` as it is.
    Binary(String),
    /// `--data-urlencode`: `CONTENT`, `=CONTENT`, `NAME=CONTENT`, `@FILE` or `NAME@FILE`, escaped.
    Encoded(String),
    /// `--json`: text, or `@FILE` as it is.
    Json(String),
}

/// The body that the pieces make; those of forms are joined by `&`.
///
/// # Errors
/// When a file cannot be read.
pub fn body(data: &[Data]) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    for (index, piece) in data.iter().enumerate() {
        if index > 0 && !matches!(piece, Data::Json(_)) {
            body.push(b'&');
        }
        body.extend(piece.bytes()?);
    }
    Ok(body)
}

impl Data {
    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        Ok(match self {
            Self::Raw(text) => text.clone().into_bytes(),
            Self::Text(text) => match text.strip_prefix('@') {
                Some(path) => {
                    let mut bytes = read(path)?;
                    bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
                    bytes
                }
                None => text.clone().into_bytes(),
            },
            Self::Binary(text) | Self::Json(text) => match text.strip_prefix('@') {
                Some(path) => read(path)?,
                None => text.clone().into_bytes(),
            },
            Self::Encoded(text) => encoded(text)?,
        })
    }
}

fn encoded(text: &str) -> Result<Vec<u8>, Failure> {
    let (name, content) = match text.find(['=', '@']) {
        None => ("", text.as_bytes().to_vec()),
        Some(at) => {
            let (name, rest) = (&text[..at], &text[at + 1..]);
            match text.as_bytes()[at] {
                b'@' => (name, read(rest)?),
                _ => (name, rest.as_bytes().to_vec()),
            }
        }
    };
    let mut body = name.as_bytes().to_vec();
    if !name.is_empty() {
        body.push(b'=');
    }
    for byte in content {
        match is_unreserved(byte) {
            true => body.push(byte),
            false => body.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    Ok(body)
}

/// A part of a multipart body, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `-F`: `NAME=CONTENT`, `NAME=@FILE` or `NAME=<FILE`, with `;type=` and `;filename=`.
    Form(String),
    /// `--form-string`: `NAME=CONTENT`.
    Text(String),
}

/// A multipart body (RFC 7578): its media type, and its bytes.
///
/// # Errors
/// When a part is malformed or a file cannot be read.
pub fn multipart(parts: &[Part]) -> Result<(String, Vec<u8>), Failure> {
    let pieces = parts
        .iter()
        .map(Part::piece)
        .collect::<Result<Vec<_>, _>>()?;
    let mut number = 0_u64;
    let boundary = loop {
        let boundary = format!("------------------------{number:016x}");
        let occurs = |piece: &Piece| {
            piece
                .content
                .windows(boundary.len())
                .any(|window| window == boundary.as_bytes())
        };
        if !pieces.iter().any(occurs) {
            break boundary;
        }
        number += 1;
    };
    let mut body = Vec::new();
    for piece in pieces {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            quoted(&piece.name)
        );
        if let Some(file) = &piece.file {
            head.push_str(&format!("; filename=\"{}\"", quoted(file)));
        }
        if let Some(media_type) = &piece.media_type {
            head.push_str(&format!("\r\nContent-Type: {media_type}"));
        }
        body.extend(head.into_bytes());
        body.extend(b"\r\n\r\n");
        body.extend(piece.content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    Ok((format!("multipart/form-data; boundary={boundary}"), body))
}

/// What browsers escape in names (HTML, multipart form data).
fn quoted(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

struct Piece {
    name: String,
    file: Option<String>,
    media_type: Option<String>,
    content: Vec<u8>,
}

impl Part {
    fn piece(&self) -> Result<Piece, Failure> {
        let (Self::Form(text) | Self::Text(text)) = self;
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::new(
                status::USAGE,
                format!("option --form: '{text}' is not NAME=CONTENT"),
            )
        })?;
        let mut piece = Piece {
            name: name.to_owned(),
            file: None,
            media_type: None,
            content: Vec::new(),
        };
        if matches!(self, Self::Text(_)) {
            piece.content = value.as_bytes().to_vec();
            return Ok(piece);
        }
        let mut words = value.split(';');
        let mut value = words.next().unwrap_or_default().to_owned();
        let mut file_name = None;
        for word in words {
            match word.trim_start().split_once('=') {
                Some(("type", media_type)) => piece.media_type = Some(media_type.to_owned()),
                Some(("filename", name)) => file_name = Some(name.trim_matches('"').to_owned()),
                _ => value = format!("{value};{word}"),
            }
        }
        if let Some(path) = value.strip_prefix('@') {
            let last = path.rsplit('/').next().unwrap_or(path);
            piece.content = read(path)?;
            piece.file = Some(last.to_owned());
            piece
                .media_type
                .get_or_insert_with(|| media_type_of(last).to_owned());
        } else if let Some(path) = value.strip_prefix('<') {
            piece.content = read(path)?;
        } else {
            piece.content = value.into_bytes();
        }
        piece.file = file_name.or(piece.file);
        Ok(piece)
    }
}

/// The media type of a file by its name, for the few that curl knows.
fn media_type_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("gif") => "image/gif",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain",
        Some("htm" | "html") => "text/html",
        Some("pdf") => "application/pdf",
        Some("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let read = if path == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|error| Failure::file(status::READ, "read", path, &error))
}

/// The text of a file; `-` is standard input.
///
/// # Errors
/// When it cannot be read or is not UTF-8.
pub fn read_text(path: &str) -> Result<String, Failure> {
    String::from_utf8(read(path)?)
        .map_err(|_| Failure::new(status::READ, format!("'{path}' is not UTF-8")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn pieces_of_a_form_are_joined_and_escaped_where_that_is_said() {
        let data = [
            Data::Text("a=1".into()),
            Data::Raw("b=@x".into()),
            Data::Encoded("c=x y&ä".into()),
            Data::Encoded("=a/b".into()),
        ];
        let body = String::from_utf8(body(&data).unwrap()).unwrap();
        assert_eq!(body, "a=1&b=@x&c=x%20y%26%C3%A4&a%2Fb");
    }

    #[test]
    fn files_are_read_with_or_without_their_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::write(&path, "one\r\ntwo\n").unwrap();
        let named = |prefix: &str| format!("{prefix}@{}", path.display());
        assert_eq!(body(&[Data::Text(named(""))]).unwrap(), b"onetwo");
        assert_eq!(body(&[Data::Binary(named(""))]).unwrap(), b"one\r\ntwo\n");
        assert_eq!(
            body(&[Data::Encoded(named("x"))]).unwrap(),
            b"x=one%0D%0Atwo%0A"
        );
        let missing = body(&[Data::Text("@/nowhere".into())]).unwrap_err();
        assert_eq!(missing.status, status::READ);
        assert!(missing.message.contains("'/nowhere'"), "{missing}");
    }

    #[test]
    fn parts_have_names_files_and_types() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"PNG").unwrap();
        let (media_type, body) = multipart(&[
            Part::Form("n=v;w".into()),
            Part::Form(format!("f=@{}", path.display())),
            Part::Form("j={};type=application/json;filename=\"x\"".into()),
            Part::Text("t=@no file".into()),
        ])
        .unwrap();
        let boundary = media_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let expected = [
            "\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv;w",
            "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNG",
            "\r\nContent-Disposition: form-data; name=\"j\"; filename=\"x\"\r\nContent-Type: application/json\r\n\r\n{}",
            "\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n@no file",
        ];
        let mut text: String = expected
            .iter()
            .map(|part| format!("--{boundary}{part}\r\n"))
            .collect();
        text.push_str(&format!("--{boundary}--\r\n"));
        assert_eq!(String::from_utf8(body).unwrap(), text);
    }

    #[test]
    fn a_boundary_occurs_in_no_part() {
        let first = multipart(&[Part::Text("a=b".into())]).unwrap().0;
        let boundary = first.rsplit('=').next().unwrap();
        let (media_type, _) = multipart(&[Part::Text(format!("a={boundary}"))]).unwrap();
        assert_ne!(media_type, first);
    }
}
