//! Answers of a real kernel (Linux 6.18, x86-64) about sockets that are known.
//!
//! The scenario, in a network namespace of its own: listeners on 127.0.0.1:8080 (backlog 7) and
//! [::]:9090 (backlog 5); 127.0.0.1:40001 connected to port 9090, 1,000 bytes sent of which 300 were
//! read; 127.0.0.1:40002 closed, in TIME-WAIT; a TCP socket bound to port 7070 alone; UDP on
//! 127.0.0.1:6060 with 100 unread bytes, on :6061 connected to it, and on fe80::5 of interface 3.

use proptest::prelude::*;

use super::super::hostile;
use super::*;

const TCP: &str = include_str!("../../../../../fixtures/netlink/tcp.hex");
const TCP6: &str = include_str!("../../../../../fixtures/netlink/tcp6.hex");
const UDP: &str = include_str!("../../../../../fixtures/netlink/udp.hex");
const UDP6: &str = include_str!("../../../../../fixtures/netlink/udp6.hex");

/// The bytes that `hex` writes, line breaks apart.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_chunks().0.iter().map(byte).collect()
}

/// The rows of a sound answer.
fn rows(hex: &str, transport: Transport) -> Vec<SocketRow> {
    let mut rows = Vec::new();
    let answer = decode_answer(&bytes(hex), transport, |row| rows.push(row.unwrap()));
    assert_eq!(answer, Answer { progress: Progress::Done, is_interrupted: false });
    rows
}

/// The row with this local side.
fn find<'a>(rows: &'a [SocketRow], local: &str) -> &'a SocketRow {
    rows.iter().find(|row| row.local.to_string() == local).expect(local)
}

#[test]
fn tcp_sockets_have_state_sides_and_queues() {
    let rows = [rows(TCP, Transport::Tcp), rows(TCP6, Transport::Tcp)].concat();
    let check = |local, remote: Option<&str>, state, queues| {
        let row = find(&rows, local);
        assert_eq!(row.remote, remote.map(|remote| remote.parse().unwrap()), "{local}");
        assert_eq!(row.state, Some(state), "{local}");
        assert_eq!((row.receive_queue, row.send_queue), queues, "{local}");
    };
    check("127.0.0.1:8080", None, State::Listen, (0, 7));
    check("[::]:9090", None, State::Listen, (0, 5));
    check("127.0.0.1:7070", None, State::Bound, (0, 0));
    check("127.0.0.1:40001", Some("127.0.0.1:9090"), State::Established, (0, 0));
    check("127.0.0.1:9090", Some("127.0.0.1:40001"), State::Established, (700, 0));
    check("127.0.0.1:40002", Some("127.0.0.1:8080"), State::TimeWait, (0, 0));
    assert_eq!(rows.len(), 6);
}

#[test]
fn identity_and_creator_are_what_ss_says() {
    let rows = rows(TCP, Transport::Tcp);
    let connected = find(&rows, "127.0.0.1:40001");
    assert_eq!(connected.inode, 1_565_255);
    assert_eq!(connected.cookie, Some(0x7b2a3));
    assert_eq!(connected.uid, Some(0));
    assert!(connected.cgroup_id.is_some());
    let waiting = find(&rows, "127.0.0.1:40002");
    assert_eq!((waiting.inode, waiting.uid), (0, None));
}

#[test]
fn mapped_ipv4_is_shown_as_ipv4_of_an_ipv6_socket() {
    let rows = rows(TCP6, Transport::Tcp);
    let accepted = find(&rows, "127.0.0.1:9090");
    assert!(accepted.is_ipv6);
    assert_eq!(accepted.table().name(), "tcp6");
}

#[test]
fn measurements_count_payload_alone() {
    let sent = rows(TCP, Transport::Tcp);
    let sent = find(&sent, "127.0.0.1:40001").metrics.clone().unwrap();
    assert_eq!((sent.sent_bytes, sent.received_bytes), (Some(1000), Some(0)));
    assert_eq!((sent.sent_packets, sent.received_packets), (Some(3), Some(2)));
    assert_eq!((sent.rtt_us, sent.retransmits), (Some(27), Some(0)));
    let received = rows(TCP6, Transport::Tcp);
    let received = find(&received, "127.0.0.1:9090").metrics.clone().unwrap();
    assert_eq!((received.sent_bytes, received.received_bytes), (Some(0), Some(1000)));
}

#[test]
fn udp_has_no_state_and_a_remote_only_when_connected() {
    let rows = [rows(UDP, Transport::Udp), rows(UDP6, Transport::Udp)].concat();
    assert!(rows.iter().all(|row| row.state.is_none()));
    assert_eq!(find(&rows, "127.0.0.1:6060").remote, None);
    assert_eq!(find(&rows, "127.0.0.1:6060").receive_queue, 832);
    assert_eq!(find(&rows, "127.0.0.1:6061").remote, Some("127.0.0.1:6060".parse().unwrap()));
    assert_eq!(find(&rows, "[fe80::5%3]:5353").interface, 3);
}

#[test]
fn old_kernels_without_bytes_sent_fall_back_to_acknowledged_ones() {
    let mut info = vec![0; 160];
    info[120..128].copy_from_slice(&1001_u64.to_ne_bytes());
    assert_eq!(decode_tcp_info(&info, State::Established).sent_bytes, Some(1000));
    info.truncate(104);
    let metrics = decode_tcp_info(&info, State::Established);
    assert_eq!((metrics.sent_bytes, metrics.received_bytes), (None, None));
    assert_eq!(metrics.retransmits, Some(0));
}

#[test]
fn refusals_carry_the_errno_and_acknowledgements_end() {
    let error = |code: i32| {
        let mut message = Vec::new();
        message.extend(20_u32.to_ne_bytes());
        message.extend(NLMSG_ERROR.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(code.to_ne_bytes());
        decode_answer(&message, Transport::Tcp, |_| panic!("no row")).progress
    };
    assert_eq!(error(0), Progress::Done);
    assert_eq!(error(-2), Progress::Refused(2));
    assert_eq!(error(i32::MIN), Progress::Refused(i32::MIN));
}

#[test]
fn a_request_names_one_socket_as_the_kernel_knows_it() {
    let target = Target {
        table: Table { transport: Transport::Tcp, is_ipv6: true },
        local: "127.0.0.1:9090".parse().unwrap(),
        remote: Some("127.0.0.1:40001".parse().unwrap()),
        interface: 0,
        cookie: Some(0x0000_0001_0007_b2a5),
    };
    let request = encode_destroy(&target);
    assert_eq!(request.len(), 72);
    assert_eq!(u32_at(&request, 0), Some(72));
    assert_eq!((u16_at(&request, 4), u16_at(&request, 6)), (Some(21), Some(0x05)));
    assert_eq!(request[16..20], [10, 6, 0, 0]);
    assert_eq!(request[24..28], [0x23, 0x82, 0x9c, 0x41]); // ports 9090 and 40001
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1];
    assert_eq!(request[28..44], mapped);
    assert_eq!(request[44..60], mapped);
    assert_eq!((u32_at(&request, 64), u32_at(&request, 68)), (Some(0x7b2a5), Some(1)));
}

#[test]
fn an_answer_cut_anywhere_gives_fewer_rows_never_others() {
    let whole = bytes(TCP);
    let all = rows(TCP, Transport::Tcp);
    for end in 0..whole.len() {
        let mut cut = Vec::new();
        let mut malformed = 0;
        decode_answer(&whole[..end], Transport::Tcp, |row| match row {
            Ok(row) => cut.push(row),
            Err(_) => malformed += 1,
        });
        assert!(all.starts_with(&cut), "cut at {end}");
        assert!(malformed <= 1, "cut at {end}");
    }
}

#[test]
fn sockets_that_are_taken_apart_are_no_endpoints() {
    let check = |state: u8, port: u16, expected: Option<State>| {
        let mut datagram = bytes(TCP);
        datagram.truncate(u32_at(&datagram, 0).unwrap() as usize);
        datagram[16 + 1] = state;
        datagram[16 + 4..16 + 6].copy_from_slice(&port.to_be_bytes());
        let mut found = Vec::new();
        decode_answer(&datagram, Transport::Tcp, |row| found.push(row.unwrap().state));
        assert_eq!(found.pop().flatten(), expected, "{state} {port}");
    };
    check(7, 0, None);
    check(7, 8080, Some(State::Bound));
    check(10, 8080, Some(State::Listen));
}

#[test]
fn attributes_cut_short_leave_the_row() {
    // The first message of TCP with its length reduced so that it ends within its attributes.
    let mut datagram = bytes(TCP);
    datagram.truncate(16 + 72 + 10);
    datagram[..4].copy_from_slice(&98_u32.to_ne_bytes());
    let mut found = Vec::new();
    decode_answer(&datagram, Transport::Tcp, |row| found.push(row.unwrap()));
    assert_eq!(found[0].local.to_string(), "127.0.0.1:8080");
    assert_eq!(found[0].metrics, None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(datagram in hostile::variants(SAMPLE), is_tcp: bool) {
        let transport = if is_tcp { Transport::Tcp } else { Transport::Udp };
        decode_answer(&datagram, transport, |_| {});
    }
}

/// A datagram with one whole message, for the property test to change.
const SAMPLE: &[u8] = &[
    88, 0, 0, 0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0, 0, 0x23, 0x82, 0x9c, 0x41, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0,
    1, 0, 0, 0, 0, 0xa5, 0xb2, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 188, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    72, 226, 23, 0,
];
