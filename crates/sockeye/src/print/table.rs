//! A flat table: a header, then one line an endpoint, columns as wide as their contents.

use std::io::{self, Write};

use anstyle::Style;
use sockeye_core::column::Kind;
use sockeye_core::{Column, Row};

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
    let mut grid = Grid::measure(sheet.columns, sheet.rows);
    for (column, width) in &mut grid.0 {
        *width = (*width).max(column.header.len());
    }
    let mut head = Vec::new();
    put_line(&mut head, &grid, |buf, column| {
        buf.extend(column.header.to_uppercase().bytes());
        Style::new()
    });
    out.write_all(&head)?;
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| {
        let mut cells = Cells::default();
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
        let room = width.saturating_sub(cell::width(&cell));
        let (before, after) = if column.kind.is_right_aligned() { (room, 0) } else { (0, room) };
        buf.resize(buf.len() + owed + before, b' ');
        paint(buf, style, &cell);
        owed = after + GAP;
    }
    buf.push(b'\n');
}
