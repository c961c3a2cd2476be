//! Names of users, as the system's name service knows them.

use std::collections::BTreeSet;

use nix::unistd::{Uid, User};

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
    let name = |id| Some((id, User::from_uid(Uid::from_raw(id)).ok()??.name));
    ids.into_iter().filter_map(name).collect()
}
