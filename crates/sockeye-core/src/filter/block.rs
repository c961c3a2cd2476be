//! A block of addresses: one address, a network, or a range, with the scope that was asked for.

use alloc::boxed::Box;
use alloc::format;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::{FilterError, Piece};
use super::span::Span;
use crate::address::{Scoped, needs_scope};

/// Addresses of one family that follow each other, IPv4 in IPv6 already unmapped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Block {
    /// The addresses.
    span: Span<IpAddr>,
    /// Name or number of the only interface that counts.
    scope: Option<Box<str>>,
}

impl Block {
    /// Reads `10.0.0.5`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, `fe80::1%eth0` or `fe80::%eth0/64`.
    ///
    /// Host bits of a network may be set: `10.0.0.5/8` is `10.0.0.0/8`.
    pub(super) fn parse(text: &str) -> Result<Self, FilterError> {
        let Some((ip, rest)) = text.split_once('%') else {
            return Ok(Self {
                span: Span::parse(text, &["..", "-"], network)
                    .and_then(|span| of_one_family(text, span))?,
                scope: None,
            });
        };
        let (scope, prefix) = rest.rsplit_once('/').unzip();
        let scope = scope.unwrap_or(rest);
        let span = match prefix {
            Some(prefix) => network(&format!("{ip}/{prefix}"))?,
            None => network(ip)?,
        };
        if scope.is_empty() || span.first.is_ipv4() {
            let message = format!("{} has no interface to be on", Piece(text));
            return Err(FilterError::new(message));
        }
        // Endpoints keep a scope only where the address needs one: asking for another finds none.
        let is_needed =
            span.first != span.last || matches!(span.first, IpAddr::V6(v6) if needs_scope(&v6));
        Ok(Self { span, scope: is_needed.then(|| scope.into()) })
    }

    /// Whether `address` lies in it.
    pub(super) fn contains(&self, address: &Scoped<'_>) -> bool {
        let is_scope =
            |wanted: &str| address.interface == Some(wanted) || wanted.parse() == Ok(address.scope);
        self.span.contains(address.ip) && self.scope.as_deref().is_none_or(is_scope)
    }

    /// Whether it is written with colons.
    pub(super) fn is_ipv6(&self) -> bool {
        self.span.first.is_ipv6()
    }

    /// The length of the prefix, when it is a network of more than one address.
    fn prefix(&self) -> Option<u32> {
        let common = match (self.span.first, self.span.last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return None,
        };
        let is_network = masked(self.span.first, common) == self.span;
        (is_network && self.span.first != self.span.last).then_some(common)
    }
}

/// `span`, unless it goes from IPv4 to IPv6.
fn of_one_family(text: &str, span: Span<IpAddr>) -> Result<Span<IpAddr>, FilterError> {
    if span.first.is_ipv4() == span.last.is_ipv4() {
        return Ok(span);
    }
    let message = format!("the range {} mixes IPv4 and IPv6", Piece(text));
    Err(FilterError::new(message))
}

/// Reads an address, or a network with its prefix.
fn network(text: &str) -> Result<Span<IpAddr>, FilterError> {
    let (ip, prefix) = text.split_once('/').unzip();
    let Ok(ip) = ip.unwrap_or(text).parse::<IpAddr>() else {
        let message = format!("{} is not an address or a network", Piece(text));
        return Err(FilterError::new(message));
    };
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    let Some(prefix) = prefix else {
        return Ok(masked(ip.to_canonical(), longest));
    };
    let is_number = prefix.bytes().all(|byte| byte.is_ascii_digit());
    match prefix.parse::<u32>() {
        Ok(length) if is_number && length <= longest => Ok(unmapped(ip, length)),
        _ => {
            let family = if ip.is_ipv4() { "an IPv4" } else { "an IPv6" };
            let prefix = Piece(prefix);
            let message = format!("the prefix of {family} network is 0 to {longest}, not {prefix}");
            Err(FilterError::new(message))
        }
    }
}

/// The network of `ip`; `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn unmapped(ip: IpAddr, prefix: u32) -> Span<IpAddr> {
    match (ip, ip.to_canonical(), prefix.checked_sub(96)) {
        (IpAddr::V6(_), v4 @ IpAddr::V4(_), Some(prefix)) => masked(v4, prefix),
        _ => masked(ip, prefix),
    }
}

/// All addresses that share the first `prefix` bits of `ip`.
fn masked(ip: IpAddr, prefix: u32) -> Span<IpAddr> {
    match ip {
        IpAddr::V4(ip) => {
            let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
            Span {
                first: Ipv4Addr::from_bits(ip.to_bits() & !host).into(),
                last: Ipv4Addr::from_bits(ip.to_bits() | host).into(),
            }
        }
        IpAddr::V6(ip) => {
            let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
            Span {
                first: Ipv6Addr::from_bits(ip.to_bits() & !host).into(),
                last: Ipv6Addr::from_bits(ip.to_bits() | host).into(),
            }
        }
    }
}

/// As short as it can be written: a range that is a network is displayed as one.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scope) = &self.scope {
            write!(f, "{}%{scope}", self.span.first)?;
        }
        match (self.prefix(), &self.scope) {
            (Some(prefix), Some(_)) => write!(f, "/{prefix}"),
            (Some(prefix), None) => write!(f, "{}/{prefix}", self.span.first),
            (None, Some(_)) => Ok(()),
            (None, None) => self.span.write(f, "-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::canonical;
    use alloc::string::ToString;

    #[test]
    fn blocks_are_written_in_one_way() {
        let check = |text: &str, expected: &str| {
            let shown = Block::parse(text).map_or_else(|e| e.to_string(), |b| b.to_string());
            assert_eq!(shown, expected, "{text}");
        };
        check("10.0.0.5", "10.0.0.5");
        check("::ffff:10.0.0.5", "10.0.0.5");
        check("10.0.0.5/32", "10.0.0.5");
        check("10.9.9.9/8", "10.0.0.0/8");
        check("::ffff:10.0.0.0/104", "10.0.0.0/8");
        check("0.0.0.0/0", "0.0.0.0/0");
        check("::/0", "::/0");
        check("10.0.0.0-10.255.255.255", "10.0.0.0/8");
        check("10.0.0.1..10.0.0.9", "10.0.0.1-10.0.0.9");
        check("fe80::1%eth0", "fe80::1%eth0");
        check("fe80::%eth0/64", "fe80::%eth0/64");
        check("::1%lo", "::1");
        check("10.0.0.0/33", "the prefix of an IPv4 network is 0 to 32, not \"33\"");
        check("fe80::/+9", "the prefix of an IPv6 network is 0 to 128, not \"+9\"");
        check("1.2.3", "\"1.2.3\" is not an address or a network");
        check("10.0.0.9-10.0.0.1", "the range \"10.0.0.9-10.0.0.1\" runs backwards");
        check("10.0.0.9-::1", "the range \"10.0.0.9-::1\" mixes IPv4 and IPv6");
        check("10.0.0.1%eth0", "\"10.0.0.1%eth0\" has no interface to be on");
        check("fe80::1%", "\"fe80::1%\" has no interface to be on");
    }

    #[test]
    fn scopes_match_by_name_and_by_number() {
        let check = |text: &str, interface, expected| {
            let address = canonical("fe80::1".parse().unwrap(), 0, 3);
            let block = Block::parse(text).unwrap();
            let found = block.contains(&Scoped::new(&address, interface));
            assert_eq!(found, expected, "{text}");
        };
        check("fe80::1", Some("eth0"), true);
        check("fe80::1%eth0", Some("eth0"), true);
        check("fe80::1%eth0", None, false);
        check("fe80::1%3", Some("eth0"), true);
        check("fe80::%2/10", Some("eth0"), false);
        check("::/0", None, true);
        check("0.0.0.0/0", None, false);
    }
}
