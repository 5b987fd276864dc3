//! The numbers and switches of a coordination, and why each default is what it is. A coordination ends under any
//! schedule because every source of repetition is bounded here: answers, failures in a row, and nothing else restarts
//! an agent.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// How many answers each agent may give when the configuration sets no bound. Every answer restarts all agents, so N
/// agents cost at most N × 10 rounds. Runs that converge need one to three answers an agent (measured: 23 requests for
/// ten agents); ten leaves room and still ends agents that outbid each other forever.
pub const DEFAULT_MAX_ANSWERS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Failures in a row after which an agent is given up. A backend has already retried each request itself, so the third
/// failure in a row is no hiccup.
pub const DEFAULT_MAX_FAILURES: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// What a coordination goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether agents coordinate at all.
    pub coordination: Coordination,
    /// Accepted answers after which an agent may only vote (`spec/01` §14).
    pub max_answers_per_agent: NonZeroU32,
    /// Failures in a row after which an agent is given up.
    pub max_failures: NonZeroU32,
    /// Waits between failures.
    pub backoff: Backoff,
    /// The agents' folders: two answers that differ only in which of these they name count as equal.
    pub folders: Vec<PathBuf>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            coordination: Coordination::Rounds,
            max_answers_per_agent: DEFAULT_MAX_ANSWERS,
            max_failures: DEFAULT_MAX_FAILURES,
            backoff: Backoff::default(),
            folders: Vec::new(),
        }
    }
}

/// Whether agents coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordination {
    /// Answer and vote until every living agent has voted.
    Rounds,
    /// The first agent presents at once (`skip_coordination_rounds`, `spec/01` §10).
    Skipped,
}

/// Exponential waits between an agent's failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first failure; doubles with each further one.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Default for Backoff {
    /// One second lets a provider's short outage pass; half a minute is the longest that a person watching accepts.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        }
    }
}

impl Backoff {
    /// The wait after the `failures`-th failure in a row, counted from 1.
    pub fn after(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5),
        };
        let waits: Vec<u64> = [1, 2, 3, 4, u32::MAX]
            .map(|failures| backoff.after(failures).as_secs())
            .to_vec();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }
}
