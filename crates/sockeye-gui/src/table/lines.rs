//! The lines that are seen, written out: renewed only when something may look different.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use sockeye_core::session::Phase;
use sockeye_core::traffic::Volume;
use sockeye_core::view::{self, RowId};
use sockeye_core::{Column, State, degradation::number_of};
use sockeye_engine::desk::{Board, Desk};
use sockeye_print::escaped;

use super::cell::{self, Cell, Manner};
use crate::page::Program;
use crate::theme::icon;

/// Groups of more rows than this are added up only now and then.
const LARGE: usize = 2000;
/// How long the sum of such a group is good for.
const GOOD: Duration = Duration::from_secs(1);

/// A line, written out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    Group(Group),
    Row(Row),
}

/// The head of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) is_open: bool,
    pub(crate) count: String,
    /// What its rows carried, where that was measured.
    pub(crate) sums: Option<(String, String)>,
}

/// A row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) id: RowId,
    pub(crate) phase: Phase,
    pub(crate) icon: &'static str,
    /// What has a picture, perhaps.
    pub(crate) program: Option<Program>,
    /// One for each column.
    pub(crate) cells: Vec<Cell>,
}

/// What decides how lines are written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Form {
    pub(crate) columns: Vec<&'static Column>,
    pub(crate) resolves_names: bool,
}

/// The lines that are seen.
#[derive(Default, Debug)]
pub(crate) struct Lines {
    lines: Vec<Line>,
    /// Which they are, of which version of the board, how written.
    range: Range<usize>,
    version: Option<u64>,
    form: Option<Form>,
    /// How many lines there are in all.
    pub(crate) len: usize,
    /// Rows would stand elsewhere if they were let move.
    pub(crate) is_stale: bool,
    sums: HashMap<u32, (Instant, Option<Volume>)>,
}

impl Lines {
    /// Renews the lines in `range`, where anything may look different. Returns whether they are those
    /// of now: not while the board is being renewed at this very moment.
    pub(crate) fn fill(&mut self, desk: &Desk, range: &Range<usize>, form: &Form) -> bool {
        let Some(board) = desk.try_board() else { return false };
        let is_same = self.version == Some(board.version)
            && self.range == *range
            && self.form.as_ref() == Some(form);
        if is_same {
            return true;
        }
        self.len = board.view.len();
        self.is_stale = board.view.is_stale();
        let now = board.session.context().time;
        let manner =
            Manner { resolves_names: form.resolves_names, zone: jiff::tz::TimeZone::system(), now };
        self.lines.clear();
        for index in range.clone() {
            let line =
                board.view.line(index).map(|line| self.written(&board, line, (form, &manner)));
            self.lines.extend(line.flatten());
        }
        self.version = Some(board.version);
        (self.range, self.form) = (range.clone(), Some(form.clone()));
        true
    }

    /// The line at `index`, if it is one of those that are seen.
    pub(crate) fn line(&self, index: usize) -> Option<&Line> {
        self.lines.get(index.checked_sub(self.range.start)?)
    }

    fn written(
        &mut self,
        board: &Board,
        line: view::Line<'_>,
        (form, manner): (&Form, &Manner),
    ) -> Option<Line> {
        match line {
            view::Line::Group(group) => Some(Line::Group(self.group(board, &group))),
            view::Line::Row(id) => {
                let shown = board.view.row(id, &board.session)?;
                let cell = |column: &&'static Column| cell::of(column, &shown.row, manner);
                let cells = form.columns.iter().map(cell).collect();
                let icon = icon::of_process(&shown.row);
                let program = shown.row.process.and_then(Program::of);
                Some(Line::Row(Row { id, phase: shown.phase, icon, program, cells }))
            }
        }
    }

    fn group(&mut self, board: &Board, group: &view::Group<'_>) -> Group {
        let sum = match self.sums.get(&group.number) {
            Some((when, sum)) if group.count + group.over > LARGE && when.elapsed() < GOOD => *sum,
            _ => {
                let sum = carried(board, group.number);
                self.sums.insert(group.number, (Instant::now(), sum));
                sum
            }
        };
        Group {
            number: group.number,
            name: name(group, board.view.look().group),
            is_open: group.is_open,
            count: count(group),
            sums: sum.map(|sum| (cell::bytes(sum.received), cell::bytes(sum.sent))),
        }
    }
}

/// What a group is called: its value in the words of the table, or what its rows have none of.
fn name(group: &view::Group<'_>, column: Option<&Column>) -> String {
    let column_name = column.map_or("", |column| column.name);
    match group.name {
        _ if group.is_of_newcomers => "New".to_owned(),
        Some(name) if column_name == "network.connection.state" => {
            let state = State::all().find(|state| state.label() == name);
            state.map_or_else(|| escaped(name), cell::state)
        }
        Some(name) => escaped(name),
        None => match column_name {
            "process.executable.name" | "process.pid" => "No owner".to_owned(),
            _ => format!("No {}", column.map_or("value", |column| column.header).to_lowercase()),
        },
    }
}

/// How many endpoints a group has, as the status bar counts them, and what stands below it besides.
fn count(group: &view::Group<'_>) -> String {
    let mut text = number_of(group.count, "endpoint", "endpoints");
    if group.over > 0 {
        text.push_str(&format!(" + {} closed", group.over));
    }
    if group.elsewhere > 0 {
        text.push_str(&format!(" + {} of other groups by now", group.elsewhere));
    }
    text
}

/// What the rows of a group carried together, if any of them was measured.
fn carried(board: &Board, group: u32) -> Option<Volume> {
    let rows = board.view.members(group);
    let shown = rows.filter_map(|id| board.view.row(id, &board.session));
    let measured = shown.filter_map(|shown| shown.row.endpoint.metrics.as_deref());
    measured.fold(None, |sum, metrics| {
        let sum: Volume = sum.unwrap_or_default();
        let (sent, received) = (metrics.sent_bytes, metrics.received_bytes);
        Some(Volume {
            sent: sum.sent.saturating_add(sent.unwrap_or_default()),
            received: sum.received.saturating_add(received.unwrap_or_default()),
        })
    })
}
