//! Tables laid out by hand, as the structures of the SDK have them.

use proptest::prelude::*;

use super::super::hostile::assert_quick;
use super::*;

const TCP: Table = Table { transport: Transport::Tcp, is_ipv6: false };
const TCP6: Table = Table { transport: Transport::Tcp, is_ipv6: true };
const UDP: Table = Table { transport: Transport::Udp, is_ipv6: false };
const UDP6: Table = Table { transport: Transport::Udp, is_ipv6: true };
const FORMS: [Form; 3] = [Form::OwnerPid, Form::OwnerModule, Form::Second];

/// 2023-11-14T22:13:20.5Z as a FILETIME.
const CREATED: i64 = 133_444_736_005_000_000;

/// A row's fields, laid out by hand as the structure in the SDK has them.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    /// A port whose upper half is garbage.
    fn port(mut self, port: u16) -> Self {
        self.0.extend(port.to_be_bytes());
        self.0.extend([0xad, 0xde]);
        self
    }

    fn v4(mut self, text: &str) -> Self {
        self.0.extend(text.parse::<Ipv4Addr>().unwrap().octets());
        self
    }

    fn v6(mut self, text: &str) -> Self {
        self.0.extend(text.parse::<Ipv6Addr>().unwrap().octets());
        self
    }

    fn time(mut self, ticks: i64) -> Self {
        self.0.extend(ticks.to_le_bytes());
        self
    }

    /// `OwningModuleInfo`, of which the first number is the tag.
    fn module(mut self, tag: u64) -> Self {
        self.0.extend(tag.to_le_bytes());
        self.0.extend([0; 120]);
        self
    }
}

/// A table of `rows`, the first of them `first` bytes behind its start.
fn table(first: usize, rows: &[&Bytes]) -> Vec<u8> {
    let mut bytes = u32::try_from(rows.len()).unwrap().to_le_bytes().to_vec();
    bytes.resize(first, 0xcc);
    rows.iter().for_each(|row| bytes.extend(&row.0));
    bytes
}

/// What is wrong where, if anything.
fn shown(decoded: &Decoded) -> String {
    let rows = decoded.rows.iter().map(|row| {
        let side = |side: SocketAddr| side.to_string();
        let state = row.state.map_or("-", State::id);
        let remote = row.remote.map_or("*".to_owned(), side);
        let created = row.created.map_or("-".to_owned(), |created| created.to_string());
        let tag = row.service_tag.unwrap_or_default();
        format!("{} {state} {} {remote} {} {created} {tag}", row.table.name(), row.local, row.pid)
    });
    let first = decoded.first.map(|first| format!("{} missing: {first}", decoded.missing));
    rows.chain(first).collect::<Vec<_>>().join("\n")
}

fn check(of: Table, form: Form, rows: &[&Bytes], expected: &str) {
    // Rows with 64-bit fields begin at a multiple of eight.
    let is_wide =
        form == Form::OwnerModule || (form, of.transport) == (Form::Second, Transport::Udp);
    let first = if is_wide { 8 } else { 4 };
    assert_eq!(shown(&decode_table(of, form, &table(first, rows))), expected, "{of:?} {form:?}");
}

#[test]
fn tables_of_tcp() {
    let sides = |state| Bytes::default().number(state).v4("10.0.0.5").port(49710);
    let connection = |state| sides(state).v4("23.194.99.73").port(443).number(5124);
    let expected = "tcp established 10.0.0.5:49710 23.194.99.73:443 5124 - 0";
    check(TCP, Form::OwnerPid, &[&connection(5)], expected);
    check(
        TCP,
        Form::Second,
        &[&sides(1).v4("0.0.0.0").port(0).number(7).number(0)],
        "tcp bound 10.0.0.5:49710 * 7 - 0",
    );
    let listener = Bytes::default().number(2).v4("0.0.0.0").port(135).v4("0.0.0.0").port(99);
    let listener = listener.number(924).time(CREATED).module(41);
    let waiting = connection(11).time(0).module(0);
    let expected = "tcp listen 0.0.0.0:135 * 924 2023-11-14T22:13:20.5Z 41\n\
                    tcp time_wait 10.0.0.5:49710 23.194.99.73:443 5124 - 0";
    check(TCP, Form::OwnerModule, &[&listener, &waiting], expected);
}

#[test]
fn tables_of_tcp_over_ipv6() {
    let row = || {
        let row = Bytes::default().v6("fe80::1").number(12).port(49710);
        row.v6("fe80::2").number(12_u32.swap_bytes()).port(443).number(5).number(5124)
    };
    let sides = "[fe80::1%12]:49710 [fe80::2%12]:443";
    let expected = |rest: &str| format!("tcp6 established {sides} 5124 {rest}");
    check(TCP6, Form::OwnerPid, &[&row()], &expected("- 0"));
    let whole = row().time(CREATED).module(9);
    check(TCP6, Form::OwnerModule, &[&whole], &expected("2023-11-14T22:13:20.5Z 9"));
    // What Wine gives as scopes, and IPv4 in IPv6.
    let row = Bytes::default().v6("::1").number(4096).port(80).v6("::").number(u32::MAX).port(0);
    let mapped = Bytes::default().v6("::ffff:10.0.0.5").number(0).port(80);
    let mapped = mapped.v6("::ffff:10.0.0.9").number(0).port(5000).number(5).number(0);
    check(
        TCP6,
        Form::OwnerPid,
        &[&row.number(2).number(4), &mapped],
        "tcp6 listen [::1]:80 * 4 - 0\ntcp6 established 10.0.0.5:80 10.0.0.9:5000 0 - 0",
    );
    let bound = Bytes::default().v6("::").number(0).port(81).v6("::").number(0).port(0);
    let bound = bound.number(1).number(8).number(0);
    check(TCP6, Form::Second, &[&bound], "tcp6 bound [::]:81 * 8 - 0");
}

#[test]
fn tables_of_udp() {
    let row = || Bytes::default().v4("192.168.1.7").port(5353).number(4108);
    check(
        UDP,
        Form::OwnerPid,
        &[&row(), &row()],
        "udp - 192.168.1.7:5353 * 4108 - 0\nudp - 192.168.1.7:5353 * 4108 - 0",
    );
    let whole = || row().number(0xcccc_cccc).time(CREATED).number(1).number(0).module(3);
    let expected =
        |remote: &str| format!("udp - 192.168.1.7:5353 {remote} 4108 2023-11-14T22:13:20.5Z 3");
    check(UDP, Form::OwnerModule, &[&whole()], &expected("*"));
    let connected = whole().v4("142.250.1.1").port(443);
    let not = whole().v4("0.0.0.0").port(0);
    let both = [expected("142.250.1.1:443"), expected("*")].join("\n");
    check(UDP, Form::Second, &[&connected, &not], &both);
    let row = || Bytes::default().v6("2001:db8::7").number(0).port(5353).number(4108);
    check(UDP6, Form::OwnerPid, &[&row()], "udp6 - [2001:db8::7]:5353 * 4108 - 0");
    let whole = || row().number(0).time(CREATED).number(0).number(0).module(0);
    let expected =
        |remote: &str| format!("udp6 - [2001:db8::7]:5353 {remote} 4108 2023-11-14T22:13:20.5Z 0");
    check(UDP6, Form::OwnerModule, &[&whole()], &expected("*"));
    let connected = whole().v6("2001:db8::9").number(0).port(443);
    check(UDP6, Form::Second, &[&connected], &expected("[2001:db8::9]:443"));
}

#[test]
fn tables_that_lie_give_what_is_whole() {
    let row = Bytes::default().number(5).v4("10.0.0.5").port(1).v4("10.0.0.9").port(2).number(3);
    let row_shown = "tcp established 10.0.0.5:1 10.0.0.9:2 3 - 0";
    let check = |bytes: &[u8], expected: &str| {
        assert_eq!(shown(&decode_table(TCP, Form::OwnerPid, bytes)), expected);
    };
    let whole = table(4, &[&row, &row]);
    let more = "table says that it has more rows than it holds at byte";
    check(&whole[..4 + 24 + 23], &format!("{row_shown}\n1 missing: {more} 51"));
    check(&whole[..4], &format!("2 missing: {more} 4"));
    check(&whole[..3], "0 missing: table has no count at byte 0");
    let mut lying = whole.clone();
    lying[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    check(&lying, &format!("{row_shown}\n{row_shown}\n4294967293 missing: {more} 52"));
    // Buffers are larger than what is in them.
    lying[..4].copy_from_slice(&1_u32.to_le_bytes());
    check(&lying, row_shown);
    let mut strange = whole;
    strange[4] = 77;
    let what = "1 missing: TCP state has a number that is not known at byte 4";
    check(&strange, &format!("{row_shown}\n{what}"));
}

#[test]
fn remotes_are_those_of_the_same_socket() {
    let row = |local: &str, pid, remote: &str| Row {
        table: UDP,
        state: None,
        local: local.parse().unwrap(),
        remote: (!remote.is_empty()).then(|| remote.parse().unwrap()),
        pid,
        created: filetime(CREATED),
        service_tag: None,
    };
    let any = "0.0.0.0:5353";
    let mut rows = vec![row(any, 1, ""), row(any, 2, ""), row(any, 2, ""), row(any, 2, "")];
    let told = ["10.0.0.1:1", "10.0.0.2:2"];
    let second = vec![
        row(any, 2, told[0]),
        row(any, 3, "10.0.0.3:3"),
        row(any, 1, ""),
        row(any, 2, told[1]),
    ];
    join_remotes(&mut rows, second);
    let expected = [row(any, 1, ""), row(any, 2, told[0]), row(any, 2, told[1]), row(any, 2, "")];
    assert_eq!(rows, expected);
}

#[test]
fn a_connection_is_named_by_both_sides() {
    let hex = |local: &str, remote: &str| -> String {
        let key = encode_pair(local.parse().unwrap(), remote.parse().unwrap());
        key.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let rest = "0".repeat(40);
    let expected = format!("0200c22e0a000005{rest}020001bb17c26349{rest}");
    assert_eq!(hex("10.0.0.5:49710", "23.194.99.73:443"), expected);
    let address = |last| format!("fe80{}{last}", "0".repeat(26));
    let expected = format!(
        "1700c22e00000000{}0c000000170001bb00000000{}0c000000",
        address("01"),
        address("02")
    );
    assert_eq!(hex("[fe80::1%12]:49710", "[fe80::2%12]:443"), expected);
}

#[test]
fn states_have_windows_numbers() {
    let known: Vec<_> = (0..=255).filter_map(state_from_windows).collect();
    assert!(State::all().all(|state| known.contains(&state)));
    assert_eq!(known.len(), 13);
    assert_eq!(state_from_windows(DELETE_TCB), Some(State::DeleteTcb));
}

#[test]
fn instants_are_filetimes() {
    let check = |ticks, expected: &str| {
        let shown = filetime(ticks).map_or("-".to_owned(), |instant| instant.to_string());
        assert_eq!(shown, expected, "{ticks}");
    };
    check(CREATED, "2023-11-14T22:13:20.5Z");
    check(116_444_736_000_000_000, "1970-01-01T00:00:00Z");
    check(0, "-");
    check(-1, "-");
    check(i64::MIN, "-");
    check(i64::MAX, "-");
    check(1, "-");
}

#[test]
fn a_large_table_takes_no_longer_than_it_has_to() {
    let mut bytes = vec![0; 8 << 20];
    bytes[..4].fill(0xff);
    assert_quick(|| decode_table(UDP, Form::OwnerPid, &bytes));
}

proptest! {
    #[test]
    fn any_bytes_are_rows_or_a_problem(
        bytes in prop::collection::vec(any::<u8>(), 0..1024),
        count in 0..12_u8,
        of in prop::sample::select(&Table::ALL[..]),
        form in prop::sample::select(&FORMS[..]),
        cut in 0..1024_usize,
    ) {
        let mut bytes = bytes;
        if let Some(number) = bytes.first_chunk_mut::<4>() {
            *number = u32::from(count).to_le_bytes();
        }
        let whole = decode_table(of, form, &bytes);
        let told = u32::try_from(whole.rows.len()).unwrap() + whole.missing;
        prop_assert_eq!(told, if bytes.len() < 4 { 0 } else { count.into() });
        prop_assert_eq!(whole.missing > 0 || bytes.len() < 4, whole.first.is_some());
        // What was cut short has fewer rows, and no other ones.
        let less = decode_table(of, form, bytes.get(..cut).unwrap_or(&bytes));
        prop_assert!(whole.rows.starts_with(&less.rows));
    }
}
