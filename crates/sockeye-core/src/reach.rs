//! Which addresses the Internet's registries know, and what the others are for.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses that belongs to nobody in particular, by IANA's registries of
/// special-purpose addresses (RFC 6890).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purpose {
    /// What the block is, to be read behind “is”: `a private address`.
    pub phrase: &'static str,
    /// Where that is laid down.
    pub source: &'static str,
}

/// What a block of addresses that begins so is for.
struct Block<A> {
    first: A,
    prefix: u32,
    phrase: &'static str,
    source: &'static str,
}

/// IANA's registry of special-purpose IPv4 addresses, and multicast; the narrower first.
const IPV4: &[Block<Ipv4Addr>] = &[
    v4([0, 0, 0, 0], 32, "the unspecified address", "RFC 1122"),
    v4([0, 0, 0, 0], 8, "an address of this network", "RFC 791"),
    v4([10, 0, 0, 0], 8, "a private address", "RFC 1918"),
    v4([100, 64, 0, 0], 10, "an address shared by a provider's customers (CGNAT)", "RFC 6598"),
    v4([127, 0, 0, 0], 8, "a loopback address", "RFC 1122"),
    v4([169, 254, 0, 0], 16, "a link-local address", "RFC 3927"),
    v4([172, 16, 0, 0], 12, "a private address", "RFC 1918"),
    v4([192, 0, 0, 0], 24, "an address of a protocol", "RFC 6890"),
    v4([192, 0, 2, 0], 24, "an address for documentation", "RFC 5737"),
    v4([192, 168, 0, 0], 16, "a private address", "RFC 1918"),
    v4([198, 18, 0, 0], 15, "an address for benchmarks", "RFC 2544"),
    v4([198, 51, 100, 0], 24, "an address for documentation", "RFC 5737"),
    v4([203, 0, 113, 0], 24, "an address for documentation", "RFC 5737"),
    v4([224, 0, 0, 0], 4, "a multicast address", "RFC 5771"),
    v4([255, 255, 255, 255], 32, "the broadcast address", "RFC 919"),
    v4([240, 0, 0, 0], 4, "a reserved address", "RFC 1112"),
];

/// The same of IPv6.
const IPV6: &[Block<Ipv6Addr>] = &[
    v6([0; 8], 128, "the unspecified address", "RFC 4291"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "the loopback address", "RFC 4291"),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "an address of a local translator", "RFC 8215"),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "an address that discards", "RFC 6666"),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "an address for benchmarks", "RFC 5180"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "an address for documentation", "RFC 3849"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "an address for documentation", "RFC 9637"),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "an address of segment routing", "RFC 9602"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "a unique local address", "RFC 4193"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "a link-local address", "RFC 4291"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "a site-local address", "RFC 3879"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast address", "RFC 4291"),
];

const fn v4(
    [a, b, c, d]: [u8; 4],
    prefix: u32,
    phrase: &'static str,
    source: &'static str,
) -> Block<Ipv4Addr> {
    Block { first: Ipv4Addr::new(a, b, c, d), prefix, phrase, source }
}

const fn v6(
    [a, b, c, d, e, f, g, h]: [u16; 8],
    prefix: u32,
    phrase: &'static str,
    source: &'static str,
) -> Block<Ipv6Addr> {
    Block { first: Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix, phrase, source }
}

/// What `ip` is for, when no registry has given it to anybody; `None` for an address of the Internet.
pub fn special_purpose(ip: IpAddr) -> Option<Purpose> {
    fn purpose<A>(block: &Block<A>) -> Purpose {
        Purpose { phrase: block.phrase, source: block.source }
    }
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let differing = |first: Ipv4Addr| (ip.to_bits() ^ first.to_bits()).leading_zeros();
            IPV4.iter().find(|block| differing(block.first) >= block.prefix).map(purpose)
        }
        IpAddr::V6(ip) => {
            let differing = |first: Ipv6Addr| (ip.to_bits() ^ first.to_bits()).leading_zeros();
            IPV6.iter().find(|block| differing(block.first) >= block.prefix).map(purpose)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_nobody_are_known() {
        let check = |ip: &str, source: &str| {
            let found = special_purpose(ip.parse().unwrap()).map_or("", |purpose| purpose.source);
            assert_eq!(found, source, "{ip}");
        };
        check("0.0.0.0", "RFC 1122");
        check("0.1.2.3", "RFC 791");
        check("9.255.255.255", "");
        check("10.0.0.0", "RFC 1918");
        check("10.255.255.255", "RFC 1918");
        check("11.0.0.0", "");
        check("100.63.255.255", "");
        check("100.64.0.0", "RFC 6598");
        check("100.127.255.255", "RFC 6598");
        check("100.128.0.0", "");
        check("127.9.9.9", "RFC 1122");
        check("169.254.1.1", "RFC 3927");
        check("172.15.255.255", "");
        check("172.16.0.0", "RFC 1918");
        check("172.31.255.255", "RFC 1918");
        check("172.32.0.0", "");
        check("192.0.2.1", "RFC 5737");
        check("192.168.1.1", "RFC 1918");
        check("198.20.0.0", "");
        check("198.51.100.7", "RFC 5737");
        check("203.0.113.7", "RFC 5737");
        check("224.0.0.251", "RFC 5771");
        check("240.0.0.1", "RFC 1112");
        check("255.255.255.255", "RFC 919");
        check("8.8.8.8", "");
        check("::", "RFC 4291");
        check("::1", "RFC 4291");
        check("::ffff:10.0.0.1", "RFC 1918");
        check("::ffff:8.8.8.8", "");
        check("2001:db8::1", "RFC 3849");
        check("2001:4860:4860::8888", "");
        check("fc00::1", "RFC 4193");
        check("fdff::1", "RFC 4193");
        check("fe80::1", "RFC 4291");
        check("ff02::fb", "RFC 4291");
        check("64:ff9b::808:808", "");
    }
}
