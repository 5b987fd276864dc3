//! `massgen config`: whether configurations are right, and the samples that are part of the program. Starts nothing and
//! asks no provider.

use std::io::{ErrorKind, Write as _};

use massgen_config::{Diagnostic, Environment, Example, Severity, check, find};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::flags::{CheckFlags, ExamplesFlags, Output};

/// What was found in one file, as it is printed in JSON.
#[derive(Debug, Serialize)]
struct Checked<'a> {
    /// The file as it was named.
    file: &'a str,
    /// Whether it is right; a key or a folder that this machine lacks does not make it wrong.
    ok: bool,
    findings: Vec<Finding>,
}

/// One finding, as it is printed in JSON.
#[derive(Debug, Serialize)]
struct Finding {
    severity: Severity,
    line: Option<u64>,
    column: Option<u64>,
    key: String,
    message: String,
    help: Option<String>,
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity,
            line: diagnostic.place.map(|(line, _)| line),
            column: diagnostic.place.map(|(_, column)| column),
            key: diagnostic.key,
            message: diagnostic.message,
            help: diagnostic.help,
        }
    }
}

/// Checks each file and prints what is to be said of it.
pub(crate) fn check_files(flags: &CheckFlags) -> Result<Exit, Failure> {
    let environment = Environment::from_process()?;
    let mut checked = Vec::new();
    let mut lines = Vec::new();
    for file in &flags.files {
        let found = match find(Some(file), &environment) {
            Ok(source) => check(&source, &environment),
            Err(error) => error.diagnostics,
        };
        lines.extend(found.iter().map(ToString::to_string));
        lines.push(format!("{file}: {}", verdict(&found)));
        checked.push(Checked {
            file,
            ok: count(&found, Severity::Error) == 0,
            findings: found.into_iter().map(Finding::from).collect(),
        });
    }
    let text = match flags.output {
        Output::Plain => lines.join("\n"),
        Output::Json => {
            serde_json::to_string_pretty(&checked).map_err(|error| Failure::System {
                doing: "write the findings as JSON",
                source: error.into(),
            })?
        }
    };
    print(&text)?;
    Ok(match checked.iter().all(|file| file.ok) {
        true => Exit::Ok,
        false => Exit::Configuration,
    })
}

/// Lists the samples, or prints one.
pub(crate) fn examples(flags: &ExamplesFlags) -> Result<Exit, Failure> {
    let Some(name) = &flags.name else {
        let widest = Example::all()
            .iter()
            .map(|example| example.name.len())
            .max();
        let width = widest.unwrap_or_default();
        let lines = Example::all()
            .iter()
            .map(|example| format!("@examples/{:width$}  {}", example.name, example.title()));
        print(&lines.collect::<Vec<_>>().join("\n"))?;
        return Ok(Exit::Ok);
    };
    let name = name.strip_prefix("@examples/").unwrap_or(name);
    let Some(example) = Example::named(name) else {
        return Err(Failure::Usage(format!(
            "there is no sample `{name}`. `massgen config examples` lists them."
        )));
    };
    print(example.text.trim_end())?;
    Ok(Exit::Ok)
}

fn count(found: &[Diagnostic], severity: Severity) -> usize {
    let of_it = found.iter().filter(|finding| finding.severity == severity);
    of_it.count()
}

/// `right, 2 warnings, 1 missing`.
fn verdict(found: &[Diagnostic]) -> String {
    let counted = |severity, one: &str, many: &str| match count(found, severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        several => Some(format!("{several} {many}")),
    };
    let right = (count(found, Severity::Error) == 0).then(|| "right".to_owned());
    let parts = [
        right,
        counted(Severity::Error, "error", "errors"),
        counted(Severity::Missing, "missing", "missing"),
        counted(Severity::Warning, "warning", "warnings"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn print(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        // A reader that has seen enough: `massgen config examples | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(Failure::System {
            doing: "write to standard output",
            source,
        }),
        Ok(()) => Ok(()),
    }
}
