//! The bare work under every answer: what no tool of this tier can do without.

use std::ffi::CStr;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Dir, Mode, OFlags, openat, readlinkat};
use rustix::net::AddressFamily;

use crate::netlink;

/// Which work.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    work: Work,
}

/// The two halves of "which process holds which socket".
#[derive(Clone, Copy, clap::ValueEnum)]
enum Work {
    /// Dump all TCP sockets by `sock_diag`.
    Dump,
    /// Read the link of every descriptor of every process, in one thread.
    Walk,
}

/// Does the work and prints how much there was, so that it cannot be left out.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let count = match arguments.work {
        Work::Dump => {
            netlink::count_tcp(AddressFamily::INET)? + netlink::count_tcp(AddressFamily::INET6)?
        }
        Work::Walk => walk()?,
    };
    println!("{count}");
    Ok(())
}

/// Reads every descriptor's link; processes and descriptors that go meanwhile do not count.
fn walk() -> rustix::io::Result<usize> {
    let processes = open(CWD, c"/proc")?;
    let mut count = 0;
    for entry in Dir::read_from(&processes)? {
        let entry = entry?;
        if !entry.file_name().to_bytes().first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let process = open(&processes, entry.file_name());
        let descriptors = process.and_then(|process| open(process, c"fd"));
        count += descriptors.and_then(|fd| read_links(&fd)).unwrap_or(0);
    }
    Ok(count)
}

fn open(directory: impl AsFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    openat(directory, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Reads the link of each descriptor in one directory and counts them.
fn read_links(directory: &OwnedFd) -> rustix::io::Result<usize> {
    let mut count = 0;
    let mut buffer = Vec::with_capacity(256);
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        // `.` and `..` are no links and fail.
        if let Ok(link) = readlinkat(directory, entry.file_name(), buffer) {
            count += 1;
            buffer = link.into_bytes();
        } else {
            buffer = Vec::with_capacity(256);
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_descriptors_are_walked() {
        let file = std::fs::File::open("/proc/self/status").unwrap();
        let own = open(CWD, c"/proc/self/fd").unwrap();
        assert!(read_links(&own).unwrap() >= 2);
        assert!(walk().unwrap() >= 2);
        drop(file);
    }
}
