//! That the file holds together, that names are taken at their word, and what tokens cost.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;

use super::*;
use crate::backend::LATER_TYPES;
use crate::backend_type::BackendType;

/// What a million tokens in and a million out cost, as `in/out` dollars.
fn price(provider: &str, model: &str) -> Option<String> {
    let price = catalogue().price(provider, model)?;
    Some(format!("{}/{}", price.input, price.output))
}

/// What so many tokens in and out cost, none of them from a cache.
fn cost(provider: &str, model: &str, input: u64, output: u64) -> String {
    let tokens = Tokens {
        input,
        cached_input: 0,
        output,
    };
    let price = catalogue().price(provider, model);
    cost_text(price.and_then(|price| price.cost(tokens)))
}

// ---- The file ----------------------------------------------------------------------------------

#[test]
fn every_backend_type_has_an_entry_and_every_entry_is_a_type() {
    let entries: Vec<_> = catalogue()
        .types
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    for name in BackendType::names() {
        assert!(entries.contains(&name), "{name} has no entry");
    }
    for name in entries {
        let known = BackendType::names().chain(LATER_TYPES);
        assert!(known.into_iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn names_are_unique() {
    let unique = |names: Vec<&'static str>| {
        let mut seen = HashSet::new();
        for name in names {
            assert!(seen.insert(name), "{name} is there twice");
        }
    };
    unique(
        catalogue()
            .types
            .iter()
            .map(|entry| entry.name.as_str())
            .collect(),
    );
    let providers = &catalogue().providers;
    unique(providers.iter().map(|entry| entry.name.as_str()).collect());
    let hosts = providers.iter().flat_map(|provider| &provider.hosts);
    unique(hosts.map(String::as_str).collect());
    for provider in providers {
        let names = provider.models.iter().flat_map(|model| {
            let aliases = model.aliases.iter().map(String::as_str);
            std::iter::once(model.name.as_str()).chain(aliases)
        });
        unique(names.collect());
    }
}

#[test]
fn every_types_provider_exists_and_serves_its_default_model() {
    for entry in &catalogue().types {
        let Some(provider) = &entry.provider else {
            assert_eq!(entry.default_model, None, "{}", entry.name);
            continue;
        };
        assert!(catalogue().provider(provider).is_some(), "{provider}");
        if let Some(model) = &entry.default_model {
            assert!(catalogue().model(provider, model).is_some(), "{model}");
        }
    }
}

#[test]
fn every_provider_is_reached_by_a_type() {
    for provider in &catalogue().providers {
        let reached = catalogue().types.iter().any(|entry| {
            let asked = catalogue().providers_of(entry);
            asked.iter().any(|asked| asked.name == provider.name)
        });
        assert!(reached, "{}", provider.name);
    }
}

#[test]
fn prices_and_limits_are_in_proportion() {
    for provider in &catalogue().providers {
        for model in &provider.models {
            let name = &model.name;
            if let (Some(context), Some(output)) = (model.context, model.max_output) {
                assert!(0 < output && output <= context, "{name}");
            }
            let Some(price) = &model.price else { continue };
            assert!(price.input <= price.output, "{name}");
            if let Some(cached) = price.cached_input {
                assert!(cached < price.input, "{name}");
            }
        }
    }
}

#[test]
fn the_day_is_a_date() {
    let parts: Vec<&str> = catalogue().as_of.split('-').collect();
    let [year, month, day] = parts[..] else {
        panic!("{parts:?}")
    };
    assert_eq!((year.len(), month.len(), day.len()), (4, 2, 2));
    assert!(year.parse::<u32>().unwrap() >= 2025);
    assert!((1..=12).contains(&month.parse::<u32>().unwrap()));
    assert!((1..=31).contains(&day.parse::<u32>().unwrap()));
}

// ---- Names -------------------------------------------------------------------------------------

#[test]
fn models_that_the_python_version_took_for_others_have_their_own_price() {
    assert_eq!(price("OpenAI", "gpt-4.1").unwrap(), "2.00/8.00");
    assert_eq!(price("OpenAI", "gpt-4").unwrap(), "30.00/60.00");
    assert_eq!(price("Gemini", "gemini-2.5-flash").unwrap(), "0.30/2.50");
    for (provider, model, expected) in [
        ("OpenAI", "gpt-5", "1.25/10.00"),
        ("OpenAI", "o4-mini", "1.10/4.40"),
        ("Claude", "claude-sonnet-4-20250514", "3.00/15.00"),
        ("Gemini", "gemini-2.5-pro", "1.25/10.00"),
        ("Grok", "grok-3", "3.00/15.00"),
        ("Grok", "grok-4", "3.00/15.00"),
    ] {
        assert_eq!(price(provider, model).expect(model), expected, "{model}");
    }
}

#[test]
fn an_alias_has_the_price_of_its_model() {
    for (provider, alias, name) in [
        ("OpenAI", "gpt-5-2025-08-07", "gpt-5"),
        ("Claude", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        (
            "Claude",
            "claude-3-5-haiku-latest",
            "claude-3-5-haiku-20241022",
        ),
        ("Grok", "grok-3-mini-latest", "grok-3-mini"),
    ] {
        let found = catalogue().model(provider, alias).expect(alias);
        assert_eq!(found.name, name);
        assert_eq!(price(provider, alias), price(provider, name));
    }
}

#[test]
fn a_name_that_looks_like_another_has_no_price() {
    for name in [
        "gpt-4.5",
        "gpt-4.1-2025",
        "gpt-4o-2024-05-13",
        "my-gpt-5",
        "GPT-5",
        "gpt",
        "",
    ] {
        assert_eq!(price("OpenAI", name), None, "{name}");
    }
}

#[test]
fn a_model_has_a_price_at_its_own_provider_only() {
    for provider in ["OpenRouter", "Azure OpenAI", "Chat Completions", "vLLM"] {
        assert_eq!(price(provider, "gpt-4o"), None, "{provider}");
    }
    assert_eq!(price("Replay", "gpt-4o"), None);
}

// ---- Costs -------------------------------------------------------------------------------------

#[test]
fn tokens_cost_what_the_price_list_says() {
    assert_eq!(cost("OpenAI", "gpt-4.1", 1_000_000, 1_000_000), "$10.00");
    assert_eq!(
        cost("Gemini", "gemini-2.5-flash", 100_000, 10_000),
        "$0.055"
    );
    assert_eq!(cost("OpenAI", "gpt-5-nano", 1_000, 100), "$0.0001");
    assert_eq!(cost("OpenAI", "gpt-5", 0, 0), "$0.0000");
}

#[test]
fn what_has_no_price_costs_an_unknown_amount_and_not_nothing() {
    assert_eq!(cost("Gemini", "gemini-2.0-flash-exp", 1_000, 10), "unknown");
    assert_eq!(cost("OpenAI", "gpt-99", 1_000, 10), "unknown");
}

#[test]
fn a_request_longer_than_the_price_holds_costs_an_unknown_amount() {
    assert_eq!(cost("Gemini", "gemini-2.5-pro", 200_000, 0), "$0.250");
    assert_eq!(cost("Gemini", "gemini-2.5-pro", 200_001, 0), "unknown");
}
