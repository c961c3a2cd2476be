//! Records of our programs become events.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use sockeye_core::endpoint::{Direction, Ownerless, Queue};
use sockeye_core::event::{Change, Event, EventKind, Reason, Sighting};
use sockeye_core::{
    Endpoint, NamespaceId, Owner, Owners, Process, ProcessId, Snapshot, State, Timestamp, Transport,
};

use super::held::{process_of, ticks};
use crate::Wants;
use crate::assemble::{Clock, describe_process, endpoint_of};
use crate::decode::SocketRow;
use crate::decode::bpf::{Holder, ProcessRecord, Record, Socket as Sock, Step, Told};
use crate::raw::{RawProcess, Unreadable};
use crate::sys::linux::cgroups::find_cgroup;
use crate::sys::linux::facts::{read_file, read_link, read_stat};
use crate::sys::linux::namespaces;
use crate::sys::linux::observe::boot_time;
use crate::sys::linux::ports::Ports;
use crate::sys::linux::users::KnownUsers;
use crate::sys::linux::walk::open_process;

/// Turns records into events.
#[derive(Debug)]
pub(super) struct Teller {
    wants: Wants,
    /// The namespaces that are wanted; `None` for all.
    namespaces: Option<HashSet<u32>>,
    clock: Clock,
    /// Paths of control groups by number, those that were looked for.
    cgroups: HashMap<u64, Option<Arc<str>>>,
    users: KnownUsers,
    /// Inodes of the namespaces that were told of.
    told: HashSet<u32>,
    /// Who began a connection, where no event of its states tells that.
    ports: Option<Ports>,
}

/// Control groups that are remembered at most; then they are looked for anew.
const CGROUPS: usize = 4096;
/// Namespaces that are remembered at most; then they are told anew.
const NAMESPACES: usize = 4096;

impl Teller {
    /// Tells of what `wants` asks for, in `namespaces` or in all.
    pub(super) fn new(wants: &Wants, namespaces: Option<HashSet<u32>>) -> Self {
        let ticks_per_second = rustix::param::clock_ticks_per_second();
        let clock = Clock { boot: boot_time(), ticks_per_second };
        Self {
            wants: wants.clone(),
            namespaces,
            clock,
            cgroups: HashMap::new(),
            users: KnownUsers::default(),
            told: HashSet::new(),
            ports: None,
        }
    }

    /// The same where no events of states tell who began a connection.
    pub(super) fn without_states(self) -> Self {
        Self { ports: Some(Ports::read()), ..self }
    }

    /// Takes note of what a snapshot told.
    pub(super) fn learn(&mut self, snapshot: &Snapshot) {
        self.users.learn(snapshot);
        self.ports.iter_mut().for_each(|ports| ports.learn(snapshot));
        self.told = snapshot.namespaces.iter().filter_map(|known| known.id.inode()).collect();
    }

    /// Sets the clock anew: the machine's may have been set.
    pub(super) fn set_clock(&mut self) {
        self.clock.boot = boot_time();
    }

    /// Tells what `record` does, if it is wanted, and before that what the names in it mean that
    /// nobody was told of.
    pub(super) fn tell(&mut self, record: &Record<'_>, out: &mut Vec<Event>) {
        match record {
            Record::Cookie(_) => {}
            Record::Process(process) => {
                let event = self.process(process);
                self.users.tell(Some(process.holder.uid), event.time, out);
                out.push(event);
            }
            Record::Socket(socket) if self.is_wanted(socket) => {
                let Some(sighting) = self.sighting(socket) else { return };
                let time = self.instant(socket.time_ns());
                self.users.tell(sighting.endpoint.user_id, time, out);
                self.tell_namespace(socket, time, out);
                out.push(Event { time, kind: EventKind::Endpoint(Box::new(sighting)) });
            }
            Record::Step(step) if self.wants.tcp && self.is_here(step.namespace) => {
                let (time, kind) =
                    (self.instant(step.time_ns), EventKind::Endpoint(sighting_of(step)));
                out.push(Event { time, kind });
            }
            Record::Socket(_) | Record::Step(_) => {}
        }
    }

    fn is_wanted(&self, socket: &Sock<'_>) -> bool {
        let transport = socket.transport();
        self.is_here(socket.namespace()) && transport.is_some_and(|one| self.wants.has(one))
    }

    /// Whether what happens in this namespace is wanted.
    fn is_here(&self, namespace: u32) -> bool {
        let places = self.namespaces.as_ref();
        // Of a socket that its ending process closes, only the cookie may be known.
        namespace == 0 || places.is_none_or(|places| places.contains(&namespace))
    }

    /// Tells what the namespace of `socket` is called, the first time that something happens there.
    fn tell_namespace(&mut self, socket: &Sock<'_>, time: Timestamp, out: &mut Vec<Event>) {
        let inode = socket.namespace();
        if inode == 0 {
            return;
        }
        if self.told.len() >= NAMESPACES {
            self.told.clear();
        }
        if !self.told.insert(inode) {
            return;
        }
        let pid = socket.holder().map_or(0, |holder| holder.pid);
        let namespace = namespaces::describe(&namespaces::of_event(inode, pid));
        out.extend(namespace.map(|told| Event { time, kind: EventKind::Namespace(told) }));
    }

    /// The instant so many nanoseconds after boot.
    fn instant(&self, since_boot_ns: u64) -> Timestamp {
        let since_boot = i64::try_from(since_boot_ns).unwrap_or(i64::MAX);
        Timestamp::from_unix_ns(self.clock.boot.unix_ns().saturating_add(since_boot))
    }

    /// What is told of a process.
    fn process(&mut self, told: &ProcessRecord<'_>) -> Event {
        let mut raw = raw_process(told);
        if told.is_path_cut || told.are_arguments_cut {
            complete(&mut raw, told);
        }
        let cgroup = self.cgroup(told.holder.cgroup);
        let process = Process {
            cgroup: cgroup.map(|path| path.as_ref().into()),
            ..describe_process(&raw, self.clock)
        };
        Event { time: self.instant(told.time_ns), kind: EventKind::Process(Box::new(process)) }
    }

    /// The path of a control group.
    fn cgroup(&mut self, id: u64) -> Option<Arc<str>> {
        if id == 0 {
            return None;
        }
        if self.cgroups.len() >= CGROUPS {
            self.cgroups.clear();
        }
        self.cgroups.entry(id).or_insert_with(|| find_cgroup(id).map(Into::into)).clone()
    }

    /// What is told of a socket.
    fn sighting(&mut self, socket: &Sock<'_>) -> Option<Sighting> {
        let row = socket.row(self.wants.metrics)?;
        let holder = socket.holder();
        let (state, cgroup) = (row.state, row.cgroup_id.and_then(|id| self.cgroup(id)));
        let owners = holder.as_ref().map_or(Owners::None(Ownerless::NotObserved), owners);
        let namespace = Some(socket.namespace()).filter(|inode| *inode != 0);
        let namespace = namespace.map(NamespaceId::Inode);
        let mut endpoint = endpoint_of(row, namespace, owners);
        endpoint.direction = match &self.ports {
            Some(ports) if socket.told == Told::Owner => ports.direction(&endpoint),
            _ => direction(socket, state),
        };
        endpoint.cgroup = cgroup;
        let is_closed = state == Some(State::Closed);
        endpoint.queue = endpoint.queue.filter(|queue| !is_closed && tells_something(queue));
        self.date_counters(&mut endpoint, socket.counted_ns());
        Some(Sighting {
            change: change(socket, state),
            endpoint,
            is_held: socket.has_file() && holder.is_none(),
        })
    }

    /// Says since when messages, and UDP's bytes, were counted.
    fn date_counters(&self, endpoint: &mut Endpoint, since_boot_ns: u64) {
        if let Some(metrics) = &mut endpoint.metrics
            && since_boot_ns != 0
            && endpoint.transport == Transport::Udp
        {
            metrics.since = Some(self.instant(since_boot_ns));
        }
    }
}

/// What a step tells: a state, of the socket with this cookie. Where that is, is known.
fn sighting_of(step: &Step) -> Box<Sighting> {
    let row = SocketRow {
        transport: Transport::Tcp,
        is_ipv6: false,
        state: Some(step.state),
        local: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
        remote: None,
        inode: 0,
        cookie: Some(step.cookie),
        uid: None,
        receive_queue: 0,
        send_queue: 0,
        interface: 0,
        cgroup_id: None,
        metrics: None,
    };
    let namespace = Some(NamespaceId::Inode(step.namespace));
    let endpoint = endpoint_of(row, namespace, Owners::None(Ownerless::NotObserved));
    let endpoint = Endpoint { queue: None, ..endpoint };
    Box::new(Sighting { change: Change::State(step.old_state), endpoint, is_held: false })
}

/// Events come at moments when nothing waits; only a queue that holds something tells.
fn tells_something(queue: &Queue) -> bool {
    !matches!(queue, Queue::Bytes { receive: 0, send: 0 })
}

/// Who uses the socket.
fn owners(holder: &Holder<'_>) -> Owners {
    if holder.pid == 0 {
        return Owners::None(Ownerless::Outside);
    }
    let process = ProcessId { pid: holder.pid, start: ticks(holder.start_ns) };
    Owners::One(Owner { process, fd: None })
}

/// Who began, where the change tells.
fn direction(socket: &Sock<'_>, state: Option<State>) -> Direction {
    match (socket.told, socket.old_state(), state) {
        (_, _, Some(State::Listen)) => Direction::Listen,
        (_, _, Some(State::SynSent)) | (Told::State, Some(State::SynSent), _) => Direction::Egress,
        (Told::State, Some(State::SynReceived), _) => Direction::Ingress,
        _ => Direction::Unknown,
    }
}

/// What happened.
fn change(socket: &Sock<'_>, state: Option<State>) -> Change {
    match socket.told {
        Told::State if state == Some(State::Closed) => Change::Closed(reason(socket)),
        Told::State => Change::State(socket.old_state()),
        Told::Bound => Change::Bound,
        Told::Released => Change::Closed(Reason::Local),
        Told::Used | Told::Peer if socket.is_peer() => Change::Peer,
        Told::Held | Told::Unheld | Told::Owner | Told::Used | Told::Peer => Change::Used,
    }
}

/// Why a TCP socket closed: by the error that it was left with (errno, include/uapi/asm-generic), else
/// by the state that it was in.
fn reason(socket: &Sock<'_>) -> Reason {
    match socket.error() {
        32 | 104 => Reason::Reset,              // EPIPE, ECONNRESET
        103 => Reason::Destroyed,               // ECONNABORTED
        110 => Reason::TimedOut,                // ETIMEDOUT
        111 => Reason::Refused,                 // ECONNREFUSED
        101 | 112 | 113 => Reason::Unreachable, // ENETUNREACH, EHOSTDOWN, EHOSTUNREACH
        _ => match socket.old_state() {
            Some(State::LastAck) => Reason::Remote,
            Some(State::Established | State::CloseWait) => Reason::Aborted,
            _ => Reason::Local,
        },
    }
}

/// The process in the terms of `/proc`.
fn raw_process(told: &ProcessRecord<'_>) -> RawProcess {
    let path = path(told.names, told.is_deleted);
    RawProcess {
        // Cut, it is told as far as it goes; of what could not be read there is nothing.
        command_line: match told.arguments {
            [] if told.are_arguments_cut => Err(Unreadable::Vanished),
            arguments => Ok(arguments.to_vec()),
        },
        image: if told.is_path_cut { Err(Unreadable::Vanished) } else { Ok(path) },
        cgroup: Err(Unreadable::Nonexistent),
        ..process_of(&told.holder)
    }
}

/// The path whose `names`, each ended by a NUL, come last one first, as the link `/proc/PID/exe` says
/// it.
fn path(names: &[u8], is_deleted: bool) -> Vec<u8> {
    let mut path = Vec::with_capacity(names.len() + 16);
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    for name in names.collect::<Vec<_>>().into_iter().rev() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if is_deleted {
        path.extend_from_slice(b" (deleted)");
    }
    path
}

/// Reads from `/proc` what was too long for a record, if the process still runs.
fn complete(raw: &mut RawProcess, told: &ProcessRecord<'_>) {
    let Ok(handle) = open_process(raw.pid) else { return };
    if read_stat(&handle).is_none_or(|stat| stat.start_ticks != raw.start) {
        return;
    }
    use std::os::fd::AsFd;
    if told.is_path_cut {
        raw.image = read_link(handle.as_fd(), "exe");
    }
    if told.are_arguments_cut
        && let Ok(text) = read_file(handle.as_fd(), "cmdline", 256 * 1024)
    {
        raw.command_line = Ok(text);
    }
}
