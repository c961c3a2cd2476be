//! All endpoints of a host at one instant, with everything needed to show them.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use hashbrown::HashMap;

use crate::answer::Answers;
use crate::degradation::Degradation;
use crate::endpoint::Endpoint;
use crate::ports::EPHEMERAL;
use crate::process::{Process, ProcessId};
use crate::time::Timestamp;

/// The identity of a network namespace (Linux).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NamespaceId {
    /// By the inode of `/proc/PID/ns/net`.
    Inode(u32),
    /// By the inode of `/proc/PID/net/tcp`, where the other one may not be read.
    Table(u32),
}

impl NamespaceId {
    /// The inode of `/proc/PID/ns/net`, where it is known.
    pub fn inode(self) -> Option<u32> {
        match self {
            Self::Inode(inode) => Some(inode),
            Self::Table(_) => None,
        }
    }
}

/// A network namespace that was observed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    /// Its identity on this host.
    pub id: NamespaceId,
    /// What people call it: `self` for Sockeye's own, the name that `ip netns` gave it, else
    /// `pid:` and the lowest PID in it, else `netns:` and its inode.
    pub label: Box<str>,
    /// A process that lives in it, the oldest one.
    pub pid: Option<u32>,
    /// Sockeye itself runs in it.
    pub is_own: bool,
}

/// Where a snapshot came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// Linux eBPF: the kernel's iterators, and events as they happen.
    Ebpf,
    /// Linux `sock_diag` netlink dumps with owners from `/proc`.
    SockDiag,
    /// Linux `/proc/net` tables, where `sock_diag` is not to be had.
    Procfs,
    /// Windows IP Helper tables.
    Iphlpapi,
    /// A recorded dump.
    Replay,
}

impl Source {
    /// The word machines read: `ebpf`, `sock_diag`, `procfs`, `iphlpapi`, `replay`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ebpf => "ebpf",
            Self::SockDiag => "sock_diag",
            Self::Procfs => "procfs",
            Self::Iphlpapi => "iphlpapi",
            Self::Replay => "replay",
        }
    }
}

/// The full set at one instant.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    /// When it was taken.
    pub time: Timestamp,
    /// What it was taken with.
    pub source: Source,
    /// Every endpoint, in the kernel's order.
    pub endpoints: Vec<Endpoint>,
    /// Every process that an endpoint names as owner.
    pub processes: HashMap<ProcessId, Process>,
    /// Names of the users that endpoints and processes name by number.
    pub users: BTreeMap<u32, Box<str>>,
    /// The network namespaces that were observed.
    pub namespaces: Vec<Namespace>,
    /// Ports that the host gives to outgoing connections, in Sockeye's own network namespace.
    pub ephemeral_ports: RangeInclusive<u16>,
    /// What was asked besides, and answered.
    pub answers: Answers,
    /// What could not be observed, and why.
    pub degradations: Vec<Degradation>,
}

impl Snapshot {
    /// A snapshot of nothing, to be filled.
    pub fn new(time: Timestamp, source: Source) -> Self {
        Self {
            time,
            source,
            endpoints: Vec::new(),
            processes: HashMap::new(),
            users: BTreeMap::new(),
            namespaces: Vec::new(),
            ephemeral_ports: EPHEMERAL,
            answers: Answers::default(),
            degradations: Vec::new(),
        }
    }

    /// The namespace with this id, if it was observed.
    pub fn namespace(&self, id: NamespaceId) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.id == id)
    }

    /// The name of a user, where it is known.
    pub fn user_name(&self, id: u32) -> Option<&str> {
        self.users.get(&id).map(|name| &**name)
    }
}
