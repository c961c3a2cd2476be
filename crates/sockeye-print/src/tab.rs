//! Columns with tabs between them: what programs take from a clipboard.

use sockeye_core::Value;

use super::cell::Cells;
use super::{Sheet, escape};

/// One line for each row; a text from outside that a spreadsheet would take for a formula gets an
/// apostrophe in front. No cell holds a tab or the end of a line: both are made visible.
pub(super) fn copied(sheet: &Sheet<'_>) -> String {
    let mut cells = Cells::default();
    let mut buf = Vec::new();
    for row in sheet.rows {
        for (index, column) in sheet.columns.iter().enumerate() {
            if index > 0 {
                buf.push(b'\t');
            }
            if let Value::Text(text) = column.value(row)
                && escape::is_formula(&text)
            {
                buf.push(b'\'');
            }
            cells.put_for_people(&mut buf, column, row);
        }
        buf.push(b'\n');
    }
    String::from_utf8_lossy(&buf).into_owned()
}
