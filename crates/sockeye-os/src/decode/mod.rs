//! The kernel's bytes become rows: pure functions, the same on every platform.
//!
//! Nothing here makes a call or knows which system it runs on. A decoder never panics, whatever it
//! is given; it needs time linear in its input; one bad row never hides the others; and input that
//! was cut short yields fewer rows, never wrong ones.
//!
//! The modules are public for the fuzz targets alone. They are no stable interface: whoever wants
//! endpoints calls [`observe`](crate::observe).

pub mod bpf;
pub mod btf;
pub mod containers;
pub mod estats;
pub mod etw;
pub mod http;
pub mod icon;
pub mod inet_diag;
pub mod iphlp;
pub mod mounts;
pub mod ntprocess;
pub mod packages;
pub mod proc_net;
pub mod process;
pub mod socket_unit;
pub mod status;
pub mod unit_file;

use std::fmt;
use std::net::SocketAddr;

use sockeye_core::address::Family;
use sockeye_core::endpoint::Metrics;
use sockeye_core::{State, Transport};

/// One socket as a kernel table reports it, whichever table it was.
///
/// Addresses are canonical (see [`sockeye_core::address::canonical`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketRow {
    /// TCP or UDP.
    pub transport: Transport,
    /// An `AF_INET6` socket, also when its addresses are mapped IPv4.
    pub is_ipv6: bool,
    /// TCP state; `None` for UDP.
    pub state: Option<State>,
    /// The local side.
    pub local: SocketAddr,
    /// The remote side; `None` when there is none.
    pub remote: Option<SocketAddr>,
    /// Inode in sockfs; 0 when the kernel keeps none for it, not yet or no longer.
    pub inode: u64,
    /// Socket cookie, where the table has it.
    pub cookie: Option<u64>,
    /// The user that created the socket, where the kernel still knows.
    pub uid: Option<u32>,
    /// Bytes not yet read; for a listener the connections not yet accepted.
    pub receive_queue: u32,
    /// Bytes not yet acknowledged; for a listener the limit of its backlog, 0 where the table has
    /// no limit (`/proc/net`).
    pub send_queue: u32,
    /// Number of the interface that the socket is bound to; 0 for none.
    pub interface: u32,
    /// The control group, by the number of its directory in cgroupfs.
    pub cgroup_id: Option<u64>,
    /// TCP's own measurements, where the table has them.
    pub metrics: Option<Box<Metrics>>,
}

impl SocketRow {
    /// The table that it stands in.
    pub fn table(&self) -> Table {
        Table { transport: self.transport, is_ipv6: self.is_ipv6 }
    }
}

/// One of the kernel's tables of sockets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Table {
    /// TCP or UDP.
    pub transport: Transport,
    /// Sockets of `AF_INET6`.
    pub is_ipv6: bool,
}

impl Table {
    /// All four, the largest on most machines first.
    pub const ALL: [Self; 4] = [
        Self { transport: Transport::Tcp, is_ipv6: false },
        Self { transport: Transport::Tcp, is_ipv6: true },
        Self { transport: Transport::Udp, is_ipv6: false },
        Self { transport: Transport::Udp, is_ipv6: true },
    ];

    /// Its name, that of its file in `/proc/net`.
    pub fn name(self) -> &'static str {
        match (self.transport, self.is_ipv6) {
            (Transport::Tcp, false) => "tcp",
            (Transport::Tcp, true) => "tcp6",
            (Transport::Udp, false) => "udp",
            (Transport::Udp, true) => "udp6",
        }
    }

    /// The family of its sockets.
    pub fn family(self) -> Family {
        if self.is_ipv6 { Family::Ipv6 } else { Family::Ipv4 }
    }

    /// The table called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

/// A part of the input that makes no sense.
///
/// Displayed as a short clause: `inode is not a number at byte 310`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// What is wrong, as a clause.
    pub what: &'static str,
    /// Where, in bytes from the start of the input.
    pub at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for Malformed {}

/// The state that Linux numbers so (`include/net/tcp_states.h`).
///
/// `TCP_NEW_SYN_RECV` is how recent kernels keep what RFC 9293 calls SYN-RECEIVED;
/// `TCP_BOUND_INACTIVE` exists only towards user space, since Linux 6.8.
pub fn state_from_linux(number: u8) -> Option<State> {
    Some(match number {
        1 => State::Established,
        2 => State::SynSent,
        3 | 12 => State::SynReceived,
        4 => State::FinWait1,
        5 => State::FinWait2,
        6 => State::TimeWait,
        7 => State::Closed,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Listen,
        11 => State::Closing,
        13 => State::Bound,
        _ => return None,
    })
}

/// A remote side as data: the kernel writes the unspecified address with port 0 for none.
fn remote_side(address: SocketAddr) -> Option<SocketAddr> {
    let is_none = address.ip().is_unspecified() && address.port() == 0;
    (!is_none).then_some(address)
}

/// The user of a socket, where the number can be believed.
///
/// Without an inode a 0 is no fact: the kernel writes it for what is left of a closed connection
/// (`get_timewait4_sock`), and for orphaned and unaccepted sockets before it kept the user in the
/// socket itself (`sock_i_uid`).
fn known_user(uid: u32, inode: u64) -> Option<u32> {
    (uid != 0 || inode != 0).then_some(uid)
}

/// The lines that the kernel finished. What follows the last newline may be cut anywhere, and half
/// a number is still a number.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    lines.filter_map(|line| line.strip_suffix(b"\n"))
}

/// The fields of `line` between white space.
pub(crate) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let fields = line.split(u8::is_ascii_whitespace);
    fields.filter(|field| !field.is_empty())
}

/// A number written in digits alone: no sign, no white space.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, &byte| {
        let digit = char::from(byte).to_digit(radix)?;
        sum.checked_mul(radix.into())?.checked_add(digit.into())
    })
}

/// A decimal number below 2³².
pub(crate) fn decimal_u32(digits: &[u8]) -> Option<u32> {
    number(digits, 10)?.try_into().ok()
}

/// Text from outside: what is not UTF-8 becomes U+FFFD.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod hostile {
    //! Input that means no good, for the tests of every decoder.

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::time::{Duration, Instant};

    /// Any bytes, and `sample` with some of its bytes changed.
    pub(super) fn variants(sample: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
        let changes = vec((any::<Index>(), any::<u8>()), 1..8);
        let changed = changes.prop_map(move |changes| {
            let mut text = sample.to_vec();
            for (index, byte) in changes {
                *index.get_mut(&mut text) = byte;
            }
            text
        });
        prop_oneof![vec(any::<u8>(), 0..512), changed]
    }

    /// Fails when `decode`, given a few megabytes, is not linear: squared, they take minutes.
    pub(super) fn assert_quick<T>(decode: impl FnOnce() -> T) {
        let start = Instant::now();
        decode();
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_linux_numbers() {
        let check = |number, state| assert_eq!(state_from_linux(number), state, "{number}");
        check(0, None);
        check(1, Some(State::Established));
        check(3, Some(State::SynReceived));
        check(6, Some(State::TimeWait));
        check(7, Some(State::Closed));
        check(10, Some(State::Listen));
        check(11, Some(State::Closing));
        check(12, Some(State::SynReceived));
        check(13, Some(State::Bound));
        check(14, None);
        check(255, None);
        let known: Vec<_> = (0..=255).filter_map(state_from_linux).collect();
        for state in State::all().filter(|&state| state != State::DeleteTcb) {
            assert!(known.contains(&state), "{state:?}");
        }
    }

    #[test]
    fn numbers_are_digits_alone() {
        let check = |text: &str, radix, expected| {
            assert_eq!(number(text.as_bytes(), radix), expected, "{text}");
        };
        check("0", 10, Some(0));
        check("18446744073709551615", 10, Some(u64::MAX));
        check("18446744073709551616", 10, None);
        check("00000007", 10, Some(7));
        check("1F90", 16, Some(8080));
        check("ffffffff", 16, Some(0xffff_ffff));
        check("040", 8, Some(32));
        check("08", 8, None);
        for wrong in ["", "+1", "-1", " 1", "1 ", "0x1", "1F"] {
            check(wrong, 10, None);
        }
        assert_eq!(decimal_u32(b"4294967295"), Some(u32::MAX));
        assert_eq!(decimal_u32(b"4294967296"), None);
    }

    #[test]
    fn malformed_is_a_short_clause() {
        let malformed = Malformed { what: "inode is not a number", at: 310 };
        assert_eq!(malformed.to_string(), "inode is not a number at byte 310");
    }
}
