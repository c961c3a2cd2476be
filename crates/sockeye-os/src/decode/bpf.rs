//! Records of our own programs in the kernel: the list of sockets, and events.
//!
//! Their layout is that of `bpf/wire.h`. They come from a program of ours through the kernel; a record
//! that makes no sense all the same is passed over like any other malformed answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sockeye_core::address::canonical;
use sockeye_core::endpoint::Metrics;
use sockeye_core::{State, Transport};

use super::inet_diag::bound_or;
use super::{Malformed, SocketRow, known_user, remote_side, state_from_linux};

/// One record.
#[derive(Debug)]
pub enum Record<'a> {
    /// A socket.
    Socket(Socket<'a>),
    /// A socket that a file belongs to, by its cookie alone.
    Cookie(u64),
    /// TCP: another state of a socket that was told of before.
    Step(Step),
    /// What is known of a process.
    Process(ProcessRecord<'a>),
}

/// Another state of a TCP socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, nanoseconds since boot.
    pub time_ns: u64,
    /// The kernel's number of the socket.
    pub cookie: u64,
    /// Its network namespace, by inode.
    pub namespace: u32,
    /// The state now.
    pub state: State,
    /// The state before; `None` when it makes no sense.
    pub old_state: Option<State>,
}

/// What a record about a socket tells of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// It is behind a descriptor of the holder.
    Held,
    /// No file belongs to it.
    Unheld,
    /// TCP: its state changed.
    State,
    /// TCP: the holder used it; nobody was known to hold it.
    Owner,
    /// UDP: it was bound.
    Bound,
    /// UDP: it was used for the first time.
    Used,
    /// UDP: it exchanged with this remote for the first time.
    Peer,
    /// UDP: its last descriptor was closed.
    Released,
}

/// A socket, and what happened to it.
#[derive(Clone, Copy, Debug)]
pub struct Socket<'a> {
    /// What the record tells of.
    pub told: Told,
    bytes: &'a [u8; SOCKET],
}

/// Who holds or uses a socket.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// In our PID namespace; 0 outside of it.
    pub pid: u32,
    /// Descriptor, in lists.
    pub fd: u32,
    /// Start, nanoseconds since boot.
    pub start_ns: u64,
    /// Its parent's number.
    pub parent: u32,
    /// The effective user.
    pub uid: u32,
    /// Its control group in cgroup2, by number.
    pub cgroup: u64,
    /// The same for processes that are in the same control groups of every hierarchy.
    pub groups: u64,
    /// The kernel's short name, ended by a NUL.
    pub name: &'a [u8],
}

/// What is known of a process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessRecord<'a> {
    /// When it was told, nanoseconds since boot.
    pub time_ns: u64,
    /// Who it is.
    pub holder: Holder<'a>,
    /// The names of its image's path, the last one first, each ended by a NUL.
    pub names: &'a [u8],
    /// Its command line as in `/proc/PID/cmdline`.
    pub arguments: &'a [u8],
    /// The image's file has been deleted.
    pub is_deleted: bool,
    /// The path is longer than what is told of it.
    pub is_path_cut: bool,
    /// The command line is longer than what is told of it, or could not be read.
    pub are_arguments_cut: bool,
}

/// Bytes of `struct socket_record`.
const SOCKET: usize = 208;
/// Bytes of `struct process_record` in front of its texts.
const PROCESS: usize = 80;
/// Where `struct holder` stands in both.
const SOCKET_HOLDER: usize = 152;
const PROCESS_HOLDER: usize = 16;
/// Bytes of `struct head`, and of a record that is a cookie alone.
const HEAD: usize = 8;
const COOKIE: usize = 16;
/// Bytes of `struct step_record`.
const STEP: usize = 32;

/// `HAS_METRICS` and its siblings.
const HAS_METRICS: u8 = 1;
const HAS_FILE: u8 = 2;
const FIN_RECEIVED: u8 = 4;
const IS_PEER: u8 = 8;
const HAS_HANDSHAKES: u8 = 16;

/// `AF_INET6`, include/linux/socket.h.
const AF_INET6: u16 = 10;

/// The records in `bytes`, each at its length; what is cut short at the end is left out.
pub fn records(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Malformed>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| rest.len() >= HEAD)?;
        let length = usize::from(u16::from_ne_bytes(array(rest, 0)));
        let Some(record) = rest.get(..length).filter(|_| length >= HEAD) else {
            let error = Malformed { what: "record is cut short", at };
            at = bytes.len();
            return Some(Err(error));
        };
        let place = at;
        at += length;
        Some(decode_record(record).ok_or(Malformed { what: "record makes no sense", at: place }))
    })
}

/// Decodes one whole record.
pub fn decode_record(record: &[u8]) -> Option<Record<'_>> {
    let told = match record.get(2)? {
        1 => Told::Held,
        2 => Told::Unheld,
        3 if record.len() == COOKIE => {
            return Some(Record::Cookie(u64::from_ne_bytes(array(record, 8))));
        }
        16 => Told::State,
        17 => Told::Owner,
        18 => Told::Bound,
        19 => Told::Used,
        20 => Told::Peer,
        21 => Told::Released,
        23 => return decode_step(record).map(Record::Step),
        32 => return decode_process(record).map(Record::Process),
        _ => return None,
    };
    Some(Record::Socket(Socket { told, bytes: record.try_into().ok()? }))
}

/// Decodes a whole record about a step.
fn decode_step(record: &[u8]) -> Option<Step> {
    let record: &[u8; STEP] = record.try_into().ok()?;
    Some(Step {
        time_ns: u64::from_ne_bytes(array(record, 8)),
        cookie: u64::from_ne_bytes(array(record, 16)),
        namespace: u32::from_ne_bytes(array(record, 24)),
        state: state_from_linux(record[28])?,
        old_state: state_from_linux(record[29]),
    })
}

/// Decodes a whole record about a process.
fn decode_process(record: &[u8]) -> Option<ProcessRecord<'_>> {
    let texts = record.get(PROCESS..)?;
    let length = |at| usize::from(u16::from_ne_bytes(array(record, at)));
    let (names, rest) = texts.split_at_checked(length(72))?;
    let flag = |at: usize| record.get(at).is_some_and(|byte| *byte != 0);
    Some(ProcessRecord {
        time_ns: u64::from_ne_bytes(array(record, 8)),
        holder: decode_holder(record, PROCESS_HOLDER),
        names,
        arguments: rest.get(..length(74))?,
        is_deleted: flag(76),
        is_path_cut: flag(77),
        are_arguments_cut: flag(78),
    })
}

/// Decodes the holder at `at`.
fn decode_holder(record: &[u8], at: usize) -> Holder<'_> {
    let u32_at = |offset| u32::from_ne_bytes(array(record, at + offset));
    let u64_at = |offset| u64::from_ne_bytes(array(record, at + offset));
    let name = record.get(at + 40..at + 56).unwrap_or_default();
    Holder {
        pid: u32_at(0),
        fd: u32_at(4),
        start_ns: u64_at(8),
        parent: u32_at(16),
        uid: u32_at(20),
        cgroup: u64_at(24),
        groups: u64_at(32),
        name: name.split(|byte| *byte == 0).next().unwrap_or_default(),
    }
}

/// The bytes at `at`; zeros where there are none.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

impl<'a> Socket<'a> {
    fn u16_at(&self, at: usize) -> u16 {
        u16::from_ne_bytes(array(self.bytes, at))
    }

    fn u32_at(&self, at: usize) -> u32 {
        u32::from_ne_bytes(array(self.bytes, at))
    }

    fn u64_at(&self, at: usize) -> u64 {
        u64::from_ne_bytes(array(self.bytes, at))
    }

    fn flags(&self) -> u8 {
        self.bytes[119]
    }

    /// When it happened, nanoseconds since boot; 0 in lists.
    pub fn time_ns(&self) -> u64 {
        self.u64_at(8)
    }

    /// The kernel's number of the socket, never used twice.
    pub fn cookie(&self) -> u64 {
        self.u64_at(16)
    }

    /// Inode in sockfs, 0 for none.
    pub fn inode(&self) -> u64 {
        self.u64_at(24)
    }

    /// Its network namespace, by inode.
    pub fn namespace(&self) -> u32 {
        self.u32_at(96)
    }

    /// Who holds or uses it, where the record tells.
    pub fn holder(&self) -> Option<Holder<'a>> {
        let holder = decode_holder(self.bytes, SOCKET_HOLDER);
        (holder.start_ns != 0).then_some(holder)
    }

    /// The state before; `None` when it had none or it makes no sense.
    pub fn old_state(&self) -> Option<State> {
        state_from_linux(self.bytes[117])
    }

    /// The socket's pending error (`sk_err`), an errno; 0 for none.
    pub fn error(&self) -> u8 {
        self.bytes[118]
    }

    /// A process still has a descriptor of it.
    pub fn has_file(&self) -> bool {
        self.flags() & HAS_FILE != 0
    }

    /// The remote is not the socket's own but one that it exchanged with.
    pub fn is_peer(&self) -> bool {
        self.flags() & IS_PEER != 0
    }

    /// A listener: connections to it are in SYN-RECEIVED.
    pub fn has_handshakes(&self) -> bool {
        self.flags() & HAS_HANDSHAKES != 0
    }

    /// The other side has closed.
    pub fn has_received_fin(&self) -> bool {
        self.flags() & FIN_RECEIVED != 0
    }

    /// Since when our counters count, nanoseconds since boot; 0 when they do not.
    pub fn counted_ns(&self) -> u64 {
        self.u64_at(56)
    }

    /// The transport; `None` for a socket of another kind, which other sockets belong to (MPTCP).
    pub fn transport(&self) -> Option<Transport> {
        match self.u16_at(114) {
            6 => Some(Transport::Tcp),
            17 => Some(Transport::Udp),
            _ => None,
        }
    }

    /// The socket as a table would have it, measured if `is_measured`; `None` when it belongs into
    /// no table.
    pub fn row(&self, is_measured: bool) -> Option<SocketRow> {
        let transport = self.transport()?;
        // A connection that is being made has no port yet, one that is being closed has none left:
        // its state is set before it comes into the tables, and after it has gone from them.
        let is_listed = matches!(self.told, Told::Held | Told::Unheld);
        if is_listed && self.u16_at(108) == 0 {
            return None;
        }
        let is_ipv6 = self.u16_at(112) == AF_INET6;
        let interface = self.u32_at(104);
        let side = |address: usize, port: usize| {
            let ip: IpAddr = if is_ipv6 {
                Ipv6Addr::from(array::<16>(self.bytes, address)).into()
            } else {
                Ipv4Addr::from(array::<4>(self.bytes, address)).into()
            };
            canonical(ip, self.u16_at(port), interface)
        };
        let (local, remote) = (side(120, 108), remote_side(side(136, 110)));
        let state = match transport {
            Transport::Udp => None,
            Transport::Tcp => Some(state_from_linux(self.bytes[116])?),
        };
        let is_inactive = is_listed && state == Some(State::Closed);
        let is_measured = is_measured && !is_inactive; // There is nothing that tables would tell.
        Some(SocketRow {
            transport,
            is_ipv6,
            state: state.map(|s| if is_inactive { bound_or(s, &local, remote) } else { s }),
            local,
            remote,
            inode: self.inode(),
            cookie: Some(self.cookie()),
            uid: known_user(self.u32_at(100), self.inode()),
            receive_queue: self.u32_at(88),
            send_queue: self.u32_at(92),
            interface,
            cgroup_id: Some(self.u64_at(32)).filter(|id| *id != 0),
            metrics: if is_measured { self.metrics().map(Box::new) } else { None },
        })
    }

    /// What was measured.
    fn metrics(&self) -> Option<Metrics> {
        let is_counted = self.counted_ns() != 0;
        let measured = self.flags() & HAS_METRICS != 0;
        if !is_counted && !measured {
            return None;
        }
        let bytes = |at| (measured || is_counted).then(|| self.u64_at(at));
        let fin = u64::from(self.has_received_fin() && measured);
        let counted = |at| is_counted.then(|| self.u32_at(at));
        let packets = |at, message| if measured { Some(self.u32_at(at)) } else { counted(message) };
        Some(Metrics {
            rtt_us: Some(self.u32_at(80)).filter(|rtt| *rtt != 0),
            retransmits: measured.then(|| self.u32_at(84)),
            sent_bytes: bytes(40),
            received_bytes: bytes(48).map(|bytes| bytes.saturating_sub(fin)),
            sent_packets: packets(72, 64),
            received_packets: packets(76, 68),
            sent_messages: counted(64),
            received_messages: counted(68),
            since: None,
        })
    }
}

#[cfg(test)]
mod tests;
