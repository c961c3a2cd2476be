//! The sockets of processes: every process is gone through with an iterator of its own.

use std::os::fd::{AsFd, OwnedFd};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use sockeye_core::endpoint::Ownerless;
use sockeye_core::{Endpoint, NamespaceId, Owner, Owners, ProcessId, State, Transport};

use super::cookies::Cookies;
use super::list::Lists;
use crate::assemble::endpoint_of;
use crate::beside::{share, threads};
use crate::decode::SocketRow;
use crate::decode::bpf::{Holder, Record, Socket};
use crate::raw::{RawProcess, Text, Unreadable};
use crate::sys::linux::facts::{read_file, read_link};
use crate::sys::linux::walk::open_process;

/// What the pass over descriptors brought.
#[derive(Default)]
pub(super) struct Held {
    /// By the inode of a network namespace, who lives there.
    pub(super) namespaces: HashMap<u32, Population>,
    /// The processes that hold them.
    pub(super) processes: Vec<RawProcess>,
}

/// The held sockets of one namespace.
#[derive(Default)]
pub(super) struct Population {
    /// As endpoints; one that several descriptors belong to comes several times, each time with one
    /// owner.
    pub(super) endpoints: Vec<Endpoint>,
    /// Their cookies, in the same order.
    pub(super) cookies: Vec<u64>,
    /// How many of them are in the tables of TCP and of UDP.
    pub(super) tcp: u64,
    pub(super) udp: u64,
    /// Connections to one of them are in SYN-RECEIVED, which nobody holds.
    pub(super) has_handshakes: bool,
    /// The interfaces that some are bound to.
    pub(super) interfaces: Vec<u32>,
}

impl Population {
    /// Adds one socket.
    fn add(&mut self, row: SocketRow, namespace: u32, owners: Owners) {
        match row.state {
            None => self.udp += 1,
            Some(State::Bound | State::Closed) => {}
            Some(_) => self.tcp += 1,
        }
        self.cookies.extend(row.cookie);
        self.interfaces.extend(Some(row.interface).filter(|interface| *interface != 0));
        self.endpoints.push(endpoint_of(row, Some(NamespaceId::Inode(namespace)), owners));
    }

    fn append(&mut self, mut other: Self) {
        self.endpoints.append(&mut other.endpoints);
        self.cookies.append(&mut other.cookies);
        self.interfaces.append(&mut other.interfaces);
        self.has_handshakes |= other.has_handshakes;
        self.tcp += other.tcp;
        self.udp += other.udp;
    }

    /// Makes one of each that stands there several times; gives back all cookies.
    pub(super) fn settle(&mut self) -> Cookies {
        let (cookies, has_repeats) = Cookies::new(&self.cookies);
        if has_repeats {
            self.join_repeats();
        }
        cookies
    }

    /// Gives the first of those that are the same the owners of all.
    fn join_repeats(&mut self) {
        let mut places: HashMap<u64, usize> = HashMap::with_capacity(self.cookies.len());
        let mut owners: HashMap<usize, Vec<Owner>> = HashMap::new();
        let mut all = Vec::with_capacity(self.endpoints.len());
        for endpoint in std::mem::take(&mut self.endpoints) {
            let Some(cookie) = endpoint.socket.cookie else { continue };
            match places.entry(cookie) {
                Entry::Occupied(first) => {
                    owners.entry(*first.get()).or_default().extend(endpoint.owners.as_slice());
                    self.uncount(endpoint.state);
                }
                Entry::Vacant(place) => {
                    place.insert(all.len());
                    all.push(endpoint);
                }
            }
        }
        for (place, mut others) in owners {
            let Some(endpoint) = all.get_mut(place) else { continue };
            others.extend(endpoint.owners.as_slice());
            let reason = endpoint.owners.reason().unwrap_or(Ownerless::NotObserved);
            endpoint.owners = Owners::new(others, reason);
        }
        self.endpoints = all;
    }

    /// Takes back what was counted for one that was counted before.
    fn uncount(&mut self, state: Option<State>) {
        match state {
            None => self.udp -= 1,
            Some(State::Bound | State::Closed) => {}
            Some(_) => self.tcp -= 1,
        }
    }
}

impl Held {
    fn merge(mut self, other: Self) -> Self {
        for (namespace, population) in other.namespaces {
            self.namespaces.entry(namespace).or_default().append(population);
        }
        self.processes.extend(other.processes);
        self
    }
}

/// What is to be taken from the pass over descriptors.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    /// TCP.
    pub(super) tcp: bool,
    /// UDP.
    pub(super) udp: bool,
    /// What was measured.
    pub(super) is_measured: bool,
    /// Who holds them.
    pub(super) has_owners: bool,
    /// As soon as can be; whoever watches has time, and one thread takes less memory than several
    /// whose finds are joined.
    pub(super) is_urgent: bool,
}

/// Below this many processes a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;

/// Reads the sockets of the processes `pids`, in as many threads as the machine has cores.
pub(super) fn read_held(lists: &Lists, pids: &[u32], ask: Ask) -> Held {
    let is_one_possible = lists.each_held_by(std::process::id(), |_| {}).is_ok();
    if !is_one_possible {
        return read_all_held(lists, ask);
    }
    let is_worth_it = ask.is_urgent && pids.len() >= WORTH_A_THREAD;
    let threads = if is_worth_it { threads() } else { 1 };
    let begin = || Reader::new(lists, ask);
    let readers = share(("list", threads), pids, begin, Reader::read);
    readers.into_iter().map(|reader| reader.held).reduce(Held::merge).unwrap_or_default()
}

/// Reads the sockets of all processes in one go, as kernels before Linux 6.1 have it.
fn read_all_held(lists: &Lists, ask: Ask) -> Held {
    let mut reader = Reader::new(lists, ask);
    let mut all: HashMap<u32, (Option<OwnedFd>, Option<Described>)> = HashMap::new();
    let _ = lists.each_held(|record| {
        let Record::Socket(socket) = record else { return };
        let pid = socket.holder().map_or(0, |holder| holder.pid);
        let (_, process) = all.entry(pid).or_insert_with(|| (open_process(pid).ok(), None));
        reader.take(&socket, process);
    });
    for (handle, process) in all.into_values() {
        reader.finish(handle.as_ref(), process);
    }
    reader.held
}

/// A process, and what it shares with others in the same control groups.
type Described = (RawProcess, u64);

/// Reads processes one after the other.
struct Reader<'l> {
    lists: &'l Lists,
    ask: Ask,
    held: Held,
    /// `/proc/PID/cgroup` by what processes in the same groups share.
    groups: HashMap<u64, Text>,
}

impl<'l> Reader<'l> {
    fn new(lists: &'l Lists, ask: Ask) -> Self {
        Self { lists, ask, held: Held::default(), groups: HashMap::new() }
    }

    /// Reads the sockets of one process, and the texts about it if it has any.
    fn read(&mut self, pid: u32) {
        // Opened first: if the process ends and another takes its number before its sockets are
        // read, nothing can be read through this handle any more, and nothing is mixed up.
        let Ok(handle) = open_process(pid) else { return };
        let mut process = None;
        // A process that has ended has no sockets any more.
        let _ = self.lists.each_held_by(pid, |record| {
            if let Record::Socket(socket) = record {
                self.take(&socket, &mut process);
            }
        });
        self.finish(Some(&handle), process);
    }

    /// Takes one socket, of `process` or of the one that it begins.
    fn take(&mut self, socket: &Socket<'_>, process: &mut Option<Described>) {
        let is_wanted = match socket.transport() {
            Some(Transport::Tcp) => self.ask.tcp,
            Some(Transport::Udp) => self.ask.udp,
            None => true, // MPTCP: sockets of TCP without a file of their own have its inode.
        };
        if !is_wanted {
            return;
        }
        let mut owners = Owners::None(Ownerless::NotObserved);
        let holder = socket.holder().filter(|_| self.ask.has_owners);
        if let Some(holder) = holder.as_ref().filter(|holder| holder.pid != 0) {
            let (process, _) = process.get_or_insert_with(|| (process_of(holder), holder.groups));
            let id = ProcessId { pid: process.pid, start: process.start };
            owners = Owners::One(Owner { process: id, fd: Some(holder.fd) });
            if socket.transport().is_none() {
                process.sockets.push((holder.fd, socket.inode()));
            }
        }
        if let Some(row) = socket.row(self.ask.is_measured) {
            let namespace = socket.namespace();
            let population = self.held.namespaces.entry(namespace).or_default();
            population.has_handshakes |= socket.has_handshakes();
            population.add(row, namespace, owners);
        }
    }

    /// Adds a process of which all sockets were taken, if it has any.
    fn finish(&mut self, handle: Option<&OwnedFd>, process: Option<Described>) {
        let Some((mut process, groups)) = process else { return };
        if let Some(handle) = handle {
            self.describe(handle, &mut process, groups);
        }
        self.held.processes.push(process);
    }

    /// Reads what the kernel's structures do not tell.
    fn describe(&mut self, handle: &OwnedFd, process: &mut RawProcess, groups: u64) {
        process.command_line = read_file(handle.as_fd(), "cmdline", 256 * 1024);
        process.image = read_link(handle.as_fd(), "exe");
        let read = || read_file(handle.as_fd(), "cgroup", 64 * 1024);
        process.cgroup = self.groups.entry(groups).or_insert_with(read).clone();
    }
}

/// A process as a record tells who holds a socket: without the texts of `/proc`.
pub(super) fn process_of(holder: &Holder<'_>) -> RawProcess {
    let user = holder.uid;
    RawProcess {
        pid: holder.pid,
        start: ticks(holder.start_ns),
        name: String::from_utf8_lossy(holder.name).into_owned(),
        parent: holder.parent,
        // As /proc/PID/status says it, of which the second number is read: the effective user.
        status: Ok(format!("Uid:\t{user}\t{user}\n").into_bytes()),
        command_line: Err(Unreadable::Vanished),
        image: Err(Unreadable::Vanished),
        cgroup: Err(Unreadable::Vanished),
        sockets: Vec::new(),
    }
}

/// A start in the clock ticks of `/proc/PID/stat` (`nsec_to_clock_t`, kernel/time/time.c).
pub(super) fn ticks(start_ns: u64) -> u64 {
    start_ns / (1_000_000_000 / rustix::param::clock_ticks_per_second().max(1))
}
