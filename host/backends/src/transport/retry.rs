//! When a request is sent again, and how long one is waited for.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How often and after which pauses a request is sent again, as long as nothing of its answer has been shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often the request is sent in all. Default 4: with the pauses below this rides out some four seconds of
    /// trouble, and longer when the provider names a time.
    pub tries: u32,
    /// The pause before the second try; each further pause is twice as long. Default 500 ms.
    pub base_delay: Duration,
    /// The longest pause, also when the provider's `Retry-After` asks for more. Default 60 s, the window of the usual
    /// limits "per minute".
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 4,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The pause after `failures` failed tries (1 and up). Without a wish of the provider it is between half and the
    /// whole of the doubled base delay, so that parallel agents do not return all at once.
    pub(super) fn delay(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let wish = retry_after.unwrap_or_else(|| {
            let doublings = failures.saturating_sub(1).min(31);
            self.base_delay
                .saturating_mul(1 << doublings)
                .min(self.max_delay)
                .mul_f64(0.5 + fastrand::f64() / 2.0)
        });
        wish.min(self.max_delay)
    }
}

/// How long each phase of a request may take.
///
/// | phase | default | reason |
/// |---|---|---|
/// | connect | 10 s | DNS, TCP and TLS take well under a second; more means that nobody is there |
/// | first byte | 120 s | reasoning models and loaded local servers think before they answer |
/// | idle | 120 s | the same pauses occur between pieces; a living stream is never silent for longer |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From sending the request to the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
}

impl Timeouts {
    /// For DNS, TCP and TLS together; one value, because connections are shared by all backends.
    pub const CONNECT: Duration = Duration::from_secs(10);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(120),
        }
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or a date (RFC 9110 §10.2.3). A date in the past is zero.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(
            httpdate::parse_http_date(value)
                .ok()?
                .duration_since(now)
                .unwrap_or_default(),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use reqwest::header::HeaderValue;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))])
    }

    #[test]
    fn retry_after_may_be_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let wait = |value| retry_after(&headers(value), now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:50:07 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn pauses_double_with_jitter_and_stay_below_the_cap() {
        let policy = RetryPolicy::default();
        for (failures, whole) in [(1, 500), (2, 1_000), (3, 2_000), (60, 60_000)] {
            for _ in 0..50 {
                let delay = policy.delay(failures, None).as_millis();
                assert!(
                    (whole / 2..=whole).contains(&delay),
                    "{delay} ms after {failures} failures"
                );
            }
        }
        assert_eq!(
            policy.delay(1, Some(Duration::from_secs(3))),
            Duration::from_secs(3)
        );
        assert_eq!(
            policy.delay(1, Some(Duration::from_secs(3_600))),
            Duration::from_secs(60)
        );
    }
}
