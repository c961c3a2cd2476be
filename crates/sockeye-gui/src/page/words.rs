//! How pages say numbers, times and text from outside.

use jiff::tz::TimeZone;
use sockeye_core::process::Absent;
use sockeye_core::{Column, Row, Timestamp, Value};
use sockeye_print::escaped;

/// Stands where there is nothing to be said.
pub(super) const NOTHING: &str = "–";

/// Something that is said, or why it cannot be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// It is known; safe to be shown.
    Known(String),
    /// It is not known, and why.
    Absent(&'static str),
}

impl Said {
    /// Text from outside, made harmless.
    pub(super) fn outside(text: &str) -> Self {
        Self::Known(escaped(text))
    }

    /// What is shown.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Known(text) => text,
            Self::Absent(reason) => reason,
        }
    }
}

/// Why a fact is not known, for people.
pub(super) fn why(absent: Absent) -> &'static str {
    match absent {
        Absent::Denied => "not permitted to see",
        Absent::Vanished => "it ended before it was looked at",
        Absent::Nonexistent => NOTHING,
        Absent::Unsupported => "this system cannot tell",
    }
}

/// The value of a column, as people read it; nothing where it has none.
pub(super) fn cell(name: &str, row: &Row<'_>) -> Option<String> {
    match Column::find(name)?.value(row) {
        Value::Absent => None,
        value => Some(escaped(&value.to_string())),
    }
}

/// `3 d 4 h`, `3 m 12 s`, `7 s`: the two largest units.
pub(super) fn duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let first = UNITS.iter().position(|(length, _)| seconds >= *length).unwrap_or(3);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, name) in UNITS.iter().skip(first).take(2) {
        if rest / length > 0 || parts.is_empty() {
            parts.push(format!("{} {name}", rest / length));
        }
        rest %= length;
    }
    parts.join(" ")
}

/// Whole seconds from one instant to another; none where time went backwards.
pub(super) fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from((to.unix_ns() - from.unix_ns()) / 1_000_000_000).unwrap_or_default()
}

/// `17 B`, `1.2 kB`, `84.0 MB`: powers of 1000.
pub(super) fn bytes(count: f64) -> String {
    let mut amount = count;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        // What would be rounded up to 1000 is one of the next unit.
        if amount < 999.95 {
            let digits = usize::from(unit != "B");
            return format!("{amount:.digits$} {unit}");
        }
        amount /= 1000.0;
    }
    format!("{amount:.1} PB")
}

/// Thousands apart by a narrow space.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// `2026-11-23 10:40:20` in the time zone of this machine, without the date where that is today's.
pub(super) fn time(when: Timestamp, now: Timestamp) -> String {
    let zone = if cfg!(test) { TimeZone::UTC } else { TimeZone::system() };
    let local = |time: Timestamp| {
        let time = jiff::Timestamp::from_nanosecond(time.unix_ns().into()).unwrap_or_default();
        time.to_zoned(zone.clone())
    };
    let (when, now) = (local(when), local(now));
    let format = if when.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    when.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let check = |seconds, expected: &str| assert_eq!(duration(seconds), expected);
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 m");
        check(192, "3 m 12 s");
        check(3_601, "1 h");
        check(273_600, "3 d 4 h");
    }

    #[test]
    fn bytes_have_one_decimal() {
        let check = |count, expected: &str| assert_eq!(bytes(count), expected);
        check(0.0, "0 B");
        check(999.0, "999 B");
        check(1_200.0, "1.2 kB");
        check(999_960.0, "1.0 MB");
        check(84e6, "84.0 MB");
        check(2e18, "2000.0 PB");
    }

    #[test]
    fn thousands_stand_apart() {
        let check =
            |count, expected: &str| assert_eq!(number(count).replace('\u{2009}', "_"), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1_000");
        check(1_234_567, "1_234_567");
    }

    #[test]
    fn today_has_no_date() {
        let at = |seconds: i64| Timestamp::from_unix_ns(seconds * 1_000_000_000 + 5);
        assert_eq!(time(at(3_661), at(7_000)), "01:01:01");
        assert_eq!(time(at(3_661), at(90_000)), "1970-01-01 01:01:01");
    }
}
