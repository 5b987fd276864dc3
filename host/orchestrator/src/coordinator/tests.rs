//! The rules of coordination as a specification, and as invariants of random schedules.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod invariants;
mod properties;
mod rules;
