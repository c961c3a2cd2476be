//! What Windows counts of single TCP connections (EStats): read where it is counted, and switched on and
//! off for a watch that measures.

#![expect(unsafe_code, reason = "connections are counted by calls alone")]

use std::ffi::CStr;
use std::fmt;
use std::mem::{offset_of, size_of};
use std::net::IpAddr;
use std::ptr;

use sockeye_core::Timestamp;
use sockeye_core::endpoint::Metrics;
use windows_sys::Win32::Foundation::NO_ERROR;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    MIB_TCP6ROW, MIB_TCPROW_LH, MIB_TCPROW_LH_0, TCP_ESTATS_DATA_ROD_v0, TCP_ESTATS_DATA_RW_v0,
    TCP_ESTATS_PATH_ROD_v0, TCP_ESTATS_PATH_RW_v0, TCP_ESTATS_TYPE, TcpConnectionEstatsData,
    TcpConnectionEstatsPath,
};
use windows_sys::Win32::Networking::WinSock::{IN6_ADDR, IN6_ADDR_0};

use super::library::find_safe;
use crate::decode::estats::{
    BYTES_RETRANS, DATA, DATA_BYTES_IN, DATA_BYTES_OUT, PATH, PKTS_RETRANS, SEGS_IN, SEGS_OUT,
    SMOOTHED_RTT, decode_counts,
};
use crate::decode::iphlp::{ESTABLISHED, Row};
use crate::win32::counters::{Counters, Counting, Stack};
use crate::win32::refusal::NOT_SUPPORTED;

/// What the decoder believes is what the SDK says.
const _: () = {
    use TCP_ESTATS_DATA_ROD_v0 as Data;
    use TCP_ESTATS_PATH_ROD_v0 as Path;
    assert!(size_of::<Data>() == DATA && size_of::<Path>() == PATH);
    assert!(size_of::<TCP_ESTATS_DATA_RW_v0>() == 1 && size_of::<TCP_ESTATS_PATH_RW_v0>() == 1);
    assert!(offset_of!(Data, DataBytesOut) == DATA_BYTES_OUT);
    assert!(offset_of!(Data, DataBytesIn) == DATA_BYTES_IN);
    assert!(offset_of!(Data, SegsOut) == SEGS_OUT && offset_of!(Data, SegsIn) == SEGS_IN);
    assert!(offset_of!(Path, PktsRetrans) == PKTS_RETRANS);
    assert!(offset_of!(Path, BytesRetrans) == BYTES_RETRANS);
    assert!(offset_of!(Path, SmoothedRtt) == SMOOTHED_RTT);
};

/// `GetPerTcpConnectionEStats` and `GetPerTcp6ConnectionEStats`: the row, which counters, whether they
/// are on with version and size, what never changes, what was counted.
type Get<R> = unsafe extern "system" fn(
    *const R,
    TCP_ESTATS_TYPE,
    *mut u8,
    u32,
    u32,
    *mut u8,
    u32,
    u32,
    *mut u8,
    u32,
    u32,
) -> u32;
/// `SetPerTcpConnectionEStats` and its sibling: the row, which counters, on or off with version, size
/// and place.
type Set<R> = unsafe extern "system" fn(*const R, TCP_ESTATS_TYPE, *const u8, u32, u32, u32) -> u32;

/// The exports, in the order of [`Exports`].
const NAMES: [&CStr; 4] = [
    c"GetPerTcpConnectionEStats",
    c"SetPerTcpConnectionEStats",
    c"GetPerTcp6ConnectionEStats",
    c"SetPerTcp6ConnectionEStats",
];

/// The calls of one family.
struct Calls<R> {
    get: Get<R>,
    set: Set<R>,
}

impl<R> Clone for Calls<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Calls<R> {}

impl<R> fmt::Debug for Calls<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calls").field(&self.get).field(&self.set).finish()
    }
}

/// What this system can count with.
#[derive(Debug)]
struct Exports {
    v4: Option<Calls<MIB_TCPROW_LH>>,
    v6: Option<Calls<MIB_TCP6ROW>>,
}

impl Exports {
    fn find() -> Self {
        let [get, set, get6, set6] = NAMES;
        Self { v4: calls(get, set), v6: calls(get6, set6) }
    }
}

fn calls<R>(get: &CStr, set: &CStr) -> Option<Calls<R>> {
    type Found = unsafe extern "system" fn() -> isize;
    let (get, set) = (find_safe("iphlpapi.dll", get)?, find_safe("iphlpapi.dll", set)?);
    // SAFETY: the function of this name has this signature (iphlpapi.h), with the row of its family.
    let get = unsafe { std::mem::transmute::<Found, Get<R>>(get) };
    // SAFETY: as above.
    let set = unsafe { std::mem::transmute::<Found, Set<R>>(set) };
    Some(Calls { get, set })
}

/// The exports that this system lacks.
pub(super) fn missing() -> Vec<&'static str> {
    let missing = NAMES.into_iter().filter(|name| find_safe("iphlpapi.dll", name).is_none());
    missing.filter_map(|name| name.to_str().ok()).collect()
}

/// Measures connections from look to look. Ends the counting that it began when it is dropped.
#[derive(Debug)]
pub(super) struct EStats {
    exports: Exports,
    counters: Counters,
}

impl EStats {
    pub(super) fn new() -> Self {
        Self { exports: Exports::find(), counters: Counters::default() }
    }

    /// Whether connections that nobody counts are counted for us from now on. It takes an
    /// administrator.
    pub(super) fn set_counting(&mut self, is_counting: bool) {
        if is_counting {
            self.counters.begin();
        } else {
            self.counters.end(&mut self.exports);
        }
    }

    /// Begins a look.
    pub(super) fn look(&mut self, now: Timestamp) {
        self.counters.look(now);
    }

    /// What was counted of an established connection; `None` where nothing is known.
    pub(super) fn measure(&mut self, row: &Row) -> Option<Metrics> {
        self.counters.measure(row, &mut self.exports)
    }

    /// Ends a look.
    pub(super) fn finish(&mut self) {
        self.counters.finish();
    }

    /// Connections of this look that had no turn yet, and why the system refused to count others.
    pub(super) fn unmeasured(&self) -> (u32, Option<u32>) {
        (self.counters.waiting(), self.counters.refused())
    }
}

impl Drop for EStats {
    fn drop(&mut self) {
        self.counters.end(&mut self.exports);
    }
}

impl Stack for Exports {
    fn counted(&mut self, row: &Row) -> Result<Option<Metrics>, u32> {
        match (row.table.is_ipv6, self.v4, self.v6) {
            (false, Some(calls), _) => calls.counted(&row_v4(row).ok_or(NOT_SUPPORTED)?),
            (true, _, Some(calls)) => calls.counted(&row_v6(row)),
            _ => Err(NOT_SUPPORTED),
        }
    }

    fn count(&mut self, row: &Row, whether: Counting) -> Result<(), u32> {
        match (row.table.is_ipv6, self.v4, self.v6) {
            (false, Some(calls), _) => calls.count(&row_v4(row).ok_or(NOT_SUPPORTED)?, whether),
            (true, _, Some(calls)) => calls.count(&row_v6(row), whether),
            _ => Err(NOT_SUPPORTED),
        }
    }
}

impl<R> Calls<R> {
    fn counted(self, row: &R) -> Result<Option<Metrics>, u32> {
        let data = self.read::<DATA>(row, TcpConnectionEstatsData)?;
        let path = self.read::<PATH>(row, TcpConnectionEstatsPath)?;
        Ok(match (&data, &path) {
            // One of them is not enough: whoever counts for us counts both.
            (None, None) => None,
            _ => {
                let (data, path) = (data.as_ref(), path.as_ref());
                let counts = decode_counts(data.map(|it| &it[..]), path.map(|it| &it[..]));
                Some(counts.unwrap_or_default())
            }
        })
    }

    /// One structure of so many bytes; `None` where it is not counted.
    fn read<const N: usize>(&self, row: &R, what: TCP_ESTATS_TYPE) -> Result<Option<[u8; N]>, u32> {
        // As bytes: a BOOLEAN may be something else than 0 or 1.
        let mut is_on = [0_u8; 1];
        let mut counted = [0_u8; N];
        // SAFETY: the row is whole; both structures are of version 0, and as long as is said.
        let code = unsafe {
            (self.get)(
                row,
                what,
                is_on.as_mut_ptr(),
                0,
                1,
                ptr::null_mut(),
                0,
                0,
                counted.as_mut_ptr(),
                0,
                N as u32,
            )
        };
        if code != NO_ERROR {
            return Err(code);
        }
        Ok((is_on != [0]).then_some(counted))
    }

    fn count(self, row: &R, whether: Counting) -> Result<(), u32> {
        let is_on = [u8::from(whether == Counting::On)];
        for what in [TcpConnectionEstatsData, TcpConnectionEstatsPath] {
            // SAFETY: the row is whole; the structure is of version 0, and one byte long.
            let code = unsafe { (self.set)(row, what, is_on.as_ptr(), 0, 1, 0) };
            if code != NO_ERROR {
                return Err(code);
            }
        }
        Ok(())
    }
}

/// The connection as the calls of IPv4 take it.
fn row_v4(row: &Row) -> Option<MIB_TCPROW_LH> {
    let (IpAddr::V4(local), remote) = (row.local.ip(), row.remote?) else { return None };
    let IpAddr::V4(remote_ip) = remote.ip() else { return None };
    Some(MIB_TCPROW_LH {
        Anonymous: MIB_TCPROW_LH_0 { dwState: ESTABLISHED },
        dwLocalAddr: u32::from_ne_bytes(local.octets()),
        dwLocalPort: row.local.port().to_be().into(),
        dwRemoteAddr: u32::from_ne_bytes(remote_ip.octets()),
        dwRemotePort: remote.port().to_be().into(),
    })
}

/// The same of IPv6, with IPv4 mapped again.
fn row_v6(row: &Row) -> MIB_TCP6ROW {
    let address = |ip: IpAddr| {
        let ip = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        IN6_ADDR { u: IN6_ADDR_0 { Byte: ip.octets() } }
    };
    let scope = |side: std::net::SocketAddr| match side {
        std::net::SocketAddr::V4(_) => 0,
        std::net::SocketAddr::V6(side) => side.scope_id(),
    };
    let remote = row.remote.unwrap_or(row.local); // Rows that are measured have one.
    MIB_TCP6ROW {
        State: ESTABLISHED.cast_signed(),
        LocalAddr: address(row.local.ip()),
        dwLocalScopeId: scope(row.local),
        dwLocalPort: row.local.port().to_be().into(),
        RemoteAddr: address(remote.ip()),
        dwRemoteScopeId: scope(remote),
        dwRemotePort: remote.port().to_be().into(),
    }
}
