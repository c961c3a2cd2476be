//! CSV (RFC 4180 with bare line feeds): a header of dotted names, then one record an endpoint.

use std::io::{self, Write};

use sockeye_core::{Column, Row, Value};

use super::Sheet;
use super::cell::Cells;
use super::escape;
use super::stream::{BLOCK, stream};

/// Prints the header and a record for each row.
pub(super) fn print(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(header(sheet.columns).as_bytes())?;
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| {
        let mut cells = Cells::default();
        for row in rows {
            let values = sheet.columns.iter().map(|column| column.value(row));
            put_record(buf, &mut cells, values);
        }
    };
    stream(sheet.rows, BLOCK, render, out)
}

/// The first line: the names of the columns.
pub(super) fn header(columns: &[&Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    names.join(",") + "\n"
}

/// Appends one record.
pub(super) fn put_record<'a>(
    buf: &mut Vec<u8>,
    cells: &mut Cells,
    values: impl Iterator<Item = Value<'a>>,
) {
    let start = buf.len();
    for (index, value) in values.enumerate() {
        if index > 0 {
            buf.push(b',');
        }
        put_field(buf, cells, &value);
    }
    if buf.len() == start {
        // One column without a value: an empty line would be no record at all.
        buf.extend_from_slice(b"\"\"");
    }
    buf.push(b'\n');
}

/// Appends one field; text from outside that a spreadsheet would take for a formula gets an
/// apostrophe in front.
fn put_field(buf: &mut Vec<u8>, cells: &mut Cells, value: &Value<'_>) {
    let start = buf.len();
    if let Value::Text(text) = value
        && escape::is_formula(text)
    {
        buf.push(b'\'');
    }
    cells.put(buf, value);
    if !matches!(value, Value::Word(_) | Value::Number(_)) {
        escape::quote_csv(buf, start);
    }
}
