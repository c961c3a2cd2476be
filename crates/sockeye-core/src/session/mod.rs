//! The machine over time: snapshots and events become occurrences, and rows that stay visible for a
//! while after they have closed.
//!
//! A session performs no I/O and reads no clock. Whoever runs it hands in snapshots, events and the
//! time, and takes out what came of them. It believes whoever saw a thing last: an event that is
//! younger than the beginning of a snapshot counts more than that snapshot, else the snapshot does.
//!
//! `life` is what is remembered of an endpoint, `lives` where; `facts` joins what two sources tell
//! of one; `events` and `snapshots` are the rules; `processes` forgets whom nobody needs any more.

mod defects;
mod events;
mod facts;
mod life;
mod lives;
mod notes;
mod processes;
mod snapshots;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::mem;

use hashbrown::HashSet;

use crate::answer::Answers;
use crate::endpoint::{Ownerless, Owners};
use crate::event::{Action, Coverage, Event, EventKind, Occurrence, Reason};
use crate::snapshot::{NamespaceId, Snapshot, Source};
use crate::state::State;
use crate::time::Timestamp;

pub use defects::{Counts, Defects};
pub use life::{Live, Phase};
pub use lives::Slot;
pub use notes::{Gone, Notes};

use life::{End, Life, Stage};
use lives::Lives;
use processes::Processes;

/// So many answers of a kind are remembered.
const ANSWERS: usize = 65_536;

/// So many namespaces are remembered at most; on machines that make ever new ones, those of the last
/// snapshot are enough.
const NAMESPACES: usize = 4096;

/// For so many refreshes it stays visible that an endpoint is new, has changed or has closed, and
/// a process is remembered that nobody names any more.
const SHOWN: u8 = 3;

/// What is known of a machine's endpoints over time.
#[derive(Debug)]
pub struct Session {
    coverage: Coverage,
    /// The first snapshot becomes occurrences.
    reports_initial: bool,
    /// Everything but the endpoints.
    context: Snapshot,
    lives: Lives,
    processes: Processes,
    occurrences: Vec<Occurrence>,
    defects: Defects,
    /// Namespaces that a snapshot has shown.
    reached: HashSet<NamespaceId>,
    /// How many snapshots there were.
    round: u32,
    /// When events were last lost without a snapshot that began after it.
    lost: Option<Timestamp>,
    /// A connection waits for its owner since before the last refresh.
    awaits_owner: bool,
}

impl Session {
    /// A session that knows nothing yet; `coverage` is what its events will tell.
    pub fn new(coverage: Coverage) -> Self {
        Self {
            coverage,
            reports_initial: false,
            context: Snapshot::new(Timestamp::from_unix_ns(0), Source::SockDiag),
            lives: Lives::default(),
            processes: Processes::default(),
            occurrences: Vec::new(),
            defects: Defects::default(),
            reached: HashSet::default(),
            round: 0,
            lost: None,
            awaits_owner: false,
        }
    }

    /// The same, and what the first snapshot shows is reported too, as [`Action::Snapshot`].
    pub fn reporting_initial(self) -> Self {
        Self { reports_initial: true, ..self }
    }

    /// Takes a complete picture, whose time is that of its beginning; `now` is its end. All events
    /// up to now have to be handed in before it. Not more than two refreshes may fall between its
    /// beginning and this call: what closed meanwhile would be forgotten, and found again.
    pub fn handle_snapshot(&mut self, now: Timestamp, snapshot: Snapshot) {
        self.take_snapshot(now, snapshot);
        self.awaits_owner = false;
    }

    /// Takes one event.
    pub fn handle_event(&mut self, event: Event) {
        let Event { time, kind } = event;
        self.context.time = self.context.time.max(time);
        match kind {
            EventKind::Process(process) => self.processes.hear(&mut self.context, *process, time),
            EventKind::User { id, name } => {
                self.context.users.insert(id, name);
                self.lives.notebook.notes.is_everything = true;
            }
            EventKind::Namespace(namespace) => self.learn_namespace(namespace),
            EventKind::Endpoint(sighting) => self.take_sighting(time, *sighting),
            EventKind::Lost(count) => self.lose(time, count),
        }
    }

    /// Takes answers: from now on the context has them.
    pub fn handle_answers(&mut self, answers: Answers) {
        if self.context.answers.has(&answers) {
            return;
        }
        let known = &mut self.context.answers;
        // Of a machine that is watched for weeks; what is still shown is asked for again.
        if known.hostnames.len() > ANSWERS || known.places.len() > ANSWERS {
            (known.hostnames, known.places) = Default::default();
        }
        if known.packages.len() > ANSWERS {
            let processes = &self.context.processes;
            known.packages.retain(|process, _| processes.contains_key(process));
        }
        known.merge(answers);
        self.lives.notebook.notes.is_everything = true;
    }

    /// A refresh: what was new is new no more, and what closed three refreshes ago goes. Costs
    /// nothing for endpoints to which nothing happened.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.context.time = now;
        self.awaits_owner = false;
        for slot in self.lives.take_queue() {
            self.grow_older(slot, now);
        }
        self.processes.grow_older();
        if self.occurrences.is_empty() {
            self.processes.forget(&mut self.context);
        }
    }

    /// Whether something that happened is not told yet, because it is not known whose it is, or where.
    pub fn is_waiting(&self) -> bool {
        self.lives.queued().filter_map(|slot| self.lives.life(slot)).any(Life::is_waiting)
    }

    /// The last refresh: whatever waits is told with what is known.
    pub fn handle_end(&mut self, now: Timestamp) {
        let waiting = |slot: &Slot| self.lives.life(*slot).is_some_and(Life::is_waiting);
        let slots: Vec<Slot> = self.lives.queued().filter(waiting).collect();
        for slot in slots {
            match self.lives.life(slot).map(|life| (life.end, life.stage)) {
                Some((End::Held(reason), _)) => self.finish(slot, reason),
                Some((End::Open, Stage::Connecting)) => self.announce(slot, now),
                Some((End::Open, Stage::Arriving)) => self.give_up_on_owner(slot, now),
                _ => {}
            }
        }
    }

    /// Whether something happened that only a snapshot can clear up, and that should not wait:
    /// events were lost, or a connection of which nobody told the owner lived to see a refresh.
    pub fn needs_snapshot(&self) -> bool {
        self.lost.is_some() || self.awaits_owner
    }

    /// What happened since the last call, in order.
    pub fn take_occurrences(&mut self) -> Vec<Occurrence> {
        mem::take(&mut self.occurrences)
    }

    /// Everything but the endpoints: processes, users, namespaces, for the rows of occurrences and
    /// of [`Self::lives`]. A process stays in it for three refreshes after it was last named.
    pub fn context(&self) -> &Snapshot {
        &self.context
    }

    /// Every endpoint that lives, and those that closed less than three refreshes ago.
    pub fn lives(&self) -> impl Iterator<Item = Live<'_>> {
        self.lives.iter().filter_map(Life::shown)
    }

    /// The life at a place that [`Self::take_notes`] named, if it is still there and shown.
    pub fn live(&self, slot: Slot) -> Option<Live<'_>> {
        self.lives.life(slot)?.shown()
    }

    /// The same, also of a life that is over and not shown any more: for rows that stay.
    pub fn last(&self, slot: Slot) -> Option<Live<'_>> {
        Some(self.lives.life(slot)?.last())
    }

    /// Every place with a life that is shown.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.lives.slots().filter(|slot| self.live(*slot).is_some())
    }

    /// What happened to lives since the last call, for whoever draws them; from the first call on,
    /// which tells that everything may be another.
    pub fn take_notes(&mut self) -> Notes {
        let renewed = self.processes.renewed.replace(Vec::new()).unwrap_or_default();
        Notes { processes: renewed, ..self.lives.notebook.take() }
    }

    /// How many snapshots there were.
    pub fn snapshots(&self) -> u32 {
        self.round
    }

    /// What snapshots showed although events should have told it.
    pub fn defects(&self) -> &Defects {
        &self.defects
    }

    /// Takes note that `count` events were lost.
    fn lose(&mut self, time: Timestamp, count: u64) {
        self.lost = self.lost.max(Some(time));
        let nothing = Occurrence {
            start: None,
            end: None,
            reason: None,
            lost: Some(count),
            endpoint: None,
            time,
            action: Action::Lost,
        };
        self.occurrences.push(nothing);
    }

    /// What a refresh means for one life to which something happened not long ago.
    fn grow_older(&mut self, slot: Slot, now: Timestamp) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        life.age = life.age.saturating_add(1);
        let (age, stage, end) = (life.age, life.stage, life.end);
        let is_placed = facts::has_place(&life.endpoint);
        let is_shown = life.phase != Phase::Steady && age < SHOWN;
        match (end, stage) {
            (End::Held(reason), _) => self.finish(slot, reason),
            (End::Open, Stage::Connecting) if is_placed || age >= SHOWN => self.announce(slot, now),
            (End::Open, Stage::Connecting) => self.awaits_owner = true,
            (End::Open, Stage::Arriving) if age >= SHOWN => self.give_up_on_owner(slot, now),
            (End::Open, Stage::Arriving) => self.awaits_owner = true,
            _ => {}
        }
        if is_shown {
            self.lives.queue(slot);
        } else if end == End::Open {
            self.lives.settle(slot);
        } else if let Some(life) = self.lives.remove(slot) {
            self.processes.release(&life.endpoint.owners);
        }
    }

    /// Reports a connection as accepted although nobody was seen to accept it.
    fn give_up_on_owner(&mut self, slot: Slot, now: Timestamp) {
        self.give_owners(slot, Owners::None(Ownerless::Unaccepted));
        self.announce(slot, now);
    }

    /// Makes `owners` those of a life.
    fn give_owners(&mut self, slot: Slot, owners: Owners) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        if life.endpoint.owners == owners {
            return;
        }
        self.processes.hold(&owners);
        let before = mem::replace(&mut life.endpoint.owners, owners);
        self.processes.release(&before);
        self.lives.note(slot);
    }

    /// Reports the beginning of a life: at the time it began, where that is known, else at `time`.
    fn announce(&mut self, slot: Slot, time: Timestamp) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        life.stage = Stage::Told;
        let (action, time) = (life.opening(), life.start.unwrap_or(time));
        let mut occurrence = life.occurrence(action, time);
        if life.end != End::Open {
            occurrence.endpoint.iter_mut().for_each(|endpoint| {
                // Reported late, together with its closing: this is what it was then.
                endpoint.state = endpoint.state.map(|_| State::Established);
                endpoint.metrics = None;
            });
        }
        self.occurrences.push(occurrence);
    }

    /// Reports something that happened in the middle of a life.
    fn report(&mut self, slot: Slot, action: Action, time: Timestamp) {
        let Some(life) = self.lives.life(slot) else { return };
        let mut occurrence = life.occurrence(action, time);
        occurrence.endpoint.iter_mut().for_each(|endpoint| {
            // Nothing was measured, and nobody looked into its queues, at this moment.
            endpoint.metrics = None;
            endpoint.queue = None;
        });
        self.occurrences.push(occurrence);
    }

    /// Reports the end of a life: its beginning first, when nobody was told of that yet.
    fn finish(&mut self, slot: Slot, reason: Reason) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        life.end = End::Over;
        let (stage, time) = (life.stage, life.changed);
        if stage == Stage::Arriving {
            self.announce(slot, time);
        }
        let Some(life) = self.lives.life_mut(slot) else { return };
        life.stage = Stage::Told;
        let end = life.is_end_known.then_some(time);
        let closed = life.occurrence(Action::Closed, time);
        self.occurrences.push(Occurrence { end, reason: Some(reason), ..closed });
    }

    /// Takes a life away without a word: of what the kernel alone keeps, nothing is reported.
    fn hide(&mut self, slot: Slot) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        life.end = End::Hidden;
        self.lives.touch(slot, Phase::Closed);
    }
}
