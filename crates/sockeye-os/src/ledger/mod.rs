//! The same sockets by tables now and then, and by a tracing session as something happens: which row
//! and which event are of one socket.
//!
//! Windows has no number for a socket, as Linux has its cookie. The ledger gives each one for as long as
//! it is watched. What opens and is used, events tell at once. That a connection ended they tell too, but
//! not what is left of it: the next tables show whether it is gone, and then it ended when the event
//! said. Pure: no call, no clock.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hashbrown::{HashMap, HashSet};
use sockeye_core::event::{Change, Event};
use sockeye_core::{Endpoint, Snapshot, State, Timestamp, Transport};

use crate::decode::etw::{Act, Flow};
use told::{Counts, closed, endpoint, event};

#[cfg(test)]
mod tests;
mod told;

/// So many remotes of UDP sockets are remembered at most; then they are told anew.
const PEERS: usize = 65_536;

/// One side of a connection. Events tell of no scope, so none tells sides apart.
type Side = (IpAddr, u16);
/// The local and the remote side of a connection.
type Sides = (Side, Side);
/// Where sockets without a remote are looked for: transport, process, local port.
type Port = (Transport, u32, u16);

/// Every socket that is known.
#[derive(Default, Debug)]
pub struct Ledger {
    /// The last number that was given.
    last: u64,
    connections: HashMap<Sides, Connection>,
    /// UDP, and TCP without a remote.
    sockets: HashMap<Port, Vec<Held>>,
    /// The remotes that were told, each with the number of its socket.
    peers: HashSet<(u64, Side)>,
    /// Since when every byte is told; `None` where nobody tells.
    counted: Option<Timestamp>,
    /// How many tables were seen.
    round: u32,
    /// What came of events and tables, until it is taken.
    told: Vec<Event>,
}

/// What is known of a connection.
#[derive(Debug)]
struct Connection {
    number: u64,
    pid: u32,
    /// When the table says that it was made.
    created: Option<Timestamp>,
    /// When it was told of or looked for last.
    seen: Timestamp,
    /// It was told when it opened.
    is_told: bool,
    /// When it was told to have ended, until tables show that it has.
    ending: Option<Timestamp>,
    /// It is over: this is what waits in TIME-WAIT.
    is_left: bool,
    round: u32,
    counts: Counts,
}

/// What is known of a socket without a remote, or of UDP.
#[derive(Debug)]
struct Held {
    number: u64,
    local: SocketAddr,
    /// It is connected: it exchanges with nobody else.
    is_connected: bool,
    created: Option<Timestamp>,
    /// No table has shown it yet.
    is_told: bool,
    seen: Timestamp,
    round: u32,
    counts: Counts,
}

impl Ledger {
    /// From now on every byte is told.
    pub fn count_from(&mut self, time: Timestamp) {
        self.counted = Some(time);
    }

    /// Events were lost: what was counted is not all, and counting begins anew.
    pub fn lose(&mut self, time: Timestamp) {
        self.counted = self.counted.map(|_| time);
        let connections = self.connections.values_mut().map(|it| &mut it.counts);
        let sockets = self.sockets.values_mut().flatten().map(|it| &mut it.counts);
        connections.chain(sockets).for_each(|counts| *counts = Counts::default());
    }

    /// What came of events and tables since the last call, without owners.
    pub fn take(&mut self) -> Vec<Event> {
        mem::take(&mut self.told)
    }

    /// Takes what an event tells.
    pub fn note(&mut self, time: Timestamp, flow: &Flow) {
        match (flow.transport, flow.act) {
            (Transport::Udp, _) => self.exchange(time, flow),
            _ if !flow.is_placed() => {}
            (_, Act::Connected) => self.open(time, flow, State::SynSent),
            (_, Act::Accepted) => self.open(time, flow, State::SynReceived),
            (_, Act::Disconnected) => {
                if let Some(connection) = self.find(flow) {
                    connection.ending = connection.ending.or(Some(time));
                }
            }
            (_, Act::Sent | Act::Received | Act::Retransmitted) => {
                if let Some(connection) = self.find(flow) {
                    connection.counts.add(flow);
                }
            }
        }
    }

    /// A connection opened, from this state.
    fn open(&mut self, time: Timestamp, flow: &Flow, from: State) {
        let sides = sides(flow.sides());
        let known = self.connections.get_mut(&sides).filter(|it| !it.is_left);
        if let Some(known) = known {
            // The tables were quicker than the session: this is the opening of what they showed.
            if !known.is_told && time <= known.seen {
                known.is_told = true;
                let state = Change::State(Some(from));
                let told = endpoint(flow, known.number, Some(State::Established));
                return self.told.push(event(time, state, told));
            }
            if let Some(end) = known.ending {
                self.told.push(closed(end, flow.sides(), known, self.counted));
            }
        }
        let number = self.next();
        let counts = Counts::from_opening(self.counted.is_some());
        let connection = Connection {
            number,
            pid: flow.pid,
            created: None,
            seen: time,
            is_told: true,
            ending: None,
            is_left: false,
            round: self.round,
            counts,
        };
        self.connections.insert(sides, connection);
        for (before, now) in [(None, from), (Some(from), State::Established)] {
            self.told.push(event(time, Change::State(before), endpoint(flow, number, Some(now))));
        }
    }

    /// The connection that `flow` is of. Of data, not every version says which side is this host's:
    /// within a host both may be, and the process tells.
    fn find(&mut self, flow: &Flow) -> Option<&mut Connection> {
        let (source, destination) = sides(flow.sides());
        let ways = [(source, destination), (destination, source)];
        let is_open = |way: &&Sides| self.connections.get(*way).is_some_and(|it| !it.is_left);
        let is_its = |way: &&Sides| self.connections.get(*way).is_some_and(|it| it.pid == flow.pid);
        let mut open = ways.iter().filter(is_open);
        let way = open.clone().find(is_its).or_else(|| open.next())?;
        self.connections.get_mut(way)
    }

    /// A socket of UDP sent or received.
    fn exchange(&mut self, time: Timestamp, flow: &Flow) {
        let (local, remote) = self.orient(flow);
        let port = (Transport::Udp, flow.pid, local.port());
        let known = self.sockets.get(&port).and_then(|all| place_of(all, local.ip()));
        let place = known.unwrap_or_else(|| self.begin(time, port, local));
        let Some(held) = self.sockets.get_mut(&port).and_then(|all| all.get_mut(place)) else {
            return;
        };
        held.counts.add(flow);
        let peer = (remote.ip(), remote.port());
        if held.is_connected || self.peers.contains(&(held.number, peer)) {
            return;
        }
        held.seen = held.seen.max(time);
        if self.peers.len() >= PEERS {
            self.peers.clear();
        }
        self.peers.insert((held.number, peer));
        let told = Endpoint {
            local: held.local,
            remote: Some(remote),
            ..endpoint(flow, held.number, None)
        };
        self.told.push(event(time, Change::Peer, told));
    }

    /// The local and the remote side of a datagram. What is received has the other host's as its source,
    /// but if a socket of this process is known at one of them, that one is local.
    fn orient(&self, flow: &Flow) -> (SocketAddr, SocketAddr) {
        let ways = match flow.act {
            Act::Received => [(flow.destination, flow.source), (flow.source, flow.destination)],
            _ => [(flow.source, flow.destination), (flow.destination, flow.source)],
        };
        let is_known = |way: &(SocketAddr, SocketAddr)| {
            let all = self.sockets.get(&(Transport::Udp, flow.pid, way.0.port()));
            all.is_some_and(|all| place_of(all, way.0.ip()).is_some())
        };
        let [usual, _] = ways;
        ways.into_iter().find(is_known).unwrap_or(usual)
    }

    /// A socket of UDP that no table has shown yet; says where it is kept.
    fn begin(&mut self, time: Timestamp, port: Port, local: SocketAddr) -> usize {
        let number = self.next();
        let counts = Counts::from_opening(self.counted.is_some());
        // What came by multicast says which group it came to.
        let local = if local.ip().is_multicast() { any(local) } else { local };
        let all = self.sockets.entry(port).or_default();
        all.push(Held {
            number,
            local,
            is_connected: false,
            created: None,
            is_told: true,
            seen: time,
            round: self.round,
            counts,
        });
        all.len() - 1
    }

    /// Gives every endpoint of what tables showed its number, and what was counted of it if that is
    /// wanted. Connections that were told to have ended, and are gone, are told to be closed.
    pub fn number(&mut self, snapshot: &mut Snapshot, is_measuring: bool) {
        self.round = self.round.wrapping_add(1).max(1);
        let time = snapshot.time;
        for endpoint in &mut snapshot.endpoints {
            let (number, counts) = match (endpoint.transport, endpoint.remote) {
                (Transport::Tcp, Some(remote)) => self.connection(time, endpoint, remote),
                _ => self.socket(time, endpoint),
            };
            endpoint.birth.get_or_insert_default().number = Some(number);
            if let Some(since) = self.counted.filter(|_| is_measuring) {
                counts.lay_upon(endpoint, since);
            }
        }
        self.forget(time);
    }

    /// The number of a connection in a table.
    fn connection(&mut self, time: Timestamp, row: &Endpoint, remote: SocketAddr) -> (u64, Counts) {
        let sides = sides((row.local, remote));
        let is_left = row.state == Some(State::TimeWait);
        let counted = self.counted;
        let known = self.connections.get_mut(&sides);
        if is_left && known.as_ref().is_some_and(|it| it.is_told && it.seen > time) {
            // The sides were used again after the tables had been read.
            return (self.next(), Counts::default());
        }
        if let Some(known) = known.filter(|it| it.is(row, is_left)) {
            if let Some(end) = known.ending
                && (is_left || end <= time)
            {
                if is_left {
                    self.told.push(closed(end, (row.local, remote), known, counted));
                }
                // Else it has not ended: the kernel still finishes it.
                known.ending = None;
            }
            known.created = row.created().or(known.created);
            (known.is_left, known.round) = (is_left, self.round);
            known.seen = known.seen.max(time);
            return (known.number, known.counts);
        }
        let number = self.next();
        let connection = Connection {
            number,
            pid: pid_of(row),
            created: row.created(),
            seen: time,
            is_told: false,
            ending: None,
            is_left,
            round: self.round,
            counts: Counts::default(),
        };
        let before = self.connections.insert(sides, connection);
        if let Some(before) = before
            && let Some(end) = before.ending
        {
            self.told.push(closed(end, (row.local, remote), &before, counted));
        }
        (number, Counts::default())
    }

    /// The number of a socket in a table that has no remote, or is UDP.
    fn socket(&mut self, time: Timestamp, row: &Endpoint) -> (u64, Counts) {
        let round = self.round;
        let all = self.sockets.entry((row.transport, pid_of(row), row.local.port())).or_default();
        let known = all.iter().position(|held| held.round != round && held.is(row));
        let told = || all.iter().position(|held| held.round != round && held.may_be(row));
        let place = known.or_else(told);
        let (number, seen, counts) = match place.and_then(|place| all.get(place)) {
            Some(held) => (held.number, held.seen.max(time), held.counts),
            None => {
                self.last += 1;
                (self.last, time, Counts::default())
            }
        };
        let shown = Held {
            number,
            local: row.local,
            is_connected: row.remote.is_some(),
            created: row.created(),
            is_told: false,
            seen,
            round,
            counts,
        };
        match place.and_then(|place| all.get_mut(place)) {
            Some(held) => *held = shown,
            None => all.push(shown),
        }
        (number, counts)
    }

    /// Forgets what the tables of `time` did not show, unless it is younger.
    fn forget(&mut self, time: Timestamp) {
        let (round, counted, out) = (self.round, self.counted, &mut self.told);
        self.connections.retain(|sides, known| {
            if known.round == round {
                return true;
            }
            if let Some(end) = known.ending {
                let (local, remote) = (SocketAddr::from(sides.0), SocketAddr::from(sides.1));
                out.push(closed(end, (local, remote), known, counted));
                return false;
            }
            known.seen >= time
        });
        self.sockets.retain(|_, all| {
            all.retain(|held| held.round == round || held.seen >= time);
            !all.is_empty()
        });
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

impl Connection {
    /// Whether a table's row is of this connection, or of what is left of it.
    fn is(&self, row: &Endpoint, is_left: bool) -> bool {
        let is_same = self.created.zip(row.created()).is_none_or(|(known, shown)| known == shown);
        is_left || (is_same && !self.is_left)
    }
}

impl Held {
    /// Whether a table's row is of this socket, which a table has shown before.
    fn is(&self, row: &Endpoint) -> bool {
        !self.is_told && self.local == row.local && self.created == row.created()
    }

    /// Whether a table's row may be of this socket, which only events told of: they tell the address
    /// that was used, not the one that it is bound to.
    fn may_be(&self, row: &Endpoint) -> bool {
        self.is_told && (row.local.ip().is_unspecified() || self.local.ip() == row.local.ip())
    }
}

/// Both sides of a connection as they are looked for.
fn sides((local, remote): (SocketAddr, SocketAddr)) -> Sides {
    ((local.ip(), local.port()), (remote.ip(), remote.port()))
}

/// The process that a table notes for a row; 0 for none.
fn pid_of(row: &Endpoint) -> u32 {
    row.birth.as_deref().and_then(|birth| birth.pid).unwrap_or(0)
}

/// Which of the sockets of a port uses this local address: one that is bound to it, else to any.
fn place_of(all: &[Held], ip: IpAddr) -> Option<usize> {
    let bound = all.iter().position(|held| held.local.ip() == ip);
    let any = || all.iter().position(|held| held.local.ip().is_unspecified());
    bound.or_else(any)
}

/// The same port of any address.
fn any(side: SocketAddr) -> SocketAddr {
    let ip: IpAddr = match side.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    SocketAddr::new(ip, side.port())
}
