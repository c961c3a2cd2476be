//! What polling hears of real sockets as they close.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{set_socket_linger, socket_cookie};
use sockeye_core::endpoint::Direction;
use sockeye_core::event::{Change, Coverage, EventKind, Reason, Sighting};
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, State};
use sockeye_os::{Kind, Namespaces, SourceChoice, Wants, Watcher, observe};

/// However slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

fn wants(source: SourceChoice) -> Wants {
    Wants { namespaces: Namespaces::Own, source, ..Wants::EVERYTHING }
}

fn cookie(socket: impl AsFd) -> u64 {
    socket_cookie(socket).unwrap()
}

/// What is told of sockets by their cookies, until every one of `cookies` was told of, and then one
/// that is closed last: by then whatever would be told twice has been.
fn hear(watcher: &mut Watcher, cookies: &[u64]) -> BTreeMap<u64, Vec<Sighting>> {
    let mut told = hear_all(watcher, cookies);
    let last = UdpSocket::bind("127.0.0.1:0").unwrap();
    let last_cookie = cookie(&last);
    drop(last);
    for (cookie, more) in hear_all(watcher, &[last_cookie]) {
        told.entry(cookie).or_default().extend(more);
    }
    told
}

fn hear_all(watcher: &mut Watcher, cookies: &[u64]) -> BTreeMap<u64, Vec<Sighting>> {
    let mut told: BTreeMap<u64, Vec<Sighting>> = BTreeMap::new();
    let end = Instant::now() + PATIENCE;
    while !cookies.iter().all(|cookie| told.contains_key(cookie)) {
        let mut events = Vec::new();
        let left = end.checked_duration_since(Instant::now()).expect("all are told of in time");
        watcher.wait(left, &mut events).unwrap();
        for event in events {
            let sighting = match event.kind {
                EventKind::Endpoint(sighting) => sighting,
                EventKind::User { .. } => continue,
                kind => panic!("{kind:?}"),
            };
            let cookie = sighting.endpoint.socket.cookie.expect("a cookie");
            told.entry(cookie).or_default().push(*sighting);
        }
    }
    told
}

/// A connection on the loopback: the side that connected, the one that accepted.
fn connect(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, from) = listener.accept().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    (client, server)
}

#[test]
fn every_connection_that_was_reset_is_told_closed_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut watcher = Watcher::start(&wants(SourceChoice::Netlink)).unwrap();
    let mut expected: BTreeMap<u64, (SocketAddr, Option<SocketAddr>)> = BTreeMap::new();
    for _ in 0..100 {
        let (client, server) = connect(&listener);
        let (local, remote) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        // Of a socket that resets its connection the kernel forgets the addresses first.
        expected.insert(cookie(&client), (([0, 0, 0, 0], local.port()).into(), None));
        expected.insert(cookie(&server), (remote, Some(local)));
        // Closed with a reset: nothing waits afterwards, on neither side.
        set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    }
    let cookies: Vec<u64> = expected.keys().copied().collect();
    let told = hear(&mut watcher, &cookies);
    for (cookie, (local, remote)) in expected {
        let [told] = told[&cookie].as_slice() else { panic!("{:?}", told[&cookie]) };
        assert_eq!(told.change, Change::Closed(Reason::Unknown));
        assert_eq!((told.endpoint.local, told.endpoint.remote), (local, remote));
        assert_eq!(told.endpoint.state, Some(State::Closed));
    }
}

#[test]
fn the_side_that_closed_first_waits_and_the_other_is_closed() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let mut watcher = Watcher::start(&wants(SourceChoice::Netlink)).unwrap();
    let snapshot = watcher.snapshot().unwrap();
    let namespace = snapshot.namespaces.iter().find(|namespace| namespace.is_own).unwrap().id;
    let (mut client, mut server) = connect(&listener);
    client.write_all(b"a request").unwrap();
    let (first, second) = (cookie(&client), cookie(&server));
    drop(client);
    server.read_to_end(&mut Vec::new()).unwrap();
    drop(server);
    let told = hear(&mut watcher, &[first, second]);
    let (waits, closed) = (&told[&first], &told[&second]);
    assert_eq!((waits.len(), closed.len()), (1, 1));
    assert_eq!(waits[0].change, Change::State(None));
    let state = waits[0].endpoint.state;
    assert!(matches!(state, Some(State::TimeWait | State::FinWait2)), "{state:?}");
    assert_eq!(closed[0].change, Change::Closed(Reason::Unknown));
    let sent = |sighting: &Sighting| sighting.endpoint.metrics.as_ref().unwrap().sent_bytes;
    assert_eq!((sent(&waits[0]), sent(&closed[0])), (Some(9), Some(0)));
    assert_eq!(waits[0].endpoint.direction, Direction::Egress);
    assert_eq!(closed[0].endpoint.direction, Direction::Ingress);
    assert_eq!(closed[0].endpoint.namespace, Some(namespace));
    let later = watcher.snapshot().unwrap();
    let waiting = later.endpoints.iter().find(|e| e.socket.cookie == Some(first)).unwrap();
    assert_eq!(waiting.key(), waits[0].endpoint.key(), "it is the one that the tables have");
}

#[test]
fn what_waits_is_told_with_the_cookie_that_the_tables_have() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut watcher = Watcher::start(&wants(SourceChoice::Netlink)).unwrap();
    // Of these sockets nobody asked for the cookie while they were open.
    let closed = (0..20).map(|_| connect(&listener).0.local_addr().unwrap());
    let closed: Vec<SocketAddr> = closed.collect();
    let told = hear(&mut watcher, &[]);
    let told: Vec<&Sighting> = told.values().flatten().collect();
    let snapshot = watcher.snapshot().unwrap();
    for local in closed {
        let of_it = told.iter().filter(|sighting| sighting.endpoint.local == local);
        let [told] = of_it.collect::<Vec<_>>()[..] else { panic!("{local} is told of once") };
        assert_eq!(told.change, Change::State(None));
        let waiting = snapshot.endpoints.iter().find(|endpoint| endpoint.local == local).unwrap();
        assert_eq!(waiting.key(), told.endpoint.key());
    }
}

#[test]
fn listeners_and_udp_are_told_closed_once() {
    let udp = |address| UdpSocket::bind(address).unwrap();
    let connected = udp("127.0.0.1:0");
    connected.connect("127.0.0.1:9").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (bound, bound6) = (udp("127.0.0.1:0"), udp("[::1]:0"));
    let mut watcher = Watcher::start(&wants(SourceChoice::Netlink)).unwrap();
    let nine = Some("127.0.0.1:9".parse().unwrap());
    let expected = [
        (cookie(&connected), connected.local_addr().unwrap(), nine, None),
        (cookie(&bound), bound.local_addr().unwrap(), None, None),
        (cookie(&bound6), bound6.local_addr().unwrap(), None, None),
        (cookie(&listener), listener.local_addr().unwrap(), None, Some(State::Closed)),
    ];
    drop((connected, listener, bound, bound6));
    let told = hear(&mut watcher, &expected.map(|(cookie, ..)| cookie));
    for (cookie, local, remote, state) in expected {
        let [told] = told[&cookie].as_slice() else { panic!("{:?}", told[&cookie]) };
        assert_eq!(told.change, Change::Closed(Reason::Unknown));
        let endpoint = &told.endpoint;
        assert_eq!((endpoint.local, endpoint.remote, endpoint.state), (local, remote, state));
    }
}

#[test]
fn a_source_asked_for_by_name_is_the_one_that_is_used() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let check = |choice, source, cookie: Option<u64>| {
        let snapshot = observe(&wants(choice)).unwrap();
        assert_eq!(snapshot.source, source);
        let local = socket.local_addr().unwrap();
        let found = snapshot.endpoints.iter().find(|e| e.local == local && e.remote.is_none());
        let found = found.unwrap();
        assert_eq!(found.socket.cookie, cookie, "{choice:?}");
        assert_eq!(found.owners.as_slice()[0].process.pid, std::process::id());
        let fell_back = |d: &Degradation| matches!(d, Degradation::SockDiagUnavailable { .. });
        assert!(!snapshot.degradations.iter().any(fell_back));
    };
    check(SourceChoice::Netlink, Source::SockDiag, Some(cookie(&socket)));
    check(SourceChoice::Proc, Source::Procfs, None);
    match observe(&wants(SourceChoice::Ebpf)) {
        Ok(_) => check(SourceChoice::Ebpf, Source::Ebpf, Some(cookie(&socket))),
        Err(error) => assert!(matches!(error.kind, Kind::Denied | Kind::Unsupported), "{error}"),
    }
}

#[test]
fn what_cannot_be_told_is_said() {
    let check = |source, expected: &str| {
        let watcher = Watcher::start(&wants(source)).unwrap();
        assert_eq!(watcher.coverage(), Coverage::default());
        let limits: Vec<String> = watcher.limits().iter().map(ToString::to_string).collect();
        let short = "connections shorter than the interval show no process, or not at all";
        assert_eq!(limits, [format!("{short} ({expected})")]);
    };
    check(SourceChoice::Netlink, "sock_diag tells of closings alone");
    check(SourceChoice::Proc, "/proc tells of nothing as it happens");
}
