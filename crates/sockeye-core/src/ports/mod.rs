//! Names of ports, as IANA registers them (RFC 6335): what usually speaks there, not what does.
//!
//! The names are part of the program, so that they are the same on every machine, with or without
//! a file `/etc/services`.

mod familiar;
mod table;

use core::ops::RangeInclusive;

use crate::endpoint::{Direction, Endpoint, Transport};
use familiar::FAMILIAR;
use table::{ENTRIES, NAMES};

/// The ports that Linux gives to outgoing connections unless it is told otherwise
/// (`net.ipv4.ip_local_port_range`, Documentation/networking/ip-sysctl.rst).
pub const EPHEMERAL: RangeInclusive<u16> = 32_768..=60_999;

/// A side of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// This host's.
    Local,
    /// The other's.
    Remote,
}

/// The usual name of a port.
///
/// Takes time in proportion to the logarithm of their number, and allocates nothing.
pub fn name(transport: Transport, port: u16) -> Option<&'static str> {
    let first = ENTRIES.partition_point(|entry| entry.0 < port);
    let mut own = ENTRIES.get(first..)?.iter().take_while(|entry| entry.0 == port);
    own.find(|entry| entry.1 & bit(transport) != 0).map(text)
}

/// Whether people know this port by its name.
pub fn is_familiar(port: u16) -> bool {
    FAMILIAR.binary_search(&port).is_ok()
}

/// The ports that have this name, without regard to case, in order, of either transport.
pub fn numbers(name: &str) -> impl Iterator<Item = u16> {
    let is_called = |entry: &&Entry| text(entry).eq_ignore_ascii_case(name);
    let mut before = None;
    let ports = ENTRIES.iter().filter(is_called).map(|entry| entry.0);
    ports.filter(move |port| before.replace(*port) != Some(*port))
}

/// Every name; those of several ports come again where the ports do not follow each other.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut before = "";
    ENTRIES.iter().map(text).filter(move |name| core::mem::replace(&mut before, name) != *name)
}

/// The side whose port tells what `endpoint` is about, and the name of that port, where both are
/// known. `ephemeral` are the ports that this host gives to outgoing connections.
///
/// Whoever waits or was connected to is the service; who began is not. Where nobody knows who
/// began, the lower port that has a name is taken, unless it is one of `ephemeral`: a name there is
/// as good as chance.
pub fn service(
    endpoint: &Endpoint,
    ephemeral: &RangeInclusive<u16>,
) -> Option<(Side, &'static str)> {
    let named = |side, port: u16| Some((side, name(endpoint.transport, port)?));
    let guessed = |side, port: u16| named(side, port).filter(|_| !ephemeral.contains(&port));
    let local = endpoint.local.port();
    match (endpoint.direction, endpoint.remote.map(|remote| remote.port())) {
        (Direction::Listen | Direction::Ingress, _) => named(Side::Local, local),
        (Direction::Egress, Some(remote)) => named(Side::Remote, remote),
        (_, None) => guessed(Side::Local, local),
        (_, Some(remote)) if local <= remote => {
            guessed(Side::Local, local).or_else(|| guessed(Side::Remote, remote))
        }
        (_, Some(remote)) => guessed(Side::Remote, remote).or_else(|| guessed(Side::Local, local)),
    }
}

/// Port, transports, start and length of the name.
type Entry = (u16, u8, u16, u8);

/// The name of an entry.
fn text(entry: &Entry) -> &'static str {
    let (start, length) = (usize::from(entry.2), usize::from(entry.3));
    NAMES.get(start..start + length).unwrap_or_default()
}

/// How entries write `transport`.
fn bit(transport: Transport) -> u8 {
    match transport {
        Transport::Tcp => 1,
        Transport::Udp => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;
    use crate::testing::{tcp, udp};
    use Transport::{Tcp, Udp};
    use alloc::vec::Vec;

    #[test]
    fn ports_have_the_name_of_their_transport() {
        let check = |transport, port, expected| assert_eq!(name(transport, port), expected);
        check(Tcp, 0, None);
        check(Tcp, 1, Some("tcpmux"));
        check(Tcp, 22, Some("ssh"));
        check(Udp, 22, Some("ssh"));
        check(Tcp, 80, Some("http"));
        check(Tcp, 512, Some("exec"));
        check(Udp, 512, Some("comsat"));
        check(Tcp, 514, Some("shell"));
        check(Udp, 514, Some("syslog"));
        check(Tcp, 4789, None);
        check(Udp, 4789, Some("vxlan"));
        check(Tcp, 6063, Some("x11"));
        check(Tcp, 6064, name(Udp, 6064));
        check(Tcp, 65_535, None);
    }

    #[test]
    fn familiar_ports_are_in_order_and_have_names() {
        assert!(FAMILIAR.is_sorted());
        let named =
            FAMILIAR.iter().filter(|port| name(Tcp, **port).or(name(Udp, **port)).is_some());
        assert!(named.count() > 180);
        let check = |port, expected| assert_eq!(is_familiar(port), expected, "{port}");
        check(22, true);
        check(5432, true);
        check(8080, true);
        check(2024, false);
        check(9009, false);
    }

    #[test]
    fn names_have_ports() {
        let check = |name: &str, expected: &[u16]| {
            assert_eq!(numbers(name).collect::<Vec<_>>(), expected, "{name}");
        };
        check("ssh", &[22]);
        check("HTTPS", &[443]);
        check("www-http", &[80]);
        check("http-alt", &[591, 8008, 8080]);
        check("ircu", &[6665, 6666, 6667, 6668, 6669]);
        check("", &[]);
        check("no such name", &[]);
    }

    #[test]
    fn the_table_is_in_order_and_whole() {
        assert!(ENTRIES.is_sorted_by_key(|entry| entry.0));
        assert!(ENTRIES.iter().all(|entry| (1..=3).contains(&entry.1) && !text(entry).is_empty()));
        assert!(ENTRIES.len() > 6000);
        for entry in ENTRIES {
            assert!(numbers(text(entry)).any(|port| port == entry.0));
        }
    }

    #[test]
    fn the_service_is_on_the_side_that_waited() {
        use Direction::{Egress, Ingress, Listen, Unknown};
        let check = |(local, remote), direction, expected| {
            let endpoint = Endpoint { direction, ..tcp(State::Established, local, remote) };
            assert_eq!(service(&endpoint, &EPHEMERAL), expected, "{local} {remote} {direction:?}");
        };
        let ssh = |side| Some((side, "ssh"));
        check(("10.0.0.1:22", ""), Listen, ssh(Side::Local));
        check(("10.0.0.1:22", "10.0.0.2:443"), Ingress, ssh(Side::Local));
        check(("10.0.0.1:443", "10.0.0.2:22"), Egress, ssh(Side::Remote));
        // Who listens says that it is a service, also there.
        check(("10.0.0.1:44818", ""), Listen, Some((Side::Local, "EtherNet-IP-2")));
        check(("10.0.0.1:44818", ""), Unknown, None);
        check(("10.0.0.1:22", "10.0.0.2:443"), Unknown, ssh(Side::Local));
        check(("10.0.0.1:443", "10.0.0.2:22"), Unknown, ssh(Side::Remote));
        check(("10.0.0.1:40000", "10.0.0.2:443"), Unknown, Some((Side::Remote, "https")));
        check(("10.0.0.1:4", "10.0.0.2:22"), Unknown, ssh(Side::Remote));
        check(("10.0.0.1:22", "10.0.0.2:4"), Unknown, ssh(Side::Local));
        check(("10.0.0.1:40000", "10.0.0.2:44818"), Unknown, None);
        check(("10.0.0.1:4", "10.0.0.2:4"), Ingress, None);
        let bound = |local| service(&udp(local, ""), &EPHEMERAL);
        assert_eq!(bound("0.0.0.0:5353"), Some((Side::Local, "mdns")));
        assert_eq!(bound("0.0.0.0:40000"), None);
    }
}
