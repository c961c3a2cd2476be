//! What a value is compared with: a text, a range of numbers or instants, addresses, a holder.

use core::fmt;

use super::block::Block;
use super::glob::Glob;
use super::span::Span;
use crate::column::Value;
use crate::time::Timestamp;

/// One thing that a value can be. Orders are ranges too: `> 9` is 10 and everything after it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Pattern {
    /// A text.
    Text(Glob),
    /// A number or a port.
    Number(Span<u64>),
    /// An instant.
    Time(Span<Timestamp>),
    /// An address, a port, or both; whatever is `None` may be anything.
    Address(Option<Block>, Option<Span<u16>>),
    /// A process: the name, or the pid where the text is a number.
    Holder(Glob, Option<u32>),
}

impl Pattern {
    /// Whether `value` is what is wanted. Absent values never are.
    pub(super) fn accepts(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(glob), Value::Word(text)) => glob.accepts(text),
            (Self::Text(glob), Value::Text(text)) => glob.accepts(text),
            (Self::Number(span), Value::Number(number)) => span.contains(*number),
            (Self::Time(span), Value::Time(time)) => span.contains(*time),
            (Self::Address(block, _), Value::Address(address)) => {
                block.as_ref().is_none_or(|block| block.contains(address))
            }
            (Self::Address(block, ports), Value::Socket(address, port)) => {
                block.as_ref().is_none_or(|block| block.contains(address))
                    && ports.is_none_or(|ports| ports.contains(*port))
            }
            (Self::Holder(glob, pid), Value::Holder(row)) => {
                let is_it = row.owner.map(|owner| owner.process.pid) == *pid && pid.is_some();
                is_it || row.process.is_some_and(|process| glob.accepts(&process.name))
            }
            _ => false,
        }
    }

    /// The order that it is, `>=` or `<=`, when it has no end on one side.
    pub(super) fn order(&self) -> Option<(&'static str, Self)> {
        match *self {
            Self::Number(span) => {
                let (order, end) = span.open_end()?;
                Some((order, Self::Number(Span::one(end))))
            }
            Self::Time(span) => {
                let (order, end) = span.open_end()?;
                Some((order, Self::Time(Span::one(end))))
            }
            _ => None,
        }
    }
}

/// As a filter writes it, not yet quoted.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(glob) | Self::Holder(glob, _) => f.write_str(glob.as_str()),
            Self::Number(span) => span.write(f, "-"),
            Self::Time(span) => span.write(f, ".."),
            Self::Address(Some(block), None) => write!(f, "{block}"),
            Self::Address(block, ports) => {
                match block {
                    Some(block) if block.is_ipv6() => write!(f, "[{block}]:")?,
                    Some(block) => write!(f, "{block}:")?,
                    None => f.write_str(":")?,
                }
                ports.map_or(Ok(()), |ports| ports.write(f, "-"))
            }
        }
    }
}
