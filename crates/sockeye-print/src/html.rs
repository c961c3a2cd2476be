//! HTML: one page with one table, which a browser shows and a spreadsheet opens.

use std::io::{self, Write};

use sockeye_core::{Column, Row};

use super::Sheet;
use super::cell::Cells;
use super::escape;
use super::stream::{BLOCK, stream};

/// What stands before the header. Colours are the browser's, so that its dark theme holds.
const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Endpoints</title>
<style>
body { font: 13px system-ui, sans-serif; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 12px 2px 0; text-align: left; white-space: nowrap; }
th { border-bottom: 1px solid; }
.n { text-align: right; }
</style>
<table>
<thead>
";

/// Prints the page.
pub(super) fn print(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut head = HEAD.as_bytes().to_vec();
    head.extend_from_slice(b"<tr>");
    for column in sheet.columns {
        put_open(&mut head, "th", column);
        escape::html(&mut head, column.header.as_bytes());
        head.extend_from_slice(b"</th>");
    }
    head.extend_from_slice(b"</tr>\n</thead>\n<tbody>\n");
    out.write_all(&head)?;
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| {
        let mut cells = Cells::default();
        let mut text = Vec::new();
        for row in rows {
            buf.extend_from_slice(b"<tr>");
            for column in sheet.columns {
                put_open(buf, "td", column);
                text.clear();
                cells.put_for_people(&mut text, column, row);
                escape::html(buf, &text);
                buf.extend_from_slice(b"</td>");
            }
            buf.extend_from_slice(b"</tr>\n");
        }
    };
    stream(sheet.rows, BLOCK, render, out)?;
    out.write_all(b"</tbody>\n</table>\n</html>\n")
}

/// Appends the beginning of a cell; numbers stand on the right.
fn put_open(buf: &mut Vec<u8>, tag: &str, column: &Column) {
    buf.push(b'<');
    buf.extend_from_slice(tag.as_bytes());
    if column.kind.is_right_aligned() {
        buf.extend_from_slice(b" class=\"n\"");
    }
    buf.push(b'>');
}
