//! Reading files.

use std::fs;
use std::path::Path;

use massgen_plugin::{Content, Failure, paths};
use schemars::JsonSchema;
use serde::Deserialize;

/// Text that is read at once. More does not fit into a model's context, and the answer says how to get a part.
const MAX_TEXT: u64 = 10 << 20;

/// A picture or sound that is read at once.
const MAX_MEDIA: u64 = 20 << 20;

/// Media types by extension.
const MEDIA: [(&str, &str); 12] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("bmp", "image/bmp"),
    ("svg", "image/svg+xml"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
];

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextFile {
    /// The file.
    path: String,
    /// Only this many lines from the beginning.
    head: Option<usize>,
    /// Only this many lines from the end.
    tail: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaFile {
    /// The file.
    path: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MultipleFiles {
    /// The files, at least one.
    #[schemars(length(min = 1))]
    paths: Vec<String>,
}

pub fn text_file(arguments: TextFile) -> Result<String, Failure> {
    let text = text(&paths::resolve(&arguments.path)?)?;
    match (arguments.head, arguments.tail) {
        (Some(_), Some(_)) => Err(Failure::new("Give `head` or `tail`, not both.")),
        (Some(lines), None) => Ok(text.split_inclusive('\n').take(lines).collect()),
        (None, Some(lines)) => {
            let all: Vec<&str> = text.split_inclusive('\n').collect();
            Ok(all[all.len().saturating_sub(lines)..].concat())
        }
        (None, None) => Ok(text),
    }
}

pub fn media_file(arguments: MediaFile) -> Result<Content, Failure> {
    let path = paths::resolve(&arguments.path)?;
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let Some((_, mime_type)) = MEDIA.iter().find(|(known, _)| *known == extension) else {
        let known: Vec<_> = MEDIA.iter().map(|(extension, _)| *extension).collect();
        return Err(Failure::new(format!(
            "{} is no picture or sound by its extension; known are {}.",
            path.display(),
            known.join(", ")
        )));
    };
    let data = bytes(&path, MAX_MEDIA)?;
    let mime_type = (*mime_type).to_owned();
    Ok(if mime_type.starts_with("image/") {
        Content::Image { mime_type, data }
    } else {
        Content::Audio { mime_type, data }
    })
}

pub fn multiple_files(arguments: MultipleFiles) -> Result<String, Failure> {
    if arguments.paths.is_empty() {
        return Err(Failure::new("`paths` is empty. Name at least one file."));
    }
    let one = |path: &String| match paths::resolve(path).and_then(|path| text(&path)) {
        Ok(text) => format!("{path}:\n{text}\n"),
        Err(failure) => format!("{path}: {failure}\n"),
    };
    Ok(arguments
        .paths
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join("\n---\n"))
}

/// The text of a file; binary files are refused with a hint.
pub fn text(path: &Path) -> Result<String, Failure> {
    let bytes = bytes(path, MAX_TEXT)?;
    if bytes.iter().take(8192).any(|byte| *byte == 0) {
        return Err(Failure::new(format!(
            "{} is a binary file. Use read_media_file for pictures and sounds, or a program for other formats.",
            path.display()
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!(
            "{} is not UTF-8 text. Use a program that knows its encoding.",
            path.display()
        ))
    })
}

fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let metadata = fs::metadata(path).map_err(|error| Failure::at("read", path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::new(format!(
            "{} is a directory. Use list_directory.",
            path.display()
        )));
    }
    if metadata.len() > limit {
        return Err(Failure::new(format!(
            "{} has {} bytes, more than the {limit} that are read at once. Read a part of it with a program.",
            path.display(),
            metadata.len()
        )));
    }
    fs::read(path).map_err(|error| Failure::at("read", path, &error))
}
