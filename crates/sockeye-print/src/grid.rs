//! Columns side by side: where each begins, measured from the data.

use sockeye_core::{Column, Row};

use super::Ports;
use super::cell::{self, Cells};

/// Spaces between two columns.
pub(super) const GAP: usize = 2;

/// Columns that stand side by side, each with the width it is given.
pub(super) struct Grid(pub(super) Vec<(&'static Column, usize)>);

impl Grid {
    /// Each column as wide as its widest cell in `rows`.
    pub(super) fn measure(columns: &[&'static Column], rows: &[Row<'_>], ports: Ports) -> Self {
        let mut cells = Cells::new(ports);
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

    /// Takes from the widest of the columns that have a `least` width, until all fit into `width`
    /// or there is nothing left to take.
    pub(super) fn shrink(
        mut self,
        width: usize,
        least: impl Fn(&'static Column) -> Option<usize>,
    ) -> Self {
        let total: usize = self.0.iter().map(|(_, width)| width + GAP).sum();
        let floors: Vec<_> = self.0.iter().map(|(column, _)| least(column)).collect();
        for _ in width..total.saturating_sub(GAP) {
            let cuttable = self.0.iter_mut().zip(&floors).filter_map(|((_, width), floor)| {
                floor.is_some_and(|floor| *width > floor).then_some(width)
            });
            let Some(widest) = cuttable.max() else {
                break;
            };
            *widest -= 1;
        }
        self
    }
}
