//! One cell of the table: what people read in it, and what stands in it in full.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use sockeye_core::column::{Kind, Unit};
use sockeye_core::ports::Side;
use sockeye_core::{Column, Ownerless, Row, State, Timestamp, Value};
use sockeye_print::escaped;

/// What a cell shows.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// What a pointer on it tells, where that is more.
    pub(crate) full: Option<String>,
    /// It matters less: it says why there is no value.
    pub(crate) is_dim: bool,
}

/// How values are written.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Host names in place of addresses, where they are known.
    pub(crate) resolves_names: bool,
    pub(crate) zone: TimeZone,
    /// What day it is, so that times of today need not say.
    pub(crate) now: Timestamp,
}

/// The cell of `column` in `row`. Text from outside is made visible and harmless.
pub(crate) fn of(column: &Column, row: &Row<'_>, manner: &Manner) -> Cell {
    let value = column.value(row);
    match (column.name, &value) {
        ("network.connection.state", _) => plain(row.endpoint.state.map(state).unwrap_or_default()),
        ("network.transport", _) => plain(row.endpoint.transport.id().to_uppercase()),
        ("process.executable.name", Value::Absent) => ownerless(row),
        ("process.executable.name", Value::Text(name)) => process(name, row),
        (_, Value::Address(address)) => {
            let name = row.snapshot.answers.hostnames.get(&address.ip);
            let text = escaped(&value.to_string());
            match name.filter(|_| manner.resolves_names) {
                Some(name) => Cell { text: escaped(name), full: Some(text), is_dim: false },
                None => plain(text),
            }
        }
        (_, Value::Time(time)) => self::time(*time, manner),
        ("network.local.port", _) => port(Side::Local, &value, row, manner),
        ("network.peer.port", _) => port(Side::Remote, &value, row, manner),
        (_, Value::Number(number)) if column.kind == Kind::Port => plain(number.to_string()),
        (_, Value::Number(number)) => self::number(*number, column.unit),
        (_, Value::Absent) => Cell::default(),
        (_, value) => plain(escaped(&value.to_string())),
    }
}

/// A port; by its name where names are shown and it is that of the service.
fn port(side: Side, value: &Value<'_>, row: &Row<'_>, manner: &Manner) -> Cell {
    let number = value.to_string();
    let service = row.service().filter(|(named, _)| manner.resolves_names && *named == side);
    match service {
        Some((_, name)) => Cell { text: name.to_owned(), full: Some(number), is_dim: false },
        None => plain(number),
    }
}

fn plain(text: String) -> Cell {
    Cell { text, ..Cell::default() }
}

/// The name of a process; in full its path and command line.
fn process(name: &str, row: &Row<'_>) -> Cell {
    let process = row.process;
    let path = process.and_then(|process| process.path.as_deref().ok()).map(escaped);
    let line = process.and_then(|process| process.command_line.as_deref().ok()).map(escaped);
    let full: Vec<String> = [path, line].into_iter().flatten().collect();
    let full = (!full.is_empty()).then(|| full.join("\n"));
    Cell { text: escaped(name), full, is_dim: false }
}

/// Why there is no process.
fn ownerless(row: &Row<'_>) -> Cell {
    let reason = row.endpoint.owners.reason().map(Ownerless::phrase);
    let Some(phrase) = reason else {
        return Cell { text: "not known".to_owned(), full: None, is_dim: true };
    };
    let full = Some(format!("No owner: {phrase}."));
    let text = row.endpoint.owners.reason().map_or(phrase, brief);
    Cell { text: text.to_owned(), full, is_dim: true }
}

/// The same in the room of a column.
fn brief(reason: Ownerless) -> &'static str {
    match reason {
        Ownerless::TimeWait => "closed, waiting",
        Ownerless::Handshake => "in handshake",
        Ownerless::Orphaned => "closed, finishing",
        Ownerless::NotPermitted => "not permitted",
        Ownerless::Outside => "outside",
        Ownerless::Vanished => "closed meanwhile",
        Ownerless::NotObserved => "not observed",
        Ownerless::Ended => "ended",
        Ownerless::Unaccepted | Ownerless::Kernel => reason.phrase(),
    }
}

/// A state as a heading would have it: `Time-Wait`, `Established`.
pub(crate) fn state(state: State) -> String {
    let mut is_first = true;
    let capital = |c: char| {
        let c = if is_first { c } else { c.to_ascii_lowercase() };
        is_first = c == '-';
        c
    };
    state.label().chars().map(capital).collect()
}

/// The time of day of an instant; with its day, where that is another than today.
fn time(time: Timestamp, manner: &Manner) -> Cell {
    let zoned = |time: Timestamp| {
        let instant = jiff::Timestamp::from_nanosecond(time.unix_ns().into());
        instant.map(|instant| instant.to_zoned(manner.zone.clone())).ok()
    };
    let Some(then) = zoned(time) else { return Cell::default() };
    let is_today = zoned(manner.now).is_some_and(|now| now.date() == then.date());
    let format = if is_today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let full = then.strftime("%Y-%m-%d %H:%M:%S%.3f %Z").to_string();
    Cell { text: then.strftime(format).to_string(), full: Some(full), is_dim: false }
}

/// A number with its unit; in full where digits were left out.
fn number(number: u64, unit: Unit) -> Cell {
    match unit {
        Unit::None => plain(number.to_string()),
        Unit::Count => plain(grouped(number)),
        Unit::Bytes => {
            let full = (number >= 1000).then(|| format!("{} bytes", grouped(number)));
            Cell { text: bytes(number), full, is_dim: false }
        }
        Unit::Microseconds => plain(duration(number.saturating_mul(1000))),
        Unit::Nanoseconds => plain(duration(number)),
    }
}

/// Digits in groups of three, with thin spaces between.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the largest unit that leaves something before the point (SI, IEC 80000-13).
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let (mut tenths, mut unit) = ((u128::from(number) + 50) / 100, UNITS.iter());
    let mut name = unit.next();
    while tenths >= 10_000 {
        let Some(next) = unit.next() else { break };
        tenths = (tenths + 500) / 1000;
        name = Some(next);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, name.copied().unwrap_or_default())
}

/// A time span in its two largest units: `3 m 12 s`, `4.5 ms`.
pub(crate) fn duration(nanoseconds: u64) -> String {
    const PARTS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let seconds = nanoseconds / 1_000_000_000;
    if seconds < 10 {
        let (divisor, unit) = match nanoseconds {
            0..1_000_000 => (1000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let tenths = nanoseconds / (divisor / 10);
        let point =
            if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
        return format!("{}{point} {unit}", tenths / 10);
    }
    let mut text = String::new();
    let mut rest = seconds;
    let first = PARTS.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
    for (size, unit) in PARTS.iter().skip(first).take(2) {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{space}{} {unit}", rest / size);
        rest %= size;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_decimal() {
        let check = |number, expected: &str| assert_eq!(bytes(number), expected, "{number}");
        check(0, "0 B");
        check(999, "999 B");
        check(1000, "1.0 kB");
        check(1049, "1.0 kB");
        check(1050, "1.1 kB");
        check(999_949, "999.9 kB");
        check(999_950, "1.0 MB");
        check(1_234_567_890, "1.2 GB");
        check(u64::MAX, "18.4 EB");
    }

    #[test]
    fn spans_have_their_two_largest_units() {
        let check = |ns, expected: &str| assert_eq!(duration(ns), expected, "{ns}");
        check(0, "0 µs");
        check(250_000, "250 µs");
        check(4_500_000, "4.5 ms");
        check(2_000_000_000, "2 s");
        check(192_000_000_000, "3 m 12 s");
        check(3 * 86_400_000_000_000 + 4 * 3_600_000_000_000, "3 d 4 h");
        assert!(duration(u64::MAX).contains(" d "));
    }

    #[test]
    fn digits_stand_in_groups() {
        let check = |number, expected: &str| assert_eq!(grouped(number), expected);
        check(7, "7");
        check(9999, "9999");
        check(10_000, "10\u{2009}000");
        check(1_234_567, "1\u{2009}234\u{2009}567");
    }

    #[test]
    fn states_read_as_headings() {
        assert_eq!(state(State::TimeWait), "Time-Wait");
        assert_eq!(state(State::FinWait1), "Fin-Wait-1");
        assert_eq!(state(State::Established), "Established");
    }
}
