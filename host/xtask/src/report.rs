//! The steps of a chore, timed, with a summary at the end.

use std::time::{Duration, Instant};

use crate::run::Failure;

/// The steps that ran so far.
pub(crate) struct Report {
    steps: Vec<Finished>,
}

struct Finished {
    name: String,
    took: Duration,
    outcome: &'static str,
}

impl Report {
    /// A report without steps.
    pub(crate) fn new() -> Self {
        Self { steps: Vec::new() }
    }

    /// Runs one step; a failure carries the step's name.
    pub(crate) fn step<T>(
        &mut self,
        name: &str,
        action: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = action();
        self.steps.push(Finished {
            name: name.to_owned(),
            took: start.elapsed(),
            outcome: if result.is_ok() { "ok" } else { "FAILED" },
        });
        result.map_err(|cause| Failure::Step {
            step: name.to_owned(),
            cause: Box::new(cause),
        })
    }

    /// Prints every step with its outcome and its time in seconds.
    pub(crate) fn print_summary(&self) {
        println!("\n== summary");
        for step in &self.steps {
            println!(
                "{:>8.1} s  {:6}  {}",
                step.took.as_secs_f64(),
                step.outcome,
                step.name
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_failing_step_is_named_and_ends_up_in_the_summary() {
        let mut report = Report::new();
        report.step("good", || Ok(())).unwrap();
        let failure = report
            .step("bad", || {
                Err::<(), _>(Failure::Missing("no compass".to_owned()))
            })
            .unwrap_err();
        assert_eq!(failure.to_string(), "step `bad` failed: no compass");
        let outcomes: Vec<_> = report.steps.iter().map(|s| (&*s.name, s.outcome)).collect();
        assert_eq!(outcomes, [("good", "ok"), ("bad", "FAILED")]);
    }
}
