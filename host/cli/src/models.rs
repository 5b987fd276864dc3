//! `massgen models`: the backend types with the models that are known of them, their limits and list prices. Reads the
//! catalogue that is part of the program; no provider is asked.

use std::io::Write as _;

use massgen_config::{Catalogue, Model, ProviderEntry, TypeEntry, catalogue};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::flags::{ModelsFlags, Output};
use crate::numbers::grouped;

/// What is listed, as it is printed in JSON.
#[derive(Debug, Serialize)]
struct Listing<'a> {
    /// The day of the prices.
    as_of: &'a str,
    types: Vec<Listed<'a>>,
}

/// A type and the providers that it asks.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    entry: &'a TypeEntry,
    providers: Vec<&'a ProviderEntry>,
}

/// Prints the listing.
pub(crate) fn models(flags: &ModelsFlags) -> Result<Exit, Failure> {
    let listing = Listing::of(catalogue(), flags.backend.as_deref());
    let text = match flags.output {
        Output::Plain => listing.text(),
        Output::Json => {
            serde_json::to_string_pretty(&listing).map_err(|error| Failure::System {
                doing: "write the models as JSON",
                source: error.into(),
            })?
        }
    };
    match writeln!(std::io::stdout(), "{text}") {
        // A reader that has seen enough: `massgen models | head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        Err(source) => Err(Failure::System {
            doing: "write to standard output",
            source,
        }),
        Ok(()) => Ok(Exit::Ok),
    }
}

/// The head of the table.
const HEAD: [&str; COLUMNS] = [
    "TYPE",
    "PROVIDER",
    "MODEL",
    "CONTEXT",
    "MAX OUTPUT",
    "IN",
    "OUT",
    "FOR UP TO",
];

const COLUMNS: usize = 8;

/// From here on columns hold numbers and stand at the right.
const FIRST_NUMBER: usize = 3;

/// What stands where a number is not known, or not the same for all.
const UNKNOWN: &str = "-";

impl<'a> Listing<'a> {
    fn of(catalogue: &'a Catalogue, only: Option<&str>) -> Self {
        let types = catalogue
            .available()
            .filter(|entry| only.is_none_or(|name| entry.name == name))
            .map(|entry| Listed {
                entry,
                providers: catalogue.providers_of(entry),
            });
        Self {
            as_of: &catalogue.as_of,
            types: types.collect(),
        }
    }

    fn text(&self) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        for listed in &self.types {
            for provider in &listed.providers {
                let row = |model| row(listed.entry, provider, model);
                if provider.models.is_empty() {
                    rows.push(row(None));
                }
                rows.extend(provider.models.iter().map(|model| row(Some(model))));
            }
        }
        format!("{}\n\n{}", table(&rows), legend(self.as_of))
    }
}

/// What the marks of the table mean.
fn legend(as_of: &str) -> String {
    format!(
        "* the default: the model to begin with; - not known. Providers may serve more models.\n\
         IN and OUT are list prices of {as_of}, in US dollars for a million tokens of input and output; FOR UP TO is the\n\
         longest request, in tokens, for which they hold."
    )
}

fn row(entry: &TypeEntry, provider: &ProviderEntry, model: Option<&Model>) -> [String; COLUMNS] {
    let number = |count: Option<u64>| count.map_or_else(|| UNKNOWN.to_owned(), grouped);
    let price = model.and_then(|model| model.price.as_ref());
    let rate = |rate: Option<String>| rate.unwrap_or_else(|| UNKNOWN.to_owned());
    let name = match model {
        None => "any that it serves".to_owned(),
        Some(model) if entry.default_model.as_ref() == Some(&model.name) => {
            format!("{} *", model.name)
        }
        Some(model) => model.name.clone(),
    };
    [
        entry.name.clone(),
        provider.name.clone(),
        name,
        number(model.and_then(|model| model.context)),
        number(model.and_then(|model| model.max_output)),
        rate(price.map(|price| price.input.to_string())),
        rate(price.map(|price| price.output.to_string())),
        price
            .and_then(|price| price.up_to)
            .map(grouped)
            .unwrap_or_default(),
    ]
}

/// Rows with their columns below each other.
fn table(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            ..FIRST_NUMBER => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// The words of the first line of the table that holds this one.
    fn line(only: Option<&str>, model: &str) -> String {
        let text = Listing::of(catalogue(), only).text();
        let line = text.lines().find(|line| line.contains(model)).expect(model);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_model_has_its_limits_and_prices_in_one_line_and_the_default_is_marked() {
        assert_eq!(
            line(None, "gpt-4.1-mini"),
            "openai OpenAI gpt-4.1-mini 1,047,576 32,768 0.40 1.60"
        );
        assert_eq!(
            line(Some("openai"), "gpt-4o *"),
            "openai OpenAI gpt-4o * 128,000 16,384 2.50 10.00"
        );
    }

    #[test]
    fn a_price_that_holds_for_short_requests_only_says_so() {
        assert_eq!(
            line(None, "grok-4-0709"),
            "grok Grok grok-4-0709 256,000 - 3.00 15.00 128,000"
        );
    }

    #[test]
    fn a_price_that_is_not_known_is_no_number() {
        assert_eq!(line(None, "grok-beta"), "grok Grok grok-beta 131,072 - - -");
    }

    #[test]
    fn a_server_of_ones_own_serves_any_model() {
        assert_eq!(
            line(None, "ollama"),
            "ollama Ollama any that it serves - - - -"
        );
    }

    #[test]
    fn one_type_is_listed_alone_and_a_generic_one_with_the_providers_behind_it() {
        let text = Listing::of(catalogue(), Some("chatcompletion")).text();
        let (table, _) = text.split_once("\n\n").unwrap();
        let types = table.lines().skip(1).map(|line| line.split("  ").next());
        assert!(types.into_iter().all(|name| name == Some("chatcompletion")));
        assert!(
            table.contains("Groq") && table.contains("OpenRouter"),
            "{table}"
        );
    }

    #[test]
    fn the_day_of_the_prices_is_told() {
        let text = Listing::of(catalogue(), None).text();
        assert!(text.contains(&catalogue().as_of), "{text}");
    }

    #[test]
    fn columns_stand_below_each_other() {
        let text = Listing::of(catalogue(), Some("claude")).text();
        let (table, _) = text.split_once("\n\n").unwrap();
        let ends: Vec<_> = table
            .lines()
            .take(2)
            .map(|line| line.find("200,000").or(line.find("CONTEXT")))
            .collect();
        assert_eq!(ends[0], ends[1], "{table}");
    }
}
