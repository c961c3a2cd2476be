//! `sockeye close`: closes connections, and says afterwards what became of each.

use anyhow::ensure;
use sockeye_core::table::{self, Scope};
use sockeye_core::{Column, Endpoint, Row};
use sockeye_engine::act;

use super::Status;
use super::args::CloseArgs;
use super::consent::{self, Proposal, Words};
use super::console::Console;
use super::wanted::Wanted;

/// What is said of connections.
const WORDS: Words = Words {
    verb: "Close",
    one: "connection",
    many: "connections",
    done: "closed",
    remains: "still open",
};

/// Closes what `args` ask for.
pub(super) fn run(args: &CloseArgs, console: &mut Console) -> anyhow::Result<Status> {
    let wanted = Wanted::parse(&args.choice)?;
    ensure!(!wanted.is_everything(), "say what to close: a process name, a PID, or --filter EXPR");
    let snapshot = consent::observe(&wanted, &args.choice, &args.informants)?;
    let is_chosen = |row: &Row<'_>| act::is_closable(row.endpoint) && wanted.matches(row);
    let mut rows = table::select(&snapshot, &Scope::ALL, is_chosen);
    table::sort_by_process(&mut rows);
    if rows.is_empty() {
        console.note_each(&wanted.unknown(&snapshot, &Scope::ALL));
        console.note(b"no connection matches; listeners and unconnected UDP are not closed\n");
        let is_by_process = !args.choice.words.is_empty();
        return Ok(if is_by_process {
            consent::note_hidden(&snapshot, console)
        } else {
            Status::Nothing
        });
    }
    let endpoints: Vec<&Endpoint> = rows.iter().map(|row| row.endpoint).collect();
    let close =
        || rows.iter().map(name).zip(act::close(&endpoints, args.choice.source.into())).collect();
    let proposal =
        Proposal { words: &WORDS, rows: &rows, count: rows.len(), consent: &args.consent };
    consent::ask_and_act(&proposal, close, console)
}

/// `tcp 10.0.0.5:443 - 192.168.1.77:51234`, and the network namespace if it is not ours.
fn name(row: &Row<'_>) -> String {
    let cell = |name| Column::find(name).map(|column| column.value(row).to_string());
    let (local, remote) = (cell("local").unwrap_or_default(), cell("remote").unwrap_or_default());
    let namespace = row.foreign_namespace().map(|label| format!(" (netns {label})"));
    let transport = row.endpoint.transport.id();
    format!("{transport} {local} - {remote}{}", namespace.unwrap_or_default())
}
