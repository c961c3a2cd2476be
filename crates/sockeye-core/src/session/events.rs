//! What an event means for the life of an endpoint.

use super::Session;
use super::facts::{has_place, joined, overlay};
use super::life::{Before, End, Life, Phase, Stage, is_kept_by_kernel, is_unused};
use super::lives::Slot;
use crate::endpoint::{Direction, Endpoint, Transport};
use crate::event::{Action, Change, Reason, Sighting};
use crate::state::State;
use crate::time::Timestamp;

impl Session {
    /// Takes what an event tells of an endpoint; without a cookie nobody knows of which.
    pub(super) fn take_sighting(&mut self, time: Timestamp, sighting: Sighting) {
        let Sighting { change, endpoint, is_held } = sighting;
        if endpoint.id().is_none() {
            return;
        }
        match change {
            Change::Closed(reason) => self.take_closing(time, endpoint, (reason, is_held)),
            Change::Peer => self.take_peer(time, endpoint),
            Change::Bound | Change::Used => self.take_use(time, change, endpoint),
            Change::State(from) => self.take_state(time, from, endpoint),
        }
    }

    /// A process uses it.
    fn take_use(&mut self, time: Timestamp, change: Change, mut endpoint: Endpoint) {
        let is_known = self.lives.find(&endpoint, 0).is_some();
        if is_known {
            // Only events of states tell them in the order in which they were.
            endpoint.state = None;
        }
        let is_told = change != Change::Used || self.round > 0;
        let Some((slot, before)) = self.meet(time, endpoint) else { return };
        let Some(life) = self.lives.life_mut(slot) else { return };
        let is_unused = life.endpoint.state.is_some_and(is_unused);
        match (life.end, life.stage) {
            (End::Held(reason), _) if life.has_owner() => self.finish(slot, reason),
            (End::Open, Stage::Arriving) if life.has_owner() => self.announce(slot, time),
            // Before the first snapshot, nobody knows for how long it was there.
            (End::Open, Stage::Silent) if is_told && !is_unused => {
                let is_beginning = life.endpoint.transport == Transport::Udp && !is_known;
                life.start = life.start.or(is_beginning.then_some(time));
                self.announce(slot, time);
            }
            (End::Open, Stage::Told) if life.has_connected(before) => self.connect(slot, time),
            _ => {}
        }
    }

    /// A UDP endpoint that is known has a remote of its own now, or another one.
    pub(super) fn connect(&mut self, slot: Slot, time: Timestamp) {
        self.report(slot, Action::Opened, time);
        self.lives.touch(slot, Phase::Changed);
    }

    /// A UDP endpoint without a remote of its own exchanged with one.
    fn take_peer(&mut self, time: Timestamp, mut endpoint: Endpoint) {
        let remote = endpoint.remote.take();
        self.take_use(time, Change::Peer, endpoint.clone());
        let Some(slot) = self.lives.find(&endpoint, 0) else { return };
        let Some(life) = self.lives.life(slot).filter(|life| life.end == End::Open) else { return };
        if life.endpoint.remote.is_some() {
            return; // Connected: it exchanges with nobody else.
        }
        let mut peer = life.occurrence(Action::Peer, time);
        if let (Some(endpoint), Some(_)) = (&mut peer.endpoint, remote) {
            endpoint.remote = remote;
            self.occurrences.push(peer);
        }
    }

    /// TCP: its state is another.
    fn take_state(&mut self, time: Timestamp, from: Option<State>, endpoint: Endpoint) {
        let Some(to) = endpoint.state else { return };
        match (from, to) {
            (_, State::Closed) => {
                return self.take_closing(time, endpoint, (Reason::Unknown, false));
            }
            // The connection is over; what the kernel keeps of it, for the side that closed first,
            // is another endpoint, which the next snapshot shows.
            (_, State::TimeWait) | (None, State::FinWait2) => {
                return self.take_closing(time, endpoint, (Reason::Local, false));
            }
            _ => {}
        }
        if matches!(to, State::SynSent | State::Listen) {
            self.begin_again(&endpoint);
        }
        let Some((slot, before)) = self.meet(time, endpoint) else { return };
        let Some(life) = self.lives.life(slot).filter(|life| life.end == End::Open) else { return };
        match life.stage {
            Stage::Silent => self.begin(slot, time, (from, to)),
            Stage::Connecting if to != State::SynSent => self.announce(slot, time),
            Stage::Arriving if life.has_owner() => self.announce(slot, time),
            Stage::Told if before.state != Some(to) => {
                self.report(slot, Action::State, time);
                self.lives.touch(slot, Phase::Changed);
            }
            _ => {}
        }
    }

    /// A state of a TCP endpoint of which nothing was reported yet.
    fn begin(&mut self, slot: Slot, time: Timestamp, (from, to): (Option<State>, State)) {
        let was_watched = self.round > 0;
        let Some(life) = self.lives.life_mut(slot) else { return };
        let began = |life: &mut Life, stage, direction| {
            (life.start, life.stage, life.endpoint.direction) = (Some(time), stage, direction);
        };
        match (from, to) {
            (_, State::SynSent) => began(life, Stage::Connecting, Direction::Egress),
            (_, State::Listen) => {
                began(life, Stage::Told, Direction::Listen);
                self.announce(slot, time);
            }
            (_, to) if is_unused(to) || is_kept_by_kernel(to) => {}
            (Some(State::SynReceived), _) => {
                began(life, Stage::Arriving, Direction::Ingress);
                if life.has_owner() {
                    self.announce(slot, time);
                }
            }
            (Some(State::SynSent), _) => self.announce(slot, time),
            // It was there before, and the first snapshot will tell whether that is reported.
            _ if was_watched && has_place(&life.endpoint) => self.announce(slot, time),
            _ => {}
        }
        self.lives.touch(slot, Phase::Fresh);
    }

    /// A socket that failed to connect may try again, under the same cookie: a new life.
    fn begin_again(&mut self, told: &Endpoint) {
        let Some(slot) = self.lives.find(told, 0) else { return };
        match self.lives.life(slot).map(|life| life.end) {
            None | Some(End::Open) => return,
            Some(End::Held(reason)) => self.finish(slot, reason),
            Some(End::Over | End::Hidden) => {}
        }
        let Some(life) = self.lives.life_mut(slot) else { return };
        let (local, remote) = (told.local, told.remote);
        let endpoint = Endpoint { local, remote, metrics: None, ..life.endpoint.clone() };
        *life = Life { is_queued: life.is_queued, ..Life::new(endpoint) };
    }

    /// It is gone.
    fn take_closing(
        &mut self,
        time: Timestamp,
        mut endpoint: Endpoint,
        (reason, is_held): (Reason, bool),
    ) {
        endpoint.state = endpoint.state.map(|_| State::Closed);
        let known = self.lives.find(&endpoint, 0);
        let is_placed = has_place(&endpoint);
        let measured = endpoint.metrics.clone();
        let Some((slot, before)) = self.meet(time, endpoint) else { return };
        let Some(life) = self.lives.life(slot).filter(|life| life.end == End::Open) else { return };
        let is_unheard = match known {
            // It was never seen, and the event does not tell where it was.
            None => !is_placed,
            Some(_) => life.stage == Stage::Silent && self.is_silent_end(before),
        };
        if let Some(life) = self.lives.life_mut(slot) {
            life.is_end_known = true;
            life.endpoint.metrics = measured; // What was measured before is not what it came to.
        }
        if is_unheard {
            self.hide(slot);
        } else {
            self.close(slot, time, (reason, is_held));
        }
    }

    /// Whether nobody is told that a life ends of which nobody was told that it began: a handshake
    /// that came to nothing. Without events of states, one that is destroyed had succeeded: the
    /// kernel does not tell of the others.
    fn is_silent_end(&self, before: Before) -> bool {
        before.state.is_some_and(|state| match state {
            State::SynReceived => self.coverage.tcp,
            state => is_unused(state) || is_kept_by_kernel(state),
        })
    }

    /// Ends a life; reports it at once, unless somebody still holds it and is about to be told.
    pub(super) fn close(&mut self, slot: Slot, time: Timestamp, (reason, is_held): (Reason, bool)) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        life.changed = time;
        // Another endpoint may have its sides from now on.
        let is_anonymous = life.endpoint.id().is_none();
        if life.endpoint.transport == Transport::Tcp {
            life.endpoint.state = Some(State::Closed);
        }
        life.endpoint.queue = None; // Nothing waits in what is gone.
        if is_held && !life.has_owner() {
            life.end = End::Held(reason);
        } else {
            self.finish(slot, reason);
        }
        self.lives.touch(slot, Phase::Closed);
        if is_anonymous {
            self.lives.unlist(slot);
        }
    }

    /// The life of the endpoint that an event tells of, with what it tells, and what was known
    /// before; a life that is over learns only who held it.
    fn meet(&mut self, time: Timestamp, told: Endpoint) -> Option<(Slot, Before)> {
        let Some(slot) = self.lives.find(&told, 0) else {
            let before = Before { state: None, remote: told.remote };
            self.processes.hold(&told.owners);
            let slot = self.lives.insert(Life { changed: time, ..Life::new(told) })?;
            return Some((slot, before));
        };
        let life = self.lives.life_mut(slot)?;
        let before = life.before();
        if matches!(life.end, End::Over | End::Hidden) {
            return Some((slot, before));
        }
        let owners = joined(&life.endpoint.owners, &told.owners);
        if life.end == End::Open {
            life.changed = life.changed.max(time);
            overlay(&mut life.endpoint, &told);
        }
        self.lives.note(slot);
        self.give_owners(slot, owners);
        Some((slot, before))
    }
}
