//! From rows to bytes: every output format, and the one place where text from outside is escaped.
//!
//! Printers take values from [`Column`]s and never compute one; they escape, lay out and write.
//! They render into memory block by block and hand whole blocks to the writer.

mod cell;
mod csv;
mod escape;
mod event;
mod grid;
mod heading;
mod inspect;
mod json;
mod line;
mod palette;
mod stream;
mod summary;
mod table;
mod tcpvcon;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::io::{self, Write};

use clap::ValueEnum;
use sockeye_core::{Column, Row};

pub(crate) use escape::{escaped, json as escape_json};
pub(crate) use event::{EventFormat, EventPrinter, Extent, Look};
pub(crate) use inspect::{
    Report, array as inspect_json, lines as inspect_lines, text as inspect_text,
};
pub(crate) use palette::Palette;
pub(crate) use summary::{all_notes, notes, paragraph, summary};

/// How endpoints are printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Grouped by process, for people.
    #[default]
    Text,
    /// A header and one line an endpoint, for people and awk.
    Table,
    /// Comma-separated values with a header of field names.
    Csv,
    /// One array of nested objects.
    Json,
    /// One nested object a line.
    Jsonl,
    /// TCPVCon's text, with ports.
    Tcpvcon,
    /// TCPVCon's CSV, with ports.
    TcpvconCsv,
}

impl Format {
    /// Whether it is laid out for people, who read notes below it rather than on standard error.
    pub(crate) fn is_for_people(self) -> bool {
        matches!(self, Self::Text | Self::Table)
    }

    /// Whether its fields are another program's and cannot be chosen.
    pub(crate) fn is_fixed(self) -> bool {
        matches!(self, Self::Tcpvcon | Self::TcpvconCsv)
    }
}

/// The room there is, and whether to colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Terminal cells in a line.
    pub(crate) width: usize,
    /// Whether a person looks at it: what is too wide may be cut only then.
    pub(crate) is_terminal: bool,
    /// Colours.
    pub(crate) palette: Palette,
    /// How people read ports.
    pub(crate) ports: Ports,
}

/// How people read ports.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Ports {
    /// As numbers.
    #[default]
    Numeric,
    /// The service's by its name, where it has one.
    Named,
}

/// What is to be printed.
pub(crate) struct Sheet<'a> {
    /// The endpoints, in order.
    pub(crate) rows: &'a [Row<'a>],
    /// The columns, in order.
    pub(crate) columns: &'a [&'static Column],
    /// Columns that text writes behind the others, each with its heading, where there is a value.
    pub(crate) labelled: &'a [&'static Column],
    /// Room and colours.
    pub(crate) layout: Layout,
}

/// Prints `sheet` to `out`.
///
/// # Errors
///
/// What writing to `out` answers.
pub(crate) fn print(format: Format, sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::print(sheet, out),
        Format::Table => table::print(sheet, out),
        Format::Csv => csv::print(sheet, out),
        Format::Json => json::print_array(sheet, out),
        Format::Jsonl => json::print_lines(sheet, out),
        Format::Tcpvcon => tcpvcon::print_text(sheet, out),
        Format::TcpvconCsv => tcpvcon::print_csv(sheet, out),
    }
}
