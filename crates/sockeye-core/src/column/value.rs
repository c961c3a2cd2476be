//! The value of a cell, typed, borrowed from the snapshot, ordered and displayed in one way.

use core::cmp::Ordering;
use core::fmt;
use core::net::IpAddr;

use alloc::borrow::Cow;
use alloc::boxed::Box;

use super::Row;
use crate::address::{Scoped, write_socket};
use crate::time::Timestamp;

/// The unit of a number, so that every front end labels and scales it alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Not a quantity.
    None,
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

/// The value of one column in one row.
///
/// Values order as people expect: absent ones last, text without regard to case, numbers by size,
/// addresses by family and then number.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    /// Not known, or there is none. Displays as nothing.
    Absent,
    /// Text that this program chose: safe to print as it is.
    Word(&'static str),
    /// Text from outside, to be escaped by whoever prints it.
    Text(Cow<'a, str>),
    /// A whole number.
    Number(u64),
    /// An IP address.
    Address(Scoped<'a>),
    /// An address with its port.
    Socket(Scoped<'a>, u16),
    /// An instant.
    Time(Timestamp),
    /// Another holder of the socket, as the row that it would be. Displays as `4711/nginx`.
    Holder(Row<'a>),
    /// Several values.
    List(Box<[Value<'a>]>),
}

impl<'a> Value<'a> {
    /// `Number` when there is one.
    pub fn number(value: Option<impl Into<u64>>) -> Self {
        value.map_or(Self::Absent, |n| Self::Number(n.into()))
    }

    /// `Text` when there is one.
    pub fn text(value: Option<impl Into<Cow<'a, str>>>) -> Self {
        value.map_or(Self::Absent, |text| Self::Text(text.into()))
    }

    /// Whether there is no value.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The text of `Word` and `Text`.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Word(text) => Some(text),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The address of `Address` and `Socket`.
    pub fn as_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) | Self::Socket(address, _) => Some(address.ip),
            _ => None,
        }
    }

    /// Kinds in the order they sort when a column mixes them; absent last.
    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Address(_) => 1,
            Self::Socket(..) => 2,
            Self::Time(_) => 3,
            Self::Word(_) | Self::Text(_) => 4,
            Self::Holder(..) => 5,
            Self::List(_) => 6,
            Self::Absent => 7,
        }
    }

    /// The order in which a column sorts.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Address(a), Self::Address(b)) => a.cmp(b),
            (Self::Socket(a, p), Self::Socket(b, q)) => a.cmp(b).then(p.cmp(q)),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Holder(a), Self::Holder(b)) => a.owner.cmp(&b.owner),
            (Self::List(a), Self::List(b)) => order_lists(a, b),
            _ => match (self.as_text(), other.as_text()) {
                (Some(a), Some(b)) => order_texts(a, b),
                _ => self.rank().cmp(&other.rank()),
            },
        }
    }
}

/// Without regard to case; equal but for case falls back to the bytes, so that the order is total.
fn order_texts(a: &str, b: &str) -> Ordering {
    let left = a.bytes().map(|byte| byte.to_ascii_lowercase());
    let right = b.bytes().map(|byte| byte.to_ascii_lowercase());
    left.cmp(right).then_with(|| a.cmp(b))
}

/// Element by element, the shorter list first.
fn order_lists(a: &[Value<'_>], b: &[Value<'_>]) -> Ordering {
    let differing = a.iter().zip(b).map(|(x, y)| x.order(y)).find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// `pid/name`, the name where it is known.
fn write_holder(f: &mut fmt::Formatter<'_>, row: &Row<'_>) -> fmt::Result {
    if let Some(owner) = row.owner {
        write!(f, "{}", owner.process)?;
    }
    row.process.map_or(Ok(()), |process| write!(f, "/{}", process.name))
}

/// Displays without escaping: whoever prints decides what its medium needs.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => Ok(()),
            Self::Word(text) => f.write_str(text),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Socket(address, port) => write_socket(f, *address, *port),
            Self::Time(time) => write!(f, "{time}"),
            Self::Holder(row) => write_holder(f, row),
            Self::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    let separator = if index == 0 { "" } else { " " };
                    write!(f, "{separator}{value}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_sorts_last_and_text_ignores_case() {
        let check =
            |a: Value<'_>, b: Value<'_>, order| assert_eq!(a.order(&b), order, "{a:?} {b:?}");
        let text = |text: &'static str| Value::Text(text.into());
        check(Value::Absent, Value::Number(9), Ordering::Greater);
        check(Value::Absent, Value::Absent, Ordering::Equal);
        check(Value::Number(9), Value::Number(10), Ordering::Less);
        check(text("Beta"), text("alpha"), Ordering::Greater);
        check(text("a"), text("A"), Ordering::Greater);
        check(Value::Word("tcp"), text("udp"), Ordering::Less);
    }
}
