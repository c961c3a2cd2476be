//! One endpoint seen through one of its owners: what columns, filters and printers look at.

use alloc::vec::Vec;

use crate::endpoint::{Endpoint, Owner};
use crate::process::Process;
use crate::snapshot::{Namespace, Snapshot};

/// One endpoint together with the owner it is shown under.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row<'a> {
    /// The snapshot it belongs to.
    pub snapshot: &'a Snapshot,
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// The owner it is shown under.
    pub owner: Option<&'a Owner>,
    /// What is known of that owner.
    pub process: Option<&'a Process>,
}

impl<'a> Row<'a> {
    /// `endpoint` as seen through `owner`, which is one of its own.
    pub fn new(snapshot: &'a Snapshot, endpoint: &'a Endpoint, owner: Option<&'a Owner>) -> Self {
        let process = owner.and_then(|owner| snapshot.processes.get(&owner.process));
        Self { snapshot, endpoint, owner, process }
    }

    /// `endpoint` once for each of its owners; once without, when it has none.
    pub fn each(snapshot: &'a Snapshot, endpoint: &'a Endpoint) -> impl Iterator<Item = Self> {
        let owners = endpoint.owners.as_slice();
        let without = owners.is_empty().then(|| Self::new(snapshot, endpoint, None));
        without
            .into_iter()
            .chain(owners.iter().map(move |o| Self::new(snapshot, endpoint, Some(o))))
    }

    /// The same endpoint through each other process that holds it, oldest first.
    pub fn other_holders(&self) -> Vec<Self> {
        let mut owners: Vec<&Owner> = self.endpoint.owners.as_slice().iter().collect();
        owners.dedup_by_key(|owner| owner.process);
        let own = self.owner.map(|owner| owner.process);
        let others = owners.into_iter().filter(|owner| Some(owner.process) != own);
        others.map(|owner| Self::new(self.snapshot, self.endpoint, Some(owner))).collect()
    }

    /// The user of the owning process; of the socket itself when no process is known.
    pub fn user_id(&self) -> Option<u32> {
        self.process.and_then(|process| process.user_id).or(self.endpoint.user_id)
    }

    /// The control group of the owning process; of the socket itself when no process is known.
    pub fn cgroup(&self) -> Option<&'a str> {
        let of_process = self.process.and_then(|process| process.cgroup.as_deref());
        of_process.or(self.endpoint.cgroup.as_deref())
    }

    /// The systemd unit, from the control group's path.
    pub fn unit(&self) -> Option<&'a str> {
        unit_of(self.cgroup()?)
    }

    /// What the network namespace is called, where it is not Sockeye's own.
    pub fn foreign_namespace(&self) -> Option<&'a str> {
        self.namespace().filter(|namespace| !namespace.is_own).map(|namespace| &*namespace.label)
    }

    /// The network namespace, as it was observed.
    pub fn namespace(&self) -> Option<&'a Namespace> {
        self.snapshot.namespace(self.endpoint.namespace?)
    }
}

/// The innermost systemd unit of a control group path, slices apart (systemd.unit(5)).
fn unit_of(cgroup: &str) -> Option<&str> {
    let is_unit = |part: &&str| {
        [".service", ".scope", ".socket", ".mount", ".swap"].iter().any(|end| part.ends_with(end))
    };
    cgroup.rsplit('/').find(is_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_innermost_that_is_no_slice() {
        let check = |path, unit| assert_eq!(unit_of(path), unit, "{path}");
        check("/system.slice/nginx.service", Some("nginx.service"));
        check(
            "/user.slice/user-1000.slice/user@1000.service/app.slice/foot.scope",
            Some("foot.scope"),
        );
        check("/system.slice/docker-0123.scope/init", Some("docker-0123.scope"));
        check("/user.slice", None);
        check("/", None);
    }
}
