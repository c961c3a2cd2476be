//! Events laid out as a 64-bit Windows writes them, and hostile ones.

use proptest::prelude::*;

use super::*;

const TCP: Class = Class::Network(Transport::Tcp);
const UDP: Class = Class::Network(Transport::Udp);

fn header(class: Class, opcode: u8, version: u8) -> Header {
    Header { class, opcode, version, is_64_bit: true }
}

/// PID 7, 1460 bytes, from `source` to `destination`, and what follows.
fn flow(source: &str, destination: &str) -> Vec<u8> {
    let sides: [SocketAddr; 2] = [destination.parse().unwrap(), source.parse().unwrap()];
    let mut bytes = [7_u32.to_le_bytes(), 1460_u32.to_le_bytes()].concat();
    for side in sides {
        match side.ip() {
            IpAddr::V4(ip) => bytes.extend(ip.octets()),
            IpAddr::V6(ip) => bytes.extend(ip.octets()),
        }
    }
    bytes.extend(sides.iter().flat_map(|side| side.port().to_be_bytes()));
    bytes.extend([0xff; 20]);
    bytes
}

#[test]
fn what_happens_to_connections_and_datagrams() {
    let check = |class, opcode, (source, destination), expected: Option<Act>| {
        let read = decode_record(header(class, opcode, 2), &flow(source, destination)).unwrap();
        let Some(act) = expected else { return assert_eq!(read, None, "{class:?} {opcode}") };
        let Class::Network(transport) = class else { panic!("{class:?}") };
        let expected = Flow {
            act,
            transport,
            is_ipv6: opcode >= 26,
            pid: 7,
            bytes: 1460,
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
        };
        assert_eq!(read, Some(Record::Flow(expected)), "{class:?} {opcode}");
    };
    let v4 = ("192.0.2.1:50000", "198.51.100.7:443");
    let v6 = ("[2001:db8::1]:50000", "[2001:db8::7]:443");
    let acts = [
        Act::Sent,
        Act::Received,
        Act::Connected,
        Act::Disconnected,
        Act::Retransmitted,
        Act::Accepted,
    ];
    for (act, opcode) in acts.into_iter().zip(10..) {
        check(TCP, opcode, v4, Some(act));
        check(TCP, opcode + 16, v6, Some(act));
        let of_udp = Some(act).filter(|_| opcode < 12);
        check(UDP, opcode, v4, of_udp);
        check(UDP, opcode + 16, v6, of_udp);
    }
    for opcode in [0, 9, 16, 17, 18, 25, 32, 33, 34, 255] {
        check(TCP, opcode, v4, None);
    }
}

#[test]
fn mapped_addresses_are_those_that_they_stand_for() {
    let bytes = flow("[::ffff:192.0.2.1]:50000", "[::ffff:198.51.100.7]:443");
    let Ok(Some(Record::Flow(flow))) = decode_record(header(TCP, 28, 2), &bytes) else { panic!() };
    let sides = ("192.0.2.1:50000".parse().unwrap(), "198.51.100.7:443".parse().unwrap());
    assert_eq!((flow.sides(), flow.is_placed()), (sides, true));
}

#[test]
fn what_is_of_another_layout_or_cut_is_refused() {
    let bytes = flow("192.0.2.1:50000", "198.51.100.7:443");
    let refused = |version, bytes: &[u8]| {
        decode_record(header(TCP, 10, version), bytes).unwrap_err().to_string()
    };
    assert_eq!(refused(1, &bytes), "event is of before Windows Vista at byte 0");
    assert_eq!(refused(2, bytes.get(..19).unwrap()), "event is cut short at byte 19");
    assert!(decode_record(header(TCP, 10, 2), bytes.get(..20).unwrap()).is_ok());
}

/// A process's event as a 64-bit Windows 10 lays it out, with the user `S-1-5-18` or none.
fn started(has_user: bool) -> Vec<u8> {
    let mut bytes = vec![0xaa; 8]; // UniqueProcessKey
    for number in [4321_u32, 4, 1, 259] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([0xbb; 8]); // DirectoryTableBase
    bytes.extend([0; 4]); // Flags
    if has_user {
        bytes.extend([0xcc; 16]); // TOKEN_USER
        bytes.extend([1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
    } else {
        bytes.extend([0; 4]);
    }
    bytes.extend(b"curl.exe\0");
    bytes.extend("curl \u{e9}\0".encode_utf16().flat_map(u16::to_le_bytes));
    bytes.extend([0; 4]); // PackageFullName, ApplicationId
    bytes
}

#[test]
fn a_process_that_started() {
    let user = Some(vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
    for (bytes, user) in [(started(true), user), (started(false), None)] {
        let (name, command_line) = ("curl.exe".to_owned(), "curl \u{e9}".to_owned());
        let expected = Started { pid: 4321, parent: 4, user, name, command_line };
        for opcode in [1, 3] {
            let read = decode_record(header(Class::Process, opcode, 4), &bytes);
            assert_eq!(read, Ok(Some(Record::Process(expected.clone()))));
        }
        assert_eq!(decode_record(header(Class::Process, 2, 4), &bytes), Ok(None));
    }
}

#[test]
fn older_layouts_of_processes_lack_fields() {
    let whole = started(true);
    let without = |from: usize, to: usize| [&whole[..from], &whole[to..]].concat();
    for (version, bytes) in [(4, whole.clone()), (3, without(32, 36)), (2, without(24, 36))] {
        let read = decode_record(header(Class::Process, 1, version), &bytes);
        let Ok(Some(Record::Process(process))) = read else { panic!("{version}: {read:?}") };
        assert_eq!((process.name.as_str(), process.pid), ("curl.exe", 4321), "{version}");
    }
}

#[test]
fn classes_are_known_by_their_guids() {
    assert_eq!(Class::of(0x9a28_0ac0_c8e0_11d1_84e2_00c0_4fb9_98a2), Some(TCP));
    assert_eq!(Class::of(0xbf3a_50c5_a9c9_4988_a005_2df0_b7c8_0f80), Some(UDP));
    assert_eq!(Class::of(1), None);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        network in any::<bool>(),
        (opcode, version, is_64_bit) in (0_u8..40, 0_u8..6, any::<bool>()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let class = if network { TCP } else { Class::Process };
        let header = Header { class, opcode, version, is_64_bit };
        let read = decode_record(header, &bytes);
        if let Ok(Some(Record::Process(process))) = read {
            let text = process.name.len() + process.command_line.len();
            prop_assert!(text <= 3 * bytes.len());
        }
    }
}

#[test]
fn ticks_become_the_time_of_this_machine() {
    let wall = Timestamp::from_unix_ns(5_000_000_000);
    let clock = Clock { ticks: 1000, wall, frequency: 10_000_000 };
    let check = |ticks, expected| assert_eq!(clock.instant(ticks).unix_ns(), expected, "{ticks}");
    check(1000, 5_000_000_000);
    check(1001, 5_000_000_100);
    check(0, 4_999_900_000);
    check(i64::MAX, i64::MAX);
    assert_eq!([1_001_000, 1_001_001].map(|ticks| clock.is_stale(ticks)), [false, true]);
    let broken = Clock { frequency: 0, ..clock };
    assert_eq!(broken.instant(1001).unix_ns(), 6_000_000_000);
}
