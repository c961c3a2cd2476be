//! The walk over `/proc/PID/fd`: which process holds which socket.
//!
//! The costly step of every tool that names owners. Several threads share the list of processes;
//! each opens a process once and reads everything relative to that handle, so that a pid taken
//! over by another process in between is never mixed up with the first.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hashbrown::HashSet;
use rustix::fs::{CWD, Mode, OFlags, RawDir, SeekFrom, openat, readlinkat_raw, seek};
use rustix::io::Errno;
use rustix::path::DecInt;

use super::facts::{describe, has_no_descriptors, has_other_threads, read_stat};
use crate::beside::{share, threads};
use crate::decode::decimal_u32;
use crate::decode::process::{decode_namespace_link, decode_socket_link};
use crate::raw::{RawProcess, Unreadable};

/// What a walk found.
#[derive(Default, Debug)]
pub(super) struct Walk {
    /// The processes that hold the sockets looked for.
    pub(super) processes: Vec<RawProcess>,
    /// Network namespaces that a process keeps open by a descriptor: inode, and the path of it.
    pub(super) namespaces: Vec<(u32, String)>,
    /// Processes whose descriptors may not be read.
    pub(super) denied: u32,
    /// Why some processes could not be looked at, permission apart: too many open files, say.
    pub(super) failed: Option<Errno>,
}

impl Walk {
    fn merge(mut self, mut other: Self) -> Self {
        self.processes.append(&mut other.processes);
        self.namespaces.append(&mut other.namespaces);
        self.denied += other.denied;
        self.failed = self.failed.or(other.failed);
        self
    }
}

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
    let threads = if pids.len() < WORTH_A_THREAD { 1 } else { threads() };
    let found = share(("walk", threads), pids, Walk::default, |found, pid| {
        visit(pid, wanted, found);
    });
    found.into_iter().reduce(Walk::merge).unwrap_or_default()
}

/// Looks at one process, and notes it if that was not possible.
fn visit(pid: u32, wanted: &HashSet<u64>, found: &mut Walk) {
    match look(pid, wanted, found) {
        Ok(()) | Err(Errno::NOENT | Errno::SRCH) => {} // Looked at, or ended.
        Err(Errno::ACCESS | Errno::PERM) => found.denied += 1,
        Err(errno) => found.failed = Some(errno),
    }
}

/// Looks for the sockets `wanted` among the descriptors of one process.
fn look(pid: u32, wanted: &HashSet<u64>, found: &mut Walk) -> rustix::io::Result<()> {
    let process = open_process(pid)?;
    let mut descriptors = Descriptors::default();
    let mut read = descriptors.read(&process, "fd");
    if descriptors.is_empty() && has_other_threads(&process) {
        read = descriptors.read_of_thread(&process);
    }
    let path = |(id, fd): &(u32, u32)| (*id, format!("/proc/{pid}/fd/{fd}"));
    found.namespaces.extend(descriptors.namespaces.iter().map(path));
    descriptors.sockets.retain(|(_, inode)| wanted.contains(inode));
    if !descriptors.sockets.is_empty() {
        // A process that ended right after its descriptors were read has none any more.
        let stat = read_stat(&process).ok_or(Errno::SRCH)?;
        found.processes.push(describe(&process, stat, descriptors.sockets));
    }
    if read == Err(Errno::ACCESS) && has_no_descriptors(&process) { Ok(()) } else { read }
}

/// Whether the descriptors of a process may be read, as a walk reads them.
pub(super) fn may_read_descriptors(process: &OwnedFd) -> Result<(), Unreadable> {
    match Descriptors::default().read(process, "fd") {
        Ok(()) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM) if has_no_descriptors(process) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM) => Err(Unreadable::Denied),
        Err(_) => Err(Unreadable::Vanished),
    }
}

/// The descriptors of a process that Sockeye cares for.
#[derive(Default)]
struct Descriptors {
    /// Descriptor number and socket inode.
    sockets: Vec<(u32, u64)>,
    /// Namespace inode and descriptor number.
    namespaces: Vec<(u32, u32)>,
    /// How many there are of all kinds.
    count: u32,
}

impl Descriptors {
    /// Whether none at all was seen.
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Reads the directory `path` of descriptors below `process`. What was read before an error
    /// stays: names may be listed and not followed (one of our own processes with more
    /// capabilities), or the process may end meanwhile.
    fn read(&mut self, process: &OwnedFd, path: &str) -> rustix::io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fds = openat(process, path, flags, Mode::empty())?;
        let mut buffer = [MaybeUninit::<u8>::uninit(); 64];
        let mut read = |fd: u32, name: &CStr| {
            let target: &[u8] = match readlinkat_raw(fds.as_fd(), name, &mut buffer) {
                Ok((target, _)) => target,
                Err(Errno::NAMETOOLONG) => b"", // A file with a path of over 4,095 bytes.
                Err(errno) => return Err(errno),
            };
            self.count += 1;
            if let Some(inode) = decode_socket_link(target) {
                self.sockets.push((fd, inode));
            } else if let Some(namespace) = decode_namespace_link(target) {
                self.namespaces.push((namespace, fd));
            }
            Ok(())
        };
        let first_listed = probe(&mut read)?;
        seek(&fds, SeekFrom::Start(u64::from(first_listed) + FIRST_POSITION))?;
        for_each_number(fds.as_fd(), |fd, name| match read(fd, name) {
            Err(Errno::NOENT) => Ok(()), // Closed since it was listed.
            other => other,
        })
    }

    /// Reads the descriptors through a thread, for a process whose first thread has ended: that
    /// one has none any more, while the others live on with all of them.
    fn read_of_thread(&mut self, process: &OwnedFd) -> rustix::io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let threads = openat(process, "task", flags, Mode::empty())?;
        let mut numbers = Vec::new();
        for_each_number(threads.as_fd(), |thread, _| {
            numbers.push(thread);
            Ok(())
        })?;
        for thread in numbers {
            self.read(process, &format!("task/{thread}/fd"))?;
            if !self.is_empty() {
                break;
            }
        }
        Ok(())
    }
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
        if let Some(number) = decimal_u32(entry.file_name().to_bytes()) {
            take(number, entry.file_name())?;
        }
    }
    Ok(())
}

/// A handle on `/proc/PID` that stays with this process even when the pid is used again.
pub(super) fn open_process(pid: u32) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, format!("/proc/{pid}"), flags, Mode::empty())
}
