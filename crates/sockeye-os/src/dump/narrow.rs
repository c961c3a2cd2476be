//! The part of a dump that was asked for: what a look at the machine itself would have brought.

use hashbrown::HashSet;
use sockeye_core::Degradation;

use crate::decode::Table;
use crate::raw::{Raw, RawNamespace, RawProcess};
use crate::{Error, Kind, Namespaces, Wants};

/// Leaves in `raw` what `wants` asks for.
///
/// # Errors
///
/// [`Kind::Vanished`] when the dump has no such namespace.
pub(super) fn narrow(raw: &mut Raw, wants: &Wants) -> Result<(), Error> {
    let processes = &raw.processes;
    raw.namespaces.retain(|namespace| is_meant(namespace, &wants.namespaces, processes));
    if raw.namespaces.is_empty() {
        return Err(no_such_namespace(&wants.namespaces));
    }
    for namespace in &mut raw.namespaces {
        namespace.sockets.retain(|row| wants.has(row.transport));
        namespace.rows.retain(|row| wants.has(row.table.transport));
        if !wants.metrics {
            namespace.sockets.iter_mut().for_each(|row| row.metrics = None);
        }
    }
    if !wants.owners {
        raw.has_owners = false;
        raw.processes.clear();
        raw.described.clear();
        raw.service_tags.clear();
        raw.cgroups.clear();
    }
    keep_holders(raw);
    raw.degradations.retain(|degradation| concerns(degradation, wants));
    Ok(())
}

/// Whether `wanted` means this namespace. A process lives in the namespace of its sockets, as far
/// as a dump can tell.
fn is_meant(namespace: &RawNamespace, wanted: &Namespaces, processes: &[RawProcess]) -> bool {
    match wanted {
        Namespaces::All => true,
        Namespaces::Own => namespace.is_own,
        Namespaces::Named(name) => namespace.label == *name,
        Namespaces::Pid(pid) => {
            let process = processes.iter().find(|process| process.pid == *pid);
            let held = process.map_or(&[][..], |process| &process.sockets);
            let holds = |inode| held.iter().any(|(_, held)| *held == inode);
            namespace.pid == Some(*pid)
                || namespace.sockets.iter().any(|row| holds(row.inode))
                || namespace.rows.iter().any(|row| row.pid == *pid)
        }
    }
}

/// What to say when no namespace is meant.
fn no_such_namespace(wanted: &Namespaces) -> Error {
    let subject = match wanted {
        Namespaces::Named(name) => name.clone(),
        Namespaces::Pid(pid) => format!("of process {pid}"),
        Namespaces::All | Namespaces::Own => String::new(),
    };
    let reason = "the dump has none such; --netns all shows what it has";
    Error::new(Kind::Vanished, "find the network namespace", subject, reason)
}

/// Drops descriptors of sockets that are not there, and processes that hold nothing else.
fn keep_holders(raw: &mut Raw) {
    let sockets = raw.namespaces.iter().flat_map(|namespace| &namespace.sockets);
    let inodes: HashSet<u64> = sockets.map(|row| row.inode).collect();
    for process in &mut raw.processes {
        process.sockets.retain(|(_, inode)| inodes.contains(inode));
    }
    raw.processes.retain(|process| !process.sockets.is_empty());
    let rows = raw.namespaces.iter().flat_map(|namespace| &namespace.rows);
    let pids: HashSet<u32> = rows.map(|row| row.pid).collect();
    raw.described.retain(|process| pids.contains(&process.id.pid));
}

/// Whether `degradation` takes anything away from what is wanted.
fn concerns(degradation: &Degradation, wants: &Wants) -> bool {
    match degradation {
        Degradation::ProcessesDenied { .. }
        | Degradation::ProcessesHidden
        | Degradation::OutsidePidNamespace => wants.owners,
        Degradation::Unmeasured { .. } => wants.metrics,
        Degradation::NamespacesDenied { .. } => wants.namespaces == Namespaces::All,
        Degradation::TableUnavailable { table, .. } => {
            Table::named(table).is_none_or(|table| wants.has(table.transport))
        }
        Degradation::SockDiagUnavailable { .. }
        | Degradation::Malformed { .. }
        | Degradation::Unstable { .. }
        | Degradation::EventsUnavailable { .. }
        | Degradation::EventsIncomplete { .. }
        | Degradation::IteratorUnavailable { .. }
        | Degradation::ContainersUnnamed { .. }
        | Degradation::UnitsUnread { .. } => true,
    }
}
