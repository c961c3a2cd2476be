//! Written values to patterns, by the kind of the column that they are compared with.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::block::Block;
use super::error::{FilterError, Piece};
use super::glob::Glob;
use super::lexer::Operator;
use super::pattern::Pattern;
use super::span::Span;
use super::words;
use crate::column::{Column, Kind, Unit};
use crate::ports as port_names;
use crate::time::Timestamp;

/// What separates the ends of a range; `..` alone where a value can hold a dash.
const RANGE: &[&str] = &["..", "-"];

/// Reads `text` as something that a value of `column` can be; one of several things, where it is
/// the name of several ports.
///
/// # Errors
/// No such value can be: a word where numbers are, a port over 65535, a state that does not exist.
pub(super) fn patterns(column: &Column, text: &str) -> Result<Vec<Pattern>, FilterError> {
    let pattern = match column.kind {
        Kind::Text => words::pattern(column, text)?,
        Kind::Number => {
            let one = |text: &str| number(text, column.unit).map(Span::one);
            Span::parse(text, RANGE, one).map(Pattern::Number)?
        }
        Kind::Port => {
            let wide =
                |ports: Span<u16>| Span { first: ports.first.into(), last: ports.last.into() };
            return Ok(ports(text)?.into_iter().map(wide).map(Pattern::Number).collect());
        }
        Kind::Address => match Block::parse(text) {
            Ok(block) => Pattern::Address(Some(block), None),
            Err(error) => return Err(without_port(text, error)),
        },
        Kind::Socket => return socket(text),
        Kind::Time => Span::parse(text, &[".."], instant).map(Pattern::Time)?,
        Kind::List => holder(text),
    };
    Ok(vec![pattern])
}

/// Reads `text` as what `operator` compares a value of `column` with.
///
/// # Errors
/// Those of [`patterns`]; an order of things that have none, or with nothing on its other side.
pub(super) fn ordered(
    column: &Column,
    operator: Operator,
    text: &str,
) -> Result<Vec<Pattern>, FilterError> {
    let mut patterns = patterns(column, text)?;
    if matches!(operator, Operator::Equal | Operator::NotEqual) {
        return Ok(patterns);
    }
    let only = patterns.pop().filter(|_| patterns.is_empty());
    let Some(pattern) = only else {
        let message = format!("{} is several ports: compare it with \"=\" or \"in\"", Piece(text));
        return Err(FilterError::new(message));
    };
    let compared = match pattern {
        Pattern::Number(span) if span.first == span.last => {
            span.compared(operator).map(Pattern::Number)
        }
        Pattern::Time(span) => span.compared(operator).map(Pattern::Time),
        Pattern::Number(_) => {
            let message = format!("{} is a range: compare it with \"in\"", Piece(text));
            return Err(FilterError::new(message));
        }
        Pattern::Text(_) | Pattern::Address(..) | Pattern::Holder(..) => {
            let message = format!("{} has no order: compare it with \"=\" or \"in\"", column.name);
            return Err(FilterError::new(message));
        }
    };
    let compared = compared.map(|pattern| vec![pattern]);
    compared.ok_or_else(|| FilterError::new(format!("nothing lies beyond {}", Piece(text))))
}

/// What may follow a number, without case: its name, its factor, the unit it belongs to.
const SUFFIXES: [(&str, u64, Option<Unit>); 20] = [
    ("", 1, None),
    ("k", 1_000, None),
    ("m", 1_000_000, None),
    ("g", 1_000_000_000, None),
    ("ki", 1 << 10, None),
    ("mi", 1 << 20, None),
    ("gi", 1 << 30, None),
    ("us", 1, Some(Unit::Microseconds)),
    ("ms", 1_000, Some(Unit::Microseconds)),
    ("s", 1_000_000, Some(Unit::Microseconds)),
    ("m", 60_000_000, Some(Unit::Microseconds)),
    ("min", 60_000_000, Some(Unit::Microseconds)),
    ("h", 3_600_000_000, Some(Unit::Microseconds)),
    ("ns", 1, Some(Unit::Nanoseconds)),
    ("us", 1_000, Some(Unit::Nanoseconds)),
    ("ms", 1_000_000, Some(Unit::Nanoseconds)),
    ("s", 1_000_000_000, Some(Unit::Nanoseconds)),
    ("m", 60_000_000_000, Some(Unit::Nanoseconds)),
    ("min", 60_000_000_000, Some(Unit::Nanoseconds)),
    ("h", 3_600_000_000_000, Some(Unit::Nanoseconds)),
];

/// Reads a whole number in `unit`: `1500`, `64KiB`, `10M`, `20ms`.
fn number(text: &str, unit: Unit) -> Result<u64, FilterError> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at_checked(end).unwrap_or((text, ""));
    let suffix = suffix.to_ascii_lowercase();
    let bare = match unit {
        Unit::Bytes => suffix.strip_suffix('b').unwrap_or(&suffix),
        Unit::None | Unit::Count | Unit::Microseconds | Unit::Nanoseconds => &suffix,
    };
    let Some(factor) = factor(bare, unit).filter(|_| !digits.is_empty()) else {
        if let Some(whole) = whole(text, unit) {
            let message = format!("{} is not a whole number", Piece(text));
            return Err(FilterError::new(message).suggest(Some(whole)));
        }
        let hint = match unit {
            Unit::None | Unit::Count => "",
            Unit::Bytes => ", like 1500, 64KiB or 10MB",
            Unit::Microseconds => ", like 1500us or 20ms",
            Unit::Nanoseconds => ", like 20ms, 3s, 90m or 2h",
        };
        let message = format!("{} is not a whole number{hint}", Piece(text));
        return Err(FilterError::new(message));
    };
    let value = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(factor));
    value.ok_or_else(|| FilterError::new(format!("{} is too large", Piece(text))))
}

/// What a number in `unit` with this suffix is multiplied by.
fn factor(suffix: &str, unit: Unit) -> Option<u64> {
    // Of a time, m are minutes, and nobody counts it in thousands or millions.
    let is_time = matches!(unit, Unit::Microseconds | Unit::Nanoseconds);
    let is_known = |(name, _, of): &&(&str, u64, Option<Unit>)| {
        *name == suffix && of.map_or(!is_time || suffix.is_empty(), |of| of == unit)
    };
    SUFFIXES.iter().find(is_known).map(|(_, factor, _)| *factor)
}

/// A decimal fraction of a time as the whole number that it is: `0.5ms` is `500us`.
fn whole(text: &str, unit: Unit) -> Option<String> {
    let (integer, rest) = text.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (decimals, suffix) = rest.split_at_checked(end)?;
    let factor = factor(&suffix.to_ascii_lowercase(), unit)?;
    let scale = 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let number = format!("{integer}{decimals}").parse::<u64>().ok()?.checked_mul(factor)?;
    let name = match unit {
        Unit::Microseconds => "us",
        Unit::Nanoseconds => "ns",
        Unit::None | Unit::Count | Unit::Bytes => return None,
    };
    (number % scale == 0).then(|| format!("{}{name}", number / scale))
}

/// Reads a port, a range of ports, or a name of one or several.
fn ports(text: &str) -> Result<Vec<Span<u16>>, FilterError> {
    let named = named_ports(text);
    if !named.is_empty() {
        return Ok(named);
    }
    let one = |piece: &str| {
        let is_number = !piece.is_empty() && piece.bytes().all(|byte| byte.is_ascii_digit());
        let problem = match piece.parse() {
            Ok(port) if is_number => return Ok(Span::one(port)),
            _ if is_number => "is not a port: the highest is 65535",
            _ if piece != text => "is not a port: a range goes from number to number",
            _ => "is neither a port nor the name of one",
        };
        let near = || words::nearest_word(piece, port_names::names());
        let suggestion = if is_number || piece != text { None } else { near() };
        Err(FilterError::new(format!("{} {problem}", Piece(piece))).suggest(suggestion))
    };
    Ok(vec![Span::parse(text, RANGE, one)?])
}

/// The ports that are called `text`, those that follow each other in one.
fn named_ports(text: &str) -> Vec<Span<u16>> {
    let mut spans: Vec<Span<u16>> = Vec::new();
    if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return spans; // No name is without a letter, and numbers are what most people write.
    }
    for port in port_names::numbers(text) {
        match spans.last_mut() {
            Some(span) if span.last.checked_add(1) == Some(port) => span.last = port,
            _ => spans.push(Span::one(port)),
        }
    }
    spans
}

/// Reads an address, a network, a range, `address:port`, `[address]:port`, `:port` or `*:port`.
fn socket(text: &str) -> Result<Vec<Pattern>, FilterError> {
    let is_any = |text: &str| text.is_empty() || text == "*";
    let (address, port) = address_and_port(text);
    if is_any(address) && port.is_none_or(is_any) {
        let message = format!("{} is every address: ask with \"has\" or \"no\"", Piece(text));
        return Err(FilterError::new(message));
    }
    let ports = port.filter(|port| !is_any(port)).map(ports).transpose()?;
    let block = match Some(address).filter(|address| !is_any(address)) {
        Some(address) => Some(Block::parse(address)?),
        None => None,
    };
    let Some(ports) = ports else {
        return Ok(vec![Pattern::Address(block, None)]);
    };
    Ok(ports.into_iter().map(|ports| Pattern::Address(block.clone(), Some(ports))).collect())
}

/// Parts what stands before and behind the port's colon. IPv6 has colons of its own: without
/// brackets, more than one of them means that there is no port.
fn address_and_port(text: &str) -> (&str, Option<&str>) {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'));
    match (bracketed, text.split_once(':')) {
        (Some((address, "")), _) => (address, None),
        (Some((address, rest)), _) if rest.starts_with(':') => (address, rest.get(1..)),
        (None, Some((address, port))) if !port.contains(':') => (address, Some(port)),
        _ => (text, None),
    }
}

/// `error`, or a better one when `text` would be right for a column that has ports too.
fn without_port(text: &str, error: FilterError) -> FilterError {
    match socket(text).as_deref() {
        Ok([Pattern::Address(_, Some(_)), ..]) => {
            let hint = "has a port: compare it with \"local\" or \"remote\"";
            FilterError::new(format!("{} {hint}", Piece(text)))
        }
        _ => error,
    }
}

/// Reads an instant in RFC 3339, or a day in UTC from its first to its last nanosecond.
fn instant(text: &str) -> Result<Span<Timestamp>, FilterError> {
    let span = match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Some((instant, instant)),
        // jiff reads the date of a longer text too, and would drop its time of day.
        Err(_) if text.len() == "2026-11-23".len() => day(text),
        Err(_) => None,
    };
    let Some((first, last)) = span else {
        let problem = "is not an instant like 2026-11-23T03:26:34Z or a day like 2026-11-23";
        return Err(FilterError::new(format!("{} {problem}", Piece(text))));
    };
    let ns = |instant: jiff::Timestamp| i64::try_from(instant.as_nanosecond()).ok();
    match (ns(first), ns(last)) {
        (Some(first), Some(last)) => {
            Ok(Span { first: Timestamp::from_unix_ns(first), last: Timestamp::from_unix_ns(last) })
        }
        _ => Err(FilterError::new(format!("{} is not in the years 1678 to 2261", Piece(text)))),
    }
}

/// The first and the last instant of a day in UTC.
fn day(text: &str) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let instant = |time| jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(time)).ok();
    Some((instant(jiff::civil::Time::MIN)?, instant(jiff::civil::Time::MAX)?))
}

/// Reads a process: its name, or its pid.
fn holder(text: &str) -> Pattern {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let pid = text.parse().ok().filter(|_| is_number);
    Pattern::Holder(Glob::new(text), pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// The pattern of `text` for the column called `name`, or the mistake.
    fn read(name: &str, text: &str) -> String {
        shown(patterns(Column::find(name).unwrap(), text))
    }

    /// What was read, or the mistake.
    fn shown(read: Result<Vec<Pattern>, FilterError>) -> String {
        let joined = |patterns: Vec<Pattern>| {
            patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        read.map_or_else(|error| error.to_string(), joined)
    }

    #[test]
    fn ports_have_numbers_and_names() {
        let check = |text, expected: &str| assert_eq!(read("local.port", text), expected, "{text}");
        check("22", "22");
        check("8000-8999", "8000-8999");
        check("ssh", "22");
        check("HTTPS", "443");
        check("http-alt", "591, 8008, 8080");
        check("ircu", "6665-6669");
        check("htps", "\"htps\" is neither a port nor the name of one; did you mean https?");
        check("ssh-https", "\"ssh\" is not a port: a range goes from number to number");
        check("70000", "\"70000\" is not a port: the highest is 65535");
        check("", "\"\" is neither a port nor the name of one");
    }

    #[test]
    fn numbers_take_the_suffixes_of_their_unit() {
        let check = |name, text, expected: &str| assert_eq!(read(name, text), expected, "{text}");
        check("pid", "4711", "4711");
        check("retransmits", "2k", "2000");
        check("sent.bytes", "64KiB", "65536");
        check("sent.bytes", "10MB", "10000000");
        check("sent.bytes", "1g-2g", "1000000000-2000000000");
        check("rtt", "20ms", "20000");
        check("rtt", "1s", "1000000");
        check("pid", "20ms", "\"20ms\" is not a whole number");
        check("pid", "", "\"\" is not a whole number");
        check("pid", "-5", "\"-5\" is not a whole number");
        check("sent.bytes", "1.5M", "\"1.5M\" is not a whole number, like 1500, 64KiB or 10MB");
        check("inode", "18446744073709551616", "\"18446744073709551616\" is too large");
        check("sent.bytes", "18446744073709551615k", "\"18446744073709551615k\" is too large");
    }

    #[test]
    fn sockets_take_every_way_to_write_one() {
        let check = |text, expected: &str| assert_eq!(read("remote", text), expected, "{text}");
        check("10.0.0.5", "10.0.0.5");
        check("10.0.0.5:443", "10.0.0.5:443");
        check("::ffff:10.0.0.5", "10.0.0.5");
        check("[::ffff:10.0.0.5]:443", "10.0.0.5:443");
        check("10.0.0.0/8:8000-8999", "10.0.0.0/8:8000-8999");
        check("10.0.0.5:*", "10.0.0.5");
        check(":443", ":443");
        check("*:443", ":443");
        check("::1", "::1");
        check("[::1]", "::1");
        check("[fe80::1%eth0]:443", "[fe80::1%eth0]:443");
        check("[fe80::/10]:443", "[fe80::/10]:443");
        check("*", "\"*\" is every address: ask with \"has\" or \"no\"");
        check(":", "\":\" is every address: ask with \"has\" or \"no\"");
        check("[::1", "\"[::1\" is not an address or a network");
        check("[::1]443", "\"[::1]443\" is not an address or a network");
        check("10.0.0.5:https", "10.0.0.5:443");
        check("[::1]:http-alt", "[::1]:591, [::1]:8008, [::1]:8080");
        check(":ssh", ":22");
        check(
            "10.0.0.5:htps",
            "\"htps\" is neither a port nor the name of one; did you mean https?",
        );
        check("10.0.0.5:70000", "\"70000\" is not a port: the highest is 65535");
    }

    #[test]
    fn times_are_instants_days_and_ranges() {
        let check = |text, expected: &str| assert_eq!(read("time", text), expected, "{text}");
        check("2026-11-23T04:26:34+01:00", "2026-11-23T03:26:34Z");
        check("2026-11-23", "2026-11-23T00:00:00Z..2026-11-23T23:59:59.999999999Z");
        check("2026-11-23..2026-11-23T03:00:00Z", "2026-11-23T00:00:00Z..2026-11-23T03:00:00Z");
        check("1600-01-01", "\"1600-01-01\" is not in the years 1678 to 2261");
        let problem = "is not an instant like 2026-11-23T03:26:34Z or a day like 2026-11-23";
        for text in ["2026-11-23T03:26:34", "2026-02-30", "yesterday", ""] {
            assert_eq!(read("time", text), format!("\"{text}\" {problem}"));
        }
    }

    #[test]
    fn orders_are_ranges() {
        let check = |name, operator, text, expected: &str| {
            let read = shown(ordered(Column::find(name).unwrap(), operator, text));
            assert_eq!(read, expected, "{operator:?} {text}");
        };
        let max = u64::MAX.to_string();
        check("pid", Operator::Less, "10", "0-9");
        check("pid", Operator::LessOrEqual, "10", "0-10");
        check("pid", Operator::Greater, "10", &format!("11-{max}"));
        check("pid", Operator::GreaterOrEqual, "10", &format!("10-{max}"));
        check("pid", Operator::Less, "0", "nothing lies beyond \"0\"");
        check("inode", Operator::Greater, &max, &format!("nothing lies beyond \"{max}\""));
        check("pid", Operator::Less, "1-9", "\"1-9\" is a range: compare it with \"in\"");
        check("local.port", Operator::Less, "ssh", "0-21");
        let several = "\"http-alt\" is several ports: compare it with \"=\" or \"in\"";
        check("local.port", Operator::Less, "http-alt", several);
        let never = "1677-09-21T00:12:43.145224192Z..2026-11-22T23:59:59.999999999Z";
        check("time", Operator::Less, "2026-11-23", never);
        let no_order = "network.connection.state has no order: compare it with \"=\" or \"in\"";
        check("state", Operator::Less, "listen", no_order);
    }
}
