//! curl's command line.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::prelude::*;

use crate::failure::{Failure, status};
use crate::form::{Data, Part};

/// What is done with an answer of status 400 or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is an answer like others.
    #[default]
    Take,
    /// Its body is dropped, and the command fails.
    Fail,
    /// Its body is taken, and the command fails.
    FailWithBody,
}

/// Where a body goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Standard,
    /// A file.
    File(String),
    /// A file named like the last part of the URL's path.
    RemoteName,
}

/// Everything that was said.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The addresses, in their order.
    pub urls: Vec<String>,
    /// Where the body of each goes, as far as said.
    pub outputs: Vec<Output>,
    /// A folder for the outputs.
    pub output_dir: Option<String>,
    /// Make the folders of outputs.
    pub create_dirs: bool,
    /// The method, where it does not follow from the rest.
    pub method: Option<String>,
    /// Lines of the header; `Name:` takes a field away, `Name;` sends it empty.
    pub headers: Vec<String>,
    /// Pieces of the body.
    pub data: Vec<Data>,
    /// Parts of a multipart body.
    pub parts: Vec<Part>,
    /// A file to be sent by PUT.
    pub upload: Option<String>,
    /// The data goes behind the URL.
    pub get: bool,
    /// Ask for the head only.
    pub head: bool,
    /// Show the head before the body.
    pub include: bool,
    /// Where heads are written.
    pub dump_header: Option<String>,
    /// Follow redirects.
    pub location: bool,
    /// Send credentials on to other hosts too.
    pub location_trusted: bool,
    /// How many redirects are followed; 50 where nothing is said.
    pub max_redirects: Option<i64>,
    /// What an error's status means.
    pub on_error: OnError,
    /// Say nothing.
    pub silent: bool,
    /// Say errors all the same.
    pub show_error: bool,
    /// Show requests and heads on standard error.
    pub verbose: bool,
    /// `NAME:PASSWORD`.
    pub user: Option<String>,
    /// A bearer token.
    pub bearer: Option<String>,
    /// The field `user-agent`.
    pub agent: Option<String>,
    /// The field `referer`.
    pub referer: Option<String>,
    /// The field `cookie`.
    pub cookie: Option<String>,
    /// The field `range`, without its unit.
    pub range: Option<String>,
    /// Ask for a packed body and unpack it.
    pub compressed: bool,
    /// The time for all.
    pub max_time: Option<Duration>,
    /// The time until a connection is there.
    pub connect_timeout: Option<Duration>,
    /// How often a failed transfer is tried again.
    pub retry: u32,
    /// The pause before each further try; doubled from 1 s where nothing is said.
    pub retry_delay: Option<Duration>,
    /// Try again after every failure.
    pub retry_all_errors: bool,
    /// What is printed at the end.
    pub write_out: Option<String>,
}

/// What the command line asks for.
pub enum Asked {
    /// Transfers.
    Transfers(Box<Options>),
    /// The options in short.
    Help,
    /// The version.
    Version,
}

/// Options that would be obeyed in silence elsewhere and cannot be here, with the reason.
const REFUSED: [(&[&str], &str); 6] = [
    (
        &[
            "insecure",
            "proxy-insecure",
            "doh-insecure",
            "ssl-no-revoke",
        ],
        "certificates are always checked here, against the authorities of the sandbox's host",
    ),
    (
        &[
            "proxy",
            "socks4",
            "socks4a",
            "socks5",
            "socks5-hostname",
            "preproxy",
            "proxy-user",
            "noproxy",
        ],
        "proxies are those of the sandbox's host",
    ),
    (
        &[
            "cacert",
            "capath",
            "cert",
            "key",
            "cert-type",
            "key-type",
            "pinnedpubkey",
            "crlfile",
        ],
        "certificates and keys are those of the sandbox's host",
    ),
    (
        &[
            "resolve",
            "connect-to",
            "interface",
            "dns-servers",
            "unix-socket",
            "abstract-unix-socket",
            "local-port",
        ],
        "names are looked up and connections made by the sandbox's host",
    ),
    (
        &[
            "cookie-jar",
            "netrc",
            "netrc-file",
            "config",
            "continue-at",
            "parallel",
            "digest",
            "ntlm",
            "negotiate",
            "anyauth",
            "aws-sigv4",
            "quote",
            "ftp-port",
            "telnet-option",
        ],
        "this curl does not do that",
    ),
    (
        &[
            "limit-rate",
            "speed-limit",
            "speed-time",
            "time-cond",
            "etag-save",
            "etag-compare",
        ],
        "this curl does not do that",
    ),
];

/// Options without effect: the connection is the host's, or nothing is shown anyway.
const WITHOUT_EFFECT: [&str; 17] = [
    "disable",
    "http0.9",
    "http1.0",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "ipv4",
    "ipv6",
    "tlsv1.2",
    "tlsv1.3",
    "no-buffer",
    "progress-bar",
    "no-progress-meter",
    "globoff",
    "path-as-is",
    "no-keepalive",
];

/// Options with a value, without effect.
const WITHOUT_EFFECT_VALUE: [&str; 3] = ["keepalive-time", "tls-max", "ciphers"];

/// Reads the command line.
///
/// # Errors
/// What is wrong with it.
pub fn parse(arguments: Vec<OsString>) -> Result<Asked, Failure> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(usage)? {
        let name = match &argument {
            Value(url) => {
                options.urls.push(text(url.clone())?);
                continue;
            }
            Long(name) => (*name).to_owned(),
            Short(letter) => match long_of(*letter) {
                Some(name) => name.to_owned(),
                None => return Err(unknown(&format!("-{letter}"))),
            },
        };
        match name.as_str() {
            "help" => return Ok(Asked::Help),
            "version" => return Ok(Asked::Version),
            _ => options.take(&name, &mut parser)?,
        }
    }
    Ok(Asked::Transfers(Box::new(options)))
}

/// The long name of a letter.
fn long_of(letter: char) -> Option<&'static str> {
    Some(match letter {
        '#' => "progress-bar",
        '0' => "http1.0",
        '4' => "ipv4",
        '6' => "ipv6",
        'A' => "user-agent",
        'b' => "cookie",
        'c' => "cookie-jar",
        'C' => "continue-at",
        'd' => "data",
        'D' => "dump-header",
        'e' => "referer",
        'E' => "cert",
        'f' => "fail",
        'F' => "form",
        'g' => "globoff",
        'G' => "get",
        'h' => "help",
        'H' => "header",
        'i' => "include",
        'I' => "head",
        'k' => "insecure",
        'K' => "config",
        'L' => "location",
        'm' => "max-time",
        'n' => "netrc",
        'N' => "no-buffer",
        'o' => "output",
        'O' => "remote-name",
        'q' => "disable",
        'r' => "range",
        's' => "silent",
        'S' => "show-error",
        'T' => "upload-file",
        'u' => "user",
        'v' => "verbose",
        'V' => "version",
        'w' => "write-out",
        'x' => "proxy",
        'X' => "request",
        'Z' => "parallel",
        _ => return None,
    })
}

impl Options {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), Failure> {
        let mut value = || text(parser.value().map_err(usage)?);
        match name {
            "url" => self.urls.push(value()?),
            "output" => self.outputs.push(match value()? {
                name if name == "-" => Output::Standard,
                name => Output::File(name),
            }),
            "remote-name" => self.outputs.push(Output::RemoteName),
            "output-dir" => self.output_dir = Some(value()?),
            "create-dirs" => self.create_dirs = true,
            "request" => self.method = Some(value()?),
            "header" => self.headers.extend(header_lines(value()?)?),
            "data" | "data-ascii" => self.data.push(Data::Text(value()?)),
            "data-raw" => self.data.push(Data::Raw(value()?)),
            "data-binary" => self.data.push(Data::Binary(value()?)),
            "data-urlencode" => self.data.push(Data::Encoded(value()?)),
            "json" => self.data.push(Data::Json(value()?)),
            "form" => self.parts.push(Part::Form(value()?)),
            "form-string" => self.parts.push(Part::Text(value()?)),
            "upload-file" => self.upload = Some(value()?),
            "get" => self.get = true,
            "head" => self.head = true,
            "include" | "show-headers" => self.include = true,
            "dump-header" => self.dump_header = Some(value()?),
            "location" => self.location = true,
            "location-trusted" => (self.location, self.location_trusted) = (true, true),
            "max-redirs" => self.max_redirects = Some(number(&value()?, name)?),
            "fail" => self.on_error = OnError::Fail,
            "fail-with-body" => self.on_error = OnError::FailWithBody,
            "silent" => self.silent = true,
            "show-error" => self.show_error = true,
            "verbose" => self.verbose = true,
            "user" => self.user = Some(value()?),
            "basic" => {}
            "oauth2-bearer" => self.bearer = Some(value()?),
            "user-agent" => self.agent = Some(value()?),
            "referer" => self.referer = Some(value()?),
            "cookie" => self.cookie = Some(cookie(value()?)?),
            "range" => self.range = Some(value()?),
            "compressed" => self.compressed = true,
            "max-time" => self.max_time = Some(seconds(&value()?, name)?),
            "connect-timeout" => self.connect_timeout = Some(seconds(&value()?, name)?),
            "retry" => self.retry = number(&value()?, name)?,
            "retry-delay" => self.retry_delay = Some(seconds(&value()?, name)?),
            "retry-max-time" => drop(value()?),
            "retry-all-errors" | "retry-connrefused" => self.retry_all_errors = true,
            "write-out" => self.write_out = Some(format_of(value()?)?),
            _ if WITHOUT_EFFECT.contains(&name) => {}
            _ if WITHOUT_EFFECT_VALUE.contains(&name) => drop(value()?),
            _ => return Err(refused(name)),
        }
        Ok(())
    }
}

fn refused(name: &str) -> Failure {
    let known = REFUSED.iter().find(|(names, _)| names.contains(&name));
    match known {
        Some((_, reason)) => Failure::new(
            status::USAGE,
            format!("option --{name}: {reason}. Leave it out."),
        ),
        None => unknown(&format!("--{name}")),
    }
}

fn unknown(option: &str) -> Failure {
    Failure::new(status::USAGE, format!("option {option}: is unknown"))
}

fn usage(error: lexopt::Error) -> Failure {
    Failure::new(status::USAGE, error.to_string())
}

fn text(value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|value| {
        Failure::new(
            status::USAGE,
            format!("the argument {value:?} is not UTF-8, and only that is understood"),
        )
    })
}

fn number<T: std::str::FromStr>(value: &str, name: &str) -> Result<T, Failure> {
    value.parse().map_err(|_| {
        Failure::new(
            status::USAGE,
            format!("option --{name}: expected a number, found '{value}'"),
        )
    })
}

fn seconds(value: &str, name: &str) -> Result<Duration, Failure> {
    let seconds: f64 = number(value, name)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        Failure::new(
            status::USAGE,
            format!("option --{name}: '{value}' is no time in seconds"),
        )
    })
}

/// `@FILE` stands for the lines of a file.
fn header_lines(value: String) -> Result<Vec<String>, Failure> {
    let Some(path) = value.strip_prefix('@') else {
        return Ok(vec![value]);
    };
    let lines = crate::form::read_text(path)?;
    Ok(lines
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

/// `@FILE` stands for the text of a file.
fn format_of(value: String) -> Result<String, Failure> {
    match value.strip_prefix('@') {
        Some(path) => crate::form::read_text(path),
        None => Ok(value),
    }
}

fn cookie(value: String) -> Result<String, Failure> {
    if value.contains('=') {
        return Ok(value);
    }
    Err(Failure::new(
        status::USAGE,
        format!("option --cookie: this curl takes NAME=VALUE and reads no cookie file ('{value}')"),
    ))
}
