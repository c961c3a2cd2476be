//! One cell as plain text: how text, table and CSV write a value.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::IpAddr;

use sockeye_core::address::Scoped;
use sockeye_core::{Column, Row, State, Timestamp, Value};
use unicode_width::UnicodeWidthStr;

use super::escape;

/// Writes cells; remembers the instants it wrote, which the rows of a block share: lives for one
/// block.
#[derive(Default)]
pub(super) struct Cells {
    instants: HashMap<Timestamp, String>,
}

impl Cells {
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
    /// place of its address where it was asked for and is known, all else as the column says.
    pub(super) fn put_for_people(&mut self, buf: &mut Vec<u8>, column: &Column, row: &Row<'_>) {
        if is_state(column) {
            let label = row.endpoint.state.map_or("", State::label);
            return buf.extend_from_slice(label.as_bytes());
        }
        let value = column.value(row);
        if let Value::Socket(address, port) = value
            && let Some(name) = row.snapshot.hostnames.get(&address.ip)
        {
            escape::text(buf, name);
            buf.push(b':');
            return put_number(buf, port.into());
        }
        self.put(buf, &value);
    }

    /// Appends an instant.
    pub(super) fn put_time(&mut self, buf: &mut Vec<u8>, time: Timestamp) {
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

/// How many terminal cells `text`, already escaped, takes.
pub(super) fn width(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    std::str::from_utf8(text).map_or(text.len(), UnicodeWidthStr::width)
}

#[cfg(test)]
mod tests {
    use super::*;

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
