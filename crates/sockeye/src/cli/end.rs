//! `sockeye end`: ends the processes that hold endpoints, and says afterwards what became of each.

use anyhow::ensure;
use sockeye_core::table::{self, Scope};
use sockeye_core::{ProcessId, Row, Snapshot};
use sockeye_engine::act::{self, Insistence};

use super::Status;
use super::args::EndArgs;
use super::consent::{self, Proposal, Words};
use super::console::Console;
use super::wanted::Wanted;

/// What is said of processes.
const WORDS: Words = Words {
    verb: "End",
    one: "process",
    many: "processes",
    done: "ended",
    remains: "still running",
};

/// Ends what `args` ask for.
pub(super) fn run(args: &EndArgs, console: &mut Console) -> anyhow::Result<Status> {
    let wanted = Wanted::parse(&args.choice)?;
    ensure!(!wanted.is_everything(), "say what to end: a process name, a PID, or --filter EXPR");
    let snapshot = consent::observe(&wanted, &args.choice)?;
    let mut rows = rows_by_owner(&snapshot, &wanted);
    table::sort_by_process(&mut rows);
    let processes = processes(&rows);
    if processes.is_empty() {
        console.note(b"no process that holds an endpoint matches\n");
        return Ok(Status::Nothing);
    }
    let insistence = if args.force { Insistence::AskThenForce } else { Insistence::Ask };
    let names = processes.iter().map(|process| name(&snapshot, *process));
    let end = || names.zip(act::end(&processes, insistence)).collect();
    let proposal =
        Proposal { words: &WORDS, rows: &rows, count: processes.len(), consent: &args.consent };
    consent::ask_and_act(&proposal, end, console)
}

/// The wanted endpoints, each under every owner for which it is wanted: all of these will end.
fn rows_by_owner<'a>(snapshot: &'a Snapshot, wanted: &Wanted) -> Vec<Row<'a>> {
    let inside = snapshot.endpoints.iter().filter(|endpoint| Scope::ALL.contains(endpoint));
    let rows = inside.flat_map(|endpoint| Row::each(snapshot, endpoint));
    rows.filter(|row| row.owner.is_some() && wanted.matches(row)).collect()
}

/// The owners of `rows`, each once.
fn processes(rows: &[Row<'_>]) -> Vec<ProcessId> {
    let owners = rows.iter().filter_map(|row| row.owner);
    let mut processes: Vec<_> = owners.map(|owner| owner.process).collect();
    processes.sort_unstable();
    processes.dedup();
    processes
}

/// `nginx (1207)`.
fn name(snapshot: &Snapshot, process: ProcessId) -> String {
    let name = snapshot.processes.get(&process).map_or("", |process| &*process.name);
    format!("{name} ({process})")
}
