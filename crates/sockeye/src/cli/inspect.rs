//! `sockeye inspect`: who is it, in full.

use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use sockeye_core::description::Description;
use sockeye_core::table::{self, Scope};
use sockeye_core::{Degradation, ProcessId, Row, Snapshot};
use sockeye_engine::answers::{Asked, Questions};
use sockeye_engine::inspect::Inspector;
use sockeye_os::{Kind, Wants};

use super::Status;
use super::args::{ChoiceArgs, InspectArgs};
use super::console::Console;
use super::names::{self, PATIENCE};
use super::places;
use super::query::{ensure_of_now, namespaces, ports};
use super::wanted::{Wanted, is_filter, is_number};
use sockeye_print::{self as print, Layout, Report, escaped, notes};

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
    let mut snapshot = observe((&wanted, &choice), args, console)?;
    let found = describe(&mut snapshot, (&wanted, &choice), &mut Inspector::default());
    ask(&mut snapshot, &found.described, args)?;
    found.forget_the_rest(&mut snapshot, &choice);
    let namespace = choice.netns.as_deref().filter(|which| *which != "all");
    let reports: Vec<Report<'_>> = found
        .described
        .iter()
        .map(|description| Report {
            snapshot: &snapshot,
            description,
            endpoints: rows_of(&snapshot, description.process.id),
            namespace,
        })
        .collect();
    let ports = ports(args.numeric || args.numeric_ports);
    let layout = Layout { ports, ..console.layout };
    console.print(|out| match args.format {
        InspectFormat::Text => print::inspect_text(&reports, layout, out),
        InspectFormat::Json => print::inspect_json(&reports, out),
        InspectFormat::Jsonl => print::inspect_lines(&reports, out),
    })?;
    console.note_each(&found.remarks);
    if reports.is_empty() && found.remarks.is_empty() {
        console.note_each(&["no endpoint matches".to_owned()]);
    }
    console.note(&notes(&snapshot, &Scope::ALL));
    Ok(Status::of_count(reports.len()))
}

/// The processes that were found, and what is to be said of those that were not.
#[derive(Default)]
struct Found {
    described: Vec<Arc<Description>>,
    /// A sentence about each word that is no process, or a part of one.
    remarks: Vec<String>,
    /// A process that was asked for is hidden.
    is_any_hidden: bool,
}

impl Found {
    /// Adds the process that has the number `word`, or a thread that has, though it may hold nothing.
    fn add(&mut self, word: &str, inspector: &mut Inspector) {
        let missing = || format!("there is no process {word}");
        let Ok(pid) = word.parse::<u32>() else { return self.remarks.push(missing()) };
        if self.described.iter().any(|known| known.process.id.pid == pid) {
            return;
        }
        match inspector.find(ProcessId { pid, start: 0 }) {
            Ok(description) => {
                let process = &description.process;
                if process.id.pid != pid {
                    let (id, name) = (process.id, escaped(&process.name));
                    self.remarks.push(format!("note: {pid} is a thread of process {id} ({name})"));
                }
                if !self.described.iter().any(|known| known.process.id == process.id) {
                    self.described.push(description);
                }
            }
            Err(error) if error.kind == Kind::Vanished => self.remarks.push(missing()),
            Err(error) if error.kind == Kind::Denied => {
                self.is_any_hidden = true;
                self.remarks.push(format!("process {pid} may not be seen: {}", error.reason));
            }
            Err(error) => self.remarks.push(error.to_string()),
        }
    }

    /// Drops from `snapshot` what could not be seen of other processes, when those that were asked
    /// for by number could be looked into.
    fn forget_the_rest(&self, snapshot: &mut Snapshot, choice: &ChoiceArgs) {
        let is_by_number = choice.filters.is_empty() && choice.words.iter().all(|w| is_number(w));
        let is_whole = |it: &Arc<Description>| it.standing.descriptors.is_ok();
        if !is_by_number || self.is_any_hidden || !self.described.iter().all(is_whole) {
            return;
        }
        snapshot.degradations.retain(|degradation| {
            !matches!(
                degradation,
                Degradation::ProcessesDenied { .. }
                    | Degradation::ProcessesHidden
                    | Degradation::OutsidePidNamespace
            )
        });
    }
}

/// The same choice, with words that are filters taken as such.
fn with_filters(choice: &ChoiceArgs) -> ChoiceArgs {
    let (filters, words): (Vec<_>, Vec<_>) =
        choice.words.iter().cloned().partition(|word| is_filter(word));
    let filters = choice.filters.iter().cloned().chain(filters).collect();
    ChoiceArgs { words, filters, ..choice.clone() }
}

/// Every endpoint, with its owners, and what `wanted` has to know of them.
fn observe(
    (wanted, choice): (&Wanted, &ChoiceArgs),
    args: &InspectArgs,
    console: &mut Console,
) -> anyhow::Result<Snapshot> {
    ensure_of_now(wanted.columns())?;
    places::ensure_known(wanted.columns(), &args.informants)?;
    let namespaces = namespaces(choice.netns.as_deref().unwrap_or("all"))?;
    let source = choice.source.into();
    let wants = Wants { namespaces, source, metrics: false, ..Wants::EVERYTHING };
    let mut snapshot =
        sockeye_os::observe(&wants).context("cannot see which endpoints there are")?;
    let mut questions = Questions::of(wanted.columns());
    if args.numeric {
        questions.hostnames = false;
        console.note_each(&Vec::from_iter(names::unasked(wanted.columns())));
    }
    let unanswered = names::answer(&mut snapshot, (questions, &args.informants), |_| true)?;
    console.note_each(&Vec::from_iter(names::unanswered(unanswered)));
    Ok(snapshot)
}

/// The processes that hold a wanted endpoint, the oldest first; those named by PID also when they
/// hold none.
fn describe(
    snapshot: &mut Snapshot,
    (wanted, choice): (&Wanted, &ChoiceArgs),
    inspector: &mut Inspector,
) -> Found {
    let rows = snapshot.endpoints.iter().flat_map(|endpoint| Row::each(snapshot, endpoint));
    let fitting = rows.filter(|row| wanted.matches(row));
    let mut ids: Vec<ProcessId> = fitting.filter_map(|row| Some(row.owner?.process)).collect();
    ids.sort_unstable_by_key(|id| (id.start, id.pid));
    ids.dedup();
    let known = ids.iter().filter_map(|id| snapshot.processes.get(id));
    let described = known.map(|process| inspector.describe(process)).collect();
    let mut found = Found { described, ..Found::default() };
    let is_by_number = |word: &str| choice.filters.is_empty() && is_number(word);
    choice.words.iter().filter(|w| is_by_number(w)).for_each(|word| found.add(word, inspector));
    found.remarks.extend(wanted.unknown_among(snapshot, &Scope::ALL, |word| !is_by_number(word)));
    for description in &found.described {
        let process = &description.process;
        snapshot.processes.insert(process.id, process.clone());
        snapshot.users.extend(description.users.clone());
    }
    found
}

/// Finds out what is asked about the processes that were `described`, besides what was observed.
fn ask(
    snapshot: &mut Snapshot,
    described: &[Arc<Description>],
    args: &InspectArgs,
) -> anyhow::Result<()> {
    let questions = Questions {
        hostnames: args.resolve || (!args.informants.dns.is_empty() && !args.numeric),
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
