//! The default: endpoints under the process that holds them, in lines of the terminal's width.

use std::collections::HashMap;
use std::io::{self, Write};

use sockeye_core::column::{Kind, Unit};
use sockeye_core::workload::Container;
use sockeye_core::{Column, Ownerless, ProcessId, Row, Value};

use super::Sheet;
use super::cell::Cells;
use super::escape;
use super::grid::{GAP, Grid};
use super::heading;
use super::line::Line;
use super::stream::{BLOCK, stream};

/// Spaces before an endpoint.
const INDENT: usize = 2;

/// Prints each process with its endpoints, in the order in which `sheet.rows` first names them.
pub(super) fn print(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let layout = sheet.layout;
    let grid = Grid::measure(sheet.columns, sheet.rows, layout.ports);
    let grid = grid.fit(layout.width.saturating_sub(INDENT));
    let body = Body { sheet, continuation: continuation(&grid, layout.width), grid };
    let groups = group(sheet.rows);
    let render = |groups: &[Vec<Row<'_>>], buf: &mut Vec<u8>| {
        let mut line = Line::new(buf, layout.width, layout.palette);
        let mut cells = Cells::new(layout.ports);
        for rows in groups {
            heading::put(&mut line, rows);
            rows.iter().for_each(|row| body.put_row(&mut line, &mut cells, row));
        }
    };
    let rows_each = sheet.rows.len() / groups.len().max(1);
    stream(&groups, BLOCK / rows_each.max(1) + 1, render, out)
}

/// Appends the lines of the endpoints of `sheet`, without a heading.
pub(super) fn put_endpoints(buf: &mut Vec<u8>, sheet: &Sheet<'_>) {
    let layout = sheet.layout;
    let grid = Grid::measure(sheet.columns, sheet.rows, layout.ports);
    let grid = grid.fit(layout.width.saturating_sub(INDENT));
    let body = Body { sheet, continuation: continuation(&grid, layout.width), grid };
    let mut line = Line::new(buf, layout.width, layout.palette);
    let mut cells = Cells::new(layout.ports);
    sheet.rows.iter().for_each(|row| body.put_row(&mut line, &mut cells, row));
}

/// What the endpoints under one heading have in common.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    /// The process they are shown under.
    Process(ProcessId),
    /// Why they have none.
    Missing(Option<Ownerless>),
    /// Their processes may not be seen: user, unit and container, which the sockets themselves tell.
    NotPermitted(Option<u32>, Option<&'a str>, Option<Container<'a>>),
}

impl<'a> Key<'a> {
    fn of(row: &Row<'a>) -> Self {
        match (row.owner, row.endpoint.owners.reason()) {
            (Some(owner), _) => Self::Process(owner.process),
            (None, Some(Ownerless::NotPermitted)) => {
                let workload = row.workload().unwrap_or_default();
                Self::NotPermitted(row.user_id(), workload.unit, workload.container)
            }
            (None, reason) => Self::Missing(reason),
        }
    }
}

/// The rows heading by heading, each heading where its first row stands.
fn group<'a>(rows: &[Row<'a>]) -> Vec<Vec<Row<'a>>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<Row<'a>>> = Vec::new();
    for row in rows {
        let place = *places.entry(Key::of(row)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(*row),
            None => groups.push(vec![*row]),
        }
    }
    groups
}

/// Where a line goes on that is too long: under its first address, if that is not too far right.
fn continuation(grid: &Grid, width: usize) -> usize {
    let before = grid.0.iter().take_while(|(column, _)| column.kind != Kind::Socket);
    let start = INDENT + before.map(|(_, width)| width + GAP).sum::<usize>();
    start.min(width * 3 / 5)
}

/// What the lines of all endpoints have in common.
struct Body<'a> {
    sheet: &'a Sheet<'a>,
    grid: Grid,
    continuation: usize,
}

impl Body<'_> {
    /// Appends the line of one endpoint.
    fn put_row(&self, line: &mut Line<'_>, cells: &mut Cells, row: &Row<'_>) {
        line.begin(self.continuation);
        let mut start = INDENT;
        for (column, width) in &self.grid.0 {
            let style = self.sheet.layout.palette.column(column, row);
            line.put_cell(start, style, |part| cells.put_for_people(part, column, row));
            start += width + GAP;
        }
        self.put_facts(line, cells, row);
        line.end();
    }

    /// Appends what only some endpoints have: a foreign namespace, measurements, more holders.
    fn put_facts(&self, line: &mut Line<'_>, cells: &mut Cells, row: &Row<'_>) {
        if let Some(namespace) = row.foreign_namespace() {
            line.put_fact(|part| {
                part.extend_from_slice(b"netns ");
                escape::text(part, namespace);
            });
        }
        for column in self.sheet.labelled {
            if !column.value(row).is_absent() {
                line.put_fact(|part| put_labelled(part, cells, column, row));
            }
        }
        put_other_holders(line, cells, row);
    }
}

/// Appends a value with its column's heading and unit: `rtt 250 µs`.
fn put_labelled(part: &mut Vec<u8>, cells: &mut Cells, column: &Column, row: &Row<'_>) {
    part.extend(column.header.to_lowercase().bytes());
    part.push(b' ');
    cells.put_for_people(part, column, row);
    if column.unit == Unit::Microseconds {
        part.extend_from_slice(" µs".as_bytes());
    }
}

/// Appends the processes that hold the endpoint besides the one it stands under.
fn put_other_holders(line: &mut Line<'_>, cells: &mut Cells, row: &Row<'_>) {
    let mut others = row.other_holders().into_iter().map(Value::Holder).peekable();
    let mut lead = "also held by ";
    while let Some(holder) = others.next() {
        let is_last = others.peek().is_none();
        let put = |part: &mut Vec<u8>| {
            part.extend_from_slice(lead.as_bytes());
            cells.put(part, &holder);
            part.extend_from_slice(if is_last { b"" } else { b"," });
        };
        if lead.is_empty() {
            line.put_more(put);
        } else {
            line.put_fact(put);
        }
        lead = "";
    }
}
