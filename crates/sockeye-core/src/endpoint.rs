//! One row: a TCP or UDP socket that the operating system reports, and who holds it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::net::SocketAddr;

use crate::address::Family;
use crate::process::ProcessId;
use crate::snapshot::NamespaceId;
use crate::state::State;
use crate::time::Timestamp;

/// The transport protocol of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Transport {
    /// Transmission Control Protocol, RFC 9293.
    Tcp,
    /// User Datagram Protocol, RFC 768.
    Udp,
}

impl Transport {
    /// OpenTelemetry's `network.transport`: `tcp`, `udp`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Who opened a connection, seen from this host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// Opened from outside: the local port is one that this host listens on.
    Ingress,
    /// Opened by this host.
    Egress,
    /// Waits for connections.
    Listen,
    /// Not known: nothing tells which side began.
    Unknown,
}

impl Direction {
    /// The word machines read: `ingress`, `egress`, `listen`, `unknown`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
            Self::Listen => "listen",
            Self::Unknown => "unknown",
        }
    }
}

/// One TCP or UDP socket as the operating system reports it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// TCP or UDP.
    pub transport: Transport,
    /// The local side, IPv4 in IPv6 already unmapped, with scope where the address needs one.
    pub local: SocketAddr,
    /// The remote side; `None` for listeners, bound sockets and unconnected UDP.
    pub remote: Option<SocketAddr>,
    /// TCP state; `None` for UDP.
    pub state: Option<State>,
    /// Who began the connection.
    pub direction: Direction,
    /// The network namespace it lives in; `None` where the platform has none.
    pub namespace: Option<NamespaceId>,
    /// The interface the socket is bound to, or that its link-local address belongs to.
    pub interface: Option<Arc<str>>,
    /// What the kernel calls the socket.
    pub socket: Socket,
    /// The user that created the socket, by number, also when no process is known.
    pub user_id: Option<u32>,
    /// The control group the socket belongs to, as a path below the cgroup2 root (Linux).
    pub cgroup: Option<Arc<str>>,
    /// What the system noted when it was made (Windows).
    pub birth: Option<Box<Birth>>,
    /// The processes that hold it, or why there are none.
    pub owners: Owners,
    /// Bytes (or, for listeners, connections) that wait.
    pub queue: Option<Queue>,
    /// TCP's own measurements, when they were asked for.
    pub metrics: Option<Box<Metrics>>,
}

impl Endpoint {
    /// The family of what travels on the wire: `::ffff:a.b.c.d` counts as IPv4.
    pub fn family(&self) -> Family {
        Family::of(&self.local)
    }

    /// Whether this is a TCP endpoint in LISTEN.
    pub fn is_listener(&self) -> bool {
        self.state == Some(State::Listen)
    }

    /// What identifies the endpoint for as long as it lives, on its own host.
    pub fn key(&self) -> Key {
        let id = self.id();
        let birth = self.birth.as_deref().filter(|_| id.is_none());
        Key {
            namespace: self.namespace,
            transport: self.transport,
            local: self.local,
            remote: self.remote,
            cookie: id,
            created: birth.and_then(|birth| birth.created),
            pid: birth.and_then(|birth| birth.pid),
        }
    }

    /// The number that stands for the socket as long as it lives: the kernel's cookie, else the one
    /// that whoever watches gave it.
    pub fn id(&self) -> Option<u64> {
        self.socket.cookie.or_else(|| self.birth.as_deref()?.number)
    }

    /// When it was made, where the system keeps that.
    pub fn created(&self) -> Option<Timestamp> {
        self.birth.as_deref().and_then(|birth| birth.created)
    }

    /// The service that made it, where the system keeps that.
    pub fn service(&self) -> Option<&str> {
        self.birth.as_deref().and_then(|birth| birth.service.as_deref())
    }
}

/// The identity of an endpoint: addresses, and the kernel's cookie, which is never used twice. Where
/// there is none, the time and the process of its making tell sockets of one address apart.
///
/// It means something only together with a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// Network namespace.
    pub namespace: Option<NamespaceId>,
    /// Transport.
    pub transport: Transport,
    /// Local side.
    pub local: SocketAddr,
    /// Remote side.
    pub remote: Option<SocketAddr>,
    /// The socket's number ([`Endpoint::id`]), where there is one.
    pub cookie: Option<u64>,
    /// When it was made, where the system keeps that and there is no number.
    pub created: Option<Timestamp>,
    /// Who made it, likewise.
    pub pid: Option<u32>,
}

/// What the kernel calls the socket behind an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Socket {
    /// Linux: inode in sockfs; `None` when no file belongs to the socket.
    pub inode: Option<u64>,
    /// Linux: socket cookie, unique until reboot.
    pub cookie: Option<u64>,
    /// An `AF_INET6` socket, also when its addresses are mapped IPv4.
    pub is_ipv6: bool,
    /// Number of the interface it is bound to, 0 for none.
    pub interface: u32,
}

/// What a system notes when a socket is made, and keeps as long as it lives (Windows).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Birth {
    /// When that was.
    pub created: Option<Timestamp>,
    /// The process that made it, also when that has ended since.
    pub pid: Option<u32>,
    /// The service that made it, also where its process runs several.
    pub service: Option<Arc<str>>,
    /// What a watch calls the socket, as the system has no number for it; it means something to that
    /// watch alone.
    pub number: Option<u64>,
}

/// Bytes or connections that wait inside the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queue {
    /// Payload bytes not yet read by the process, and not yet acknowledged by (TCP) or handed to
    /// (UDP) the network.
    Bytes {
        /// Received, not yet read.
        receive: u32,
        /// Sent, not yet acknowledged.
        send: u32,
    },
    /// A listener's connections not yet accepted, and how many may wait.
    Backlog {
        /// Connections waiting to be accepted.
        used: u32,
        /// The limit that `listen` set, where the source tells it.
        limit: Option<u32>,
    },
}

/// What was measured of an endpoint; `None` where nothing tells.
///
/// TCP measures its connections itself; on Windows only where somebody told it to, and since then. Of
/// UDP, and of messages, only the eBPF tier knows, and only while Sockeye watches.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Metrics {
    /// Smoothed round-trip time, microseconds.
    pub rtt_us: Option<u32>,
    /// Segments sent again, since the connection opened.
    pub retransmits: Option<u32>,
    /// Payload bytes sent, repeats not counted; before Linux 4.19 those acknowledged.
    pub sent_bytes: Option<u64>,
    /// Payload bytes received.
    pub received_bytes: Option<u64>,
    /// Segments sent, with and without payload.
    pub sent_packets: Option<u32>,
    /// Segments received, with and without payload.
    pub received_packets: Option<u32>,
    /// Messages that processes sent: one for each call (`send`, `sendto`, `write`).
    pub sent_messages: Option<u32>,
    /// Messages that processes received.
    pub received_messages: Option<u32>,
    /// Since when messages, and for UDP bytes, were counted, and on Windows everything; `None` when since
    /// the opening, and on Windows where another program began it.
    pub since: Option<Timestamp>,
}

/// A process that holds the socket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Owner {
    /// The process.
    pub process: ProcessId,
    /// Its file descriptor; `None` where the platform has none.
    pub fd: Option<u32>,
}

/// Why an endpoint has no owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ownerless {
    /// TIME-WAIT: the process has closed it, the kernel waits.
    TimeWait,
    /// SYN-RECEIVED: the handshake is not finished, no process has seen it.
    Handshake,
    /// Established, but no process has accepted it yet.
    Unaccepted,
    /// Closed by its process; the kernel still finishes the connection.
    Orphaned,
    /// A socket of the kernel itself (NFS, WireGuard and the like).
    Kernel,
    /// Held by a process, mostly another user's, whose descriptors may not be read.
    NotPermitted,
    /// Held by a process outside of this PID namespace, which cannot be seen from inside, or the
    /// kernel's own.
    Outside,
    /// Its process has ended; another may have inherited it (Windows, which notes only who made it).
    Ended,
    /// It closed while Sockeye looked.
    Vanished,
    /// The owner was not asked for, or the source cannot tell.
    NotObserved,
}

/// Each reason with the word machines read and the phrase people read.
const REASONS: [(Ownerless, &str, &str); 10] = [
    (Ownerless::TimeWait, "time_wait", "closed by its process, waiting"),
    (Ownerless::Handshake, "handshake", "handshake not finished"),
    (Ownerless::Unaccepted, "unaccepted", "not yet accepted"),
    (Ownerless::Orphaned, "orphaned", "closed by its process, still finishing"),
    (Ownerless::Kernel, "kernel", "the kernel's own"),
    (Ownerless::NotPermitted, "not_permitted", "not permitted to see whose"),
    (Ownerless::Outside, "outside", "held outside of this PID namespace"),
    (Ownerless::Ended, "ended", "its process has ended, another may hold it"),
    (Ownerless::Vanished, "vanished", "closed while Sockeye looked"),
    (Ownerless::NotObserved, "not_observed", "owners not observed"),
];

impl Ownerless {
    /// Every reason.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        REASONS.iter().map(|reason| reason.0)
    }

    /// The word machines read.
    pub fn id(self) -> &'static str {
        REASONS.iter().find(|r| r.0 == self).map_or("", |r| r.1)
    }

    /// The phrase people read, lower case, without a full stop.
    pub fn phrase(self) -> &'static str {
        REASONS.iter().find(|r| r.0 == self).map_or("", |r| r.2)
    }
}

/// The processes that hold a socket: usually one, several after a fork or when it was passed on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owners {
    /// No process, and why.
    None(Ownerless),
    /// One process.
    One(Owner),
    /// Several holders, oldest process first. The same process may appear with several fds.
    Many(Box<[Owner]>),
}

impl Owners {
    /// The holders in `found`, oldest process first; `reason` when it is empty.
    pub fn new(mut found: alloc::vec::Vec<Owner>, reason: Ownerless) -> Self {
        match found.as_slice() {
            [] => Self::None(reason),
            [one] => Self::One(*one),
            _ => {
                found.sort_unstable_by_key(|o| (o.process.start, o.process.pid, o.fd));
                found.dedup();
                if let [one] = found.as_slice() {
                    Self::One(*one)
                } else {
                    Self::Many(found.into())
                }
            }
        }
    }

    /// Every holder, oldest process first.
    pub fn as_slice(&self) -> &[Owner] {
        match self {
            Self::None(_) => &[],
            Self::One(owner) => core::slice::from_ref(owner),
            Self::Many(owners) => owners,
        }
    }

    /// Why there is none; `None` when there is one.
    pub fn reason(&self) -> Option<Ownerless> {
        match self {
            Self::None(reason) => Some(*reason),
            Self::One(_) | Self::Many(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn owner(pid: u32, start: u64, fd: u32) -> Owner {
        Owner { process: ProcessId { pid, start }, fd: Some(fd) }
    }

    #[test]
    fn owners_come_oldest_first_without_doubles() {
        let owners = Owners::new(
            vec![owner(7, 900, 3), owner(99, 100, 5), owner(7, 900, 3)],
            Ownerless::Kernel,
        );
        assert_eq!(owners.as_slice(), [owner(99, 100, 5), owner(7, 900, 3)]);
        let twice = Owners::new(vec![owner(7, 900, 3), owner(7, 900, 3)], Ownerless::Kernel);
        assert_eq!(twice, Owners::One(owner(7, 900, 3)));
        assert_eq!(Owners::new(vec![], Ownerless::Kernel).reason(), Some(Ownerless::Kernel));
    }

    #[test]
    fn an_endpoint_stays_small() {
        // 100,000 of them must fit in the memory budget of docs/benchmarks.md.
        assert!(size_of::<Endpoint>() <= 232, "{}", size_of::<Endpoint>());
    }
}
