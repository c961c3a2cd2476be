//! A flat table: a header, then one line an endpoint, columns as wide as their contents.

use std::io::{self, Write};

use anstyle::Style;
use sockeye_core::column::{Kind, Unit};
use sockeye_core::{Column, Row, Value};

use super::Sheet;
use super::cell::{self, Cells};
use super::grid::{GAP, Grid};
use super::palette::paint;
use super::stream::{BLOCK, stream};

/// Prints the header and a line for each row; nothing when there is none.
pub(super) fn print(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    if sheet.rows.is_empty() {
        return Ok(());
    }
    let mut grid = Grid::measure(sheet.columns, sheet.rows, sheet.layout.ports);
    for (column, width) in &mut grid.0 {
        *width = (*width).max(cell::width(header(column).as_bytes()));
    }
    if sheet.layout.is_terminal {
        grid = grid.shrink(sheet.layout.width, |column| least(column, sheet.rows));
    }
    let mut head = Vec::new();
    put_line(&mut head, &grid, |buf, column| {
        buf.extend(header(column).bytes());
        Style::new()
    });
    out.write_all(&head)?;
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| {
        let mut cells = Cells::new(sheet.layout.ports);
        for row in rows {
            put_line(buf, &grid, |buf, column| {
                cells.put_for_people(buf, column, row);
                if buf.is_empty() {
                    buf.extend_from_slice(blank(column).as_bytes());
                }
                sheet.layout.palette.column(column, row)
            });
        }
    };
    stream(sheet.rows, BLOCK, render, out)
}

/// The heading of a column, with the unit where the number alone does not tell.
fn header(column: &Column) -> String {
    let unit = match column.unit {
        Unit::Microseconds => " µs",
        Unit::Nanoseconds => " ns",
        Unit::None | Unit::Count | Unit::Bytes => "",
    };
    column.header.to_uppercase() + unit
}

/// The least width of a column that may be cut: a name from outside. Addresses, ports, states and
/// numbers are of no use in part.
fn least(column: &Column, rows: &[Row<'_>]) -> Option<usize> {
    let is_name = rows.iter().any(|row| matches!(column.value(row), Value::Text(_)));
    is_name.then(|| cell::width(header(column).as_bytes()).max(8))
}

/// What stands for an absent value, so that a script can count columns: `*` for a remote.
fn blank(column: &Column) -> &'static str {
    match column.kind {
        Kind::Socket | Kind::Address => "*",
        _ => "-",
    }
}

/// Appends one line of cells; `put` writes a cell and tells its style.
fn put_line(buf: &mut Vec<u8>, grid: &Grid, mut put: impl FnMut(&mut Vec<u8>, &Column) -> Style) {
    let mut cell = Vec::new();
    // Spaces are owed until a next cell needs them: the last column is not padded.
    let mut owed = 0;
    for (column, width) in &grid.0 {
        cell.clear();
        let style = put(&mut cell, column);
        cell::shorten(&mut cell, *width);
        let room = width.saturating_sub(cell::width(&cell));
        let (before, after) = if column.kind.is_right_aligned() { (room, 0) } else { (0, room) };
        buf.resize(buf.len() + owed + before, b' ');
        paint(buf, style, &cell);
        owed = after + GAP;
    }
    buf.push(b'\n');
}
