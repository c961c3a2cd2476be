//! Names of users, as the system's name service knows them.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use nix::unistd::{Gid, Group, Uid, User};
use sockeye_core::event::{Event, EventKind};
use sockeye_core::{Snapshot, Timestamp};

use crate::decode::process::decode_status_users;
use crate::raw::Raw;

/// The names of all users that sockets and processes name by number.
pub(super) fn read_users(raw: &Raw) -> Vec<(u32, String)> {
    let sockets = raw.namespaces.iter().flat_map(|namespace| &namespace.sockets);
    let statuses = raw.processes.iter().filter_map(|process| process.status.as_deref().ok());
    let mut ids: BTreeSet<u32> = statuses.filter_map(decode_status_users).collect();
    ids.extend(sockets.filter_map(|row| row.uid));
    let held = raw.namespaces.iter().flat_map(|namespace| &namespace.held);
    let mut last = None;
    for id in held.filter_map(|endpoint| endpoint.user_id) {
        if last.replace(id) != Some(id) {
            ids.insert(id); // Sockets of one process stand together: mostly the same again.
        }
    }
    ids.into_iter().filter_map(|id| Some((id, name_of(id)?))).collect()
}

/// What a user is called, if anything.
fn name_of(id: u32) -> Option<String> {
    Some(User::from_uid(Uid::from_raw(id)).ok()??.name)
}

/// Names of users and groups, each asked for once.
#[derive(Default, Debug)]
pub(super) struct Names {
    users: HashMap<u32, Option<String>>,
    groups: HashMap<u32, Option<String>>,
}

impl Names {
    /// What a user is called, if anything.
    pub(super) fn user(&mut self, id: u32) -> Option<&str> {
        self.users.entry(id).or_insert_with(|| name_of(id)).as_deref()
    }

    /// What a group is called, if anything.
    pub(super) fn group(&mut self, id: u32) -> Option<&str> {
        let name_of = || Some(Group::from_gid(Gid::from_raw(id)).ok()??.name);
        self.groups.entry(id).or_insert_with(name_of).as_deref()
    }
}

/// Users that were told of, or that nothing is to be told of.
#[derive(Default, Debug)]
pub(super) struct KnownUsers(HashSet<u32>);

/// Users that are remembered at most; then they are told anew.
const USERS: usize = 4096;

impl KnownUsers {
    /// Takes note of what a snapshot told.
    pub(super) fn learn(&mut self, snapshot: &Snapshot) {
        self.0.extend(snapshot.users.keys());
    }

    /// Tells what user `id` is called, the first time that something names it.
    pub(super) fn tell(&mut self, id: Option<u32>, time: Timestamp, out: &mut Vec<Event>) {
        let Some(id) = id else { return };
        if self.0.len() >= USERS {
            self.0.clear();
        }
        if self.0.insert(id)
            && let Some(name) = name_of(id)
        {
            out.push(Event { time, kind: EventKind::User { id, name: name.into() } });
        }
    }
}
