//! The table that a front end draws: which lives of a session are shown, in which order, in groups.
//!
//! A view is told by the session what changed, and looks at nothing else: rows that changed are taken
//! out of the order and put back where they belong. Front ends draw lines by their index; they never
//! choose, sort or count.

mod groups;
mod order;
#[cfg(test)]
mod tests;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

use hashbrown::{HashMap, HashSet};

use crate::column::{Column, Row};
use crate::endpoint::Endpoint;
use crate::filter::Filter;
use crate::process::{Process, ProcessId};
use crate::session::{Gone, Phase, Session, Slot};
use crate::state::State;
use crate::table::{Scope, SortKey};
use crate::time::Timestamp;

use groups::Groups;

/// What a view shows, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct Look {
    /// Which endpoints, coarsely.
    pub scope: Scope,
    /// Which of those.
    pub filter: Filter,
    /// Only rows that show this text in one of `columns`, without regard to case; empty for all.
    pub search: String,
    /// The columns that are shown, which a search looks at.
    pub columns: Vec<&'static Column>,
    /// The order; rows that are equal in it, and all when it is empty, stand by process.
    pub sort: Vec<SortKey>,
    /// One group for each value of this column.
    pub group: Option<&'static Column>,
}

/// A row as long as it is shown: a place that is used again gets another serial.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowId {
    /// Its place in the session.
    pub slot: Slot,
    /// How often that place was used before.
    pub serial: u32,
}

/// One line of the table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Line<'a> {
    /// The head of a group.
    Group(Group<'a>),
    /// An endpoint.
    Row(RowId),
}

/// A group of rows that have the same value in one column.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Group<'a> {
    /// The value; `None` for those that have none.
    pub name: Option<&'a str>,
    /// How many endpoints it has: those below it that have not closed.
    pub count: usize,
    /// How many rows below it have closed.
    pub over: usize,
    /// How many rows below it have another value by now, and stay because the view is frozen.
    pub elsewhere: usize,
    /// Whether its rows are shown.
    pub is_open: bool,
    /// It has the rows that came while the view was frozen, whatever their value is.
    pub is_of_newcomers: bool,
    /// What stands for it in [`View::set_open`].
    pub number: u32,
}

/// How many endpoints a session shows: of all, whatever the view leaves out.
#[derive(Clone, Default, Debug)]
pub struct Totals {
    /// All of them.
    pub endpoints: usize,
    /// Of TCP by state; those that have closed do not count.
    states: HashMap<State, usize>,
}

/// What is remembered of a place of the session.
#[derive(Clone, Default, Debug)]
struct Entry {
    serial: u32,
    /// It stands in the order.
    is_placed: bool,
    /// It changed since the order was made.
    is_dirty: bool,
    /// Which of its owners it is shown under.
    owner: usize,
    /// As what it was counted, if it was.
    counted: Option<Option<State>>,
    /// The group that it belongs to.
    group: u32,
}

/// A row of the table, with what its life shows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shown<'a> {
    /// What columns look at.
    pub row: Row<'a>,
    /// What happened to it in the last three refreshes.
    pub phase: Phase,
    /// When it was first seen, where it came after the first look and nobody told when it began.
    pub found: Option<Timestamp>,
}

/// A row of a frozen view that is gone, as it was at last.
#[derive(Debug)]
struct Ghost {
    gone: Gone,
    /// Which of its owners it is shown under, and what was known of that one.
    owner: usize,
    process: Option<Process>,
}

/// What is shown of a session, and in which order.
#[derive(Debug)]
pub struct View {
    look: Look,
    entries: Vec<Entry>,
    /// The rows that are shown, in order.
    order: Vec<RowId>,
    groups: Groups,
    totals: Totals,
    is_frozen: bool,
    /// The order is another than it would be: rows came, went or changed while it was frozen.
    is_stale: bool,
    /// Rows of a frozen view that are gone, as they were at last.
    ghosts: HashMap<RowId, Ghost>,
}

impl View {
    /// A view of nothing, until it is told what there is.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            entries: Vec::new(),
            order: Vec::new(),
            groups: Groups::default(),
            totals: Totals::default(),
            is_frozen: false,
            is_stale: false,
            ghosts: HashMap::new(),
        }
    }

    /// How it looks.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Shows something else, or in another order.
    pub fn set_look(&mut self, look: Look, session: &Session) {
        if self.look != look {
            self.groups.forget_unless(self.look.group == look.group);
            self.look = look;
            self.rebuild(session);
        }
    }

    /// Keeps every row where it is, or lets them move again. Meanwhile rows that are new stand at the
    /// end, where groups have a head of their own for them, and those that are gone stay.
    pub fn set_frozen(&mut self, is_frozen: bool, session: &Session) {
        self.is_frozen = is_frozen;
        if !is_frozen && mem::take(&mut self.is_stale) {
            self.rebuild(session);
        }
    }

    /// Whether rows are kept where they are.
    pub fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    /// Whether rows would stand elsewhere if the view were not frozen.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Opens or closes a group.
    pub fn set_open(&mut self, group: u32, is_open: bool) {
        self.groups.set_open(group, is_open);
    }

    /// Takes what happened in `session` since the last call; whether anything may look different.
    ///
    /// Takes time in proportion to what changed, and one pass over the order where a row moves.
    pub fn update(&mut self, session: &mut Session) -> bool {
        let notes = session.take_notes();
        let is_held = self.is_frozen && !self.order.is_empty();
        if notes.is_everything && !is_held {
            self.rebuild(session);
            return true;
        }
        let is_quiet = !notes.is_everything && notes.processes.is_empty();
        if is_quiet && notes.changed.is_empty() && notes.removed.is_empty() {
            return false;
        }
        let mut touched = Vec::with_capacity(notes.changed.len());
        for (slot, gone) in notes.removed {
            self.remove(slot, gone, session);
            touched.push(slot); // Its place may have a new one already.
        }
        touched.extend(notes.changed);
        touched.extend(held_by(session, notes.processes));
        if notes.is_everything {
            touched.extend(session.slots());
        }
        touched.sort_unstable();
        touched.dedup();
        self.place(session, &touched);
        true
    }

    /// How many endpoints there are, also those that are not shown.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many rows are shown, groups and those in closed ones apart.
    pub fn rows(&self) -> &[RowId] {
        &self.order
    }

    /// How many lines there are: rows, and heads of groups.
    pub fn len(&self) -> usize {
        if self.look.group.is_some() { self.groups.len() } else { self.order.len() }
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The line at `index`.
    pub fn line(&self, index: usize) -> Option<Line<'_>> {
        match self.look.group {
            Some(_) => self.groups.line(index, &self.order),
            None => self.order.get(index).map(|id| Line::Row(*id)),
        }
    }

    /// The rows of a group, in order.
    pub fn rows_of(&self, group: u32) -> &[RowId] {
        self.order.get(self.groups.range(group)).unwrap_or_default()
    }

    /// The same without those that have another value by now.
    pub fn members(&self, group: u32) -> impl Iterator<Item = RowId> {
        let is_member = move |id: &&RowId| self.groups.has(group, **id, &self.entries);
        self.rows_of(group).iter().filter(is_member).copied()
    }

    /// How many of the rows that are shown have not closed.
    pub fn living(&self) -> usize {
        self.order.iter().filter(|id| groups::living(**id, &self.entries).is_some()).count()
    }

    /// What a row shows.
    pub fn row<'a>(&'a self, id: RowId, session: &'a Session) -> Option<Shown<'a>> {
        if let Some(Ghost { gone, owner, process }) = self.ghosts.get(&id) {
            let row = nth_row(session, &gone.endpoint, *owner)?;
            let (process, span) = (process.as_ref().or(row.process), (gone.start, gone.end));
            let row = Row { process, span, ..row };
            return Some(Shown { row, phase: Phase::Closed, found: gone.found });
        }
        let entry = self.entries.get(id.slot as usize).filter(|entry| entry.serial == id.serial)?;
        let live = session.last(id.slot)?;
        let row = nth_row(session, live.endpoint, entry.owner)?;
        let row = Row { span: (live.start, live.end), ..row };
        Some(Shown { row, phase: live.phase, found: live.found })
    }

    /// Where the line of a row is.
    pub fn position(&self, id: RowId) -> Option<usize> {
        (0..self.len()).find(|index| self.line(*index) == Some(Line::Row(id)))
    }

    /// Takes a life out that is gone. In a frozen view its row stays.
    fn remove(&mut self, slot: Slot, gone: Gone, session: &Session) {
        let Some(entry) = self.entries.get_mut(slot as usize) else { return };
        let id = RowId { slot, serial: entry.serial };
        let was_placed = mem::take(&mut entry.is_placed);
        self.totals.uncount(entry.counted.take());
        entry.serial = entry.serial.wrapping_add(1);
        if was_placed && self.is_frozen {
            self.is_stale = true;
            let owner = entry.owner;
            let row = nth_row(session, &gone.endpoint, owner);
            // The session forgets a process that holds nothing; this row goes on naming it.
            let process = row.and_then(|row| row.process.cloned());
            self.ghosts.insert(id, Ghost { gone, owner, process });
        }
    }

    /// Chooses, counts and sorts everything anew.
    fn rebuild(&mut self, session: &Session) {
        self.order.clear();
        self.ghosts.clear();
        self.is_stale = false;
        self.totals = Totals::default();
        for entry in &mut self.entries {
            (entry.is_placed, entry.counted) = (false, None);
        }
        let slots: Vec<Slot> = session.slots().collect();
        let fitting = slots.into_iter().filter_map(|slot| self.judge(session, slot)).collect();
        self.order = self.sorted(session, fitting);
        self.order.iter().for_each(|id| {
            if let Some(entry) = self.entries.get_mut(id.slot as usize) {
                entry.is_placed = true;
            }
        });
        self.arrange();
    }

    /// Puts rows that stand in order under the heads of their groups.
    fn arrange(&mut self) {
        if self.look.group.is_some() {
            self.groups.arrange(&self.order, &self.entries);
        }
    }

    /// Counts the life at `slot` and finds out whether, under which owner and in which group it is
    /// shown.
    fn judge(&mut self, session: &Session, slot: Slot) -> Option<RowId> {
        let index = slot as usize;
        if self.entries.len() <= index {
            self.entries.resize(index + 1, Entry::default());
        }
        let entry = self.entries.get_mut(index)?;
        self.totals.uncount(entry.counted.take());
        let live = session.live(slot)?;
        if live.phase != Phase::Closed {
            self.totals.count(live.endpoint.state);
            entry.counted = Some(live.endpoint.state);
        }
        let span = (live.start, live.end);
        let rows = Row::each(session.context(), live.endpoint).map(|row| Row { span, ..row });
        let rows = rows.enumerate();
        let mut fitting = rows.filter(|(_, row)| self.look.shows(row));
        let (owner, row) = fitting.next()?;
        let entry = self.entries.get_mut(index)?;
        entry.owner = owner;
        if let Some(column) = self.look.group {
            entry.group = self.groups.number_of(&column.value(&row));
        }
        Some(RowId { slot, serial: entry.serial })
    }

    /// Puts the lives at the places `touched` where they belong now.
    fn place(&mut self, session: &Session, touched: &[Slot]) {
        if self.is_frozen {
            return self.append(session, touched);
        }
        let mut fresh = Vec::new();
        for slot in touched {
            let id = self.judge(session, *slot);
            let Some(entry) = self.entries.get_mut(*slot as usize) else { continue };
            entry.is_dirty = true;
            entry.is_placed = id.is_some();
            fresh.extend(id);
        }
        let entries = &self.entries;
        let is_kept = |id: &RowId| {
            entries
                .get(id.slot as usize)
                .is_some_and(|entry| !entry.is_dirty && entry.serial == id.serial)
        };
        let mut kept = mem::take(&mut self.order);
        kept.retain(is_kept);
        self.order = self.merged(session, kept, fresh);
        for slot in touched {
            if let Some(entry) = self.entries.get_mut(*slot as usize) {
                entry.is_dirty = false;
            }
        }
        self.arrange();
    }

    /// Puts those of the lives at the places `touched` that have no row yet at the end.
    fn append(&mut self, session: &Session, touched: &[Slot]) {
        self.is_stale = true;
        for slot in touched {
            let Some(id) = self.judge(session, *slot) else { continue };
            let Some(entry) = self.entries.get_mut(*slot as usize) else { continue };
            if !mem::replace(&mut entry.is_placed, true) {
                self.order.push(id);
            }
        }
        if self.look.group.is_some() {
            self.groups.extend(&self.order, &self.entries);
        }
    }
}

/// `endpoint` under one of its owners; under another where it has that one no more.
fn nth_row<'a>(session: &'a Session, endpoint: &'a Endpoint, owner: usize) -> Option<Row<'a>> {
    let rows = || Row::each(session.context(), endpoint);
    rows().nth(owner).or_else(|| rows().next())
}

/// The places of lives that name one of these processes.
fn held_by(session: &Session, processes: Vec<ProcessId>) -> Vec<Slot> {
    let processes: HashSet<ProcessId> = processes.into_iter().collect();
    if processes.is_empty() {
        return Vec::new();
    }
    let is_named = |slot: &Slot| {
        let owners = session.live(*slot).map(|live| live.endpoint.owners.as_slice());
        owners.unwrap_or_default().iter().any(|owner| processes.contains(&owner.process))
    };
    session.slots().filter(is_named).collect()
}

impl Look {
    /// Whether a row is shown.
    fn shows(&self, row: &Row<'_>) -> bool {
        self.scope.contains(row.endpoint) && self.filter.matches(row) && self.finds(row)
    }

    /// Whether a column shows the text that is searched.
    fn finds(&self, row: &Row<'_>) -> bool {
        if self.search.is_empty() {
            return true;
        }
        let wanted = self.search.to_lowercase();
        let texts = self.columns.iter().map(|column| column.value(row)).filter(|v| !v.is_absent());
        texts.map(|value| value.to_string().to_lowercase()).any(|text| text.contains(&wanted))
    }
}

impl Totals {
    /// How many TCP endpoints are in `state`.
    pub fn of(&self, state: State) -> usize {
        self.states.get(&state).copied().unwrap_or_default()
    }

    fn count(&mut self, state: Option<State>) {
        self.endpoints += 1;
        if let Some(state) = state {
            *self.states.entry(state).or_default() += 1;
        }
    }

    fn uncount(&mut self, counted: Option<Option<State>>) {
        let Some(state) = counted else { return };
        self.endpoints = self.endpoints.saturating_sub(1);
        if let Some(count) = state.and_then(|state| self.states.get_mut(&state)) {
            *count = count.saturating_sub(1);
        }
    }
}
