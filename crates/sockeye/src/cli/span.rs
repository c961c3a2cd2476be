//! A length of time as it is typed: `500ms`, `10s`, `1h30m`.

use std::str::FromStr;
use std::time::Duration;

/// Units and their milliseconds, longest first: the order in which they have to come.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Longer than anybody waits, and short enough to be added to any instant.
const LONGEST: Duration = Duration::from_secs(10_000 * 86_400);

/// What to do about a length of time that cannot be read.
const ADVICE: &str = "write a number and a unit, as in 500ms, 10s, 5m, 1h30m, 2d";

/// A length of time, more than none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span(pub(super) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span = parse(text).filter(|_| !text.is_empty()).ok_or(ADVICE)?;
        if span.is_zero() {
            return Err("it has to be longer than no time".to_owned());
        }
        if span > LONGEST {
            return Err("10000d is the longest".to_owned());
        }
        Ok(Self(span))
    }
}

/// The sum of numbers with units, each unit once, longest first.
fn parse(text: &str) -> Option<Duration> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at_checked(digits)?;
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let (_, ms) = units.find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(*ms)?)?;
        rest = tail;
    }
    Some(Duration::from_millis(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        let check = |text: &str, ms| {
            assert_eq!(text.parse(), Ok(Span(Duration::from_millis(ms))), "{text}");
        };
        check("500ms", 500);
        check("10s", 10_000);
        check("5m", 300_000);
        check("1h30m", 5_400_000);
        check("2d1h1m1s1ms", 176_461_001);
        check("90m", 5_400_000);
        check("0h5s", 5000);
        check("10000d", 864_000_000_000);
    }

    #[test]
    fn what_is_no_length_of_time_is_refused_with_advice() {
        let check = |text: &str, said: &str| {
            assert_eq!(text.parse::<Span>(), Err(said.to_owned()), "{text}");
        };
        for text in [
            "",
            "10",
            "s",
            "1.5s",
            "-1s",
            "10 s",
            "10S",
            "1s1s",
            "1s1m",
            "5µs",
            "99999999999999999999s",
        ] {
            check(text, ADVICE);
        }
        check("18446744073709551615ms1", ADVICE);
        check("999999999999d", ADVICE);
        check("0s", "it has to be longer than no time");
        check("0h0ms", "it has to be longer than no time");
        check("10001d", "10000d is the longest");
        check("10000d1ms", "10000d is the longest");
    }
}
