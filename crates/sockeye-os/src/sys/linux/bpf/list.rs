//! The list by iterators: the sockets of every process in one pass, those of nobody in another.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::io::Errno;

use super::call;
use super::load::{Programs, Refused, program_named};
use crate::Wants;
use crate::decode::bpf::{Record, records};

/// The iterators; reading begins anew each time. That of descriptors is loaded, the others when they
/// are first needed.
pub(super) struct Lists {
    /// What is not loaded yet; whoever watches keeps none of it, for it takes a megabyte.
    programs: Option<Programs>,
    held: OwnedFd,
    tcp: OnceLock<OwnedFd>,
    udp: OnceLock<OwnedFd>,
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists").finish_non_exhaustive()
    }
}

/// The iterator that nothing goes without.
pub(super) const HELD: &str = "list_held";
const ATTACH: u32 = aya_obj::generated::bpf_attach_type::BPF_TRACE_ITER as u32;
/// Bytes that an iterator hands out at a time (`bpf_seq_read`, kernel/bpf/bpf_iter.c: eight pages).
const BUFFER: usize = 32 * 1024;

impl Lists {
    /// Loads the iterator over descriptors.
    pub(super) fn load(programs: Programs) -> Result<Self, Refused> {
        let held = programs.load(program_named(HELD))?;
        Ok(Self { programs: Some(programs), held, tcp: OnceLock::new(), udp: OnceLock::new() })
    }

    /// The same, and the others too.
    pub(super) fn load_all(self) -> Result<Self, Refused> {
        self.linked(&self.tcp, "list_tcp")?;
        self.linked(&self.udp, "list_udp")?;
        Ok(self)
    }

    /// The same with all that `wants` asks for, and nothing is loaded any more; which were refused.
    pub(super) fn load_once(mut self, wants: &Wants) -> (Self, Vec<Refused>) {
        let tcp = wants.tcp.then(|| self.linked(&self.tcp, "list_tcp").err());
        let udp = wants.udp.then(|| self.linked(&self.udp, "list_udp").err());
        let refused = [tcp, udp].into_iter().flatten().flatten().collect();
        self.programs = None;
        (self, refused)
    }

    /// The link of an iterator over tables, loaded if it is not yet.
    fn linked<'l>(&self, link: &'l OnceLock<OwnedFd>, name: &str) -> Result<&'l OwnedFd, Refused> {
        if let Some(link) = link.get() {
            return Ok(link);
        }
        let gone = || Refused::new(format!("program {name}"), io::ErrorKind::Unsupported.into());
        let program = self.programs.as_ref().ok_or_else(gone)?.load(program_named(name))?;
        let linked = call::link(program.as_fd(), None, ATTACH);
        let linked = linked.map_err(|error| Refused::new(format!("link {name}"), error))?;
        Ok(link.get_or_init(|| linked))
    }

    /// Calls `take` with every record about a socket that any process holds, processes together.
    pub(super) fn each_held(&self, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        let link = call::link(self.held.as_fd(), None, ATTACH)?;
        read_all(&link, take)
    }

    /// The same of one process alone, since Linux 6.1.
    pub(super) fn each_held_by(&self, pid: u32, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        let link = call::link_to_process(self.held.as_fd(), pid, ATTACH)?;
        read_all(&link, take)
    }

    /// Calls `take` with every TCP socket of this thread's network namespace.
    pub(super) fn each_tcp(&self, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        read_all(self.linked(&self.tcp, "list_tcp").map_err(|refused| refused.error)?, take)
    }

    /// Calls `take` with every UDP socket of this thread's network namespace.
    pub(super) fn each_udp(&self, take: impl FnMut(Record<'_>)) -> io::Result<()> {
        read_all(self.linked(&self.udp, "list_udp").map_err(|refused| refused.error)?, take)
    }
}

/// Runs an iterator to its end.
///
/// An iterator answers EAGAIN after a million things of which none was worth a record; it goes on
/// where it stopped when read again.
fn read_all(link: &OwnedFd, mut take: impl FnMut(Record<'_>)) -> io::Result<()> {
    let iteration = call::iterate(link.as_fd())?;
    let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER];
    loop {
        match rustix::io::read(&iteration, &mut buffer) {
            Ok(([], _)) => return Ok(()),
            Ok((whole, _)) => records(whole).flatten().for_each(&mut take),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
