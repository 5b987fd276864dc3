//! Sizes and times with units, as people write them.

use std::time::Duration;

/// `512MiB`, `1.5 GB`, `1024`: bytes. Units are those of IEC (`KiB`, `MiB`, `GiB`) and SI (`kB`, `MB`, `GB`).
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return None,
    };
    let bytes = number * factor;
    (bytes >= 1.0 && bytes < 2f64.powi(53)).then_some(bytes as u64)
}

/// A number of bytes with or without a unit, as the configuration writes it: `512MiB`, `1.5 GB`, `1024`.
///
/// # Errors
/// A sentence when the text is no size.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| "a size like 512MiB or 1GB is needed".to_owned())
}

/// `60s`, `250ms`, `2m`, `90`: a time; seconds where no unit is given.
pub(crate) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds = number * factor;
    (seconds > 0.0 && seconds < 1e9)
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}

fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(bytes("512MiB"), Some(512 << 20));
        assert_eq!(bytes("1.5 kB"), Some(1500));
        assert_eq!(bytes("4096"), Some(4096));
        for wrong in ["", "MiB", "12 parsecs", "-1", "0", "1e400"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(time("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(time("2m"), Some(Duration::from_secs(120)));
        assert_eq!(time("1.5"), Some(Duration::from_millis(1500)));
        for wrong in ["", "0", "-3s", "soon"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
