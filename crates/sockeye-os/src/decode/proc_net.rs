//! The tables `/proc/net/{tcp,tcp6,udp,udp6}`, for where `sock_diag` is not to be had.
//!
//! They know less: no cookie, no interface, so no scope either, no backlog limit, no measurements.

use std::net::{IpAddr, SocketAddr};

use sockeye_core::address::{Family, canonical};
use sockeye_core::{State, Transport};

use super::{
    Malformed, SocketRow, decimal_u32, fields, known_user, number, remote_side, state_from_linux,
};

/// What a table held.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Rows {
    /// The sockets, in the kernel's order.
    pub rows: Vec<SocketRow>,
    /// The rows that make no sense.
    pub malformed: Vec<Malformed>,
}

/// Decodes the table of one `transport` and socket `family`.
///
/// Addresses are printed as numbers in the byte order of the machine that wrote them, and read in
/// that of the machine that runs this: a recorded table is understood where the order is the same.
pub fn decode_table(transport: Transport, family: Family, text: &[u8]) -> Rows {
    let mut table = Rows::default();
    let mut at = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if !is_header(line) {
            match decode_row(transport, family, line) {
                Ok(row) => table.rows.push(row),
                Err(what) => table.malformed.push(Malformed { what, at }),
            }
        }
        at += line.len();
    }
    table
}

/// Whether `line` names the columns: `sl  local_address …`.
fn is_header(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"sl ")
}

/// Decodes one row, proc_net_tcp(5); `get_tcp4_sock` in `net/ipv4/tcp_ipv4.c` prints it:
///
/// ```text
/// sl  local remote state tx:rx timer:when retransmits uid timeout inode references …
/// ```
fn decode_row(
    transport: Transport,
    family: Family,
    line: &[u8],
) -> Result<SocketRow, &'static str> {
    const CUT: &str = "row is cut short";
    let mut fields = fields(line.strip_suffix(b"\n").ok_or(CUT)?);
    let mut skip = |skipped: usize| fields.nth(skipped).ok_or(CUT);
    let local = decode_address(family, skip(1)?).ok_or("local address makes no sense")?;
    let remote = decode_address(family, skip(0)?).ok_or("remote address makes no sense")?;
    let state = decode_state(transport, skip(0)?).ok_or("state is not known")?;
    let (send_queue, receive_queue) = decode_queues(skip(0)?).ok_or("queues are not numbers")?;
    let uid = decimal_u32(skip(2)?).ok_or("uid is not a number")?;
    let inode = number(skip(1)?, 10).ok_or("inode is not a number")?;
    Ok(SocketRow {
        transport,
        is_ipv6: family == Family::Ipv6,
        state,
        local,
        remote: remote_side(remote),
        inode,
        cookie: None,
        uid: known_user(uid, inode),
        receive_queue,
        send_queue,
        interface: 0,
        cgroup_id: None,
        metrics: None,
    })
}

/// Decodes `0100007F:1F90`: the address in words of 32 bits, then the port.
///
/// Each word holds four bytes of the address in network order, but is printed as a native number.
fn decode_address(family: Family, text: &[u8]) -> Option<SocketAddr> {
    let (ip, [b':', port @ ..]) = text.split_last_chunk::<5>()? else {
        return None;
    };
    let (words, []) = ip.as_chunks::<8>() else {
        return None;
    };
    let octets = |word: &[u8; 8]| hex_u32(word).map(u32::to_ne_bytes);
    let ip = match (family, words) {
        (Family::Ipv4, [word]) => IpAddr::from(octets(word)?),
        (Family::Ipv6, [a, b, c, d]) => {
            let quarters = [octets(a)?, octets(b)?, octets(c)?, octets(d)?];
            IpAddr::from(<[u8; 16]>::try_from(quarters.as_flattened()).ok()?)
        }
        _ => return None,
    };
    let port = hex_u32(port)?.try_into().ok()?;
    Some(canonical(ip, port, 0))
}

/// Decodes the state's number. UDP borrows TCP's to say whether a socket is connected; it has none.
fn decode_state(transport: Transport, text: &[u8]) -> Option<Option<State>> {
    let state = state_from_linux(hex_u32(text)?.try_into().ok()?)?;
    Some((transport == Transport::Tcp).then_some(state))
}

/// Decodes `send:receive`.
fn decode_queues(text: &[u8]) -> Option<(u32, u32)> {
    let mut queues = text.splitn(2, |&byte| byte == b':').map(hex_u32);
    Some((queues.next()??, queues.next()??))
}

/// A hexadecimal number below 2³².
fn hex_u32(digits: &[u8]) -> Option<u32> {
    number(digits, 16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::prelude::*;

    // Written by Linux 6.18 on a little-endian machine; pointers made zero, some queues and a user
    // changed so that no two numbers of a row are alike.
    const TCP: &[u8] = concat!(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n",
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 15958 1 0000000000000000 100 0 0 10 0                     \n",
        "   1: 0100007F:1F90 0200007F:9C41 01 00000007:00000005 00:00000000 00000000  1000        0 15961 1 0000000000000000 20 4 30 10 -1                    \n",
        "   2: 0200007F:9C44 0100007F:1F90 06 00000000:00000000 03:0000175B 00000000     0        0 0 3 0000000000000000                                      \n",
    )
    .as_bytes();
    const TCP6: &[u8] = concat!(
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
        "   0: 00000000000000000000000000000000:2382 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 15959 1 0000000000000000 100 0 0 10 0\n",
        "   1: 00000000000000000000000001000000:9C43 00000000000000000000000001000000:2382 08 00000000:00000001 00:00000000 00000000  1000        0 15963 2 0000000000000000 20 4 0 10 -1\n",
        "   2: 0000000000000000FFFF00000100007F:2382 0000000000000000FFFF00000300007F:9C42 01 00000000:00000000 00:00000000 00000000  1000        0 15964 1 0000000000000000 20 0 0 10 -1\n",
        "   3: 00000000000000000000000001000000:2382 00000000000000000000000001000000:9C43 05 00000000:00000000 03:00001752 00000000     0        0 0 3 0000000000000000\n",
    )
    .as_bytes();
    const UDP: &[u8] = concat!(
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            \n",
        " 8694: 00000000:14E9 00000000:0000 07 00000000:00000340 00:00000000 00000000     0        0 15968 2 0000000000000000 0         \n",
        "10578: 0100007F:9C45 0100007F:14E9 01 00000000:00000000 00:00000000 00000000  1000        0 15969 2 0000000000000000 0         \n",
    )
    .as_bytes();
    const UDP6: &[u8] = concat!(
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n",
        " 8801: 000080FE000000000000000001000000:1554 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 15972 2 0000000000000000 0\n",
        "10579: 0000000000000000FFFF00000100007F:9C46 0000000000000000FFFF00000100007F:14E9 01 00000000:00000000 00:00000000 00000000  1000        0 15973 2 0000000000000000 0\n",
    )
    .as_bytes();

    const TABLES: [(Transport, Family, &[u8]); 4] = [
        (Transport::Tcp, Family::Ipv4, TCP),
        (Transport::Tcp, Family::Ipv6, TCP6),
        (Transport::Udp, Family::Ipv4, UDP),
        (Transport::Udp, Family::Ipv6, UDP6),
    ];

    /// A row as one line: addresses, state, inode, user, queues.
    fn summary(row: &SocketRow) -> String {
        let word = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        format!(
            "{} {} {} {} {} {}/{}",
            row.local,
            word(row.remote.map(|remote| remote.to_string())),
            word(row.state.map(|state| state.id().into())),
            row.inode,
            word(row.uid.map(|uid| uid.to_string())),
            row.receive_queue,
            row.send_queue,
        )
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn decodes_what_a_kernel_wrote() {
        let expected: [&[&str]; 4] = [
            &[
                "127.0.0.1:8080 - listen 15958 1000 3/0",
                "127.0.0.1:8080 127.0.0.2:40001 established 15961 1000 5/7",
                "127.0.0.2:40004 127.0.0.1:8080 time_wait 0 - 0/0",
            ],
            &[
                "[::]:9090 - listen 15959 1000 0/0",
                "[::1]:40003 [::1]:9090 close_wait 15963 1000 1/0",
                "127.0.0.1:9090 127.0.0.3:40002 established 15964 1000 0/0",
                "[::1]:9090 [::1]:40003 fin_wait_2 0 - 0/0",
            ],
            &["0.0.0.0:5353 - - 15968 0 832/0", "127.0.0.1:40005 127.0.0.1:5353 - 15969 1000 0/0"],
            &[
                "[fe80::1]:5460 - - 15972 1000 0/0",
                "127.0.0.1:40006 127.0.0.1:5353 - 15973 1000 0/0",
            ],
        ];
        for ((transport, family, text), expected) in TABLES.into_iter().zip(expected) {
            let table = decode_table(transport, family, text);
            let summaries: Vec<_> = table.rows.iter().map(summary).collect();
            assert_eq!(summaries, expected);
            assert_eq!(table.malformed, []);
            for row in table.rows {
                assert_eq!(row.transport, transport);
                assert_eq!(row.is_ipv6, family == Family::Ipv6);
            }
        }
    }

    #[test]
    fn a_bad_row_hides_no_other() {
        let good = String::from_utf8(TCP.to_vec()).unwrap();
        let at = good.find("0100007F:1F90 0200007F").unwrap();
        let start = good[..at].rfind('\n').unwrap() + 1;
        let check = |from: &str, to: &str, what| {
            assert!(good[start..].contains(from), "{from}");
            let bad = format!("{}{}", &good[..start], good[start..].replacen(from, to, 1));
            let table = decode_table(Transport::Tcp, Family::Ipv4, bad.as_bytes());
            assert_eq!(table.malformed, [Malformed { what, at: start }], "{to}");
            let inodes: Vec<_> = table.rows.iter().map(|row| row.inode).collect();
            assert_eq!(inodes, [15958, 0], "{to}");
        };
        check("0100007F:", "0100007:", "local address makes no sense");
        check("0100007F:", "0100007G:", "local address makes no sense");
        check("0100007F:", "0100007F0100007F:", "local address makes no sense");
        check("0100007F:", "0100007F;", "local address makes no sense");
        check("0200007F:9C41", "0200007F:+C41", "remote address makes no sense");
        check("0200007F:9C41", "9C41", "remote address makes no sense");
        check(" 01 ", " 0E ", "state is not known");
        check(" 01 ", " 101 ", "state is not known");
        check("00000007:", "100000007:", "queues are not numbers");
        check("00000007:", "00000007", "queues are not numbers");
        check(" 1000 ", " -1 ", "uid is not a number");
        check(" 15961 ", " 18446744073709551616 ", "inode is not a number");
        check("15961 1 0000000000000000 20 4 30 10 -1", "", "row is cut short");
    }

    #[test]
    fn a_cut_table_holds_no_wrong_row() {
        for (transport, family, text) in TABLES {
            let whole = decode_table(transport, family, text);
            for end in 0..text.len() {
                let cut = decode_table(transport, family, &text[..end]);
                assert!(cut.rows.len() < whole.rows.len());
                assert!(whole.rows.starts_with(&cut.rows));
                assert!(cut.malformed.len() <= 1);
            }
        }
    }

    #[test]
    fn long_input_takes_linear_time() {
        for unit in ["\n", "a", " ", ":", "0", "sl "] {
            let text = unit.repeat(2_000_000 / unit.len());
            hostile::assert_quick(|| decode_table(Transport::Tcp, Family::Ipv6, text.as_bytes()));
        }
    }

    /// A word of an address as the kernel of this machine prints it.
    fn words(octets: &[u8]) -> String {
        let words = octets.chunks(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
        words.map(|word| format!("{word:08X}")).collect()
    }

    proptest! {
        #[test]
        fn any_address_reads_back(ip: IpAddr, port: u16) {
            let (family, text) = match ip {
                IpAddr::V4(ip) => (Family::Ipv4, words(&ip.octets())),
                IpAddr::V6(ip) => (Family::Ipv6, words(&ip.octets())),
            };
            let text = format!("{text}:{port:04X}");
            prop_assert_eq!(decode_address(family, text.as_bytes()), Some(canonical(ip, port, 0)));
        }

        #[test]
        fn any_input_is_survived(text in hostile::variants(TCP), text6 in hostile::variants(UDP6)) {
            for (transport, family, _) in TABLES {
                decode_table(transport, family, &text);
                decode_table(transport, family, &text6);
            }
        }
    }
}
