//! Where a socket unit of systemd listens, and for whom: systemd.socket(5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sockeye_core::Transport;
use sockeye_core::address::canonical;

use super::unit_file::decode_unit_file;

/// A socket unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketUnit {
    /// Its name, with the instance: `ssh.socket`, `proxy@web.socket`.
    pub name: Box<str>,
    /// Where it listens by TCP or UDP.
    pub listens: Vec<Listen>,
    /// The service that it starts.
    service: Box<str>,
    /// Whether each connection gets an instance of the service.
    is_accepting: bool,
}

/// One address that a unit listens at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// TCP or UDP.
    pub transport: Transport,
    /// The address; `None` for any of both families, which is `::` where the kernel has IPv6 and
    /// 0.0.0.0 where not.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// The interface of a link-local address, by name or number.
    pub scope: Option<Box<str>>,
}

impl Listen {
    /// Whether a socket bound to `local`, on the interface of that name, listens here.
    pub fn is_at(&self, local: &SocketAddr, interface: Option<&str>) -> bool {
        let is_address = self.address.map_or(local.ip().is_unspecified(), |ip| ip == local.ip());
        let is_scope = self.scope.as_deref().is_none_or(|scope| {
            let number = if let SocketAddr::V6(v6) = local { v6.scope_id() } else { 0 };
            interface == Some(scope) || scope.parse() == Ok(number)
        });
        is_address && is_scope && self.port == local.port()
    }
}

impl SocketUnit {
    /// Decodes the unit `name` from the texts of its file and its drop-ins, in the order in which
    /// systemd reads them. What it does not understand, it passes over as systemd does.
    pub fn decode<'a>(name: &str, texts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut unit = Draft::new(name);
        for text in texts {
            for assignment in decode_unit_file(text) {
                if &*assignment.section == "Socket" {
                    unit.assign(&assignment.key, &assignment.value);
                }
            }
        }
        unit.finish()
    }

    /// Whether `unit` is the service that it starts, or an instance of it.
    pub fn starts(&self, unit: &str) -> bool {
        if !self.is_accepting {
            return *unit == *self.service;
        }
        // foo@.service has an instance for each connection.
        let prefix = self.service.strip_suffix(".service").unwrap_or(&self.service);
        unit.strip_prefix(prefix).is_some_and(|rest| rest.ends_with(".service"))
    }
}

/// A unit while it is read.
struct Draft<'a> {
    name: Name<'a>,
    listens: Vec<Listen>,
    service: Option<Box<str>>,
    is_accepting: bool,
    is_other_protocol: bool,
}

impl<'a> Draft<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name: Name::of(name),
            listens: Vec::new(),
            service: None,
            is_accepting: false,
            is_other_protocol: false,
        }
    }

    /// Takes one assignment of the section.
    fn assign(&mut self, key: &str, value: &str) {
        match key {
            // Every kind of listening is one list, which an empty assignment of any kind empties.
            _ if key.starts_with("Listen") && value.is_empty() => self.listens.clear(),
            "ListenStream" => self.listen(Transport::Tcp, value),
            "ListenDatagram" => self.listen(Transport::Udp, value),
            "Accept" => {
                self.is_accepting =
                    matches!(&*value.to_ascii_lowercase(), "1" | "yes" | "y" | "true" | "t" | "on");
            }
            "Service" => self.service = self.name.expand(value).map(Into::into),
            "SocketProtocol" => self.is_other_protocol = matches!(value, "udplite" | "sctp"),
            _ => {}
        }
    }

    fn listen(&mut self, transport: Transport, value: &str) {
        let address = self.name.expand(value);
        self.listens.extend(address.and_then(|address| decode_address(transport, &address)));
    }

    fn finish(self) -> SocketUnit {
        // By default the service is called as the socket. With Accept= it is the template of that
        // name, and Service= is not permitted.
        let service = match self.service {
            _ if self.is_accepting => format!("{}@.service", self.name.prefix).into(),
            Some(service) => service,
            None => format!("{}.service", self.name.stem).into(),
        };
        SocketUnit {
            name: self.name.whole.into(),
            listens: if self.is_other_protocol { Vec::new() } else { self.listens },
            service,
            is_accepting: self.is_accepting,
        }
    }
}

/// The address of `ListenStream=` and `ListenDatagram=`: a port, `1.2.3.4:port` or `[::1]:port`, the
/// last with `%interface` behind; `None` for what is not TCP or UDP (paths, abstract names, vsock).
fn decode_address(transport: Transport, text: &str) -> Option<Listen> {
    let listen = |address, port: &str, scope: Option<&str>| {
        let port = port.parse().ok().filter(|port| *port != 0)?;
        Some(Listen { transport, address, port, scope: scope.map(Into::into) })
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return listen(None, text, None);
    }
    let (text, scope) = match text.split_once('%') {
        Some((text, scope)) => (text, Some(scope)),
        None => (text, None),
    };
    let (address, port) = text.rsplit_once(':')?;
    let ip = match address.strip_prefix('[') {
        Some(address) => IpAddr::V6(address.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?),
        None => IpAddr::V4(address.parse::<Ipv4Addr>().ok()?),
    };
    listen(Some(canonical(ip, 0, 0).ip()), port, scope)
}

/// The parts of a unit's name, systemd.unit(5).
struct Name<'a> {
    /// All of it: `proxy@web.socket`.
    whole: &'a str,
    /// Without the suffix: `proxy@web`.
    stem: &'a str,
    /// Before the `@`: `proxy`.
    prefix: &'a str,
    /// Behind it: `web`; empty where there is none.
    instance: &'a str,
}

/// Specifiers that systemd knows and this does not: host, user, version, directories. Others stand for
/// themselves.
const OTHER_SPECIFIERS: &str = "aAbBcCdDEfgGhHlLmMoqrRsStTuUvVwWyY";

impl<'a> Name<'a> {
    fn of(whole: &'a str) -> Self {
        let stem = whole.rsplit_once('.').map_or(whole, |(stem, _)| stem);
        let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
        Self { whole, stem, prefix, instance }
    }

    /// `text` with what its specifiers stand for; `None` where one is not known.
    fn expand(&self, text: &str) -> Option<String> {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                expanded.push(c);
                continue;
            }
            let last = |name: &'a str| name.rsplit('-').next().unwrap_or(name);
            match rest.next() {
                Some('i') => expanded.push_str(self.instance),
                Some('I') => expanded.push_str(&unescape(self.instance)),
                Some('n') => expanded.push_str(self.whole),
                Some('N') => expanded.push_str(self.stem),
                Some('p') => expanded.push_str(self.prefix),
                Some('P') => expanded.push_str(&unescape(self.prefix)),
                Some('j') => expanded.push_str(last(self.prefix)),
                Some('J') => expanded.push_str(&unescape(last(self.prefix))),
                Some('%') | None => expanded.push('%'),
                Some(other) if OTHER_SPECIFIERS.contains(other) => return None,
                Some(other) => expanded.extend(['%', other]),
            }
        }
        Some(expanded)
    }
}

/// A part of a name without its escapes, a dash being a slash (systemd-escape(1)).
fn unescape(text: &str) -> String {
    sockeye_core::workload::unescape(&text.replace('-', "/")).into_owned()
}

#[cfg(test)]
mod tests;
