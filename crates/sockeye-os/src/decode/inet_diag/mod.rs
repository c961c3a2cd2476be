//! `sock_diag` netlink: the requests for TCP and UDP sockets, and the kernel's answers.
//!
//! Layouts are those of `linux/netlink.h`, `linux/sock_diag.h`, `linux/inet_diag.h` and
//! `linux/tcp.h` (uapi). Integers are in the byte order of the machine, ports and addresses in
//! network order.

mod destroy;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sockeye_core::address::canonical;
use sockeye_core::endpoint::Metrics;
use sockeye_core::{State, Transport};

use super::{Malformed, SocketRow, Table, known_user, remote_side, state_from_linux};
pub use destroy::decode_destroyed;

/// `SOCK_DIAG_BY_FAMILY`, `linux/sock_diag.h`.
pub(crate) const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `TCPDIAG_GETSOCK`, `linux/inet_diag.h`.
pub(crate) const TCPDIAG_GETSOCK: u16 = 18;
/// `sizeof(struct inet_diag_req)`, the request that belongs to it.
const OLD_REQUEST: usize = 60;
/// `INET_DIAG_REQ_BYTECODE`, `linux/inet_diag.h`.
const REQ_BYTECODE: u16 = 1;
/// `INET_DIAG_BC_JMP`, `_S_GE`, `_S_LE`, `_D_GE` and `_D_LE`.
const JUMP: u8 = 1;
const LOCAL_PORT_AT_LEAST: u8 = 2;
const LOCAL_PORT_AT_MOST: u8 = 3;
const REMOTE_PORT_AT_LEAST: u8 = 4;
const REMOTE_PORT_AT_MOST: u8 = 5;
/// `SOCK_DESTROY`, `linux/sock_diag.h`.
const SOCK_DESTROY: u16 = 21;
/// `NLMSG_ERROR`, `linux/netlink.h`.
const NLMSG_ERROR: u16 = 2;
/// `NLMSG_DONE`, `linux/netlink.h`.
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 0x01;
/// `NLM_F_ACK`.
const ACK: u16 = 0x04;
/// `NLM_F_DUMP_INTR`: the table changed under the dump.
const DUMP_INTERRUPTED: u16 = 0x10;
/// `NLM_F_DUMP`: `NLM_F_ROOT | NLM_F_MATCH`.
const DUMP: u16 = 0x300;
/// `sizeof(struct nlmsghdr)`.
pub(crate) const HEADER: usize = 16;
/// `sizeof(struct inet_diag_msg)`.
pub(crate) const MESSAGE: usize = 72;
/// `INET_DIAG_INFO`: `struct tcp_info`.
pub(crate) const ATTR_INFO: u16 = 2;
/// `INET_DIAG_CGROUP_ID`: u64, since Linux 5.7.
pub(crate) const ATTR_CGROUP_ID: u16 = 21;
/// `AF_UNSPEC`, `AF_INET` and `AF_INET6`, `linux/socket.h`.
const AF_UNSPEC: u8 = 0;
pub(crate) const AF_INET: u8 = 2;
pub(crate) const AF_INET6: u8 = 10;
/// `IPPROTO_TCP` and `IPPROTO_UDP`, `linux/in.h`.
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
/// `INET_DIAG_NOCOOKIE`: any socket with these addresses.
const NO_COOKIE: u64 = u64::MAX;

/// Asks for every socket of `table`, with TCP's measurements if `measure` says so.
pub fn encode_dump(table: Table, measure: Measure) -> Vec<u8> {
    let ext = extensions(measure);
    encode(Ask { kind: SOCK_DIAG_BY_FAMILY, flags: REQUEST | DUMP, ext }, table, &[0; 48])
}

/// Which TCP sockets a dump of both families brings: so that two threads can share the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Every one.
    Whole,
    /// Those whose two ports are both at most this.
    UpTo(u16),
    /// Those with a port above this.
    Above(u16),
    /// Those that are neither established nor only bound: mostly few.
    Unsettled,
}

/// The states of [`Part::Unsettled`], by Linux's numbers: SYN_SENT to TIME_WAIT, CLOSE_WAIT,
/// LAST_ACK, LISTEN, CLOSING and NEW_SYN_RECV.
const UNSETTLED: u32 = 0b1_1111_0111_1100;

/// Asks for the TCP sockets of both families at once.
///
/// The kernel goes through all its TCP sockets for every dump, and `SOCK_DIAG_BY_FAMILY` takes only
/// one family. The older `TCPDIAG_GETSOCK` takes both (`inet_diag_dump_compat`,
/// net/ipv4/inet_diag.c, sets AF_UNSPEC): half the work. Answers look the same.
pub fn encode_tcp_dump(measure: Measure, part: Part) -> Vec<u8> {
    let filter = encode_part(part);
    let length = (HEADER + OLD_REQUEST + filter.len()) as u32;
    let mut out = Vec::with_capacity(length as usize);
    out.extend(length.to_ne_bytes());
    out.extend(TCPDIAG_GETSOCK.to_ne_bytes());
    out.extend((REQUEST | DUMP).to_ne_bytes());
    out.extend([0; 8]); // sequence, port id
    out.extend([AF_UNSPEC, 0, 0, extensions(measure)]);
    out.extend([0; 48]); // any addresses
    let states = if part == Part::Unsettled { UNSETTLED } else { u32::MAX };
    out.extend(states.to_ne_bytes());
    out.extend([0; 4]); // idiag_dbs
    out.extend(filter);
    out
}

/// `idiag_ext`: the attributes that are to come.
fn extensions(measure: Measure) -> u8 {
    match measure {
        Measure::Nothing => 0,
        Measure::TcpInfo => 1 << (ATTR_INFO - 1),
    }
}

/// `INET_DIAG_REQ_BYTECODE`: a program of `struct inet_diag_bc_op { u8 code; u8 yes; u16 no; }` that
/// the kernel runs for each socket. `yes` and `no` are jumps in bytes; a program that ends exactly
/// at its end takes the socket, one that jumps four bytes further refuses it.
fn encode_part(part: Part) -> Vec<u8> {
    let operation = |code: u8, yes: u8, no: u16| {
        let [low, high] = no.to_ne_bytes();
        [code, yes, low, high]
    };
    // A comparison is followed by an operation that only holds the port.
    let port = |port: u16| operation(0, 0, port);
    let program: Vec<[u8; 4]> = match part {
        Part::Whole | Part::Unsettled => return Vec::new(),
        Part::UpTo(last) => vec![
            operation(LOCAL_PORT_AT_MOST, 8, 20),
            port(last),
            operation(REMOTE_PORT_AT_MOST, 8, 12),
            port(last),
        ],
        Part::Above(last) => vec![
            operation(LOCAL_PORT_AT_LEAST, 8, 12),
            port(last.saturating_add(1)),
            operation(JUMP, 4, 12), // taken: to the end
            operation(REMOTE_PORT_AT_LEAST, 8, 12),
            port(last.saturating_add(1)),
        ],
    };
    let mut attribute = Vec::new();
    attribute.extend(((4 + 4 * program.len()) as u16).to_ne_bytes());
    attribute.extend(REQ_BYTECODE.to_ne_bytes());
    attribute.extend(program.as_flattened());
    attribute
}

/// What the kernel is to measure of each socket besides its addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// Nothing more.
    Nothing,
    /// `struct tcp_info`.
    TcpInfo,
}

/// One socket, so that the kernel finds exactly this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// The table that holds it.
    pub table: Table,
    /// Local side.
    pub local: SocketAddr,
    /// Remote side.
    pub remote: Option<SocketAddr>,
    /// Interface it is bound to, 0 for none.
    pub interface: u32,
    /// The kernel's number for it.
    pub cookie: Option<u64>,
}

/// Asks for one socket.
///
/// For UDP the kernel takes the two sides the other way round (`udp_dump_one`, net/ipv4/udp_diag.c,
/// which looks up who would receive from "source"); for closing it does not.
pub fn encode_lookup(target: &Target) -> Vec<u8> {
    let ask = Ask { kind: SOCK_DIAG_BY_FAMILY, flags: REQUEST, ext: 0 };
    let mut id = encode_id(target);
    if target.table.transport == Transport::Udp {
        let (ports, rest) = id.split_at_mut(4);
        ports.rotate_left(2);
        rest.get_mut(..32).into_iter().for_each(|addresses| addresses.rotate_left(16));
    }
    encode(ask, target.table, &id)
}

/// Asks the kernel to close one socket and to say whether it did.
pub fn encode_destroy(target: &Target) -> Vec<u8> {
    let ask = Ask { kind: SOCK_DESTROY, flags: REQUEST | ACK, ext: 0 };
    encode(ask, target.table, &encode_id(target))
}

/// What is asked: message type, flags, and which attributes are to come (`idiag_ext`).
#[derive(Clone, Copy)]
struct Ask {
    kind: u16,
    flags: u16,
    ext: u8,
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`, all states.
fn encode(ask: Ask, table: Table, id: &[u8; 48]) -> Vec<u8> {
    let protocol = match table.transport {
        Transport::Tcp => IPPROTO_TCP,
        Transport::Udp => IPPROTO_UDP,
    };
    let family = if table.is_ipv6 { AF_INET6 } else { AF_INET };
    let length = (HEADER + 8 + id.len()) as u32;
    let mut out = Vec::with_capacity(length as usize);
    out.extend(length.to_ne_bytes());
    out.extend(ask.kind.to_ne_bytes());
    out.extend(ask.flags.to_ne_bytes());
    out.extend([0; 8]); // sequence, port id
    out.extend([family, protocol, ask.ext, 0]);
    out.extend(u32::MAX.to_ne_bytes()); // every state, BOUND_INACTIVE (Linux 6.8) among them
    out.extend(id);
    out
}

/// `struct inet_diag_sockid`.
fn encode_id(target: &Target) -> [u8; 48] {
    let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let remote = target.remote.unwrap_or(nowhere);
    let cookie = target.cookie.unwrap_or(NO_COOKIE);
    let is_ipv6 = target.table.is_ipv6;
    let mut out = Vec::with_capacity(48);
    out.extend(target.local.port().to_be_bytes());
    out.extend(remote.port().to_be_bytes());
    out.extend(encode_ip(target.local.ip(), is_ipv6));
    out.extend(encode_ip(remote.ip(), is_ipv6));
    out.extend(target.interface.to_ne_bytes());
    out.extend((cookie as u32).to_ne_bytes());
    out.extend(((cookie >> 32) as u32).to_ne_bytes());
    let mut id = [0; 48];
    id.copy_from_slice(&out);
    id
}

/// An address in 16 bytes: as the socket knows it, that is mapped when IPv6 carries IPv4.
fn encode_ip(ip: IpAddr, is_ipv6: bool) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) if is_ipv6 && !ip.is_unspecified() => ip.to_ipv6_mapped().octets(),
        IpAddr::V4(ip) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&ip.octets());
            octets
        }
    }
}

/// Where an answer leaves the conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// More is to come.
    More,
    /// The dump is complete, or the request was carried out.
    Done,
    /// The kernel refused, with this errno.
    Refused(i32),
}

/// What one datagram held besides rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Where the conversation stands.
    pub progress: Progress,
    /// The table changed under the dump (`NLM_F_DUMP_INTR`).
    pub is_interrupted: bool,
}

/// Decodes one datagram of an answer about `transport`, handing each row to `take`.
///
/// A malformed message is handed over as such and the next one is read; a length that cannot be
/// believed ends the datagram.
pub fn decode_answer(
    datagram: &[u8],
    transport: Transport,
    mut take: impl FnMut(Result<SocketRow, Malformed>),
) -> Answer {
    let mut answer = Answer { progress: Progress::More, is_interrupted: false };
    let mut rest = datagram;
    while !rest.is_empty() {
        let offset = datagram.len() - rest.len();
        let Some((message, after)) = split_message(rest) else {
            take(Err(Malformed { what: "netlink message with an impossible length", at: offset }));
            break;
        };
        rest = after;
        answer.is_interrupted |= message.flags & DUMP_INTERRUPTED != 0;
        match message.kind {
            NLMSG_DONE => answer.progress = Progress::Done,
            NLMSG_ERROR => answer.progress = decode_error(message.payload),
            SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => {
                match decode_socket(message.payload, transport) {
                    Some(row) if is_torn_down(&row) => {}
                    Some(row) => take(Ok(row)),
                    None => take(Err(Malformed {
                        what: "inet_diag message cut short or of an unknown kind",
                        at: offset,
                    })),
                }
            }
            _ => {}
        }
    }
    answer
}

/// One netlink message.
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) payload: &'a [u8],
}

/// The first message of `bytes` and what follows it.
pub(crate) fn split_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let payload = bytes.get(HEADER..length)?;
    let message = Message { kind: u16_at(bytes, 4)?, flags: u16_at(bytes, 6)?, payload };
    // NLMSG_ALIGN; the last message of a datagram may come without its padding.
    let next = length.next_multiple_of(4).min(bytes.len());
    Some((message, bytes.get(next..)?))
}

/// `struct nlmsgerr`: a negative errno, 0 for an acknowledgement.
fn decode_error(payload: &[u8]) -> Progress {
    match u32_at(payload, 0).map(|code| (code as i32).wrapping_neg()) {
        Some(0) => Progress::Done,
        Some(errno) => Progress::Refused(errno),
        // EBADMSG: an error whose number is missing.
        None => Progress::Refused(74),
    }
}

/// `struct inet_diag_msg` and its attributes.
fn decode_socket(payload: &[u8], transport: Transport) -> Option<SocketRow> {
    let message = payload.get(..MESSAGE)?;
    let is_ipv6 = match *message.first()? {
        AF_INET => false,
        AF_INET6 => true,
        _ => return None,
    };
    let linux_state = *message.get(1)?;
    let interface = u32_at(message, 40)?;
    let local = decode_side(message, Side { port: 4, ip: 8, is_ipv6, interface })?;
    let remote = remote_side(decode_side(message, Side { port: 6, ip: 24, is_ipv6, interface })?);
    let state = match transport {
        Transport::Tcp => Some(bound_or(state_from_linux(linux_state)?, &local, remote)),
        Transport::Udp => None,
    };
    let inode = u64::from(u32_at(message, 68)?);
    let mut row = SocketRow {
        transport,
        is_ipv6,
        state,
        local,
        remote,
        inode,
        cookie: Some(u64::from(u32_at(message, 44)?) | u64::from(u32_at(message, 48)?) << 32),
        uid: known_user(u32_at(message, 64)?, inode),
        receive_queue: u32_at(message, 56)?,
        send_queue: u32_at(message, 60)?,
        interface,
        cgroup_id: None,
        metrics: None,
    };
    decode_attributes(payload.get(MESSAGE..)?, &mut row);
    Some(row)
}

/// A socket that is bound and nothing more is asked for as `TCP_BOUND_INACTIVE` (Linux 6.8) but
/// reported as `TCP_CLOSE`.
pub(super) fn bound_or(state: State, local: &SocketAddr, remote: Option<SocketAddr>) -> State {
    let is_bound = state == State::Closed && local.port() != 0 && remote.is_none();
    if is_bound { State::Bound } else { state }
}

/// A TCP socket that the kernel is just taking apart: closed, its port already given back. It may
/// be met in the table for an instant, and is no endpoint any more.
fn is_torn_down(row: &SocketRow) -> bool {
    row.state == Some(State::Closed) && row.local.port() == 0
}

/// Where one side of a socket stands in `struct inet_diag_msg`.
#[derive(Clone, Copy)]
struct Side {
    port: usize,
    ip: usize,
    is_ipv6: bool,
    interface: u32,
}

/// One side of a socket.
fn decode_side(message: &[u8], side: Side) -> Option<SocketAddr> {
    let octets: [u8; 16] = message.get(side.ip..)?.first_chunk().copied()?;
    let ip: IpAddr = if side.is_ipv6 {
        Ipv6Addr::from(octets).into()
    } else {
        Ipv4Addr::from(*octets.first_chunk()?).into()
    };
    let port = u16::from_be_bytes(message.get(side.port..)?.first_chunk().copied()?);
    Some(canonical(ip, port, side.interface))
}

/// The attributes Sockeye knows go into `row`.
fn decode_attributes(bytes: &[u8], row: &mut SocketRow) {
    for (kind, value) in attributes(bytes) {
        match kind {
            ATTR_CGROUP_ID => row.cgroup_id = u64_at(value, 0),
            // A socket without a remote has nothing to measure: its zeros are no facts.
            ATTR_INFO if row.transport == Transport::Tcp && row.remote.is_some() => {
                row.metrics = row.state.map(|state| Box::new(decode_tcp_info(value, state)));
            }
            _ => {}
        }
    }
}

/// `struct nlattr`s, kind and value; a broken one ends the list.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (u16_at(rest, 0)?, u16_at(rest, 2)?);
        let value = rest.get(4..usize::from(length))?;
        let next = usize::from(length).next_multiple_of(4);
        rest = rest.get(next..).unwrap_or_default();
        Some((kind, value))
    })
}

/// `struct tcp_info`, `linux/tcp.h`; older kernels send fewer fields.
fn decode_tcp_info(info: &[u8], state: State) -> Metrics {
    Metrics {
        rtt_us: u32_at(info, 68).filter(|rtt| *rtt != 0), // tcpi_rtt: 0 until one was measured
        retransmits: u32_at(info, 100),                   // tcpi_total_retrans
        sent_bytes: sent_bytes(info),
        received_bytes: u64_at(info, 128).map(|bytes| bytes.saturating_sub(fin_received(state))),
        sent_packets: u32_at(info, 136),     // tcpi_segs_out
        received_packets: u32_at(info, 140), // tcpi_segs_in
        ..Metrics::default()
    }
}

/// Payload bytes sent: `tcpi_bytes_sent` less `tcpi_bytes_retrans`, both since Linux 4.19; before
/// that the acknowledged ones, `tcpi_bytes_acked`, which counts the SYN too.
fn sent_bytes(info: &[u8]) -> Option<u64> {
    let since_4_19 = u64_at(info, 200).zip(u64_at(info, 208));
    let bytes = since_4_19.map(|(sent, again)| sent.saturating_sub(again));
    bytes.or_else(|| u64_at(info, 120).map(|acked| acked.saturating_sub(1)))
}

/// `tcpi_bytes_received` (offset 128) counts the other side's FIN as a byte once it has arrived.
fn fin_received(state: State) -> u64 {
    let is_counted =
        matches!(state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
    u64::from(is_counted)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
