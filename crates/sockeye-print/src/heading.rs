//! The heading of a group: the process, or why there is none, and how many endpoints.

use sockeye_core::degradation::number_of;
use sockeye_core::process::Absent;
use sockeye_core::{Ownerless, ProcessId, Row};

use super::cell;
use super::escape;
use super::line::Line;

/// Spaces before the second and further lines of a heading; more than before an endpoint.
const INDENT: usize = 4;

/// The most that is shown of a script's path.
const SCRIPT: usize = 60;

/// Appends the heading of `rows`, which stand under one process or share one reason.
pub(super) fn put(line: &mut Line<'_>, rows: &[Row<'_>]) {
    let Some(row) = rows.first() else {
        return;
    };
    let count = number_of(rows.len(), "endpoint", "endpoints");
    if let Some(owner) = row.owner {
        return put_process(line, (row, owner.process), &count);
    }
    line.begin(INDENT);
    put_missing(line, row, &count);
    line.end();
}

/// Appends the heading of process `id`, which `row` tells of.
pub(super) fn put_process(line: &mut Line<'_>, (row, id): (&Row<'_>, ProcessId), count: &str) {
    line.begin(INDENT);
    put_image(line, row);
    line.put_fact(|part| part.extend(format!("pid {id}").bytes()));
    put_whose(line, row);
    line.put_fact(|part| part.extend(count.bytes()));
    line.end();
}

/// Appends the image's path, or the name and why there is no path.
fn put_image(line: &mut Line<'_>, row: &Row<'_>) {
    let mut image = Vec::new();
    let Some(process) = row.process else {
        return line.put(0, |part| part.extend(b"(process not read)"));
    };
    match &process.path {
        Ok(path) => {
            escape::text(&mut image, path);
            line.put_path(&image);
        }
        Err(absent) => {
            escape::text(&mut image, &process.name);
            line.put_path(&image);
            line.put(1, |part| part.extend(no_path(*absent).bytes()));
        }
    }
    if let Some(script) = &process.script {
        line.put(1, |part| {
            escape::text(part, script);
            cell::shorten(part, SCRIPT);
        });
    }
    if process.is_deleted {
        line.put(1, |part| part.extend(b"(deleted)"));
    }
}

/// Why a path is not shown.
fn no_path(absent: Absent) -> &'static str {
    match absent {
        Absent::Denied => "(path not permitted)",
        Absent::Vanished => "(ended while Sockeye looked)",
        Absent::Nonexistent | Absent::Unsupported => "(no image file)",
    }
}

/// Appends user, unit and container, as far as they are known.
fn put_whose(line: &mut Line<'_>, row: &Row<'_>) {
    if let Some(id) = row.user_id() {
        line.put_fact(|part| match row.snapshot.user_name(id) {
            Some(name) => escape::text(part, name),
            None => part.extend(format!("uid {id}").bytes()),
        });
    }
    let workload = row.workload().unwrap_or_default();
    let container = workload.container;
    // A unit that is named after the container says nothing more.
    let unit = workload.unit.filter(|unit| !container.is_some_and(|c| c.is_named_by(unit)));
    if let Some(unit) = unit {
        line.put_fact(|part| escape::text(part, unit));
    }
    if let Some(container) = container {
        let name = row.container_name().unwrap_or_else(|| container.short_id());
        line.put_fact(|part| {
            part.extend_from_slice(container.runtime.id().as_bytes());
            part.push(b' ');
            escape::text(part, &name);
        });
    }
}

/// Appends why there is no process; for what is not permitted, whose the sockets are.
fn put_missing(line: &mut Line<'_>, row: &Row<'_>, count: &str) {
    let reason = row.endpoint.owners.reason().unwrap_or(Ownerless::NotObserved);
    line.put(0, |part| part.extend(format!("no owner: {count}").bytes()));
    line.put(1, |part| {
        part.extend(format!("({})", reason.phrase()).bytes());
    });
    if reason == Ownerless::NotPermitted {
        put_whose(line, row);
    }
}
