//! What the kernel tells, without being asked, of sockets that it destroys.
//!
//! The multicast groups `SKNLGRP_INET_TCP_DESTROY` and its siblings (`linux/sock_diag.h`, since
//! Linux 4.2) carry the same messages as answers do, written when the socket has been taken apart:
//! its inode and its user are 0, and a TCP state is always CLOSE.

use sockeye_core::{State, Transport};

use super::{IPPROTO_TCP, IPPROTO_UDP, MESSAGE};
use super::{Malformed, SOCK_DIAG_BY_FAMILY, SocketRow, attributes, decode_socket, split_message};

/// `INET_DIAG_PROTOCOL`: u8, since Linux 4.2.
const ATTR_PROTOCOL: u16 = 10;

/// Decodes one datagram about destroyed sockets, handing each that was an endpoint to `take`: of a
/// socket that never had a side there is nothing to tell.
///
/// A malformed message is handed over as such and the next one is read; a length that cannot be
/// believed ends the datagram.
pub fn decode_destroyed(datagram: &[u8], mut take: impl FnMut(Result<SocketRow, Malformed>)) {
    let mut rest = datagram;
    while !rest.is_empty() {
        let at = datagram.len() - rest.len();
        let Some((message, after)) = split_message(rest) else {
            return take(Err(Malformed { what: "netlink message with an impossible length", at }));
        };
        rest = after;
        if message.kind != SOCK_DIAG_BY_FAMILY {
            continue;
        }
        match decode_one(message.payload) {
            Some(row) if row.local.port() == 0 && row.remote.is_none() => {}
            Some(row) => take(Ok(row)),
            None => take(Err(Malformed {
                what: "message of a destroyed socket cut short or of an unknown kind",
                at,
            })),
        }
    }
}

/// `struct inet_diag_msg` and its attributes, of a socket that is no more.
fn decode_one(payload: &[u8]) -> Option<SocketRow> {
    let mut attributes = attributes(payload.get(MESSAGE..)?);
    let protocol = attributes.find(|(kind, _)| *kind == ATTR_PROTOCOL)?.1.first()?;
    let transport = match *protocol {
        IPPROTO_TCP => Transport::Tcp,
        IPPROTO_UDP => Transport::Udp,
        _ => return None,
    };
    let mut row = decode_socket(payload, transport)?;
    row.state = row.state.map(|_| State::Closed);
    // Of a connection that came to nothing, the kernel keeps the address and forgets the port.
    row.remote = row.remote.filter(|remote| remote.port() != 0);
    // `tcpi_bytes_received` counts the other side's FIN, and nothing tells any more whether it came.
    if let Some(metrics) = &mut row.metrics {
        metrics.received_bytes = metrics.received_bytes.filter(|bytes| *bytes == 0);
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    //! What a real kernel (Linux 6.18, x86-64) told in a network namespace of its own, in this
    //! order, each socket after the next: a listener on 127.0.0.1:8080 accepted 127.0.0.1:40001,
    //! received 1,000 bytes of which 300 were read, and closed it, so that both were reset; accepted
    //! 127.0.0.1:59720, received 100 bytes, sent 7, and closed after the other side did; then UDP
    //! sockets closed: on 127.0.0.1:6060, on [::1]:47064 connected to port 6060, and one without
    //! any side; a TCP socket without any side; one that was refused by 127.0.0.1:1; the listener.

    use proptest::prelude::*;

    use super::super::super::hostile;
    use super::*;

    const SAMPLE: &str = include_str!("../../../../../fixtures/netlink/destroy.hex");

    fn datagrams() -> Vec<Vec<u8>> {
        let byte =
            |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let datagram = |line: &str| line.as_bytes().as_chunks().0.iter().map(byte).collect();
        SAMPLE.lines().map(datagram).collect()
    }

    fn decode(datagram: &[u8]) -> Vec<Result<SocketRow, Malformed>> {
        let mut rows = Vec::new();
        decode_destroyed(datagram, |row| rows.push(row));
        rows
    }

    #[test]
    fn each_that_was_an_endpoint_is_told_once_with_sides_and_cookie() {
        let rows: Vec<_> = datagrams().iter().flat_map(|datagram| decode(datagram)).collect();
        let told = rows.iter().map(|row| {
            let row = row.as_ref().unwrap();
            let remote = row.remote.map_or("*".to_owned(), |remote| remote.to_string());
            assert_eq!((row.inode, row.uid), (0, None));
            assert_eq!(row.state.is_some(), row.transport == Transport::Tcp);
            assert!(row.state.is_none_or(|state| state == State::Closed));
            format!("{} {} {remote} {:x}", row.table().name(), row.local, row.cookie.unwrap())
        });
        let expected = [
            "tcp 127.0.0.1:8080 127.0.0.1:40001 42f845",
            "tcp 127.0.0.1:40001 127.0.0.1:8080 42f844",
            "tcp 127.0.0.1:59720 127.0.0.1:8080 42f846",
            "tcp 127.0.0.1:8080 127.0.0.1:59720 42f847",
            "udp 127.0.0.1:6060 * 42f848",
            "udp6 [::1]:47064 [::1]:6060 42f849",
            "tcp 0.0.0.0:34900 * 42f84c",
            "tcp 127.0.0.1:8080 * 42f843",
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_was_sent_is_known_and_what_was_received_only_when_it_was_nothing() {
        let datagrams = datagrams();
        let check = |index: usize, sent, received| {
            let row = decode(&datagrams[index]).remove(0).unwrap();
            let metrics = row.metrics.map(|metrics| (metrics.sent_bytes, metrics.received_bytes));
            assert_eq!(metrics, Some((Some(sent), received)), "{index}");
        };
        check(0, 0, None);
        check(1, 1000, Some(0));
        check(2, 100, None);
        check(3, 7, None);
        assert_eq!(
            decode(&datagrams[9]).remove(0).unwrap().metrics,
            None,
            "a connection to nowhere"
        );
        assert_eq!(decode(&datagrams[4]).remove(0).unwrap().metrics, None, "UDP");
    }

    #[test]
    fn a_datagram_cut_anywhere_tells_of_the_same_socket_or_of_none() {
        for datagram in datagrams() {
            let whole = decode(&datagram);
            for end in 1..datagram.len() {
                let cut = decode(&datagram[..end]);
                assert!(cut.iter().all(Result::is_err), "cut at {end}");
                assert!(whole.len() <= 1);
            }
        }
    }

    #[test]
    fn other_protocols_are_malformed_and_other_messages_are_passed_over() {
        let mut datagram = datagrams().remove(4);
        let last = datagram.len() - 4;
        datagram[last] = 136; // UDP-Lite
        assert!(decode(&datagram)[0].is_err());
        datagram[4] = 3; // NLMSG_DONE
        assert_eq!(decode(&datagram), []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            datagram in hostile::variants(UDP_SAMPLE), repeat in 1_usize..4
        ) {
            let told = decode(&datagram.repeat(repeat)).len();
            prop_assert!(told <= datagram.len() * repeat / 16 + 1);
        }
    }

    /// UDP on 127.0.0.1:6060, for the property test to change.
    const UDP_SAMPLE: &[u8] = &[
        96, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 7, 0, 0, 23, 172, 0, 0, 127, 0, 0, 1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 62, 248, 66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0,
        0, 0, 0, 0, 5, 0, 10, 0, 17, 0, 0, 0,
    ];
}
