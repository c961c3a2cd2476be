//! Control groups of sockets that no readable process holds: from the id in the socket to a path.

use std::os::unix::fs::DirEntryExt;
use std::path::Path;

use hashbrown::HashSet;

use super::facts::read_proc;
use crate::decode::mounts::{cgroup2_mount_point, decode_mounts};
use crate::raw::Raw;

/// The paths of the control groups of sockets without a file and of those that are `unheld`, below
/// the cgroup2 root.
///
/// The number is the inode of the group's directory (`cgroup_id`, linux/cgroup.h). It needs no
/// permission, so it tells the service even of a process that may not be looked at.
pub(super) fn read_cgroups(raw: &Raw, unheld: &HashSet<u64>) -> Vec<(u64, String)> {
    let sockets = raw.namespaces.iter().flat_map(|namespace| &namespace.sockets);
    let alone = sockets.filter(|row| row.inode == 0 || unheld.contains(&row.inode));
    let ids: HashSet<u64> = alone.filter_map(|row| row.cgroup_id).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    find(&ids)
}

/// The path of the control group with this number, below the cgroup2 root.
pub(super) fn find_cgroup(id: u64) -> Option<String> {
    find(&HashSet::from([id])).pop().map(|(_, path)| path)
}

/// The paths of the control groups with these numbers.
fn find(ids: &HashSet<u64>) -> Vec<(u64, String)> {
    let mounts = decode_mounts(&read_proc("self/mountinfo").unwrap_or_default());
    let mut found = Vec::new();
    if let Some(root) = cgroup2_mount_point(&mounts) {
        let root = Path::new(root);
        let root_id = rustix::fs::stat(root).map(|status| status.st_ino);
        found.extend(root_id.ok().filter(|id| ids.contains(id)).map(|id| (id, "/".to_owned())));
        search(root, "", ids, &mut found);
    }
    found
}

/// Looks for `ids` in the directories below `directory`, which is called `path`.
fn search(directory: &Path, path: &str, ids: &HashSet<u64>, found: &mut Vec<(u64, String)>) {
    let is_complete = found.len() == ids.len();
    let Some(entries) = std::fs::read_dir(directory).ok().filter(|_| !is_complete) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
    {
        let child = format!("{path}/{}", entry.file_name().to_string_lossy());
        if ids.contains(&entry.ino()) {
            found.push((entry.ino(), child.clone()));
        }
        search(&entry.path(), &child, ids, found);
    }
}
