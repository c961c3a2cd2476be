//! `sockeye inspect`: who is it, in full.

use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use sockeye_core::description::Description;
use sockeye_core::table::{self, Scope};
use sockeye_core::{ProcessId, Row, Snapshot};
use sockeye_engine::answers::{Asked, Questions};
use sockeye_engine::inspect::Inspector;
use sockeye_os::Wants;

use super::Status;
use super::args::{ChoiceArgs, InspectArgs};
use super::console::Console;
use super::names::{self, PATIENCE};
use super::query::namespaces;
use super::wanted::{Wanted, is_filter};
use sockeye_print::{self as print, Report, notes};

/// How processes are described.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(super) enum InspectFormat {
    /// For people.
    #[default]
    Text,
    /// One array of nested objects.
    Json,
    /// One nested object a line.
    Jsonl,
}

/// Describes the processes that `args` ask for.
pub(super) fn run(args: &InspectArgs, console: &mut Console) -> anyhow::Result<Status> {
    let choice = with_filters(&args.choice);
    let wanted = Wanted::parse(&choice)?;
    ensure!(!wanted.is_everything(), "say what to inspect: a PID, a process name, or a filter");
    let mut snapshot = observe(&choice)?;
    let mut inspector = Inspector::default();
    let described = describe(&mut snapshot, (&wanted, &choice), &mut inspector);
    ask(&mut snapshot, &described, args)?;
    let reports: Vec<Report<'_>> = described
        .iter()
        .map(|description| Report {
            snapshot: &snapshot,
            description,
            endpoints: rows_of(&snapshot, description.process.id),
        })
        .collect();
    let layout = console.layout;
    console.print(|out| match args.format {
        InspectFormat::Text => print::inspect_text(&reports, layout, out),
        InspectFormat::Json => print::inspect_json(&reports, out),
        InspectFormat::Jsonl => print::inspect_lines(&reports, out),
    })?;
    if reports.is_empty() {
        console.note_each(&wanted.unknown(&snapshot, &Scope::ALL));
    }
    console.note(&notes(&snapshot, &Scope::ALL));
    Ok(Status::of_count(reports.len()))
}

/// The same choice, with words that are filters taken as such.
fn with_filters(choice: &ChoiceArgs) -> ChoiceArgs {
    let (filters, words): (Vec<_>, Vec<_>) =
        choice.words.iter().cloned().partition(|word| is_filter(word));
    let filters = choice.filters.iter().cloned().chain(filters).collect();
    ChoiceArgs { words, filters, ..choice.clone() }
}

/// Every endpoint, with its owners.
fn observe(choice: &ChoiceArgs) -> anyhow::Result<Snapshot> {
    let namespaces = namespaces(choice.netns.as_deref().unwrap_or("all"))?;
    let wants = Wants { namespaces, source: choice.source.into(), ..Wants::EVERYTHING };
    sockeye_os::observe(&wants).context("cannot see which endpoints there are")
}

/// The processes that hold a wanted endpoint, the oldest first; those named by PID also when they
/// hold none.
fn describe(
    snapshot: &mut Snapshot,
    (wanted, choice): (&Wanted, &ChoiceArgs),
    inspector: &mut Inspector,
) -> Vec<Arc<Description>> {
    let rows = snapshot.endpoints.iter().flat_map(|endpoint| Row::each(snapshot, endpoint));
    let fitting = rows.filter(|row| wanted.matches(row));
    let mut ids: Vec<ProcessId> = fitting.filter_map(|row| Some(row.owner?.process)).collect();
    ids.sort_unstable_by_key(|id| (id.start, id.pid));
    ids.dedup();
    let known = ids.iter().filter_map(|id| snapshot.processes.get(id));
    let mut described: Vec<_> = known.map(|process| inspector.describe(process)).collect();
    if choice.filters.is_empty() {
        let pids = choice.words.iter().filter_map(|word| word.parse::<u32>().ok());
        let is_missing = |pid: &u32| !ids.iter().any(|id| id.pid == *pid);
        let others = pids.filter(is_missing).map(|pid| inspector.find(ProcessId { pid, start: 0 }));
        described.extend(others.flatten());
    }
    for description in &described {
        let process = &description.process;
        snapshot.processes.insert(process.id, process.clone());
        snapshot.users.extend(description.users.clone());
    }
    described
}

/// Finds out what is asked about the processes that were `described`, besides what was observed.
fn ask(
    snapshot: &mut Snapshot,
    described: &[Arc<Description>],
    args: &InspectArgs,
) -> anyhow::Result<()> {
    let questions = Questions {
        hostnames: args.resolve || !args.informants.dns.is_empty(),
        packages: true,
        workloads: true,
        places: true,
    };
    let mut asked = Asked::default();
    for description in described {
        let id = description.process.id;
        let rows = std::iter::once(Row::of_process(snapshot, id)).chain(rows_of(snapshot, id));
        rows.for_each(|row| asked.add(&row, questions));
    }
    let (answers, degradations) =
        names::answerer(&args.informants, questions)?.answer(asked, PATIENCE);
    snapshot.answers.merge(answers);
    snapshot.degradations.extend(degradations);
    Ok(())
}

/// The endpoints of one process, as a list has them.
fn rows_of(snapshot: &Snapshot, id: ProcessId) -> Vec<Row<'_>> {
    let rows = snapshot.endpoints.iter().flat_map(|endpoint| Row::each(snapshot, endpoint));
    let mut rows: Vec<Row<'_>> = rows.filter(|row| row.is_of(id)).collect();
    table::sort_by_process(&mut rows);
    // A process may hold a socket by several descriptors.
    rows.dedup_by_key(|row| std::ptr::from_ref(row.endpoint));
    rows
}
