//! From made-up raw answers to snapshots.

use sockeye_core::snapshot::Source;

use super::*;
use crate::raw::{Raw, RawNamespace};

/// Raw answers of one namespace with these sockets and processes.
fn raw(sockets: Vec<SocketRow>, processes: Vec<RawProcess>) -> Raw {
    let namespace = RawNamespace {
        id: Some(NamespaceId::Inode(7)),
        label: "self".to_owned(),
        pid: None,
        is_own: true,
        interfaces: vec![(3, "eth0".to_owned())],
        sockets,
        vanished: vec![13],
        held: Vec::new(),
        rows: Vec::new(),
        answers: Vec::new(),
    };
    Raw {
        time: Timestamp::from_unix_ns(0),
        source: Source::SockDiag,
        boot: Timestamp::from_unix_ns(1_000_000_123_456_789),
        ticks_per_second: 100,
        ephemeral_ports: (32768, 60999),
        namespaces: vec![namespace],
        has_owners: true,
        processes,
        users: vec![(33, "www-data".to_owned())],
        cgroups: vec![(5, "/system.slice/nginx.service".to_owned())],
        described: Vec::new(),
        service_tags: Vec::new(),
        degradations: Vec::new(),
    }
}

/// A TCP socket; sides as text, `-` for no remote.
fn tcp(state: State, local: &str, remote: &str, inode: u64) -> SocketRow {
    SocketRow {
        transport: Transport::Tcp,
        is_ipv6: false,
        state: Some(state),
        local: local.parse().unwrap(),
        remote: (remote != "-").then(|| remote.parse().unwrap()),
        inode,
        cookie: Some(inode + 10),
        uid: Some(33),
        receive_queue: 4,
        send_queue: 128,
        interface: 0,
        cgroup_id: Some(5),
        metrics: None,
    }
}

/// A process that holds these descriptors.
fn process(pid: u32, start: u64, sockets: &[(u32, u64)]) -> RawProcess {
    RawProcess {
        pid,
        start,
        name: "nginx".to_owned(),
        parent: 1,
        status: Ok(b"Name:\tnginx\nUid:\t0\t33\t33\t33\n".to_vec()),
        command_line: Ok(b"nginx: worker process\0\0\0".to_vec()),
        image: Ok(b"/usr/sbin/nginx (deleted)".to_vec()),
        cgroup: Ok(b"0::/system.slice/nginx.service\n".to_vec()),
        sockets: sockets.to_vec(),
    }
}

#[test]
fn every_holder_is_an_owner_the_oldest_first() {
    let socket = tcp(State::Listen, "0.0.0.0:80", "-", 100);
    let holders = vec![process(9, 50, &[(6, 100), (7, 100)]), process(12, 20, &[(3, 100)])];
    let snapshot = assemble(raw(vec![socket], holders));
    let owners = snapshot.endpoints[0].owners.as_slice();
    let found: Vec<_> = owners.iter().map(|o| (o.process.pid, o.fd)).collect();
    assert_eq!(found, [(12, Some(3)), (9, Some(6)), (9, Some(7))]);
    assert_eq!(snapshot.processes.len(), 2);
}

#[test]
fn endpoints_without_owner_say_why() {
    let check = |socket: SocketRow, degradation: Option<Degradation>, reason| {
        let mut raw = raw(vec![socket], Vec::new());
        raw.degradations.extend(degradation);
        let snapshot = assemble(raw);
        assert_eq!(snapshot.endpoints[0].owners, Owners::None(reason));
    };
    let connected = |state, inode| tcp(state, "10.0.0.1:80", "10.0.0.2:5000", inode);
    check(connected(State::TimeWait, 0), None, Ownerless::TimeWait);
    check(connected(State::SynReceived, 0), None, Ownerless::Handshake);
    check(connected(State::Established, 0), None, Ownerless::Unaccepted);
    check(connected(State::CloseWait, 0), None, Ownerless::Unaccepted);
    check(connected(State::FinWait2, 0), None, Ownerless::Orphaned);
    check(connected(State::LastAck, 0), None, Ownerless::Orphaned);
    check(connected(State::Established, 3), None, Ownerless::Vanished); // cookie 13
    check(connected(State::Established, 8), None, Ownerless::Kernel);
    let denied = || Some(Degradation::ProcessesDenied { count: 1 });
    check(connected(State::Established, 8), denied(), Ownerless::NotPermitted);
    check(connected(State::Established, 3), denied(), Ownerless::Vanished);
    check(connected(State::FinWait1, 0), denied(), Ownerless::Orphaned);
    let enclosed = Some(Degradation::OutsidePidNamespace);
    check(connected(State::Established, 8), enclosed, Ownerless::Outside);
}

#[test]
fn owners_that_were_not_looked_for_are_not_called_absent() {
    let mut raw = raw(vec![tcp(State::Listen, "0.0.0.0:80", "-", 8)], Vec::new());
    raw.has_owners = false;
    let snapshot = assemble(raw);
    assert_eq!(snapshot.endpoints[0].owners, Owners::None(Ownerless::NotObserved));
}

#[test]
fn directions_follow_listeners_and_ephemeral_ports() {
    let check = |state, local, remote, direction| {
        let rows = vec![tcp(State::Listen, "0.0.0.0:80", "-", 8), tcp(state, local, remote, 9)];
        let snapshot = assemble(raw(rows, Vec::new()));
        assert_eq!(snapshot.endpoints[1].direction, direction, "{local} {remote}");
    };
    check(State::Established, "10.0.0.1:80", "10.0.0.2:5000", Direction::Ingress);
    check(State::Established, "10.0.0.1:40000", "10.0.0.2:443", Direction::Egress);
    check(State::Established, "10.0.0.1:40000", "10.0.0.2:40001", Direction::Unknown);
    check(State::Established, "10.0.0.1:22", "10.0.0.2:40001", Direction::Unknown);
    check(State::SynSent, "10.0.0.1:22", "10.0.0.2:40001", Direction::Egress);
    check(State::Established, "127.0.0.1:1000", "127.0.0.1:80", Direction::Egress);
    check(State::Listen, "0.0.0.0:81", "-", Direction::Listen);
    check(State::Bound, "0.0.0.0:81", "-", Direction::Unknown);
}

#[test]
fn a_row_given_twice_is_one_endpoint_in_its_last_state() {
    let early = tcp(State::Established, "10.0.0.1:80", "10.0.0.2:5000", 9);
    let late = SocketRow { state: Some(State::CloseWait), ..early.clone() };
    let other = tcp(State::Listen, "0.0.0.0:80", "-", 8);
    let snapshot = assemble(raw(vec![early, other, late], Vec::new()));
    let states: Vec<_> = snapshot.endpoints.iter().map(|e| e.state).collect();
    assert_eq!(states, [Some(State::Listen), Some(State::CloseWait)]);
}

#[test]
fn rows_without_cookie_are_never_taken_for_repeats() {
    let row = SocketRow { cookie: None, ..tcp(State::Listen, "0.0.0.0:80", "-", 8) };
    let shared = SocketRow { inode: 9, ..row.clone() };
    assert_eq!(assemble(raw(vec![row, shared], Vec::new())).endpoints.len(), 2);
}

#[test]
fn queues_mean_what_the_state_says() {
    let check = |state, remote, queue| {
        let snapshot = assemble(raw(vec![tcp(state, "10.0.0.1:80", remote, 8)], Vec::new()));
        assert_eq!(snapshot.endpoints[0].queue, queue);
    };
    check(State::Listen, "-", Some(Queue::Backlog { used: 4, limit: Some(128) }));
    check(State::Established, "10.0.0.2:1", Some(Queue::Bytes { receive: 4, send: 128 }));
    check(State::TimeWait, "10.0.0.2:1", None);
    // SYN and FIN take a place in a queue, and are no payload.
    let check = |state, receive, send| {
        check(state, "10.0.0.2:1", Some(Queue::Bytes { receive, send }));
    };
    check(State::SynSent, 4, 127);
    check(State::FinWait1, 4, 127);
    check(State::FinWait2, 4, 128);
    check(State::CloseWait, 3, 128);
    check(State::Closing, 3, 127);
    check(State::LastAck, 3, 127);
}

#[test]
fn a_process_is_described_by_its_texts() {
    let sockets = vec![tcp(State::Listen, "0.0.0.0:80", "-", 100)];
    let snapshot = assemble(raw(sockets, vec![process(9, 5012, &[(6, 100)])]));
    let described = snapshot.processes.values().next().unwrap();
    assert_eq!(&*described.name, "nginx");
    assert_eq!(described.path.as_deref(), Ok("/usr/sbin/nginx"));
    assert!(described.is_deleted);
    assert_eq!(described.command_line.as_deref(), Ok("nginx: worker process"));
    assert_eq!(described.user_id, Some(33));
    assert_eq!(described.cgroup.as_deref(), Some("/system.slice/nginx.service"));
    // 1,000,000.12 s after 1970, cut to a tick, and 50.12 s.
    assert_eq!(described.created, Some(Timestamp::from_unix_ns(1_000_050_240_000_000)));
    assert_eq!(snapshot.user_name(33), Some("www-data"));
}

#[test]
fn an_interpreter_is_told_by_what_it_runs() {
    let mut python = process(9, 50, &[(6, 100)]);
    python.image = Ok(b"/usr/bin/python3.11".to_vec());
    python.command_line = Ok(b"python3\0-u\0/srv/it's.py\0--all\0".to_vec());
    let sockets = vec![tcp(State::Listen, "0.0.0.0:80", "-", 100)];
    let snapshot = assemble(raw(sockets, vec![python]));
    let described = snapshot.processes.values().next().unwrap();
    assert_eq!(described.script.as_deref(), Some("/srv/it's.py"));
}

#[test]
fn a_title_is_no_script() {
    let check = |image: &str, command_line: &[u8]| {
        let mut titled = process(9, 50, &[(6, 100)]);
        titled.image = Ok(image.as_bytes().to_vec());
        titled.command_line = Ok(command_line.to_vec());
        let snapshot =
            assemble(raw(vec![tcp(State::Listen, "0.0.0.0:80", "-", 100)], vec![titled]));
        let described = snapshot.processes.values().next().unwrap();
        assert_eq!(described.script, None, "{:?}", described.command_line);
    };
    check("/usr/bin/perl", b"spamd child\0\0\0\0\0");
    check("/usr/bin/perl", b"/usr/bin/python3 /srv/fake.py\0\0\0");
    check("/usr/bin/python3.11", b"gunicorn: master [app]");
    check("/usr/bin/python3.11", b"/usr/bin/python3 /srv/fake.py");
    check("/usr/bin/ruby3.1", b"puma 6.4 (tcp://0.0.0.0:80) [app]\0\0");
    check("/usr/bin/python3.11", b"x: worker\0/srv/left.py\0");
}

#[test]
fn texts_that_could_not_be_read_say_why() {
    let mut gone = process(9, 50, &[(6, 100)]);
    gone.image = Err(Unreadable::Denied);
    gone.command_line = Ok(Vec::new());
    gone.status = Err(Unreadable::Vanished);
    let sockets = vec![tcp(State::Listen, "0.0.0.0:80", "-", 100)];
    let snapshot = assemble(raw(sockets, vec![gone]));
    let described = snapshot.processes.values().next().unwrap();
    assert_eq!(&*described.name, "nginx");
    assert_eq!(described.path, Err(Absent::Denied));
    assert_eq!(described.command_line, Err(Absent::Nonexistent));
    assert_eq!(described.user_id, None);
}

#[test]
fn interfaces_and_groups_are_named() {
    let row = SocketRow { interface: 3, ..tcp(State::Listen, "[fe80::1%3]:80", "-", 8) };
    let snapshot = assemble(raw(vec![row], Vec::new()));
    let endpoint = &snapshot.endpoints[0];
    assert_eq!(endpoint.interface.as_deref(), Some("eth0"));
    assert_eq!(endpoint.cgroup.as_deref(), Some("/system.slice/nginx.service"));
}

#[test]
fn the_same_degradation_is_said_once() {
    let mut raw = raw(Vec::new(), Vec::new());
    let malformed = |count, first: &str| Degradation::Malformed { count, first: first.to_owned() };
    raw.degradations = vec![malformed(2, "a"), malformed(3, "b"), Degradation::ProcessesHidden];
    let said = assemble(raw).degradations;
    assert_eq!(said, [malformed(5, "a"), Degradation::ProcessesHidden]);
}

#[test]
fn absurd_times_are_not_known() {
    let sockets = || vec![tcp(State::Listen, "0.0.0.0:80", "-", 100)];
    let check = |boot, start, ticks_per_second| {
        let mut raw = raw(sockets(), vec![process(9, start, &[(6, 100)])]);
        raw.boot = Timestamp::from_unix_ns(boot);
        raw.ticks_per_second = ticks_per_second;
        let snapshot = assemble(raw);
        assert_eq!(snapshot.processes.values().next().unwrap().created, None, "{boot} {start}");
    };
    check(i64::MIN, 0, 100);
    check(i64::MAX, 100, 100);
    check(0, u64::MAX, 100);
    check(0, 5, 0);
    check(0, 5, u64::MAX);
}
