//! One cell as plain text: how text, table and CSV write a value.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::IpAddr;

use sockeye_core::address::Scoped;
use sockeye_core::ports::{Side, is_familiar};
use sockeye_core::workload::short_id;
use sockeye_core::{Column, Row, State, Timestamp, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Ports, escape};

/// Writes cells; remembers the instants it wrote, which the rows of a block share: lives for one
/// block.
#[derive(Default)]
pub(super) struct Cells {
    ports: Ports,
    instants: HashMap<Timestamp, String>,
    /// The first of them: when the rows were observed, which comes again in each.
    first: Option<(Timestamp, String)>,
}

impl Cells {
    /// Writes ports for people as `ports` says.
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports, ..Self::default() }
    }

    /// Appends `value`, whatever came from outside escaped for people.
    pub(super) fn put(&mut self, buf: &mut Vec<u8>, value: &Value<'_>) {
        match value {
            Value::Absent => {}
            Value::Word(word) => buf.extend_from_slice(word.as_bytes()),
            Value::Text(text) => escape::text(buf, text),
            Value::Number(number) => put_number(buf, *number),
            Value::Time(time) => self.put_time(buf, *time),
            Value::Address(address) | Value::Socket(address, _) if address.interface.is_some() => {
                escape::text(buf, &value.to_string());
            }
            Value::Address(_) | Value::Socket(..) => put_address(buf, value),
            Value::Holder(..) => escape::text(buf, &value.to_string()),
            Value::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        buf.push(b' ');
                    }
                    self.put(buf, value);
                }
            }
        }
    }

    /// Appends what people read in `column` of `row`: states in RFC 9293's words, a host name in
    /// place of its address where it was asked for and is known, the name of the service's port where
    /// people know it, a container's id as short as its runtime shows it, all else as the column says.
    pub(super) fn put_for_people(&mut self, buf: &mut Vec<u8>, column: &Column, row: &Row<'_>) {
        if is_state(column) {
            let label = row.endpoint.state.map_or("", State::label);
            return buf.extend_from_slice(label.as_bytes());
        }
        let value = column.value(row);
        let Value::Socket(address, port) = value else {
            return match &value {
                Value::Text(id) if column.name == "container.id" => escape::text(buf, short_id(id)),
                value => self.put(buf, value),
            };
        };
        let host = row.snapshot.answers.hostnames.get(&address.ip);
        let is_named = self.ports == Ports::Named && is_familiar(port);
        let service = if is_named { row.service() } else { None };
        let name = service.filter(|(side, _)| is_side(column, *side)).map(|(_, name)| name);
        match (host, name) {
            (None, None) => return self.put(buf, &value),
            (Some(host), _) => escape::text(buf, host),
            (None, Some(_)) if address.ip.is_ipv6() => {
                buf.push(b'[');
                self.put(buf, &Value::Address(address));
                buf.push(b']');
            }
            (None, Some(_)) => self.put(buf, &Value::Address(address)),
        }
        buf.push(b':');
        match name {
            Some(name) => buf.extend_from_slice(name.as_bytes()),
            None => put_number(buf, port.into()),
        }
    }

    /// Appends an instant.
    pub(super) fn put_time(&mut self, buf: &mut Vec<u8>, time: Timestamp) {
        let (first, text) = self.first.get_or_insert_with(|| (time, time.to_string()));
        if *first == time {
            return buf.extend_from_slice(text.as_bytes());
        }
        let text = self.instants.entry(time).or_insert_with(|| time.to_string());
        buf.extend_from_slice(text.as_bytes());
    }
}

/// Appends a number in decimal.
pub(super) fn put_number(buf: &mut Vec<u8>, number: u64) {
    buf.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends an address without an interface's name, or such a socket, as it displays.
///
/// IPv4 goes without the formatting machinery, which took a third of the time of a long list.
pub(super) fn put_address(buf: &mut Vec<u8>, value: &Value<'_>) {
    let (ip, port) = match value {
        Value::Address(Scoped { ip: IpAddr::V4(ip), .. }) => (ip, None),
        Value::Socket(Scoped { ip: IpAddr::V4(ip), .. }, port) => (ip, Some(*port)),
        value => {
            // Writing to a Vec cannot fail.
            let _ = write!(buf, "{value}");
            return;
        }
    };
    let [first, rest @ ..] = ip.octets();
    put_number(buf, first.into());
    for octet in rest {
        buf.push(b'.');
        put_number(buf, octet.into());
    }
    if let Some(port) = port {
        buf.push(b':');
        put_number(buf, port.into());
    }
}

/// Whether `column` is the TCP state.
pub(super) fn is_state(column: &Column) -> bool {
    column.name == "network.connection.state"
}

/// Whether `column` is that side of an endpoint, address and port in one.
fn is_side(column: &Column, side: Side) -> bool {
    match side {
        Side::Local => column.name == "local",
        Side::Remote => column.name == "remote",
    }
}

/// How many terminal cells `text`, already escaped, takes.
pub(super) fn width(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    std::str::from_utf8(text).map_or(text.len(), UnicodeWidthStr::width)
}

/// Cuts `text` in its middle, where an ellipsis then stands, to at most `room` terminal cells.
pub(super) fn shorten(text: &mut Vec<u8>, room: usize) {
    if width(text) <= room {
        return;
    }
    let Ok(whole) = std::str::from_utf8(text) else {
        return;
    };
    let half = room.saturating_sub(1) / 2;
    let end = whole.len() - fitting(whole.chars().rev(), half);
    let start = fitting(whole.chars(), room.saturating_sub(1) - half);
    drop(text.splice(start..end.max(start), "…".bytes()));
}

/// The bytes of as many of `chars` as fit into `room` terminal cells. A character of no width
/// counts as one, since it may widen the one before (U+FE0F makes an emoji of a sign).
fn fitting(chars: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or_default().max(1);
        used <= room
    };
    chars.take_while(fits).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_wide_loses_its_middle() {
        let check = |text: &str, room, expected: &str| {
            let mut buf = text.as_bytes().to_vec();
            shorten(&mut buf, room);
            assert_eq!(String::from_utf8(buf).unwrap(), expected);
        };
        check("0123456789", 10, "0123456789");
        check("0123456789", 9, "0123…6789");
        check("0123456789", 6, "012…89");
        check("日本語日本語", 8, "日本…語");
        check("❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}", 5, "❤\u{fe0f}…❤\u{fe0f}");
        check("0123456789", 1, "…");
    }

    #[test]
    fn addresses_are_written_as_they_display() {
        for ip in ["0.0.0.0", "10.0.0.5", "255.255.255.255", "::", "fe80::1"] {
            let address = Scoped { ip: ip.parse().unwrap(), scope: 0, interface: None };
            for value in
                [Value::Address(address), Value::Socket(address, 0), Value::Socket(address, 65535)]
            {
                let mut buf = Vec::new();
                put_address(&mut buf, &value);
                assert_eq!(String::from_utf8(buf).unwrap(), value.to_string());
            }
        }
    }
}
