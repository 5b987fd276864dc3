//! The chain of rules behind a decision, for a person who asks why.

use serde::Serialize;

use crate::Rule;

/// What a rule did to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearing {
    /// It does not concern the path or the operation.
    None,
    /// It concerns them, and something else decided.
    Applies,
    /// It decided.
    Decides,
}

/// One rule that was looked at, in the order of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which.
    pub rule: Rule,
    /// What it did.
    pub bearing: Bearing,
    /// What it was about: which grant, which pattern.
    pub detail: String,
}

/// Where the decision function tells what it looks at.
pub(crate) trait Chain {
    fn note(&mut self, rule: Rule, bearing: Bearing, detail: impl FnOnce() -> String);

    /// Notes a rule that decides if `decides`, and says so.
    fn ask(&mut self, rule: Rule, decides: bool, detail: impl FnOnce() -> String) -> bool {
        let bearing = if decides {
            Bearing::Decides
        } else {
            Bearing::None
        };
        self.note(rule, bearing, detail);
        decides
    }
}

/// Nobody asks why.
pub(crate) struct Untold;

impl Chain for Untold {
    fn note(&mut self, _: Rule, _: Bearing, _: impl FnOnce() -> String) {}
}

impl Chain for Vec<Step> {
    fn note(&mut self, rule: Rule, bearing: Bearing, detail: impl FnOnce() -> String) {
        self.push(Step {
            rule,
            bearing,
            detail: detail(),
        });
    }
}
