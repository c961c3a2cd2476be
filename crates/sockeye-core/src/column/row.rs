//! One endpoint seen through one of its owners: what columns, filters and printers look at.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use crate::endpoint::{Direction, Endpoint, Owner, Ownerless, Owners, Socket, Transport};
use crate::event::Occurrence;
use crate::ports::{self, Side};
use crate::process::{Process, ProcessId};
use crate::snapshot::{Namespace, Snapshot, Source};
use crate::time::Timestamp;
use crate::workload::Workload;

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
    /// What happened to the endpoint, when the row tells of that.
    pub occurrence: Option<&'a Occurrence>,
    /// When its life began and ended, where a session saw it.
    pub span: (Option<Timestamp>, Option<Timestamp>),
}

/// The endpoint of a row that tells of none: no column shows anything of it.
static NOTHING: Endpoint = Endpoint {
    transport: Transport::Tcp,
    local: SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)),
    remote: None,
    state: None,
    direction: Direction::Unknown,
    namespace: None,
    interface: None,
    socket: Socket { inode: None, cookie: None, is_ipv6: false, interface: 0 },
    user_id: None,
    cgroup: None,
    birth: None,
    owners: Owners::None(Ownerless::NotObserved),
    queue: None,
    metrics: None,
};

impl<'a> Row<'a> {
    /// `endpoint` as seen through `owner`, which is one of its own.
    pub fn new(snapshot: &'a Snapshot, endpoint: &'a Endpoint, owner: Option<&'a Owner>) -> Self {
        let process = owner.and_then(|owner| snapshot.processes.get(&owner.process));
        Self { snapshot, endpoint, owner, process, occurrence: None, span: (None, None) }
    }

    /// `endpoint` once for each of its owners; once without, when it has none.
    pub fn each(snapshot: &'a Snapshot, endpoint: &'a Endpoint) -> impl Iterator<Item = Self> {
        let owners = endpoint.owners.as_slice();
        let without = owners.is_empty().then(|| Self::new(snapshot, endpoint, None));
        without
            .into_iter()
            .chain(owners.iter().map(move |o| Self::new(snapshot, endpoint, Some(o))))
    }

    /// `occurrence` once for each owner of its endpoint; once without, when there is none.
    /// `snapshot` knows the processes, users and namespaces, as a session's context does.
    pub fn occurred(
        snapshot: &'a Snapshot,
        occurrence: &'a Occurrence,
    ) -> impl Iterator<Item = Self> {
        let endpoint = occurrence.endpoint.as_deref().unwrap_or(&NOTHING);
        let rows = Self::each(snapshot, endpoint);
        rows.map(|row| Self { occurrence: Some(occurrence), ..row })
    }

    /// A process of `snapshot` by itself: columns of the endpoint have no value.
    pub fn of_process(snapshot: &'a Snapshot, process: ProcessId) -> Self {
        let process = snapshot.processes.get(&process);
        Self { process, ..Self::new(snapshot, &NOTHING, None) }
    }

    /// Whether the row tells of no endpoint: of a process by itself, or of events that were lost.
    pub fn is_without_endpoint(&self) -> bool {
        core::ptr::eq(self.endpoint, &raw const NOTHING)
    }

    /// Whether it is shown under `process`.
    pub fn is_of(&self, process: ProcessId) -> bool {
        self.owner.is_some_and(|owner| owner.process == process)
    }

    /// Whether columns of the process say nothing of the endpoint: they fall back on what the socket
    /// itself tells where nothing is known of its owner.
    pub fn speaks_for_process(&self) -> bool {
        self.endpoint.birth.is_none()
            && self.process.is_some_and(|p| p.user_id.is_some() && p.cgroup.is_some())
    }

    /// The same endpoint through each other process that holds it, oldest first.
    pub fn other_holders(&self) -> Vec<Self> {
        let mut owners: Vec<&Owner> = self.endpoint.owners.as_slice().iter().collect();
        owners.dedup_by_key(|owner| owner.process);
        let own = self.owner.map(|owner| owner.process);
        let others = owners.into_iter().filter(|owner| Some(owner.process) != own);
        let occurrence = self.occurrence;
        let seen =
            |owner| Self { occurrence, ..Self::new(self.snapshot, self.endpoint, Some(owner)) };
        others.map(seen).collect()
    }

    /// The side whose port tells what the endpoint is about, and that port's name.
    pub fn service(&self) -> Option<(Side, &'static str)> {
        ports::service(self.endpoint, &self.snapshot.ephemeral_ports)
    }

    /// The user of the owning process; of the socket itself when no process is known.
    pub fn user_id(&self) -> Option<u32> {
        self.process.and_then(|process| process.user_id).or(self.endpoint.user_id)
    }

    /// That user's number, where the system itself numbers users: Windows does not.
    pub fn user_number(&self) -> Option<u32> {
        self.user_id().filter(|_| self.snapshot.source != Source::Iphlpapi)
    }

    /// The control group of the owning process; of the socket itself when no process is known.
    pub fn cgroup(&self) -> Option<&'a str> {
        let of_process = self.process.and_then(|process| process.cgroup.as_deref());
        of_process.or(self.endpoint.cgroup.as_deref())
    }

    /// The systemd unit, from the control group's path; the Windows service that opened the socket,
    /// else those that the process runs.
    pub fn unit(&self) -> Option<&'a str> {
        let of_process = || self.process.and_then(|process| process.services.as_deref());
        let service = self.endpoint.service().or_else(of_process);
        service.or_else(|| self.workload()?.unit)
    }

    /// What runs there, from the control group's path.
    pub fn workload(&self) -> Option<Workload<'a>> {
        self.cgroup().map(Workload::of)
    }

    /// What the container is called: by its runtime, where that was asked; else its id, where that
    /// is a name.
    pub fn container_name(&self) -> Option<Cow<'a, str>> {
        let container = self.workload()?.container?;
        let told = self.snapshot.answers.container_names.get(&*container.id());
        told.map(|name| Cow::Borrowed(&**name)).or_else(|| container.name())
    }

    /// The systemd socket unit that opened the endpoint, where unit files were read: of listeners and
    /// of UDP without a remote, in Sockeye's own network namespace.
    pub fn socket_unit(&self) -> Option<&'a str> {
        let Endpoint { transport, local, remote, .. } = self.endpoint;
        if remote.is_some() || self.foreign_namespace().is_some() {
            return None;
        }
        self.snapshot.answers.socket_units.get(&(*transport, *local)).map(|unit| &**unit)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Package;
    use crate::column::Column;
    use crate::event::{Action, Reason};
    use crate::process::Absent;
    use crate::{State, Timestamp, testing};
    use alloc::boxed::Box;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::sync::Arc;

    /// A row's cells of these columns, absent ones left out.
    fn cells(row: &Row<'_>, names: &[&str]) -> String {
        let values = names.iter().map(|name| Column::find(name).unwrap().value(row).to_string());
        values.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_row_of_an_occurrence_tells_what_happened() {
        let time = |seconds: i64| Timestamp::from_unix_ns(seconds * 1_000_000_000);
        let context = testing::snapshot(9, Vec::new(), Vec::from([testing::process(3, "/bin/x")]));
        let endpoint = testing::tcp(State::Closed, "10.0.0.5:1", "10.0.0.9:443");
        let endpoint = Endpoint { owners: testing::owners(&[3, 4]), ..endpoint };
        let closed = Occurrence {
            time: time(5),
            action: Action::Closed,
            start: Some(time(2)),
            end: Some(time(5)),
            reason: Some(Reason::Refused),
            lost: None,
            endpoint: Some(Box::new(endpoint)),
        };
        let names =
            ["time", "action", "duration", "reason", "event.lost", "remote.port", "pid", "process"];
        let check = |occurrence: &Occurrence, expected: &[&str]| {
            let rows = Row::occurred(&context, occurrence);
            assert!(rows.map(|row| cells(&row, &names)).eq(expected.iter().copied()));
        };
        check(
            &closed,
            &[
                "1970-01-01T00:00:05Z|closed|3000000000|refused||443|3|x",
                "1970-01-01T00:00:05Z|closed|3000000000|refused||443|4|",
            ],
        );
        let filter = "action = closed and reason = refused and duration = 3s and process = x";
        let filter = crate::Filter::parse(filter).unwrap();
        let is_wanted = Row::occurred(&context, &closed).map(|row| filter.matches(&row));
        assert!(is_wanted.eq([true, false]));
        let nothing = Occurrence { start: None, end: None, reason: None, endpoint: None, ..closed };
        let lost = Occurrence { action: Action::Lost, lost: Some(7), ..nothing };
        check(&lost, &["1970-01-01T00:00:05Z|lost|||7|||"]);
        let row = Row::occurred(&context, &lost).next().unwrap();
        let shown = Column::all().iter().filter(|column| !column.value(&row).is_absent());
        assert!(shown.map(|column| column.name).eq(["time", "event.action", "event.lost"]));
    }

    #[test]
    fn a_row_says_what_its_owner_or_its_socket_runs_in() {
        let docker = "3f2b8c1d9e0a4b5c6d7e8f90123456789abcdef0fedcba98765432100f1e2d3c";
        let names = ["unit", "container.runtime", "container.id", "container.name", "k8s.pod.uid"];
        let check = |of_process: Option<&str>, of_socket: Option<&str>, expected: &str| {
            let process = testing::process(3, "/bin/x");
            let process = Process { cgroup: of_process.map(Into::into), ..process };
            let mut snapshot = testing::snapshot(9, Vec::new(), Vec::from([process]));
            let names_told = &mut snapshot.answers.container_names;
            names_told.insert(docker.into(), "web".into());
            names_told.insert("told".into(), "what LXC says".into());
            let endpoint = Endpoint {
                cgroup: of_socket.map(Into::into),
                owners: testing::owners(&[3]),
                ..testing::tcp(State::Listen, "10.0.0.5:1", "")
            };
            assert_eq!(cells(&testing::first_row(&snapshot, &endpoint), &names), expected);
        };
        let scope = format!("/system.slice/docker-{docker}.scope");
        let unit = format!("docker-{docker}.scope|docker|{docker}|web|");
        check(Some(&scope), None, &unit);
        check(None, Some(&scope), &unit);
        check(Some("/system.slice/a.service"), Some(&scope), "a.service||||");
        check(Some("/lxc.payload.db"), None, "|lxc|db|db|");
        check(Some("/lxc.payload.told"), None, "|lxc|told|what LXC says|");
        let pod = "/kubepods.slice/kubepods-pod6a1f2c3d_4b5e_4f60_8a7b_9c0d1e2f3a4b.slice/x.scope";
        check(Some(pod), None, "x.scope||||6a1f2c3d-4b5e-4f60-8a7b-9c0d1e2f3a4b");
        check(None, None, "||||");
    }

    #[test]
    fn a_socket_unit_is_that_of_a_listener_here() {
        let mut snapshot = testing::snapshot(9, Vec::new(), Vec::new());
        snapshot.namespaces =
            Vec::from([testing::namespace(1, "self"), testing::namespace(2, "b")]);
        let key = (Transport::Tcp, "[::]:22".parse().unwrap());
        snapshot.answers.socket_units.insert(key, "ssh.socket".into());
        let check = |endpoint: Endpoint, expected: &str| {
            let row = Row::new(&snapshot, &endpoint, None);
            assert_eq!(cells(&row, &["service.socket"]), expected, "{endpoint:?}");
        };
        let tcp = |local, remote| testing::tcp(State::Listen, local, remote);
        check(tcp("[::]:22", ""), "ssh.socket");
        check(testing::udp("[::]:22", ""), "");
        check(tcp("[::]:23", ""), "");
        check(tcp("[::]:22", "[::1]:9"), "");
        let inside = |id| Some(crate::NamespaceId::Inode(id));
        check(Endpoint { namespace: inside(1), ..tcp("[::]:22", "") }, "ssh.socket");
        check(Endpoint { namespace: inside(2), ..tcp("[::]:22", "") }, "");
    }

    #[test]
    fn a_package_is_that_of_the_owner() {
        let endpoint = testing::tcp(State::Established, "10.0.0.5:1", "10.0.0.9:443");
        let endpoint = Endpoint { owners: testing::owners(&[3, 4, 5]), ..endpoint };
        let processes = [3, 4, 5].map(|pid| testing::process(pid, "/usr/sbin/nginx"));
        let mut snapshot = testing::snapshot(9, Vec::from([endpoint]), processes.into());
        let ids: Vec<_> =
            snapshot.endpoints[0].owners.as_slice().iter().map(|owner| owner.process).collect();
        let package = Package {
            name: "nginx".into(),
            version: Some("1.22".into()),
            vendor: Some("Debian".into()),
            ..Package::default()
        };
        snapshot.answers.packages.insert(ids[0], Ok(Arc::new(package)));
        snapshot.answers.packages.insert(ids[1], Err(Absent::Denied));
        let names = ["package", "process.package.version", "vendor", "description"];
        let rows = Row::each(&snapshot, &snapshot.endpoints[0]);
        let shown: Vec<String> = rows.map(|row| cells(&row, &names)).collect();
        assert_eq!(shown, ["nginx|1.22|Debian|", "|||", "|||"]);
        let alone = Row::of_process(&snapshot, ids[0]);
        assert_eq!(cells(&alone, &names), "nginx|1.22|Debian|");
    }
}
