//! Endpoints, processes and snapshots for tests, each with one line; tests of this crate only.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::answer::{Answers, Package, Place};
use crate::column::Row;
use crate::degradation::Degradation;
use crate::endpoint::{
    Direction, Endpoint, Metrics, Owner, Ownerless, Owners, Queue, Socket, Transport,
};
use crate::process::{Absent, Process, ProcessId};
use crate::snapshot::{Namespace, NamespaceId, Snapshot, Source};
use crate::state::State;
use crate::time::Timestamp;

/// An endpoint without owner; `remote` may be empty.
pub(crate) fn endpoint(transport: Transport, local: &str, remote: &str) -> Endpoint {
    Endpoint {
        transport,
        local: local.parse().unwrap(),
        remote: (!remote.is_empty()).then(|| remote.parse().unwrap()),
        state: None,
        direction: Direction::Unknown,
        namespace: None,
        interface: None,
        socket: Socket::default(),
        user_id: None,
        cgroup: None,
        birth: None,
        owners: Owners::None(Ownerless::NotObserved),
        queue: None,
        metrics: None,
    }
}

/// A TCP endpoint.
pub(crate) fn tcp(state: State, local: &str, remote: &str) -> Endpoint {
    Endpoint { state: Some(state), ..endpoint(Transport::Tcp, local, remote) }
}

/// A UDP endpoint.
pub(crate) fn udp(local: &str, remote: &str) -> Endpoint {
    endpoint(Transport::Udp, local, remote)
}

/// The processes `pids` as owners, each by the descriptor 3.
pub(crate) fn owners(pids: &[u32]) -> Owners {
    let owner = |pid: &u32| Owner { process: id(*pid), fd: Some(3) };
    Owners::new(pids.iter().map(owner).collect(), Ownerless::NotObserved)
}

/// The identity of the process `pid`, which started when it should have.
fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start: u64::from(pid) * 10 }
}

/// A process whose image is `path`.
pub(crate) fn process(pid: u32, path: &str) -> Process {
    Process {
        id: id(pid),
        parent: Some(1),
        name: path.rsplit('/').next().unwrap().into(),
        path: Ok(path.into()),
        is_deleted: false,
        command_line: Err(Absent::Denied),
        script: None,
        user_id: None,
        created: None,
        cgroup: None,
        services: None,
    }
}

/// A snapshot of `endpoints`, owned by `processes`, taken at the second `seconds`.
pub(crate) fn snapshot(
    seconds: i64,
    endpoints: Vec<Endpoint>,
    processes: Vec<Process>,
) -> Snapshot {
    let time = Timestamp::from_unix_ns(seconds * 1_000_000_000);
    Snapshot {
        endpoints,
        processes: processes.into_iter().map(|p| (p.id, p)).collect(),
        ..Snapshot::new(time, Source::SockDiag)
    }
}

/// `endpoint` as seen through its oldest owner.
pub(crate) fn first_row<'a>(snapshot: &'a Snapshot, endpoint: &'a Endpoint) -> Row<'a> {
    Row::new(snapshot, endpoint, endpoint.owners.as_slice().first())
}

/// Endpoints from so small a set that keys repeat, within a snapshot and from one to the next.
pub(crate) fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    let address = prop_oneof![Just("10.0.0.5:443"), Just("[fe80::1%3]:53"), Just("[::1]:53")];
    let remote = prop_oneof![Just(""), Just("192.168.1.77:51234"), Just("[2001:db8::1]:443")];
    let socket = (proptest::option::of(0..3_u64), proptest::option::of(0..2_u64));
    let owner = vec(1..4_u32, 0..3);
    let facts = (owner, proptest::option::of(0..2_u32), proptest::option::of(0..2_u32));
    (any::<bool>(), address, remote, socket, facts).prop_map(
        |(is_tcp, local, remote, (cookie, inode), (pids, receive, rtt_us))| {
            let endpoint =
                if is_tcp { tcp(State::Established, local, remote) } else { udp(local, remote) };
            Endpoint {
                socket: Socket { cookie, inode, ..Socket::default() },
                owners: owners(&pids),
                queue: receive.map(|receive| Queue::Bytes { receive, send: 0 }),
                metrics: rtt_us
                    .map(|us| Box::new(Metrics { rtt_us: Some(us), ..Metrics::default() })),
                ..endpoint
            }
        },
    )
}

/// Snapshots of a few endpoints, with every field in use.
pub(crate) fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let name = || "[ab]{1,2}";
    let lists = (vec(any_endpoint(), 0..24), vec((1..6_u32, name()), 0..6));
    let names = (vec((0..4_u32, name()), 0..4), vec((0..4_u32, name()), 0..4));
    let rest = (vec((0..3_u32, name()), 0..3), vec(0..2_u32, 0..3), 0..3_i64);
    (lists, names, rest).prop_map(
        |((endpoints, images), (users, hosts), (spaces, counts, time))| {
            let text = |text: String| -> Box<str> { text.into() };
            let processes = images.into_iter().map(|(pid, path)| process(pid, &path));
            Snapshot {
                users: users.into_iter().map(|(id, name)| (id, text(name))).collect(),
                answers: answers(hosts),
                ephemeral_ports: u16::try_from(time).unwrap_or_default()..=60_999,
                namespaces: spaces.into_iter().map(|(id, label)| namespace(id, &label)).collect(),
                degradations: counts
                    .into_iter()
                    .map(|count| Degradation::Unstable { count })
                    .collect(),
                ..snapshot(time, endpoints, processes.collect())
            }
        },
    )
}

/// Answers of every kind, about the numbers and with the names of `told`.
fn answers(told: Vec<(u32, String)>) -> Answers {
    let mut answers = Answers::default();
    for (number, name) in told {
        let name: Box<str> = name.into();
        let address = core::net::Ipv4Addr::from_bits(number).into();
        let place = Place { country: Some(name.clone()), ..Place::default() };
        let package = Package { name: name.clone(), ..Package::default() };
        let package = if number == 0 { Err(Absent::Nonexistent) } else { Ok(package.into()) };
        answers.packages.insert(id(number), package);
        answers.places.insert(address, place);
        answers.container_names.insert(number.to_string().into(), name.clone());
        let side = core::net::SocketAddr::new(address, 53);
        answers.socket_units.insert((Transport::Udp, side), name.clone());
        answers.hostnames.insert(address, name);
    }
    answers
}

/// The network namespace `id`; its own is called `self`.
pub(crate) fn namespace(id: u32, label: &str) -> Namespace {
    Namespace {
        id: NamespaceId::Inode(id),
        label: label.into(),
        pid: None,
        is_own: label == "self",
    }
}
