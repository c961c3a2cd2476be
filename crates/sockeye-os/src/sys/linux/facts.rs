//! What `/proc/PID` says of the processes that hold endpoints.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use crate::decode::process::{Stat, decode_stat};
use crate::raw::{RawProcess, Text, Unreadable};

/// A command line is cut here: the kernel allows megabytes, nobody reads them.
const COMMAND_LINE_LIMIT: usize = 256 * 1024;
/// Other texts are a page at most; deep control group paths are longer.
const TEXT_LIMIT: usize = 64 * 1024;

/// What `/proc/PID` says of the process behind the handle `process`, which holds `sockets`.
pub(super) fn describe(process: &OwnedFd, stat: Stat, sockets: Vec<(u32, u64)>) -> RawProcess {
    let mut image = read_link(process.as_fd(), "exe");
    // There is no link for a kernel thread, and none any more for a process that has ended.
    if image == Err(Unreadable::Nonexistent) && read_stat(process).is_none() {
        image = Err(Unreadable::Vanished);
    }
    RawProcess {
        pid: stat.pid,
        start: stat.start_ticks,
        name: stat.name,
        parent: stat.parent,
        status: read_file(process.as_fd(), "status", TEXT_LIMIT),
        command_line: read_file(process.as_fd(), "cmdline", COMMAND_LINE_LIMIT),
        image,
        cgroup: read_file(process.as_fd(), "cgroup", TEXT_LIMIT),
        sockets,
    }
}

/// The process's `stat`, decoded.
pub(super) fn read_stat(process: &OwnedFd) -> Option<Stat> {
    let text = read_file(process.as_fd(), "stat", TEXT_LIMIT).ok()?;
    decode_stat(&text).ok()
}

/// Threads of the kernel have no descriptors, and processes that have ended have none any more; of
/// both the kernel may say that looking is not permitted.
pub(super) fn has_no_descriptors(process: &OwnedFd) -> bool {
    read_stat(process).is_none_or(|stat| stat.is_kernel_thread || has_ended(process, &stat))
}

/// Whether the process behind the handle, whose `stat` this is, only waits to be reaped. A process
/// whose first thread has ended while others run looks the same, but has more than one.
pub(super) fn has_ended(process: &OwnedFd, stat: &Stat) -> bool {
    matches!(stat.state, b'Z' | b'X' | b'x') && !has_other_threads(process)
}

/// Whether the process has more than one thread: its `task` directory has two links, and one for
/// each (`proc_task_getattr`, fs/proc/base.c).
pub(super) fn has_other_threads(process: &OwnedFd) -> bool {
    let status = rustix::fs::statat(process, "task", rustix::fs::AtFlags::empty());
    status.is_ok_and(|status| status.st_nlink > 3)
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

/// Reads `/proc/PID/name`, at most `limit` bytes.
pub(super) fn read_file(
    process: BorrowedFd<'_>,
    name: &str,
    limit: usize,
) -> Result<Vec<u8>, Unreadable> {
    let file = openat(process, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
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
