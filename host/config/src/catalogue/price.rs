//! Money without rounding: a rate is a whole number of micro-dollars for a million tokens, so tokens times rate is a
//! whole number of picodollars, and sums stay exact. Rounding happens only where an amount is shown.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Picodollars in a dollar.
const DOLLAR: u128 = 1_000_000_000_000;

/// Micro-dollars in a dollar.
const MICRO: f64 = 1e6;

/// A model's list price.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// For input tokens.
    pub input: Rate,
    /// For input tokens that the provider had in its cache, where known.
    pub cached_input: Option<Rate>,
    /// For output tokens, reasoning included.
    pub output: Rate,
    /// Input tokens of the longest request for which this price holds; a longer one costs more.
    pub up_to: Option<u64>,
}

/// Tokens of one request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// All tokens of the request, those from the cache included.
    pub input: u64,
    /// Those of them that came from the cache.
    pub cached_input: u64,
    /// Tokens of the answer, reasoning included.
    pub output: u64,
}

impl Price {
    /// What a request and its answer cost; none where this price does not tell: the request is too long for it, or
    /// tokens came from a cache whose rate is not known.
    pub fn cost(&self, tokens: Tokens) -> Option<Usd> {
        if self.up_to.is_some_and(|longest| tokens.input > longest) {
            return None;
        }
        let uncached = tokens.input.checked_sub(tokens.cached_input)?;
        let cached = match tokens.cached_input {
            0 => Usd::ZERO,
            some => self.cached_input?.of(some),
        };
        Some(self.input.of(uncached) + cached + self.output.of(tokens.output))
    }
}

/// US dollars for a million tokens; never 0, for a price that is not known is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    /// Micro-dollars for a million tokens; as many picodollars for one.
    micro: u64,
}

impl Rate {
    /// This many dollars for a million tokens; none unless it is above 0 and has at most six decimals.
    pub fn per_million(dollars: f64) -> Option<Self> {
        let micro = (dollars * MICRO).round();
        let exact = (1.0..1e15).contains(&micro) && micro / MICRO == dollars;
        exact.then_some(Self {
            micro: micro as u64,
        })
    }

    fn of(self, tokens: u64) -> Usd {
        Usd(u128::from(self.micro) * u128::from(tokens))
    }
}

impl fmt::Display for Rate {
    /// Dollars with two decimals, or as many as it takes: `0.0375`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:07}", self.micro);
        let (dollars, decimals) = digits.split_at(digits.len() - 6);
        let more = decimals[2..].trim_end_matches('0');
        formatter.pad(&format!("{dollars}.{}{more}", &decimals[..2]))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Self::per_million(dollars).ok_or_else(|| {
            D::Error::custom(format!(
                "{dollars} is no price: it must be above 0 and have at most six decimals"
            ))
        })
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.micro as f64 / MICRO)
    }
}

/// An amount of US dollars, exact to a millionth of a millionth. In JSON a number of dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u128);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // More than all the money there is.
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    /// Four decimals below a cent, three below a dollar, else two (`spec/03` §10). What is more than nothing never
    /// looks like nothing.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (decimals, parts) = match self.0 {
            less if less < DOLLAR / 100 => (4, 10_000),
            less if less < DOLLAR => (3, 1_000),
            _ => (2, 100),
        };
        let part = DOLLAR / parts;
        let rounded = self.0.saturating_add(part / 2) / part;
        if rounded == 0 && self.0 > 0 {
            return formatter.write_str("<$0.0001");
        }
        let (dollars, rest) = (rounded / parts, rounded % parts);
        write!(formatter, "${dollars}.{rest:0decimals$}")
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / DOLLAR as f64)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let picodollars = (f64::deserialize(deserializer)? * DOLLAR as f64).round();
        if picodollars.is_finite() && picodollars >= 0.0 {
            Ok(Self(picodollars as u128))
        } else {
            Err(D::Error::custom("an amount of money is 0 or more"))
        }
    }
}

/// An amount as people read it; `unknown` where it is not known.
pub fn cost_text(cost: Option<Usd>) -> String {
    cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string())
}

#[cfg(test)]
mod tests;
