//! One cell as plain text: how text, table and CSV write a value.

use std::io::Write as _;

use sockeye_core::{Column, Row, State, Timestamp, Value};
use unicode_width::UnicodeWidthStr;

use super::escape;

/// Writes cells; remembers the last instant it wrote, which most rows of a process share.
#[derive(Default)]
pub(super) struct Cells {
    instant: Option<(Timestamp, Vec<u8>)>,
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
            Value::Address(_) | Value::Socket(..) => put_display(buf, value),
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
        if self.instant.as_ref().is_none_or(|(last, _)| *last != time) {
            self.instant = Some((time, time.to_string().into_bytes()));
        }
        if let Some((_, text)) = &self.instant {
            buf.extend_from_slice(text);
        }
    }
}

/// Appends a number in decimal.
pub(super) fn put_number(buf: &mut Vec<u8>, number: u64) {
    buf.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a value that holds no text from outside, as it displays.
pub(super) fn put_display(buf: &mut Vec<u8>, value: &Value<'_>) {
    // Writing to a Vec cannot fail.
    let _ = write!(buf, "{value}");
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
