//! Times as text, in UTC: a guest knows no other time zone than the one that `TZ` names, and `date` alone heeds that.

/// A time, in seconds and nanoseconds since 1970, by a `strftime` format; none if it cannot be written.
pub fn format(seconds: i64, nanoseconds: u32, format: &str) -> Option<String> {
    let nanoseconds = i32::try_from(nanoseconds).ok()?;
    let timestamp = jiff::Timestamp::new(seconds, nanoseconds).ok()?;
    let zoned = timestamp.to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::strtime::format(format, &zoned).ok()
}

/// Seconds and nanoseconds since 1970.
pub fn since_epoch(time: std::time::SystemTime) -> (i64, u32) {
    match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => (
            i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            after.subsec_nanos(),
        ),
        Err(before) => (
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
            0,
        ),
    }
}
