//! Which lives changed since somebody last asked: a table that is drawn looks at no others.

use alloc::vec::Vec;

use super::life::Live;
use super::lives::Slot;
use crate::endpoint::Endpoint;
use crate::process::ProcessId;
use crate::time::Timestamp;

/// What happened to lives, for whoever draws them. Nothing is noted until the first call of
/// [`super::Session::take_notes`]: a session that nobody draws pays nothing.
#[derive(Default, Debug)]
pub(super) struct Notebook {
    pub(super) is_open: bool,
    pub(super) notes: Notes,
}

/// What happened to lives since the last call of [`super::Session::take_notes`].
#[derive(Default, Debug)]
pub struct Notes {
    /// Everything may be another: it is the first call, or something was learned that many rows may
    /// show: names of users, namespaces, answers.
    pub is_everything: bool,
    /// Processes that are new or of which something is another.
    pub processes: Vec<ProcessId>,
    /// Places of lives that are new or of which something is another; one may stand here twice.
    pub changed: Vec<Slot>,
    /// Lives that are gone, with what was known at last. Their places may have new ones already.
    pub removed: Vec<(Slot, Gone)>,
}

/// A life that is gone.
#[derive(Clone, PartialEq, Debug)]
pub struct Gone {
    /// The endpoint, as it was at last.
    pub endpoint: Endpoint,
    /// When its life began, where that is known.
    pub start: Option<Timestamp>,
    /// When it ended, where that is known.
    pub end: Option<Timestamp>,
    /// As in [`Live::found`].
    pub found: Option<Timestamp>,
}

impl Notebook {
    /// Notes that something about a life is another.
    pub(super) fn change(&mut self, slot: Slot) {
        // The same life mostly changes several times in a row.
        if self.is_open && self.notes.changed.last() != Some(&slot) {
            self.notes.changed.push(slot);
        }
    }

    /// Notes that a life is gone.
    pub(super) fn remove(&mut self, slot: Slot, life: Live<'_>) {
        if self.is_open {
            let (endpoint, found) = (life.endpoint.clone(), life.found);
            let gone = Gone { endpoint, start: life.start, end: life.end, found };
            self.notes.removed.push((slot, gone));
        }
    }

    /// What was noted; notes begin anew.
    pub(super) fn take(&mut self) -> Notes {
        let mut notes = core::mem::take(&mut self.notes);
        notes.is_everything |= !core::mem::replace(&mut self.is_open, true);
        notes
    }
}
