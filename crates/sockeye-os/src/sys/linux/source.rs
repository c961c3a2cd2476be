//! Which source an observation is made with: the one asked for by name, else the one that costs least.

use std::io;

use sockeye_core::snapshot::Source;

use super::facts::read_proc;
use super::support::{LOAD_PROGRAMS, SEE_PROCESSES, held};
use super::{bpf, observe};
use crate::decode::{decimal_u32, fields};
use crate::error::plain;
use crate::raw::{Keep, Raw};
use crate::{Error, Kind, SourceChoice, Wants};

/// Gathers the machine's raw answers with the source that `wants` asks for.
pub(super) fn gather(wants: &Wants) -> Result<Raw, Error> {
    match wants.source {
        SourceChoice::Ebpf => bpf::gather(wants),
        SourceChoice::Auto if is_worth_programs() || sees_more_by_programs() => {
            bpf::gather(wants).or_else(|_| observe::gather(wants, Keep::Rows))
        }
        SourceChoice::Auto | SourceChoice::Netlink | SourceChoice::Proc => {
            observe::gather(wants, Keep::Rows)
        }
        SourceChoice::Etw | SourceChoice::Iphlpapi => Err(of_windows()),
    }
}

/// A source was asked for that is of another system.
pub(super) fn of_windows() -> Error {
    let reason = "only Windows has that: leave --source out, or choose ebpf, netlink or proc";
    Error::new(Kind::Unsupported, "observe by the source that was asked for", "", reason)
}

/// With so many open files on the machine, following each descriptor costs more than loading programs
/// into the kernel: 2 µs each against 1 µs and 20 ms (docs/benchmarks.md).
const WORTH_PROGRAMS: u64 = 16_384;

/// Whether loading programs costs less than it saves, by the kernel's count of open files
/// (`/proc/sys/fs/file-nr`, proc_sys_fs(5)).
fn is_worth_programs() -> bool {
    let text = read_proc("sys/fs/file-nr").unwrap_or_default();
    let first = fields(&text).next().and_then(decimal_u32);
    first.is_some_and(|files| u64::from(files) >= WORTH_PROGRAMS)
}

/// Whether programs may look at processes that following descriptors may not.
fn sees_more_by_programs() -> bool {
    let held = held();
    held.contains(LOAD_PROGRAMS) && !held.contains(SEE_PROCESSES)
}

/// Refuses what reading tables cannot do: a dump holds the tables' answers.
pub(super) fn check(choice: SourceChoice) -> Result<(), Error> {
    match choice {
        SourceChoice::Ebpf => {
            let reason = "a dump holds answers of sock_diag or /proc: choose one of these";
            Err(Error::new(Kind::Unsupported, "dump what eBPF tells", "", reason))
        }
        SourceChoice::Etw | SourceChoice::Iphlpapi => Err(of_windows()),
        SourceChoice::Auto | SourceChoice::Netlink | SourceChoice::Proc => Ok(()),
    }
}

/// What tables are read with as long as nothing else had to be taken.
pub(super) fn expected(choice: SourceChoice) -> Source {
    match choice {
        SourceChoice::Proc => Source::Procfs,
        _ => Source::SockDiag,
    }
}

/// `sock_diag` was asked for by name, and the kernel answered with `error`.
pub(super) fn no_sock_diag(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Unsupported,
    };
    Error::new(kind, "observe by sock_diag", "", plain(error))
}
