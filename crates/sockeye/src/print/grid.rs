//! Columns side by side: where each begins, measured from the data.

use sockeye_core::{Column, Row};

use super::cell::{self, Cells};

/// Spaces between two columns.
pub(super) const GAP: usize = 2;

/// Columns that stand side by side, each with the width it is given.
pub(super) struct Grid(pub(super) Vec<(&'static Column, usize)>);

impl Grid {
    /// Each column as wide as its widest cell in `rows`.
    pub(super) fn measure(columns: &[&'static Column], rows: &[Row<'_>]) -> Self {
        let mut cells = Cells::default();
        let mut buf = Vec::new();
        let mut widest = |column: &Column| {
            let widths = rows.iter().map(|row| {
                buf.clear();
                cells.put_for_people(&mut buf, column, row);
                cell::width(&buf)
            });
            widths.max().unwrap_or_default()
        };
        Self(columns.iter().map(|column| (*column, widest(column))).collect())
    }

    /// Where the columns do not all fit into `width`, none is wider than is usual for it: its
    /// widest cells then push the rest of their line on.
    pub(super) fn fit(mut self, width: usize) -> Self {
        let total: usize = self.0.iter().map(|(_, width)| width + GAP).sum();
        if total > width {
            for (column, width) in &mut self.0 {
                *width = (*width).min(column.width.into());
            }
        }
        self
    }
}
