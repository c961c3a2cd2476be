//! `sockeye dump`: the system's raw answers in a file, for bug reports and `--replay`.

use std::path::Path;

use sockeye_core::degradation::number_of;
use sockeye_os::dump::{Anonymity, Summary, save, write};

use super::Status;
use super::args::DumpArgs;
use super::console::Console;

/// Writes the dump; `-` is standard output.
pub(super) fn run(args: &DumpArgs, console: &mut Console) -> anyhow::Result<Status> {
    let anonymity = if args.anonymize { Anonymity::Anonymous } else { Anonymity::Plain };
    if args.file == Path::new("-") {
        // Gathered whole, since nobody knows how long the reader of a pipe takes.
        let mut dump = Vec::new();
        write(&mut dump, anonymity, args.source.into())?;
        console.print(|out| out.write_all(&dump))?;
    } else {
        let summary = save(&args.file, anonymity, args.source.into())?;
        console.note(describe(summary, anonymity).as_bytes());
    }
    Ok(Status::Found)
}

/// What the file holds, and what to know before it is shown to others.
fn describe(summary: Summary, anonymity: Anonymity) -> String {
    let endpoints = number_of(summary.endpoints, "endpoint", "endpoints");
    let namespaces = number_of(summary.namespaces, "network namespace", "network namespaces");
    let advice = match anonymity {
        Anonymity::Plain => {
            "It holds addresses, names and command lines as they are; \
             --anonymize replaces them.\n"
        }
        Anonymity::Anonymous => "",
    };
    format!("sockeye: dumped {endpoints} in {namespaces}.\n{advice}")
}
