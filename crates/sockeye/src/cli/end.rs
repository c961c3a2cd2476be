//! `sockeye end`: ends the processes that hold endpoints, and says afterwards what became of each.

use std::collections::BTreeMap;

use anyhow::ensure;
use sockeye_core::degradation::number_of;
use sockeye_core::table::{self, Scope};
use sockeye_core::{Ownerless, ProcessId, Row, Snapshot};
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
    let snapshot = consent::observe(&wanted, &args.choice, &args.informants)?;
    let mut rows = rows_by_owner(&snapshot, &wanted);
    table::sort_by_process(&mut rows);
    let processes = processes(&rows);
    if processes.is_empty() {
        console.note_each(&wanted.unknown(&snapshot, &Scope::ALL));
        return Ok(match report_ownerless(&snapshot, &wanted, console) {
            Status::Nothing if !args.choice.words.is_empty() => {
                consent::note_hidden(&snapshot, console)
            }
            status => status,
        });
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

/// Says why none of the wanted endpoints has an owner that could be ended; the status is an error
/// where there may be one that cannot be seen.
fn report_ownerless(snapshot: &Snapshot, wanted: &Wanted, console: &mut Console) -> Status {
    let mut counts = BTreeMap::new();
    for row in table::select(snapshot, &Scope::ALL, |row| wanted.matches(row)) {
        if let Some(reason) = row.endpoint.owners.reason() {
            *counts.entry(reason).or_insert(0) += 1;
        }
    }
    if counts.is_empty() {
        console.note(b"no process that holds an endpoint matches\n");
    }
    let sentences = counts.iter().map(|(reason, count)| ownerless(*reason, *count));
    console.note_each(&sentences.collect::<Vec<_>>());
    let is_any_hidden = counts.keys().any(|reason| remedy(*reason).is_some());
    if is_any_hidden { Status::Error } else { Status::Nothing }
}

/// What is said of `count` endpoints that match and have no owner for `reason`.
fn ownerless(reason: Ownerless, count: usize) -> String {
    let (verb, whose, has) = if count == 1 {
        ("matches", "its owner", "has")
    } else {
        ("match", "their owners", "have")
    };
    let (endpoints, phrase) = (number_of(count, "endpoint", "endpoints"), reason.phrase());
    match remedy(reason) {
        Some(remedy) => {
            format!("{endpoints} {verb}, but {whose} may not be seen ({phrase}): {remedy}")
        }
        None => format!("{endpoints} {verb}, but {has} no owner: {phrase}"),
    }
}

/// How to see an owner that there may be although none is seen; `None` where there is none.
fn remedy(reason: Ownerless) -> Option<&'static str> {
    match reason {
        Ownerless::NotPermitted => Some("run as root"),
        Ownerless::Outside => Some("run it on the host"),
        Ownerless::NotObserved => Some("sockeye doctor"),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_ended_is_explained() {
        let check = |reason, count, expected: &str| assert_eq!(ownerless(reason, count), expected);
        check(
            Ownerless::NotPermitted,
            1,
            "1 endpoint matches, but its owner may not be seen (not permitted to see whose): \
             run as root",
        );
        check(
            Ownerless::TimeWait,
            2,
            "2 endpoints match, but have no owner: closed by its process, waiting",
        );
    }
}
