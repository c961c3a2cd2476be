//! The kernel's multicast of sockets that it destroys, in one network namespace.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_recv_buffer_size_force};
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netdevice, recv, socket_with,
};
use sockeye_core::{NamespaceId, State, Transport};

use super::netlink::SockDiag;
use crate::decode::SocketRow;
use crate::decode::inet_diag::{Target, decode_destroyed, encode_lookup};

/// The groups `SKNLGRP_INET_TCP_DESTROY` (1), `SKNLGRP_INET_UDP_DESTROY` (2) and those of IPv6 (3, 4),
/// `linux/sock_diag.h`, as the mask that bind(2) takes.
const GROUPS: u32 = 0b1111;
/// Room for messages that wait to be read, each about 1.3 KB with what the kernel adds. Nothing is
/// set aside: it is the limit. Without CAP_NET_ADMIN it is `net.core.rmem_max`, mostly 208 KiB.
const WAITING: usize = 64 << 20;
/// A message is less than 500 bytes long.
const MESSAGE: usize = 4096;
/// So many are read before others get their turn.
const BATCH: usize = 8192;

/// The closings of one network namespace.
///
/// Joining needs no permission inside a namespace. The socket keeps the namespace from ending, so
/// it must not be kept longer than something else does.
#[derive(Debug)]
pub(super) struct Closings {
    /// Where.
    pub(super) namespace: Option<NamespaceId>,
    socket: OwnedFd,
    lookups: SockDiag,
    buffer: Vec<u8>,
    dropped: u32,
}

/// A socket that was destroyed.
#[derive(Debug)]
pub(super) struct Closing {
    /// What it was.
    pub(super) row: SocketRow,
    /// What the kernel keeps in its place, in TIME-WAIT or FIN-WAIT-2.
    pub(super) left: Option<SocketRow>,
}

impl Closings {
    /// Joins in the namespace of this thread.
    pub(super) fn join(namespace: Option<NamespaceId>) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(SOCK_DIAG))?;
        // A smaller buffer loses events sooner, and says so.
        let _ = set_socket_recv_buffer_size_force(&socket, WAITING)
            .or_else(|_| set_socket_recv_buffer_size(&socket, WAITING));
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        let lookups = SockDiag::open()?;
        Ok(Self { namespace, socket, lookups, buffer: vec![0; MESSAGE], dropped: 0 })
    }

    /// Hands what has come to `take`. Gives back how many messages were lost or made no sense.
    pub(super) fn read(&mut self, mut take: impl FnMut(Closing)) -> io::Result<u64> {
        let (mut lost, mut overruns) = (0, 0);
        for _ in 0..BATCH {
            let length = match recv(&self.socket, &mut self.buffer[..], RecvFlags::empty()) {
                Ok((length, _)) => length,
                Err(Errno::INTR) => continue,
                Err(Errno::NOBUFS) => {
                    overruns += 1;
                    continue;
                }
                Err(Errno::AGAIN) => break,
                Err(errno) => return Err(errno.into()),
            };
            let lookups = &mut self.lookups;
            decode_destroyed(self.buffer.get(..length).unwrap_or_default(), |row| match row {
                Ok(row) => take(Closing { left: look_up(lookups, &row), row }),
                Err(_) => lost += 1,
            });
        }
        Ok(lost + self.newly_dropped().unwrap_or(overruns))
    }

    /// How many messages the kernel has dropped since the last call, because too many waited.
    fn newly_dropped(&mut self) -> Option<u64> {
        let dropped = drops(self.socket.as_fd())?;
        let newly = dropped.wrapping_sub(self.dropped);
        self.dropped = dropped;
        Some(newly.into())
    }

    /// The name of an interface of this namespace.
    pub(super) fn interface_name(&self, number: u32) -> Option<String> {
        if number == 0 {
            return None;
        }
        netdevice::index_to_name(&self.socket, number).ok()
    }
}

impl AsFd for Closings {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What the kernel keeps of the connection that `row` was.
///
/// Whichever side closes a connection first waits (`tcp_time_wait`, net/ipv4/tcp_minisocks.c): the
/// socket is destroyed, and a smaller one stands in the table. It does so before the message is
/// sent, so a look-up afterwards cannot come too early. It inherits the cookie, but a cookie is
/// only given when somebody asks: where nobody had, the two get different ones.
fn look_up(lookups: &mut SockDiag, row: &SocketRow) -> Option<SocketRow> {
    let is_connection = row.transport == Transport::Tcp && row.remote.is_some();
    let target = is_connection.then(|| Target {
        table: row.table(),
        local: row.local,
        remote: row.remote,
        interface: row.interface,
        cookie: None,
    })?;
    let found = lookups.ask_once(target.table, &encode_lookup(&target)).ok().flatten();
    // Without an entry of its own the look-up finds the listener, or a new connection.
    found.filter(|left| {
        let is_left = matches!(left.state, Some(State::TimeWait | State::FinWait2));
        is_left && left.inode == 0 && left.local == row.local && left.remote == row.remote
    })
}

/// How many messages the kernel ever dropped on `socket`: `SK_MEMINFO_DROPS` of `SO_MEMINFO`
/// (`linux/sock_diag.h`, since Linux 4.12).
#[expect(unsafe_code, reason = "neither rustix nor nix knows SO_MEMINFO")]
fn drops(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut info = [0_u32; 9];
    let mut length = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `info`, which is as long, and the length
    // itself; both live through the call.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let is_whole = answer == 0 && length as usize == size_of_val(&info);
    info.last().copied().filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::{Duration, Instant};

    use rustix::net::sockopt::socket_cookie;

    use super::*;

    #[test]
    fn every_closing_is_told_or_counted_as_lost() {
        let mut closings = Closings::join(None).unwrap();
        set_socket_recv_buffer_size(&closings, 4096).unwrap();
        let made = (0..500).map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket_cookie(&socket).unwrap()
        });
        let cookies: Vec<u64> = made.collect();
        let (mut told, mut lost) = (Vec::new(), 0);
        let end = Instant::now() + Duration::from_secs(60);
        // The kernel tells from a thread of its own, which a reader may keep up with.
        while drops(closings.as_fd()).unwrap() == 0 {
            assert!(Instant::now() < end, "the kernel drops nothing");
            std::thread::yield_now();
        }
        // Other tests close sockets too, and what was lost may have been theirs.
        while told.len() + usize::try_from(lost).unwrap() < cookies.len() {
            assert!(Instant::now() < end, "{} told, {lost} lost", told.len());
            let take = |closing: Closing| told.extend(closing.row.cookie);
            lost += closings.read(take).unwrap();
            told.retain(|cookie| cookies.contains(cookie));
        }
        assert!(lost > 0, "{} told", told.len());
        assert_eq!(closings.interface_name(0), None);
        assert_eq!(closings.interface_name(1).as_deref(), Some("lo"));
    }
}
