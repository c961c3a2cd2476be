//! What could not be observed, and why. `sockeye doctor` knows the remedies of each system.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// Something that this snapshot cannot show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Degradation {
    /// The descriptors of some processes, mostly other users', may not be read: their sockets show
    /// no owner.
    ProcessesDenied {
        /// How many processes.
        count: u32,
    },
    /// Other users' processes are hidden altogether (`hidepid` on /proc).
    ProcessesHidden,
    /// Sockeye runs in a PID namespace (a container), and sockets are held from outside of it.
    OutsidePidNamespace,
    /// Other network namespaces exist and may not be entered.
    NamespacesDenied {
        /// How many namespaces.
        count: u32,
    },
    /// The kernel's fast tables are not available; slower ones with fewer facts were read.
    SockDiagUnavailable {
        /// What the operating system said.
        reason: String,
    },
    /// A table could not be read at all: its endpoints are missing.
    TableUnavailable {
        /// Which: `tcp`, `udp6`.
        table: String,
        /// What the operating system said.
        reason: String,
    },
    /// Answers were malformed and have been passed over.
    Malformed {
        /// How many rows.
        count: u32,
        /// The first of them: what was wrong, and where.
        first: String,
    },
    /// The set changed faster than it could be read; some endpoints may be missing.
    Unstable {
        /// How many answers the kernel marked as inconsistent.
        count: u32,
    },
    /// Nothing tells of what opens as it happens: what is known of it, polling found.
    EventsUnavailable {
        /// What tells how much, or what the operating system said.
        reason: String,
    },
    /// A part of the events is not to be had: what it would tell is found later, by looking.
    EventsIncomplete {
        /// What is not told as it happens, and what the operating system said.
        reason: String,
    },
    /// A list cannot be had from inside the kernel: beside events, tables and descriptors are read.
    IteratorUnavailable {
        /// Which, and what the operating system said.
        reason: String,
    },
    /// Names of some containers could not be found out.
    ContainersUnnamed {
        /// The runtime that was asked, as its columns call it.
        runtime: String,
        /// What it, or the operating system, said.
        reason: String,
    },
    /// Some connections could not be measured: their measurements are missing, or as of an earlier look.
    Unmeasured {
        /// Why.
        reason: String,
    },
    /// Some of systemd's unit files could not be read: sockets that they name show no unit.
    UnitsUnread {
        /// How many files and directories.
        count: u32,
        /// The first of them, and what the operating system said.
        first: String,
    },
}

impl Degradation {
    /// The word machines read.
    pub fn id(&self) -> &'static str {
        match self {
            Self::ProcessesDenied { .. } => "processes_denied",
            Self::ProcessesHidden => "processes_hidden",
            Self::OutsidePidNamespace => "outside_pid_namespace",
            Self::NamespacesDenied { .. } => "namespaces_denied",
            Self::SockDiagUnavailable { .. } => "sock_diag_unavailable",
            Self::TableUnavailable { .. } => "table_unavailable",
            Self::Malformed { .. } => "malformed",
            Self::Unstable { .. } => "unstable",
            Self::EventsUnavailable { .. } => "events_unavailable",
            Self::EventsIncomplete { .. } => "events_incomplete",
            Self::IteratorUnavailable { .. } => "iterator_unavailable",
            Self::ContainersUnnamed { .. } => "containers_unnamed",
            Self::Unmeasured { .. } => "unmeasured",
            Self::UnitsUnread { .. } => "units_unread",
        }
    }
}

/// One clause without a full stop, as it stands in a status line.
impl fmt::Display for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProcessesDenied { count } => {
                write!(f, "{} not permitted", number_of(*count as usize, "process", "processes"))
            }
            Self::OutsidePidNamespace => {
                f.write_str("processes outside of this PID namespace cannot be seen")
            }
            Self::ProcessesHidden => f.write_str("other users' processes are hidden (hidepid)"),
            Self::NamespacesDenied { count } => {
                let namespaces =
                    number_of(*count as usize, "network namespace", "network namespaces");
                write!(f, "{namespaces} not permitted")
            }
            Self::SockDiagUnavailable { reason } => {
                write!(f, "sock_diag not available ({reason}), read from /proc/net instead")
            }
            Self::TableUnavailable { table, reason } => {
                write!(f, "the {table} table could not be read ({reason})")
            }
            Self::Malformed { count, first } => {
                let answers = number_of(*count as usize, "malformed answer", "malformed answers");
                write!(f, "{answers} passed over (the first: {first})")
            }
            Self::Unstable { count } => {
                let tables = number_of(*count as usize, "table", "tables");
                write!(f, "{tables} changed while being read; endpoints may be missing")
            }
            Self::EventsUnavailable { reason } => {
                let short = "connections shorter than the interval show no process, or not at all";
                write!(f, "{short} ({reason})")
            }
            Self::EventsIncomplete { reason } => write!(f, "not told as it happens: {reason}"),
            Self::IteratorUnavailable { reason } => {
                write!(f, "tables and descriptors are read, not the kernel's own lists ({reason})")
            }
            Self::ContainersUnnamed { runtime, reason } => {
                write!(f, "names of {runtime} containers are not known ({reason})")
            }
            Self::Unmeasured { reason } => {
                write!(f, "some connections are not measured ({reason})")
            }
            Self::UnitsUnread { count, first } => {
                let files = number_of(*count as usize, "unit file", "unit files");
                write!(f, "{files} not read (the first: {first})")
            }
        }
    }
}

/// `1 process`, `2 processes`: a count with its noun in the right number.
pub fn number_of(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}
