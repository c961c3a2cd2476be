//! What the ledger tells of a socket: what was carried, and events without owners.

use std::net::SocketAddr;

use sockeye_core::endpoint::{Birth, Direction, Metrics, Ownerless, Socket};
use sockeye_core::event::{Change, Event, EventKind, Reason, Sighting};
use sockeye_core::{Endpoint, Owners, State, Timestamp, Transport};

use super::Connection;
use crate::decode::etw::{Act, Flow};

/// What was carried.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Counts {
    sent: u64,
    received: u64,
    retransmits: u32,
    /// Counted from its opening.
    is_whole: bool,
}

impl Counts {
    /// Nothing yet, counted from the opening of the socket if that is so.
    pub(super) fn from_opening(is_whole: bool) -> Self {
        Self { is_whole, ..Self::default() }
    }

    pub(super) fn add(&mut self, flow: &Flow) {
        match flow.act {
            Act::Sent => self.sent += u64::from(flow.bytes),
            Act::Received => self.received += u64::from(flow.bytes),
            Act::Retransmitted => self.retransmits = self.retransmits.saturating_add(1),
            Act::Connected | Act::Disconnected | Act::Accepted => {}
        }
    }

    /// Adds what was counted to what was measured of `endpoint`; counting began at `since`, or with
    /// the endpoint.
    pub(super) fn lay_upon(self, endpoint: &mut Endpoint, since: Timestamp) {
        let is_listener = endpoint.transport == Transport::Tcp && endpoint.remote.is_none();
        let is_over = matches!(endpoint.state, Some(State::TimeWait));
        if is_listener || is_over {
            return;
        }
        let measured = endpoint.metrics.get_or_insert_default();
        let is_tcp = endpoint.transport == Transport::Tcp;
        // One beginning for all that is counted: of what others measured, only times stay.
        **measured = Metrics {
            sent_bytes: Some(self.sent),
            received_bytes: Some(self.received),
            retransmits: is_tcp.then_some(self.retransmits),
            since: (!self.is_whole).then_some(since),
            rtt_us: measured.rtt_us,
            ..Metrics::default()
        };
    }
}

/// An endpoint as an event tells of it.
pub(super) fn endpoint(flow: &Flow, number: u64, state: Option<State>) -> Endpoint {
    let direction = match flow.act {
        Act::Connected => Direction::Egress,
        Act::Accepted => Direction::Ingress,
        _ => Direction::Unknown,
    };
    let socket = Socket { is_ipv6: flow.is_ipv6, ..Socket::default() };
    let (local, remote) = flow.sides();
    let blank = blank(flow.transport, (local, Some(remote)), (state, direction), number);
    Endpoint { socket, ..blank }
}

/// An endpoint of which nothing else is known.
pub(super) fn blank(
    transport: Transport,
    (local, remote): (SocketAddr, Option<SocketAddr>),
    (state, direction): (Option<State>, Direction),
    number: u64,
) -> Endpoint {
    let birth = Birth { number: Some(number), ..Birth::default() };
    Endpoint {
        transport,
        local,
        remote,
        state,
        direction,
        namespace: None,
        interface: None,
        socket: Socket::default(),
        user_id: None,
        cgroup: None,
        birth: Some(Box::new(birth)),
        owners: Owners::None(Ownerless::NotObserved),
        queue: None,
        metrics: None,
    }
}

/// An event of an endpoint.
pub(super) fn event(time: Timestamp, change: Change, endpoint: Endpoint) -> Event {
    let sighting = Sighting { change, endpoint, is_held: false };
    Event { time, kind: EventKind::Endpoint(Box::new(sighting)) }
}

/// A connection has ended. Who ended it, nothing tells.
pub(super) fn closed(
    time: Timestamp,
    (local, remote): (SocketAddr, SocketAddr),
    known: &Connection,
    counted: Option<Timestamp>,
) -> Event {
    let state = (Some(State::Closed), Direction::Unknown);
    let mut endpoint = blank(Transport::Tcp, (local, Some(remote)), state, known.number);
    if let Some(since) = counted {
        known.counts.lay_upon(&mut endpoint, since);
    }
    event(time, Change::Closed(Reason::Unknown), endpoint)
}
