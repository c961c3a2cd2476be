//! What a session makes of tables and events that went through the ledger.

use sockeye_core::endpoint::{Birth, Direction, Ownerless};
use sockeye_core::event::{Action, Coverage, EventKind, Occurrence};
use sockeye_core::session::Phase;
use sockeye_core::snapshot::Source;
use sockeye_core::{Owner, Owners, ProcessId, Session};

use super::told::blank;
use super::*;

const HERE: &str = "192.0.2.1:50000";
const THERE: &str = "198.51.100.7:443";

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_ns(second * 1_000_000_000)
}

/// A machine that is watched: its tables, what its session told.
struct World {
    ledger: Ledger,
    session: Session,
    rows: Vec<Endpoint>,
    told: Vec<Occurrence>,
}

impl World {
    /// One whose first tables, at the second 10, show `rows`; everything is counted from the start.
    fn with(rows: &[Endpoint]) -> Self {
        let coverage = Coverage { connections: true, ..Coverage::default() };
        let (mut ledger, session) = (Ledger::default(), Session::new(coverage));
        ledger.count_from(at(1));
        let mut world = Self { ledger, session, rows: rows.to_vec(), told: Vec::new() };
        world.look(10);
        world
    }

    fn look(&mut self, second: i64) {
        let mut snapshot = Snapshot::new(at(second), Source::Iphlpapi);
        snapshot.endpoints = self.rows.clone();
        self.ledger.number(&mut snapshot, true);
        self.ledger.take().into_iter().for_each(|event| self.session.handle_event(event));
        self.session.handle_snapshot(at(second), snapshot);
        self.session.handle_timeout(at(second));
        self.told.extend(self.session.take_occurrences());
    }

    fn hear(&mut self, second: i64, flow: Flow) {
        self.ledger.note(at(second), &flow);
        for mut event in self.ledger.take() {
            if let EventKind::Endpoint(sighting) = &mut event.kind {
                sighting.endpoint.owners = owned(flow.pid);
            }
            self.session.handle_event(event);
        }
        self.told.extend(self.session.take_occurrences());
    }

    /// What was told since the last call: second, action, local side.
    fn take(&mut self) -> Vec<String> {
        let line = |told: &Occurrence| {
            let (endpoint, second) =
                (told.endpoint.as_ref().unwrap(), told.time.unix_ns() / 1_000_000_000);
            let remote = endpoint.remote.map_or_else(String::new, |side| format!(" {side}"));
            format!("{second} {} {}{remote}", told.action.id(), endpoint.local)
        };
        let lines = self.told.iter().map(line).collect();
        self.told.clear();
        lines
    }

    fn numbers(&self) -> Vec<u64> {
        let living = self.session.lives().filter(|live| live.phase != Phase::Closed);
        let mut all: Vec<u64> = living.filter_map(|live| live.endpoint.id()).collect();
        all.sort_unstable();
        all
    }
}

fn owned(pid: u32) -> Owners {
    Owners::One(Owner { process: ProcessId { pid, start: 1 }, fd: None })
}

fn flow(transport: Transport, act: Act, pid: u32, (source, destination): (&str, &str)) -> Flow {
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    Flow { act, transport, is_ipv6: false, pid, bytes: 100, source, destination }
}

fn tcp(act: Act) -> Flow {
    flow(Transport::Tcp, act, 7, (HERE, THERE))
}

/// A table's row, made by process 7 at the second 5.
fn row(transport: Transport, local: &str, remote: &str, state: Option<State>) -> Endpoint {
    let remote = (!remote.is_empty()).then(|| remote.parse().unwrap());
    let sides = (local.parse().unwrap(), remote);
    let birth = Birth { created: Some(at(5)), pid: Some(7), service: None, number: None };
    let owned = Endpoint {
        birth: Some(Box::new(birth)),
        owners: owned(7),
        ..blank(transport, sides, (state, Direction::Unknown), 0)
    };
    if state == Some(State::TimeWait) {
        return Endpoint { owners: Owners::None(Ownerless::TimeWait), birth: None, ..owned };
    }
    owned
}

fn connection(state: State) -> Endpoint {
    row(Transport::Tcp, HERE, THERE, Some(state))
}

#[test]
fn a_connection_between_two_looks_is_told_whole() {
    let mut world = World::with(&[]);
    for (second, act) in [
        (11, Act::Connected),
        (11, Act::Sent),
        (12, Act::Received),
        (12, Act::Received),
        (13, Act::Disconnected),
    ] {
        world.hear(second, tcp(act));
    }
    assert_eq!(world.take(), [format!("11 opened {HERE} {THERE}")]);
    world.look(14);
    let closed = world.told.first().unwrap().clone();
    assert_eq!(world.take(), [format!("13 closed {HERE} {THERE}")]);
    assert_eq!(closed.duration_ns(), Some(2_000_000_000));
    let endpoint = closed.endpoint.unwrap();
    assert_eq!(endpoint.direction, Direction::Egress);
    assert_eq!(endpoint.owners, owned(7));
    let carried = endpoint.metrics.unwrap();
    assert_eq!((carried.sent_bytes, carried.received_bytes), (Some(100), Some(200)));
    assert_eq!((carried.retransmits, carried.since), (Some(0), None));
    world.look(15);
    assert_eq!(world.take(), [""; 0]);
}

#[test]
fn an_accepted_connection_that_lives_is_one_with_its_row() {
    let mut world = World::with(&[]);
    world.hear(11, tcp(Act::Accepted));
    world.hear(11, tcp(Act::Retransmitted));
    assert_eq!(world.take(), [format!("11 accepted {HERE} {THERE}")]);
    world.rows = vec![connection(State::Established)];
    world.look(12);
    world.look(13);
    assert_eq!(world.take(), [""; 0]);
    let live = world.session.lives().next().unwrap();
    assert_eq!(live.endpoint.created(), Some(at(5)), "the table's word");
    assert_eq!(live.endpoint.direction, Direction::Ingress);
    assert_eq!(live.endpoint.metrics.as_ref().unwrap().retransmits, Some(1));
}

#[test]
fn what_is_left_of_a_connection_is_not_that_connection() {
    let mut world = World::with(&[connection(State::Established)]);
    world.hear(11, tcp(Act::Disconnected));
    world.rows = vec![connection(State::TimeWait)];
    world.look(12);
    assert_eq!(world.take(), [format!("11 closed {HERE} {THERE}")]);
    world.look(13);
    // Its sides are used again.
    world.hear(14, tcp(Act::Connected));
    world.rows = vec![connection(State::Established)];
    world.look(15);
    assert_eq!(world.take(), [format!("14 opened {HERE} {THERE}")]);
}

#[test]
fn tables_that_are_older_than_an_opening_do_not_end_it() {
    let mut world = World::with(&[connection(State::TimeWait)]);
    world.hear(12, tcp(Act::Connected));
    world.look(11);
    world.rows = vec![connection(State::Established)];
    world.look(13);
    assert_eq!(world.take(), [format!("12 opened {HERE} {THERE}")]);
    assert_eq!(world.numbers().len(), 1);
}

#[test]
fn a_connection_that_is_still_being_closed_goes_on() {
    let mut world = World::with(&[connection(State::Established)]);
    world.hear(11, tcp(Act::Disconnected));
    world.rows = vec![connection(State::FinWait2)];
    world.look(12);
    assert_eq!(world.take(), [format!("12 state {HERE} {THERE}")]);
    world.rows.clear();
    world.look(13);
    assert_eq!(world.take(), [format!("13 closed {HERE} {THERE}")]);
}

#[test]
fn sides_that_are_used_again_at_once_are_two_connections() {
    let mut world = World::with(&[]);
    let acts = [Act::Connected, Act::Disconnected];
    for (second, act) in (11..).zip(acts.into_iter().cycle().take(4)) {
        world.hear(second, tcp(act));
    }
    world.look(20);
    let expected = ["11 opened", "12 closed", "13 opened", "14 closed"];
    assert_eq!(world.take(), expected.map(|what| format!("{what} {HERE} {THERE}")));
}

#[test]
fn an_opening_that_is_told_late_is_not_told_twice() {
    let mut world = World::with(&[]);
    world.rows = vec![connection(State::Established)];
    world.look(12);
    // The table says when.
    assert_eq!(world.take(), [format!("5 opened {HERE} {THERE}")]);
    world.hear(11, tcp(Act::Connected));
    world.look(13);
    assert_eq!(world.take(), [""; 0]);
    assert_eq!(world.session.lives().next().unwrap().endpoint.direction, Direction::Egress);
}

#[test]
fn data_goes_to_the_end_of_the_process_that_is_told() {
    let (mut one, mut other) = (connection(State::Established), connection(State::Established));
    (other.local, other.remote) = (one.remote.unwrap(), Some(one.local));
    other.birth.as_mut().unwrap().pid = Some(8);
    one.direction = Direction::Egress;
    let mut world = World::with(&[one, other]);
    world.hear(11, flow(Transport::Tcp, Act::Sent, 7, (HERE, THERE)));
    world.hear(11, flow(Transport::Tcp, Act::Received, 8, (HERE, THERE)));
    world.look(12);
    for live in world.session.lives() {
        let carried = live.endpoint.metrics.as_ref().unwrap();
        let expected = if live.endpoint.local.port() == 443 { (0, 100) } else { (100, 0) };
        assert_eq!(
            (carried.sent_bytes, carried.received_bytes),
            (Some(expected.0), Some(expected.1))
        );
        assert_eq!(carried.since, Some(at(1)), "it was there before");
    }
}

#[test]
fn a_socket_of_udp_is_told_with_whom_it_speaks() {
    let mut world = World::with(&[]);
    let sent = |to| flow(Transport::Udp, Act::Sent, 7, ("192.0.2.1:5000", to));
    world.hear(11, sent("198.51.100.7:53"));
    world.hear(11, sent("198.51.100.7:53"));
    world.hear(12, flow(Transport::Udp, Act::Received, 7, ("198.51.100.8:53", "192.0.2.1:5000")));
    let first = ["11 bound 192.0.2.1:5000", "11 peer 192.0.2.1:5000 198.51.100.7:53"];
    assert_eq!(world.take(), [first[0], first[1], "12 peer 192.0.2.1:5000 198.51.100.8:53"]);
    // It turns out to be bound to every address.
    world.rows = vec![row(Transport::Udp, "0.0.0.0:5000", "", None)];
    world.look(13);
    world.hear(14, sent("198.51.100.7:53"));
    assert_eq!(world.take(), [""; 0]);
    world.look(15);
    let live = world.session.lives().next().unwrap();
    assert_eq!(live.endpoint.local.to_string(), "0.0.0.0:5000");
    let carried = live.endpoint.metrics.as_ref().unwrap();
    assert_eq!((carried.sent_bytes, carried.received_bytes), (Some(300), Some(100)));
    world.rows.clear();
    world.look(16);
    assert_eq!(world.take(), ["16 closed 0.0.0.0:5000"]);
}

#[test]
fn a_connected_socket_of_udp_has_no_other_peers() {
    let mut world = World::with(&[row(Transport::Udp, "192.0.2.1:5000", "198.51.100.7:53", None)]);
    world.hear(11, flow(Transport::Udp, Act::Sent, 7, ("192.0.2.1:5000", "198.51.100.7:53")));
    assert_eq!(world.take(), [""; 0]);
}

#[test]
fn multicast_says_nothing_about_the_local_side() {
    let mut world = World::with(&[]);
    let came = ("198.51.100.8:5353", "224.0.0.251:5353");
    world.hear(11, flow(Transport::Udp, Act::Received, 7, came));
    assert_eq!(world.take().first().map(String::as_str), Some("11 bound 0.0.0.0:5353"));
}

#[test]
fn sockets_that_look_alike_keep_their_numbers() {
    let mut twins = [(); 3].map(|()| row(Transport::Udp, "0.0.0.0:5353", "", None));
    twins[2].birth.as_mut().unwrap().created = Some(at(6));
    let mut rows = twins.to_vec();
    rows.push(row(Transport::Tcp, "0.0.0.0:80", "", Some(State::Listen)));
    let mut world = World::with(&rows);
    let numbers = world.numbers();
    assert_eq!(numbers.len(), 4);
    world.look(11);
    world.rows.rotate_left(2);
    world.look(12);
    assert_eq!((world.numbers(), world.take()), (numbers.clone(), vec![]));
    world.rows.retain(|row| row.created() != Some(at(6)));
    world.look(13);
    assert_eq!(world.numbers().len(), 3);
    assert!(world.numbers().iter().all(|number| numbers.contains(number)));
}

#[test]
fn a_row_that_was_made_anew_is_another_connection() {
    let mut world = World::with(&[connection(State::Established)]);
    world.rows[0].birth.as_mut().unwrap().created = Some(at(11));
    world.look(12);
    let expected = ["11 opened", "12 closed"].map(|what| format!("{what} {HERE} {THERE}"));
    assert_eq!(world.take(), expected);
}

#[test]
fn after_a_loss_counting_begins_anew() {
    let mut world = World::with(&[]);
    world.hear(11, tcp(Act::Connected));
    world.hear(11, tcp(Act::Sent));
    world.ledger.lose(at(12));
    world.rows = vec![connection(State::Established)];
    world.look(13);
    let live = world.session.lives().next().unwrap();
    let carried = live.endpoint.metrics.as_ref().unwrap();
    assert_eq!((carried.sent_bytes, carried.since), (Some(0), Some(at(12))));
    assert_eq!(carried.retransmits, Some(0));
}

#[test]
fn ends_and_data_of_what_nobody_knows_are_let_go() {
    let mut world = World::with(&[]);
    for act in [Act::Disconnected, Act::Sent, Act::Received, Act::Retransmitted] {
        world.hear(11, tcp(act));
    }
    world.look(12);
    assert_eq!(world.take(), [""; 0]);
    assert_eq!((world.ledger.connections.len(), world.ledger.sockets.len()), (0, 0));
    assert!(world.told.iter().all(|told| told.action != Action::Lost));
}
