//! Records by the layout that `bpf/wire.h` writes down, and records that a real kernel sent.
//!
//! The scenario of `list.hex`, in namespaces of its own (Linux 6.18, x86-64): a process listens on
//! 127.0.0.1:8080 (backlog 7) and [::]:9090 (backlog 5); 127.0.0.1:40001 connected to port 9090,
//! 1,000 bytes sent of which 300 were read; 127.0.0.1:40002 closed, in TIME-WAIT; 127.0.0.1:40003
//! connected to port 8080 and not accepted; a TCP socket bound to port 7070 alone; UDP on
//! 127.0.0.1:6060 with 100 unread bytes, on :6061 connected to it. First what the process holds,
//! then the table of TCP. In `events.hex`, `bash` was refused by 127.0.0.1:9; `python3` connected
//! 127.0.0.1:40001 to its own 127.0.0.1:8080, sent 10 bytes and closed. In both, `groups`, an
//! address in the kernel, is 1.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::hostile;
use super::*;

const WIRE: &str = include_str!("../../../bpf/wire.h");
const LIST: &str = include_str!("../../../../../fixtures/bpf/list.hex");
const EVENTS: &str = include_str!("../../../../../fixtures/bpf/events.hex");

/// The bytes of each line of `hex`.
fn lines(hex: &str) -> Vec<Vec<u8>> {
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.lines().map(|line| line.as_bytes().as_chunks().0.iter().map(byte).collect()).collect()
}

/// Where each member of a structure stands, how many bytes it has, and how many they all have.
#[derive(Default)]
struct Layout {
    members: BTreeMap<String, (usize, usize)>,
    size: usize,
    alignment: usize,
}

/// The layout that C gives to `structure`, as `wire.h` declares it.
fn layout(structure: &str) -> Layout {
    let (_, body) = WIRE.split_once(&format!("\nstruct {structure} {{\n")).expect(structure);
    let (body, _) = body.split_once("\n};").unwrap();
    let mut layout = Layout { alignment: 1, ..Layout::default() };
    let declarations = body.lines().filter_map(|line| Some(line.split_once(';')?.0.trim()));
    for declaration in declarations {
        let (declaration, count) =
            declaration.trim_end_matches(']').split_once('[').unwrap_or((declaration, "1"));
        let (kind, name) = declaration.rsplit_once(' ').unwrap();
        let inner = kind.strip_prefix("struct ").map(layout_of);
        let (size, alignment) = match (&inner, kind) {
            (Some(inner), _) => (inner.size, inner.alignment),
            (None, "u8" | "char") => (1, 1),
            (None, "u16") => (2, 2),
            (None, "u32") => (4, 4),
            (None, "u64") => (8, 8),
            _ => panic!("{declaration}"),
        };
        let at = layout.size.next_multiple_of(alignment);
        for (member, (inside, size)) in inner.into_iter().flat_map(|inner| inner.members) {
            layout.members.insert(format!("{name}.{member}"), (at + inside, size));
        }
        // What has room for as much as constants say ends the structure, and is not all sent.
        let size = size * count.parse().unwrap_or(0);
        layout.members.insert(name.to_owned(), (at, size));
        layout.size = at + size;
        layout.alignment = layout.alignment.max(alignment);
    }
    layout
}

/// The layout of a structure with its end aligned, so that others may follow it.
fn layout_of(structure: &str) -> Layout {
    let layout = layout(structure);
    Layout { size: layout.size.next_multiple_of(layout.alignment), ..layout }
}

/// The constant called `name`.
fn constant(name: &str) -> u8 {
    let (_, rest) = WIRE.split_once(&format!("{name} = ")).expect(name);
    rest.split(',').next().unwrap().parse().unwrap()
}

/// A record of `kind` with these members, all others 0.
fn record(structure: &str, kind: &str, members: &[(&str, u64)]) -> Vec<u8> {
    let layout = layout(structure);
    let mut bytes = vec![0; layout.size];
    let (length, kind) = (layout.size as u64, u64::from(constant(kind)));
    for (name, value) in [("head.length", length), ("head.kind", kind)].iter().chain(members) {
        let (at, size) = *layout.members.get(*name).unwrap_or_else(|| panic!("no {name}"));
        bytes[at..at + size].copy_from_slice(&value.to_ne_bytes()[..size]);
    }
    bytes
}

/// The socket that a record tells of.
fn socket(record: &[u8]) -> Socket<'_> {
    let Some(Record::Socket(socket)) = decode_record(record) else { panic!("{record:?}") };
    socket
}

#[test]
fn records_are_as_long_as_the_programs_make_them() {
    let check = |structure, size| assert_eq!(layout(structure).size, size, "{structure}");
    check("head", HEAD);
    check("cookie_record", COOKIE);
    check("step_record", STEP);
    check("socket_record", SOCKET);
    let process = layout("process_record");
    assert_eq!(process.members["texts"].0, PROCESS);
    assert_eq!(process.members["holder"].0, PROCESS_HOLDER);
    assert_eq!(layout("socket_record").members["holder"].0, SOCKET_HOLDER);
    for (name, flag) in [
        ("HAS_METRICS", HAS_METRICS),
        ("HAS_FILE", HAS_FILE),
        ("FIN_RECEIVED", FIN_RECEIVED),
        ("IS_PEER", IS_PEER),
    ] {
        assert_eq!(constant(name), flag, "{name}");
    }
}

#[test]
fn kinds_have_the_numbers_of_the_programs() {
    let kinds = [
        ("KIND_HELD", Told::Held),
        ("KIND_UNHELD", Told::Unheld),
        ("KIND_STATE", Told::State),
        ("KIND_OWNER", Told::Owner),
        ("KIND_BOUND", Told::Bound),
        ("KIND_USED", Told::Used),
        ("KIND_PEER", Told::Peer),
        ("KIND_RELEASED", Told::Released),
    ];
    for (kind, told) in kinds {
        assert_eq!(socket(&record("socket_record", kind, &[])).told, told, "{kind}");
    }
    let others = ["KIND_COOKIE", "KIND_STEP", "KIND_PROCESS"];
    let declared = WIRE.matches("\tKIND_").count();
    assert_eq!(declared, kinds.len() + others.len(), "every kind is decoded");
    let known = kinds.iter().map(|(kind, _)| *kind).chain(others).map(constant);
    let known: Vec<u8> = known.collect();
    for kind in (0..=u8::MAX).filter(|kind| !known.contains(kind)) {
        let mut bytes = record("socket_record", "KIND_HELD", &[]);
        bytes[2] = kind;
        assert!(decode_record(&bytes).is_none(), "{kind}");
    }
}

#[test]
fn members_are_read_where_the_programs_write_them() {
    let flags = HAS_METRICS | HAS_FILE | FIN_RECEIVED | IS_PEER;
    let members: &[(&str, u64)] = &[
        ("time_ns", 1),
        ("cookie", 2),
        ("inode", 3),
        ("cgroup", 4),
        ("sent_bytes", 5),
        ("received_bytes", 7), // One of them is a FIN.
        ("counted_ns", 8),
        ("sent_messages", 9),
        ("received_messages", 10),
        ("sent_packets", 11),
        ("received_packets", 12),
        ("rtt_us", 13),
        ("retransmits", 14),
        ("receive_queue", 15),
        ("send_queue", 16),
        ("netns", 17),
        ("uid", 18),
        ("interface", 19),
        ("local_port", 20),
        ("remote_port", 21),
        ("family", 2),
        ("protocol", 6),
        ("state", 1),
        ("old_state", 2),
        ("error", 22),
        ("flags", flags.into()),
        ("holder.pid", 23),
        ("holder.fd", 24),
        ("holder.start_ns", 25),
        ("holder.parent", 26),
        ("holder.uid", 27),
        ("holder.cgroup", 28),
        ("holder.groups", 29),
    ];
    let mut bytes = record("socket_record", "KIND_STATE", members);
    let at = |member: &str| layout("socket_record").members[member].0;
    for (member, text) in [("local", &[127, 0, 0, 1][..]), ("remote", &[10, 9, 8, 7])] {
        bytes[at(member)..][..4].copy_from_slice(text);
    }
    bytes[at("holder.name")..][..3].copy_from_slice(b"nc\0");
    let socket = socket(&bytes);
    let row = socket.row(true).unwrap();
    assert_eq!((socket.time_ns(), socket.cookie(), socket.namespace()), (1, 2, 17));
    assert_eq!((socket.old_state(), socket.error()), (Some(State::SynSent), 22));
    assert!(socket.has_file() && socket.is_peer() && socket.has_received_fin());
    assert_eq!(socket.counted_ns(), 8);
    assert_eq!((row.inode, row.cookie, row.cgroup_id, row.uid), (3, Some(2), Some(4), Some(18)));
    assert_eq!((row.receive_queue, row.send_queue, row.interface), (15, 16, 19));
    assert_eq!(row.local, "127.0.0.1:20".parse().unwrap());
    assert_eq!(row.remote, Some("10.9.8.7:21".parse().unwrap()));
    assert_eq!((row.transport, row.state), (Transport::Tcp, Some(State::Established)));
    let metrics = Metrics {
        rtt_us: Some(13),
        retransmits: Some(14),
        sent_bytes: Some(5),
        received_bytes: Some(6),
        sent_packets: Some(11),
        received_packets: Some(12),
        sent_messages: Some(9),
        received_messages: Some(10),
        since: None,
    };
    assert_eq!(row.metrics.as_deref(), Some(&metrics));
    check_holder(&socket.holder().unwrap());
}

fn check_holder(holder: &Holder<'_>) {
    let Holder { pid, fd, start_ns, parent, uid, cgroup, groups, name } = *holder;
    assert_eq!((pid, fd, start_ns, parent, uid), (23, 24, 25, 26, 27));
    assert_eq!((cgroup, groups, name), (28, 29, &b"nc"[..]));
}

#[test]
fn steps_and_cookies_are_read_where_the_programs_write_them() {
    let members = [("time_ns", 1), ("cookie", 2), ("netns", 3), ("state", 4), ("old_state", 1)];
    let bytes = record("step_record", "KIND_STEP", &members);
    let Some(Record::Step(step)) = decode_record(&bytes) else { panic!("a step") };
    assert_eq!((step.time_ns, step.cookie, step.namespace), (1, 2, 3));
    assert_eq!((step.state, step.old_state), (State::FinWait1, Some(State::Established)));
    let bytes = record("cookie_record", "KIND_COOKIE", &[("cookie", 9)]);
    assert!(matches!(decode_record(&bytes), Some(Record::Cookie(9))));
}

/// A row in a few words: sides, state, queues, and who holds it.
fn described(record: &Record<'_>) -> String {
    let socket = match record {
        Record::Socket(socket) => socket,
        Record::Cookie(_) => return "cookie".to_owned(),
        Record::Step(step) => return format!("step {:?} {:?}", step.old_state, step.state),
        Record::Process(process) => {
            let text = |bytes| String::from_utf8_lossy(bytes).replace('\0', " ");
            let names = text(process.names);
            return format!("process {names}| {:.24}", text(process.arguments));
        }
    };
    let row = socket.row(true).unwrap();
    let remote = row.remote.map_or(String::new(), |remote| format!(" {remote}"));
    let state = row.state.map_or("udp", State::id);
    let holder = socket.holder().map_or("-".into(), |h| String::from_utf8_lossy(h.name));
    let (local, queues) = (row.local, (row.receive_queue, row.send_queue));
    format!("{:?} {state} {local}{remote} {queues:?} {holder}", socket.told)
}

#[test]
fn what_a_kernel_listed_is_what_was_there() {
    let told: Vec<String> = lines(LIST)
        .iter()
        .flat_map(|bytes| records(bytes).map(|record| described(&record.unwrap())))
        .collect();
    let mut expected = vec![
        "Held listen 127.0.0.1:8080 (1, 7) python3",
        "Held listen [::]:9090 (0, 5) python3",
        "Held established 127.0.0.1:40001 127.0.0.1:9090 (0, 0) python3",
        "Held established 127.0.0.1:9090 127.0.0.1:40001 (700, 0) python3",
        "Held established 127.0.0.1:40003 127.0.0.1:8080 (0, 0) python3",
        "Held bound 127.0.0.1:7070 (0, 0) python3",
        "Held udp 127.0.0.1:6060 (832, 0) python3",
        "Held udp 127.0.0.1:6061 127.0.0.1:6060 (0, 0) python3",
        "Unheld time_wait 127.0.0.1:40002 127.0.0.1:8080 (0, 0) -",
        "Unheld established 127.0.0.1:8080 127.0.0.1:40003 (0, 0) -",
    ];
    expected.extend(["cookie"; 5]);
    let sorted = |mut told: Vec<String>| {
        told.sort();
        told
    };
    assert_eq!(sorted(told), sorted(expected.into_iter().map(str::to_owned).collect()));
}

#[test]
fn what_a_kernel_told_is_what_happened() {
    let told: Vec<String> =
        lines(EVENTS).iter().map(|bytes| described(&decode_record(bytes).unwrap())).collect();
    let expected = [
        "process bash bin usr | /bin/bash -c exec 3<>/de",
        "State syn_sent 127.0.0.1:0 127.0.0.1:9 (0, 0) bash",
        "State closed 127.0.0.1:44744 127.0.0.1:9 (0, 1) -",
        "process python3.11 bin usr | /usr/bin/python3 -I -c \n",
        "State listen 127.0.0.1:8080 (0, 0) python3",
        "State syn_sent 127.0.0.1:40001 127.0.0.1:8080 (0, 0) python3",
        "State established 127.0.0.1:40001 127.0.0.1:8080 (0, 0) -",
        "State established 127.0.0.1:8080 127.0.0.1:40001 (0, 0) -",
        "Owner established 127.0.0.1:8080 127.0.0.1:40001 (0, 0) python3",
        "step Some(Established) FinWait1",
        "step Some(Established) CloseWait",
        "step Some(CloseWait) LastAck",
        "step Some(FinWait1) FinWait2",
        "State closed 127.0.0.1:40001 127.0.0.1:8080 (1, 0) -",
        "State closed 127.0.0.1:8080 127.0.0.1:40001 (1, 0) -",
        "State closed 127.0.0.1:8080 (0, 7) -",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_record_cut_anywhere_hides_none_before_it() {
    let [held, alone] = <[Vec<u8>; 2]>::try_from(lines(LIST)).unwrap();
    let bytes = [held, alone].concat();
    let whole = records(&bytes).count();
    for end in 0..bytes.len() {
        let decoded: Vec<_> = records(&bytes[..end]).collect();
        let sound = decoded.iter().filter(|record| record.is_ok()).count();
        assert!(decoded.len() <= whole && decoded.len() - sound <= 1, "cut at {end}");
        assert_eq!(sound, records(&bytes[..end]).take_while(Result::is_ok).count(), "{end}");
    }
    for bytes in lines(EVENTS) {
        // Behind the texts of a process stands padding.
        let cuts =
            if bytes[2] == constant("KIND_PROCESS") { 0..bytes.len() - 7 } else { 0..bytes.len() };
        for end in cuts {
            assert!(decode_record(&bytes[..end]).is_none(), "cut at {end}");
        }
    }
}

#[test]
fn what_has_no_port_is_in_no_table_and_what_has_a_remote_is_not_merely_bound() {
    let check = |kind, members: &[(&str, u64)], expected: Option<Option<State>>| {
        let members = [&[("family", 2), ("protocol", 6)], members].concat();
        let bytes = record("socket_record", kind, &members);
        let row = socket(&bytes).row(true);
        assert_eq!(row.map(|row| row.state), expected, "{kind} {members:?}");
    };
    check("KIND_HELD", &[("state", 2), ("remote_port", 9)], None);
    check("KIND_STATE", &[("state", 2), ("remote_port", 9)], Some(Some(State::SynSent)));
    let bound = [("state", 7), ("local_port", 80)];
    check("KIND_HELD", &bound, Some(Some(State::Bound)));
    check("KIND_STATE", &bound, Some(Some(State::Closed)));
    let refused = [("state", 7), ("local_port", 80), ("remote_port", 9)];
    check("KIND_HELD", &refused, Some(Some(State::Closed)));
    check("KIND_HELD", &[("state", 77), ("local_port", 80)], None);
    check("KIND_HELD", &[("protocol", 262), ("local_port", 80)], None);
}

/// A process, for the property test to change.
const PROCESS_SAMPLE: &[u8] =
    b"\x68\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0sleep\0\0\0\0\0\0\0\0\0\0\0\x0a\0\x0b\0\0\0\0\0\
    sleep\0bin\0sleep\x001000\0\0\0\0";

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in hostile::variants(PROCESS_SAMPLE), repeat in 1_usize..4) {
        let bytes = bytes.repeat(repeat);
        let mut count = 0;
        for record in records(&bytes) {
            count += 1;
            if let Ok(Record::Socket(socket)) = record {
                let _ = (socket.row(true), socket.holder(), socket.old_state());
            }
        }
        prop_assert!(count <= bytes.len() / HEAD + 1);
    }
}

#[test]
fn a_process_has_its_texts_or_is_malformed() {
    let Some(Record::Process(process)) = decode_record(PROCESS_SAMPLE) else { panic!("a process") };
    assert_eq!((process.names, process.arguments), (&b"sleep\0bin\0"[..], &b"sleep\x001000\0"[..]));
    assert_eq!((process.holder.pid, process.holder.name), (1, &b"sleep"[..]));
    let mut longer = PROCESS_SAMPLE.to_vec();
    longer[72] = 100;
    assert!(decode_record(&longer).is_none());
}

#[test]
fn a_long_answer_takes_linear_time() {
    let many = lines(LIST).concat().repeat(1000);
    hostile::assert_quick(|| assert_eq!(records(&many).flatten().count(), 15_000));
}
