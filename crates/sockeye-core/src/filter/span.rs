//! An inclusive range of numbers, instants or addresses: what every comparison comes down to.

use core::fmt;

use super::error::{FilterError, Piece};
use super::lexer::Operator;
use crate::time::Timestamp;

/// All values from `first` to `last`, both included; a single value when they are equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span<T> {
    /// The smallest.
    pub(super) first: T,
    /// The largest, not below the smallest.
    pub(super) last: T,
}

impl<T: Copy + PartialOrd> Span<T> {
    /// `value` alone.
    pub(super) fn one(value: T) -> Self {
        Self { first: value, last: value }
    }

    /// Whether `value` is one of them.
    pub(super) fn contains(&self, value: T) -> bool {
        self.first <= value && value <= self.last
    }

    /// Reads what `text` writes: a range with one of the `separators`, or a single value. `parse`
    /// reads its ends.
    ///
    /// # Errors
    /// Those of `parse`, and a range that runs backwards.
    pub(super) fn parse(
        text: &str,
        separators: &[&str],
        parse: impl Fn(&str) -> Result<Self, FilterError>,
    ) -> Result<Self, FilterError> {
        let ends = separators.iter().find_map(|s| text.split_once(*s));
        let Some((first, last)) = ends.filter(|(a, b)| !a.is_empty() && !b.is_empty()) else {
            return parse(text);
        };
        let (first, last) = (parse(first)?.first, parse(last)?.last);
        if first > last {
            let message = alloc::format!("the range {} runs backwards", Piece(text));
            return Err(FilterError::new(message));
        }
        Ok(Self { first, last })
    }

    /// Displays the value, or both ends with `separator` between them.
    pub(super) fn write(&self, f: &mut dyn fmt::Write, separator: &str) -> fmt::Result
    where
        T: fmt::Display,
    {
        write!(f, "{}", self.first)?;
        if self.first != self.last {
            write!(f, "{separator}{}", self.last)?;
        }
        Ok(())
    }
}

/// A value with a neighbour on each side, apart from the two at the ends.
pub(super) trait Stepped: Copy + PartialOrd {
    /// All values there are.
    const ALL: Span<Self>;
    /// The value `steps` further on.
    fn step(self, steps: i64) -> Option<Self>;
}

impl Stepped for u64 {
    const ALL: Span<Self> = Span { first: Self::MIN, last: Self::MAX };

    fn step(self, steps: i64) -> Option<Self> {
        self.checked_add_signed(steps)
    }
}

impl Stepped for Timestamp {
    const ALL: Span<Self> =
        Span { first: Self::from_unix_ns(i64::MIN), last: Self::from_unix_ns(i64::MAX) };

    fn step(self, steps: i64) -> Option<Self> {
        self.unix_ns().checked_add(steps).map(Self::from_unix_ns)
    }
}

impl<T: Stepped> Span<T> {
    /// All values that stand to these as `operator` says; `None` when there are none.
    pub(super) fn compared(self, operator: Operator) -> Option<Self> {
        let up_to = |last| Self { last, ..T::ALL };
        let from = |first| Self { first, ..T::ALL };
        match operator {
            Operator::Less => self.first.step(-1).map(up_to),
            Operator::LessOrEqual => Some(up_to(self.last)),
            Operator::GreaterOrEqual => Some(from(self.first)),
            Operator::Greater => self.last.step(1).map(from),
            Operator::Equal | Operator::NotEqual => Some(self),
        }
    }

    /// The order with which a single value says the same, and that value, where there is one.
    pub(super) fn open_end(self) -> Option<(&'static str, T)> {
        if self.first == self.last {
            None
        } else if self.last == T::ALL.last {
            Some((">=", self.first))
        } else if self.first == T::ALL.first {
            Some(("<=", self.last))
        } else {
            None
        }
    }
}
