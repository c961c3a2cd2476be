//! Joining what two sources tell of one endpoint: a fact that is absent never hides a known one.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::endpoint::{Birth, Direction, Endpoint, Metrics, Owner, Ownerless, Owners};

/// Whether an address says which one: a port 0 is one that was not chosen yet.
fn is_specified(side: SocketAddr) -> bool {
    !side.ip().is_unspecified() && side.port() != 0
}

/// Whether both sides of a connection are known.
pub(super) fn has_sides(endpoint: &Endpoint) -> bool {
    is_specified(endpoint.local) && endpoint.remote.is_some_and(is_specified)
}

/// Whether an endpoint says at all where it is.
pub(super) fn has_place(endpoint: &Endpoint) -> bool {
    endpoint.local.port() != 0
}

/// Lays what `over` tells upon `base`. Owners are another matter: see [`joined`].
pub(super) fn overlay(base: &mut Endpoint, over: &Endpoint) {
    base.local = placed(base.local, over.local);
    base.remote = match (base.remote, over.remote) {
        (Some(known), Some(told)) => Some(placed(known, told)),
        (None, Some(told)) if told.port() == 0 && told.ip().is_unspecified() => None,
        (known, told) => told.or(known),
    };
    base.state = over.state.or(base.state);
    if over.direction != Direction::Unknown {
        base.direction = over.direction;
    }
    base.namespace = over.namespace.or(base.namespace);
    base.user_id = over.user_id.or(base.user_id);
    base.queue = over.queue.or(base.queue);
    keep(&mut base.interface, over.interface.as_ref());
    keep(&mut base.cgroup, over.cgroup.as_ref());
    overlay_birth(&mut base.birth, over.birth.as_deref());
    base.socket.inode = over.socket.inode.or(base.socket.inode);
    base.socket.is_ipv6 |= over.socket.is_ipv6;
    if over.socket.interface != 0 {
        base.socket.interface = over.socket.interface;
    }
    overlay_metrics(&mut base.metrics, over.metrics.as_deref());
}

/// Takes a fact over, if it is one.
fn keep<T: Clone>(known: &mut Option<T>, told: Option<&T>) {
    if told.is_some() {
        *known = told.cloned();
    }
}

/// `told`, with the port and the address of `known` where it does not say.
fn placed(known: SocketAddr, told: SocketAddr) -> SocketAddr {
    let mut side = if told.ip().is_unspecified() { known } else { told };
    side.set_port(if told.port() == 0 { known.port() } else { told.port() });
    side
}

/// Lays what was noted of a birth upon what was known of it.
fn overlay_birth(base: &mut Option<Box<Birth>>, over: Option<&Birth>) {
    let Some(over) = over else { return };
    let base = base.get_or_insert_default();
    base.created = over.created.or(base.created);
    base.pid = over.pid.or(base.pid);
    keep(&mut base.service, over.service.as_ref());
    base.number = over.number.or(base.number);
}

/// Lays measurements upon others.
fn overlay_metrics(base: &mut Option<Box<Metrics>>, over: Option<&Metrics>) {
    let Some(over) = over else { return };
    let Some(base) = base.as_deref_mut() else {
        *base = Some(Box::new(*over));
        return;
    };
    *base = Metrics {
        rtt_us: over.rtt_us.or(base.rtt_us),
        retransmits: over.retransmits.or(base.retransmits),
        sent_bytes: over.sent_bytes.or(base.sent_bytes),
        received_bytes: over.received_bytes.or(base.received_bytes),
        sent_packets: over.sent_packets.or(base.sent_packets),
        received_packets: over.received_packets.or(base.received_packets),
        sent_messages: over.sent_messages.or(base.sent_messages),
        received_messages: over.received_messages.or(base.received_messages),
        since: over.since.or(base.since),
    };
}

/// The owners that `known` and `told` tell together. Several may hold a socket, and an event tells
/// only of the one that used it; only a snapshot can tell that somebody holds it no more.
pub(super) fn joined(known: &Owners, told: &Owners) -> Owners {
    let (old, new) = (known.as_slice(), told.as_slice());
    if new.is_empty() {
        return known.clone();
    }
    let is_known = |owner: &&Owner| old.iter().any(|known| known.process == owner.process);
    let mut all: Vec<Owner> = new.iter().filter(|owner| !is_known(owner)).copied().collect();
    if all.is_empty() {
        return known.clone();
    }
    all.extend(old);
    Owners::new(all, Ownerless::NotObserved)
}

/// Whether the same processes hold both.
pub(super) fn are_same(a: &Owners, b: &Owners) -> bool {
    let processes = |owners: &Owners| -> Vec<_> {
        owners.as_slice().iter().map(|owner| owner.process).collect()
    };
    processes(a) == processes(b)
}
