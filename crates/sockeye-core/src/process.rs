//! Who owns an endpoint: a process, and what is known of it.

use alloc::boxed::Box;
use core::fmt;

use crate::time::Timestamp;

/// A process for as long as it lives: pids are used again, pid and start time together are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProcessId {
    /// Process id as this host's operating system counts.
    pub pid: u32,
    /// Start in the platform's own steady count: clock ticks since boot on Linux
    /// (`/proc/PID/stat` field 22, proc_pid_stat(5)), 100 ns since 1601 on Windows. 0 when unknown.
    pub start: u64,
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pid)
    }
}

/// Why a fact about a process is not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Absent {
    /// Reading it was not permitted.
    Denied,
    /// The process ended before it was read.
    Vanished,
    /// There is none: a kernel thread has no image, a zombie no command line.
    Nonexistent,
}

/// A fact about a process, or why it is not known.
pub type Fact<T> = Result<T, Absent>;

/// What is known of a process that holds an endpoint.
///
/// Every text here came from outside and may hold anything; invalid UTF-8 has been replaced by
/// U+FFFD. Escape before printing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// Its identity.
    pub id: ProcessId,
    /// The process that started it.
    pub parent: Option<u32>,
    /// The image's file name; the kernel's short name (15 bytes) where the path is not known.
    pub name: Box<str>,
    /// Full path of the image, without the kernel's ` (deleted)`.
    pub path: Fact<Box<str>>,
    /// The image's file has been deleted or replaced since the start.
    pub is_deleted: bool,
    /// The command line as one text: arguments joined by spaces, quoted where they need it.
    pub command_line: Fact<Box<str>>,
    /// The user it runs as (effective), by number.
    pub user_id: Option<u32>,
    /// When it started.
    pub created: Option<Timestamp>,
    /// Its control group, as a path below the cgroup2 root (Linux).
    pub cgroup: Option<Box<str>>,
}
