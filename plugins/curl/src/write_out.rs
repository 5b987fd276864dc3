//! `--write-out`: what is printed at the end of a transfer.

use std::time::Duration;

/// What is known at the end.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The status; 0 without an answer.
    pub status: u16,
    /// Media type of the answer.
    pub content_type: Option<String>,
    /// Where the last request went.
    pub url: String,
    /// The method of the request.
    pub method: String,
    /// Bytes of the body.
    pub downloaded: u64,
    /// Bytes that were sent as a body.
    pub uploaded: u64,
    /// Redirects that were followed.
    pub redirects: u32,
    /// Where a redirect that was not followed leads.
    pub redirect_url: Option<String>,
    /// Until the head of the answer.
    pub first_byte: Duration,
    /// In all.
    pub total: Duration,
    /// curl's exit code.
    pub exit_code: i32,
    /// The failure's words.
    pub error: String,
    /// The file with the body.
    pub file: Option<String>,
    /// Fields of the answer's header.
    pub headers: Vec<(String, String)>,
}

/// The text with its `%{...}`, `%%`, `\n`, `\r` and `\t` filled in. A variable that is not known stays away.
pub fn fill(format: &str, summary: &Summary) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['%', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escape = [("%%", "%"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t")]
            .into_iter()
            .find(|(escape, _)| rest.starts_with(escape));
        if let Some((escape, meaning)) = escape {
            out.push_str(meaning);
            rest = &rest[escape.len()..];
        } else if let Some((name, behind)) = variable(rest) {
            out.push_str(&value(name, summary));
            rest = behind;
        } else {
            let length = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

/// The name at the front, and what follows: `%{NAME}` or `%header{NAME}`, the latter with its prefix.
fn variable(text: &str) -> Option<(&str, &str)> {
    let inside = match text.strip_prefix("%{") {
        Some(inside) => inside,
        None if text.starts_with("%header{") => &text[1..],
        None => return None,
    };
    let end = inside.find('}')?;
    Some((&inside[..end], &inside[end + 1..]))
}

fn value(name: &str, summary: &Summary) -> String {
    let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
    if let Some(field) = name.strip_prefix("header{") {
        let found = summary
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(field));
        return found.map(|(_, value)| value.clone()).unwrap_or_default();
    }
    match name {
        "http_code" | "response_code" => format!("{:03}", summary.status),
        "content_type" => summary.content_type.clone().unwrap_or_default(),
        "url" | "url_effective" => summary.url.clone(),
        "method" => summary.method.clone(),
        "size_download" => summary.downloaded.to_string(),
        "size_upload" => summary.uploaded.to_string(),
        "num_redirects" => summary.redirects.to_string(),
        "redirect_url" => summary.redirect_url.clone().unwrap_or_default(),
        "time_starttransfer" | "time_pretransfer" | "time_connect" | "time_appconnect"
        | "time_namelookup" => seconds(summary.first_byte),
        "time_total" => seconds(summary.total),
        "speed_download" => {
            let speed = summary.downloaded as f64 / summary.total.as_secs_f64().max(1e-9);
            format!("{speed:.0}")
        }
        "exitcode" => summary.exit_code.to_string(),
        "errormsg" => summary.error.clone(),
        "filename_effective" => summary.file.clone().unwrap_or_default(),
        "scheme" => summary.url.split(':').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn variables_and_escapes_are_filled_in() {
        let summary = Summary {
            status: 200,
            downloaded: 12,
            total: Duration::from_millis(1_500),
            url: "http://a/".into(),
            headers: vec![("etag".into(), "x".into())],
            ..Summary::default()
        };
        for (format, expected) in [
            ("%{http_code}\\n", "200\n"),
            ("%{size_download}/%{time_total}", "12/1.500000"),
            ("100%% %{nothing}|%header{ETag}", "100% |x"),
            ("a\\tb\\x %x %{open", "a\tb\\x %x %{open"),
            ("%{scheme} ä", "http ä"),
        ] {
            assert_eq!(fill(format, &summary), expected, "{format}");
        }
        assert_eq!(fill("%{http_code}", &Summary::default()), "000");
    }
}
