//! What tokens cost, and how an amount is shown.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn rate(dollars: f64) -> Rate {
    Rate::per_million(dollars).unwrap()
}

fn picodollars(amount: u128) -> String {
    Usd(amount).to_string()
}

#[test]
fn a_price_of_nothing_is_refused() {
    for wrong in ["0", "-1", "0.0000001", "nan"] {
        let text = format!("input = {wrong}\noutput = 1");
        let refused = toml::from_str::<Price>(&text).unwrap_err().to_string();
        assert!(refused.contains("it must be above 0"), "{refused}");
    }
}

#[test]
fn cached_tokens_have_their_own_rate_and_are_not_counted_twice() {
    let price = Price {
        input: rate(2.0),
        cached_input: Some(rate(0.5)),
        output: rate(8.0),
        up_to: None,
    };
    let tokens = |input, cached_input| Tokens {
        input,
        cached_input,
        output: 0,
    };
    let half_cached = price.cost(tokens(1_000_000, 500_000));
    assert_eq!(cost_text(half_cached), "$1.25");
    assert_eq!(price.cost(tokens(1, 2)), None, "more cached than sent");

    let no_rate = Price {
        cached_input: None,
        ..price
    };
    assert_eq!(no_rate.cost(tokens(10, 1)), None);
    assert_eq!(no_rate.cost(tokens(10, 0)), Some(rate(2.0).of(10)));
}

#[test]
fn sums_are_exact_where_floating_point_numbers_would_drift() {
    let turn = Usd(100_000_000_000);
    let sum: Usd = std::iter::repeat_n(turn, 10).sum();
    assert_eq!(sum, Usd(DOLLAR));
    assert!((0..10).map(|_| 0.1_f64).sum::<f64>() < 1.0);
}

#[test]
fn an_amount_is_shown_with_four_three_or_two_decimals() {
    const MICRO: u128 = 1_000_000;
    assert_eq!(picodollars(0), "$0.0000");
    assert_eq!(picodollars(4_249 * MICRO), "$0.0042");
    assert_eq!(picodollars(9_999 * MICRO), "$0.0100");
    assert_eq!(picodollars(10_000 * MICRO), "$0.010");
    assert_eq!(picodollars(123_456 * MICRO), "$0.123");
    assert_eq!(picodollars(1_000_000 * MICRO), "$1.00");
    assert_eq!(picodollars(1_234_567_890 * MICRO), "$1234.57");
}

#[test]
fn an_amount_above_nothing_never_looks_like_nothing() {
    assert_eq!(picodollars(1), "<$0.0001");
    assert_eq!(picodollars(50_000_000), "$0.0001");
}

#[test]
fn an_amount_is_a_number_in_json_and_reads_back_as_it_was() {
    let amount = Usd(1_234_500_000);
    let text = serde_json::to_string(&amount).unwrap();
    assert_eq!(text, "0.0012345");
    assert_eq!(serde_json::from_str::<Usd>(&text).unwrap(), amount);
    assert!(serde_json::from_str::<Usd>("-1").is_err());
}

#[test]
fn a_rate_is_shown_with_all_its_decimals() {
    let shown = |dollars| rate(dollars).to_string();
    assert_eq!(shown(15.0), "15.00");
    assert_eq!(shown(0.4), "0.40");
    assert_eq!(shown(0.0375), "0.0375");
}
