//! TCPVCon's own two layouts, byte for byte, for what was written to read them.
//!
//! Sources: the text and CSV that users of TCPVCon 4.17 published, and Microsoft's page on it. One
//! thing is ours: the port behind each address, as version 2 printed it and as users ask for
//! (microsoft/sysinternals issues 769 and 770).

use std::io::{self, Write};
use std::net::SocketAddr;

use sockeye_core::address::Family;
use sockeye_core::{Row, State, Transport};

use super::Sheet;
use super::cell::put_number;
use super::escape;
use super::stream::{BLOCK, stream};

/// What stands where UDP has no state and no remote.
const NONE: &str = "*";

/// The owner that Windows names for connections whose process has gone, with PID 0.
const NO_PROCESS: &str = "[System Process]";

/// Prints a block of five lines for each endpoint.
pub(super) fn print_text(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    each_row(sheet, out, |buf, row| {
        buf.push(b'[');
        buf.extend_from_slice(protocol(row).as_bytes());
        buf.extend_from_slice(b"] ");
        // The published paste shows a name here, Russinovich's article of 2004 says that TCPVCon
        // "always prints the full path": the path is what tells two programs of one name apart.
        escape::text(buf, path(row));
        buf.extend_from_slice(b"\n        PID:    ");
        put_number(buf, pid(row));
        buf.extend_from_slice(b"\n        State:  ");
        buf.extend_from_slice(state(row).as_bytes());
        buf.extend_from_slice(b"\n        Local:  ");
        put_socket(buf, row, Some(row.endpoint.local));
        buf.extend_from_slice(b"\n        Remote: ");
        put_socket(buf, row, remote(row));
        buf.push(b'\n');
    })
}

/// Prints one line of six fields for each endpoint, without a header.
pub(super) fn print_csv(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    each_row(sheet, out, |buf, row| {
        buf.extend_from_slice(protocol(row).as_bytes());
        buf.push(b',');
        put_field(buf, |buf| escape::text(buf, name(row)));
        buf.push(b',');
        put_number(buf, pid(row));
        buf.push(b',');
        buf.extend_from_slice(state(row).as_bytes());
        buf.push(b',');
        put_field(buf, |buf| put_socket(buf, row, Some(row.endpoint.local)));
        buf.push(b',');
        put_field(buf, |buf| put_socket(buf, row, remote(row)));
        buf.push(b'\n');
    })
}

/// Prints what `put` appends for each row.
fn each_row(
    sheet: &Sheet<'_>,
    out: &mut dyn Write,
    put: impl Fn(&mut Vec<u8>, &Row<'_>) + Sync,
) -> io::Result<()> {
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| rows.iter().for_each(|row| put(buf, row));
    stream(sheet.rows, BLOCK, render, out)
}

/// Appends a field of text from outside, quoted where it needs quotes; a name that a spreadsheet
/// would take for a formula gets an apostrophe in front.
fn put_field(buf: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = buf.len();
    put(buf);
    let field = buf.get(start..).and_then(|field| std::str::from_utf8(field).ok());
    if field.is_some_and(escape::is_formula) {
        buf.insert(start, b'\'');
    }
    escape::quote_csv(buf, start);
}

/// `TCP`, `TCPV6`, `UDP`, `UDPV6`.
fn protocol(row: &Row<'_>) -> &'static str {
    match (row.endpoint.transport, row.endpoint.family()) {
        (Transport::Tcp, Family::Ipv4) => "TCP",
        (Transport::Tcp, Family::Ipv6) => "TCPV6",
        (Transport::Udp, Family::Ipv4) => "UDP",
        (Transport::Udp, Family::Ipv6) => "UDPV6",
    }
}

fn name<'a>(row: &Row<'a>) -> &'a str {
    row.process.map_or(NO_PROCESS, |process| &process.name)
}

fn path<'a>(row: &Row<'a>) -> &'a str {
    let path = row.process.and_then(|process| process.path.as_deref().ok());
    path.unwrap_or_else(|| name(row))
}

fn pid(row: &Row<'_>) -> u64 {
    row.owner.map_or(0, |owner| owner.process.pid.into())
}

/// Windows' words: `MIB_TCP_STATE_*` of tcpmib.h without the prefix, as TCPVCon spells them.
fn state(row: &Row<'_>) -> &'static str {
    let Some(state) = row.endpoint.state else {
        return NONE;
    };
    match state {
        State::Listen => "LISTENING",
        State::SynSent => "SYN_SENT",
        State::SynReceived => "SYN_RCVD",
        State::Established => "ESTABLISHED",
        State::FinWait1 => "FIN_WAIT1",
        State::FinWait2 => "FIN_WAIT2",
        State::CloseWait => "CLOSE_WAIT",
        State::Closing => "CLOSING",
        State::LastAck => "LAST_ACK",
        State::TimeWait => "TIME_WAIT",
        State::Closed => "CLOSED",
        State::Bound => "BOUND",
        State::DeleteTcb => "DELETE_TCB",
    }
}

/// The remote; all zeros for a TCP endpoint without one, as Windows reports it.
fn remote(row: &Row<'_>) -> Option<SocketAddr> {
    let endpoint = row.endpoint;
    let zeros = || match endpoint.family() {
        Family::Ipv4 => SocketAddr::from(([0, 0, 0, 0], 0)),
        Family::Ipv6 => SocketAddr::from(([0_u16; 8], 0)),
    };
    let is_tcp = endpoint.transport == Transport::Tcp;
    endpoint.remote.or_else(|| is_tcp.then(zeros))
}

/// Appends `addr:port`, IPv6 in brackets and with all its zeros; a host name instead of the
/// address where it was asked for and is known.
fn put_socket(buf: &mut Vec<u8>, row: &Row<'_>, address: Option<SocketAddr>) {
    let Some(address) = address else {
        return buf.extend_from_slice(NONE.as_bytes());
    };
    if let Some(name) = row.snapshot.answers.hostnames.get(&address.ip()) {
        escape::text(buf, name);
    } else {
        put_address(buf, row, &address);
    }
    buf.push(b':');
    put_number(buf, address.port().into());
}

fn put_address(buf: &mut Vec<u8>, row: &Row<'_>, address: &SocketAddr) {
    let SocketAddr::V6(v6) = address else {
        // Writing to a Vec cannot fail.
        let _ = write!(buf, "{}", address.ip());
        return;
    };
    let groups = v6.ip().segments().map(|group| format!("{group:x}"));
    buf.push(b'[');
    buf.extend(groups.join(":").bytes());
    match (v6.scope_id(), row.endpoint.interface.as_deref()) {
        (0, _) => {}
        (_, Some(interface)) => {
            buf.push(b'%');
            escape::text(buf, interface);
        }
        (scope, None) => {
            buf.push(b'%');
            put_number(buf, scope.into());
        }
    }
    buf.push(b']');
}
