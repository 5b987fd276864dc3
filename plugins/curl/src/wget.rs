//! `wget`: files by their addresses, in the few options that scripts use.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use lexopt::prelude::*;

use crate::client::{Answer, Client, Request};
use crate::curl::remote_name;
use crate::failure::{self, Failure};
use crate::transfer::{self, Redirects, Retries, Witness};

/// wget's exit codes.
mod status {
    pub(super) const USAGE: i32 = 2;
    pub(super) const FILE: i32 = 3;
    pub(super) const NETWORK: i32 = 4;
    pub(super) const SERVER: i32 = 8;
}

/// Redirects that wget follows.
const MOST_REDIRECTS: u32 = 20;

#[derive(Debug, Default)]
struct Options {
    urls: Vec<String>,
    document: Option<String>,
    folder: Option<String>,
    headers: Vec<(String, String)>,
    agent: Option<String>,
    data: Option<Vec<u8>>,
    wait: Option<Duration>,
    tries: Option<u32>,
    keep_existing: bool,
    quiet: bool,
    only_check: bool,
}

/// Runs wget to its exit code.
pub fn run(arguments: Vec<OsString>, client: &mut dyn Client) -> i32 {
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let help = "Usage: wget [-q] [-O FILE] [-P DIR] [-nc] [-T SECONDS] [-t TRIES] [-U AGENT] [--header LINE] [--post-data DATA] [--spider] URL...\n";
            return match io::stdout().write_all(help.as_bytes()) {
                Ok(()) => 0,
                Err(_) => status::FILE,
            };
        }
        Err(failure) => {
            tell(&format!("wget: {failure}"));
            return failure.status;
        }
    };
    if options.urls.is_empty() {
        tell("wget: missing URL");
        return status::USAGE;
    }
    let mut code = 0;
    for url in &options.urls {
        if let Err(failure) = fetch(&options, url, client) {
            tell(&format!("wget: {failure}"));
            code = match failure.status {
                failure::status::HTTP => status::SERVER,
                failure::status::WRITE => status::FILE,
                _ => status::NETWORK,
            };
        }
    }
    code
}

fn tell(line: &str) {
    // If nobody reads it, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Failure> {
    let mut options = Options::default();
    let usage = |words: String| Failure::new(status::USAGE, words);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| usage(error.to_string()))? {
        let name = match &argument {
            Value(url) => {
                options.urls.push(url.to_string_lossy().into_owned());
                continue;
            }
            Long(name) => format!("--{name}"),
            Short(letter) => format!("-{letter}"),
        };
        let mut value = || -> Result<String, Failure> {
            let value = parser.value().map_err(|error| usage(error.to_string()))?;
            value.string().map_err(|error| usage(error.to_string()))
        };
        match name.as_str() {
            "-h" | "--help" => return Ok(None),
            "-q" | "--quiet" => options.quiet = true,
            "-O" | "--output-document" => options.document = Some(value()?),
            "-P" | "--directory-prefix" => options.folder = Some(value()?),
            "-U" | "--user-agent" => options.agent = Some(value()?),
            "-T" | "--timeout" => {
                let text = value()?;
                let time = text
                    .parse()
                    .ok()
                    .and_then(|time| Duration::try_from_secs_f64(time).ok());
                let time =
                    time.ok_or_else(|| usage(format!("{name}: '{text}' is no time in seconds")))?;
                options.wait = (!time.is_zero()).then_some(time);
            }
            "-t" | "--tries" => {
                let text = value()?;
                let tries = text
                    .parse()
                    .map_err(|_| usage(format!("{name}: '{text}' is no number")))?;
                options.tries = Some(tries);
            }
            // -nc and -nv are letters of their own behind -n.
            "-n" => match value()?.as_str() {
                "c" => options.keep_existing = true,
                "v" => options.quiet = true,
                "d" | "H" => {}
                other => return Err(usage(format!("invalid option -n{other}"))),
            },
            "--no-clobber" => options.keep_existing = true,
            "--no-verbose" | "--no-proxy" | "--no-cache" | "--no-cookies" | "-4" | "-6" => {}
            "--show-progress" | "--progress" => drop(parser.optional_value()),
            "--spider" => options.only_check = true,
            "--header" => {
                let line = value()?;
                let (name, value) = line
                    .split_once(':')
                    .ok_or_else(|| usage(format!("--header: '{line}' is not NAME: VALUE")))?;
                options
                    .headers
                    .push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "--post-data" => options.data = Some(value()?.into_bytes()),
            "--no-check-certificate" => {
                return Err(usage(
                    "--no-check-certificate: certificates are always checked here, against the authorities of the sandbox's host. Leave it out.".to_owned(),
                ));
            }
            other => return Err(usage(format!("unrecognized option '{other}'"))),
        }
    }
    Ok(Some(options))
}

fn fetch(options: &Options, text: &str, client: &mut dyn Client) -> Result<(), Failure> {
    let url = transfer::address(text)?;
    let path = match &options.document {
        Some(path) => path.clone(),
        None => {
            let name = remote_name(&url).unwrap_or_else(|_| "index.html".to_owned());
            match &options.folder {
                Some(folder) => format!("{folder}/{name}"),
                None => name,
            }
        }
    };
    if options.keep_existing && options.document.is_none() && Path::new(&path).exists() {
        tell(&format!("File '{path}' already there; not retrieving."));
        return Ok(());
    }
    let agent = options.agent.clone().unwrap_or_else(|| "Wget".to_owned());
    let mut headers = vec![
        ("user-agent".to_owned(), agent),
        ("accept".to_owned(), "*/*".to_owned()),
    ];
    if options.data.is_some() {
        headers.push((
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        ));
    }
    headers.retain(|(name, _)| {
        !options
            .headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    });
    headers.extend(options.headers.clone());
    let method = match (&options.data, options.only_check) {
        (Some(_), _) => "POST",
        (None, true) => "HEAD",
        (None, false) => "GET",
    };
    let request = Request {
        method: method.to_owned(),
        url,
        headers,
        body: options.data.clone(),
        connect_timeout: options.wait,
        wait: options.wait,
    };
    let redirects = Redirects {
        most: Some(MOST_REDIRECTS),
        trusted: false,
        keep_method: false,
    };
    let retries = Retries {
        most: options.tries.unwrap_or(1).saturating_sub(1),
        ..Retries::default()
    };
    let transfer = transfer::carry(client, &request, Some(redirects), retries, None, &mut Quiet)?;
    let mut answer = transfer.answer;
    if answer.status >= 400 {
        return Err(Failure::new(
            failure::status::HTTP,
            format!("{}: ERROR {}", transfer.url, answer.status),
        ));
    }
    if options.only_check {
        return Ok(());
    }
    let count = save(&mut answer, &path)?;
    if !options.quiet && path != "-" {
        tell(&format!("'{path}' saved [{count}]"));
    }
    Ok(())
}

fn save(answer: &mut Answer, path: &str) -> Result<u64, Failure> {
    let failed = |error: &io::Error| Failure::file(failure::status::WRITE, "write to", path, error);
    let mut sink: Box<dyn Write> = match path {
        "-" => Box::new(io::stdout()),
        path => Box::new(File::create(path).map_err(|error| failed(&error))?),
    };
    let mut buffer = vec![0; 64 << 10];
    let mut count = 0;
    loop {
        let read = answer
            .body
            .read(&mut buffer)
            .map_err(|error| Failure::receiving(&error))?;
        if read == 0 {
            break;
        }
        sink.write_all(&buffer[..read])
            .map_err(|error| failed(&error))?;
        count += read as u64;
    }
    sink.flush().map_err(|error| failed(&error))?;
    Ok(count)
}

/// Nobody is told of single requests.
struct Quiet;

impl Witness for Quiet {
    fn sent(&mut self, _: &Request) {}

    fn received(&mut self, _: &Answer) {}

    fn tries_again(&mut self, _: &str, _: Duration) {}
}
