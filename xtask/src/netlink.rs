//! The little netlink that automation needs, by hand: a second opinion shares no code with Sockeye.

use anyhow::{bail, ensure};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};

/// linux/netlink.h: message types and flags.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP: u16 = 0x300;
/// linux/netlink.h: bytes of `struct nlmsghdr`; messages are aligned to 4.
const HEADER: usize = 16;

/// A netlink socket and the answers to one request.
pub(crate) struct Netlink {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Netlink {
    /// Opens a socket of this protocol in the network namespace of the calling thread.
    fn open(protocol: Option<Protocol>) -> anyhow::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )?;
        // The kernel fills at most 32 KiB unless a reader has shown a larger buffer.
        Ok(Self { socket, buffer: vec![0; 256 * 1024] })
    }

    /// Sends one message to the kernel.
    fn send(&self, kind: u16, flags: u16, body: &[u8]) -> anyhow::Result<()> {
        let length = u32::try_from(HEADER + body.len())?;
        let mut message = Vec::with_capacity(HEADER + body.len());
        message.extend(length.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        // Sequence and port: one request at a time, and the kernel fills in the port.
        message.extend([0; 8]);
        message.extend(body);
        let kernel = SocketAddrNetlink::new(0, 0);
        rustix::net::sendto(&self.socket, &message, SendFlags::empty(), &kernel)?;
        Ok(())
    }

    /// Receives until the answer is complete; gives the number of messages in it.
    fn receive(&mut self) -> anyhow::Result<usize> {
        let mut count = 0;
        loop {
            let buffer = self.buffer.as_mut_slice();
            let (received, _) = rustix::net::recv(&self.socket, buffer, RecvFlags::empty())?;
            let mut rest = self.buffer.get(..received).unwrap_or_default();
            while !rest.is_empty() {
                let Some((kind, body, after)) = message(rest) else {
                    bail!("the kernel sent a malformed netlink message");
                };
                match kind {
                    NLMSG_DONE => return Ok(count),
                    NLMSG_ERROR => return acknowledged(body).map(|()| count),
                    _ => count += 1,
                }
                rest = after;
            }
        }
    }
}

/// Splits the first message off: its type, its body and what follows.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
    let body = bytes.get(HEADER..length)?;
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, body, after))
}

/// Reads `struct nlmsgerr`: 0 is success.
fn acknowledged(body: &[u8]) -> anyhow::Result<()> {
    let code = body.first_chunk().map_or(i32::MIN, |c| i32::from_ne_bytes(*c));
    ensure!(code == 0, Errno::from_raw_os_error(-code));
    Ok(())
}

/// Turns the loopback interface of this network namespace on.
///
/// # Errors
///
/// Without CAP_NET_ADMIN in the namespace.
pub(crate) fn raise_loopback() -> anyhow::Result<()> {
    /// linux/rtnetlink.h and linux/if.h; loopback is the first interface of every namespace.
    /// Protocol 0, which is what a socket without one gets.
    const NETLINK_ROUTE: Option<Protocol> = None;
    const RTM_NEWLINK: u16 = 16;
    const IFF_UP: u32 = 1;
    const LOOPBACK: i32 = 1;
    let mut netlink = Netlink::open(NETLINK_ROUTE)?;
    // struct ifinfomsg: family, pad, type, index, flags, change.
    let mut body = vec![0; 4];
    body.extend(LOOPBACK.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    netlink.send(RTM_NEWLINK, NLM_F_ACK, &body)?;
    netlink.receive().map(drop)
}

/// Dumps the TCP sockets of one family and counts them.
///
/// # Errors
///
/// When the kernel has no `sock_diag`.
pub(crate) fn count_tcp(family: AddressFamily) -> anyhow::Result<usize> {
    /// linux/sock_diag.h; `struct inet_diag_req_v2` of linux/inet_diag.h has 56 bytes.
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const IPPROTO_TCP: u8 = 6;
    let mut netlink = Netlink::open(Some(netlink::SOCK_DIAG))?;
    // Family, protocol, extensions, pad, every state, no socket in particular.
    let family = u8::try_from(family.as_raw())?;
    let mut body = vec![family, IPPROTO_TCP, 0, 0, 0xff, 0xff, 0xff, 0xff];
    body.resize(56, 0);
    netlink.send(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &body)?;
    netlink.receive()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_is_counted() {
        let before = count_tcp(AddressFamily::INET).unwrap();
        let listeners: Vec<TcpListener> =
            (0..50).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        // Other programs come and go meanwhile, but hardly by the dozen.
        assert!(count_tcp(AddressFamily::INET).unwrap() >= before + listeners.len() / 2);
    }

    #[test]
    fn messages_that_are_cut_are_refused() {
        let mut whole = Vec::new();
        whole.extend(20_u32.to_ne_bytes());
        whole.extend(NLMSG_DONE.to_ne_bytes());
        whole.resize(20, 7);
        assert_eq!(message(&whole), Some((NLMSG_DONE, &[7; 4][..], &[][..])));
        for length in 0..20 {
            assert_eq!(message(&whole[..length]), None, "{length}");
        }
    }
}
