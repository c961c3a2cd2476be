//! Addresses as people and machines write them: scopes, mapped IPv4, ports.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The address family of what travels on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// IPv4, also when an IPv6 socket carries it (`::ffff:a.b.c.d`).
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of `address`.
    pub fn of(address: &SocketAddr) -> Self {
        if address.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }

    /// OpenTelemetry's `network.type`: `ipv4`, `ipv6`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

/// Whether an address means something only together with an interface (RFC 4007 §6): unicast
/// `fe80::/10` and multicast of interface or link scope.
pub fn needs_scope(ip: &Ipv6Addr) -> bool {
    let first = ip.segments()[0];
    ip.is_unicast_link_local() || matches!(first & 0xff0f, 0xff01 | 0xff02)
}

/// `::ffff:a.b.c.d` as IPv4; any other address as it is, its scope kept only where one is needed.
pub fn canonical(ip: IpAddr, port: u16, scope: u32) -> SocketAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            let scope = if needs_scope(&v6) { scope } else { 0 };
            SocketAddrV6::new(v6, port, 0, scope).into()
        }
        v4 @ IpAddr::V4(_) => SocketAddr::new(v4, port),
    }
}

/// An IP address with the scope that belongs to it, displayed as `fe80::1%eth0`.
///
/// The scope is the interface's name where it is known, else its number; nothing at all for an
/// address that needs none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Scoped<'a> {
    /// The address.
    pub ip: IpAddr,
    /// Interface number, 0 for none.
    pub scope: u32,
    /// Interface name, where known.
    pub interface: Option<&'a str>,
}

impl<'a> Scoped<'a> {
    /// The address part of `address`; `interface` names its scope.
    pub fn new(address: &SocketAddr, interface: Option<&'a str>) -> Self {
        let scope = match address {
            SocketAddr::V6(v6) => v6.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        Self { ip: address.ip(), scope, interface: interface.filter(|_| scope != 0) }
    }
}

impl fmt::Display for Scoped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.interface, self.scope) {
            (Some(name), _) => write!(f, "{}%{name}", self.ip),
            (None, 0) => write!(f, "{}", self.ip),
            (None, scope) => write!(f, "{}%{scope}", self.ip),
        }
    }
}

/// Displays `address:port` with IPv6 in brackets: `10.0.0.5:443`, `[fe80::1%eth0]:443`.
pub fn write_socket(f: &mut dyn fmt::Write, address: Scoped<'_>, port: u16) -> fmt::Result {
    match address.ip {
        IpAddr::V4(ip) => write!(f, "{ip}:{port}"),
        IpAddr::V6(_) => write!(f, "[{address}]:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    #[test]
    fn canonical_unmaps_ipv4_and_keeps_only_needed_scopes() {
        let check = |ip: &str, scope, text: &str| {
            let address = canonical(ip.parse().unwrap(), 80, scope);
            assert_eq!(Scoped::new(&address, None).to_string(), text);
        };
        check("::ffff:10.0.0.5", 3, "10.0.0.5");
        check("fe80::1", 3, "fe80::1%3");
        check("ff02::fb", 2, "ff02::fb%2");
        check("2001:db8::1", 3, "2001:db8::1");
        check("::1", 1, "::1");
    }

    #[test]
    fn sockets_bracket_ipv6_and_name_the_interface() {
        let check = |text: &str, scope, interface, expected: &str| {
            let address = canonical(text.parse().unwrap(), 443, scope);
            let mut out = String::new();
            write_socket(&mut out, Scoped::new(&address, interface), 443).unwrap();
            assert_eq!(out, expected);
        };
        check("10.0.0.5", 0, None, "10.0.0.5:443");
        check("::", 0, Some("eth0"), "[::]:443");
        check("fe80::1", 2, Some("eth0"), "[fe80::1%eth0]:443");
    }
}
