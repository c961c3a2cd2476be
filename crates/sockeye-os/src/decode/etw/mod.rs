//! What the Windows kernel tells a tracing session (ETW) of connections and processes, as records.
//!
//! These are the classic events of the kernel, which have no numbers: a class, told by the GUID in a
//! record's header, and an opcode say what the payload is. Their layouts are those of the MOF classes
//! that Microsoft documents: `TcpIp_TypeGroup1`, `TcpIp_TypeGroup2`, `TcpIp_SendIPV4` and their kin for
//! IPv6, `UdpIp_TypeGroup1`, `Process_TypeGroup1`. All of the network's begin alike. Numbers are
//! little-endian, as every Windows is; addresses and ports are in network order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sockeye_core::address::canonical;
use sockeye_core::{Timestamp, Transport};

use super::ntprocess::utf16;
use super::{Malformed, remote_side};

#[cfg(test)]
mod tests;

/// The GUIDs of the classes that are decoded, as documented with them (`TcpIp`, `UdpIp`, `Process`).
const CLASSES: [(u128, Class); 3] = [
    (0x9a28_0ac0_c8e0_11d1_84e2_00c0_4fb9_98a2, Class::Network(Transport::Tcp)),
    (0xbf3a_50c5_a9c9_4988_a005_2df0_b7c8_0f80, Class::Network(Transport::Udp)),
    (0x3d6f_a8d0_fe05_11d0_9dda_00c0_4fd7_ba7c, Class::Process),
];

/// What a record is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Connections and datagrams.
    Network(Transport),
    /// Processes.
    Process,
}

impl Class {
    /// The class with this GUID, whose first field is in the highest bits.
    pub fn of(guid: u128) -> Option<Self> {
        CLASSES.iter().find(|class| class.0 == guid).map(|class| class.1)
    }
}

/// What a record's header tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What it is about.
    pub class: Class,
    /// What happened, by the numbers of the class.
    pub opcode: u8,
    /// Which layout the payload has.
    pub version: u8,
    /// Pointers have eight bytes, not four.
    pub is_64_bit: bool,
}

/// One thing that the kernel told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// Of a connection, or of datagrams.
    Flow(Flow),
    /// Of a process that started, or was there when the session began.
    Process(Started),
}

/// What happened to a connection, or to a socket of UDP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flow {
    /// What.
    pub act: Act,
    /// TCP or UDP.
    pub transport: Transport,
    /// The socket is of IPv6, as far as the kernel tells: IPv4 over such a socket is told as IPv4.
    pub is_ipv6: bool,
    /// Whose socket it is.
    pub pid: u32,
    /// Payload bytes, of what was sent or received.
    pub bytes: u32,
    /// The side that is called the source: this host's, but of UDP that was received.
    pub source: SocketAddr,
    /// The other side.
    pub destination: SocketAddr,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Data was sent.
    Sent,
    /// Data was received.
    Received,
    /// This host has connected.
    Connected,
    /// A connection has ended.
    Disconnected,
    /// Data was sent again.
    Retransmitted,
    /// A connection of a remote was accepted.
    Accepted,
}

/// A process that started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Started {
    /// Its process id.
    pub pid: u32,
    /// Who started it.
    pub parent: u32,
    /// The security identifier (SID) of the user that it runs as, where it is told.
    pub user: Option<Vec<u8>>,
    /// The image's file name.
    pub name: String,
    /// Its command line; empty where there is none.
    pub command_line: String,
}

/// The layout of network events since Windows Vista; those before had other fields.
const NETWORK_VERSION: u8 = 2;
/// Events of IPv6 have the numbers of those of IPv4 and this (`TcpIp`, `UdpIp`).
const IPV6: u8 = 16;

/// Reads what a record tells; `None` of what is not wanted here.
///
/// # Errors
///
/// What makes no sense.
pub fn decode_record(header: Header, payload: &[u8]) -> Result<Option<Record>, Malformed> {
    match header.class {
        Class::Network(transport) => {
            let (opcode, is_ipv6) = match header.opcode.checked_sub(IPV6) {
                Some(opcode) if opcode >= 10 => (opcode, true),
                _ => (header.opcode, false),
            };
            let Some(act) = act(transport, opcode) else { return Ok(None) };
            if header.version < NETWORK_VERSION {
                return Err(Malformed { what: "event is of before Windows Vista", at: 0 });
            }
            let short = Malformed { what: "event is cut short", at: payload.len() };
            decode_flow((act, transport, is_ipv6), payload).map(Record::Flow).ok_or(short).map(Some)
        }
        // Start, and what was there when the session began.
        Class::Process if matches!(header.opcode, 1 | 3) => {
            let short = Malformed { what: "process is cut short", at: payload.len() };
            decode_started(header, payload).map(Record::Process).ok_or(short).map(Some)
        }
        Class::Process => Ok(None),
    }
}

/// What the number of an event says (EVENT_TRACE_TYPE_SEND and its kin in evntrace.h).
fn act(transport: Transport, opcode: u8) -> Option<Act> {
    Some(match (transport, opcode) {
        (_, 10) => Act::Sent,
        (_, 11) => Act::Received,
        (Transport::Tcp, 12) => Act::Connected,
        (Transport::Tcp, 13) => Act::Disconnected,
        (Transport::Tcp, 14) => Act::Retransmitted,
        (Transport::Tcp, 15) => Act::Accepted,
        _ => return None,
    })
}

/// PID, size, daddr, saddr, dport, sport: what follows differs, and is not read.
fn decode_flow((act, transport, is_ipv6): (Act, Transport, bool), bytes: &[u8]) -> Option<Flow> {
    let mut fields = Fields { rest: bytes };
    let (pid, size) = (fields.number()?, fields.number()?);
    let (to, from) = (fields.address(is_ipv6)?, fields.address(is_ipv6)?);
    let (to_port, from_port) = (fields.port()?, fields.port()?);
    let side = |ip, port| canonical(ip, port, 0);
    let (source, destination) = (side(from, from_port), side(to, to_port));
    Some(Flow { act, transport, is_ipv6, pid, bytes: size, source, destination })
}

impl Flow {
    /// Both sides of a connection: local and remote.
    pub fn sides(&self) -> (SocketAddr, SocketAddr) {
        (self.source, self.destination)
    }

    /// Whether it has two sides that a socket may have.
    pub fn is_placed(&self) -> bool {
        self.source.port() != 0 && remote_side(self.destination).is_some()
    }
}

/// UniqueProcessKey, ProcessId, ParentId, SessionId, ExitStatus; since version 3 DirectoryTableBase, since
/// 4 Flags; UserSID, ImageFileName, CommandLine; what follows in newer ones is not read.
fn decode_started(header: Header, bytes: &[u8]) -> Option<Started> {
    let pointer = if header.is_64_bit { 8 } else { 4 };
    let mut fields = Fields { rest: bytes };
    fields.skip(pointer)?;
    let (pid, parent) = (fields.number()?, fields.number()?);
    fields.skip(8)?;
    fields.skip(if header.version >= 3 { pointer } else { 0 })?;
    fields.skip(if header.version >= 4 { 4 } else { 0 })?;
    let user = fields.user(pointer)?;
    let name = String::from_utf8_lossy(fields.until_zero()).into_owned();
    let command_line = fields.wide_until_zero();
    Some(Started { pid, parent, user, name, command_line })
}

/// What is left of a payload.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(drop)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn port(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn address(&mut self, is_ipv6: bool) -> Option<IpAddr> {
        if is_ipv6 {
            let bytes: [u8; 16] = *self.take(16)?.first_chunk()?;
            return Some(Ipv6Addr::from(bytes).into());
        }
        let bytes: [u8; 4] = *self.take(4)?.first_chunk()?;
        Some(Ipv4Addr::from(bytes).into())
    }

    /// A security identifier behind a TOKEN_USER, which is as long as two pointers; four zero bytes
    /// where there is none ("Retrieving Event Data Using MOF"). An identifier has eight bytes, the
    /// second of which counts the numbers of four bytes that follow.
    fn user(&mut self, pointer: usize) -> Option<Option<Vec<u8>>> {
        if self.rest.first_chunk() == Some(&[0_u8; 4]) {
            self.skip(4)?;
            return Some(None);
        }
        self.skip(2 * pointer)?;
        let numbers = usize::from(*self.rest.get(1)?);
        self.take(8 + 4 * numbers).map(|sid| Some(sid.to_vec()))
    }

    /// Bytes up to a zero, which goes too, or to the end.
    fn until_zero(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| *byte == 0).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        text
    }

    /// UTF-16 up to a zero, or to the end.
    fn wide_until_zero(&mut self) -> String {
        let units = self.rest.chunks_exact(2);
        let length = 2 * units.take_while(|unit| *unit != [0, 0]).count();
        utf16(self.take(length).unwrap_or_default())
    }
}

/// What a count of ticks is on the clock of this machine: both read at one moment. Read again now and
/// then, for clocks are set, and none runs like another.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The count then (`QueryPerformanceCounter`), as records have it.
    pub ticks: i64,
    /// The clock then.
    pub wall: Timestamp,
    /// Ticks in a second.
    pub frequency: i64,
}

impl Clock {
    /// When the count was `ticks`.
    pub fn instant(self, ticks: i64) -> Timestamp {
        let passed = i128::from(ticks) - i128::from(self.ticks);
        let passed = passed * 1_000_000_000 / i128::from(self.frequency.max(1));
        let instant = i128::from(self.wall.unix_ns()) + passed;
        let nearest = if passed < 0 { i64::MIN } else { i64::MAX };
        Timestamp::from_unix_ns(i64::try_from(instant).unwrap_or(nearest))
    }

    /// Whether `ticks` are more than a tenth of a second later.
    pub fn is_stale(self, ticks: i64) -> bool {
        ticks.saturating_sub(self.ticks) > self.frequency / 10
    }
}
