//! What a snapshot means for the lives of endpoints: what it shows, and what it does not show.

use alloc::vec::Vec;
use core::mem;

use super::defects::Defect;
use super::facts::{are_same, has_place, has_sides, joined, overlay};
use super::life::{Before, End, Life, Phase, Stage, is_reported};
use super::lives::Slot;
use super::{NAMESPACES, Session};
use crate::endpoint::{Endpoint, Owners, Transport};
use crate::event::{Action, Reason};
use crate::snapshot::{Namespace, Snapshot};
use crate::state::State;
use crate::time::Timestamp;

/// One look at everything.
#[derive(Clone, Copy)]
struct Look {
    /// When it began: events that are not older count more.
    began: Timestamp,
    /// When it ended.
    now: Timestamp,
    /// Nothing was looked at before.
    is_first: bool,
    /// No event is missing: what differs was not told.
    is_exact: bool,
}

impl Session {
    /// Takes a complete picture.
    pub(super) fn take_snapshot(&mut self, now: Timestamp, mut snapshot: Snapshot) {
        let (began, is_first) = (snapshot.time, self.round == 0);
        let look = Look { began, now, is_first, is_exact: !is_first && self.lost.is_none() };
        self.round = self.round.wrapping_add(1).max(1);
        let endpoints = mem::take(&mut snapshot.endpoints);
        let namespaces = self.take_context(now, snapshot);
        for endpoint in endpoints {
            self.compare(look, endpoint);
        }
        for slot in self.lives.slots() {
            self.miss(look, slot);
        }
        self.keep_namespaces(namespaces);
        self.lost = self.lost.filter(|lost| *lost >= began);
    }

    /// Takes everything but the endpoints; gives back the namespaces that were known before.
    fn take_context(&mut self, now: Timestamp, snapshot: Snapshot) -> Vec<Namespace> {
        for process in snapshot.processes.into_values() {
            self.processes.see(&mut self.context, process, snapshot.time);
        }
        let context = &mut self.context;
        context.time = now;
        context.source = snapshot.source;
        context.ephemeral_ports = snapshot.ephemeral_ports;
        context.degradations = snapshot.degradations;
        let mut users = snapshot.users.iter();
        let is_other = users.any(|(id, name)| context.users.get(id) != Some(name))
            || context.namespaces != snapshot.namespaces
            || !snapshot.answers.is_empty();
        self.lives.notebook.notes.is_everything |= is_other;
        let reached = snapshot.namespaces.iter().map(|namespace| namespace.id);
        if self.reached.len() > NAMESPACES {
            self.reached = reached.collect();
        } else {
            self.reached.extend(reached);
        }
        context.users.extend(snapshot.users);
        context.answers.merge(snapshot.answers);
        mem::replace(&mut context.namespaces, snapshot.namespaces)
    }

    /// Takes what is known of a namespace.
    pub(super) fn learn_namespace(&mut self, namespace: Namespace) {
        self.lives.notebook.notes.is_everything = true;
        let all = &mut self.context.namespaces;
        all.retain(|known| known.id != namespace.id);
        all.push(namespace);
    }

    /// Keeps those of `before` that are gone but have endpoints that are still shown.
    fn keep_namespaces(&mut self, mut before: Vec<Namespace>) {
        before.retain(|namespace| self.context.namespace(namespace.id).is_none());
        if before.is_empty() {
            return;
        }
        before.retain(|namespace| {
            self.lives.iter().any(|life| life.endpoint.namespace == Some(namespace.id))
        });
        self.context.namespaces.append(&mut before);
    }

    /// Takes one endpoint that the snapshot shows.
    fn compare(&mut self, look: Look, endpoint: Endpoint) {
        let round = self.round;
        let Some(slot) = self.lives.find(&endpoint, round) else {
            return self.discover(look, endpoint);
        };
        let Some(life) = self.lives.life_mut(slot) else { return };
        if mem::replace(&mut life.round, round) == round {
            return;
        }
        let is_event_younger = life.changed >= look.began;
        match life.end {
            End::Open if is_event_younger => self.fill(look, slot, endpoint),
            End::Open => self.renew(look, slot, endpoint),
            End::Held(reason) => self.find_holder(slot, reason, &endpoint.owners),
            End::Over | End::Hidden
                if is_event_younger || life.is_closed_for_good() || !is_reported(&endpoint) => {}
            End::Over | End::Hidden => self.revive(look, slot, endpoint),
        }
    }

    /// An endpoint that nobody told of.
    fn discover(&mut self, look: Look, endpoint: Endpoint) {
        self.processes.hold(&endpoint.owners);
        let life = Life { round: self.round, ..Life::new(endpoint) };
        if let Some(slot) = self.lives.insert(life) {
            self.present(look, slot);
        }
    }

    /// A life that was thought to be over: the kernel opened its socket anew, and nobody told.
    fn revive(&mut self, look: Look, slot: Slot, endpoint: Endpoint) {
        self.processes.hold(&endpoint.owners);
        let Some(life) = self.lives.life_mut(slot) else { return };
        let again = Life { round: life.round, is_queued: life.is_queued, ..Life::new(endpoint) };
        let before = mem::replace(life, again);
        self.processes.release(&before.endpoint.owners);
        self.lives.note(slot);
        self.present(look, slot);
    }

    /// A life of which nothing was reported and that the snapshot shows.
    fn present(&mut self, look: Look, slot: Slot) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        let is_reported = is_reported(&life.endpoint);
        if !look.is_first {
            life.found = look.now;
        }
        if look.is_first {
            life.stage = if is_reported { Stage::Told } else { Stage::Silent };
            self.lives.settle(slot);
            if self.reports_initial {
                self.report(slot, Action::Snapshot, look.now);
            }
        } else if is_reported {
            // UDP is only told of when it is used, and that may be later.
            if life.endpoint.transport == Transport::Tcp {
                self.count(look, slot, Defect::Opening);
            }
            self.announce(slot, look.now);
        }
    }

    /// A life of which an event told since the snapshot began: it adds only what is not known.
    fn fill(&mut self, look: Look, slot: Slot, mut seen: Endpoint) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        let before = life.before();
        let owners = joined(&seen.owners, &life.endpoint.owners);
        overlay(&mut seen, &life.endpoint);
        mem::swap(&mut seen.owners, &mut life.endpoint.owners);
        life.endpoint = seen;
        self.lives.note(slot);
        self.give_owners(slot, owners);
        self.go_on(look, slot, before);
    }

    /// A life of which no event told since the snapshot began: it is as the snapshot shows it.
    fn renew(&mut self, look: Look, slot: Slot, seen: Endpoint) {
        let Some(life) = self.lives.life_mut(slot) else { return };
        if life.endpoint == seen && life.stage == Stage::Told {
            return; // As most are.
        }
        self.lives.note(slot);
        let Some(life) = self.lives.life_mut(slot) else { return };
        let before = life.before();
        if seen.state == Some(State::Closed) && life.stage != Stage::Silent {
            self.count(look, slot, Defect::Closing);
            return self.close(slot, look.now, (Reason::Unknown, false));
        }
        let known = &mut life.endpoint;
        let had_sides = has_sides(known) && known.transport == Transport::Tcp;
        let is_elsewhere = had_sides && (known.local, known.remote) != (seen.local, seen.remote);
        let is_told = life.stage != Stage::Silent;
        overlay(known, &seen);
        (known.local, known.remote, known.queue) = (seen.local, seen.remote, seen.queue);
        let is_other = is_told && before.state != known.state;
        let has_new_owners = seen.owners != known.owners && !seen.owners.as_slice().is_empty();
        let has_new_holders = has_new_owners && !are_same(&seen.owners, &known.owners);
        let is_owner_unknown = known.owners.as_slice().is_empty();
        if has_new_owners || is_owner_unknown {
            self.give_owners(slot, seen.owners);
        }
        for (is_defect, defect) in [(is_other, Defect::State), (is_elsewhere, Defect::Address)] {
            if is_defect {
                self.count(look, slot, defect);
            }
        }
        if is_elsewhere || has_new_holders {
            self.lives.touch(slot, Phase::Changed);
        }
        self.go_on(look, slot, before);
    }

    /// What the snapshot added may be what a report waited for, or worth one.
    fn go_on(&mut self, look: Look, slot: Slot, before: Before) {
        let Some(life) = self.lives.life(slot) else { return };
        match life.stage {
            Stage::Silent if is_reported(&life.endpoint) => self.present(look, slot),
            Stage::Connecting if has_sides(&life.endpoint) => self.announce(slot, look.now),
            Stage::Arriving if life.has_owner() => self.announce(slot, look.now),
            Stage::Told if life.has_connected(before) => self.connect(slot, look.now),
            Stage::Told if life.endpoint.state != before.state => {
                self.report(slot, Action::State, look.now);
                self.lives.touch(slot, Phase::Changed);
            }
            _ => {}
        }
    }

    /// A process holds a socket that closed, as was told; the snapshot may show which.
    fn find_holder(&mut self, slot: Slot, reason: Reason, owners: &Owners) {
        if !owners.as_slice().is_empty() {
            self.give_owners(slot, owners.clone());
            self.finish(slot, reason);
        }
    }

    /// A life that the snapshot may not have shown.
    fn miss(&mut self, look: Look, slot: Slot) {
        let Some(life) = self.lives.life(slot) else { return };
        if life.round == self.round || life.end != End::Open {
            return;
        }
        let is_event_younger = life.changed >= look.began;
        match life.stage {
            _ if look.is_exact && self.is_out_of_sight(life) => {}
            // Events told of it before there was anything to compare with; now it is clear that it
            // began after that.
            Stage::Silent if is_event_younger && is_reported(&life.endpoint) => {
                self.announce(slot, life.changed);
            }
            _ if is_event_younger => {}
            Stage::Silent => {
                self.lives.unlist(slot);
                self.hide(slot);
            }
            Stage::Connecting | Stage::Arriving | Stage::Told => {
                self.count(look, slot, Defect::Closing);
                self.close(slot, look.now, (Reason::Unknown, false));
            }
        }
    }

    /// Whether snapshots cannot show it, and its closing will be told all the same: it is in a namespace
    /// that none of them ever reached, as events tell of the whole machine, also where a snapshot sees
    /// only the processes of a container; one that was reached and is no more has ended, with all
    /// that was in it. Or it connects and has no port yet, without which no table has it: to find one
    /// may take long on a busy machine. What the kernel keeps of a connection ends without an event.
    fn is_out_of_sight(&self, life: &Life) -> bool {
        if !is_reported(&life.endpoint) {
            return false;
        }
        let is_elsewhere = life.endpoint.namespace.is_some_and(|id| !self.reached.contains(&id));
        let is_placeless =
            life.endpoint.state == Some(State::SynSent) && !has_place(&life.endpoint);
        self.is_told(life, Defect::Closing) && (is_elsewhere || is_placeless)
    }

    /// Whether events are to tell of it what `defect` says they did not.
    fn is_told(&self, life: &Life, defect: Defect) -> bool {
        match life.endpoint.transport {
            Transport::Tcp => self.coverage.tcp,
            Transport::Udp => self.coverage.udp_closings && defect == Defect::Closing,
        }
    }

    /// Counts a defect, where events are complete and should have told.
    fn count(&mut self, look: Look, slot: Slot, defect: Defect) {
        let Some(life) = self.lives.life(slot) else { return };
        // UDP that nobody holds may have been closed before events were told, and still be in the
        // tables for a moment.
        let is_fading = life.endpoint.transport == Transport::Udp && !life.has_owner();
        if look.is_exact && self.is_told(life, defect) && !is_fading {
            self.defects.count(defect, &life.endpoint);
        }
    }
}
