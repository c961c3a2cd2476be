//! The raw answers of a machine: what a backend gathers, a dump file holds and [`assemble`] reads.
//!
//! [`assemble`]: crate::assemble

use sockeye_core::snapshot::{NamespaceId, Source};
use sockeye_core::{Degradation, Endpoint, Process, Timestamp};

use crate::decode::iphlp::{self, Row};
use crate::decode::{SocketRow, Table};

/// A link, file or directory of `/proc`: its bytes, or why it could not be read.
pub type Text = Result<Vec<u8>, Unreadable>;

/// Why a text of `/proc` could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Not permitted.
    Denied,
    /// The process is gone.
    Vanished,
    /// There is none.
    Nonexistent,
}

/// Everything that was gathered for one snapshot.
#[derive(Clone, Debug)]
pub struct Raw {
    /// When the tables were read.
    pub time: Timestamp,
    /// What they were read with.
    pub source: Source,
    /// When the machine booted, as its wall clock says now.
    pub boot: Timestamp,
    /// Clock ticks per second of process start times (`_SC_CLK_TCK`).
    pub ticks_per_second: u64,
    /// Ports that the kernel gives to outgoing connections (`net.ipv4.ip_local_port_range`).
    pub ephemeral_ports: (u16, u16),
    /// The network namespaces with their sockets.
    pub namespaces: Vec<RawNamespace>,
    /// Whether processes were looked at.
    pub has_owners: bool,
    /// The processes that hold sockets.
    pub processes: Vec<RawProcess>,
    /// Those of them that the system tells of in a form of its own (Windows): finished.
    pub described: Vec<Process>,
    /// Names of services by process and tag (Windows).
    pub service_tags: Vec<(u32, u32, String)>,
    /// User names by number.
    pub users: Vec<(u32, String)>,
    /// Control groups by the ids that sockets carry, as paths below the cgroup2 root.
    pub cgroups: Vec<(u64, String)>,
    /// What could not be gathered.
    pub degradations: Vec<Degradation>,
}

/// One network namespace.
#[derive(Clone, Debug)]
pub struct RawNamespace {
    /// Inode of its `/proc/PID/ns/net`; `None` where it could not be read.
    pub id: Option<NamespaceId>,
    /// What people call it.
    pub label: String,
    /// The lowest PID in it.
    pub pid: Option<u32>,
    /// Sockeye runs in it.
    pub is_own: bool,
    /// Names of its interfaces by number, those that sockets name.
    pub interfaces: Vec<(u32, String)>,
    /// Its sockets.
    pub sockets: Vec<SocketRow>,
    /// Those of its sockets that the source told together with their owners (eBPF, Windows), none
    /// twice: finished but for their direction and the names of their interfaces.
    pub held: Vec<Endpoint>,
    /// Rows of Windows' tables in a dump, whose owners are among [`Raw::described`].
    pub rows: Vec<Row>,
    /// Cookies of those that were looked at again, because no process held them, and were gone.
    pub vanished: Vec<u64>,
    /// The answers that `sockets` were decoded from, when they were to be kept.
    pub answers: Vec<RawAnswer>,
}

impl Raw {
    /// Raw answers with nothing in them yet, of a machine with the kernel's usual settings.
    pub fn new(time: Timestamp, source: Source) -> Self {
        Self {
            time,
            source,
            boot: Timestamp::from_unix_ns(0),
            ticks_per_second: 100,
            ephemeral_ports: (32768, 60999),
            namespaces: Vec::new(),
            has_owners: true,
            processes: Vec::new(),
            described: Vec::new(),
            service_tags: Vec::new(),
            users: Vec::new(),
            cgroups: Vec::new(),
            degradations: Vec::new(),
        }
    }
}

impl RawNamespace {
    /// A namespace without sockets.
    pub fn new(id: Option<NamespaceId>, label: String) -> Self {
        Self {
            id,
            label,
            pid: None,
            is_own: false,
            interfaces: Vec::new(),
            sockets: Vec::new(),
            held: Vec::new(),
            rows: Vec::new(),
            vanished: Vec::new(),
            answers: Vec::new(),
        }
    }
}

/// One answer of the kernel about one table, as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawAnswer {
    /// The table.
    pub table: Table,
    /// How its bytes are to be read.
    pub form: Form,
    /// The bytes: one netlink datagram, the whole text of a table, or a whole table.
    pub bytes: Vec<u8>,
}

/// How the bytes of an answer are to be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Form {
    /// A netlink datagram of `sock_diag`.
    Netlink,
    /// The text of `/proc/net/tcp` and its siblings.
    ProcNet,
    /// A table of Windows' IP Helper.
    Iphlp(iphlp::Form),
}

/// Whether the kernel's answers are kept beside the rows decoded from them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Only the rows.
    Rows,
    /// The answers too, for a dump file.
    Answers,
}

/// One process that holds sockets, by its texts in `/proc/PID`.
#[derive(Clone, Debug)]
pub struct RawProcess {
    /// Process id.
    pub pid: u32,
    /// Start, in clock ticks since boot.
    pub start: u64,
    /// `comm`, the kernel's short name.
    pub name: String,
    /// Parent's process id.
    pub parent: u32,
    /// `/proc/PID/status`.
    pub status: Text,
    /// `/proc/PID/cmdline`.
    pub command_line: Text,
    /// `/proc/PID/exe`, where the link points.
    pub image: Text,
    /// `/proc/PID/cgroup`.
    pub cgroup: Text,
    /// Its descriptors of sockets, number and inode, but for those of held endpoints.
    pub sockets: Vec<(u32, u64)>,
}
