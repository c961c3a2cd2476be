//! The list by iterators: the sockets of every process in one pass, those of nobody in another.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;

use super::call;
use super::load::{Programs, Refused, program_named};
use crate::decode::bpf::{Record, records};

/// The three iterators; reading begins anew each time.
#[derive(Debug)]
pub(super) struct Lists {
    program: OwnedFd,
    tcp: OwnedFd,
    udp: OwnedFd,
}

const ATTACH: u32 = aya_obj::generated::bpf_attach_type::BPF_TRACE_ITER as u32;
/// Bytes that an iterator hands out at a time (`bpf_seq_read`, kernel/bpf/bpf_iter.c: eight pages).
const BUFFER: usize = 32 * 1024;

impl Lists {
    /// Loads the iterators.
    pub(super) fn load(programs: &Programs) -> Result<Self, Refused> {
        let link = |name| {
            let program = programs.load(program_named(name))?;
            call::link(program.as_fd(), None, ATTACH)
                .map_err(|error| Refused::new(format!("link {name}"), error))
        };
        let program = programs.load(program_named("list_held"))?;
        Ok(Self { program, tcp: link("list_tcp")?, udp: link("list_udp")? })
    }

    /// Calls `take` with every record about a socket that any process holds, processes together.
    pub(super) fn each_held(&self, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        let link = call::link(self.program.as_fd(), None, ATTACH)?;
        read_all(&link, take)
    }

    /// The same of one process alone, since Linux 6.1.
    pub(super) fn each_held_by(&self, pid: u32, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        let link = call::link_to_process(self.program.as_fd(), pid, ATTACH)?;
        read_all(&link, take)
    }

    /// Calls `take` with every TCP socket of this thread's network namespace.
    pub(super) fn each_tcp(&self, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        read_all(&self.tcp, take)
    }

    /// Calls `take` with every UDP socket of this thread's network namespace.
    pub(super) fn each_udp(&self, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        read_all(&self.udp, take)
    }
}

/// Runs an iterator to its end.
///
/// An iterator answers EAGAIN after a million things of which none was worth a record; it goes on
/// where it stopped when read again.
fn read_all(link: &OwnedFd, mut take: impl FnMut(Record<'_>)) -> io::Result<()> {
    let iteration = call::iterate(link.as_fd())?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match rustix::io::read(&iteration, &mut buffer[..]) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                let whole = records(buffer.get(..length).unwrap_or_default());
                whole.flatten().for_each(&mut take);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
