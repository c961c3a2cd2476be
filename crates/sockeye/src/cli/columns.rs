//! `sockeye columns`: every column, its names and what it means.

use sockeye_core::Column;

use super::Status;
use super::console::Console;
use sockeye_print::paragraph;

/// Lists the columns.
pub(super) fn run(console: &mut Console) -> anyhow::Result<Status> {
    let layout = console.layout;
    let mut buf = Vec::new();
    for column in Column::all() {
        let mut names = column.name.to_owned();
        for alias in column.aliases {
            names.extend([", ", alias]);
        }
        buf.extend(names.bytes());
        buf.push(b'\n');
        paragraph(&mut buf, layout, column.meaning);
    }
    console.print(|out| out.write_all(&buf))?;
    Ok(Status::Found)
}
