//! The walk over `/proc/PID/fd`: which process holds which socket.
//!
//! The costly step of every tool that names owners. Several threads share the list of processes;
//! each opens a process once and reads everything relative to that handle, so that a pid taken
//! over by another process in between is never mixed up with the first.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hashbrown::HashSet;
use rustix::fs::{CWD, Mode, OFlags, RawDir, SeekFrom, openat, readlinkat_raw, seek};
use rustix::io::Errno;
use rustix::path::DecInt;

use super::facts::{describe, has_no_descriptors, read_stat};
use crate::decode::process::{decode_namespace_link, decode_socket_link};
use crate::raw::RawProcess;

/// What a walk found.
#[derive(Default, Debug)]
pub(super) struct Walk {
    /// The processes that hold the sockets looked for.
    pub(super) processes: Vec<RawProcess>,
    /// Network namespaces that a process keeps open by a descriptor: inode, and the path of it.
    pub(super) namespaces: Vec<(u32, String)>,
    /// Processes whose descriptors may not be read.
    pub(super) denied: u32,
}

impl Walk {
    fn merge(mut self, mut other: Self) -> Self {
        self.processes.append(&mut other.processes);
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
    let proc =
        openat(CWD, "/proc", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut pids = Vec::with_capacity(512);
    for_each_number(proc.as_fd(), |pid, _| {
        pids.push(pid);
        Ok(())
    })?;
    Ok(pids)
}

/// Looks for the sockets `wanted` among the descriptors of `pids`, in as many threads as the machine
/// has cores.
pub(super) fn walk(pids: &[u32], wanted: &HashSet<u64>) -> Walk {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = if pids.len() < WORTH_A_THREAD { 1 } else { cores.min(8) };
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
            batch.iter().for_each(|pid| visit(*pid, wanted, &mut found));
        }
        found
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mine = work();
        // A thread of ours has no reason to panic; if one did, its share would be missing.
        others.into_iter().filter_map(|other| other.join().ok()).fold(mine, Walk::merge)
    })
}

/// Looks at one process.
fn visit(pid: u32, wanted: &HashSet<u64>, found: &mut Walk) {
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
            found.denied += u32::from(!has_no_descriptors(&process));
            return;
        }
        Err(_) => return,
    };
    let mut sockets = read_sockets(pid, fds.as_fd(), found);
    sockets.retain(|(_, inode)| wanted.contains(inode));
    if sockets.is_empty() {
        return;
    }
    // A process that ended right after its descriptors were read has none any more.
    if let Some(stat) = read_stat(&process) {
        found.processes.push(describe(&process, stat, sockets));
    }
}

/// The socket descriptors in a process's `fd` directory.
fn read_sockets(pid: u32, fds: BorrowedFd<'_>, found: &mut Walk) -> Vec<(u32, u64)> {
    let mut sockets = Vec::new();
    let mut buffer = [MaybeUninit::<u8>::uninit(); 64];
    let mut read = |fd: u32, name: &CStr| {
        let (target, _) = readlinkat_raw(fds, name, &mut buffer)?;
        if let Some(inode) = decode_socket_link(target) {
            sockets.push((fd, inode));
        } else if let Some(namespace) = decode_namespace_link(target) {
            found.namespaces.push((namespace, format!("/proc/{pid}/fd/{fd}")));
        }
        Ok(())
    };
    let all = probe(&mut read).and_then(|first| {
        seek(fds, SeekFrom::Start(u64::from(first) + FIRST_POSITION))?;
        for_each_number(fds, |fd, name| match read(fd, name) {
            Err(Errno::NOENT) => Ok(()), // Closed since it was listed.
            other => other,
        })
    });
    // Names may be listed and not followed: a process of ours with more capabilities. Any other
    // end is that of the process; what was read stays.
    found.denied += u32::from(all == Err(Errno::ACCESS));
    sockets
}

/// Position of descriptor 0 in an `fd` directory, behind `.` and `..` (`proc_readfd_common`,
/// fs/proc/fd.c).
const FIRST_POSITION: u64 = 2;
/// After so many free numbers in a row, listing what is left is quicker than asking for each.
const GAP: u32 = 4;

/// Reads descriptors 0, 1, 2 and so on without listing them, because listing costs the kernel more
/// than reading and the lowest numbers are nearly always in use. Gives back the number from which
/// on the rest has to be listed.
fn probe(mut read: impl FnMut(u32, &CStr) -> rustix::io::Result<()>) -> rustix::io::Result<u32> {
    let mut number = 0;
    let mut free = GAP - 1; // Without a descriptor 0 there mostly is none, as in kernel threads.
    while free < GAP {
        match read(number, DecInt::new(number).as_c_str()) {
            Ok(()) => free = 0,
            Err(Errno::NOENT) => free += 1,
            Err(errno) => return Err(errno),
        }
        number += 1;
    }
    Ok(number)
}

/// Calls `take` for every entry of `directory` that is a number, with its name, until that fails.
fn for_each_number(
    directory: BorrowedFd<'_>,
    mut take: impl FnMut(u32, &CStr) -> rustix::io::Result<()>,
) -> rustix::io::Result<()> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 32 * 1024];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if let Some(number) = decimal(entry.file_name().to_bytes()) {
            take(number, entry.file_name())?;
        }
    }
    Ok(())
}

/// A number in plain decimal digits.
fn decimal(text: &[u8]) -> Option<u32> {
    let digits = text.iter().map(|byte| char::from(*byte).to_digit(10));
    let sum = |number: u32, digit: Option<u32>| number.checked_mul(10)?.checked_add(digit?);
    if text.is_empty() { None } else { digits.into_iter().try_fold(0, sum) }
}

/// A handle on `/proc/PID` that stays with this process even when the pid is used again.
pub(super) fn open_process(pid: u32) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, format!("/proc/{pid}"), flags, Mode::empty())
}
