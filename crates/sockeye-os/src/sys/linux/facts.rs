//! What `/proc/PID` says of the processes that hold endpoints.

use std::os::fd::AsFd;
use std::thread;

use super::walk::{Holder, open_process, read_file, read_link, read_stat};
use crate::raw::{RawProcess, Text, Unreadable};

/// A command line is cut here: the kernel allows megabytes, nobody reads them.
const COMMAND_LINE_LIMIT: usize = 256 * 1024;
/// Other texts are a page at most; deep control group paths are longer.
const TEXT_LIMIT: usize = 64 * 1024;
/// Below this many processes a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;

/// Reads the texts of all `holders`, in as many threads as the machine has cores.
pub(super) fn describe(holders: Vec<Holder>) -> Vec<RawProcess> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = if holders.len() < WORTH_A_THREAD {
        1
    } else {
        cores.min(8)
    };
    let share = holders.len().div_ceil(threads).max(1);
    let mut shares = Vec::new();
    let mut holders = holders.into_iter().peekable();
    while holders.peek().is_some() {
        shares.push(holders.by_ref().take(share).collect::<Vec<_>>());
    }
    let describe_share =
        |share: Vec<Holder>| share.into_iter().map(describe_one).collect::<Vec<_>>();
    thread::scope(|scope| {
        let mine = shares.pop().unwrap_or_default();
        let others: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || describe_share(share)))
            .collect();
        let mut described = describe_share(mine);
        // A thread of ours has no reason to panic; if one did, its share would be missing.
        described.extend(
            others
                .into_iter()
                .filter_map(|other| other.join().ok())
                .flatten(),
        );
        described
    })
}

/// Reads the texts of one process, all through one handle.
fn describe_one(holder: Holder) -> RawProcess {
    let mut described = RawProcess {
        pid: holder.stat.pid,
        start: holder.stat.start_ticks,
        name: holder.stat.name,
        parent: holder.stat.parent,
        status: Err(Unreadable::Vanished),
        command_line: Err(Unreadable::Vanished),
        image: Err(Unreadable::Vanished),
        cgroup: Err(Unreadable::Vanished),
        sockets: holder.sockets,
    };
    let Ok(process) = open_process(described.pid) else {
        return described;
    };
    let same = |stat: &crate::decode::process::Stat| stat.start_ticks == described.start;
    if !read_stat(&process).is_some_and(|stat| same(&stat)) {
        return described;
    }
    described.status = read_file(process.as_fd(), "status", TEXT_LIMIT);
    described.command_line = read_file(process.as_fd(), "cmdline", COMMAND_LINE_LIMIT);
    described.image = read_link(process.as_fd(), "exe");
    described.cgroup = read_file(process.as_fd(), "cgroup", TEXT_LIMIT);
    if described.image == Err(Unreadable::Nonexistent) && read_stat(&process).is_none() {
        described.image = Err(Unreadable::Vanished);
    }
    described
}

/// A text of Sockeye's own process or of the machine, by its path below `/proc`.
pub(super) fn read_proc(path: &str) -> Text {
    let read = std::fs::read(format!("/proc/{path}"));
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => Unreadable::Denied,
        std::io::ErrorKind::NotFound => Unreadable::Nonexistent,
        _ => Unreadable::Vanished,
    })
}
