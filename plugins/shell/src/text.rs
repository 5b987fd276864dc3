//! Text that is bytes at heart. The shell holds words and variables as `String`; a byte that is no part of valid UTF-8
//! becomes the character U+10FF00 + byte of a private plane, and that character becomes the byte again on its way out.
//! So every byte string survives the way through a variable. Bytes in pipes between programs are never looked at.

const FIRST: u32 = 0x10_FF80;
const LAST: u32 = 0x10_FFFF;

/// The character that stands for a byte which is no valid UTF-8 where it is. Plain characters for ASCII.
pub fn stand_in(byte: u8) -> char {
    if byte < 0x80 {
        return char::from(byte);
    }
    char::from_u32(0x10_FF00 + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Bytes as text.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// Text as the bytes that it stands for.
pub fn to_bytes(text: &str) -> Vec<u8> {
    if !text.contains(|c: char| (FIRST..=LAST).contains(&u32::from(c))) {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        match u32::from(character) {
            code @ FIRST..=LAST => bytes.push((code & 0xFF) as u8),
            _ => bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    bytes
}

/// Text as a path of the system's.
#[cfg(unix)]
pub fn path(text: &str) -> std::path::PathBuf {
    let bytes: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(to_bytes(text));
    bytes.into()
}

/// Text as a path of the system's. The sandbox's paths are UTF-8: a name with other bytes is not found.
#[cfg(not(unix))]
pub fn path(text: &str) -> std::path::PathBuf {
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_string_survives() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(to_bytes(&from_bytes(&all)), all);
        let cut = &"ä€".as_bytes()[..4];
        assert_eq!(to_bytes(&from_bytes(cut)), cut);
        assert_eq!(from_bytes("grün".as_bytes()), "grün");
    }
}
