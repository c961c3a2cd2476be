//! Rows in groups: one for each value of a column, by name.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Range;

use hashbrown::HashMap;

use super::{Entry, Group, Line, RowId};
use crate::column::Value;

/// Every group that there was, with or without rows now.
#[derive(Default, Debug)]
pub(super) struct Groups {
    numbers: HashMap<Option<Box<str>>, u32>,
    all: Vec<One>,
    /// Those that have rows, in order, each with its first line.
    arranged: Vec<(usize, u32)>,
    lines: usize,
}

/// One group.
#[derive(Debug)]
struct One {
    name: Option<Box<str>>,
    is_closed: bool,
    rows: Range<usize>,
}

impl Groups {
    /// Forgets all groups, unless they are `the_same`.
    pub(super) fn forget_unless(&mut self, the_same: bool) {
        if !the_same {
            *self = Self::default();
        }
    }

    /// The number of the group with this value.
    pub(super) fn number_of(&mut self, value: &Value<'_>) -> u32 {
        let name: Option<Box<str>> = (!value.is_absent()).then(|| value.to_string().into());
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(One { name: name.clone(), is_closed: false, rows: 0..0 });
        self.numbers.insert(name, number);
        number
    }

    /// Where each group stands: by name, without regard to case, that without a name last.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut numbers: Vec<usize> = (0..self.all.len()).collect();
        numbers.sort_by_cached_key(|number| {
            let name = self.all.get(*number).and_then(|one| one.name.as_deref());
            (name.is_none(), name.map(str::to_lowercase), name)
        });
        let mut ranks = alloc::vec![0; self.all.len()];
        for (rank, number) in numbers.into_iter().enumerate() {
            if let Some(place) = ranks.get_mut(number) {
                *place = u32::try_from(rank).unwrap_or(u32::MAX);
            }
        }
        ranks
    }

    pub(super) fn set_open(&mut self, group: u32, is_open: bool) {
        if let Some(one) = self.all.get_mut(group as usize) {
            one.is_closed = !is_open;
        }
    }

    /// Finds out which rows of `order` each group has, which stand together there. Rows at the end
    /// of a frozen order belong to the group before them.
    pub(super) fn arrange(&mut self, order: &[RowId], entries: &[Entry]) {
        self.arranged.clear();
        self.lines = 0;
        self.all.iter_mut().for_each(|one| one.rows = 0..0);
        let group_of = |id: &RowId| entries.get(id.slot as usize).map_or(0, |entry| entry.group);
        let mut start = 0;
        for rows in order.chunk_by(|a, b| group_of(a) == group_of(b)) {
            let end = start + rows.len();
            let number = rows.first().map_or(0, group_of);
            let is_first = self.all.get(number as usize).is_some_and(|one| one.rows.is_empty());
            match self.arranged.last().copied() {
                Some((_, last)) if !is_first => self.extend(last, end, rows.len()),
                _ => self.begin(number, start..end),
            }
            start = end;
        }
    }

    /// Gives the last group some more rows.
    fn extend(&mut self, number: u32, end: usize, count: usize) {
        let Some(one) = self.all.get_mut(number as usize) else { return };
        one.rows.end = end;
        self.lines += if one.is_closed { 0 } else { count };
    }

    /// Begins a group with these rows.
    fn begin(&mut self, number: u32, rows: Range<usize>) {
        let Some(one) = self.all.get_mut(number as usize) else { return };
        self.arranged.push((self.lines, number));
        self.lines += 1 + if one.is_closed { 0 } else { rows.len() };
        one.rows = rows;
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines
    }

    /// The rows of a group, as places in the order.
    pub(super) fn range(&self, group: u32) -> Range<usize> {
        self.all.get(group as usize).map_or(0..0, |one| one.rows.clone())
    }

    /// The line at `index`.
    pub(super) fn line<'a>(&'a self, index: usize, order: &[RowId]) -> Option<Line<'a>> {
        if index >= self.lines {
            return None;
        }
        let place = self.arranged.partition_point(|(first, _)| *first <= index).checked_sub(1)?;
        let (first, number) = *self.arranged.get(place)?;
        let one = self.all.get(number as usize)?;
        if index > first {
            return order.get(one.rows.start + index - first - 1).map(|id| Line::Row(*id));
        }
        Some(Line::Group(Group {
            name: one.name.as_deref(),
            count: one.rows.len(),
            is_open: !one.is_closed,
            number,
        }))
    }
}
