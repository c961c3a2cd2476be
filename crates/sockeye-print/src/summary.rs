//! The last line for people, and the notes for those who read only standard error: what was seen,
//! with what, and what could not be.

use std::collections::HashSet;

use sockeye_core::degradation::number_of;
use sockeye_core::snapshot::Source;
use sockeye_core::table::Scope;
use sockeye_core::{Column, Degradation, Ownerless, Row, Snapshot, Value};

use super::Layout;
use super::escape;
use super::line::Line;

/// What answers every degradation of this machine.
const REMEDY: &str = ": sockeye doctor";

/// What answers every degradation; of the machine of a dump nothing can.
fn remedy(snapshot: &Snapshot) -> &'static str {
    if snapshot.source == Source::Replay { "" } else { REMEDY }
}

/// What could not be observed and may have changed what is shown: processes that may not be seen
/// matter only where an endpoint of `scope` lacks its owner for that. It need not be shown: a filter
/// by process may have left it out for the very reason.
fn relevant<'a>(snapshot: &'a Snapshot, scope: &'a Scope) -> impl Iterator<Item = &'a Degradation> {
    let lacks = move |reason| {
        let mut inside = snapshot.endpoints.iter().filter(|endpoint| scope.contains(endpoint));
        inside.any(|endpoint| endpoint.owners.reason() == Some(reason))
    };
    snapshot.degradations.iter().filter(move |degradation| match degradation {
        Degradation::ProcessesDenied { .. } | Degradation::ProcessesHidden => {
            lacks(Ownerless::NotPermitted)
        }
        Degradation::OutsidePidNamespace => {
            lacks(Ownerless::Outside) || lacks(Ownerless::NotPermitted)
        }
        _ => true,
    })
}

/// What the rows were observed with: usually one thing, two where another namespace had to be read
/// from outside.
fn sources(snapshot: &Snapshot, rows: &[Row<'_>]) -> String {
    let column = Column::find("observer.source");
    let seen = rows.iter().filter_map(|row| match column?.value(row) {
        Value::Word(source) => Some(source),
        _ => None,
    });
    let mut distinct: Vec<&str> = Vec::new();
    for source in seen {
        if !distinct.contains(&source) {
            distinct.push(source);
        }
    }
    if distinct.is_empty() { snapshot.source.id().to_owned() } else { distinct.join(" and ") }
}

/// One line: `5 processes, 31 endpoints · seen by sock_diag · …: sockeye doctor`.
pub fn summary(snapshot: &Snapshot, scope: &Scope, rows: &[Row<'_>], layout: Layout) -> Vec<u8> {
    let mut buf = Vec::new();
    let mut line = Line::new(&mut buf, layout.width, layout.palette);
    line.begin(2);
    line.put(0, |part| part.extend(counts(rows).bytes()));
    line.put_fact(|part| part.extend(format!("seen by {}", sources(snapshot, rows)).bytes()));
    let mut degradations = relevant(snapshot, scope).peekable();
    while let Some(degradation) = degradations.next() {
        let is_last = degradations.peek().is_none();
        let mut message = Vec::new();
        escape::text(&mut message, &degradation.to_string());
        message.extend(if is_last { remedy(snapshot) } else { "" }.bytes());
        line.put_message(&message);
    }
    line.end();
    buf
}

/// How many processes and endpoints are shown.
fn counts(rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return "no endpoint matches".to_owned();
    }
    let endpoints = number_of(rows.len(), "endpoint", "endpoints");
    let is_unobserved =
        |row: &Row<'_>| row.endpoint.owners.reason() == Some(Ownerless::NotObserved);
    if rows.iter().all(is_unobserved) {
        return endpoints;
    }
    let processes: HashSet<_> =
        rows.iter().filter_map(|row| row.owner).map(|o| o.process).collect();
    format!("{}, {endpoints}", number_of(processes.len(), "process", "processes"))
}

/// One line for each thing that could not be observed and matters to `scope`.
pub fn notes(snapshot: &Snapshot, scope: &Scope) -> Vec<u8> {
    notes_of(relevant(snapshot, scope), remedy(snapshot))
}

/// One line for each of `degradations`, whatever is shown.
pub fn all_notes(degradations: &[Degradation]) -> Vec<u8> {
    notes_of(degradations.iter(), REMEDY)
}

/// One line for each of `degradations`, and what to do about it.
fn notes_of<'a>(degradations: impl Iterator<Item = &'a Degradation>, remedy: &str) -> Vec<u8> {
    let mut buf = Vec::new();
    for degradation in degradations {
        buf.extend_from_slice(b"sockeye: note: ");
        escape::text(&mut buf, &degradation.to_string());
        buf.extend(format!("{remedy}\n").bytes());
    }
    buf
}

/// Appends `text`, which is our own, broken between its words and set in.
pub fn paragraph(buf: &mut Vec<u8>, layout: Layout, text: &str) {
    let mut line = Line::new(buf, layout.width, layout.palette);
    line.begin(4);
    for (index, word) in text.split_whitespace().enumerate() {
        line.put(if index == 0 { 4 } else { 1 }, |part| {
            part.extend(word.bytes());
        });
    }
    line.end();
}
