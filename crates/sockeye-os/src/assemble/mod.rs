//! From raw answers to a snapshot: rows get owners, directions, names. Pure; the same for the live
//! machine and for a dump.

pub mod noted;

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use sockeye_core::endpoint::{Direction, Ownerless, Queue, Socket};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::snapshot::{Namespace, NamespaceId};
use sockeye_core::{
    Degradation, Endpoint, Owner, Owners, Process, ProcessId, Snapshot, State, Timestamp,
    Transport, script,
};

use crate::beside::beside;
use crate::decode::SocketRow;
use crate::decode::process::{
    decode_cgroup, decode_command_line, decode_image_link, decode_status_users, is_title,
};
use crate::raw::{Raw, RawNamespace, RawProcess, Text, Unreadable};

/// Builds the snapshot that `raw` describes.
pub fn assemble(mut raw: Raw) -> Snapshot {
    let mut snapshot = Snapshot::new(raw.time, raw.source);
    noted::replay(&mut raw);
    // Neither needs the other, and on a busy machine each takes milliseconds.
    let Raw { processes, namespaces, .. } = &mut raw;
    let processes = &*processes;
    let (mut holders, ()) =
        beside("assemble", || holders_by_inode(processes), || drop_repeats(namespaces));
    let mut context = Context {
        cgroups: raw.cgroups.iter().map(|(id, path)| (*id, Arc::from(path.as_str()))).collect(),
        is_partial: raw.degradations.iter().any(hides_owners),
        is_enclosed: raw.degradations.contains(&Degradation::OutsidePidNamespace),
        has_owners: raw.has_owners,
        ephemeral_ports: raw.ephemeral_ports,
        interfaces: HashMap::new(),
        listening: PortSet::default(),
        vanished: HashSet::new(),
        namespace: None,
    };
    for mut namespace in raw.namespaces {
        context.enter(&namespace);
        snapshot.namespaces.extend(describe_namespace(&namespace));
        context.finish(&mut namespace.held);
        if snapshot.endpoints.is_empty() {
            snapshot.endpoints = namespace.held; // Mostly the only one: nothing is copied.
        } else {
            snapshot.endpoints.append(&mut namespace.held);
        }
        let rows = namespace.sockets.into_iter();
        snapshot.endpoints.reserve(rows.len());
        snapshot.endpoints.extend(rows.map(|row| context.endpoint(row, &mut holders)));
    }
    snapshot.ephemeral_ports = raw.ephemeral_ports.0..=raw.ephemeral_ports.1;
    let clock = Clock { boot: raw.boot, ticks_per_second: raw.ticks_per_second };
    let processes = raw.processes.iter().map(|process| describe_process(process, clock));
    let processes = processes.chain(raw.described);
    snapshot.processes = processes.map(|process| (process.id, process)).collect();
    snapshot.users = raw.users.into_iter().map(|(id, name)| (id, name.into())).collect();
    snapshot.degradations = merge_degradations(raw.degradations);
    snapshot
}

/// Who holds which socket, by inode: the first holder, and the others of the few that have more.
type Holders = HashMap<u64, (Owner, Vec<Owner>)>;

/// Who holds which socket.
fn holders_by_inode(processes: &[RawProcess]) -> Holders {
    let count = processes.iter().map(|process| process.sockets.len()).sum();
    let mut holders = Holders::with_capacity(count);
    for process in processes {
        let id = ProcessId { pid: process.pid, start: process.start };
        for (fd, inode) in &process.sockets {
            let owner = Owner { process: id, fd: Some(*fd) };
            let first = |(_, others): &mut (Owner, Vec<Owner>)| others.push(owner);
            holders.entry(*inode).and_modify(first).or_insert_with(|| (owner, Vec::new()));
        }
    }
    holders
}

/// Whether a process that was not seen may be the owner that is missing.
fn hides_owners(degradation: &Degradation) -> bool {
    matches!(degradation, Degradation::ProcessesDenied { .. } | Degradation::ProcessesHidden)
}

/// The namespace as the snapshot shows it; `None` when its id is not known.
fn describe_namespace(raw: &RawNamespace) -> Option<Namespace> {
    let label = raw.label.as_str().into();
    Some(Namespace { id: raw.id?, label, pid: raw.pid, is_own: raw.is_own })
}

/// Drops rows that the kernel gave twice, because the socket moved within its table while it was
/// read; the later row is the truer one.
fn drop_repeats(namespaces: &mut [RawNamespace]) {
    for namespace in namespaces {
        let rows = &mut namespace.sockets;
        let mut seen = HashSet::with_capacity(rows.len());
        let is_repeat = |row: &SocketRow| row.cookie.is_some_and(|cookie| !seen.insert(cookie));
        if rows.iter().any(is_repeat) {
            seen.clear();
            rows.reverse();
            rows.retain(|row| row.cookie.is_none_or(|cookie| seen.insert(cookie)));
            rows.reverse();
        }
    }
}

/// What the endpoints of one namespace are assembled with.
struct Context {
    cgroups: HashMap<u64, Arc<str>>,
    is_partial: bool,
    is_enclosed: bool,
    has_owners: bool,
    ephemeral_ports: (u16, u16),
    interfaces: HashMap<u32, Arc<str>>,
    listening: PortSet,
    vanished: HashSet<u64>,
    namespace: Option<NamespaceId>,
}

impl Context {
    /// Prepares for the rows of `namespace`.
    fn enter(&mut self, namespace: &RawNamespace) {
        let named = namespace.interfaces.iter();
        self.interfaces = named.map(|(index, name)| (*index, Arc::from(name.as_str()))).collect();
        let listeners = namespace.sockets.iter().filter(|row| row.state == Some(State::Listen));
        let held = namespace.held.iter().filter(|endpoint| endpoint.is_listener());
        let listeners = listeners.map(|row| row.local).chain(held.map(|endpoint| endpoint.local));
        self.listening = listeners.map(|local| local.port()).collect();
        self.vanished = namespace.vanished.iter().copied().collect();
        self.namespace = namespace.id;
    }

    /// Adds to endpoints that are `held` what only all of them together tell.
    fn finish(&self, held: &mut [Endpoint]) {
        for endpoint in held {
            endpoint.direction = direction(endpoint, &self.listening, self.ephemeral_ports);
            if endpoint.socket.interface != 0 {
                endpoint.interface = self.interfaces.get(&endpoint.socket.interface).cloned();
            }
        }
    }

    /// The endpoint that `row` is, with its owners taken out of `holders`.
    fn endpoint(&self, row: SocketRow, holders: &mut Holders) -> Endpoint {
        let owners = self.owners(&row, holders);
        let cgroup = row.cgroup_id.and_then(|id| self.cgroups.get(&id)).cloned();
        let interface = self.interfaces.get(&row.interface).cloned();
        let endpoint = Endpoint { interface, cgroup, ..endpoint_of(row, self.namespace, owners) };
        Endpoint {
            direction: direction(&endpoint, &self.listening, self.ephemeral_ports),
            ..endpoint
        }
    }

    /// Who holds `row`, taken out of `holders`.
    fn owners(&self, row: &SocketRow, holders: &mut Holders) -> Owners {
        match holders.remove(&row.inode) {
            None => Owners::None(self.reason(row)),
            Some((owner, others)) if others.is_empty() => Owners::One(owner),
            Some((owner, mut others)) => {
                others.push(owner);
                Owners::new(others, Ownerless::Kernel)
            }
        }
    }

    /// Why no process holds `row`, if none does.
    fn reason(&self, row: &SocketRow) -> Ownerless {
        match row.state {
            Some(State::TimeWait) => Ownerless::TimeWait,
            Some(State::SynReceived) => Ownerless::Handshake,
            // Without a file: either nobody has accepted it yet, or its process closed it.
            Some(State::Established | State::CloseWait) if row.inode == 0 => Ownerless::Unaccepted,
            _ if row.inode == 0 => Ownerless::Orphaned,
            _ if row.cookie.is_some_and(|cookie| self.vanished.contains(&cookie)) => {
                Ownerless::Vanished
            }
            _ if !self.has_owners => Ownerless::NotObserved,
            _ if self.is_partial => Ownerless::NotPermitted,
            _ if self.is_enclosed => Ownerless::Outside,
            _ => Ownerless::Kernel,
        }
    }
}

/// Who began: a local port that this host, in the same namespace, is `listening` on was connected
/// to; a local port from the range for outgoing connections, and to a port outside of it, was
/// connected from.
pub(crate) fn direction(
    endpoint: &Endpoint,
    listening: &PortSet,
    ephemeral_ports: (u16, u16),
) -> Direction {
    let is_tcp = endpoint.transport == Transport::Tcp;
    let (first, last) = ephemeral_ports;
    let is_ephemeral = |port: u16| (first..=last).contains(&port);
    let local = endpoint.local.port();
    match endpoint.remote {
        None if endpoint.is_listener() => Direction::Listen,
        Some(_) if endpoint.state == Some(State::SynSent) => Direction::Egress,
        Some(_) if is_tcp && listening.contains(local) => Direction::Ingress,
        Some(remote) if is_ephemeral(local) && !is_ephemeral(remote.port()) => Direction::Egress,
        Some(remote) if is_tcp && listening.contains(remote.port()) => Direction::Egress,
        _ => Direction::Unknown,
    }
}

/// Ports, one bit each.
#[derive(Debug)]
pub(crate) struct PortSet(Box<[u64; 1024]>);

impl Default for PortSet {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl PortSet {
    /// Adds `port`.
    pub(crate) fn insert(&mut self, port: u16) {
        if let Some(word) = self.0.get_mut(usize::from(port / 64)) {
            *word |= 1 << (port % 64);
        }
    }

    /// Whether `port` is among them.
    pub(crate) fn contains(&self, port: u16) -> bool {
        self.0.get(usize::from(port / 64)).is_some_and(|word| word >> (port % 64) & 1 == 1)
    }
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        let mut set = Self::default();
        ports.into_iter().for_each(|port| set.insert(port));
        set
    }
}

/// The endpoint that `row` is, without what takes more than it to know: who began, the name of its
/// interface, the path of its control group.
pub(crate) fn endpoint_of(
    row: SocketRow,
    namespace: Option<NamespaceId>,
    owners: Owners,
) -> Endpoint {
    Endpoint {
        transport: row.transport,
        local: row.local,
        remote: row.remote,
        state: row.state,
        direction: Direction::Unknown,
        namespace,
        interface: None,
        socket: Socket {
            inode: Some(row.inode).filter(|inode| *inode != 0),
            cookie: row.cookie,
            is_ipv6: row.is_ipv6,
            interface: row.interface,
        },
        user_id: row.uid,
        cgroup: None,
        birth: None,
        owners,
        queue: queue_of(&row),
        metrics: row.metrics,
    }
}

/// What waits: connections in a listener, bytes elsewhere; nothing in TIME-WAIT, which has no
/// queues.
fn queue_of(row: &SocketRow) -> Option<Queue> {
    match row.state {
        Some(State::Listen) => {
            // /proc/net, which has no cookies, has no limit either.
            let limit = row.cookie.map(|_| row.send_queue);
            Some(Queue::Backlog { used: row.receive_queue, limit })
        }
        Some(State::TimeWait | State::SynReceived) => None,
        Some(state) => Some(Queue::Bytes {
            receive: row.receive_queue.saturating_sub(end_received(state)),
            send: row.send_queue.saturating_sub(end_sent(state)),
        }),
        None => Some(Queue::Bytes { receive: row.receive_queue, send: row.send_queue }),
    }
}

/// The other side's FIN takes a place in the receive queue until the process has read to the end
/// (`tcp_diag_get_info` counts sequence numbers).
fn end_received(state: State) -> u32 {
    let is_counted = matches!(state, State::CloseWait | State::LastAck | State::Closing);
    u32::from(is_counted)
}

/// Our own SYN or FIN takes a place in the send queue until it is acknowledged.
fn end_sent(state: State) -> u32 {
    let is_counted =
        matches!(state, State::SynSent | State::FinWait1 | State::LastAck | State::Closing);
    u32::from(is_counted)
}

/// How start times become instants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// When the machine booted, as its wall clock says now.
    pub(crate) boot: Timestamp,
    /// Clock ticks per second of process start times.
    pub(crate) ticks_per_second: u64,
}

impl Clock {
    /// The wall-clock time of a start, to one tick (10 ms).
    fn instant(self, ticks: u64) -> Option<Timestamp> {
        let tick_ns = 1_000_000_000_u64.checked_div(self.ticks_per_second)?;
        let since_boot = i64::try_from(ticks.checked_mul(tick_ns)?).ok()?;
        let instant = self.boot.unix_ns().checked_add(since_boot)?;
        // The difference of two clocks is only good to microseconds: show no digits below a tick.
        let tick = i64::try_from(tick_ns).ok().filter(|tick| *tick > 0)?;
        Some(Timestamp::from_unix_ns(instant.checked_sub(instant.rem_euclid(tick))?))
    }
}

/// The process as the snapshot shows it.
pub(crate) fn describe_process(raw: &RawProcess, clock: Clock) -> Process {
    let image = fact(&raw.image, |link| Some(decode_image_link(link)));
    let (path, is_deleted) = match image {
        Ok((path, is_deleted)) => (Ok(path), is_deleted),
        Err(absent) => (Err(absent), false),
    };
    let of_path = path.as_ref().ok().and_then(|path| path.rsplit('/').next());
    let name: &str = of_path.filter(|name| !name.is_empty()).unwrap_or(&raw.name);
    let command_line = fact(&raw.command_line, decode_command_line);
    // A title has no arguments to look into, whatever it looks like.
    let has_title = raw.command_line.as_deref().is_ok_and(is_title);
    let arguments = command_line.as_deref().ok().filter(|_| !has_title);
    let script = arguments.and_then(|line| script::of(name, line));
    let status = raw.status.as_deref().ok();
    let cgroup = raw.cgroup.as_deref().ok().and_then(decode_cgroup);
    Process {
        id: ProcessId { pid: raw.pid, start: raw.start },
        parent: Some(raw.parent).filter(|parent| *parent != 0),
        script: script.map(Into::into),
        name: name.into(),
        command_line: command_line.map(Into::into),
        path: path.map(Into::into),
        is_deleted,
        user_id: status.and_then(decode_status_users),
        created: clock.instant(raw.start),
        cgroup: cgroup.map(Into::into),
        services: None,
    }
}

/// A text decoded, or why it is not there.
pub(crate) fn fact<T>(text: &Text, decode: impl FnOnce(&[u8]) -> Option<T>) -> Fact<T> {
    match text {
        Ok(bytes) => decode(bytes).ok_or(Absent::Nonexistent),
        Err(Unreadable::Denied) => Err(Absent::Denied),
        Err(Unreadable::Vanished) => Err(Absent::Vanished),
        Err(Unreadable::Nonexistent) => Err(Absent::Nonexistent),
    }
}

/// The same degradation said by several namespaces is said once, with the counts added up.
fn merge_degradations(found: Vec<Degradation>) -> Vec<Degradation> {
    let mut merged: Vec<Degradation> = Vec::new();
    for degradation in found {
        let repeated = merged.iter_mut().any(|known| add_count(known, &degradation));
        if !repeated {
            merged.push(degradation);
        }
    }
    merged
}

/// Adds `other` to `known` if both say the same.
fn add_count(known: &mut Degradation, other: &Degradation) -> bool {
    match (known, other) {
        (Degradation::Malformed { count, .. }, Degradation::Malformed { count: more, .. })
        | (Degradation::Unstable { count }, Degradation::Unstable { count: more })
        | (
            Degradation::NamespacesDenied { count },
            Degradation::NamespacesDenied { count: more },
        ) => {
            *count = count.saturating_add(*more);
            true
        }
        (known, other) => *known == *other,
    }
}

#[cfg(test)]
mod tests;
