//! The last line for people, and the notes for those who read only standard error: what was seen,
//! with what, and what could not be.

use std::collections::HashSet;

use sockeye_core::degradation::number_of;
use sockeye_core::{Row, Snapshot};

use super::Layout;
use super::escape;
use super::line::Line;

/// What answers every degradation.
const REMEDY: &str = "sockeye doctor";

/// One line: `5 processes, 31 endpoints · seen by sock_diag · …: sockeye doctor`.
pub(crate) fn summary(snapshot: &Snapshot, rows: &[Row<'_>], layout: Layout) -> Vec<u8> {
    let mut buf = Vec::new();
    let mut line = Line::new(&mut buf, layout.width, layout.palette);
    line.begin(2);
    line.put(0, |part| part.extend(counts(rows).bytes()));
    line.put_fact(|part| part.extend(format!("seen by {}", snapshot.source.id()).bytes()));
    for (index, degradation) in snapshot.degradations.iter().enumerate() {
        let mut message = Vec::new();
        escape::text(&mut message, &degradation.to_string());
        if index + 1 == snapshot.degradations.len() {
            message.extend(format!(": {REMEDY}").bytes());
        }
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
    let processes: HashSet<_> =
        rows.iter().filter_map(|row| row.owner).map(|o| o.process).collect();
    let processes = number_of(processes.len(), "process", "processes");
    format!("{processes}, {}", number_of(rows.len(), "endpoint", "endpoints"))
}

/// One line for each thing that could not be observed.
pub(crate) fn notes(snapshot: &Snapshot) -> Vec<u8> {
    let mut buf = Vec::new();
    for degradation in &snapshot.degradations {
        buf.extend_from_slice(b"sockeye: note: ");
        escape::text(&mut buf, &degradation.to_string());
        buf.extend(format!(": {REMEDY}\n").bytes());
    }
    buf
}

/// Appends `text`, which is our own, broken between its words and set in.
pub(crate) fn paragraph(buf: &mut Vec<u8>, layout: Layout, text: &str) {
    let mut line = Line::new(buf, layout.width, layout.palette);
    line.begin(4);
    for (index, word) in text.split_whitespace().enumerate() {
        line.put(if index == 0 { 4 } else { 1 }, |part| {
            part.extend(word.bytes());
        });
    }
    line.end();
}
