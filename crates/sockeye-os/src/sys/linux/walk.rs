//! The walk over `/proc/PID/fd`: which process holds which socket.
//!
//! The costly step of every tool that names owners. Several threads share the list of processes;
//! each opens a process once and reads everything relative to that handle, so that a pid taken
//! over by another process in between is never mixed up with the first.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::io::Errno;

use crate::decode::process::{Stat, decode_namespace_link, decode_socket_link, decode_stat};
use crate::raw::Unreadable;

/// What a walk found.
#[derive(Default, Debug)]
pub(super) struct Walk {
    /// The processes that hold sockets.
    pub(super) holders: Vec<Holder>,
    /// Network namespaces that a process keeps open by a descriptor: inode, and the path of it.
    pub(super) namespaces: Vec<(u32, String)>,
    /// Processes whose descriptors may not be read.
    pub(super) denied: u32,
}

/// A process that holds sockets.
#[derive(Debug)]
pub(super) struct Holder {
    /// Its `/proc/PID/stat`.
    pub(super) stat: Stat,
    /// Descriptor number and socket inode.
    pub(super) sockets: Vec<(u32, u64)>,
}

impl Walk {
    fn merge(mut self, mut other: Self) -> Self {
        self.holders.append(&mut other.holders);
        self.namespaces.append(&mut other.namespaces);
        self.denied += other.denied;
        self
    }
}

/// How many processes a thread takes at a time: few enough that both finish together.
const BATCH: usize = 8;
/// Below this many processes a second thread costs more than it saves.
pub(super) const WORTH_A_THREAD: usize = 256;

/// The pids in `/proc`.
pub(super) fn read_pids() -> rustix::io::Result<Vec<u32>> {
    let proc = openat(
        CWD,
        "/proc",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut pids = Vec::with_capacity(512);
    for_each_number(proc.as_fd(), |pid, _| pids.push(pid))?;
    Ok(pids)
}

/// Walks the descriptors of `pids`, in as many threads as the machine has cores.
pub(super) fn walk(pids: &[u32]) -> Walk {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = if pids.len() < WORTH_A_THREAD {
        1
    } else {
        cores.min(8)
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Walk::default();
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(batch) = pids.get(start..pids.len().min(start + BATCH)) else {
                break;
            };
            if batch.is_empty() {
                break;
            }
            batch.iter().for_each(|pid| visit(*pid, &mut found));
        }
        found
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mine = work();
        // A thread of ours has no reason to panic; if one did, its share would be missing.
        others
            .into_iter()
            .filter_map(|other| other.join().ok())
            .fold(mine, Walk::merge)
    })
}

/// Looks at one process.
fn visit(pid: u32, found: &mut Walk) {
    let Ok(process) = open_process(pid) else {
        return;
    };
    let fds = match openat(
        &process,
        "fd",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    ) {
        Ok(fds) => fds,
        Err(Errno::ACCESS | Errno::PERM) => {
            found.denied += u32::from(!is_kernel_thread(&process));
            return;
        }
        Err(_) => return,
    };
    let sockets = read_sockets(pid, fds.as_fd(), found);
    if sockets.is_empty() {
        return;
    }
    // A process that ended right after its descriptors were read has none any more.
    if let Some(stat) = read_stat(&process) {
        found.holders.push(Holder { stat, sockets });
    }
}

/// The socket descriptors in a process's `fd` directory.
fn read_sockets(pid: u32, fds: BorrowedFd<'_>, found: &mut Walk) -> Vec<(u32, u64)> {
    let mut sockets = Vec::new();
    let mut is_denied = false;
    let mut buffer = [MaybeUninit::<u8>::uninit(); 64];
    // A directory that ends early belongs to a process that ended: what was read stays.
    let _ended = for_each_number(fds, |fd, name| {
        let target = match readlinkat_raw(fds, name, &mut buffer) {
            Ok((target, _)) => target,
            // The names may be listed and not followed: a process of ours with more capabilities.
            Err(errno) => return is_denied |= errno == Errno::ACCESS,
        };
        if let Some(inode) = decode_socket_link(target) {
            sockets.push((fd, inode));
        } else if let Some(namespace) = decode_namespace_link(target) {
            found
                .namespaces
                .push((namespace, format!("/proc/{pid}/fd/{fd}")));
        }
    });
    found.denied += u32::from(is_denied);
    sockets
}

/// Calls `take` for every entry of `directory` that is a number, with its name.
fn for_each_number(
    directory: BorrowedFd<'_>,
    mut take: impl FnMut(u32, &std::ffi::CStr),
) -> rustix::io::Result<()> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 32 * 1024];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if let Some(number) = decimal(entry.file_name().to_bytes()) {
            take(number, entry.file_name());
        }
    }
    Ok(())
}

/// A number in plain decimal digits.
fn decimal(text: &[u8]) -> Option<u32> {
    let digits = text.iter().map(|byte| char::from(*byte).to_digit(10));
    let sum = |number: u32, digit: Option<u32>| number.checked_mul(10)?.checked_add(digit?);
    if text.is_empty() {
        None
    } else {
        digits.into_iter().try_fold(0, sum)
    }
}

/// A handle on `/proc/PID` that stays with this process even when the pid is used again.
pub(super) fn open_process(pid: u32) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, format!("/proc/{pid}"), flags, Mode::empty())
}

/// The process's `stat`, decoded.
pub(super) fn read_stat(process: &OwnedFd) -> Option<Stat> {
    let text = read_file(process.as_fd(), "stat", 4096).ok()?;
    decode_stat(&text).ok()
}

/// Threads of the kernel are children of kthreadd, which always is pid 2.
fn is_kernel_thread(process: &OwnedFd) -> bool {
    read_stat(process).is_some_and(|stat| stat.pid == 2 || stat.parent == 2)
}

/// Reads `/proc/PID/name`, at most `limit` bytes.
pub(super) fn read_file(
    process: BorrowedFd<'_>,
    name: &str,
    limit: usize,
) -> Result<Vec<u8>, Unreadable> {
    let file = openat(
        process,
        name,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(unreadable)?;
    let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
    let mut text = Vec::new();
    loop {
        match rustix::io::read(&file, &mut buffer) {
            Ok(([], _)) => break,
            Ok((read, _)) => text.extend_from_slice(read),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(unreadable(errno)),
        }
        if text.len() >= limit {
            text.truncate(limit);
            break;
        }
    }
    Ok(text)
}

/// Where `/proc/PID/name` points.
pub(super) fn read_link(process: BorrowedFd<'_>, name: &str) -> Result<Vec<u8>, Unreadable> {
    rustix::fs::readlinkat(process, name, Vec::new())
        .map(std::ffi::CString::into_bytes)
        .map_err(unreadable)
}

/// Why a read of `/proc` failed, in the terms of [`Unreadable`].
fn unreadable(errno: Errno) -> Unreadable {
    match errno {
        Errno::ACCESS | Errno::PERM => Unreadable::Denied,
        Errno::NOENT => Unreadable::Nonexistent,
        _ => Unreadable::Vanished,
    }
}
