//! `massgen models`, and what a run says that it cost.

use massgen_test_provider::{Provider, Turn};
use serde_json::Value;

use crate::coordination::run;
use crate::massgen::Folder;

/// One agent of this type and model that only presents.
fn alone(name: &str, model: &str, base_url: &str) -> String {
    format!(
        "agent:\n  id: one\n  backend: {{type: {name}, model: {model}, base_url: \"{base_url}\"}}\n\
         orchestrator: {{skip_coordination_rounds: true}}\n"
    )
}

/// Presents 1,000 letters after a request of 100 tokens; Responses counts 1,001 tokens, Chat Completions 1,000.
async fn provider() -> Provider {
    Provider::start(|_| Turn::saying("a".repeat(1_000)).into())
        .await
        .unwrap()
}

#[test]
fn models_are_listed_with_limits_prices_and_the_day_of_the_prices() {
    let ran = Folder::new().run(&["models"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let row = ran.stdout.lines().find(|line| line.contains(" gpt-4.1 "));
    let words: Vec<_> = row.unwrap().split_whitespace().collect();
    assert_eq!(
        words,
        [
            "openai",
            "OpenAI",
            "gpt-4.1",
            "1,047,576",
            "32,768",
            "2.00",
            "8.00"
        ]
    );
    assert!(ran.stdout.contains("list prices of 20"), "{}", ran.stdout);
}

#[test]
fn models_of_one_type_are_given_as_json() {
    let ran = Folder::new().run(&["models", "--backend", "claude", "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let listing: Value = serde_json::from_str(&ran.stdout).unwrap();
    let types = listing["types"].as_array().unwrap();
    assert_eq!(types.len(), 1);
    assert_eq!(types[0]["name"], "claude");
    let models = types[0]["providers"][0]["models"].as_array().unwrap();
    let default = models
        .iter()
        .find(|model| model["name"] == types[0]["default_model"])
        .unwrap();
    assert_eq!(default["price"]["input"], 3.0);
    assert_eq!(default["context"], 200_000);
}

#[test]
fn a_type_that_there_is_not_is_refused_with_the_nearest() {
    let ran = Folder::new().run(&["models", "--backend", "cluade"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("'claude'"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_tells_its_tokens_and_what_they_cost() {
    let provider = provider().await;
    let folder = Folder::new();
    folder.write(
        "run.yaml",
        &alone("openai", "gpt-5-mini", &provider.base_url()),
    );
    let json = run(&folder, &["--config", "run.yaml", "--output", "json", "?"]).await;
    assert_eq!(json.code, Some(0), "{}\n{}", json.stdout, json.stderr);
    let spent = &json.events_of("spent")[0];
    let agent = &spent["agents"][0];
    assert_eq!(agent["agent"], "one");
    assert_eq!(
        (&agent["input_tokens"], &agent["output_tokens"]),
        (&100.into(), &1_001.into())
    );
    // 100 tokens at 0.25 dollars for a million, and 1,001 at 2.
    assert_eq!(agent["cost_usd"], 0.002027);
    assert_eq!(spent["cost_usd"], 0.002027);

    let plain = run(&folder, &["--config", "run.yaml", "?"]).await;
    for line in [
        "[one] 💲 tokens in: 100, out: 1,001; cost: $0.0020",
        "💲 Cost in all: $0.0020 at the list prices of 20",
    ] {
        assert!(plain.stdout.contains(line), "{line}: {}", plain.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_a_price_costs_an_unknown_amount() {
    let provider = provider().await;
    let folder = Folder::new();
    let text = alone("chatcompletion", "gpt-5-mini", &provider.base_url());
    folder.write("run.yaml", &text);
    let ran = run(&folder, &["--config", "run.yaml", "?"]).await;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    for line in [
        "[one] 💲 tokens in: 100, out: 1,000; cost: unknown",
        "💲 Cost in all: unknown",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
}

#[test]
fn what_a_type_cannot_do_is_refused_before_anything_runs() {
    let folder = Folder::new();
    folder.write(
        "run.yaml",
        "agent: {backend: {type: ollama, model: m, enable_web_search: true}}\n",
    );
    let ran = folder.run(&["--config", "run.yaml", "?"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("run.yaml:1:")
            && ran.stderr.contains("`ollama` backend has no web search"),
        "{}",
        ran.stderr
    );
}
