//! The machine over time: snapshots and events become occurrences, and rows that stay visible for a
//! while after they have closed.
//!
//! A session performs no I/O and reads no clock. Whoever runs it hands in snapshots, events and the
//! time, and takes out what came of them.

use alloc::vec::Vec;

use crate::event::{Coverage, Event, Occurrence};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

/// What is known of a machine's endpoints over time.
#[derive(Debug)]
pub struct Session {
    context: Snapshot,
    occurrences: Vec<Occurrence>,
}

impl Session {
    /// A session that knows nothing yet; `coverage` is what its events will tell.
    pub fn new(coverage: Coverage) -> Self {
        let _ = coverage;
        let context = Snapshot::new(Timestamp::from_unix_ns(0), crate::snapshot::Source::SockDiag);
        Self { context, occurrences: Vec::new() }
    }

    /// Takes a complete picture. All events up to now have to be handed in before it.
    pub fn handle_snapshot(&mut self, now: Timestamp, snapshot: Snapshot) {
        let _ = (now, snapshot);
    }

    /// Takes one event.
    pub fn handle_event(&mut self, event: Event) {
        let _ = event;
    }

    /// A refresh: what was new is new no more, and what closed three refreshes ago goes.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Whether something happened that only a snapshot can clear up, and that should not wait.
    pub fn needs_snapshot(&self) -> bool {
        false
    }

    /// What happened since the last call, in order.
    pub fn take_occurrences(&mut self) -> Vec<Occurrence> {
        core::mem::take(&mut self.occurrences)
    }

    /// Everything but the endpoints: processes, users, namespaces, for the rows of occurrences.
    pub fn context(&self) -> &Snapshot {
        &self.context
    }
}
