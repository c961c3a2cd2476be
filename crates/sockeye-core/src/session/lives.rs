//! Where lives are kept: at places that do not move, found by cookie, else by their sides.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::mem;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::life::{Life, Phase};
use super::notes::Notebook;
use crate::endpoint::{Endpoint, Key};
use crate::state::State;

/// The place of a life. It is used again only after a refresh has removed the life.
pub type Slot = u32;

/// Every life that is remembered.
#[derive(Default, Debug)]
pub(super) struct Lives {
    slots: Vec<Option<Life>>,
    free: Vec<Slot>,
    index: HashTable<Slot>,
    hasher: DefaultHashBuilder,
    /// Those that the next refresh has to look at.
    queue: Vec<Slot>,
    /// What happened, for whoever draws.
    pub(super) notebook: Notebook,
}

/// What identifies an endpoint as long as it lives.
#[derive(PartialEq, Eq, Hash)]
enum Id {
    /// The socket's number, unique until the kernel boots again. What is left in TIME-WAIT inherits it, but
    /// is not the connection that it was.
    Cookie { cookie: u64, is_waiting: bool },
    /// The sides. Listeners and UDP may share theirs, and are told apart by inode, which never
    /// changes while they live.
    Sides { key: Key, inode: Option<u64>, is_waiting: bool },
}

impl Id {
    fn of(endpoint: &Endpoint) -> Self {
        let is_waiting = endpoint.state == Some(State::TimeWait);
        match endpoint.id() {
            Some(cookie) => Self::Cookie { cookie, is_waiting },
            None => Self::Sides {
                key: endpoint.key(),
                inode: endpoint.socket.inode.filter(|_| endpoint.remote.is_none()),
                is_waiting,
            },
        }
    }
}

impl Lives {
    /// The life at `slot`.
    pub(super) fn life(&self, slot: Slot) -> Option<&Life> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// The life at `slot`, to be changed in all but what identifies it.
    pub(super) fn life_mut(&mut self, slot: Slot) -> Option<&mut Life> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Every life.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Life> {
        self.slots.iter().flatten()
    }

    /// Every place there is, with or without a life.
    pub(super) fn slots(&self) -> core::ops::Range<Slot> {
        0..Slot::try_from(self.slots.len()).unwrap_or(Slot::MAX)
    }

    /// The life of `endpoint`. Without a cookie several may look alike: one that the snapshot
    /// `round` has not had yet.
    pub(super) fn find(&self, endpoint: &Endpoint, round: u32) -> Option<Slot> {
        let id = Id::of(endpoint);
        let is_free = |life: &Life| matches!(id, Id::Cookie { .. }) || life.round != round;
        let is_it = |slot: &Slot| {
            self.life(*slot).is_some_and(|life| Id::of(&life.endpoint) == id && is_free(life))
        };
        self.index.find(self.hasher.hash_one(&id), is_it).copied()
    }

    /// Keeps a new life, which the next refresh will look at.
    pub(super) fn insert(&mut self, life: Life) -> Option<Slot> {
        let hash = self.hasher.hash_one(Id::of(&life.endpoint));
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = Slot::try_from(self.slots.len()).ok()?;
                self.slots.push(None);
                slot
            }
        };
        *self.slots.get_mut(slot as usize)? = Some(life);
        let Self { slots, index, hasher, .. } = self;
        index.insert_unique(hash, slot, |slot| {
            let life = slots.get(*slot as usize).and_then(Option::as_ref);
            life.map_or(0, |life| hasher.hash_one(Id::of(&life.endpoint)))
        });
        self.queue(slot);
        self.note(slot);
        Some(slot)
    }

    /// Makes the life at `slot` one that is not found any more: another endpoint may have its sides.
    pub(super) fn unlist(&mut self, slot: Slot) {
        let Some(life) = self.life(slot) else { return };
        let hash = self.hasher.hash_one(Id::of(&life.endpoint));
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
    }

    /// Forgets the life at `slot`, which is not in the queue.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Life> {
        self.unlist(slot);
        let life = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.notebook.remove(slot, life.last());
        Some(life)
    }

    /// Has the next refresh look at the life at `slot`.
    pub(super) fn queue(&mut self, slot: Slot) {
        let Some(life) = self.life_mut(slot) else { return };
        if !mem::replace(&mut life.is_queued, true) {
            self.queue.push(slot);
        }
    }

    /// Those that something happened to not long ago.
    pub(super) fn queued(&self) -> impl Iterator<Item = Slot> {
        self.queue.iter().copied()
    }

    /// Those that were queued; the queue is empty then.
    pub(super) fn take_queue(&mut self) -> Vec<Slot> {
        let queue = mem::take(&mut self.queue);
        for slot in &queue {
            if let Some(life) = self.life_mut(*slot) {
                life.is_queued = false;
            }
        }
        queue
    }

    /// Shows for three refreshes what happened to a life. What is new stays new meanwhile.
    pub(super) fn touch(&mut self, slot: Slot, phase: Phase) {
        let Some(life) = self.life_mut(slot) else { return };
        if life.phase == Phase::Fresh && phase == Phase::Changed {
            return;
        }
        (life.phase, life.age) = (phase, 0);
        self.queue(slot);
        self.note(slot);
    }

    /// Notes for whoever draws that something about a life is another.
    pub(super) fn note(&mut self, slot: Slot) {
        self.notebook.change(slot);
    }

    /// Shows that nothing happens to a life.
    pub(super) fn settle(&mut self, slot: Slot) {
        if let Some(life) = self.life_mut(slot)
            && mem::replace(&mut life.phase, Phase::Steady) != Phase::Steady
        {
            self.note(slot);
        }
    }

    /// How many can be found.
    #[cfg(test)]
    pub(super) fn listed(&self) -> usize {
        self.index.len()
    }
}
