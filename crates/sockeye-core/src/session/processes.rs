//! Who is remembered: every process that a life names, and for three refreshes longer.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::SHOWN;
use crate::endpoint::{Owner, Owners};
use crate::process::{Process, ProcessId};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

/// How often each process is named.
#[derive(Default, Debug)]
pub(super) struct Processes {
    uses: HashMap<ProcessId, Use>,
    /// Those that nobody named when they were put here, with the refresh before that, oldest first.
    idle: VecDeque<(u64, ProcessId)>,
    /// How many refreshes there were.
    refresh: u64,
    /// Those that lives name and of which something is another; `None` where nobody asks.
    pub(super) renewed: Option<Vec<ProcessId>>,
}

/// How often one process is named.
#[derive(Default, Debug)]
struct Use {
    /// By how many owners of lives.
    count: u32,
    /// The refresh before it was last named.
    last: u64,
    /// When an event last told of it.
    told: Option<Timestamp>,
}

impl Processes {
    /// Takes what an event at `time` tells of a process.
    pub(super) fn hear(&mut self, context: &mut Snapshot, process: Process, time: Timestamp) {
        let id = process.id;
        self.learn(context, process);
        self.uses.entry(id).or_default().told = Some(time);
    }

    /// Takes what a snapshot that began at `began` shows of a process: nothing, if an event has told
    /// of it since, for it may run another image by now.
    pub(super) fn see(&mut self, context: &mut Snapshot, process: Process, began: Timestamp) {
        let told = self.uses.get(&process.id).and_then(|used| used.told);
        if told.is_none_or(|told| told < began) {
            self.learn(context, process);
        }
    }

    /// Takes what is known of a process.
    fn learn(&mut self, context: &mut Snapshot, process: Process) {
        let id = process.id;
        // One that ended meanwhile has less to tell than it had before.
        let is_poorer = |known: &Process| known.path.is_ok() && process.path.is_err();
        let known = context.processes.get(&id);
        if !known.is_some_and(is_poorer) {
            let is_named = self.uses.get(&id).is_some_and(|used| used.count > 0);
            let is_another = is_named && known != Some(&process);
            if let Some(renewed) = self.renewed.as_mut().filter(|_| is_another) {
                renewed.push(id);
            }
            context.processes.insert(id, process);
        }
        if self.uses.get(&id).is_none_or(|used| used.count == 0) {
            self.rest(id);
        }
    }

    /// Counts owners of a life.
    pub(super) fn hold(&mut self, owners: &Owners) {
        for Owner { process, .. } in owners.as_slice() {
            self.uses.entry(*process).or_default().count += 1;
        }
    }

    /// Counts owners of a life no more.
    pub(super) fn release(&mut self, owners: &Owners) {
        for Owner { process, .. } in owners.as_slice() {
            let Some(used) = self.uses.get_mut(process) else { continue };
            used.count = used.count.saturating_sub(1);
            if used.count == 0 {
                self.rest(*process);
            }
        }
    }

    /// A process is named by nobody from now on.
    fn rest(&mut self, id: ProcessId) {
        self.uses.entry(id).or_default().last = self.refresh;
        self.idle.push_back((self.refresh, id));
    }

    /// Another refresh has passed.
    pub(super) fn grow_older(&mut self) {
        self.refresh += 1;
    }

    /// Forgets those that nobody has named for three refreshes.
    pub(super) fn forget(&mut self, context: &mut Snapshot) {
        let is_old = |since: u64| since + u64::from(SHOWN) <= self.refresh;
        while let Some((_, id)) = self.idle.pop_front_if(|(since, _)| is_old(*since)) {
            let is_unused = |used: &Use| used.count == 0 && is_old(used.last);
            if self.uses.get(&id).is_some_and(is_unused) {
                self.uses.remove(&id);
                context.processes.remove(&id);
            }
        }
    }

    /// Whether nothing is remembered.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.idle.is_empty()
    }
}
