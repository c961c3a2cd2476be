//! The laws of dumps: what is written reads back, what is damaged is refused, what is anonymous
//! tells nobody.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use proptest::sample::Index;
use sockeye_core::process::Absent;
use sockeye_core::snapshot::{NamespaceId, Source};
use sockeye_core::{Degradation, ProcessId, Snapshot, State, Timestamp};

use super::{Anonymity, read, write_raw};
use crate::assemble::{assemble, noted};
use crate::decode::Table;
use crate::decode::inet_diag::decode_answer;
use crate::decode::iphlp::{self, Row};
use crate::fuzzing;
use crate::raw::{Form, Raw, RawAnswer, RawNamespace, RawProcess, Unreadable};
use crate::{Kind, Namespaces, Wants};

/// A socket of the sample.
struct Socket {
    state: u8,
    local: &'static str,
    remote: &'static str,
    uid: u32,
    inode: u32,
}

const fn socket(state: u8, local: &'static str, remote: &'static str, inode: u32) -> Socket {
    Socket { state, local, remote, uid: 1234567, inode }
}

/// A netlink message as the kernel writes it (`struct inet_diag_msg`, one cgroup id).
fn message(socket: &Socket) -> Vec<u8> {
    let side = |text: &str| text.parse::<SocketAddr>().unwrap();
    let (local, remote) = (side(socket.local), side(socket.remote));
    let octets = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => [&ip.octets()[..], &[0; 12]].concat(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let family = if local.is_ipv6() { 10 } else { 2 };
    let mut bytes = vec![100, 0, 0, 0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([family, socket.state, 0, 0]);
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(remote.port().to_be_bytes());
    bytes.extend(octets(local));
    bytes.extend(octets(remote));
    bytes.extend(2_u32.to_ne_bytes()); // interface
    bytes.extend(u64::from(socket.inode + 7).to_ne_bytes()); // cookie
    bytes.extend([0; 12]); // timer, queues
    bytes.extend(socket.uid.to_ne_bytes());
    bytes.extend(socket.inode.to_ne_bytes());
    bytes.extend([12, 0, 21, 0]);
    bytes.extend(3120_u64.to_ne_bytes());
    bytes
}

/// Sockets of both families, mapped ones, some without a file.
const TCP: [Socket; 3] = [
    socket(10, "10.44.55.66:443", "0.0.0.0:0", 501),
    socket(1, "10.44.55.66:443", "93.184.216.34:50001", 502),
    socket(6, "10.44.55.66:443", "93.184.216.34:50002", 0),
];
const TCP6: [Socket; 2] = [
    socket(1, "[::ffff:10.44.55.66]:443", "[::ffff:93.184.216.34]:50003", 503),
    socket(1, "[fe80::abcd:ef01]:22", "[2a01:4f8:1:2::99]:40000", 504),
];
const UDP: &str = concat!(
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
    "    1: 42372C0A:14E9 22D8B85D:0035 01 00000000:00000340 00:00000000 00000000 1234567 0 505 2 ffff888012345678 0\n",
);

/// What only the sample holds, and must not be in an anonymous dump.
const SECRETS: [&str; 19] = [
    "10.44.55.66",
    "93.184.216.34",
    "0a2c3742",
    "5db8d822",
    "42372C0A",
    "22D8B85D",
    "abcdef01",
    "2a0104f8",
    "1234567",
    "billing",
    "acme",
    "secret",
    "--token",
    "wlan-of-alice",
    "alice",
    "blue",
    "ffff888012345678",
    "8888",
    "87d61200",
];

fn answer(table: &str, bytes: Vec<u8>) -> RawAnswer {
    let form = if bytes.starts_with(b"   sl") { Form::ProcNet } else { Form::Netlink };
    let table = Table::named(table).unwrap();
    RawAnswer { table, form, bytes }
}

fn namespace(label: &str, answers: Vec<RawAnswer>) -> RawNamespace {
    let mut sockets = Vec::new();
    for answer in &answers {
        let (transport, family) = (answer.table.transport, answer.table.family());
        match answer.form {
            Form::Netlink => {
                decode_answer(&answer.bytes, transport, |row| sockets.extend(row));
            }
            Form::Iphlp(_) => {}
            Form::ProcNet => sockets.extend(
                crate::decode::proc_net::decode_table(transport, family, &answer.bytes).rows,
            ),
        }
    }
    RawNamespace {
        id: Some(if label == "self" {
            NamespaceId::Inode(4_026_531_840)
        } else {
            NamespaceId::Table(77)
        }),
        label: label.into(),
        pid: (label == "self").then_some(1),
        is_own: label == "self",
        interfaces: vec![(1, "lo".into()), (2, "wlan-of-alice".into())],
        sockets,
        vanished: vec![508],
        held: Vec::new(),
        rows: Vec::new(),
        answers,
    }
}

fn process(pid: u32, sockets: Vec<(u32, u64)>) -> RawProcess {
    RawProcess {
        pid,
        start: 8814,
        name: "billing daemon\n".into(),
        parent: 1,
        status: Ok(
            b"Name:\tbilling daemon\\n\nUid:\t1234567\t1234567\t0\t0\nGroups:\t8888\n".into()
        ),
        command_line: Ok(b"/opt/acme/bin/billing\0--token=secret\0k\xfcche \\\0\0".into()),
        image: Ok(b"/opt/acme/bin/billing (deleted)".into()),
        cgroup: Ok(b"1:name=acme:/x\n0::/system.slice/billing.service\n".into()),
        sockets,
    }
}

/// Answers with everything in them that answers can have.
fn sample() -> Raw {
    let tcp = TCP.iter().flat_map(message).collect();
    let tcp6 = TCP6.iter().flat_map(message).collect();
    let mut unreadable = process(1208, vec![(4, 502)]);
    unreadable.status = Err(Unreadable::Denied);
    unreadable.command_line = Err(Unreadable::Vanished);
    unreadable.image = Err(Unreadable::Nonexistent);
    unreadable.cgroup = Ok(Vec::new());
    let here = vec![answer("tcp", tcp), answer("udp", UDP.into())];
    Raw {
        time: Timestamp::from_unix_ns(1_700_000_000_500_000_001),
        source: Source::SockDiag,
        boot: Timestamp::from_unix_ns(1_699_990_000_000_000_000),
        ticks_per_second: 100,
        ephemeral_ports: (32768, 60999),
        namespaces: vec![namespace("self", here), namespace("blue", vec![answer("tcp6", tcp6)])],
        has_owners: true,
        processes: vec![
            process(1207, vec![(3, 501), (4, 502), (5, 503), (6, 504), (7, 505)]),
            unreadable,
        ],
        users: vec![(0, "root".into()), (1_234_567, "alice".into())],
        cgroups: vec![(3120, "/acme.slice/billing.service".into())],
        described: Vec::new(),
        service_tags: Vec::new(),
        degradations: vec![
            Degradation::ProcessesDenied { count: 12 },
            Degradation::ProcessesHidden,
            Degradation::OutsidePidNamespace,
            Degradation::NamespacesDenied { count: 3 },
            Degradation::SockDiagUnavailable { reason: "No such file or directory".into() },
            Degradation::TableUnavailable { table: "udp 6".into(), reason: "what\never".into() },
            Degradation::Malformed { count: 2, first: "row is cut short at byte 5".into() },
            Degradation::Unstable { count: 1 },
            Degradation::EventsUnavailable { reason: "not\tpermitted".into() },
            Degradation::EventsIncomplete { reason: "UDP's closings (no such file)".into() },
            Degradation::IteratorUnavailable { reason: "program list_held: refused".into() },
            Degradation::ContainersUnnamed { runtime: "docker".into(), reason: "not so".into() },
            Degradation::Unmeasured { reason: "not an administrator".into() },
            Degradation::UnitsUnread { count: 1, first: "/etc/x\n: denied".into() },
        ],
    }
}

fn written(raw: Raw, anonymity: Anonymity) -> Vec<u8> {
    let mut file = Vec::new();
    write_raw(&mut file, raw, anonymity).unwrap();
    file
}

fn replayed(mut file: &[u8], wants: &Wants) -> Snapshot {
    read(&mut file, "x.dump", wants).unwrap()
}

/// Fails unless `raw` reads back from a dump as it was assembled.
fn assert_reads_back(raw: Raw) {
    let file = written(raw.clone(), Anonymity::Plain);
    let mut expected = assemble(raw);
    expected.source = Source::Replay;
    assert_eq!(replayed(&file, &Wants::EVERYTHING), expected);
}

#[test]
fn what_is_written_reads_back() {
    assert_reads_back(sample());
}

#[test]
#[cfg(target_os = "linux")]
fn this_machine_reads_back() {
    let raw = crate::sys::gather(&Wants::EVERYTHING, crate::raw::Keep::Answers).unwrap();
    assert_reads_back(raw.clone());
    fuzzing::dump(&written(raw, Anonymity::Plain));
}

#[test]
fn a_cut_dump_is_refused_wherever_it_is_cut() {
    let file = written(sample(), Anonymity::Plain);
    for end in 0..file.len() {
        let error = read(&mut &file[..end], "x.dump", &Wants::EVERYTHING).unwrap_err();
        assert_eq!(error.kind, Kind::Malformed);
        let said = error.to_string();
        let is_named = said.starts_with("cannot read x.dump: line ");
        let is_known = said.contains("cut short") || end < "sockeye dump 1\n".len();
        assert!(is_named && is_known, "{end}: {said}");
    }
}

/// What a Windows machine answers: a service's UDP socket, a connection, what is left of one.
fn sample_of_windows() -> Raw {
    let told = |pid: u32, name: &str, line: Result<&str, Absent>| {
        noted::process(noted::Listed {
            id: ProcessId { pid, start: 133_444_736_005_000_000 },
            parent: Some(640),
            name: name.into(),
            path: Ok(format!(r"C:\Program Files\Acme\{name}").into()),
            command_line: line.map(Into::into),
            user_id: Some(pid % 2),
            services: (pid == 924).then(|| "Billing, Dnscache".into()),
        })
    };
    let row = |table: &str, (state, pid, tag): (Option<State>, u32, u32), remote: &str| Row {
        table: Table::named(table).unwrap(),
        state,
        local: "10.1.2.3:49710".parse().unwrap(),
        remote: remote.parse().ok(),
        pid,
        created: None,
        service_tag: Some(tag).filter(|tag| *tag != 0),
    };
    let rows = [
        row("tcp", (Some(State::Established), 925, 0), "93.184.216.34:443"),
        row("tcp", (Some(State::TimeWait), 0, 0), "93.184.216.34:443"),
        row("tcp", (Some(State::Established), 7777, 0), "10.9.9.9:443"),
        row("udp", (None, 924, 3), ""),
    ];
    let answer = |name: &str| {
        let table = Table::named(name).unwrap();
        let rows: Vec<_> = rows.iter().filter(|row| row.table == table).collect();
        let mut bytes = u64::try_from(rows.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend(rows.into_iter().flat_map(iphlp::encode_row).flat_map(u64::to_le_bytes));
        RawAnswer { table, form: Form::Iphlp(iphlp::Form::OwnerModule), bytes }
    };
    let mut raw = Raw::new(Timestamp::from_unix_ns(1_700_000_100_000_000_000), Source::Iphlpapi);
    let mut namespace = RawNamespace::new(None, "self".into());
    namespace.is_own = true;
    namespace.answers = vec![answer("tcp"), answer("udp")];
    raw.namespaces.push(namespace);
    raw.described = vec![
        told(924, "svchost.exe", Err(Absent::Denied)),
        told(925, "billing.exe", Ok(r#""C:\Program Files\Acme\billing.exe" --token secret"#)),
    ];
    raw.service_tags = vec![(924, 3, "Billing".into())];
    raw.users = vec![(0, r"NT AUTHORITY\SYSTEM".into()), (1, r"ACME\alice".into())];
    raw
}

/// Each endpoint of it: sides, owner's name or why there is none, user, service.
fn told_of_windows(snapshot: &Snapshot) -> Vec<String> {
    let told = snapshot.endpoints.iter().map(|endpoint| {
        let owner =
            endpoint.owners.as_slice().first().and_then(|it| snapshot.processes.get(&it.process));
        let name = owner.map_or_else(|| endpoint.owners.reason().unwrap().id(), |it| &*it.name);
        let user = owner.and_then(|it| snapshot.user_name(it.user_id?)).unwrap_or("-");
        let remote = endpoint.remote.map_or("*".into(), |it| it.to_string());
        format!("{} {remote} {name} {user} {}", endpoint.local, endpoint.service().unwrap_or("-"))
    });
    told.collect()
}

#[test]
fn a_dump_of_windows_shows_rows_with_owners_everywhere() {
    let file = written(sample_of_windows(), Anonymity::Plain);
    let snapshot = replayed(&file, &Wants::EVERYTHING);
    let expected = [
        r"10.1.2.3:49710 93.184.216.34:443 billing.exe ACME\alice -",
        "10.1.2.3:49710 93.184.216.34:443 time_wait - -",
        "10.1.2.3:49710 10.9.9.9:443 ended - -",
        r"10.1.2.3:49710 * svchost.exe NT AUTHORITY\SYSTEM Billing",
    ];
    assert_eq!(told_of_windows(&snapshot), expected);
    let kept: Vec<_> = sample_of_windows().described;
    assert!(kept.iter().all(|process| snapshot.processes[&process.id] == *process));
    fuzzing::dump(&file);
    let check = |change: fn(&mut Wants), expected| {
        let mut wants = Wants::EVERYTHING;
        change(&mut wants);
        let part = replayed(&file, &wants);
        assert_eq!((part.endpoints.len(), part.processes.len()), expected, "{wants:?}");
    };
    check(|wants| wants.tcp = false, (1, 1));
    check(|wants| wants.udp = false, (3, 1));
    check(|wants| wants.owners = false, (4, 0));
    check(|wants| wants.namespaces = Namespaces::Pid(925), (4, 2));
}

#[test]
fn an_anonymous_dump_of_windows_tells_nobody() {
    let text = String::from_utf8(written(sample_of_windows(), Anonymity::Anonymous)).unwrap();
    let whole = text.replace("\n    |", "").to_lowercase();
    for secret in ["billing", "acme", "alice", "secret", "token", "0a010203", "5db8d822"] {
        assert!(!whole.contains(secret), "{secret}: {text}");
    }
    let snapshot = replayed(text.as_bytes(), &Wants::EVERYTHING);
    let told = told_of_windows(&snapshot);
    assert!(told[3].contains(r"NT AUTHORITY\SYSTEM name"), "{told:?}");
    assert!(told[0].contains(".exe user") && told[2].ends_with("ended - -"), "{told:?}");
    let path = |pid| {
        let process = snapshot.processes.values().find(|it| it.id.pid == pid).unwrap();
        (process.path.clone().unwrap(), process.name.clone())
    };
    let (path, name) = path(925);
    assert!(path.starts_with(r"C:\Program Files\name") && path.ends_with(&*name), "{path} {name}");
}

#[test]
fn a_copy_by_way_of_windows_reads_the_same() {
    let file = written(sample(), Anonymity::Plain);
    let text = String::from_utf8(file.clone()).unwrap();
    let copy = text.replace('\n', "\r\n");
    let wants = Wants::EVERYTHING;
    assert_eq!(replayed(copy.as_bytes(), &wants), replayed(&file, &wants));
}

#[test]
fn damage_is_named_with_its_line() {
    let good = String::from_utf8(written(sample(), Anonymity::Plain)).unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        let before = good.split_once(from).expect(from).0;
        let number = before.matches('\n').count() + 1;
        let bad = good.replacen(from, to, 1);
        let error = read(&mut bad.as_bytes(), "x.dump", &Wants::EVERYTHING).unwrap_err();
        assert_eq!(error.kind, Kind::Malformed);
        let expected = format!("cannot read x.dump: line {number} {expected}");
        assert_eq!(error.to_string(), expected);
    };
    let damaged =
        |what: &str| format!("{what}: the dump is damaged; copy it again, or make a new one");
    let no_dump = "is not `sockeye dump 1`: this is no dump; `sockeye dump FILE` makes one";
    check("sockeye dump 1", "MZ\u{0}\u{1}", no_dump);
    check("sockeye dump 1", "sockeye dump one", no_dump);
    check(
        "sockeye dump 1",
        "sockeye dump 2",
        "says version 2, and this Sockeye reads version 1: read it with the Sockeye that wrote it",
    );
    check("ticks 100", "ticks -1", &damaged("is not of the form `ticks …`"));
    check("ticks 100", "tocks 100", &damaged("does not begin with `ticks`"));
    check("own\n", "owned\n", &damaged("begins with `owned`, which has no place there"));
    check("|64", "|6g", &damaged("holds something else than pairs of digits"));
    check("|/opt", r"|\opt", &damaged("holds a backslash that escapes nothing"));
    check("status denied", "status moved", &damaged("does not say why there is no status"));
    check("own\n", "\u{7f}\n", &damaged("holds bytes that are no text"));
    check("netlink tcp", "netlink sctp", &damaged("is not of the form `netlink TABLE`"));
    check("user 0", "user root", &damaged("is not of the form `user ID NAME`"));
    let (here, there) = if cfg!(target_endian = "little") {
        ("little-endian", "big-endian")
    } else {
        ("big-endian", "little-endian")
    };
    let expected =
        format!("says that a {there} machine wrote it: replay it on one, this is {here}");
    check(here, there, &expected);
    let long = "x".repeat(2 << 20);
    let expected = "is longer than 1048576 bytes: this is no dump, or it is damaged";
    check("own\n", &long, expected);
    let more = format!("{good}user 1 x\n");
    let error = read(&mut more.as_bytes(), "x.dump", &Wants::EVERYTHING).unwrap_err();
    assert!(error.to_string().contains(" follows the end marker: "), "{error}");
}

#[test]
fn endless_input_is_no_dump() {
    let mut zeros = std::io::BufReader::new(std::io::repeat(0));
    let error = read(&mut zeros, "/dev/zero", &Wants::EVERYTHING).unwrap_err();
    assert!(error.to_string().contains("this is no dump"), "{error}");
}

#[test]
fn a_damaged_row_hides_no_other() {
    let mut raw = sample();
    raw.degradations.clear();
    let bytes = &mut raw.namespaces[0].answers[0].bytes;
    bytes[16 + 100] = 99; // the family of the second socket
    bytes.truncate(3 * 100 - 10); // the last one is cut in its attribute
    let snapshot = replayed(&written(raw, Anonymity::Plain), &Wants::EVERYTHING);
    assert_eq!(snapshot.endpoints.len(), 4);
    let first = "inet_diag message cut short or of an unknown kind at byte 100".to_owned();
    assert_eq!(snapshot.degradations, [Degradation::Malformed { count: 2, first }]);
}

#[test]
fn a_part_is_what_a_look_at_that_part_would_have_shown() {
    let file = written(sample(), Anonymity::Plain);
    let check = |change: fn(&mut Wants), expected| {
        let mut wants = Wants::EVERYTHING;
        change(&mut wants);
        let part = replayed(&file, &wants);
        let (endpoints, processes) = (part.endpoints.len(), part.processes.len());
        let counts = (endpoints, processes, part.degradations.len());
        assert_eq!(counts, expected, "{wants:?}");
    };
    check(|_| {}, (6, 2, 14));
    check(|wants| wants.udp = false, (5, 2, 14));
    check(|wants| wants.tcp = false, (1, 1, 14));
    check(|wants| wants.owners = false, (6, 0, 11));
    check(|wants| wants.metrics = false, (6, 2, 13));
    check(|wants| wants.namespaces = Namespaces::Own, (4, 2, 13));
    check(|wants| wants.namespaces = Namespaces::Pid(1208), (4, 2, 13));
    check(|wants| wants.namespaces = Namespaces::Named("blue".into()), (2, 1, 13));
    let mut wants = Wants::EVERYTHING;
    wants.namespaces = Namespaces::Named("green".into());
    let error = read(&mut &file[..], "x.dump", &wants).unwrap_err();
    assert_eq!(error.kind, Kind::Vanished);
    assert!(error.to_string().starts_with("cannot find the network namespace green"), "{error}");
}

#[test]
fn an_anonymous_dump_tells_nobody() {
    let plain = written(sample(), Anonymity::Plain);
    let masked = written(sample(), Anonymity::Anonymous);
    let text = |file: &[u8]| String::from_utf8(file.to_vec()).unwrap().replace("\n    |", "");
    let (plain_text, masked_text) = (text(&plain), text(&masked));
    for secret in SECRETS {
        assert!(!masked_text.to_lowercase().contains(&secret.to_lowercase()), "{secret}");
        let raw_address = secret.parse::<IpAddr>().is_ok();
        assert!(raw_address || plain_text.contains(secret), "{secret} is nowhere in the sample");
    }
    let (plain, masked) =
        (replayed(&plain, &Wants::EVERYTHING), replayed(&masked, &Wants::EVERYTHING));
    let shape = |snapshot: &Snapshot| {
        let rows = snapshot.endpoints.iter().map(|e| {
            let ports = (e.local.port(), e.remote.map(|remote| remote.port()));
            (e.state, e.direction, ports, e.family(), e.owners.clone())
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(shape(&masked), shape(&plain));
    assert_eq!(masked.degradations, plain.degradations);
    let local = |index: usize| masked.endpoints[index].local.ip();
    assert_eq!(local(0), local(4), "a mapped address is that inside it");
    assert_eq!(local(0), local(3), "/proc/net and sock_diag tell the same");
    assert_ne!(masked.endpoints[1].remote, masked.endpoints[2].remote);
}

#[test]
fn anonymous_names_keep_their_form() {
    let mut raw = sample();
    super::anonymize::anonymize(&mut raw);
    let process = &raw.processes[0];
    let text = |text: &crate::raw::Text| String::from_utf8(text.clone().unwrap()).unwrap();
    assert_eq!(process.name, "name1");
    assert_eq!(text(&process.status), "Name:\tname1\nUid:\t1001\t1001\t0\t0\n");
    assert_eq!(text(&process.command_line), "/opt/name2/bin/name3\0arg1\0arg2\0\0");
    assert_eq!(text(&process.image), "/opt/name2/bin/name3 (deleted)");
    assert_eq!(text(&process.cgroup), "0::/system.slice/name3.service\n");
    assert_eq!(raw.cgroups, [(3120, "/name2.slice/name3.service".into())]);
    assert_eq!(raw.users, [(0, "root".into()), (1001, "user1".into())]);
    let namespace = &raw.namespaces[1];
    assert_eq!(namespace.label, "netns1");
    assert_eq!(namespace.interfaces, [(1, "lo".into()), (2, "if1".into())]);
}

proptest! {
    #[test]
    fn a_damaged_dump_reads_or_says_why(changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut file = written(sample(), Anonymity::Plain);
        for (index, byte) in changes {
            *index.get_mut(&mut file) = byte;
        }
        fuzzing::dump(&file);
    }

    #[test]
    fn damaged_answers_stay_as_they_are_when_masked(at: Index, byte: u8, end: Index) {
        let mut datagram: Vec<u8> = TCP.iter().chain(&TCP6).flat_map(message).collect();
        *at.get_mut(&mut datagram) = byte;
        fuzzing::netlink(&datagram);
        fuzzing::netlink(&datagram[..end.index(datagram.len())]);
        let mut table = UDP.as_bytes().to_vec();
        *at.get_mut(&mut table) = byte;
        fuzzing::proc_net(&table);
    }
}
