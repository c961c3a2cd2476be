//! Other addresses of the same kind: equal ones stay equal, different ones stay different.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

/// An address that was given away, and how many of its kind were before it.
#[derive(Default)]
pub(super) struct Addresses {
    v4: HashMap<Ipv4Addr, Ipv4Addr>,
    v6: HashMap<Ipv6Addr, Ipv6Addr>,
    /// Numbers given away, by the first address of the kind.
    given: HashMap<IpAddr, u32>,
}

impl Addresses {
    /// The address that stands for `ip`.
    pub(super) fn v4(&mut self, ip: Ipv4Addr) -> Ipv4Addr {
        let Some((base, size)) = kind_of_v4(ip) else {
            return ip;
        };
        if let Some(known) = self.v4.get(&ip) {
            return *known;
        }
        // There are as many numbers as addresses of this kind; beginning in the middle, where real
        // networks seldom are, keeps the first ones from standing for themselves.
        let number = (size / 2 + self.number(base.into())) % size;
        let other = Ipv4Addr::from_bits(base.to_bits().wrapping_add(number));
        self.v4.insert(ip, other);
        other
    }

    /// The address that stands for `ip`; IPv4 inside it stays what it is outside.
    pub(super) fn v6(&mut self, ip: Ipv6Addr) -> Ipv6Addr {
        if let Some(v4) = ip.to_ipv4_mapped() {
            return self.v4(v4).to_ipv6_mapped();
        }
        if let [0x64, 0xff9b, 0, 0, 0, 0, ..] = ip.segments() {
            let inner = self.v4(Ipv4Addr::from_bits(ip.to_bits() as u32));
            return Ipv6Addr::from_bits(ip.to_bits() >> 32 << 32 | u128::from(inner.to_bits()));
        }
        let Some(base) = kind_of_v6(ip) else {
            return ip;
        };
        if let Some(known) = self.v6.get(&ip) {
            return *known;
        }
        let number = u128::from(self.number(base.into()));
        let other = Ipv6Addr::from_bits(base.to_bits() + (0xa << 32) + number);
        self.v6.insert(ip, other);
        other
    }

    /// The next number of the kind that begins at `base`.
    fn number(&mut self, base: IpAddr) -> u32 {
        let given = self.given.entry(base).or_default();
        *given += 1;
        *given
    }
}

/// Where addresses like `ip` begin and how many there are (RFC 6890); `None` for one that says
/// nothing about anybody: unspecified, 127.0.0.1, broadcast, multicast of the local network.
fn kind_of_v4(ip: Ipv4Addr) -> Option<(Ipv4Addr, u32)> {
    let kind = |a, b, bits: u32| Some((Ipv4Addr::new(a, b, 0, 0), 1 << bits));
    match ip.octets() {
        [0, 0, 0, 0] | [127, 0, 0, 1] | [224, 0, 0, _] | [255, 255, 255, 255] => None,
        [127, ..] => kind(127, 0, 24),
        [10, ..] => kind(10, 0, 24),
        [172, 16..=31, ..] => kind(172, 16, 20),
        [192, 168, ..] => kind(192, 168, 16),
        [100, 64..=127, ..] => kind(100, 64, 22),
        [169, 254, ..] => kind(169, 254, 16),
        [224..=239, ..] => kind(224, 0, 28),
        // Networks of the US Department of Defense that are not on the Internet: nobody is hit by
        // whatever is done to them.
        _ => kind(28, 0, 26),
    }
}

/// Where addresses like `ip` begin (RFC 6890, RFC 4291); `None` for one that says nothing about
/// anybody: unspecified, loopback, the well-known groups `ff02::1` and their like.
fn kind_of_v6(ip: Ipv6Addr) -> Option<Ipv6Addr> {
    let kind = |first| Some(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] | [0xff00..=0xffff, 0, 0, 0, 0, 0, 0, _] => None,
        [0xfe80..=0xfebf, ..] => kind(0xfe80),
        [0xfc00..=0xfdff, ..] => kind(0xfd00),
        [first @ 0xff00..=0xffff, ..] => kind(first),
        _ => kind(0x2600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::HashMap as Map;

    /// What has to stay as it is.
    fn nature(ip: IpAddr) -> String {
        match ip {
            IpAddr::V4(v4) => format!(
                "4 {} {} {} {} {}",
                v4.is_unspecified(),
                v4.is_loopback(),
                v4.is_private(),
                v4.is_link_local(),
                v4.is_multicast()
            ),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => format!("mapped {}", nature(v4.into())),
                None => format!(
                    "6 {} {} {} {} {}",
                    v6.is_unspecified(),
                    v6.is_loopback(),
                    v6.is_unique_local(),
                    v6.is_unicast_link_local(),
                    v6.is_multicast()
                ),
            },
        }
    }

    fn other(addresses: &mut Addresses, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) => addresses.v4(v4).into(),
            IpAddr::V6(v6) => addresses.v6(v6).into(),
        }
    }

    #[test]
    fn addresses_that_say_nothing_stay() {
        let mut addresses = Addresses::default();
        for ip in [
            "0.0.0.0",
            "127.0.0.1",
            "224.0.0.251",
            "255.255.255.255",
            "::",
            "::1",
            "ff02::fb",
            "::ffff:127.0.0.1",
        ] {
            let ip = ip.parse().unwrap();
            assert_eq!(other(&mut addresses, ip), ip);
        }
    }

    #[test]
    fn mapped_addresses_follow_their_inner_ones() {
        let mut addresses = Addresses::default();
        let inner = Ipv4Addr::new(10, 1, 2, 3);
        let other = addresses.v4(inner);
        assert_eq!(addresses.v6(inner.to_ipv6_mapped()), other.to_ipv6_mapped());
        let nat64: Ipv6Addr = "64:ff9b::a01:203".parse().unwrap();
        assert_eq!(addresses.v6(nat64).octets()[12..], other.octets());
    }

    #[test]
    fn a_whole_small_kind_has_room() {
        let mut addresses = Addresses::default();
        let all = (0..=u16::MAX).map(|n| {
            let [c, d] = n.to_be_bytes();
            addresses.v4(Ipv4Addr::new(192, 168, c, d))
        });
        let others: std::collections::HashSet<_> = all.collect();
        assert_eq!(others.len(), 65536);
    }

    /// Addresses of every kind, few enough that the same come again.
    fn any_ip() -> impl Strategy<Value = IpAddr> {
        let some = proptest::sample::select(vec![
            "10.0.0.1",
            "10.255.0.1",
            "172.16.4.4",
            "192.168.0.1",
            "100.64.0.9",
            "169.254.1.1",
            "127.0.0.53",
            "8.8.8.8",
            "239.1.1.1",
            "fe80::1",
            "fd12::1",
            "2a00::1",
            "ff05::1:3",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::808:808",
        ]);
        prop_oneof![some.prop_map(|ip| ip.parse().unwrap()), any::<IpAddr>()]
    }

    proptest! {
        #[test]
        fn kinds_stay_and_different_stay_different(ips in vec(any_ip(), 1..60)) {
            let mut addresses = Addresses::default();
            let mut back = Map::new();
            for ip in ips {
                let given = other(&mut addresses, ip);
                prop_assert_eq!(nature(given), nature(ip));
                prop_assert_eq!(other(&mut addresses, ip), given);
                prop_assert_eq!(*back.entry(given).or_insert(ip), ip);
            }
        }
    }
}
