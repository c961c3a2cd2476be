//! `sock_diag` conversations: dumps, single look-ups, closing.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

use crate::decode::inet_diag::{Answer, Measure, Progress, decode_answer, encode_dump};
use crate::decode::{Malformed, SocketRow, Table};

/// The kernel fills at most 32 KiB a datagram (`netlink_dump`, net/netlink/af_netlink.c).
const BUFFER: usize = 64 * 1024;

/// A `sock_diag` socket in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(super) struct SockDiag {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

/// What a conversation came to besides its rows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Outcome {
    /// Answers that the kernel marked as inconsistent.
    pub(super) interrupted: u32,
}

impl SockDiag {
    /// Opens one.
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(SOCK_DIAG),
        )?;
        Ok(Self { socket, buffer: vec![0; BUFFER] })
    }

    /// The socket itself, for calls that need any socket of this namespace.
    pub(super) fn as_fd(&self) -> &OwnedFd {
        &self.socket
    }

    /// Sends `request` and hands every datagram of the answer to `decode`, until that says the
    /// kernel has told all.
    pub(super) fn ask(
        &mut self,
        request: &[u8],
        mut decode: impl FnMut(&[u8]) -> Answer,
    ) -> io::Result<Outcome> {
        send(&self.socket, request, SendFlags::empty())?;
        let mut outcome = Outcome::default();
        loop {
            let answer = decode(self.receive()?);
            outcome.interrupted += u32::from(answer.is_interrupted);
            match answer.progress {
                Progress::More => {}
                Progress::Done => return Ok(outcome),
                Progress::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
            }
        }
    }

    /// Hands every socket of `table` to `take`.
    pub(super) fn dump(
        &mut self,
        table: Table,
        measure: Measure,
        mut take: impl FnMut(Result<SocketRow, Malformed>),
    ) -> io::Result<Outcome> {
        let request = encode_dump(table, measure);
        self.ask(&request, |datagram| decode_answer(datagram, table.transport, &mut take))
    }

    /// Sends `request` about one socket of `table` and reads the one datagram that answers it.
    pub(super) fn ask_once(
        &mut self,
        table: Table,
        request: &[u8],
    ) -> io::Result<Option<SocketRow>> {
        send(&self.socket, request, SendFlags::empty())?;
        let mut found = None;
        let take = |row: Result<SocketRow, _>| found = found.take().or(row.ok());
        match decode_answer(self.receive()?, table.transport, take).progress {
            Progress::Refused(errno) => Err(io::Error::from_raw_os_error(errno)),
            Progress::More | Progress::Done => Ok(found),
        }
    }

    /// The next datagram.
    fn receive(&mut self) -> io::Result<&[u8]> {
        let (length, _) = loop {
            match recv(&self.socket, &mut self.buffer[..], RecvFlags::empty()) {
                Err(Errno::INTR) => {}
                answer => break answer?,
            }
        };
        Ok(self.buffer.get(..length).unwrap_or_default())
    }
}
