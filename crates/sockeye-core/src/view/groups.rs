//! Rows in groups: one for each value of a column, by name.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Range;

use hashbrown::HashMap;

use super::{Entry, Group, Line, RowId};
use crate::column::Value;

/// The number of the group of rows that came while the view was frozen.
const NEWCOMERS: u32 = u32::MAX;

/// Every group that there was, with or without rows now.
#[derive(Default, Debug)]
pub(super) struct Groups {
    numbers: HashMap<Option<Box<str>>, u32>,
    all: Vec<One>,
    /// Rows that came while the view was frozen, of whatever group: they stand at the end.
    newcomers: One,
    /// Those that have rows, in order, each with its first line.
    arranged: Vec<(usize, u32)>,
    lines: usize,
}

/// One group.
#[derive(Default, Debug)]
struct One {
    name: Option<Box<str>>,
    is_closed: bool,
    rows: Range<usize>,
    tally: Tally,
}

/// What is known of a row that has not closed. A place that has another life by now has lost the one
/// of the row.
pub(super) fn living(id: RowId, entries: &[Entry]) -> Option<&Entry> {
    let entry = entries.get(id.slot as usize).filter(|entry| entry.serial == id.serial);
    entry.filter(|entry| entry.counted.is_some())
}

/// What the rows below a head are.
#[derive(Clone, Copy, Default, Debug)]
struct Tally {
    living: usize,
    over: usize,
    elsewhere: usize,
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
        let number = u32::try_from(self.all.len()).unwrap_or(NEWCOMERS);
        self.all.push(One { name: name.clone(), ..One::default() });
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
                *place = u32::try_from(rank).unwrap_or(NEWCOMERS);
            }
        }
        ranks
    }

    pub(super) fn set_open(&mut self, group: u32, is_open: bool) {
        if let Some(one) = self.one_mut(group) {
            one.is_closed = !is_open;
            self.lay_out();
        }
    }

    /// Finds out which rows of `order` each group has, which stand together there.
    pub(super) fn arrange(&mut self, order: &[RowId], entries: &[Entry]) {
        self.arranged.clear();
        self.all.iter_mut().for_each(|one| one.rows = 0..0);
        let group_of = |id: &RowId| entries.get(id.slot as usize).map_or(0, |entry| entry.group);
        let mut start = 0;
        for rows in order.chunk_by(|a, b| group_of(a) == group_of(b)) {
            let end = start + rows.len();
            let number = rows.first().map_or(0, group_of);
            if let Some(one) = self.all.get_mut(number as usize) {
                one.rows = start..end;
                self.arranged.push((0, number));
            }
            start = end;
        }
        self.newcomers = One { rows: start..start, ..One::default() };
        self.count(order, entries);
    }

    /// Takes the rows that came to stand at the end of a frozen `order`. Those before them stay below
    /// the heads that they had, whatever became of them.
    pub(super) fn extend(&mut self, order: &[RowId], entries: &[Entry]) {
        self.newcomers.rows.end = order.len();
        let has_head = self.arranged.last().is_some_and(|(_, number)| *number == NEWCOMERS);
        if !has_head && !self.newcomers.rows.is_empty() {
            self.arranged.push((0, NEWCOMERS));
        }
        self.count(order, entries);
    }

    /// Counts what the rows of each group are now.
    fn count(&mut self, order: &[RowId], entries: &[Entry]) {
        for place in 0..self.arranged.len() {
            let Some((_, number)) = self.arranged.get(place).copied() else { continue };
            let mut tally = Tally::default();
            for id in order.get(self.range(number)).unwrap_or_default() {
                match living(*id, entries) {
                    None => tally.over += 1,
                    Some(_) if self.has(number, *id, entries) => tally.living += 1,
                    Some(_) => tally.elsewhere += 1,
                }
            }
            self.one_mut(number).into_iter().for_each(|one| one.tally = tally);
        }
        self.lay_out();
    }

    /// Whether a row below the head of a group has its value: one that has closed has it for good.
    #[expect(clippy::unused_self, reason = "it is a question to the groups")]
    pub(super) fn has(&self, group: u32, id: RowId, entries: &[Entry]) -> bool {
        let is_own = |entry: &Entry| group == NEWCOMERS || entry.group == group;
        living(id, entries).is_none_or(is_own)
    }

    /// Finds out at which line each group begins.
    fn lay_out(&mut self) {
        let Self { all, newcomers, arranged, lines, .. } = self;
        *lines = 0;
        for (first, number) in arranged {
            *first = *lines;
            let one =
                if *number == NEWCOMERS { Some(&*newcomers) } else { all.get(*number as usize) };
            let rows = one.filter(|one| !one.is_closed).map_or(0, |one| one.rows.len());
            *lines += 1 + rows;
        }
    }

    fn one(&self, group: u32) -> Option<&One> {
        if group == NEWCOMERS { Some(&self.newcomers) } else { self.all.get(group as usize) }
    }

    fn one_mut(&mut self, group: u32) -> Option<&mut One> {
        if group == NEWCOMERS {
            Some(&mut self.newcomers)
        } else {
            self.all.get_mut(group as usize)
        }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines
    }

    /// The rows of a group, as places in the order.
    pub(super) fn range(&self, group: u32) -> Range<usize> {
        self.one(group).map_or(0..0, |one| one.rows.clone())
    }

    /// The line at `index`.
    pub(super) fn line<'a>(&'a self, index: usize, order: &[RowId]) -> Option<Line<'a>> {
        if index >= self.lines {
            return None;
        }
        let place = self.arranged.partition_point(|(first, _)| *first <= index).checked_sub(1)?;
        let (first, number) = *self.arranged.get(place)?;
        let one = self.one(number)?;
        if index > first {
            return order.get(one.rows.start + index - first - 1).map(|id| Line::Row(*id));
        }
        Some(Line::Group(Group {
            name: one.name.as_deref(),
            count: one.tally.living,
            over: one.tally.over,
            elsewhere: one.tally.elsewhere,
            is_open: !one.is_closed,
            is_of_newcomers: number == NEWCOMERS,
            number,
        }))
    }
}
