//! Which rows are chosen, and the line that the keyboard is on.

use std::collections::HashSet;

use sockeye_core::view::{Line, RowId, View};

/// The line that the keyboard is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cursor {
    Row(RowId),
    Group(u32),
}

impl Cursor {
    /// What stands at `index`.
    fn at(view: &View, index: usize) -> Option<Self> {
        view.line(index).map(|line| match line {
            Line::Row(id) => Self::Row(id),
            Line::Group(group) => Self::Group(group.number),
        })
    }

    /// Where it stands.
    fn position(self, view: &View) -> Option<usize> {
        match self {
            Self::Row(id) => view.position(id),
            Self::Group(number) => (0..view.len()).find(|index| {
                matches!(view.line(*index), Some(Line::Group(group)) if group.number == number)
            }),
        }
    }
}

/// What becomes of what was chosen before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// Nothing else stays chosen.
    Alone,
    /// The row is chosen, or chosen no more, the others stay as they are.
    Toggle,
    /// Everything from where the last choice began.
    Range,
    /// The keyboard moves, and nothing is chosen.
    Move,
}

/// Which rows are chosen.
#[derive(Default, Debug)]
pub(crate) struct Choice {
    rows: HashSet<RowId>,
    /// The groups that were chosen by their heads.
    heads: HashSet<u32>,
    pub(crate) cursor: Option<Cursor>,
    /// Where a range begins.
    anchor: Option<Cursor>,
    /// Where the cursor stood last, for when its row is gone.
    place: usize,
}

/// The group that a line is the head of.
fn head(line: Line<'_>) -> Option<u32> {
    match line {
        Line::Group(group) => Some(group.number),
        Line::Row(_) => None,
    }
}

impl Choice {
    pub(crate) fn contains(&self, id: RowId) -> bool {
        self.rows.contains(&id)
    }

    /// Whether a group was chosen by its head.
    pub(crate) fn has_head(&self, group: u32) -> bool {
        self.heads.contains(&group) && !self.rows.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Up to so many of the chosen rows, in no order.
    pub(crate) fn some(&self, count: usize) -> Vec<RowId> {
        self.rows.iter().copied().take(count).collect()
    }

    /// Whether all of these are chosen.
    pub(crate) fn is_of(&self, rows: &[RowId]) -> bool {
        rows.iter().all(|id| self.rows.contains(id))
    }

    /// The chosen rows, in the order of the table.
    pub(crate) fn ordered(&self, view: &View) -> Vec<RowId> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        view.rows().iter().copied().filter(|id| self.rows.contains(id)).collect()
    }

    /// Forgets rows that the table has no more.
    pub(crate) fn keep_shown(&mut self, view: &View) {
        if self.rows.is_empty() {
            return;
        }
        let shown: HashSet<RowId> =
            view.rows().iter().copied().filter(|id| self.rows.contains(id)).collect();
        self.rows = shown;
    }

    /// Chooses every row.
    pub(crate) fn choose_all(&mut self, view: &View) {
        self.rows = view.rows().iter().copied().collect();
        let lines = (0..view.len()).filter_map(|index| view.line(index));
        self.heads = lines.filter_map(head).collect();
    }

    /// Goes to the line at `index`.
    pub(crate) fn go_to(&mut self, view: &View, index: usize, manner: Manner) {
        let Some(cursor) = Cursor::at(view, index) else { return };
        self.place = index;
        self.cursor = Some(cursor);
        match (manner, cursor) {
            (Manner::Move, _) => return,
            (Manner::Range, _) => return self.choose_range(view, index),
            (Manner::Alone, _) => {
                self.rows.clear();
                self.heads.clear();
                self.add(view, cursor);
            }
            (Manner::Toggle, Cursor::Row(id)) => {
                self.heads.clear();
                if !self.rows.remove(&id) {
                    self.rows.insert(id);
                }
            }
            (Manner::Toggle, Cursor::Group(_)) => self.add(view, cursor),
        }
        self.anchor = Some(cursor);
    }

    /// Moves by some lines and returns where that leads.
    pub(crate) fn move_by(&mut self, view: &View, lines: isize, manner: Manner) -> Option<usize> {
        let last = view.len().checked_sub(1)?;
        let here = self.cursor.and_then(|cursor| cursor.position(view));
        let next = match here {
            Some(here) => here.saturating_add_signed(lines).min(last),
            // The row is gone: what stands in its place now.
            None if self.cursor.is_some() => self.place.min(last),
            // Home, and everything else upwards.
            None if lines == -isize::MAX => 0,
            None if lines < 0 => last,
            None => lines.unsigned_abs().saturating_sub(1).min(last),
        };
        self.go_to(view, next, manner);
        Some(next)
    }

    /// Where the cursor stands.
    pub(crate) fn position(&self, view: &View) -> Option<usize> {
        self.cursor?.position(view)
    }

    fn choose_range(&mut self, view: &View, end: usize) {
        let start = self.anchor.and_then(|anchor| anchor.position(view)).unwrap_or(end);
        if self.anchor.is_none() {
            self.anchor = Cursor::at(view, end);
        }
        self.heads.clear();
        let lines = (start.min(end)..=start.max(end)).filter_map(|index| view.line(index));
        self.rows = lines
            .filter_map(|line| match line {
                Line::Row(id) => Some(id),
                Line::Group(_) => None,
            })
            .collect();
    }

    /// Adds a row, or the rows of a group.
    fn add(&mut self, view: &View, cursor: Cursor) {
        match cursor {
            Cursor::Row(id) => {
                self.rows.insert(id);
            }
            Cursor::Group(number) => {
                self.heads.insert(number);
                self.rows.extend(view.rows_of(number));
            }
        }
    }
}
