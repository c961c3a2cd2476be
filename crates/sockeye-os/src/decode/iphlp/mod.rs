//! Windows' IP Helper tables (`GetExtendedTcpTable` and its kin) as rows.
//!
//! A table is a count, padding where rows hold 64-bit fields, and rows of one size (tcpmib.h, udpmib.h
//! of the Windows SDK). Numbers are little-endian, as every Windows is; addresses and ports are in
//! network order. `sys/windows` compares these offsets with the SDK's structures when it is compiled.

mod write;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hashbrown::HashMap;
use sockeye_core::address::canonical;
use sockeye_core::{Degradation, State, Timestamp, Transport};

use super::{Malformed, Table, remote_side};

pub use write::{encode_row, mask, used};

/// Which of the structures a table consists of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Form {
    /// `MIB_{TCP,UDP}{,6}TABLE_OWNER_PID`: sides and process.
    OwnerPid,
    /// `MIB_{TCP,UDP}{,6}TABLE_OWNER_MODULE`: also when and for which service it was made.
    OwnerModule,
    /// What newer, undocumented exports give: `MIB_TCP{,6}TABLE2` of TCP sockets that are bound and
    /// nothing more (`InternalGetBoundTcpEndpointTable`), `MIB_UDP{,6}TABLE2` with remotes
    /// (`InternalGetUdpTable2`).
    Second,
}

/// One socket as an IP Helper table reports it. Addresses are canonical.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The table that it stands in.
    pub table: Table,
    /// TCP state; `None` for UDP.
    pub state: Option<State>,
    /// The local side.
    pub local: SocketAddr,
    /// The remote side; `None` where there is none, or the form has none (UDP but for
    /// [`Form::Second`]).
    pub remote: Option<SocketAddr>,
    /// The process that made it; 0 where no process has it any more.
    pub pid: u32,
    /// When it was made, where the form tells.
    pub created: Option<Timestamp>,
    /// The number that the service control manager gave the service whose thread made it
    /// (`OwningModuleInfo[0]`); `None` for what no service made.
    pub service_tag: Option<u32>,
}

/// What a table's bytes are.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Decoded {
    /// The rows that are whole and make sense.
    pub rows: Vec<Row>,
    /// How many rows are missing of those that the table says it has.
    pub missing: u32,
    /// What was wrong first.
    pub first: Option<Malformed>,
}

impl Decoded {
    /// That rows are missing, if any are.
    pub fn degradation(&self) -> Option<Degradation> {
        let first = self.first?.to_string();
        Some(Degradation::Malformed { count: self.missing.max(1), first })
    }

    fn miss(&mut self, count: u32, what: &'static str, at: usize) {
        self.missing = self.missing.saturating_add(count);
        self.first.get_or_insert(Malformed { what, at });
    }
}

/// Where the fields of a row are, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The first row, from the start of the table.
    pub first: usize,
    /// From one row to the next.
    pub size: usize,
    /// `dwState`.
    pub state: Option<usize>,
    /// The local address, its scope in IPv6, its port.
    pub local: usize,
    /// The same of the remote.
    pub remote: Option<usize>,
    /// `dwOwningPid`.
    pub pid: usize,
    /// `liCreateTimestamp`.
    pub created: Option<usize>,
    /// `OwningModuleInfo`.
    pub module: Option<usize>,
}

/// Without any field.
const BARE: Layout = Layout {
    first: 4,
    size: 0,
    state: None,
    local: 0,
    remote: None,
    pid: 0,
    created: None,
    module: None,
};

impl Layout {
    /// The layout of the rows of `table` in this form.
    pub const fn of(table: Table, form: Form) -> Self {
        match (table.transport, table.is_ipv6) {
            (Transport::Tcp, false) => Self::tcp(form),
            (Transport::Tcp, true) => Self::tcp6(form),
            (Transport::Udp, false) => Self::udp(form),
            (Transport::Udp, true) => Self::udp6(form),
        }
    }

    const fn tcp(form: Form) -> Self {
        let pid = Self { size: 24, state: Some(0), local: 4, remote: Some(12), pid: 20, ..BARE };
        match form {
            Form::OwnerPid => pid,
            Form::OwnerModule => pid.with_module(8, (24, 32), 160),
            Form::Second => Self { size: 28, ..pid },
        }
    }

    const fn tcp6(form: Form) -> Self {
        let pid = Self { size: 56, state: Some(48), remote: Some(24), pid: 52, ..BARE };
        match form {
            Form::OwnerPid => pid,
            Form::OwnerModule => pid.with_module(8, (56, 64), 192),
            Form::Second => Self { size: 60, ..pid },
        }
    }

    const fn udp(form: Form) -> Self {
        let pid = Self { size: 12, pid: 8, ..BARE };
        match form {
            Form::OwnerPid => pid,
            Form::OwnerModule => pid.with_module(8, (16, 32), 160),
            Form::Second => Self { remote: Some(160), ..pid.with_module(8, (16, 32), 168) },
        }
    }

    const fn udp6(form: Form) -> Self {
        let pid = Self { size: 28, pid: 24, ..BARE };
        match form {
            Form::OwnerPid => pid,
            Form::OwnerModule => pid.with_module(8, (32, 48), 176),
            Form::Second => Self { remote: Some(176), ..pid.with_module(8, (32, 48), 200) },
        }
    }

    const fn with_module(
        self,
        first: usize,
        (created, module): (usize, usize),
        size: usize,
    ) -> Self {
        Self { first, size, created: Some(created), module: Some(module), ..self }
    }
}

/// Reads `bytes`, a table in this form. What was cut short, or says that it has more rows than it
/// holds, gives those that are whole; what lies behind the last row means nothing.
pub fn decode_table(table: Table, form: Form, bytes: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    let Some(count) = number(bytes, 0) else {
        decoded.miss(0, "table has no count", 0);
        return decoded;
    };
    let layout = Layout::of(table, form);
    let rows = bytes.get(layout.first..).unwrap_or_default().chunks_exact(layout.size);
    let held = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    decoded.rows.reserve(held.min(count) as usize);
    for (index, row) in rows.enumerate().take(count as usize) {
        match decode_row(table, (form, &layout), row) {
            Ok(row) => decoded.rows.push(row),
            Err(Malformed { what, at }) => {
                decoded.miss(1, what, layout.first + index * layout.size + at);
            }
        }
    }
    if held < count {
        decoded.miss(count - held, "table says that it has more rows than it holds", bytes.len());
    }
    decoded
}

/// Adds what a table in this form tells to `rows`, which have what the tables before it told: rows of
/// its own, or remotes.
pub fn join(rows: &mut Vec<Row>, mut told: Vec<Row>, (table, form): (Table, Form)) {
    match (form, table.transport) {
        (Form::Second, Transport::Udp) => join_remotes(rows, told),
        _ if rows.is_empty() => *rows = told,
        _ => rows.append(&mut told),
    }
}

/// Adds the remotes that rows of [`Form::Second`] tell to those `rows` of the documented table that are
/// the same socket. Nothing else of them is believed: what they are is not documented.
pub fn join_remotes(rows: &mut [Row], second: Vec<Row>) {
    let mut remotes: HashMap<_, Vec<SocketAddr>> = HashMap::new();
    for row in second.into_iter().rev() {
        if let Some(remote) = row.remote {
            remotes.entry((row.table, row.local, row.pid, row.created)).or_default().push(remote);
        }
    }
    for row in rows.iter_mut().filter(|row| row.remote.is_none()) {
        if let Some(told) = remotes.get_mut(&(row.table, row.local, row.pid, row.created)) {
            row.remote = told.pop();
        }
    }
}

/// Reads one row, which is as long as it has to be.
fn decode_row(table: Table, (form, layout): (Form, &Layout), row: &[u8]) -> Result<Row, Malformed> {
    let cut = |at| Malformed { what: "row is cut short", at };
    let side = |at: usize| side(row, at, table.is_ipv6).ok_or_else(|| cut(at));
    let state = match (layout.state, form) {
        (None, _) => None,
        // Whatever the table calls them: it holds nothing else.
        (Some(_), Form::Second) => Some(State::Bound),
        (Some(at), Form::OwnerPid | Form::OwnerModule) => {
            let number = number(row, at).ok_or_else(|| cut(at))?;
            let what = "TCP state has a number that is not known";
            Some(state_from_windows(number).ok_or(Malformed { what, at })?)
        }
    };
    // Of listeners the remote is said to be undefined (MIB_TCPROW: dwRemotePort).
    let has_none = matches!(state, Some(State::Listen | State::Bound));
    let remote = layout.remote.filter(|_| !has_none).map(side).transpose()?;
    Ok(Row {
        table,
        state,
        local: side(layout.local)?,
        remote: remote.and_then(remote_side),
        pid: number(row, layout.pid).ok_or_else(|| cut(layout.pid))?,
        created: layout.created.and_then(|at| created(row, at)),
        service_tag: layout.module.and_then(|at| number(row, at)).filter(|tag| *tag != 0),
    })
}

/// An address with its port, of which the upper 16 bits are undefined.
fn side(row: &[u8], at: usize, is_ipv6: bool) -> Option<SocketAddr> {
    let field = row.get(at..)?;
    let (ip, scope, rest): (IpAddr, u32, &[u8]) = if is_ipv6 {
        let (ip, rest) = field.split_first_chunk::<16>()?;
        let (scope, rest) = rest.split_first_chunk::<4>()?;
        (Ipv6Addr::from(*ip).into(), interface(u32::from_le_bytes(*scope)), rest)
    } else {
        let (ip, rest) = field.split_first_chunk::<4>()?;
        (Ipv4Addr::from(*ip).into(), 0, rest)
    };
    let port = u16::from_be_bytes(*rest.first_chunk::<2>()?);
    Some(canonical(ip, port, scope))
}

/// A scope as the number of an interface. Some pages of the SDK give scopes in network order
/// (`MIB_TCP6ROW_OWNER_MODULE`), others do not say (`MIB_TCP6ROW2`); interfaces are counted from 1 and
/// never reach 65,536.
fn interface(scope: u32) -> u32 {
    if scope > 0xffff { scope.swap_bytes() } else { scope }
}

/// 100 ns since 1601, that is a FILETIME, as everybody finds it there (`liCreateTimestamp`, which the
/// SDK's pages call a SYSTEMTIME); `None` for 0.
fn created(row: &[u8], at: usize) -> Option<Timestamp> {
    filetime(i64::from_le_bytes(*row.get(at..)?.first_chunk()?))
}

/// From 1601 to 1970.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;

/// An instant as Windows counts: 100 ns since 1601-01-01 UTC (FILETIME, minwinbase.h). 0, and what is
/// out of range, is none.
pub fn filetime(ticks: i64) -> Option<Timestamp> {
    let since = ticks.checked_sub(UNIX_EPOCH).filter(|_| ticks > 0)?;
    since.checked_mul(100).map(Timestamp::from_unix_ns)
}

/// A 32-bit number.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The state that Windows numbers so (`MIB_TCP_STATE`, tcpmib.h).
pub fn state_from_windows(number: u32) -> Option<State> {
    Some(match number {
        1 => State::Closed,
        2 => State::Listen,
        3 => State::SynSent,
        4 => State::SynReceived,
        5 => State::Established,
        6 => State::FinWait1,
        7 => State::FinWait2,
        8 => State::CloseWait,
        9 => State::Closing,
        10 => State::LastAck,
        11 => State::TimeWait,
        12 => State::DeleteTcb,
        // MIB_TCP_STATE_RESERVED.
        100 => State::Bound,
        _ => return None,
    })
}

/// The number of an established connection (`MIB_TCP_STATE_ESTAB`).
pub const ESTABLISHED: u32 = 5;

/// The number by which Windows takes out a connection (`MIB_TCP_STATE_DELETE_TCB`).
pub const DELETE_TCB: u32 = 12;

/// The module that keeps TCP's connections, in the Network Store Interface (`NPI_MS_TCP_MODULEID`): its
/// length, 1 for a GUID, eb004a03-9b1a-11d4-9123-0050047759bc.
pub const NSI_TCP: [u8; 24] = [
    0x18, 0, 0, 0, 1, 0, 0, 0, 0x03, 0x4a, 0, 0xeb, 0x1a, 0x9b, 0xd4, 0x11, 0x91, 0x23, 0, 0x50,
    0x04, 0x77, 0x59, 0xbc,
];

/// The key of a connection there: both sides, each as long as a SOCKADDR_IN6 (ws2ipdef.h).
pub fn encode_pair(local: SocketAddr, remote: SocketAddr) -> [u8; 56] {
    let mut key = [0; 56];
    for (place, side) in key.chunks_exact_mut(28).zip([local, remote]) {
        place.copy_from_slice(&encode_side(side));
    }
    key
}

fn encode_side(side: SocketAddr) -> [u8; 28] {
    /// AF_INET and AF_INET6, as Windows numbers them.
    const FAMILIES: (u16, u16) = (2, 23);
    let mut bytes = Vec::with_capacity(28);
    match side {
        SocketAddr::V4(v4) => {
            bytes.extend(FAMILIES.0.to_le_bytes());
            bytes.extend(v4.port().to_be_bytes());
            bytes.extend(v4.ip().octets());
        }
        SocketAddr::V6(v6) => {
            bytes.extend(FAMILIES.1.to_le_bytes());
            bytes.extend(v6.port().to_be_bytes());
            bytes.extend([0; 4]);
            bytes.extend(v6.ip().octets());
            bytes.extend(v6.scope_id().to_le_bytes());
        }
    }
    let mut field = [0; 28];
    field.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    field
}

#[cfg(test)]
mod tests;
