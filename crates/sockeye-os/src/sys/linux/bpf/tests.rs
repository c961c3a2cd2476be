//! Programs that a kernel refuses, each on its own. They take the capabilities for eBPF; without these
//! the tests say that they are skipped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use aya_obj::Object;
use rustix::net::sockopt::socket_cookie;
use sockeye_core::endpoint::Direction;
use sockeye_core::event::{Change, Coverage, Event, EventKind, Sighting};
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, Endpoint, Snapshot};

use super::examine::{examine_events, examine_lists, examine_truth};
use super::load::*;
use super::stream::Stream;
use crate::support::Status;
use crate::{Namespaces, SourceChoice, Wants};

/// All there is in our own network.
const WANTS: Wants =
    Wants { namespaces: Namespaces::Own, source: SourceChoice::Ebpf, ..Wants::EVERYTHING };
/// Everything that Sockeye has programs for, ready for events.
const EVERYTHING: Setup = Setup { ring_bytes: Some(1 << 20), is_measuring: true, ..Setup::PLAIN };

/// A stream without the programs `refused`; nothing where eBPF is not permitted at all.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn stream_without(refused: &'static [&'static str]) -> Option<Stream> {
    match Programs::prepare(&EVERYTHING) {
        Ok(_) => Some(Stream::start_without(refused, &WANTS).unwrap()),
        Err(refused) => {
            println!("skipped: {refused}");
            None
        }
    }
}

/// The names of the programs of `programs` that the kernel refuses, with its reasons.
fn refused_of(programs: &Programs) -> Vec<(&'static str, String)> {
    let refused =
        |program: Program| Some((program.name, programs.load(program).err()?.to_string()));
    PROGRAMS.into_iter().filter_map(refused).collect()
}

fn cookie(socket: impl AsFd) -> u64 {
    socket_cookie(socket.as_fd()).unwrap()
}

/// The endpoint with this cookie.
fn find(snapshot: &Snapshot, cookie: u64) -> Option<&Endpoint> {
    snapshot.endpoints.iter().find(|endpoint| endpoint.socket.cookie == Some(cookie))
}

/// What `stream` tells of the socket with this cookie, up to the first that is like this.
fn hear(stream: &mut Stream, cookie: u64, is_like: impl Fn(&Sighting) -> bool) -> Sighting {
    let end = Instant::now() + Duration::from_secs(10);
    let mut events: Vec<Event> = Vec::new();
    while Instant::now() < end {
        stream.wait(Duration::from_millis(50), &mut events).unwrap();
        for event in events.drain(..) {
            let EventKind::Endpoint(sighting) = event.kind else { continue };
            if sighting.endpoint.socket.cookie == Some(cookie) && is_like(&sighting) {
                return *sighting;
            }
        }
    }
    panic!("nothing was told of it");
}

/// Whose it is said to be.
fn pids(endpoint: &Endpoint) -> Vec<u32> {
    endpoint.owners.as_slice().iter().map(|owner| owner.process.pid).collect()
}

/// A connection of our own: the listener, the connecting end, the accepted one.
fn connection() -> (TcpListener, TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    (listener, client, server)
}

/// `stream` tells of UDP of our own, and a snapshot has it with this process.
fn check_udp(stream: &mut Stream) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let bound = hear(stream, cookie(&socket), |told| told.change == Change::Bound);
    assert_eq!(pids(&bound.endpoint), [std::process::id()]);
    let snapshot = stream.snapshot().unwrap();
    assert_eq!(pids(find(&snapshot, cookie(&socket)).unwrap()), [std::process::id()]);
    assert_eq!(snapshot.source, Source::Ebpf);
}

/// What a stream is limited by, in words.
fn limits(stream: &Stream) -> String {
    stream.limits().iter().map(|limit| format!("{limit}\n")).collect()
}

#[test]
fn this_kernel_takes_every_program() {
    if let Some(stream) = stream_without(&[]) {
        assert_eq!(refused_of(&Programs::prepare(&EVERYTHING).unwrap()), []);
        assert_eq!(stream.limits(), []);
    }
}

#[test]
fn without_the_iterator_over_descriptors_events_run_beside_tables() {
    let Some(mut stream) = stream_without(&["list_held"]) else { return };
    assert!(stream.coverage().tcp && stream.coverage().udp);
    assert_eq!(
        limits(&stream),
        "tables and descriptors are read, not the kernel's own lists (program list_held: refused \
         for a test)\n"
    );
    check_udp(&mut stream);
    let (_listener, client, server) = connection();
    let is_state = |told: &Sighting| matches!(told.change, Change::State(_));
    hear(&mut stream, cookie(&server), is_state);
    let snapshot = stream.snapshot().unwrap();
    for end in [&client, &server] {
        assert_eq!(pids(find(&snapshot, cookie(end)).unwrap()), [std::process::id()]);
    }
}

#[test]
fn without_iterators_over_tables_what_nobody_holds_is_found_in_them() {
    let Some(mut stream) = stream_without(&["list_tcp", "list_udp"]) else { return };
    let told = limits(&stream);
    assert!(told.contains("list_tcp: refused") && told.contains("list_udp: refused"), "{told}");
    check_udp(&mut stream);
    let (_listener, client, server) = connection();
    // What is left of it in TIME-WAIT has no owner.
    let waiting = cookie(&client);
    drop(client);
    drop(server);
    let snapshot = stream.snapshot().unwrap();
    let is_missing = |lack: &Degradation| matches!(lack, Degradation::TableUnavailable { .. });
    assert!(!snapshot.degradations.iter().any(is_missing), "{:?}", snapshot.degradations);
    let left = find(&snapshot, waiting).unwrap();
    assert_eq!(left.state, Some(sockeye_core::State::TimeWait));
}

#[test]
fn without_states_udp_is_told_and_tcp_when_it_is_used() {
    let Some(mut stream) = stream_without(&["tcp_state"]) else { return };
    let told = Coverage { tcp: false, ..stream.coverage() };
    assert_eq!(stream.coverage(), Coverage { tcp: false, udp: true, ..told });
    let expected = "not told as it happens: TCP's changes of state (refused for a test)\n";
    assert_eq!(limits(&stream), expected);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    check_udp(&mut stream); // It takes a snapshot, which has the listener.
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    let mut check = |end: &TcpStream, direction| {
        let used = hear(&mut stream, cookie(end), |told| told.change == Change::Used);
        assert_eq!(used.endpoint.direction, direction);
        assert_eq!(pids(&used.endpoint), [std::process::id()]);
    };
    client.write_all(b"hello").unwrap();
    check(&client, Direction::Egress);
    server.read_exact(&mut [0; 5]).unwrap();
    check(&server, Direction::Ingress);
}

#[test]
fn without_any_events_there_is_no_stream() {
    const EVENTS: [&str; 12] = [
        "tcp_state",
        "tcp_state_within",
        "tcp_destroy",
        "count_sent",
        "count_received",
        "udp_bound4",
        "udp_bound6",
        "udp_released",
        "udp_sent4",
        "udp_sent6",
        "udp_received4",
        "udp_received6",
    ];
    if stream_without(&EVENTS[1..]).is_some() {
        let error = Stream::start_without(&EVENTS, &WANTS).unwrap_err();
        assert_eq!(error.to_string(), "cannot use eBPF: program tcp_state: refused for a test");
    }
}

#[test]
fn a_kernel_without_a_member_takes_the_programs_that_do_not_read_it() {
    if stream_without(&[]).is_none() {
        return;
    }
    let check = |member: &str, expected: &[&str]| {
        let mut kernel = std::fs::read(KERNEL_BTF).unwrap();
        let name = [b"\0", member.as_bytes(), b"\0"].concat();
        let at = kernel.windows(name.len()).position(|window| window == name).unwrap();
        kernel[at + 1] = b'?';
        let programs = Programs::prepare_for(&kernel, &EVERYTHING, relocate).unwrap();
        let refused = refused_of(&programs);
        let names: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, expected, "{refused:#?}");
        let lacks = "this kernel's structures lack a member that it reads";
        assert!(refused.iter().all(|(_, reason)| reason.contains(lacks)), "{refused:#?}");
    };
    check("tw_substate", &["list_tcp"]);
    check(
        "sk_max_ack_backlog",
        &[
            "list_held",
            "list_tcp",
            "tcp_state",
            "tcp_state_within",
            "tcp_destroy",
            "count_sent",
            "count_received",
        ],
    );
    check("forward_deficit", &["list_held", "list_udp", "count_sent", "count_received"]);
}

#[test]
fn a_program_that_cannot_be_adapted_is_left_out_and_the_others_run() {
    if stream_without(&[]).is_none() {
        return;
    }
    let check = |unfit: &'static str, expected: &[&str]| {
        let kernel = std::fs::read(KERNEL_BTF).unwrap();
        let is_as_compiled = |object: &Object| {
            let mut functions = object.functions.values();
            let function = functions.find(|function| function.name == unfit).unwrap();
            let first = function.instructions[0].code;
            function.instructions.iter().any(|instruction| instruction.code != first)
        };
        let programs = Programs::prepare_for(&kernel, &EVERYTHING, |object, kernel| {
            if is_as_compiled(object) {
                Err("it is odd".to_owned())
            } else {
                relocate(object, kernel)
            }
        });
        let refused = refused_of(&programs.unwrap());
        let names: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, expected, "{refused:#?}");
        if expected == [unfit] {
            assert_eq!(refused[0].1, format!("program {unfit}: it is odd"));
        }
    };
    check("tcp_destroy", &["tcp_destroy"]);
    check("list_held", &["list_held"]);
    check("tcp_state_within", &["tcp_state_within"]);
    let all_but_tables: Vec<&str> = PROGRAMS
        .iter()
        .map(|program| program.name)
        .filter(|name| !["list_tcp", "list_udp"].contains(name))
        .collect();
    check("number_of", &all_but_tables);
}

#[test]
fn the_doctor_names_what_is_refused() {
    let Some(stream) = stream_without(&["tcp_state", "udp_bound4"]) else { return };
    let check_lists = |refused, status, detail: &str| {
        let finding = examine_lists(refused);
        assert_eq!((finding.status, finding.detail.as_str()), (status, detail));
    };
    check_lists(
        &["list_tcp"],
        Status::Limited,
        "TCP that no process holds: program list_tcp: refused for a test; tables are read instead",
    );
    check_lists(
        &["list_held"],
        Status::Missing,
        "sockets of processes: program list_held: refused for a test; lists follow each descriptor \
         instead",
    );
    let stream = Ok(stream);
    let events = examine_events(&stream);
    assert_eq!(
        (events.status, events.detail.as_str()),
        (
            Status::Limited,
            "not told as it happens: TCP's changes of state, UDP bound over IPv4 (refused for a test)"
        )
    );
    assert_eq!(examine_truth(stream).status, Status::Missing);
}
