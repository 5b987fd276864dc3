//! `curl`: what its options make of a request, and of the answer.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::StatusCode;
use url::Url;

use crate::client::{Answer, Client, Request};
use crate::failure::{Failure, status};
use crate::form::{self, Data};
use crate::options::{self, Asked, OnError, Options, Output};
use crate::transfer::{self, Redirects, Retries, Witness};
use crate::write_out::{self, Summary};

/// How the program names itself to servers.
const AGENT: &str = concat!("curl/8 (massgen ", env!("CARGO_PKG_VERSION"), ")");

/// Redirects that are followed where nothing is said, as curl's manual has it.
const MOST_REDIRECTS: u32 = 50;

const HELP: &str = "\
Usage: curl [options...] <url>...
HTTP and https, as far as the sandbox's host lets requests out.
 -X, --request METHOD   -H, --header LINE     -d, --data DATA       --data-raw DATA
 --data-binary DATA     --data-urlencode DATA --json DATA           -F, --form NAME=CONTENT
 -G, --get              -T, --upload-file F   -I, --head            -i, --include
 -o, --output FILE      -O, --remote-name     --output-dir DIR      --create-dirs
 -L, --location         --max-redirs N        -f, --fail            --fail-with-body
 -s, --silent           -S, --show-error      -v, --verbose         -w, --write-out FORMAT
 -u, --user NAME:PASS   --oauth2-bearer T     -A, --user-agent A    -e, --referer URL
 -b, --cookie N=V       -r, --range RANGE     --compressed          -D, --dump-header FILE
 -m, --max-time S       --connect-timeout S   --retry N             --retry-delay S
";

/// Runs curl to its exit code.
pub fn run(arguments: Vec<OsString>, client: &mut dyn Client) -> i32 {
    let options = match options::parse(arguments) {
        Ok(Asked::Transfers(options)) => options,
        Ok(Asked::Help) => return printed(HELP),
        Ok(Asked::Version) => {
            return printed(&format!("{AGENT}\nProtocols: http https\nFeatures: libz\n"));
        }
        Err(failure) => {
            complain(&format!(
                "curl: {failure}\ncurl: try 'curl --help' for more information"
            ));
            return failure.status;
        }
    };
    if options.urls.is_empty() {
        complain("curl: (2) no URL specified");
        return status::USAGE;
    }
    let mut code = 0;
    for (index, url) in options.urls.iter().enumerate() {
        let output = options.outputs.get(index).unwrap_or(&Output::Standard);
        let mut shown = Shown::new(&options);
        let result = Get {
            options: &options,
            output,
        }
        .run(url, client, &mut shown);
        if let Err(failure) = &result {
            code = failure.status;
            if !options.silent || options.show_error {
                complain(&format!("curl: ({}) {failure}", failure.status));
            }
        }
    }
    code
}

fn printed(text: &str) -> i32 {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => status::WRITE,
    }
}

fn complain(line: &str) {
    // If nobody reads that either, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// One URL, and where its body goes.
struct Get<'o> {
    options: &'o Options,
    output: &'o Output,
}

impl Get<'_> {
    fn run(
        &self,
        url: &str,
        client: &mut dyn Client,
        shown: &mut Shown<'_>,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let mut summary = Summary::default();
        let result = self.fetch(url, client, shown, started, &mut summary);
        summary.total = started.elapsed();
        if let Err(failure) = &result {
            (summary.exit_code, summary.error) = (failure.status, failure.message.clone());
        }
        if let Some(format) = &self.options.write_out {
            write_standard(write_out::fill(format, &summary).as_bytes())?;
        }
        result
    }

    fn fetch(
        &self,
        url: &str,
        client: &mut dyn Client,
        shown: &mut Shown<'_>,
        started: Instant,
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        let options = self.options;
        let request = request(options, url)?;
        summary.url = request.url.to_string();
        summary.method = request.method.clone();
        summary.uploaded = request.body.as_ref().map_or(0, |body| body.len() as u64);
        let until = options.max_time.map(|time| started + time);
        let redirects = options.location.then_some(Redirects {
            most: match options.max_redirects {
                None => Some(MOST_REDIRECTS),
                Some(most) => u32::try_from(most).ok(),
            },
            trusted: options.location_trusted,
            keep_method: options.method.is_some(),
        });
        let retries = Retries {
            most: options.retry,
            delay: options.retry_delay,
            all: options.retry_all_errors,
        };
        let transfer = transfer::carry(client, &request, redirects, retries, until, shown)?;
        let answer = transfer.answer;
        summary.first_byte = started.elapsed();
        summary.url = transfer.url.to_string();
        summary.status = answer.status;
        summary.redirects = transfer.redirects;
        summary.content_type = answer.header("content-type");
        summary.headers = texts(&answer);
        let elsewhere = answer
            .header("location")
            .and_then(|to| transfer.url.join(&to).ok());
        summary.redirect_url = elsewhere.map(|url| url.to_string());
        shown.dump()?;
        let failed = (answer.status >= 400 && options.on_error != OnError::Take).then(|| {
            let words = format!("The requested URL returned error: {}", answer.status);
            Failure::new(status::HTTP, words)
        });
        if let (Some(failure), OnError::Fail) = (&failed, options.on_error) {
            return Err(failure.clone());
        }
        let mut sink = self.open(&transfer.url, summary)?;
        if options.include || options.head {
            sink.write(&shown.heads)?;
        }
        let mut body = unpacked(answer, options.compressed);
        let mut buffer = vec![0; 64 << 10];
        loop {
            transfer::remaining(until)?;
            let count = body
                .read(&mut buffer)
                .map_err(|error| Failure::receiving(&error))?;
            if count == 0 {
                break;
            }
            sink.write(&buffer[..count])?;
            summary.downloaded += count as u64;
        }
        sink.finish()?;
        failed.map_or(Ok(()), Err)
    }

    fn open(&self, url: &Url, summary: &mut Summary) -> Result<Sink, Failure> {
        let name = match self.output {
            Output::Standard => return Ok(Sink::Standard),
            Output::File(name) => name.clone(),
            Output::RemoteName => remote_name(url)?,
        };
        let path = match &self.options.output_dir {
            Some(folder) => format!("{folder}/{name}"),
            None => name,
        };
        if let (true, Some(folder)) = (self.options.create_dirs, Path::new(&path).parent()) {
            fs::create_dir_all(folder).map_err(|error| {
                Failure::file(status::WRITE, "make the folder of", &path, &error)
            })?;
        }
        let file = File::create(&path)
            .map_err(|error| Failure::file(status::WRITE, "write to", &path, &error))?;
        summary.file = Some(path.clone());
        Ok(Sink::File(file, path))
    }
}

/// The last part of a URL's path, as a file's name.
pub fn remote_name(url: &Url) -> Result<String, Failure> {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    match last {
        "" | "." | ".." => Err(Failure::new(
            status::WRITE,
            "Remote file name has no length: the URL ends in no name. Say one with -o.",
        )),
        name => Ok(name.to_owned()),
    }
}

/// The request that the options make.
fn request(options: &Options, text: &str) -> Result<Request, Failure> {
    let mut url = transfer::address(text)?;
    let mut user = options.user.clone();
    if !url.username().is_empty() || url.password().is_some() {
        let given = format!("{}:{}", url.username(), url.password().unwrap_or_default());
        user.get_or_insert(given);
        // An http URL with a host can be without a user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    url.set_fragment(None);
    let mut fields = Fields::default();
    fields.set("user-agent", options.agent.as_deref().unwrap_or(AGENT));
    fields.set("accept", "*/*");
    let body = body(options, &mut url, &mut fields)?;
    if let Some(user) = user {
        fields.set(
            "authorization",
            &format!("Basic {}", BASE64_STANDARD.encode(user)),
        );
    }
    if let Some(token) = &options.bearer {
        fields.set("authorization", &format!("Bearer {token}"));
    }
    if options.compressed {
        fields.set("accept-encoding", "gzip, deflate");
    }
    for (name, value) in [
        ("referer", &options.referer),
        ("cookie", &options.cookie),
        (
            "range",
            &options.range.as_ref().map(|range| format!("bytes={range}")),
        ),
    ] {
        if let Some(value) = value {
            fields.set(name, value);
        }
    }
    fields.apply(&options.headers)?;
    let method = match &options.method {
        Some(method) => method.as_str(),
        None if options.head => "HEAD",
        None if options.upload.is_some() => "PUT",
        None if body.is_some() => "POST",
        None => "GET",
    };
    Ok(Request {
        method: method.to_owned(),
        url,
        headers: fields.0,
        body,
        connect_timeout: options.connect_timeout,
        wait: None,
    })
}

fn body(options: &Options, url: &mut Url, fields: &mut Fields) -> Result<Option<Vec<u8>>, Failure> {
    let kinds = [
        !options.data.is_empty(),
        !options.parts.is_empty(),
        options.upload.is_some(),
    ];
    if kinds.into_iter().filter(|given| *given).count() > 1 {
        return Err(Failure::new(
            status::USAGE,
            "You can only select one HTTP request method: data (-d), a form (-F) and a file (-T) exclude each other",
        ));
    }
    if let Some(path) = &options.upload {
        let bytes = form::read(path)?;
        if url.path().ends_with('/') && path != "-" {
            let name = path.rsplit('/').next().unwrap_or(path);
            *url = url
                .join(name)
                .map_err(|error| Failure::new(status::URL, error.to_string()))?;
        }
        return Ok(Some(bytes));
    }
    if !options.parts.is_empty() {
        let (media_type, bytes) = form::multipart(&options.parts)?;
        fields.set("content-type", &media_type);
        return Ok(Some(bytes));
    }
    if options.data.is_empty() {
        return Ok(None);
    }
    let bytes = form::body(&options.data)?;
    if options.get || options.head {
        let data = String::from_utf8_lossy(&bytes).into_owned();
        let query = match url.query() {
            Some(query) if !query.is_empty() => format!("{query}&{data}"),
            _ => data,
        };
        url.set_query(Some(&query));
        return Ok(None);
    }
    if options
        .data
        .iter()
        .any(|piece| matches!(piece, Data::Json(_)))
    {
        fields.set("content-type", "application/json");
        fields.set("accept", "application/json");
    } else {
        fields.set("content-type", "application/x-www-form-urlencoded");
    }
    Ok(Some(bytes))
}

/// Fields of a request's header.
#[derive(Debug, Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn remove(&mut self, name: &str) {
        self.0
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Lines of the user's: the first of a name replaces what was there.
    fn apply(&mut self, lines: &[String]) -> Result<(), Failure> {
        let mut named: Vec<(String, Option<String>)> = Vec::new();
        for line in lines {
            let field = match line.split_once(':') {
                Some((name, value)) => {
                    let value = value.trim();
                    (
                        name.trim().to_owned(),
                        (!value.is_empty()).then(|| value.to_owned()),
                    )
                }
                None => match line.strip_suffix(';') {
                    Some(name) => (name.trim().to_owned(), Some(String::new())),
                    None => {
                        return Err(Failure::new(
                            status::USAGE,
                            format!("option --header: '{line}' is not NAME: VALUE"),
                        ));
                    }
                },
            };
            named.push(field);
        }
        for (name, _) in &named {
            self.remove(name);
        }
        let given = named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        self.0.extend(given);
        Ok(())
    }
}

/// The body, unpacked if that was asked for and it is packed.
fn unpacked(answer: Answer, asked: bool) -> Box<dyn Read> {
    let coding = answer.header("content-encoding").unwrap_or_default();
    match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" if asked => Box::new(MultiGzDecoder::new(answer.body)),
        "deflate" if asked => Box::new(ZlibDecoder::new(answer.body)),
        _ => answer.body,
    }
}

/// Where a body goes.
enum Sink {
    Standard,
    File(File, String),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Standard => write_standard(bytes),
            Self::File(file, path) => file
                .write_all(bytes)
                .map_err(|error| Failure::file(status::WRITE, "write to", path, &error)),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Standard => write_standard(b""),
            Self::File(file, path) => file
                .sync_all()
                .map_err(|error| Failure::file(status::WRITE, "write to", &path, &error)),
        }
    }
}

fn write_standard(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::file(status::WRITE, "write to", "standard output", &error))
}

/// The fields of an answer as text.
fn texts(answer: &Answer) -> Vec<(String, String)> {
    let fields = answer.headers.iter();
    fields
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .collect()
}

/// What is shown of requests and heads.
struct Shown<'o> {
    options: &'o Options,
    /// All heads, as a server would have sent them.
    heads: Vec<u8>,
}

impl<'o> Shown<'o> {
    fn new(options: &'o Options) -> Self {
        Self {
            options,
            heads: Vec::new(),
        }
    }

    fn dump(&self) -> Result<(), Failure> {
        match self.options.dump_header.as_deref() {
            None => Ok(()),
            Some("-") => write_standard(&self.heads),
            Some(path) => fs::write(path, &self.heads)
                .map_err(|error| Failure::file(status::WRITE, "write to", path, &error)),
        }
    }
}

impl Witness for Shown<'_> {
    fn sent(&mut self, request: &Request) {
        if !self.options.verbose {
            return;
        }
        let place = &request.url[url::Position::BeforePath..];
        complain(&format!("> {} {place} HTTP/1.1", request.method));
        complain(&format!(
            "> host: {}",
            request.url.host_str().unwrap_or_default()
        ));
        for (name, value) in &request.headers {
            let value = match name.eq_ignore_ascii_case("authorization") {
                true => "***",
                false => value,
            };
            complain(&format!("> {name}: {value}"));
        }
        complain(">");
    }

    fn received(&mut self, answer: &Answer) {
        let reason = StatusCode::from_u16(answer.status).ok();
        let reason = reason
            .and_then(|code| code.canonical_reason())
            .unwrap_or_default();
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            head.extend(name.as_bytes());
            head.extend(b": ");
            head.extend(value);
            head.extend(b"\r\n");
        }
        head.extend(b"\r\n");
        if self.options.verbose {
            for line in String::from_utf8_lossy(&head).lines() {
                complain(&format!("< {line}"));
            }
        }
        self.heads.extend(head);
    }

    fn tries_again(&mut self, why: &str, pause: Duration) {
        if !self.options.silent {
            complain(&format!(
                "curl: {why}; trying again in {} s",
                pause.as_secs_f64()
            ));
        }
    }
}
