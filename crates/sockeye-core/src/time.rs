//! Instants as nanoseconds since the Unix epoch, written as RFC 3339 in UTC.

use core::fmt;

/// A wall-clock instant: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Covers the years 1677 to 2262. Displays as RFC 3339 in UTC with as many fractional digits as
/// the value needs, for example `2026-11-23T03:26:34.5Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `ns` nanoseconds after the Unix epoch.
    pub const fn from_unix_ns(ns: i64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_ns(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(instant) => fmt::Display::fmt(&instant, f),
            // jiff covers the years -9999 to 9999, far more than 64 bits of nanoseconds.
            Err(_) => Err(fmt::Error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn displays_rfc_3339_in_utc() {
        let check = |ns, text: &str| assert_eq!(Timestamp::from_unix_ns(ns).to_string(), text);
        check(0, "1970-01-01T00:00:00Z");
        check(1_700_000_000_500_000_000, "2023-11-14T22:13:20.5Z");
        check(-1, "1969-12-31T23:59:59.999999999Z");
        check(i64::MIN, "1677-09-21T00:12:43.145224192Z");
        check(i64::MAX, "2262-04-11T23:47:16.854775807Z");
    }
}
