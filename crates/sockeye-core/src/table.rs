//! Which rows are shown, and in which order: the one place where rows are chosen and sorted.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::net::{IpAddr, SocketAddr};

use crate::address::Family;
use crate::column::{Column, Row, Value};
use crate::endpoint::{Endpoint, Ownerless, Owners, Transport};
use crate::snapshot::Snapshot;

/// Which part of its life an endpoint is in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Phase {
    /// Endpoints that have a remote.
    #[default]
    Connected,
    /// TCP listeners, and UDP endpoints without a remote.
    Listening,
    /// Every endpoint.
    All,
}

/// The coarse choice that every front end offers: transports, families, phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// Show TCP.
    pub tcp: bool,
    /// Show UDP.
    pub udp: bool,
    /// Show IPv4.
    pub ipv4: bool,
    /// Show IPv6.
    pub ipv6: bool,
    /// Which part of their life.
    pub phase: Phase,
}

impl Scope {
    /// Every endpoint.
    pub const ALL: Self = Self { tcp: true, udp: true, ipv4: true, ipv6: true, phase: Phase::All };

    /// Whether `endpoint` belongs to it.
    pub fn contains(&self, endpoint: &Endpoint) -> bool {
        let is_transport = match endpoint.transport {
            Transport::Tcp => self.tcp,
            Transport::Udp => self.udp,
        };
        let is_family = match endpoint.family() {
            Family::Ipv4 => self.ipv4,
            Family::Ipv6 => self.ipv6,
        };
        is_transport && is_family && self.phase.contains(endpoint)
    }
}

impl Phase {
    /// Whether `endpoint` is in it.
    fn contains(self, endpoint: &Endpoint) -> bool {
        match self {
            Self::All => true,
            Self::Connected => endpoint.remote.is_some(),
            Self::Listening if endpoint.transport == Transport::Udp => endpoint.remote.is_none(),
            Self::Listening => endpoint.is_listener(),
        }
    }
}

/// One level of an order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SortKey {
    /// The column that is compared.
    pub column: &'static Column,
    /// Largest first; absent values stay last.
    pub is_descending: bool,
}

/// The rows of `snapshot` inside `scope` for which `is_wanted` holds, in the kernel's order.
///
/// An endpoint with several owners appears once, under the first owner for which `is_wanted`
/// holds.
pub fn select<'a>(
    snapshot: &'a Snapshot,
    scope: &Scope,
    is_wanted: impl Fn(&Row<'a>) -> bool,
) -> Vec<Row<'a>> {
    let inside = snapshot.endpoints.iter().filter(|endpoint| scope.contains(endpoint));
    let mut rows: Vec<Row<'a>> = Vec::with_capacity(snapshot.endpoints.len());
    for endpoint in inside {
        // Endpoints of one process mostly stand together: it is looked up once.
        let row = match (&endpoint.owners, rows.last()) {
            (Owners::One(owner), Some(last)) if last.is_of(owner.process) => {
                let row = Row { endpoint, owner: Some(owner), ..*last };
                Some(row).filter(&is_wanted)
            }
            _ => Row::each(snapshot, endpoint).find(&is_wanted),
        };
        rows.extend(row);
    }
    rows
}

/// Sorts `rows` by `keys`, first key first; rows that compare equal keep their order.
pub fn sort(rows: &mut [Row<'_>], keys: &[SortKey]) {
    // The last key first: each stable pass keeps what the later keys established.
    for key in keys.iter().rev() {
        rows.sort_by_cached_key(|row| Ordered(key.column.value(row), key.is_descending));
    }
}

/// The order in which a list is read when nothing else was asked for: by process, oldest first,
/// then listeners before connections, then by addresses.
pub fn sort_by_process(rows: &mut [Row<'_>]) {
    // Comparing owners first, and addresses only within one process, is a third of the work.
    if !rows.is_sorted_by_key(owner_key) {
        rows.sort_by_cached_key(owner_key);
    }
    for group in rows.chunk_by_mut(|a, b| owner_key(a) == owner_key(b)) {
        sort_by_place(group);
    }
}

/// Sorts the rows of one process by [`place_key`]: first by what of it fits into one number, then
/// those that are equal in that.
fn sort_by_place(group: &mut [Row<'_>]) {
    let first = group.first().map(|row| row.endpoint.namespace);
    if group.iter().any(|row| Some(row.endpoint.namespace) != first) {
        return group.sort_by_cached_key(place_key);
    }
    group.sort_by_cached_key(place_prefix);
    for equal in group.chunk_by_mut(|a, b| place_prefix(a) == place_prefix(b)) {
        if equal.len() > 1 {
            equal.sort_by_cached_key(place_key);
        }
    }
}

/// The beginning of [`place_key`] within one namespace, as a number: transport, listeners first,
/// family, local address and port; of IPv6 the first quarter of the address.
fn place_prefix(row: &Row<'_>) -> u64 {
    let endpoint = row.endpoint;
    let class = u64::from(endpoint.transport == Transport::Udp) << 2
        | u64::from(endpoint.remote.is_some()) << 1
        | u64::from(endpoint.family() == Family::Ipv6);
    let side = match endpoint.local.ip() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()) << 16 | u64::from(endpoint.local.port()),
        IpAddr::V6(ip) => ((ip.to_bits() >> 96) as u64) << 16,
    };
    class << 48 | side
}

/// What rows are compared by where nothing else was asked for, as [`sort_by_process`] has it.
pub(crate) fn process_key(row: &Row<'_>) -> impl Ord + use<> {
    (owner_key(row), place_key(row))
}

/// What rows are compared by in one level of an order.
pub(crate) fn ordered<'a>(row: &Row<'a>, key: &SortKey) -> impl Ord + use<'a> {
    Ordered(key.column.value(row), key.is_descending)
}

/// Owned endpoints by process, oldest first; those without an owner last, by reason.
fn owner_key(row: &Row<'_>) -> (u64, u32, Option<Ownerless>) {
    match row.owner {
        Some(owner) => (owner.process.start, owner.process.pid, None),
        None => (u64::MAX, u32::MAX, row.endpoint.owners.reason()),
    }
}

/// Where an endpoint stands among those of one process: by namespace, transport, listeners first,
/// family, and the two sides.
fn place_key(row: &Row<'_>) -> impl Ord + use<> {
    let endpoint = row.endpoint;
    let class =
        (endpoint.namespace, endpoint.transport, endpoint.remote.is_some(), endpoint.family());
    (class, side_key(endpoint.local), endpoint.remote.map(side_key), endpoint.socket.cookie)
}

/// Address and port as numbers, which compare faster than the enumeration they come from.
fn side_key(side: SocketAddr) -> (u128, u16) {
    let number = match side.ip() {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    (number, side.port())
}

/// A value in the order of its column, with the direction that was asked for.
#[derive(PartialEq)]
struct Ordered<'a>(Value<'a>, bool);

impl Eq for Ordered<'_> {}

impl PartialOrd for Ordered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.0.order(&other.0);
        let is_reversible = !self.0.is_absent() && !other.0.is_absent();
        if self.1 && is_reversible { order.reverse() } else { order }
    }
}
