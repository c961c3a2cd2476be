//! The processes that events name, also those that have ended by the time that they are heard of.

use hashbrown::{HashMap, HashSet};
use sockeye_core::endpoint::Ownerless;
use sockeye_core::process::Absent;
use sockeye_core::{Owner, Owners, Process, ProcessId, Timestamp};

use super::accounts;
use super::facts::{Facts, name_of};
use super::list::list;
use crate::assemble::noted::{self, process};
use crate::decode::etw::Started;

/// So many are remembered at most; then those who live are found again.
const KNOWN: usize = 65_536;
/// Between 1601, where Windows begins to count, and 1970, in units of 100 ns.
const EPOCH: i64 = 116_444_736_000_000_000;

/// Who was named, or told to have started.
#[derive(Default, Debug)]
pub(super) struct People {
    known: HashMap<u32, Process>,
    /// Told to have started, and not looked at yet.
    started: HashMap<u32, (Timestamp, Started)>,
}

impl People {
    /// Takes note of a process that started: its number is not another's any more.
    pub(super) fn hear(&mut self, time: Timestamp, started: Started) {
        if self.started.len() >= KNOWN {
            self.started.clear();
        }
        self.known.remove(&started.pid);
        self.started.insert(started.pid, (time, started));
    }

    /// Finds out about everybody of `pids` who is not known yet, by one look at the list of processes.
    pub(super) fn meet(&mut self, pids: &HashSet<u32>, facts: &mut Facts) {
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        let mut missing = pids.iter().filter(|pid| !self.known.contains_key(*pid)).peekable();
        if missing.peek().is_none() {
            return;
        }
        let listed = list().unwrap_or_default();
        let found: Vec<Process> = missing
            .filter_map(|pid| match (listed.get(pid), self.started.get(pid)) {
                (Some(listed), _) => Some(facts.of(listed)),
                (None, Some((time, started))) => Some(gone(*time, started)),
                (None, None) => None,
            })
            .collect();
        for process in found {
            self.started.remove(&process.id.pid);
            self.known.insert(process.id.pid, process);
        }
    }

    /// The process with this number.
    pub(super) fn find(&self, pid: u32) -> Option<&Process> {
        self.known.get(&pid)
    }

    /// The process with this number, as an owner.
    pub(super) fn owners(&self, pid: u32) -> Owners {
        match self.find(pid) {
            Some(process) => Owners::One(Owner { process: process.id, fd: None }),
            None => Owners::None(Ownerless::Ended),
        }
    }
}

/// What is known of a process that ended before anybody looked at it.
fn gone(time: Timestamp, told: &Started) -> Process {
    let start = (time.unix_ns() / 100).saturating_add(EPOCH);
    let line = told.command_line.trim();
    process(noted::Listed {
        id: ProcessId { pid: told.pid, start: start.cast_unsigned() },
        parent: (told.parent != 0).then_some(told.parent),
        name: name_of(told.pid, &told.name),
        path: Err(Absent::Vanished),
        command_line: if line.is_empty() { Err(Absent::Vanished) } else { Ok(line.into()) },
        user_id: told.user.as_deref().and_then(accounts::user_called),
        services: None,
    })
}
