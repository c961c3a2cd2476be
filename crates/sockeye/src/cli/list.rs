//! `sockeye [list]`: observe, choose, sort, print.

use std::io;
use std::path::Path;

use sockeye_core::degradation::number_of;
use sockeye_core::endpoint::Ownerless;
use sockeye_core::{Row, Snapshot};
use sockeye_engine::answers::Questions;
use sockeye_os::dump;

use super::Status;
use super::args::ListArgs;
use super::console::Console;
use super::names;
use super::query::Query;
use sockeye_print::{Format, Layout, Sheet, notes, print, summary};

/// Lists what `args` ask for.
pub(super) fn run(args: &ListArgs, console: &mut Console) -> anyhow::Result<Status> {
    run_below(args, b"", console)
}

/// Lists what `args` ask for, below `banner`.
pub(super) fn run_below(
    args: &ListArgs,
    banner: &[u8],
    console: &mut Console,
) -> anyhow::Result<Status> {
    let query = Query::parse(args)?;
    console.note_each(&query.unasked());
    let mut snapshot = observe(args, &query)?;
    let mut questions = query.questions();
    if args.replay.is_some() {
        // Of another machine only this can be found out here.
        questions = Questions { places: questions.places, ..Questions::default() };
    }
    let asked = (questions, &args.informants);
    let unanswered = names::answer(&mut snapshot, asked, |row| query.may_show(row))?;
    if query.compares_names() {
        console.note_each(&Vec::from_iter(names::unanswered(unanswered)));
    }
    let status = show(&query, &snapshot, banner, console);
    // The program ends here: freeing a hundred thousand endpoints one by one would only delay it.
    std::mem::forget(snapshot);
    status
}

/// Prints the rows of `snapshot` that `query` asks for, and what could not be seen.
fn show(
    query: &Query,
    snapshot: &Snapshot,
    banner: &[u8],
    console: &mut Console,
) -> anyhow::Result<Status> {
    let rows = query.rows(snapshot);
    let columns = query.columns(&rows);
    let sheet = Sheet {
        rows: &rows,
        columns: &columns,
        labelled: &query.labelled(),
        layout: Layout { ports: query.ports, ..console.layout },
    };
    let is_for_people = query.format.is_for_people();
    let last = if is_for_people {
        summary(snapshot, &query.scope, &rows, console.layout)
    } else {
        notes(snapshot, &query.scope)
    };
    let last = [last, unnamed(query.format, &rows)].concat();
    let is_below = is_for_people && console.layout.is_terminal;
    console.print(|out| {
        out.write_all(banner)?;
        print(query.format, &sheet, out)?;
        out.write_all(if is_below { &last } else { b"" })
    })?;
    if rows.is_empty() {
        console.note_each(&query.wanted.unknown(snapshot, &query.scope));
        console.note_each(&Vec::from_iter(query.wanted.left_out(snapshot, &query.scope)));
    }
    if !is_below {
        console.note(&last);
    }
    Ok(Status::of_count(rows.len()))
}

/// What TCPVCon's layouts have no word for: owners that are not known stand there as those of the system.
fn unnamed(format: Format, rows: &[Row<'_>]) -> Vec<u8> {
    let has_no_word = matches!(format, Format::Tcpvcon | Format::TcpvconCsv);
    let is_unknown = |row: &&Row<'_>| row.endpoint.owners.reason() == Some(Ownerless::NotObserved);
    match rows.iter().filter(|row| has_no_word && is_unknown(row)).count() {
        0 => Vec::new(),
        count => {
            let endpoints = number_of(count, "endpoint", "endpoints");
            let text = "whose owner is not known: shown as [System Process], as TCPVCon does";
            format!("sockeye: note: {endpoints} {text}\n").into_bytes()
        }
    }
}

/// The snapshot to list: of this machine, or from a dump.
fn observe(args: &ListArgs, query: &Query) -> anyhow::Result<Snapshot> {
    Ok(match &args.replay {
        Some(file) if file == Path::new("-") => {
            dump::read(&mut io::stdin().lock(), "standard input", &query.wants())?
        }
        Some(file) => dump::read_file(file, &query.wants())?,
        None => sockeye_os::observe(&query.wants())?,
    })
}
