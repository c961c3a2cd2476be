//! From rows to bytes: every output format, and the one place where text from outside is escaped.
//! The console binary and the desktop print by the same rules.
//!
//! Printers take values from [`Column`]s and never compute one; they escape, lay out and write.
//! They render into memory block by block and hand whole blocks to the writer.

mod cell;
mod csv;
mod escape;
mod event;
mod grid;
mod heading;
mod html;
mod inspect;
mod json;
mod line;
mod palette;
mod stream;
mod summary;
mod tab;
mod table;
mod tcpvcon;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::io::{self, Write};

use sockeye_core::{Column, Row};

pub use escape::{escaped, json as escape_json};
pub use event::{EventFormat, EventPrinter, Extent, Look};
pub use inspect::{Report, array as inspect_json, lines as inspect_lines, text as inspect_text};
pub use palette::Palette;
pub use summary::{all_notes, notes, paragraph, summary};

/// How endpoints are printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
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
    /// A page with a table, for browsers and spreadsheets.
    Html,
    /// TCPVCon's text, with ports.
    Tcpvcon,
    /// TCPVCon's CSV, with ports.
    TcpvconCsv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Table,
        Self::Csv,
        Self::Json,
        Self::Jsonl,
        Self::Html,
        Self::Tcpvcon,
        Self::TcpvconCsv,
    ];

    /// Whether it is laid out for people, who read notes below it rather than on standard error.
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Text | Self::Table)
    }

    /// Whether its fields are another program's and cannot be chosen.
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Tcpvcon | Self::TcpvconCsv)
    }
}

/// `sheet` as it goes to a clipboard: one line an endpoint, with tabs between the columns, each as
/// people read it.
pub fn copied(sheet: &Sheet<'_>) -> String {
    tab::copied(sheet)
}

/// The room there is, and whether to colour.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Terminal cells in a line.
    pub width: usize,
    /// Whether a person looks at it: what is too wide may be cut only then.
    pub is_terminal: bool,
    /// Colours.
    pub palette: Palette,
    /// How people read ports.
    pub ports: Ports,
}

impl Layout {
    /// No colours, nothing cut, ports as numbers.
    pub const PLAIN: Self =
        Self { width: 80, is_terminal: false, palette: Palette::Plain, ports: Ports::Numeric };
}

/// How people read ports.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Ports {
    /// As numbers.
    #[default]
    Numeric,
    /// The service's by its name, where it has one.
    Named,
}

/// What is to be printed.
pub struct Sheet<'a> {
    /// The endpoints, in order.
    pub rows: &'a [Row<'a>],
    /// The columns, in order.
    pub columns: &'a [&'static Column],
    /// Columns that text writes behind the others, each with its heading, where there is a value.
    pub labelled: &'a [&'static Column],
    /// Room and colours.
    pub layout: Layout,
}

/// Prints `sheet` to `out`.
///
/// # Errors
///
/// What writing to `out` answers.
pub fn print(format: Format, sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::print(sheet, out),
        Format::Table => table::print(sheet, out),
        Format::Csv => csv::print(sheet, out),
        Format::Json => json::print_array(sheet, out),
        Format::Jsonl => json::print_lines(sheet, out),
        Format::Html => html::print(sheet, out),
        Format::Tcpvcon => tcpvcon::print_text(sheet, out),
        Format::TcpvconCsv => tcpvcon::print_csv(sheet, out),
    }
}
